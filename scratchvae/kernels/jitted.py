"""The numba twins of ``reference.py``: the same numbers in fewer passes over the memory.

They are serial: threads beside a threaded BLAS would fight it for the cores. In ``compiling.OPTIONS``
``error_model="numpy"`` lets a division be vectorised, and the flags let a sum be reordered; none of
them assumes away infinities or NaN.
"""

import math

import numpy as np

from scratchvae.kernels import codes
from scratchvae.kernels.compiling import jit


def bernoulli_log_prob(x, logits):
    """Twin of ``reference.bernoulli_log_prob``."""
    if logits.dtype == np.float32:
        return _bernoulli_value_single(x, logits)
    small = _exp_minus_abs(logits)
    return _bernoulli_value(x, logits, np.log1p(small))


def bernoulli_log_prob_and_grad(x, logits):
    """Twin of ``reference.bernoulli_log_prob_and_grad``."""
    if logits.dtype == np.float32:
        return _bernoulli_value_and_grad_single(x, logits)
    small = _exp_minus_abs(logits)
    return _bernoulli_value_and_grad(x, logits, small, np.log1p(small))


def _exp_minus_abs(logits):
    # NumPy's exp and log1p use vector instructions; numba's call the C library once for each pixel.
    small = np.abs(logits)
    np.negative(small, out=small)
    return np.exp(small, out=small)


# Below, x l - max(l, 0) is written l (x - [l >= 0]): no two large numbers cancel, in whatever order.
@jit
def _bernoulli_value(x, logits, log1p_small):
    n_samples, n_batch, n_data = logits.shape
    zero, one = logits.dtype.type(0), logits.dtype.type(1)
    log_p = np.empty((n_samples, n_batch), logits.dtype)
    for k in range(n_samples):
        for b in range(n_batch):
            total = zero
            for d in range(n_data):
                logit = logits[k, b, d]
                total += logit * (x[b, d] - (one if logit >= 0 else zero)) - log1p_small[k, b, d]
            log_p[k, b] = total  # Eq. (14)
    return log_p


#: Factors of at most 2 whose product single precision can hold: 2^112.
_STRIP = 112


@jit
def _bernoulli_value_single(x, logits):
    n_samples, n_batch, n_data = logits.shape
    log_p = np.empty((n_samples, n_batch), logits.dtype)
    for k in range(n_samples):
        for b in range(n_batch):
            total = 0.0
            for first in range(0, n_data, _STRIP):
                strip = slice(first, first + _STRIP)
                total += _bernoulli_strip(x[b, strip], logits[k, b, strip])
            log_p[k, b] = total  # Eq. (14)
    return log_p


@jit
def _bernoulli_strip(x, logits):
    """sum_d x l - max(l, 0) - log(1 + e^-|l|), the last as one logarithm of a product.

    Of one pixel log p is off by less than 2e-7, and by the rounding of l (x - [l >= 0]).
    """
    zero, one = np.float32(0), np.float32(1)
    linear, product = zero, one
    for d in range(logits.size):
        logit = logits[d]
        linear += logit * (x[d] - (one if logit >= 0 else zero))
        product *= one + _exp_single(-abs(logit))
    return linear - math.log(product)


@jit
def _bernoulli_value_and_grad_single(x, logits):
    n_samples, n_batch, n_data = logits.shape
    log_p = np.empty((n_samples, n_batch), logits.dtype)
    residual = np.empty_like(logits)
    for k in range(n_samples):
        for b in range(n_batch):
            total = 0.0
            for first in range(0, n_data, _STRIP):
                strip = slice(first, first + _STRIP)
                total += _bernoulli_strip_and_grad(x[b, strip], logits[k, b, strip], residual[k, b, strip])
            log_p[k, b] = total  # Eq. (14)
    return log_p, residual


@jit
def _bernoulli_strip_and_grad(x, logits, residual):
    """`_bernoulli_strip`, and x - sigmoid(l) into `residual`, off by less than 2e-7."""
    zero, one = np.float32(0), np.float32(1)
    linear, product = zero, one
    for d in range(logits.size):
        pixel, logit = x[d], logits[d]
        small = _exp_single(-abs(logit))
        linear += logit * (pixel - (one if logit >= 0 else zero))
        product *= one + small
        residual[d] = pixel - (one if logit >= 0 else small) / (one + small)  # Eq. (14')
    return linear - math.log(product)


#: log 2 in two parts, the first of few digits, so that its product with a whole number is exact.
_LOG_2 = np.float32(0.693359375), np.float32(-2.12194440e-4)
#: (e^r - 1 - r) / r^2 for |r| <= log(2) / 2, from the highest power down (Moshier's Cephes, expf).
_EXP = tuple(np.float32([1.9875691e-4, 1.3981999e-3, 8.3334519e-3, 4.1665796e-2, 1.6666666e-1, 5.0000001e-1]))


@jit
def _exp_single(a):
    """e^a for a <= 0 in single precision, off by less than 5e-7 of its size; below -87, e^-87 = 1.6e-38.

    a = n log 2 + r with a whole number n and |r| <= log(2) / 2: e^r is a polynomial, and 2^n is made of the
    bits of its exponent. That is arithmetic alone, which the compiler turns into vector instructions.
    """
    high, low = _LOG_2
    c7, c6, c5, c4, c3, c2 = _EXP
    a = max(a, np.float32(-87))
    n = np.int32(a * np.float32(1.4426950408889634) - np.float32(0.5))  # rounds to the nearest, as a <= 0
    r = a - np.float32(n) * high - np.float32(n) * low
    power = np.float32(1) + r + r * r * (c2 + r * (c3 + r * (c4 + r * (c5 + r * (c6 + r * c7)))))
    return power * np.int32((n + 127) << 23).view(np.float32)


@jit
def _bernoulli_value_and_grad(x, logits, small, log1p_small):
    n_samples, n_batch, n_data = logits.shape
    zero, one = logits.dtype.type(0), logits.dtype.type(1)
    log_p = np.empty((n_samples, n_batch), logits.dtype)
    residual = np.empty_like(logits)
    for k in range(n_samples):
        for b in range(n_batch):
            total = zero
            for d in range(n_data):
                logit = logits[k, b, d]
                total += logit * (x[b, d] - (one if logit >= 0 else zero)) - log1p_small[k, b, d]
                sigmoid = (one if logit >= 0 else small[k, b, d]) / (one + small[k, b, d])
                residual[k, b, d] = x[b, d] - sigmoid  # Eq. (14')
            log_p[k, b] = total  # Eq. (14)
    return log_p, residual


@jit
def activation_backward(code, a, h, dh):
    """Twin of ``reference.activation_backward``."""
    n_rows, n = a.shape
    da = np.empty_like(dh)
    db = np.zeros(n, dh.dtype)
    slope = np.ones(n, a.dtype)
    for i in range(n_rows):
        _slope(code, a[i], h[i], slope)
        for j in range(n):
            da[i, j] = dh[i, j] * slope[j]  # Eq. (12')
            db[j] += da[i, j]  # Eq. (11')
    return da, db


@jit
def _slope(code, a, h, slope):
    one = a.dtype.type(1)
    n = a.size
    if code == codes.TANH:
        for j in range(n):
            slope[j] = one - h[j] * h[j]
    elif code == codes.RELU:
        for j in range(n):
            slope[j] = one if a[j] > 0 else 0 * one
    elif code == codes.LEAKY_RELU:
        for j in range(n):
            slope[j] = one if a[j] > 0 else codes.LEAK * one
    elif code == codes.ELU:
        for j in range(n):
            slope[j] = one if a[j] > 0 else h[j] + codes.ELU_ALPHA * one
    elif code == codes.SOFTPLUS:
        for j in range(n):
            slope[j] = -math.expm1(-h[j])
    elif code == codes.SIGMOID:
        for j in range(n):
            slope[j] = h[j] * (one - h[j])
    elif code == codes.GELU:
        for j in range(n):
            density = math.exp(-a[j] * a[j] / 2) / math.sqrt(2 * math.pi)
            slope[j] = math.erfc(-a[j] / math.sqrt(2)) / 2 + a[j] * density
    elif code != codes.IDENTITY:  # whose slope of one stands there already
        raise ValueError("unknown activation code")


def diagonal_forward(lam, eps):
    """Twin of ``reference.diagonal_forward``."""
    sigma = np.exp(lam[:, eps.shape[-1] :])  # by NumPy, in vector instructions
    return *_diagonal_forward(lam, sigma, eps), sigma


@jit
def _diagonal_forward(lam, sigma, eps):
    n_samples, n_batch, n_latent = eps.shape
    z = np.empty_like(eps)
    log_det = np.empty((n_samples, n_batch), eps.dtype)
    for b in range(n_batch):
        total = 0.0
        for i in range(n_latent):
            total += lam[b, n_latent + i]
        for k in range(n_samples):
            log_det[k, b] = total  # Eq. (9)
            for i in range(n_latent):
                z[k, b, i] = lam[b, i] + sigma[b, i] * eps[k, b, i]  # Eq. (8)
    return z, log_det


@jit
def diagonal_backward(eps, sigma, dz, dlog_det):
    """Twin of ``reference.diagonal_backward``."""
    n_samples, n_batch, n_latent = eps.shape
    dlam = np.zeros((n_batch, 2 * n_latent), eps.dtype)
    deps = np.empty_like(eps)
    for k in range(n_samples):
        for b in range(n_batch):
            # Two loops over few arrays each: of more the compiler does not check that they lie apart.
            dmu, dlog_sigma, dlog_det_b = dlam[b, :n_latent], dlam[b, n_latent:], dlog_det[k, b]
            for i in range(n_latent):
                deps[k, b, i] = dz[k, b, i] * sigma[b, i]  # Eq. (8')
                dmu[i] += dz[k, b, i]
            for i in range(n_latent):
                dlog_sigma[i] += deps[k, b, i] * eps[k, b, i] + dlog_det_b  # Eq. (9')
    return dlam, deps


@jit
def planar_direction(lam):
    """Twin of ``reference.planar_direction``."""
    n_batch, n = lam.shape[0], lam.shape[1] // 2
    u_hat = np.empty((n_batch, n), lam.dtype)
    x, norm = np.empty((n_batch, 1), lam.dtype), np.empty((n_batch, 1), lam.dtype)
    for b in range(n_batch):
        u, w = lam[b, :n], lam[b, n : 2 * n]
        x[b, 0], norm[b, 0] = _dot(w, u), _dot(w, w) + np.finfo(lam.dtype).tiny
        u_hat[b] = u
        _add(u_hat[b], -x[b, 0] / norm[b, 0], w)
        along = _dot(w, u_hat[b])  # what rounding left along w
        _add(u_hat[b], (_above_minus_one(x[b, 0])[0] - along) / norm[b, 0], w)
    return u_hat, x, norm


@jit
def planar_forward(lam, eps):
    """Twin of ``reference.planar_forward``."""
    n_samples, n_batch, n = eps.shape
    u_hat, x, norm = planar_direction(lam)
    z = eps.copy()
    log_det, a = np.empty((n_samples, n_batch), eps.dtype), np.empty((n_samples, n_batch, 1), eps.dtype)
    for b in range(n_batch):
        _, gap, _ = _above_minus_one(x[b, 0])
        for k in range(n_samples):
            a[k, b, 0] = _dot(lam[b, n : 2 * n], eps[k, b]) + lam[b, 2 * n]
            t, slope = _tanh_and_slope(a[k, b, 0])
            _add(z[k, b], t, u_hat[b])  # Eq. (40)
            log_det[k, b] = math.log(t * t + slope * gap)  # Eq. (41)
    return z, log_det, u_hat, x, norm, a


@jit
def planar_backward(lam, eps, u_hat, x, norm, a, dz, dlog_det):
    """Twin of ``reference.planar_backward``."""
    n_samples, n_batch, n = eps.shape
    dlam, deps = np.zeros_like(lam), dz.copy()
    for b in range(n_batch):
        u, w, du_hat, dw = lam[b, :n], lam[b, n : 2 * n], dlam[b, :n], dlam[b, n : 2 * n]
        m, gap, root = _above_minus_one(x[b, 0])
        dm = 0.0
        for k in range(n_samples):
            t, slope = _tanh_and_slope(a[k, b, 0])
            ddet = dlog_det[k, b] / (t * t + slope * gap)  # Eq. (41')
            da = slope * (_dot(u_hat[b], dz[k, b]) - 2 * t * m * ddet)  # Eq. (40'), Eq. (41')
            dm += slope * ddet  # Eq. (41')
            _add(du_hat, t, dz[k, b])  # Eq. (40')
            _add(dw, da, eps[k, b])  # Eq. (40')
            _add(deps[k, b], da, w)  # Eq. (40')
            dlam[b, 2 * n] += da
        q, share = _dot(w, du_hat) / norm[b, 0], x[b, 0] * x[b, 0] / (1 + root) / norm[b, 0]
        dx = q * x[b, 0] / root + dm * gap / root  # Eq. (40')
        _add(dw, share, du_hat)  # Eq. (40')
        _add(dw, dx, u)
        _add(dw, -2 * share * q, w)
        _add(du_hat, dx, w)  # from here on it is du
    return dlam, deps


@jit
def _dot(a, b):
    total = a.dtype.type(0)
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@jit
def _add(a, factor, b):
    """a <- a + factor b."""
    factor = a.dtype.type(factor)
    for i in range(a.size):
        a[i] += factor * b[i]


@jit
def _above_minus_one(x):
    """Twin of ``numerics.above_minus_one``, in double precision."""
    x = float(x)
    root = math.hypot(1.0, x)
    gap = 1 / (root + abs(x)) if x < 0 else x + root
    return x * (1 + gap) / (1 + root), gap, root


@jit
def _tanh_and_slope(a):
    """Twin of ``numerics.tanh_and_slope``, in double precision."""
    a = float(a)
    k = math.exp(-2 * abs(a))
    return math.tanh(a), 4 * k / (1 + k) ** 2


@jit
def adam_update(value, grad, m, v, t, lr, beta1, beta2, epsilon, weight_decay):
    """Twin of ``reference.adam_update``."""
    real = value.dtype.type  # the scalars in the vector's own precision, or all becomes float64
    keep1, new1, keep2, new2 = real(beta1), real(1 - beta1), real(beta2), real(1 - beta2)
    # m_hat / (sqrt(v_hat) + epsilon) with both corrections taken out of the loop: one root and one division
    # an entry (Kingma & Ba 2015, end of section 2).
    root = np.sqrt(1 - beta2**t)
    rate, epsilon, decay = real(lr * root / (1 - beta1**t)), real(epsilon * root), real(lr * weight_decay)
    # All reads stand before all writes: a read right after a write waits for it where the two addresses agree
    # in their last twelve bits, as those of large arrays do. That takes three times as long.
    for i in range(value.size):
        value_i, grad_i, m_i, v_i = value[i], grad[i], m[i], v[i]
        m_i = keep1 * m_i + new1 * grad_i  # Eq. (18)
        v_i = keep2 * v_i + new2 * grad_i * grad_i  # Eq. (18)
        value_i -= rate * m_i / (np.sqrt(v_i) + epsilon) + decay * value_i  # Eq. (19)
        m[i], v[i], value[i] = m_i, v_i, value_i
