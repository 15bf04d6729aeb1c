"""Draws against the density that they should come from; each test with a stated false-alarm level.

Each test is a function of the draws that gives what was found, what is expected, and how far chance may move
it, so that a diagnosis can make the same test again with the draws moved or stretched.
"""

import math

import numpy as np

from scratchvae.gradcheck.beyond.chance import chi_square_limit, dkw_distance, z_limit
from scratchvae.gradcheck.beyond.comparison import compared
from scratchvae.gradcheck.beyond.quadrature import edges_of
from scratchvae.gradcheck.beyond.sampler_causes import cause_of, forgotten_map
from scratchvae.gradcheck.report import Diagnosis

#: Cells in which fewer draws are expected are taken together: there a count is not nearly normal.
LEAST_EXPECTED = 50


def sampler_block(name, view, test):
    """The block of one test, with a diagnosis if the draws do not pass it.

    Parameters
    ----------
    name : str
    view : DensityView
        The density, and the draws in it.
    test : callable
        draws (n, d) -> (found, expected, slack), arrays of one shape.
    """

    def fits(draws):
        found, expected, slack = test(draws)
        with np.errstate(invalid="ignore"):
            return bool(np.all(np.abs(found - expected) <= slack))

    def cause():
        outside = draws_outside(view)
        return (forgotten_map(view, fits) or outside) if outside else cause_of(view, fits)

    found, expected, slack = test(view.draws)
    worst = int(np.argmax(np.nan_to_num(np.abs(found - expected) - slack, nan=np.inf)))
    numbers = found[worst], expected[worst], slack[worst]
    return compared(name, *numbers, view.rtol, cause, n_checked=len(view.draws))


def draws_outside(view):
    """A Diagnosis if draws lie where the density is zero, but for a few that are rounded to an end."""
    with np.errstate(all="ignore"):
        outside = view.log_prob(view.draws) == -np.inf
    if np.mean(outside) <= 1e-3:
        return None
    first = np.array2string(view.draws[np.argmax(outside)], precision=4)
    where = f"{int(outside.sum()):,} of {len(view.draws):,} draws, the first at x = {first}"
    return Diagnosis("nonfinite", f"the sampler draws where the density is zero: {where}", where=where)


# --- one dimension, and atoms -------------------------------------------------------------------


def distribution_test(view, alpha):
    """The distribution function of the draws beside that of the density, at the edges of its boxes.

    sup |F_n - F| exceeds sqrt(log(2 / alpha) / 2 n) with probability alpha at most (Massart 1990).
    """
    places, expected = _distribution(view)
    slack = np.full(len(places), dkw_distance(alpha, len(view.draws)) + view.uncertainty)

    def test(draws):
        found = np.searchsorted(np.sort(_ordered(view, draws)), places, side="right") / len(draws)
        return found, expected, slack

    return test


def _distribution(view):
    """Where the distribution function is known, and its values there."""
    if view.atoms is not None:
        share = np.exp(view.log_prob(view.atoms))
        return np.arange(len(share)), np.cumsum(share) / (share.sum() or 1.0)
    found = view.integral
    order = np.argsort(found.low[:, 0])
    edges = view.axes[0].from_unit(np.minimum(found.high[order, 0], 1 - 1e-16))[0]
    return edges, np.cumsum(found.share[order])


def _ordered(view, draws):
    """The draws themselves; of atoms their places in the list, one beyond it for what is none of them."""
    if view.atoms is None:
        return draws[:, 0]
    gap = 1e-9 * np.abs(view.atoms).max(initial=1.0)
    known = {tuple(np.rint(atom / gap)): i for i, atom in enumerate(view.atoms)}
    unique, back = np.unique(draws, axis=0, return_inverse=True)
    places = [known.get(tuple(np.rint(row / gap)), len(view.atoms)) for row in unique]
    return np.array(places)[back.ravel()]


# --- two dimensions -----------------------------------------------------------------------------


def cells_test(view, alpha):
    """Pearson's chi^2 over the cells that the integral began with, beside its mean; small cells together."""
    edges = [edges_of(axis, 2) for axis in view.axes]
    shape = [len(cuts) - 1 for cuts in edges]
    expected = np.bincount(view.integral.root, view.integral.share, math.prod(shape)) * len(view.draws)
    large = expected >= LEAST_EXPECTED
    wanted = _merged(expected, large)
    n_free = max(len(wanted) - 1, 1)
    slack = chi_square_limit(alpha, n_free) - n_free

    def test(draws):
        units = [axis.to_unit(draws[:, i]) for i, axis in enumerate(view.axes)]
        cells = [
            np.clip(np.searchsorted(cuts, u, side="right") - 1, 0, n - 1)
            for cuts, u, n in zip(edges, units, shape, strict=True)
        ]
        counts = np.bincount(np.ravel_multi_index(cells, shape), minlength=math.prod(shape))
        statistic = ((_merged(counts, large) - wanted) ** 2 / wanted).sum()
        return np.array([max(statistic, n_free)]), np.array([float(n_free)]), np.array([slack])

    return test


def _merged(counts, large):
    """The counts of the large cells, and of all others together."""
    return np.append(counts[large], max(counts[~large].sum(), 1e-9))


# --- any dimension ------------------------------------------------------------------------------


def moment_test(name, view, wanted, alpha):
    """Mean or standard deviation of the draws beside what they should be, feature by feature."""

    def test(draws):
        n, d = draws.shape
        limit = z_limit(alpha, d, n)
        centre, std = draws.mean(axis=0), draws.std(axis=0, ddof=1)
        if name == "mean":
            return centre, wanted, limit * std / math.sqrt(n)
        squares = (draws - centre) ** 2
        error = squares.std(axis=0, ddof=1) / math.sqrt(n) / np.maximum(2 * std, 1e-300)
        return std, wanted, limit * error

    return test
