"""Log-densities with all their derivatives, to write models with.

Each function is of one number x, elementwise, broadcasts, and returns ``(log_p, dx, d<parameter>, ...)``
in nats: the logarithm of the density and its derivative by x and by each parameter, in the order of the
arguments, all of the broadcast shape. A model sums over its data. Outside of the support log_p is minus
infinity, and the derivatives mean nothing there. (`dirichlet` alone is of a vector, on the last axis.)

Formulas: Bishop (2006), appendix B; names and parameters as in Gelman et al., Bayesian Data Analysis
(2013), appendix A.

Examples
--------
>>> log_p, *derivatives = normal(1.0, 0.0, 2.0)
>>> [float(derivative) for derivative in derivatives]  # by x, mu, sigma
[-0.25, 0.25, -0.375]
"""

import math

import numpy as np

from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.numerics import sigmoid, softplus


def normal(x, mu, sigma):
    """N(x; mu, sigma^2), sigma the standard deviation; with u = (x - mu) / sigma.

    log p = -u^2 / 2 - log sigma - log(2 pi) / 2;  dx = -u / sigma = -dmu;  dsigma = (u^2 - 1) / sigma.
    """
    u = np.subtract(x, mu) / sigma
    dmu = u / sigma
    return -0.5 * u * u - np.log(sigma) - HALF_LOG_2PI, -dmu, dmu, (u * u - 1) / sigma


def half_normal(x, sigma):
    """|N(0, sigma^2)| for x >= 0: the normal density twice over."""
    log_p, dx, _, dsigma = normal(x, 0.0, sigma)
    return _within(np.greater_equal(x, 0), log_p + math.log(2)), dx, dsigma


def log_normal(x, mu, sigma):
    """log x ~ N(mu, sigma^2), x > 0: the normal of log x, times the slope 1 / x."""
    positive, x = _positive(x)
    log_x = np.log(x)
    log_p, dlog_x, dmu, dsigma = normal(log_x, mu, sigma)
    return _within(positive, log_p - log_x), (dlog_x - 1) / x, dmu, dsigma


def student_t(x, nu, mu, sigma):
    """Student's t with nu degrees of freedom, location mu and scale sigma; with u = (x - mu) / sigma.

    log p = log Gamma((nu+1)/2) - log Gamma(nu/2) - log(nu pi)/2 - log sigma - (nu+1)/2 log(1 + u^2/nu)

        dmu = -dx = (nu + 1) u / (sigma (nu + u^2))        dsigma = (u sigma dmu - 1) / sigma
        dnu = [psi((nu+1)/2) - psi(nu/2) - 1/nu - log(1 + u^2/nu) + (nu+1) u^2 / (nu (nu + u^2))] / 2
    """
    from scipy.special import digamma

    nu = np.multiply(1.0, nu)
    u = np.subtract(x, mu) / sigma
    half = 0.5 * (nu + 1)
    tail = np.log1p(u * u / nu)
    constant = _log_gamma_step(0.5 * nu) - 0.5 * np.log(np.pi * nu)
    dmu = (nu + 1) * u / (sigma * (nu + u * u))
    dnu = 0.5 * (digamma(half) - digamma(0.5 * nu) - 1 / nu - tail + (nu + 1) * u * u / (nu * (nu + u * u)))
    dsigma = (u * sigma * dmu - 1) / sigma
    return constant - np.log(sigma) - half * tail, -dmu, dnu, dmu, dsigma


def cauchy(x, mu, sigma):
    """log p = -log(pi sigma (1 + u^2)), u = (x - mu) / sigma: Student's t with nu = 1.

    With r = sqrt(1 + u^2), which does not overflow where u^2 does,

        log p = -log(pi sigma) - 2 log r        dmu = -dx = 2 (u / r) / (r sigma)
        dsigma = (2 (u / r)^2 - 1) / sigma
    """
    u = np.subtract(x, mu) / sigma
    r = np.hypot(1, u)
    sine = u / r
    dmu = 2 * sine / r / sigma
    return -np.log(np.multiply(np.pi, sigma)) - 2 * np.log(r), -dmu, dmu, (2 * sine * sine - 1) / sigma


def half_cauchy(x, sigma):
    """|Cauchy(0, sigma)| for x >= 0, of heavy tail: twice the Cauchy density."""
    log_p, dx, _, dsigma = cauchy(x, 0.0, sigma)
    return _within(np.greater_equal(x, 0), log_p + math.log(2)), dx, dsigma


def laplace(x, mu, scale):
    """log p = -|x - mu| / b - log(2 b), b the scale; dmu = sign(x - mu) / b, db = (|x - mu| / b - 1) / b.

    The density has a kink at x = mu, where 0 is given for the derivative.
    """
    distance = np.subtract(x, mu)
    u = np.abs(distance) / scale
    dmu = np.sign(distance) / scale
    return -u - np.log(np.multiply(2, scale)), -dmu, dmu, (u - 1) / scale


def exponential(x, rate):
    """log p = log rate - rate x for x >= 0; dx = -rate, drate = 1 / rate - x."""
    x = np.asarray(x)
    return _within(x >= 0, np.log(rate) - rate * x), -rate + 0.0 * x, np.divide(1, rate) - x


def gamma(x, shape, rate):
    """log p = a log b - log Gamma(a) + (a - 1) log x - b x for x > 0, a the shape, b the rate.

    dx = (a - 1) / x - b;  da = log b - psi(a) + log x;  db = a / b - x.
    """
    from scipy.special import digamma, gammaln

    positive, x = _positive(x)
    log_x, log_rate = np.log(x), np.log(rate)
    log_p = shape * log_rate - gammaln(shape) + np.subtract(shape, 1) * log_x - rate * x
    dx = np.subtract(shape, 1) / x - rate
    return _within(positive, log_p), dx, log_rate - digamma(shape) + log_x, np.divide(shape, rate) - x


def inverse_gamma(x, shape, scale):
    """1 / x ~ Gamma(shape, scale): log p = a log b - log Gamma(a) - (a + 1) log x - b / x for x > 0.

    dx = (b / x - a - 1) / x;  da = log b - psi(a) - log x;  db = a / b - 1 / x.
    """
    from scipy.special import digamma, gammaln

    positive, x = _positive(x)
    log_x, log_scale = np.log(x), np.log(scale)
    log_p = shape * log_scale - gammaln(shape) - np.add(shape, 1) * log_x - scale / x
    dx = (scale / x - shape - 1) / x
    return _within(positive, log_p), dx, log_scale - digamma(shape) - log_x, np.divide(shape, scale) - 1 / x


def beta(x, a, b):
    """log p = (a - 1) log x + (b - 1) log(1 - x) - log B(a, b) for 0 < x < 1.

    dx = (a - 1) / x - (b - 1) / (1 - x);  da = log x - psi(a) + psi(a + b);  db alike with 1 - x.
    """
    from scipy.special import betaln, digamma

    inside = np.greater(x, 0) & np.less(x, 1)
    x = np.where(inside, x, 0.5)
    a, b = np.asarray(a), np.asarray(b)
    log_x, log_y = np.log(x), np.log1p(-x)
    log_p = (a - 1) * log_x + (b - 1) * log_y - betaln(a, b)
    both = digamma(a + b)
    dx = (a - 1) / x - (b - 1) / (1 - x)
    return _within(inside, log_p), dx, log_x - digamma(a) + both, log_y - digamma(b) + both


def dirichlet(x, alpha):
    """Probabilities x (..., n) on the last axis, alpha (..., n) or (n,): log p (...), the others (..., n).

    log p = log Gamma(sum_i a_i) - sum_i log Gamma(a_i) + sum_i (a_i - 1) log x_i for x_i > 0, a density of
    the first n - 1 entries. The sum of x is taken to be one and not looked at.

        dx_i = (a_i - 1) / x_i        da_i = psi(sum_j a_j) - psi(a_i) + log x_i

    dx treats the entries as free; `Simplex` projects it on the probabilities.
    """
    from scipy.special import digamma, gammaln

    positive, x = _positive(x)
    alpha = np.asarray(alpha)
    total, log_x = alpha.sum(axis=-1, keepdims=True), np.log(x)
    log_p = gammaln(total[..., 0]) + ((alpha - 1) * log_x - gammaln(alpha)).sum(axis=-1)
    dalpha = digamma(total) - digamma(alpha) + log_x
    return _within(positive.all(axis=-1), log_p), (alpha - 1) / x, dalpha


def bernoulli_logit(x, logit):
    """x in {0, 1} with p(x = 1) = sigmoid(logit): log p = x l - log(1 + e^l); dl = x - sigmoid(l)."""
    x = np.asarray(x)
    return x * logit - softplus(logit), logit + 0.0 * x, x - sigmoid(logit)


def binomial_logit(x, n, logit):
    """x successes of n trials: log p = log C(n, x) + x l - n log(1 + e^l); dl = x - n sigmoid(l).

    Of x and n, which are whole numbers, no derivative is given: ``(log_p, dl)``. The binomial coefficient
    is 1 / ((n + 1) B(x + 1, n - x + 1)).
    """
    from scipy.special import betaln

    x, n = np.asarray(x), np.asarray(n)
    inside = (x >= 0) & (x <= n)
    log_choose = -np.log(n + 1.0) - betaln(np.where(inside, x, 0) + 1.0, np.where(inside, n - x, n) + 1.0)
    log_p = log_choose + x * logit - n * softplus(logit)
    return _within(inside, log_p), x - n * sigmoid(logit)


def poisson_log(x, log_rate):
    """A count x of rate e^l: log p = x l - e^l - log x!; dl = x - e^l. Of x no derivative is given:
    ``(log_p, dl)``."""
    from scipy.special import gammaln

    x, rate = np.asarray(x), np.exp(log_rate)
    counts = np.maximum(x, 0) + 1.0
    return _within(x >= 0, x * log_rate - rate - gammaln(counts)), x - rate


def _log_gamma_step(z):
    """log Gamma(z + 1/2) - log Gamma(z), which for large z agree in most of their digits.

    There, by Stirling's series, it is log(z)/2 - 1/(8z) + 1/(192 z^3) - 1/(640 z^5) + O(z^-7).
    """
    from scipy.special import gammaln

    w = 1 / z
    series = 0.5 * np.log(z) - w / 8 + w**3 / 192 - w**5 / 640
    return np.where(z > 50, series, gammaln(z + 0.5) - gammaln(z))[()]


def _within(inside, log_p):
    """log_p where the density is positive, elsewhere minus infinity; a number for a number."""
    return np.where(inside, log_p, -np.inf)[()]


def _positive(x):
    """Where x > 0, and x with a harmless number elsewhere, of which the logarithm may be taken."""
    positive = np.greater(x, 0)
    return positive, np.where(positive, x, 1)
