"""The scrambled Sobol sequence: points in a cube that fill it more evenly than chance does.

It is that of `scipy.stats.qmc.Sobol`, point by point, for as many dimensions as small models have; for more
it is SciPy's own. SciPy's would do for all, were it not that importing ``scipy.stats`` takes longer than most
fits. In one dimension, with g_1 the lowest bit of g and so on,

    x_n = (v_1 g_1) xor (v_2 g_2) xor ...        g = n xor (n >> 1), the Gray code of n

where the direction numbers v_j follow from a primitive polynomial over the integers modulo 2 of degree s,

    v_j = a_1 v_{j-1} xor a_2 v_{j-2} xor ... xor v_{j-s} xor (v_{j-s} >> s)

and from first values that are chosen so that pairs of dimensions are even too (Joe & Kuo 2008). Scrambling
leaves the evenness and makes every point uniform: each v_j is multiplied by a random lower triangular matrix
of bits, and every point is shifted by the same random bits (Matousek 1998).

References
----------
S. Joe and F. Y. Kuo, Constructing Sobol sequences with better two-dimensional projections, SIAM Journal on
Scientific Computing 30, 2008.
J. Matousek, On the L2-discrepancy for anchored boxes, Journal of Complexity 14, 1998.
"""

import numpy as np

#: Of each dimension after the first: the polynomial, as the bits of a number, and the first values.
DIRECTIONS = (
    (3, (1,)),
    (7, (1, 3)),
    (11, (1, 3, 1)),
    (13, (1, 1, 1)),
    (19, (1, 1, 3, 3)),
    (25, (1, 3, 5, 13)),
    (37, (1, 1, 5, 5, 17)),
    (41, (1, 1, 5, 5, 5)),
    (47, (1, 1, 7, 11, 19)),
    (55, (1, 1, 5, 1, 1)),
    (59, (1, 1, 1, 3, 11)),
    (61, (1, 3, 5, 5, 31)),
    (67, (1, 3, 3, 9, 7, 49)),
    (91, (1, 1, 1, 15, 21, 21)),
    (97, (1, 3, 1, 13, 27, 49)),
    (103, (1, 1, 1, 15, 7, 5)),
    (109, (1, 3, 1, 15, 13, 25)),
    (115, (1, 1, 5, 5, 19, 61)),
    (131, (1, 3, 7, 11, 23, 15, 103)),
    (137, (1, 3, 7, 13, 13, 15, 69)),
    (143, (1, 1, 3, 13, 7, 35, 63)),
    (145, (1, 3, 5, 9, 1, 25, 53)),
    (157, (1, 3, 1, 13, 9, 35, 107)),
    (167, (1, 3, 1, 5, 27, 61, 31)),
    (171, (1, 1, 5, 11, 19, 41, 61)),
    (185, (1, 3, 5, 3, 3, 13, 69)),
    (191, (1, 1, 7, 13, 1, 19, 1)),
    (193, (1, 3, 7, 5, 13, 19, 59)),
    (203, (1, 1, 3, 9, 25, 29, 41)),
    (211, (1, 3, 5, 13, 23, 1, 55)),
    (213, (1, 3, 7, 3, 13, 59, 17)),
)
BITS = 30


def sobol(n_dimensions, rng):
    """Return a function n -> the next n points (n, L) of a newly scrambled sequence.

    Parameters
    ----------
    n_dimensions : int
        L.
    rng : numpy.random.Generator
        A child of it scrambles; no number is drawn from itself.
    """
    if n_dimensions <= len(DIRECTIONS) + 1:
        return Sobol(n_dimensions, rng.spawn(1)[0]).take
    from scipy.stats import qmc

    return qmc.Sobol(n_dimensions, scramble=True, seed=rng).random


class Sobol:
    """One sequence, and how many of its points were taken."""

    def __init__(self, n_dimensions, rng):
        powers = 2 ** np.arange(BITS, dtype=np.uint32)
        bits = rng.integers(0, 2, size=(n_dimensions, BITS), dtype=np.uint32)
        self.shift = bits @ powers  # (L,)
        self.directions = scrambled(direction_numbers(n_dimensions), rng)  # (L, 30)
        self.n_taken = 0

    def take(self, n):
        """The next n points, (n, L), in [0, 1)."""
        number = np.arange(self.n_taken, self.n_taken + n, dtype=np.uint32)
        gray = number ^ (number >> 1)
        self.n_taken += n
        points = np.broadcast_to(self.shift, (n, len(self.shift))).copy()
        for j in range(int(gray.max()).bit_length()):
            is_set = (gray >> j) & 1
            points ^= is_set[:, None] * self.directions[:, j]
        return points / 2.0**BITS


def direction_numbers(n_dimensions):
    """v_j of each dimension, whole numbers of 30 bits, (L, 30); of the first v_j = 2^(30 - j)."""
    v = np.empty((n_dimensions, BITS), np.uint32)
    v[0] = 1 << np.arange(BITS - 1, -1, -1)
    for row, (polynomial, first) in zip(v[1:], DIRECTIONS, strict=False):
        row[:] = _recurrence(polynomial, first)
    return v


def _recurrence(polynomial, first):
    """The direction numbers that a polynomial and first values give."""
    degree = len(first)
    v = [value << (BITS - 1 - j) for j, value in enumerate(first)]
    for j in range(degree, BITS):
        new = v[j - degree] ^ (v[j - degree] >> degree)
        for i in range(1, degree):
            new ^= v[j - i] * ((polynomial >> (degree - i)) & 1)
        v.append(new)
    return v


def scrambled(v, rng):
    """Each v_j multiplied, as a vector of bits modulo 2, by a random lower triangular matrix with a diagonal
    of ones, one for each dimension."""
    matrices = np.tril(rng.integers(0, 2, size=(len(v), BITS, BITS), dtype=np.uint32), -1)
    matrices += np.eye(BITS, dtype=np.uint32)
    places = np.arange(BITS - 1, -1, -1, dtype=np.uint32)  # the highest bit first
    bits = (v[..., None] >> places) & 1  # (L, j, bit)
    return ((np.einsum("lpk,ljk->ljp", matrices, bits) & 1) << places).sum(axis=-1, dtype=np.uint32)
