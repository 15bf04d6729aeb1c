"""The monotone rational-quadratic spline, number by number: a flexible increasing function."""

import math
from typing import NamedTuple

import numpy as np

from scratchvae.numerics import sigmoid, softplus
from scratchvae.validation import in_range, last_axis, whole_number

#: The least width and height of a bin, as a part of the box; and the least slope at a knot.
MIN_BIN = 1e-3
MIN_SLOPE = 1e-3


class Knots(NamedTuple):
    """Of one spline for each number; K bins, K + 1 knots."""

    x: np.ndarray  # the knots, (..., K + 1)
    y: np.ndarray  # their heights
    slope: np.ndarray  # the slopes there
    width_shares: np.ndarray  # the two softmaxes, (..., K)
    height_shares: np.ndarray


class Bin(NamedTuple):
    """The numbers of the bin in which x lies, each of x's shape."""

    index: np.ndarray
    x: np.ndarray  # left end
    y: np.ndarray  # lower end
    width: np.ndarray
    height: np.ndarray
    slope: np.ndarray  # d0, at the left end
    next_slope: np.ndarray  # d1, at the right end


class Cache(NamedTuple):
    params: np.ndarray
    knots: Knots
    bin: Bin
    xi: np.ndarray  # where in its bin x lies, from 0 to 1
    inside: np.ndarray  # whether x lies in the box


class RationalQuadratic:
    """y = f(x), increasing from the box [-B, B] onto itself, and y = x outside.

    The box is cut into K bins. In the bin from (x_k, y_k), of width w and height h, with mean slope
    s = h / w, slopes d0 and d1 at its ends, xi = (x - x_k) / w and t = xi (1 - xi),

        y = y_k + h (s xi^2 + d0 t) / q         q = s + (d0 + d1 - 2 s) t
        dy/dx = s^2 p / q^2                     p = d1 xi^2 + 2 s t + d0 (1 - xi)^2

    a quotient of quadratics with f' continuous from bin to bin, and positive whatever the positive numbers
    w, h, d0, d1 are. (Gregory & Delbourgo 1982; Durkan, Bekasov, Murray & Papamakarios 2019, section 3.)

    Free numbers become bins by w_j = 2 B (m + (1 - K m) softmax(a)_j) with m = 0.001, heights likewise,
    and the K - 1 slopes inside by d = 0.001 + softplus(a + c), c such that a = 0 gives 1. At both ends of
    the box the slope is 1, as outside. So no slope dy/dx is zero or infinite, and for parameters of zero f
    is the identity.

    Parameters
    ----------
    n_bins : int
        K, from 2 to 500.
    bound : float
        B.
    """

    def __init__(self, n_bins=8, bound=4.0):
        self.n_bins = whole_number(n_bins, "n_bins", least=2)
        if self.n_bins * MIN_BIN > 0.5:
            raise ValueError(f"n_bins must be at most {int(0.5 / MIN_BIN)}, not {n_bins!r}.")
        self.bound = in_range(bound, "bound", 0, math.inf, low_open=True, high_open=True)
        self.n_params = 3 * self.n_bins - 1

    # --- from free numbers to knots, and back ------------------------------------------------------

    def knots(self, params):
        """The knots of params (..., 3 K - 1), which packs widths (K), heights (K), slopes (K - 1)."""
        widths, heights, slopes = np.split(params, [self.n_bins, 2 * self.n_bins], axis=-1)
        x, width_shares = self._cumulated(widths)
        y, height_shares = self._cumulated(heights)
        ends = np.ones((*slopes.shape[:-1], 1), slopes.dtype)
        slopes = np.concatenate([ends, MIN_SLOPE + softplus(slopes + SLOPE_SHIFT), ends], axis=-1)
        return Knots(x, y, slopes, width_shares, height_shares)

    def _cumulated(self, a):
        """The K + 1 ends of bins whose sizes are w_j = 2 B (m + (1 - K m) softmax(a)_j), and softmax(a)."""
        shares = np.exp(a - a.max(axis=-1, keepdims=True))
        shares = shares / shares.sum(axis=-1, keepdims=True)
        parts = MIN_BIN + (1 - self.n_bins * MIN_BIN) * shares
        inner = self.bound * (2 * np.cumsum(parts, axis=-1)[..., :-1] - 1)
        end = np.full((*a.shape[:-1], 1), self.bound, a.dtype)  # not what rounding makes of the sum
        return np.concatenate([-end, inner, end], axis=-1), shares

    def _cumulated_backward(self, shares, dleft, dsize, index):
        """da (..., K) for the gradients by the left end and the size of bin `index`.

        left_k = -B + sum_(j<k) w_j, so w_j has dleft for each j < k, and dsize for j = k. Then through
        the softmax r: dr_j = 2 B (1 - K m) dw_j, da_j = r_j (dr_j - sum_i r_i dr_i).

        The last bin's size is what is left of 2 B: to the derivative of the sum that makes no difference.
        """
        j = np.arange(self.n_bins)
        dw = np.where(j < index[..., None], dleft[..., None], 0)
        dw = dw + np.where(j == index[..., None], dsize[..., None], 0)
        dr = (2 * self.bound * (1 - self.n_bins * MIN_BIN)) * dw
        return shares * (dr - (shares * dr).sum(axis=-1, keepdims=True))

    def _fitting(self, x, params):
        """params, or a ValueError if they are not 3 K - 1 for each number in x."""
        last_axis(params, "params", self.n_params)
        if params.shape[:-1] != np.shape(x):
            wanted = (*np.shape(x), self.n_params)
            raise ValueError(
                f"params must have {self.n_params} numbers for each of x, shape {wanted}, not {params.shape}."
            )
        return params

    # --- the spline --------------------------------------------------------------------------------

    def forward(self, x, params):
        """Return y and log dy/dx, both like x (...), and the cache, for params (..., 3 K - 1)."""
        knots = self.knots(self._fitting(x, params))
        inside = np.abs(x) < self.bound
        found = _find(np.clip(x, -self.bound, self.bound), knots.x, knots)
        xi = np.where(inside, (x - found.x) / found.width, 0)
        s, t, q, p = _quadratics(found, xi)
        y = found.y + found.height * (s * xi * xi + found.slope * t) / q  # Eq. (48)
        log_slope = 2 * np.log(s) + np.log(p) - 2 * np.log(q)  # Eq. (49)
        cache = Cache(params, knots, found, xi, inside)
        return np.where(inside, y, x), np.where(inside, log_slope, 0), cache

    def backward(self, cache, dy, dlog_slope):
        """Return dx (...) and dparams (..., 3 K - 1) for the two incoming gradients.

        With n = s xi^2 + d0 t, so that y = y_k + h n / q, and log dy/dx = 2 log s + log p - 2 log q:

            dn = dy h / q      dq = -dy h n / q^2 - 2 dlog_slope / q      dp = dlog_slope / p
            ds = dn xi^2 + dq (1 - 2 t) + 2 dp t + 2 dlog_slope / s
            dd0 = (dn + dq) t + dp (1 - xi)^2       dd1 = dq t + dp xi^2
            dt = dn d0 + dq (d0 + d1 - 2 s) + 2 dp s
            dxi = 2 dn s xi + dt (1 - 2 xi) + 2 dp (d1 xi - d0 (1 - xi))

        and then by s = h / w, xi = (x - x_k) / w:

            dh = dy n / q + ds / w      dw = -(ds s + dxi xi) / w      dx = -dx_k = dxi / w      dy_k = dy
        """
        _, knots, found, xi, inside = cache
        dy_in, dlog_slope = np.where(inside, dy, 0), np.where(inside, dlog_slope, 0)
        dxi, ds, dheight, dslopes = _bin_backward(found, xi, dy_in, dlog_slope)
        dx = dxi / found.width
        dwidth = -(ds * found.height / found.width + dxi * xi) / found.width
        dheight = dheight + ds / found.width
        dwidths = self._cumulated_backward(knots.width_shares, -dx, dwidth, found.index)
        dheights = self._cumulated_backward(knots.height_shares, dy_in, dheight, found.index)
        dslopes = self._slopes_backward(cache, *dslopes)
        return np.where(inside, dx, dy), np.concatenate([dwidths, dheights, dslopes], axis=-1)

    def _slopes_backward(self, cache, dslope, dnext_slope):
        """da (..., K - 1) for the gradients by the slopes at the ends of the bin, d = m + softplus(a + c).

        The slopes at the ends of the box are fixed.
        """
        knot, index = np.arange(1, self.n_bins), cache.bin.index[..., None]
        dd = np.where(knot == index, dslope[..., None], 0)
        dd = dd + np.where(knot == index + 1, dnext_slope[..., None], 0)
        return dd * sigmoid(cache.params[..., 2 * self.n_bins :] + SLOPE_SHIFT)

    def inverse(self, y, params):
        """Return the x (...) of f(x) = y, a root of a quadratic.

        With v = y - y_k, y (48) times q is a xi^2 + b xi + c = 0,

            a = h (s - d0) + v e     b = h d0 - v e     c = -s v     e = d0 + d1 - 2 s

        whose root in [0, 1] is (-b + r) / 2 a = -2 c / (b + r), r = sqrt(b^2 - 4 a c): the second form where
        b >= 0, the first where b < 0 (then a > 0, as a + b = h s), so that nothing cancels.
        """
        knots = self.knots(self._fitting(y, params))
        inside = np.abs(y) < self.bound
        found = _find(np.clip(y, -self.bound, self.bound), knots.y, knots)
        xi = _root(found, np.where(inside, y - found.y, 0))
        return np.where(inside, found.x + found.width * xi, y)


#: c of the slopes: 0.001 + softplus(c) = 1.
SLOPE_SHIFT = math.log(math.expm1(1 - MIN_SLOPE))


def _find(value, ends, knots):
    """The bin between whose `ends` (..., K + 1) the value lies."""
    index = (value[..., None] >= ends[..., 1:-1]).sum(axis=-1)

    def at(array, shift=0):
        return np.take_along_axis(array, index[..., None] + shift, axis=-1)[..., 0]

    x, y = at(knots.x), at(knots.y)
    return Bin(index, x, y, at(knots.x, 1) - x, at(knots.y, 1) - y, at(knots.slope), at(knots.slope, 1))


def _quadratics(found, xi):
    """s, t, q and p: q and p as sums of positive terms."""
    s, t = found.height / found.width, xi * (1 - xi)
    q = s * (1 - 2 * t) + (found.slope + found.next_slope) * t
    p = found.next_slope * xi * xi + 2 * s * t + found.slope * (1 - xi) ** 2
    return s, t, q, p


def _bin_backward(found, xi, dy, dlog_slope):
    """dxi, ds, dh at fixed s, and (dd0, dd1): see `RationalQuadratic.backward`."""
    s, t, q, p = _quadratics(found, xi)
    d0, d1 = found.slope, found.next_slope
    n = s * xi * xi + d0 * t
    dn, dp = dy * found.height / q, dlog_slope / p
    dq = -(dn * n + 2 * dlog_slope) / q
    ds = dn * xi * xi + dq * (1 - 2 * t) + 2 * dp * t + 2 * dlog_slope / s  # Eq. (48'), Eq. (49')
    dt = dn * d0 + dq * (d0 + d1 - 2 * s) + 2 * dp * s
    dxi = 2 * dn * s * xi + dt * (1 - 2 * xi) + 2 * dp * (d1 * xi - d0 * (1 - xi))  # Eq. (48'), Eq. (49')
    return dxi, ds, dy * n / q, ((dn + dq) * t + dp * (1 - xi) ** 2, dq * t + dp * xi * xi)


def _root(found, v):
    """The xi of height v above the bin's lower end."""
    h, s, d0 = found.height, found.height / found.width, found.slope
    e = d0 + found.next_slope - 2 * s
    a, b, c = h * (s - d0) + v * e, h * d0 - v * e, -s * v
    r = np.sqrt(np.maximum(b * b - 4 * a * c, 0))
    rising = b >= 0
    numerator = np.where(rising, -2 * c, r - b)
    return numerator / np.where(rising, b + r, 2 * a)
