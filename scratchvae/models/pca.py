"""Probabilistic PCA fitted by maximum likelihood, in closed form."""

from typing import NamedTuple

import numpy as np

from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.validation import finite, has_shape, last_axis, numeric_array, positive_int, real


class PCAFit(NamedTuple):
    """The maximum-likelihood x ~ N(W z + mean, noise_sigma^2 I), z ~ N(0, I).

    Attributes
    ----------
    loadings : array (D, L)
        W; determined up to a rotation of z, here with orthogonal columns of falling length.
    noise_sigma : float
    mean : array (D,)
    log_likelihood : float
        sum_i log p(x_i) at the maximum, nats.

    Examples
    --------
    >>> fit = fit_pca(np.random.default_rng(0).standard_normal((50, 4)), n_latent=1)
    >>> fit.posterior(np.zeros((3, 4)))[0].shape, fit.log_prob(np.zeros((3, 4))).shape
    ((3, 1), (3,))
    """

    loadings: np.ndarray
    noise_sigma: float
    mean: np.ndarray
    log_likelihood: float

    def log_prob(self, x):
        """log p(x) of each datum, (...), nats, for x (..., D): exactly what a linear VAE bounds from below.

        With r = x - mean and M = W^T W + sigma^2 I (L, L), by Woodbury's identity and the determinant lemma

            log N(x; mean, W W^T + sigma^2 I)
              = -(D log 2 pi + (D - L) log sigma^2 + log det M + (r^T r - r^T W M^-1 W^T r) / sigma^2) / 2

        so that the D x D covariance is never formed: O(D L).
        """
        residual = self._residual(x)
        n_data, n_latent = self.loadings.shape
        root = np.linalg.cholesky(self._precision())  # R R^T = M
        along = np.linalg.solve(root, (residual @ self.loadings)[..., None])[..., 0]  # R^-1 W^T r
        distance = (residual**2).sum(axis=-1) - (along**2).sum(axis=-1)
        log_det = 2 * np.log(np.diag(root)).sum() + 2 * (n_data - n_latent) * np.log(self.noise_sigma)
        return -0.5 * (log_det + distance / self.noise_sigma**2) - n_data * HALF_LOG_2PI  # Eq. (57)

    def posterior(self, x):
        """Mean M^-1 W^T (x - mean), (..., L), and covariance sigma^2 M^-1, (L, L), of p(z|x).

        The covariance is the same for every x (Tipping & Bishop 1999, section 3.2; Bishop 2006, eq. 12.42).
        """
        inverse = np.linalg.inv(self._precision())
        return self._residual(x) @ self.loadings @ inverse, self.noise_sigma**2 * inverse

    def _precision(self):
        """M (L, L), sigma^2 times the precision of z given x."""
        return self.loadings.T @ self.loadings + self.noise_sigma**2 * np.eye(self.loadings.shape[1])

    def _residual(self, x):
        return last_axis(real(finite(numeric_array(x, "x"), "x"), "x"), "x", len(self.mean)) - self.mean


def fit_pca(data, n_latent):
    """Fit probabilistic PCA (Tipping & Bishop 1999, eq. 7-8; Bishop 2006, eq. 12.44-12.46).

    With lam_1 >= ... >= lam_D the eigenvalues of the data's covariance (divided by N), U its eigenvectors,

        mean = average of the rows          sigma^2 = average of lam_(L+1), ..., lam_D
        W = U_L (Lam_L - sigma^2 I)^(1/2)
        log-likelihood = -N/2 (D log(2 pi) + sum_(j<=L) log lam_j + (D - L) log sigma^2 + D)

    by a singular value decomposition of the centred data, O(N D min(N, D)). W is determined up to a
    rotation of z; the one without is given, each column's largest entry positive.

    Parameters
    ----------
    data : array (N, D)
    n_latent : int
        L < D.

    Returns
    -------
    PCAFit
        Its first three fields are arguments of `FactorAnalysis`.

    Raises
    ------
    ValueError
        If the data lie in n_latent dimensions exactly: sigma would be zero, and the density unbounded.
    """
    data = np.asarray(finite(numeric_array(data, "data"), "data"), np.float64)
    n_rows, n_data = has_shape(data, "data", (None, None), "(N, D)").shape
    if positive_int(n_latent, "n_latent") >= n_data:
        raise ValueError(f"n_latent must be less than the {n_data} columns of the data, not {n_latent}.")
    mean = data.mean(axis=0)
    _, singular, rows = np.linalg.svd(data - mean, full_matrices=False)
    eigenvalues = np.pad(singular**2 / n_rows, (0, n_data - len(singular)))
    variance = eigenvalues[n_latent:].mean()  # Eq. (57)
    rounding = singular[0] * max(data.shape) * np.finfo(float).eps
    if variance <= rounding**2 / n_rows:
        raise ValueError(
            f"{n_rows} rows lie in {n_latent} dimensions exactly, so that the noise would be zero and the "
            "likelihood unbounded; take a smaller n_latent or more data."
        )
    # Of equal eigenvalues the difference may round below zero.
    length = np.sqrt(np.maximum(eigenvalues[:n_latent] - variance, 0))
    loadings = _upright(rows[:n_latent].T) * length  # Eq. (57)
    log_dets = np.log(eigenvalues[:n_latent]).sum() + (n_data - n_latent) * np.log(variance)
    log_likelihood = -0.5 * n_rows * (log_dets + n_data) - n_rows * n_data * HALF_LOG_2PI
    return PCAFit(loadings, float(np.sqrt(variance)), mean, float(log_likelihood))


def _upright(columns):
    """Turn each column so that its entry of largest size is positive."""
    largest = np.abs(columns).argmax(axis=0)
    return columns * np.sign(columns[largest, np.arange(columns.shape[1])])
