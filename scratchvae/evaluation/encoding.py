"""What the encoder gives for a whole data set."""

import numpy as np

from scratchvae.broadcasting import beside, row_blocks
from scratchvae.reparam.base import Affine

#: Rows that are encoded at once.
BLOCK = 1000


def encoded(vae, dataset):
    """lam of each row, (N, n_params)."""
    return np.concatenate([_lam(vae, dataset, rows) for rows in row_blocks(len(dataset), BLOCK)])


def _lam(vae, dataset, rows):
    x, c = dataset.pixels(rows, vae.dtype), vae.one_hot(vae.labels_of(dataset, rows))
    return vae.encoder.forward(beside(vae.likelihood.encoder_input(x), c))[0]


def moments(vae, dataset):
    """Mean and standard deviation of each z_i under q(z|x), (N, L) each."""
    blocks = [
        vae.posterior.mean_and_sigma(_lam(vae, dataset, rows))
        for rows in row_blocks(len(dataset), BLOCK if has_normal_marginals(vae) else BLOCK // 20)
    ]
    mean, sigma = (np.concatenate(arrays) for arrays in zip(*blocks, strict=True))
    return mean, sigma


def has_normal_marginals(vae):
    """Whether q(z|x) is a normal distribution, by its map."""
    return isinstance(vae.posterior, Affine)
