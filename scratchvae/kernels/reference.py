"""The kernels of the hot loop in readable NumPy: they are the definition.

Each has a twin of the same name and signature in ``jitted.py``, which makes one pass over the memory
where NumPy makes several. A test holds a naive loop, this file and its twin equal, for both dtypes.
"""

import numpy as np

from scratchvae.kernels import codes
from scratchvae.numerics import above_minus_one, dot, tanh_and_slope


def bernoulli_log_prob(x, logits):
    """Sum over pixels of log p(x|l) = x l - log(1 + e^l).

    Parameters
    ----------
    x : array (B, D)
    logits : array (K, B, D)

    Returns
    -------
    log_p : array (K, B)

    Notes
    -----
    log(1 + e^l) = max(l, 0) + log(1 + e^-|l|), whose exponential never overflows. The logits must be
    finite: at an infinite one the formula is infinity minus infinity, or zero times infinity.
    """
    small = np.exp(-np.abs(logits))  # e^-|l|, in (0, 1]
    # The large numbers cancel first: added to max(l, 0), a tiny log(1 + e^-|l|) would be lost.
    return (x * logits - np.maximum(logits, 0) - np.log1p(small)).sum(axis=-1)  # Eq. (14)


def bernoulli_log_prob_and_grad(x, logits):
    """`bernoulli_log_prob` and its gradient with respect to the logits, x - sigmoid(l).

    Returns
    -------
    log_p : array (K, B)
    residual : array (K, B, D)
        x - sigmoid(logits).
    """
    small = np.exp(-np.abs(logits))  # e^-|l|, in (0, 1]
    log_p = (x * logits - np.maximum(logits, 0) - np.log1p(small)).sum(axis=-1)  # Eq. (14)
    sigmoid = np.where(logits >= 0, 1, small) / (1 + small)
    return log_p, x - sigmoid  # Eq. (14')


def activation_backward(code, a, h, dh):
    """Backward of h = f(a), a = x W + b, with the bias's gradient.

    Parameters
    ----------
    code : int
        Which f, from ``codes``.
    a, h, dh : array (N, n)
        Input and output of the activation, and the loss's derivative with respect to h.

    Returns
    -------
    da : array (N, n)
        dh f'(a).
    db : array (n,)
        Its sum over rows, for each row adds the same bias.
    """
    da = dh * _slope(code, a, h)  # Eq. (12')
    return da, da.sum(axis=0)  # Eq. (11')


def _slope(code, a, h):
    """f'(a), written with the output h = f(a) wherever that saves an exponential."""
    if code == codes.IDENTITY:
        return np.ones_like(a)
    if code == codes.TANH:
        return 1 - h * h
    if code == codes.RELU:
        return np.where(a > 0, a.dtype.type(1), a.dtype.type(0))
    if code == codes.LEAKY_RELU:
        return np.where(a > 0, a.dtype.type(1), a.dtype.type(codes.LEAK))
    if code == codes.ELU:
        return np.where(a > 0, a.dtype.type(1), h + a.dtype.type(codes.ELU_ALPHA))
    if code == codes.SOFTPLUS:
        return -np.expm1(-h)  # sigmoid(a) = 1 - e^-log(1 + e^a)
    if code == codes.SIGMOID:
        return h * (1 - h)
    if code == codes.GELU:
        from scipy.special import ndtr  # the normal distribution function Phi

        density = np.exp(-a * a / 2) / a.dtype.type(np.sqrt(2 * np.pi))
        return ndtr(a) + a * density
    raise ValueError(f"unknown activation code {code}.")


def diagonal_forward(lam, eps):
    """z = mu + sigma eps and log|det dz/deps| = sum log sigma, with lam = (mu, log_sigma).

    Parameters
    ----------
    lam : array (B, 2 L)
    eps : array (K, B, L)

    Returns
    -------
    z : array (K, B, L)
    log_det : array (K, B)
    sigma : array (B, L)
    """
    mu, log_sigma = np.split(lam, 2, axis=-1)  # (B, L) each
    sigma = np.exp(log_sigma)
    log_det = np.broadcast_to(log_sigma.sum(axis=-1), eps.shape[:-1]).copy()  # Eq. (9)
    return mu + sigma * eps, log_det, sigma  # Eq. (8)


def diagonal_backward(eps, sigma, dz, dlog_det):
    """Backward of `diagonal_forward` with both incoming gradients.

    Parameters
    ----------
    eps, dz : array (K, B, L)
    sigma : array (B, L)
    dlog_det : array (K, B)

    Returns
    -------
    dlam : array (B, 2 L)
        dmu = sum_k dz and dlog_sigma = sum_k (dz sigma eps + dlog_det).
    deps : array (K, B, L)
        dz sigma.
    """
    deps = dz * sigma  # Eq. (8')
    dmu = dz.sum(axis=0)
    dlog_sigma = (deps * eps).sum(axis=0) + dlog_det.sum(axis=0)[:, None]  # Eq. (9')
    return np.concatenate([dmu, dlog_sigma], axis=-1), deps


def planar_direction(lam):
    """u^ of the planar map, which is u moved along w until w^T u^ = m(w^T u) > -1.

    Parameters
    ----------
    lam : array (B, 2 L + 1)
        (u, w, b).

    Returns
    -------
    u_hat : array (B, L)
    x, norm : array (B, 1)
        w^T u and |w|^2.
    """
    n = lam.shape[-1] // 2
    u, w = lam[:, :n], lam[:, n : 2 * n]
    x, norm = dot(w, u), dot(w, w) + np.finfo(lam.dtype).tiny
    m, _, _ = above_minus_one(x)
    across = u - x / norm * w
    across = across - dot(w, across) / norm * w  # again, for what rounding left along w
    return across + m / norm * w, x, norm


def planar_forward(lam, eps):
    """z = eps + u^ tanh(w^T eps + b) and log|det dz/deps| = log(1 + (1 - tanh^2) w^T u^).

    Parameters
    ----------
    lam : array (B, 2 L + 1)
        (u, w, b).
    eps : array (K, B, L)

    Returns
    -------
    z : array (K, B, L)
    log_det : array (K, B)
    u_hat, x, norm : array (B, L), (B, 1), (B, 1)
        As of `planar_direction`.
    a : array (K, B, 1)
        w^T eps + b.
    """
    n = lam.shape[-1] // 2
    u_hat, x, norm = planar_direction(lam)
    a = dot(lam[:, n : 2 * n], eps) + lam[:, -1:]
    t, slope = tanh_and_slope(a)
    _, gap, _ = above_minus_one(x)
    z = eps + u_hat * t  # Eq. (40)
    log_det = np.log(t * t + slope * gap)[..., 0]  # Eq. (41)
    return z, log_det, u_hat, x, norm, a


def planar_backward(lam, eps, u_hat, x, norm, a, dz, dlog_det):
    """Backward of `planar_forward` with both incoming gradients; the derivation is that of ``Planar``.

    Parameters
    ----------
    lam, eps, u_hat, x, norm, a : arrays
        What came into `planar_forward` and out of it.
    dz : array (K, B, L)
    dlog_det : array (K, B)

    Returns
    -------
    dlam : array (B, 2 L + 1)
    deps : array (K, B, L)
    """
    n = lam.shape[-1] // 2
    u, w = lam[:, :n], lam[:, n : 2 * n]
    m, gap, root = above_minus_one(x)
    t, slope = tanh_and_slope(a)
    ddet = dlog_det[..., None] / (t * t + slope * gap)  # Eq. (41')
    dt = dot(u_hat, dz) - 2 * t * m * ddet  # Eq. (40'), Eq. (41')
    da = slope * dt
    du_hat, dm = (t * dz).sum(axis=0), (slope * ddet).sum(axis=0)  # Eq. (40'), Eq. (41')
    q, share = dot(w, du_hat) / norm, x * x / (1 + root) / norm
    dx = q * x / root + dm * gap / root  # Eq. (40')
    du = du_hat + dx * w
    dw = share * du_hat + dx * u - 2 * share * q * w + (da * eps).sum(axis=0)  # Eq. (40')
    return np.concatenate([du, dw, da.sum(axis=0)], axis=-1), dz + da * w


def adam_update(value, grad, m, v, t, lr, beta1, beta2, epsilon, weight_decay):
    """One step of Adam, in place on `value` and the moments `m` and `v`; all flat vectors.

    Parameters
    ----------
    value, grad, m, v : array (P,)
    t : int
        The number of this step, from 1.
    lr, beta1, beta2, epsilon, weight_decay : float
        Kingma & Ba (2015), Algorithm 1; weight_decay is decoupled (Loshchilov & Hutter 2019).
    """
    m *= beta1
    m += (1 - beta1) * grad  # Eq. (18)
    v *= beta2
    v += (1 - beta2) * (grad * grad)  # Eq. (18)
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    value -= lr * (m_hat / (np.sqrt(v_hat) + epsilon) + weight_decay * value)  # Eq. (19)
