"""Small numerical pieces that several floors use."""

import numpy as np


def log_sum_exp(a, axis):
    """log sum e^a along `axis`, with the largest term taken out so that nothing overflows.

    An all-minus-infinity slice gives minus infinity.
    """
    largest = np.max(a, axis=axis, keepdims=True)
    shift = np.where(np.isfinite(largest), largest, 0)
    with np.errstate(divide="ignore"):  # log 0 = -inf is the right answer
        total = np.log(np.exp(a - shift).sum(axis=axis, keepdims=True)) + shift
    return np.squeeze(total, axis=axis)


def sigmoid(a):
    """1 / (1 + e^-a), written with e^-|a| so that it neither overflows nor loses its small values."""
    small = np.exp(-np.abs(a))
    return np.where(a >= 0, 1, small) / (1 + small)


def softplus(a):
    """log(1 + e^a) = max(a, 0) + log(1 + e^-|a|)."""
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))
