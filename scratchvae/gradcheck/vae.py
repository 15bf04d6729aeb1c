"""A VAE's loss: its gradient by block, and by the terms of the bound if it is wrong.

It asks a VAE for its methods only and imports none.
"""

import numpy as np

from scratchvae.gradcheck.check import check
from scratchvae.gradcheck.numerical import numerical_jacobian

#: Of more values than this the bound's own derivatives are taken, not numerical ones.
MAX_VALUES = 2000
#: What the terms of a bound are called in a report.
NAMES = {
    "log_likelihood": "reconstruction",
    "log_prior": "prior",
    "log_det": "log-determinant (entropy)",
    "kl": "KL",
}


def check_vae(vae, x, eps, bound="elbo", y=None, **options):
    """Check the gradient of a VAE's loss with respect to all its parameters, in a float64 copy.

    The terms of the bound go into the check too, reconstruction, prior, log-determinant or KL, each as far
    as it is part of the loss: a term that is forgotten, counted twice or of the wrong sign is named.

    Parameters
    ----------
    vae : VAE
        Of any dtype; it is not changed.
    x : array (B, D)
    eps : array (K, B, L)
    bound : str or Bound
    y : array (B,), optional
        The labels, for a conditional model.
    **options
        Of `check`.

    Returns
    -------
    Report
        With a block for each of the model's.
    """
    vae = vae.astype("float64")
    parameters = vae.parameters

    def loss(theta):
        parameters.value = theta
        return vae.loss(x, eps, bound, y)

    def gradient(theta):
        parameters.value = theta
        vae.loss_and_grad(x, eps, bound, y)
        return parameters.grad.copy()

    options.setdefault("terms", _terms(vae, x, eps, bound, y))
    options.setdefault("sizes", _sizes(vae, eps))
    return check(loss, parameters.value.copy(), gradient, parameters.blocks(), **options)


def _terms(vae, x, eps, bound, y):
    """{name: (value, None)} of the bound's terms: each weighted by the loss's derivative by it.

    loss = l(t_1, t_2, ...) has the gradient sum_i dl/dt_i dt_i/dtheta, and sum_i <dl/dt_i, t_i> with the
    weights held fixed has the same, term by term.
    """
    x, eps, bound, y = vae._checked(x, eps, bound, y)
    weights = _weights(bound, vae.forward(x, eps, bound.uses_kl, y)[0])

    def value(name):
        def at(theta):
            vae.parameters.value = theta
            terms, _ = vae.forward(x, eps, bound.uses_kl, y)
            return float((weights[name] * getattr(terms, name)).sum())

        return at

    return {NAMES[name]: (value(name), None) for name in weights}


def _weights(bound, terms):
    """{term: the loss's derivative by it}, for the terms that the loss depends on.

    Numerical, for the bound's own backward pass is among what may be wrong; it costs a few evaluations of
    the bound for each number.
    """
    given = {name: getattr(terms, name) for name in NAMES if getattr(terms, name) is not None}
    if sum(array.size for array in given.values()) > MAX_VALUES:
        weights = bound.backward(bound.forward(terms)[1])
        return {name: getattr(weights, name) for name in given if getattr(weights, name) is not None}

    def loss_of(name, array):
        return lambda flat: np.array([bound.forward(terms._replace(**{name: flat.reshape(array.shape)}))[0]])

    found = {
        name: numerical_jacobian(loss_of(name, array), array.ravel()).reshape(array.shape)
        for name, array in given.items()
    }
    return {name: weight for name, weight in found.items() if np.any(weight)}


def _sizes(vae, eps):
    n_samples, batch, n_latent = np.shape(eps)
    return {"batch": batch, "samples": n_samples, "pixels": vae.n_data, "latent": n_latent}
