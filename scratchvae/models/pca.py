"""Probabilistic PCA fitted by maximum likelihood, in closed form."""

from typing import NamedTuple

import numpy as np

from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.validation import finite, has_shape, numeric_array, positive_int


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
    """

    loadings: np.ndarray
    noise_sigma: float
    mean: np.ndarray
    log_likelihood: float


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
    variance = eigenvalues[n_latent:].mean()
    rounding = singular[0] * max(data.shape) * np.finfo(float).eps
    if variance <= rounding**2 / n_rows:
        raise ValueError(
            f"{n_rows} rows lie in {n_latent} dimensions exactly, so that the noise would be zero and the "
            "likelihood unbounded; take a smaller n_latent or more data."
        )
    # Of equal eigenvalues the difference may round below zero.
    length = np.sqrt(np.maximum(eigenvalues[:n_latent] - variance, 0))
    loadings = _upright(rows[:n_latent].T) * length
    log_dets = np.log(eigenvalues[:n_latent]).sum() + (n_data - n_latent) * np.log(variance)
    log_likelihood = -0.5 * n_rows * (log_dets + n_data) - n_rows * n_data * HALF_LOG_2PI
    return PCAFit(loadings, float(np.sqrt(variance)), mean, float(log_likelihood))


def _upright(columns):
    """Turn each column so that its entry of largest size is positive."""
    largest = np.abs(columns).argmax(axis=0)
    return columns * np.sign(columns[largest, np.arange(columns.shape[1])])
