"""Flows forward and backward: a chain of 32 planar maps, and an inverse autoregressive map."""

from dataclasses import dataclass

import numpy as np

from benchmarks.speed.peer_jax import load


@dataclass(frozen=True)
class Case:
    """A map, its dimension, and how many data it maps at once."""

    spec: str
    n_latent: int = 32
    n_data: int = 100

    def arrays(self, n_params):
        """lam (B, n_params) and eps (B, L), float32."""
        rng = np.random.default_rng(0)
        lam = 0.1 * rng.standard_normal((self.n_data, n_params), dtype=np.float32)
        return lam, rng.standard_normal((self.n_data, self.n_latent), dtype=np.float32)


CASES = (Case("planar:32"), Case("iaf:1", 128))


def ours(case):
    """z and log_det, and the gradients of their sum by lam, eps and the network's weights."""
    from scratchvae.reparam import build

    flow = build(case.spec, case.n_latent)
    if flow.parameters is not None:
        flow = _in_float32(flow)
        flow.initialize(np.random.default_rng(0))
    lam, eps = case.arrays(flow.n_params)
    dz, dlog_det = np.ones_like(eps), np.ones(len(eps), eps.dtype)

    def run(n):
        for _ in range(n):
            flow.backward(flow.forward(lam, eps)[2], dz, dlog_det)

    return run


def _in_float32(flow):
    from scratchvae.parameters import Parameters

    flow.attach(Parameters(flow.shapes(), "float32"), "")
    return flow


def in_jax(case):
    """The same, compiled, with the gradients by `value_and_grad`."""
    jax = load()
    value, arguments = {"planar:32": _planar, "iaf:1": _iaf}[case.spec](jax, case)
    compiled = jax.jit(jax.value_and_grad(value, argnums=tuple(range(len(arguments)))))

    def run(n):
        for _ in range(n):
            out = compiled(*arguments)
        jax.block_until_ready(out)

    return run


def _planar(jax, case):
    """The diagonal map and 32 planar ones, u kept invertible by the same function as ours."""
    jnp, n_latent = jax.numpy, case.n_latent
    lam, eps = case.arrays(2 * n_latent + 32 * (2 * n_latent + 1))

    def value(lam, eps):
        mu, log_sigma = lam[:, :n_latent], lam[:, n_latent : 2 * n_latent]
        z, log_det = mu + jnp.exp(log_sigma) * eps, log_sigma.sum(-1)
        maps = lam[:, 2 * n_latent :].reshape(len(lam), 32, 2 * n_latent + 1)

        def planar(state, lam):
            z, log_det = state
            u, w, b = lam[:, :n_latent], lam[:, n_latent:-1], lam[:, -1]
            x = (w * u).sum(-1)
            u_hat = u + ((jnp.sqrt(1 + x * x) - 1) / (w * w).sum(-1))[:, None] * w
            t = jnp.tanh((w * z).sum(-1) + b)
            log_det += jnp.log(1 + (1 - t * t) * (w * u_hat).sum(-1))
            return (z + u_hat * t[:, None], log_det), None

        (z, log_det), _ = jax.lax.scan(planar, (z, log_det), maps.swapaxes(0, 1))
        return z.sum() + log_det.sum()

    return value, (lam, eps)


def _iaf(jax, case):
    """The diagonal map and one gated masked network of 64 tanh units, as ours."""
    from scratchvae.reparam import build

    jnp, n_latent = jax.numpy, case.n_latent
    flow = build(case.spec, n_latent)
    lam, eps = case.arrays(flow.n_params)
    network = next(part.network for part in flow.maps if hasattr(part, "network"))
    masks = [jnp.asarray(layer.mask, jnp.float32) for layer in network.layers]
    rng = np.random.default_rng(0)
    weights = [jnp.asarray(0.1 * rng.standard_normal(mask.shape), jnp.float32) for mask in masks]
    biases = [jnp.zeros(mask.shape[1]) for mask in masks]

    def value(lam, eps, weights, biases):
        mu, log_sigma, context = jnp.split(lam, [n_latent, 2 * n_latent], axis=-1)
        z, log_det = mu + jnp.exp(log_sigma) * eps, log_sigma.sum(-1)
        h = jnp.concatenate([z, context], axis=-1)
        for i, (weight, bias, mask) in enumerate(zip(weights, biases, masks, strict=True)):
            h = h @ (weight * mask) + bias
            h = jnp.tanh(h) if i < len(weights) - 1 else h
        m, s = jnp.split(h, 2, axis=-1)
        sigma = jax.nn.sigmoid(s + 2)
        z = sigma * z + (1 - sigma) * m
        return z.sum() + (log_det + jax.nn.log_sigmoid(s + 2).sum(-1)).sum()

    return value, (lam, eps, weights, biases)
