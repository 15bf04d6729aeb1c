"""Logistic regression: a yes or no whose log-odds are linear in x."""

import numpy as np

from scratchvae.models.glm import GeneralizedLinearModel
from scratchvae.numerics import sigmoid


class LogisticRegression(GeneralizedLinearModel):
    """y_n ~ Bernoulli(sigmoid(eta_n)), eta = X beta, beta_p ~ N(0, prior_sigma_p^2).

    With s = sigmoid(eta) = 1 / (1 + e^-eta), 1 - s = sigmoid(-eta),

        log p(y | eta) = y log s + (1 - y) log(1 - s) = y eta - log(1 + e^eta)
        dlog p / deta = y - s

    since the derivative of log(1 + e^eta) is e^eta / (1 + e^eta) = s. The log-likelihood is concave in
    beta. If a plane separates the ones from the zeros (as when one class is missing), it grows for ever
    along the plane's normal: then only a finite `prior_sigma` makes the posterior proper. (Bishop 2006,
    section 4.3.2; priors: Gelman et al. 2008, "A weakly informative default prior distribution for
    logistic and other regression models".)

    See `GeneralizedLinearModel` for the parameters; y holds zeros and ones, or bools.

    Examples
    --------
    >>> model = LogisticRegression([0.5, 1.0, 2.0], [0, 0, 1], names=["hours"])
    >>> model.space.names
    ('intercept', 'hours')
    >>> round(float(model.log_likelihood(np.zeros(2))), 4)  # 3 log(1/2)
    -2.0794
    """

    def checked(self, y):
        """Return y if it is of zeros and ones."""
        wrong = (y != 0) & (y != 1)
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"y must be 0 or 1 (or bool) in a logistic regression, but y[{place}] is {y[place]:g}; "
                "code the two classes as 0 and 1."
            )
        return y

    def terms(self, eta, rows):
        """y eta - log(1 + e^eta) and y - s, with e^-|eta| computed once: it neither overflows nor is lost."""
        small = np.exp(-np.abs(eta))
        y = self.y[rows]
        log_p = y * eta - np.maximum(eta, 0) - np.log1p(small)
        return log_p, y - np.where(eta >= 0, 1, small) / (1 + small)

    def draw(self, eta, rng):
        """Draw zeros and ones."""
        return (rng.random(eta.shape) < sigmoid(eta)).astype(np.float64)
