"""Initial weights: a variance that keeps the signal's size from layer to layer."""

import numpy as np

from scratchvae.validation import choose


def glorot_uniform(rng, n_in, n_out):
    """U(-a, a) with variance 2 / (n_in + n_out) (Glorot & Bengio 2010).

    A compromise between keeping the variance of the signal going forward, 1 / n_in, and that of the
    gradient coming back, 1 / n_out, for an activation of slope one at zero, as tanh.
    """
    bound = np.sqrt(6 / (n_in + n_out))
    return rng.uniform(-bound, bound, (n_in, n_out))


def glorot_normal(rng, n_in, n_out):
    """Normal with variance 2 / (n_in + n_out) (Glorot & Bengio 2010)."""
    return np.sqrt(2 / (n_in + n_out)) * rng.standard_normal((n_in, n_out))


def he_uniform(rng, n_in, n_out):
    """U(-a, a) with variance 2 / n_in (He et al. 2015), for rectifiers.

    Of a symmetric input they pass half the second moment, which the factor 2 makes up for.
    """
    bound = np.sqrt(6 / n_in)
    return rng.uniform(-bound, bound, (n_in, n_out))


def he_normal(rng, n_in, n_out):
    """Normal with variance 2 / n_in (He et al. 2015)."""
    return np.sqrt(2 / n_in) * rng.standard_normal((n_in, n_out))


def kingma_welling(rng, n_in, n_out):
    """Normal with standard deviation 0.01: the "N(0, 0.01)" of Kingma & Welling (2014), section 5.

    The paper does not say whether 0.01 is a variance; its first author's code draws with a standard
    deviation of 1e-2, and so do we.
    """
    return 0.01 * rng.standard_normal((n_in, n_out))


INITIALIZATIONS = {
    function.__name__: function
    for function in (glorot_uniform, glorot_normal, he_uniform, he_normal, kingma_welling)
}

#: Activations that cut off their negative side, more or less as the rectifier does.
RECTIFIERS = ("relu", "leaky_relu", "elu", "gelu")


def initialization(name, activation):
    """The function of that name; ``"auto"`` is He's for rectifiers and Glorot's for the others."""
    if name == "auto":
        name = "he_normal" if activation in RECTIFIERS else "glorot_uniform"
    return choose(INITIALIZATIONS, name, "initialization")
