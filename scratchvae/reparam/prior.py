"""A flow as the prior p(z): learned together with the model."""

import numpy as np

from scratchvae.parameters import Parameters
from scratchvae.reparam.free import Free


class FlowPrior:
    """p(z), the density of z = g(u; lam) with u ~ N(0, I), where lam is learned.

        log p(z) = log N(u; 0, I) - log|det dz/du|,     u = g^-1(z)

    the same change of variables as for q, Eq. (5), read at a given z: so g needs an inverse. Its
    gradients by z and lam take no derivative of the inverse (`Reparameterization.density_backward`).
    (Chen et al. 2017, Variational lossy autoencoder; Tomczak & Welling 2018 on why a learned prior helps.)

    Parameters
    ----------
    reparam : Reparameterization
        g; its weights, if it has some, are learned as a part of lam.
    dtype : {"float32", "float64"}
    """

    #: Blocks of the model's other parts to which `backward` writes too.
    shared = ()

    def __init__(self, reparam, dtype="float64"):
        if reparam.shapes():
            reparam.attach(Parameters(reparam.shapes(), dtype))
        self.map = Free(reparam)
        self.attach(Parameters(self.shapes(), dtype))

    @property
    def spec(self):
        return self.map.spec

    def shapes(self):
        """One block, lam."""
        return {"lam": (self.map.n_params,)}

    def attach(self, parameters, prefix=""):
        """Let lam lie in `parameters` under `prefix` + "lam"."""
        self.parameters, self.block = parameters, f"{prefix}lam"

    def initialize(self, rng):
        """Draw lam, near p(z) = N(0, I)."""
        self.parameters[self.block] = self.map.initial(rng)

    def forward(self, z):
        """Return log p(z), (...), and the cache."""
        return self.map.density_forward(self.parameters[self.block], z)

    def backward(self, cache, dlog_p):
        """Write lam's gradient, return dz."""
        dz, dlam = self.map.density_backward(cache, dlog_p)
        self.parameters.gradient(self.block)[...] = dlam
        return dz

    def log_prob(self, z):
        """log p(z), (...), in nats."""
        return self.forward(np.asarray(z))[0]

    def sample(self, shape, rng, dtype="float64"):
        """Draw an array of that shape, (..., L)."""
        u = rng.standard_normal(shape, dtype)
        return self.map.forward(self.parameters[self.block], u)[0]
