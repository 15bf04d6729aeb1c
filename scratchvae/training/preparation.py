"""From what a user hands in to rows that suit the model's likelihood."""

import dataclasses
from itertools import permutations

from scratchvae.broadcasting import row_blocks
from scratchvae.data import as_dataset
from scratchvae.data.binarization import fixed
from scratchvae.validation import choose

BINARIZATIONS = {"dynamic": "drawn anew at every visit", "fixed": "drawn once"}
#: The seed of every fixed draw of bits: the same bits in every run, so that figures compare.
BITS_SEED = 0


def prepare(vae, data, binarization=None, name="data"):
    """Return `data` as a data set whose rows, and labels, suit the model, or raise a ValueError.

    Parameters
    ----------
    vae : VAE
    data : array (N, D), (N, h, w) or Dataset
    binarization : {None, "dynamic", "fixed"}
        "fixed" draws bits once, here; "dynamic" leaves that to the minibatches; None takes the
        values as they are, and checks all of them against the likelihood.
    name : str
        For messages.
    """
    if binarization is not None:
        choose(BINARIZATIONS, binarization, "binarization")
    dataset = as_dataset(data, name)
    if vae.likelihood.takes_levels:
        dataset = dataclasses.replace(dataset, scale=1)
    vae.check_dataset(dataset)
    if binarization == "fixed":
        return fixed(dataset, BITS_SEED)
    if binarization is None:
        _check_values(vae, dataset)
    return dataset


def _check_values(vae, dataset):
    """Hold all values against the likelihood: whole ones as they are stored, which is far quicker."""
    if dataset.scale == 1 and dataset.x.dtype.kind in "bui":
        for x in dataset.blocks():
            vae.likelihood.check(x)
        return
    for rows in row_blocks(len(dataset)):
        vae.check_data(dataset.pixels(rows, vae.dtype))


def prepare_both(vae, data, valid, binarization):
    """Return training and validation data as `prepare` does; the bits of the latter are always fixed.

    Raises
    ------
    ValueError
        Also if one of the two is divided by its scale and the other is plainly not.
    """
    data = as_dataset(data, "data")
    if valid is None:
        return prepare(vae, data, binarization), None
    valid = as_dataset(valid, "validation data")
    if not vae.likelihood.takes_levels:  # which takes the values of both as they are
        _check_same_scale(data, valid)
    bits = "fixed" if binarization else None
    return prepare(vae, data, binarization), prepare(vae, valid, bits)


def _check_same_scale(data, valid):
    """Gray bytes count from 0 to 1. Beside them, values beyond that are of another scale."""
    for (name, plain), (gray_name, gray) in permutations({"data": data, "validation data": valid}.items()):
        low, high = plain.limits
        if plain.scale == 1 and gray.scale != 1 and (low < 0 or high > 1):
            raise ValueError(
                f"{name} has values from {low} to {high}, but {gray_name} is divided by {gray.scale} and "
                "runs from 0 to 1; bring both to one scale."
            )
