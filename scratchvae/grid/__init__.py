"""Bayes' theorem by arithmetic: the posterior of one or two parameters on a grid.

>>> import numpy as np
>>> from scratchvae.constraints import Interval
>>> from scratchvae.distributions import densities
>>> from scratchvae.models import ConstrainedModel
>>> class Coin(ConstrainedModel):  # 7 heads in 10 throws, a uniform prior
...     parameters = {"p": Interval(0, 1)}
...     def prior(self, theta):
...         return 0 * theta["p"], {}
...     def likelihood(self, theta):
...         p = theta["p"]
...         return 7 * np.log(p) + 3 * np.log1p(-p), {"p": 7 / p - 3 / (1 - p)}
>>> posterior = grid_posterior(Coin(), {"p": np.linspace(0, 1, 501)})
>>> round(float(posterior.mean[0]), 4)  # Beta(8, 4): 8 / 12
0.6667
"""

from scratchvae.grid.bayes import grid_posterior
from scratchvae.grid.piecewise import PiecewiseLinear
from scratchvae.grid.posterior import GridPosterior

__all__ = ["GridPosterior", "PiecewiseLinear", "grid_posterior"]
