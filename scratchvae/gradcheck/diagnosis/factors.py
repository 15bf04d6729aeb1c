"""What a wrong factor is likely to be."""

import math
from itertools import combinations

import numpy as np

#: Factors that tell a story of their own.
KNOWN = (
    (2.0, "a lost 1/2, or log-variance taken for log-standard-deviation"),
    (0.5, "a lost 2, or log-standard-deviation taken for log-variance"),
    (4.0, "a lost 1/2 twice, or 2 for its inverse"),
    (0.25, "a lost 2 twice, or 1/2 for 2"),
    (math.log(10), "a natural logarithm taken for a decadic one"),
    (1 / math.log(10), "a decadic logarithm taken for a natural one"),
    (math.log(2), "a natural logarithm taken for a binary one"),
    (1 / math.log(2), "a binary logarithm taken for a natural one"),
    (math.pi, "pi"),
    (1 / math.pi, "1 / pi"),
    (2 * math.pi, "2 pi"),
    (1 / (2 * math.pi), "1 / (2 pi)"),
    (math.sqrt(2), "the root of 2"),
    (math.sqrt(0.5), "the root of 1/2"),
)
POWERS = (
    (1, "a sum where a mean is meant", "one factor too many"),
    (-1, "a mean where a sum is meant", "a factor that is lost, or one division too many"),
    (2, "its square is too much", "its square is too much"),
    (-2, "its square is lost", "its square is lost"),
    (0.5, "its root is too much", "its root is too much"),
    (-0.5, "its root is lost", "its root is lost"),
)
#: How near a factor must be to the number of a story.
NEAR = 1e-3


def factor_of(a, n, e):
    """The number c for which a is nearest to c n, by the entries that can be seen; None if there are none.

    It is the median of the ratios, weighted by |n|, which a few wrong entries do not move.
    """
    seen = np.abs(n) > np.maximum(10 * e, 1e-8 * np.abs(n).max(initial=0))
    if not seen.any():
        return None
    ratios, weights = a[seen] / n[seen], np.abs(n[seen])
    order = np.argsort(ratios)
    heavy = np.cumsum(weights[order])
    return float(ratios[order][np.searchsorted(heavy, heavy[-1] / 2)])


def story_of(factor, sizes, shape=(), norm=0.0):
    """Words for a factor above zero: what it mostly comes from; "" if nothing fits.

    Parameters
    ----------
    factor : float
    sizes : dict of str to float
    shape : tuple
        Of the block, whose axes may be what was summed over.
    norm : float
        Of the true gradient.
    """
    return (
        _of_sizes(factor, sizes)
        or next((story for known, story in KNOWN if _near(factor, known)), "")
        or _of_axes(factor, shape)
        or ("the gradient is normalised to length one" if norm and _near(factor, 1 / norm) else "")
        or _of_a_count(factor)
    )


def _of_sizes(factor, sizes):
    for name, size in sizes.items():
        for power, of_count, of_number in POWERS:
            if size != 1 and _near(factor, size**power):
                return f"{name} = {size:g}: {of_count if size.is_integer() else of_number}"
        if size > 1 and _near(factor, size / (size - 1)):
            return f"{name} = {size:g}: a division by {name} - 1"
        if size > 1 and _near(factor, (size - 1) / size):
            return f"{name} = {size:g}: {name} - 1 in the place of {name}"
    for (first, one), (second, two) in combinations(sizes.items(), 2):
        for product, how in ((one * two, f"{first} times {second}"), (one / two, f"{first} over {second}")):
            for value, words in ((product, how), (1 / product, f"one over ({how})")):
                if value != 1 and _near(factor, value):
                    return f"{words} = {value:g}"
    return ""


def _of_axes(factor, shape):
    for axis, n in enumerate(shape):
        if n > 2 and _near(factor, n):
            return f"the length of axis {axis}, {n}: a sum where a mean is meant"
        if n > 2 and _near(factor, 1 / n):
            return f"the length of axis {axis}, {n}: a mean where a sum is meant"
    return ""


def _of_a_count(factor):
    whole = round(max(factor, 1 / factor))
    if 2 < whole < 1e7 and _near(max(factor, 1 / factor), whole):
        return f"{'' if factor > 1 else '1 / '}{whole}: a count, such as the batch size?"
    return ""


def _near(factor, known):
    return abs(factor - known) <= NEAR * abs(known)
