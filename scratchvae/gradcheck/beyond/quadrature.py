"""Integrals of exp(log_prob) over one or two axes: boxes that are halved where they are not exact yet."""

import itertools
from typing import NamedTuple

import numpy as np

#: Gauss-Legendre nodes along each side of a box: exact for polynomials up to degree 15.
N_NODES = 8
#: A box is not halved again if that changed its integral by less, relative to the whole.
LOCAL = 1e-10
#: Boxes along one axis at the beginning, for one axis and for two.
N_BOXES = {1: 48, 2: 10}
#: Values of the density at most, for one axis and for two.
MOST_VALUES = {1: 400_000, 2: 1_000_000}
MOST_ROUNDS = 60
#: Up to so many widths from its centre a density must be a number.
NEAR = 100.0
EPS = np.finfo(np.float64).eps


class Integral(NamedTuple):
    """What was integrated, box by box.

    Attributes
    ----------
    log_total : float
        log of the integral of exp(log_prob).
    error : float
        Of the integral, relative.
    moments, moment_errors : array (2, d)
        Means of x and of x^2 about the axes' centres, and their errors; empty if they were not asked for.
    low, high : arrays (m, d)
        The boxes, in the unit coordinates.
    share : array (m,)
        Of the whole, in each box.
    root : array (m,)
        The box of the beginning that each is a part of.
    """

    log_total: float
    error: float
    moments: np.ndarray
    moment_errors: np.ndarray
    low: np.ndarray
    high: np.ndarray
    share: np.ndarray
    root: np.ndarray


class NotANumber(ValueError):
    """The log-density is NaN or plus infinity near its bulk; `x` says where."""

    def __init__(self, x, value):
        super().__init__(f"log_prob is {value} at x = {x}")
        self.x, self.value = x, value


def integrate(log_prob, axes, with_moments=False):
    """The integral of exp(log_prob) over the product of `axes`.

    Each axis is laid on (0, 1). A box's integral is compared with the sum over its 2^d halves; where they
    differ, the halves are halved again.

    Parameters
    ----------
    log_prob : callable
        x (n, d) -> (n,); minus infinity outside the support.
    axes : sequence of Axis
        One or two.
    with_moments : bool

    Returns
    -------
    Integral

    Raises
    ------
    NotANumber
        If log_prob is NaN or plus infinity at some x.
    """
    measure = _Measure(log_prob, axes, with_moments)
    low, high = _first_boxes(axes)
    while True:
        try:
            return _refined(measure, low, high)
        except OverflowError:
            measure.shift = measure.highest  # a peak that the first nodes did not see; begin again below it


def _refined(measure, low, high):
    d, root = low.shape[1], np.arange(len(low))
    parts = measure(low, high)
    done, error = [], 0.0
    for _ in range(MOST_ROUNDS):
        halves_low, halves_high = _halved(low, high)
        halves = measure(halves_low, halves_high)
        change = np.abs(parts - halves.reshape(len(parts), 2**d, -1).sum(axis=1))
        size = sum(np.abs(entry[2]).sum(axis=0) for entry in done) + np.abs(halves).sum(axis=0)
        size = np.where(size > 0, size, 1.0)
        open_ = (change > LOCAL * size).any(axis=1)
        stop = measure.n_values > MOST_VALUES[d]
        kept = np.repeat(~open_ | stop, 2**d)
        error = error + change[~open_ | stop].sum(axis=0)
        root = np.repeat(root, 2**d)
        done.append((halves_low[kept], halves_high[kept], halves[kept], root[kept]))
        low, high, parts, root = halves_low[~kept], halves_high[~kept], halves[~kept], root[~kept]
        if not len(low):
            break
    else:
        done.append((low, high, parts, root))
        error = error + np.abs(parts).sum(axis=0)
    return _integral(measure, done, np.broadcast_to(error, parts.shape[1:]))


def _integral(measure, done, error):
    low, high, parts, root = (np.concatenate(part) for part in zip(*done, strict=True))
    total = parts.sum(axis=0)
    mass = total[0] if total[0] > 0 else 1.0
    shape = (2, -1) if len(total) > 1 else (2, 0)
    return Integral(
        float(np.log(total[0]) + measure.shift) if total[0] > 0 else -np.inf,
        float(error[0] / mass),
        (total[1:] / mass).reshape(shape),
        (error[1:] / mass).reshape(shape),
        low,
        high,
        parts[:, 0] / mass,
        root,
    )


class _Measure:
    """Integrals over boxes, (m, 1) or with the moments (m, 1 + 2 d), divided by exp(shift)."""

    def __init__(self, log_prob, axes, with_moments):
        self.log_prob, self.axes, self.with_moments = log_prob, axes, with_moments
        self.n_values, self.shift, self.highest = 0, None, -np.inf
        nodes, weights = np.polynomial.legendre.leggauss(N_NODES)
        d = len(axes)
        self.nodes = np.array(list(itertools.product((nodes + 1) / 2, repeat=d)))  # (Q, d)
        self.log_weights = np.log([np.prod(w) for w in itertools.product(weights / 2, repeat=d)])  # (Q,)

    def __call__(self, low, high):
        u = low[:, None] + (high - low)[:, None] * self.nodes  # (m, Q, d)
        u = np.clip(u, 1e-300, 1 - EPS / 2)  # rounding may put it on the end, where x is infinite
        placed = [axis.from_unit(u[..., i]) for i, axis in enumerate(self.axes)]
        x = np.stack([x for x, _ in placed], axis=-1)
        log_p = self._values(x)
        log_g = log_p + sum(slope for _, slope in placed) + self.log_weights
        log_g += np.log(np.maximum(high - low, 1e-300)).sum(axis=-1)[:, None]
        self.highest = max(self.highest, float(log_g.max(initial=-np.inf)))
        if self.shift is None:
            self.shift = self.highest if np.isfinite(self.highest) else 0.0
        if self.highest > self.shift + 300:
            raise OverflowError
        g = np.exp(log_g - self.shift)  # (m, Q)
        if not self.with_moments:
            return g.sum(axis=1)[:, None]
        away = x - np.array([axis.centre for axis in self.axes])
        first, second = (g[..., None] * away).sum(axis=1), (g[..., None] * away**2).sum(axis=1)
        return np.concatenate([g.sum(axis=1)[:, None], first, second], axis=1)

    def _values(self, x):
        flat = x.reshape(-1, x.shape[-1])
        with np.errstate(all="ignore"):
            log_p = np.asarray(self.log_prob(flat), np.float64)
        self.n_values += len(flat)
        bad = np.isnan(log_p) | (log_p == np.inf)
        if bad.any():
            self._refuse_near(flat[bad], log_p[bad])
            log_p = np.where(bad, -np.inf, log_p)
        return log_p.reshape(x.shape[:-1])

    def _refuse_near(self, x, log_p):
        """Far out a formula may overflow where the density is zero for long; nearer it may not."""
        away = [np.abs(x[:, i] - axis.centre) / axis.width for i, axis in enumerate(self.axes)]
        distance = np.max(away, axis=0)
        k = int(np.argmin(distance))
        if distance[k] < NEAR:
            raise NotANumber(x[k], log_p[k])


def edges_of(axis, n_axes):
    """Where the first boxes are cut: at equal distances, where the bulk of the density lies, at the marks.

    Along one axis also at distances from zero and from the bulk that grow by a factor of three: a second
    peak, far away and narrow, is then a good part of its box.
    """
    near = axis.centre + axis.width * np.array([-8.0, -1.0, 0.0, 1.0, 8.0])
    places = [near, axis.marks]
    if n_axes == 1:
        away = axis.width * np.logspace(-2, 6, 17)
        places += [axis.candidates(), axis.centre - away, axis.centre + away]
    near = axis.to_unit(np.concatenate(places))
    cuts = np.unique(np.concatenate([np.linspace(0, 1, N_BOXES[n_axes] + 1), near]))
    cuts = cuts[np.append(True, np.diff(cuts) > 1e-12)]
    cuts[-1] = 1.0
    return cuts


def _first_boxes(axes):
    """The boxes between the cuts, low and high (m, d), the last axis running fastest."""
    edges = [edges_of(axis, len(axes)) for axis in axes]
    low = np.array(list(itertools.product(*(cuts[:-1] for cuts in edges))))
    high = np.array(list(itertools.product(*(cuts[1:] for cuts in edges))))
    return low, high


def _halved(low, high):
    """All 2^d halves of each box, (m 2^d, d)."""
    middle = (low + high) / 2
    sides = itertools.product((0, 1), repeat=low.shape[1])
    pairs = [(np.where(side, middle, low), np.where(side, high, middle)) for side in map(np.array, sides)]
    return tuple(np.stack(part, axis=1).reshape(-1, low.shape[1]) for part in zip(*pairs, strict=True))
