"""The VAEs that are timed, and their matrix products."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Network:
    """A VAE n_data-hidden-(2 n_latent), n_latent-hidden-n_data with a Bernoulli likelihood, and its batch."""

    n_data: int
    hidden: tuple
    n_latent: int
    activation: str
    batch_size: int

    @property
    def name(self):
        widths = "-".join(map(str, (self.n_data, *self.hidden, self.n_latent)))
        return f"{widths}, batch {self.batch_size}"

    def layers(self):
        """(n_in, n_out) of each linear map, encoder then decoder."""
        encoder = (self.n_data, *self.hidden, 2 * self.n_latent)
        decoder = (self.n_latent, *reversed(self.hidden), self.n_data)
        pairs = [tuple(zip(sizes, sizes[1:], strict=False)) for sizes in (encoder, decoder)]
        return pairs[0], pairs[1]

    def data(self, n):
        """Zeros and ones, (n, n_data), float32, some 13 % of them ones, as in MNIST."""
        return (np.random.default_rng(0).random((n, self.n_data)) < 0.13).astype(np.float32)


#: The networks of the two published examples.
NETWORKS = {
    "500": Network(784, (500,), 20, "tanh", 100),
    "256": Network(784, (256, 256), 128, "relu", 128),
}
N_DATA = 10_000


def ours(network, n_samples=1, backend="numba", bound="elbo"):
    """Steps of training: minibatch, noise, loss, gradient, checks, Adam."""
    import scratchvae as sv
    from scratchvae import kernels, optim
    from scratchvae.training.run import Run
    from scratchvae.training.trainer import Settings

    kernels.use(backend)
    vae = sv.VAE(network.n_data, network.n_latent, network.hidden, network.activation)
    settings = Settings(vae, 10**9, network.batch_size, bound, n_samples, *[None] * 4)
    run = Run(vae, network.data(N_DATA), settings, optim.Adam(1e-4), np.random.default_rng(0), None)

    def steps(n):
        for _ in range(n):
            run.step()

    return steps


def products(network, n_samples=1, fresh=False):
    """The matrix products of one step and nothing else, into memory that is there already unless `fresh`."""
    by_layer = products_by_layer(network, n_samples)
    return repeated([call for calls in by_layer.values() for call in calls], fresh)


def products_by_layer(network, n_samples=1):
    """{"encoder.0": calls, ...}; a call is two matrices and where their product goes."""
    rng, found = np.random.default_rng(0), {}
    for name, pairs, rows in zip(("encoder", "decoder"), network.layers(), (1, n_samples), strict=True):
        for i, pair in enumerate(pairs):
            first = name == "encoder" and i == 0
            found[f"{name}.{i}"] = _layer(rng, rows * network.batch_size, *pair, first=first)
    return found


def repeated(calls, fresh=False):
    """What makes these products n times, into memory that is there already unless `fresh`."""

    def run(n):
        for _ in range(n):
            for a, b, out in calls:
                np.matmul(a, b, out=None if fresh else out)

    return run


def _layer(rng, rows, n_in, n_out, first):
    """x W, x^T da and (but in the first layer) da W^T."""
    x, da = (rng.random((rows, n), dtype=np.float32) for n in (n_in, n_out))
    weight = rng.random((n_in, n_out), dtype=np.float32)
    calls = [(x, weight, np.empty_like(da)), (x.T, da, np.empty_like(weight))]
    return calls if first else [*calls, (da, weight.T, np.empty_like(x))]
