"""One datum of a linear latent variable model: factor analysis, probabilistic PCA."""

import numpy as np
import scipy

from scratchvae.constraints import Real
from scratchvae.models.checks import covariance, entries, positive_entries, vector
from scratchvae.models.gaussian import Gaussian
from scratchvae.models.linear_gaussian import LinearGaussian
from scratchvae.models.pca import fit_pca
from scratchvae.validation import finite, has_shape, numeric_array


class FactorAnalysis(LinearGaussian):
    """x ~ N(W z + mean, Psi), Psi = diag(noise_sigma^2); z ~ N(0, I). One datum x, its latent z.

    It is the decoder of a VAE made linear, with every weight known: what an encoder would have to learn is
    here in closed form (Bishop 2006, eq. 12.66-12.68; with equal noise probabilistic PCA, 12.41-12.42):

        Cov[z|x] = G = (I + W^T Psi^-1 W)^-1          E[z|x] = G W^T Psi^-1 (x - mean)
        log p(x) = log N(x; mean, W W^T + Psi)

    The D x D covariance is never formed; by Woodbury's identity and the determinant lemma (see
    `log_evidence`) posterior and evidence cost O(D L^2) and not O(D^3).

    Parameters
    ----------
    x : array (D,)
    loadings : array (D, L)
        W.
    noise_sigma : float or array (D,)
        Standard deviations of the noise; one for all is probabilistic PCA.
    mean : float or array (D,)
    prior_mean, prior_cov : array (L,), array (L, L), optional
        Of z, in place of N(0, I).

    Raises
    ------
    ValueError
        For NaN, shapes that do not fit, or a noise_sigma that is not above zero.

    Examples
    --------
    >>> exact = FactorAnalysis([2.0, 2.0], loadings=[[1.0], [1.0]], noise_sigma=1.0).exact_posterior()
    >>> round(float(exact.mean[0]), 6), round(float(exact.cov[0, 0]), 6)  # (2 + 2) / (1 + 2), 1 / (1 + 2)
    (1.333333, 0.333333)
    """

    def __init__(self, x, loadings, noise_sigma, mean=0.0, *, prior_mean=None, prior_cov=None):
        self.x = vector(x, "x")
        n_data = len(self.x)
        loadings = np.asarray(finite(numeric_array(loadings, "loadings"), "loadings"), np.float64)
        self.loadings = has_shape(loadings, "loadings", (n_data, None), "(D, L)")
        n_latent = self.loadings.shape[1]
        self.parameters = {"z": Real(n_latent)}
        self.mean = entries(mean, "mean", n_data)
        prior = Gaussian.from_cov(
            entries(0.0 if prior_mean is None else prior_mean, "prior_mean", n_latent),
            covariance(np.eye(n_latent) if prior_cov is None else prior_cov, "prior_cov", n_latent),
        )
        sigma = positive_entries(noise_sigma, "noise_sigma", n_data)
        super().__init__(self.x, self.loadings, sigma, prior, self.mean)

    fit_pca = staticmethod(fit_pca)

    @property
    def data(self):
        """The data, of the form that `simulate` gives."""
        return self.x

    def with_data(self, x):
        """The same model with another datum (D,)."""
        return self._after(self.prior, x)

    def updated(self, x):
        """The model of a second measurement x of the same z, whose prior is this posterior."""
        return self._after(self.posterior, x)

    def _after(self, prior, x):
        model = FactorAnalysis(x, self.loadings, self.noise_sigma, self.mean)
        model.prior = prior
        return model

    def predictive(self):
        """p(x_new|x) of a second measurement of the same z: a frozen `scipy.stats.multivariate_normal`.

        N(W E[z|x] + mean, W Cov[z|x] W^T + Psi), whose D x D covariance is formed here: O(D^3).
        """
        q = self.posterior
        spread = self.loadings @ q.inverse_root
        cov = spread @ spread.T + np.diag(self.noise_sigma**2)
        return scipy.stats.multivariate_normal(self.mean + self.loadings @ q.mean, cov)
