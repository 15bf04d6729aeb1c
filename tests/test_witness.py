"""A second witness: loss and gradient of the same VAE, written in JAX and differentiated by it.

Skipped where JAX is not installed. The formulas are written here anew, from the definition of the
bound, with q's density at z in place of the noise's density and the log-determinant.
"""

import naive
import numpy as np
import pytest
from test_vae import data, make, noise

from scratchvae.bounds import EXACT_BOUNDS

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")
jax.config.update("jax_enable_x64", True)

HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)
ACTIVATIONS = {
    "identity": lambda a: a,
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "leaky_relu": lambda a: jax.nn.leaky_relu(a, 0.01),
    "elu": jax.nn.elu,
    "softplus": jax.nn.softplus,
    "sigmoid": jax.nn.sigmoid,
    "gelu": lambda a: jax.nn.gelu(a, approximate=False),
}


def log_normal(x, mu, log_sigma):
    return -0.5 * ((x - mu) * jnp.exp(-log_sigma)) ** 2 - log_sigma - HALF_LOG_2PI


def bernoulli(x, out):
    return jnp.where(x == 1, jax.nn.log_sigmoid(out), jax.nn.log_sigmoid(-out)).sum(axis=-1)


def normal(x, out):
    mu, log_sigma = jnp.split(out, 2, axis=-1)
    return log_normal(x, mu, log_sigma).sum(axis=-1)


def normal_fixed(x, out):
    return log_normal(x, out, jnp.log(0.3)).sum(axis=-1)


def categorical(x, out):
    log_p = jax.nn.log_softmax(out.reshape(*out.shape[:-1], x.shape[-1], 5))
    return (log_p * jax.nn.one_hot(x.astype(int), 5)).sum(axis=(-2, -1))


def poisson(x, out):
    return (x * out - jnp.exp(out) - jax.scipy.special.gammaln(x + 1)).sum(axis=-1)


LIKELIHOODS = {
    "bernoulli": bernoulli,
    "normal": normal,
    "normal_fixed:0.3": normal_fixed,
    "categorical:5": categorical,
    "poisson": poisson,
}


def unpack(vector, shapes):
    """The named blocks of the parameter vector, in order."""
    blocks, start = {}, 0
    for name, shape in shapes.items():
        stop = start + int(np.prod(shape))
        blocks[name], start = vector[start:stop].reshape(shape), stop
    return blocks


def mlp(blocks, prefix, activation, h):
    n_layers = sum(name.startswith(prefix) and name.endswith("bias") for name in blocks)
    for i in range(n_layers):
        h = h @ blocks[f"{prefix}{i}.weight"] + blocks[f"{prefix}{i}.bias"]
        h = ACTIVATIONS[activation](h) if i < n_layers - 1 else h
    return h


def loss(vector, vae, x, eps, bound):
    """Minus the bound, nats a datum."""
    blocks = unpack(vector, vae.parameters.shapes)
    seen = x / 4 if vae.likelihood.spec == "categorical:5" else x
    mu, log_sigma = jnp.split(mlp(blocks, "encoder.", vae.activation, seen), 2, axis=-1)
    z = mu + jnp.exp(log_sigma) * eps
    log_likelihood = LIKELIHOODS[vae.likelihood.spec](x, mlp(blocks, "decoder.", vae.activation, z))
    if bound == "analytic_kl":
        kl = 0.5 * (mu**2 + jnp.exp(2 * log_sigma) - 1 - 2 * log_sigma).sum(axis=-1)
        return jnp.mean(kl) - jnp.mean(log_likelihood)
    log_q = log_normal(z, mu, log_sigma).sum(axis=-1)
    log_prior = log_normal(z, 0.0, 0.0).sum(axis=-1)
    log_w = log_likelihood + log_prior - log_q  # (K, B)
    if bound == "iwae":
        return jnp.log(len(log_w)) - jnp.mean(jax.scipy.special.logsumexp(log_w, axis=0))
    return -jnp.mean(log_w)


def assert_jax_agrees(vae, n_samples, bound):
    x, eps = data(vae), noise(n_samples)
    expected, gradient = jax.value_and_grad(loss)(jnp.array(vae.parameters.value), vae, x, eps, bound)
    assert vae.loss_and_grad(x, eps, bound) == pytest.approx(float(expected), rel=1e-12)
    assert naive.relative_error(vae.parameters.grad, np.array(gradient)) < 1e-10


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("bound", EXACT_BOUNDS)
@pytest.mark.parametrize(("hidden", "n_samples"), [((), 1), ((5,), 3), ((6, 4), 2)])
def test_jax_finds_the_same_loss_and_gradient(likelihood, bound, hidden, n_samples):
    assert_jax_agrees(make(likelihood, hidden), n_samples, bound)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("bound", EXACT_BOUNDS)
def test_jax_agrees_on_every_activation(activation, bound, backend):
    assert_jax_agrees(make(hidden=(6, 4), activation=activation), 2, bound)
