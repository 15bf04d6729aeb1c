"""Poisson regression: counts whose log-rate is linear in x."""

import numpy as np

from scratchvae.models.design import response
from scratchvae.models.glm import GeneralizedLinearModel


class PoissonRegression(GeneralizedLinearModel):
    """y_n ~ Poisson(exposure_n e^eta_n), eta = X beta, beta_p ~ N(0, prior_sigma_p^2).

    With the rate m = exposure e^eta, dm/deta = m,

        log p(y | eta) = y log m - m - log y!
        dlog p / deta = y - m

    exposure is the time, area or number of people that the count was taken over, so that e^eta is the
    rate per unit of it. (McCullagh and Nelder 1989, chapter 6; Gelman et al. 2013, section 16.1.)

    See `GeneralizedLinearModel` for the other parameters; y holds whole numbers of at least 0.

    Parameters
    ----------
    exposure : array (N,), optional
        Above zero; 1 if not given.

    Examples
    --------
    >>> model = PoissonRegression([0.0, 1.0], [2, 30], exposure=[1.0, 10.0])
    >>> model.linear_predictor(np.array([1.0, 0.1])).tolist()
    [1.0, 1.1]
    """

    def __init__(self, x, y, exposure=None, prior_sigma=1.0, intercept=True, names=None):
        super().__init__(x, y, prior_sigma, intercept, names)
        exposure = np.ones(self.n_data) if exposure is None else response(exposure, self.n_data, "exposure")
        if not np.all(exposure > 0):
            raise ValueError(f"exposure must be above zero, but its least is {exposure.min():g}.")
        self.log_exposure = np.log(exposure)

    def _set_response(self, y):
        super()._set_response(y)
        from scipy.special import gammaln

        self.log_factorial = gammaln(self.y + 1)

    def checked(self, y):
        """Return y if it is of counts."""
        wrong = (y < 0) | (y != np.floor(y))
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"y must be counts, whole numbers of at least 0, but y[{place}] is {y[place]:g}; "
                "a rate is a count with an exposure."
            )
        return y

    def terms(self, eta, rows):
        """y log m - m - log y! and y - m. Where the rate overflows, log p is -inf."""
        log_rate = eta + self.log_exposure[rows]
        with np.errstate(over="ignore"):
            rate = np.exp(log_rate)
        y = self.y[rows]
        return y * log_rate - rate - self.log_factorial[rows], y - rate

    def draw(self, eta, rng):
        """Draw counts; NumPy refuses rates above some 9e18."""
        return rng.poisson(np.exp(eta + self.log_exposure)).astype(np.float64)
