"""log p(x | params) of every likelihood as SciPy writes it, one datum at a time."""

import numpy as np
from scipy import special, stats


def bernoulli(likelihood, x, params):
    """Success probability sigmoid(logit)."""
    return stats.bernoulli.logpmf(x, special.expit(params)).sum()


def normal(likelihood, x, params):
    """params packs the means and the logarithms of the standard deviations."""
    n_data = len(params) // 2
    return stats.norm.logpdf(x, params[:n_data], np.exp(params[n_data:])).sum()


def normal_fixed(likelihood, x, params):
    """params are the means."""
    return stats.norm.logpdf(x, params, likelihood.sigma).sum()


def normal_shared(likelihood, x, params):
    """params are the means; the logarithm of the standard deviation is the likelihood's own."""
    return stats.norm.logpdf(x, params, np.exp(float(likelihood.log_sigma))).sum()


def categorical(likelihood, x, params):
    """params holds `n_levels` logits for each entry, entry by entry."""
    probabilities = special.softmax(params.reshape(len(x), likelihood.n_levels), axis=1)
    rows = zip(x, probabilities, strict=True)
    return sum(stats.rv_discrete(values=(range(len(p)), p)).logpmf(int(level)) for level, p in rows)


def poisson(likelihood, x, params):
    """params are the logarithms of the rates."""
    return stats.poisson.logpmf(x, np.exp(params)).sum()


DENSITIES = {
    "bernoulli": bernoulli,
    "normal": normal,
    "normal_fixed": normal_fixed,
    "normal_shared": normal_shared,
    "categorical": categorical,
    "poisson": poisson,
}


def log_prob(likelihood, x, params):
    """log p of one datum x (D,) under the likelihood object."""
    name = likelihood.spec.partition(":")[0]
    return float(DENSITIES[name](likelihood, np.asarray(x), np.asarray(params)))


def log_probs(likelihood, x, decoded):
    """log p(x|z), (K, B), of data x (B, D) given the decoder's outputs (K, B, n)."""
    return np.array([[log_prob(likelihood, *row) for row in zip(x, d, strict=True)] for d in decoded])
