"""Bayesian inference and the variational autoencoder from scratch in NumPy.

>>> import scratchvae as sv
>>> vae = sv.VAE(n_data=784, n_latent=20, hidden=(500,))

Every gradient is derived by hand and checked: ``sv.gradcheck``, or ``scratchvae gradcheck``.
"""

import importlib

__version__ = "0.1.0"

# Where each public name lives. A module is imported when its name is first asked for, so that
# `import scratchvae` stays quick.
_PLACES = {
    "VAE": "scratchvae.vae",
    "train": "scratchvae.training",
    "History": "scratchvae.training",
    "fit": "scratchvae.vi",
    "Flow": "scratchvae.flow",
    "Posterior": "scratchvae.vi",
    "densities": "scratchvae.distributions",
    "BayesianModel": "scratchvae.models",
    "ConstrainedModel": "scratchvae.models",
    "Real": "scratchvae.constraints",
    "Positive": "scratchvae.constraints",
    "Interval": "scratchvae.constraints",
    "Ordered": "scratchvae.constraints",
    "Simplex": "scratchvae.constraints",
    "grid_posterior": "scratchvae.grid",
}
_MODULES = (
    "bounds",
    "constraints",
    "data",
    "distributions",
    "evaluation",
    "gradcheck",
    "importance",
    "kernels",
    "models",
    "nn",
    "optim",
    "plotting",
    "priors",
    "reparam",
    "training",
    "vi",
)
__all__ = [*_PLACES, *_MODULES]  # noqa: PLE0604


def __getattr__(name):
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"scratchvae.{name}")
    raise AttributeError(f"module 'scratchvae' has no attribute {name!r}")


def __dir__():
    return sorted([*__all__, "__version__"])
