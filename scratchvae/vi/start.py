"""Where a fit begins: at the mode with the curvature there, or at the origin with unit spread."""

from dataclasses import dataclass

import numpy as np

from scratchvae.vi.coordinates import Coordinates

#: Above this dimension the Hessian costs more than it saves.
MAX_LAPLACE_DIMENSION = 400
#: Relative step of the Hessian's differences: the cube root of the rounding error.
STEP = 6e-6


@dataclass(frozen=True)
class Laplace:
    """The Gaussian at a mode of p(x, z), N(mode, (-Hessian)^-1) (Laplace 1774; Bishop 2006, section 4.4).

    Attributes
    ----------
    mode : array (L,)
    precision : array (L, L)
        Minus the Hessian of log p(x, z) at the mode.
    log_evidence : float
        Laplace's approximation, log p(x, mode) + L log(2 pi) / 2 - log det(precision) / 2, nats.
    """

    mode: np.ndarray
    precision: np.ndarray
    log_evidence: float

    def coordinates(self, diagonal):
        """The coordinates in which this Gaussian is N(0, I); of a mean-field q the best such, if `diagonal`.

        The best factorised Gaussian for N(m, P^-1) has the variances 1 / P_ii, smaller than the
        marginal ones (Bishop 2006, section 10.1.2).
        """
        if diagonal:
            return Coordinates(self.mode, 1 / np.sqrt(np.diagonal(self.precision)))
        return Coordinates(self.mode, np.linalg.cholesky(np.linalg.inv(self.precision)))


def find_mode(model, z, max_iterations=500):
    """Climb from z (L,) to a mode of log p(x, z) by L-BFGS; None if none is found.

    A density that rises for ever, as towards the neck of a funnel, has no mode to find.
    """
    from scipy.optimize import minimize

    def descent(z):
        with np.errstate(all="ignore"):
            value, grad = -float(model.log_joint(z)), -np.asarray(model.grad_log_joint(z))
        if not (np.isfinite(value) and np.isfinite(grad).all()):
            return 1e300, np.zeros_like(z)  # a wall: the line search turns back
        return value, grad

    options = {"maxiter": max_iterations, "maxcor": 20, "ftol": 1e-14, "gtol": 1e-8}
    result = minimize(descent, z, jac=True, method="L-BFGS-B", options=options)
    return result.x if np.isfinite(result.x).all() and abs(result.fun) < 1e299 else None


def laplace(model, z):
    """The Laplace approximation at the mode above z (L,), or None if there is none.

    The Hessian is taken by central differences of the gradient, 2 L gradients at once.
    """
    n = model.n_latent
    mode = find_mode(model, z) if n <= MAX_LAPLACE_DIMENSION else None
    if mode is None:
        return None
    steps = np.diag(STEP * np.maximum(1, np.abs(mode)))
    with np.errstate(all="ignore"):
        slopes = model.grad_log_joint(np.concatenate([mode + steps, mode - steps]))
    hessian = (slopes[:n] - slopes[n:]) / (2 * np.diagonal(steps)[:, None])
    precision = -0.5 * (hessian + hessian.T)
    try:
        half_log_det = np.log(np.diagonal(np.linalg.cholesky(precision))).sum()
        np.linalg.cholesky(np.linalg.inv(precision))
    except np.linalg.LinAlgError:  # flat or rising in some direction: no maximum
        return None
    log_evidence = float(model.log_joint(mode)) + 0.5 * n * np.log(2 * np.pi) - half_log_det  # Eq. (33)
    return Laplace(mode, precision, log_evidence) if np.isfinite(log_evidence) else None
