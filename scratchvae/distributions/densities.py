"""Log-densities of one number with all their derivatives, to write models with.

Each function is elementwise, broadcasts, and returns ``(log_p, dx, d<parameter>, ...)`` in nats: the
logarithm of the density and its derivative by x and by each parameter, in the order of the arguments.
A model sums over its data. Formulas: Bishop (2006), appendix B; names and parameters as in Gelman et
al., Bayesian Data Analysis (2013), appendix A.

Examples
--------
>>> log_p, dx, dmu, dsigma = normal(1.0, 0.0, 2.0)
>>> dx, dmu, dsigma
(-0.25, 0.25, -0.375)
"""

import math

import numpy as np

from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.numerics import sigmoid, softplus


def normal(x, mu, sigma):
    """N(x; mu, sigma^2), sigma the standard deviation; with u = (x - mu) / sigma.

    log p = -u^2 / 2 - log sigma - log(2 pi) / 2;  dx = -u / sigma = -dmu;  dsigma = (u^2 - 1) / sigma.
    """
    u = (x - mu) / sigma
    dmu = u / sigma
    return -0.5 * u * u - np.log(sigma) - HALF_LOG_2PI, -dmu, dmu, (u * u - 1) / sigma


def half_normal(x, sigma):
    """|N(0, sigma^2)| for x > 0: the normal density twice over."""
    log_p, dx, _, dsigma = normal(x, 0.0, sigma)
    return log_p + math.log(2), dx, dsigma


def log_normal(x, mu, sigma):
    """log x ~ N(mu, sigma^2), x > 0: the normal of log x, times the slope 1 / x."""
    log_p, dlog_x, dmu, dsigma = normal(np.log(x), mu, sigma)
    return log_p - np.log(x), (dlog_x - 1) / x, dmu, dsigma


def student_t(x, nu, mu, sigma):
    """Student's t with nu degrees of freedom, location mu and scale sigma; with u = (x - mu) / sigma.

    log p = log Gamma((nu+1)/2) - log Gamma(nu/2) - log(nu pi)/2 - log sigma - (nu+1)/2 log(1 + u^2/nu)
    """
    from scipy.special import digamma, gammaln

    u = (x - mu) / sigma
    half = 0.5 * (nu + 1)
    tail = np.log1p(u * u / nu)
    constant = gammaln(half) - gammaln(0.5 * nu) - 0.5 * np.log(nu * np.pi)
    dmu = (nu + 1) * u / (sigma * (nu + u * u))
    dnu = 0.5 * (digamma(half) - digamma(0.5 * nu) - 1 / nu - tail + (nu + 1) * u * u / (nu * (nu + u * u)))
    dsigma = (u * sigma * dmu - 1) / sigma
    return constant - np.log(sigma) - half * tail, -dmu, dnu, dmu, dsigma


def cauchy(x, mu, sigma):
    """log p = -log(pi sigma (1 + u^2)), u = (x - mu) / sigma: Student's t with nu = 1."""
    u = (x - mu) / sigma
    dmu = 2 * u / (sigma * (1 + u * u))
    return -np.log(np.pi * sigma) - np.log1p(u * u), -dmu, dmu, (u * sigma * dmu - 1) / sigma


def half_cauchy(x, sigma):
    """|Cauchy(0, sigma)| for x > 0, of heavy tail: twice the Cauchy density."""
    log_p, dx, _, dsigma = cauchy(x, 0.0, sigma)
    return log_p + math.log(2), dx, dsigma


def exponential(x, rate):
    """log p = log rate - rate x for x > 0."""
    return np.log(rate) - rate * x, -rate + 0.0 * x, 1 / rate - x


def gamma(x, shape, rate):
    """log p = a log b - log Gamma(a) + (a - 1) log x - b x for x > 0, a the shape, b the rate."""
    from scipy.special import digamma, gammaln

    log_x = np.log(x)
    log_p = shape * np.log(rate) - gammaln(shape) + (shape - 1) * log_x - rate * x
    return log_p, (shape - 1) / x - rate, np.log(rate) - digamma(shape) + log_x, shape / rate - x


def inverse_gamma(x, shape, scale):
    """1 / x ~ Gamma(shape, scale): log p = a log b - log Gamma(a) - (a + 1) log x - b / x."""
    from scipy.special import digamma, gammaln

    log_x = np.log(x)
    log_p = shape * np.log(scale) - gammaln(shape) - (shape + 1) * log_x - scale / x
    dx = (scale / x - shape - 1) / x
    return log_p, dx, np.log(scale) - digamma(shape) - log_x, shape / scale - 1 / x


def beta(x, a, b):
    """log p = (a - 1) log x + (b - 1) log(1 - x) - log B(a, b) for 0 < x < 1."""
    from scipy.special import betaln, digamma

    log_x, log_y = np.log(x), np.log1p(-x)
    log_p = (a - 1) * log_x + (b - 1) * log_y - betaln(a, b)
    both = digamma(a + b)
    return log_p, (a - 1) / x - (b - 1) / (1 - x), log_x - digamma(a) + both, log_y - digamma(b) + both


def bernoulli_logit(x, logit):
    """x in {0, 1} with p(x = 1) = sigmoid(logit): log p = x l - log(1 + e^l); dl = x - sigmoid(l)."""
    return x * logit - softplus(logit), logit + 0.0 * x, x - sigmoid(logit)


def binomial_logit(x, n, logit):
    """x successes of n trials: log p = log C(n, x) + x l - n log(1 + e^l). Of x and n, which are whole
    numbers, no derivative is given: ``(log_p, dlogit)``."""
    from scipy.special import gammaln

    log_choose = gammaln(np.add(n, 1.0)) - gammaln(np.add(x, 1.0)) - gammaln(np.subtract(n, x) + 1.0)
    return log_choose + x * logit - n * softplus(logit), x - n * sigmoid(logit)


def poisson_log(x, log_rate):
    """A count x of rate e^l: log p = x l - e^l - log x!. Of x no derivative is given: ``(log_p, dl)``."""
    from scipy.special import gammaln

    rate = np.exp(log_rate)
    return x * log_rate - rate - gammaln(np.add(x, 1.0)), x - rate
