"""The package once more, as literally as the textbook writes it: loops over single numbers.

Slow, and for that reason hard to get wrong. The kernels have the names and signatures of
``scratchvae.kernels.reference``; the tests hold the two (and the numba twins) against each other.
Everything is computed in Python floats and rounded to the input's dtype at the end.
"""

import math

import numpy as np

# --- scalar formulas ----------------------------------------------------------------------------


def log_sigmoid(a):
    """log(1 / (1 + e^-a)) without overflow."""
    return -math.log1p(math.exp(-a)) if a >= 0 else a - math.log1p(math.exp(a))


def sigmoid(a):
    """1 / (1 + e^-a)."""
    return math.exp(log_sigmoid(a))


def normal_cdf(a):
    """Phi(a), the standard normal's distribution function."""
    return math.erfc(-a / math.sqrt(2)) / 2


#: name: (f, f'), both as functions of the input a.
ACTIVATIONS = {
    "identity": (lambda a: a, lambda a: 1.0),
    "tanh": (math.tanh, lambda a: 1 - math.tanh(a) ** 2),
    "relu": (lambda a: max(a, 0.0), lambda a: float(a > 0)),
    "leaky_relu": (lambda a: a if a > 0 else 0.01 * a, lambda a: 1.0 if a > 0 else 0.01),
    "elu": (lambda a: a if a > 0 else math.expm1(a), lambda a: 1.0 if a > 0 else math.exp(a)),
    "softplus": (lambda a: -log_sigmoid(-a), sigmoid),
    "sigmoid": (sigmoid, lambda a: sigmoid(a) * sigmoid(-a)),
    "gelu": (
        lambda a: a * normal_cdf(a),
        lambda a: normal_cdf(a) + a * math.exp(-a * a / 2) / math.sqrt(2 * math.pi),
    ),
}


def log_normal(x, mu, sigma):
    """log N(x; mu, sigma^2) of one number."""
    return -((x - mu) ** 2) / (2 * sigma**2) - math.log(sigma) - math.log(2 * math.pi) / 2


def log_mean_exp(values):
    """log of the mean of e^value, the textbook's line with the largest taken out."""
    largest = max(values)
    return largest + math.log(math.fsum(math.exp(value - largest) for value in values) / len(values))


def kl_to_standard_normal(mu, sigma):
    """KL(N(mu, sigma^2) || N(0, 1)), summed over the entries of two lists."""
    return math.fsum((m * m + s * s - 1) / 2 - math.log(s) for m, s in zip(mu, sigma, strict=True))


# --- the kernels --------------------------------------------------------------------------------


def bernoulli_log_prob(x, logits):
    """Sum over pixels of x log s + (1 - x) log(1 - s), s = sigmoid(logit)."""
    return bernoulli_log_prob_and_grad(x, logits)[0]


def bernoulli_log_prob_and_grad(x, logits):
    """The same and its derivative by each logit, x - s."""
    n_samples, n_batch, n_data = logits.shape
    log_p = np.zeros((n_samples, n_batch), logits.dtype)
    residual = np.zeros_like(logits)
    for k in range(n_samples):
        for b in range(n_batch):
            total = 0.0
            for d in range(n_data):
                pixel, logit = float(x[b, d]), float(logits[k, b, d])
                total += pixel * log_sigmoid(logit) + (1 - pixel) * log_sigmoid(-logit)
                residual[k, b, d] = pixel - sigmoid(logit)
            log_p[k, b] = total
    return log_p, residual


def activation_backward(code, a, h, dh):
    """da = dh f'(a) and its column sums; the codes count `ACTIVATIONS` in order."""
    derivative = list(ACTIVATIONS.values())[code][1]
    da, db = np.zeros_like(dh), np.zeros(dh.shape[1], dh.dtype)
    for j in range(a.shape[1]):
        column = [float(dh[i, j]) * derivative(float(a[i, j])) for i in range(a.shape[0])]
        da[:, j], db[j] = column, math.fsum(column)
    return da, db


def diagonal_forward(lam, eps):
    """z_i = mu_i + sigma_i eps_i; log_det = sum_i log sigma_i."""
    n_samples, n_batch, n_latent = eps.shape
    z, log_det = np.zeros_like(eps), np.zeros((n_samples, n_batch), eps.dtype)
    sigma = np.zeros((n_batch, n_latent), eps.dtype)
    for b in range(n_batch):
        for i in range(n_latent):
            exact = math.exp(float(lam[b, n_latent + i]))
            sigma[b, i] = exact
            for k in range(n_samples):
                z[k, b, i] = float(lam[b, i]) + exact * float(eps[k, b, i])
        log_det[:, b] = math.fsum(float(lam[b, n_latent + i]) for i in range(n_latent))
    return z, log_det, sigma


def diagonal_backward(eps, sigma, dz, dlog_det):
    """dmu = sum_k dz, dlog_sigma = sum_k (dz sigma eps + dlog_det), deps = dz sigma."""
    n_samples, n_batch, n_latent = eps.shape
    dlam, deps = np.zeros((n_batch, 2 * n_latent), eps.dtype), np.zeros_like(eps)
    for b in range(n_batch):
        for i in range(n_latent):
            dmu = dlog_sigma = 0.0
            for k in range(n_samples):
                scaled = float(dz[k, b, i]) * float(sigma[b, i])
                deps[k, b, i] = scaled
                dmu += float(dz[k, b, i])
                dlog_sigma += scaled * float(eps[k, b, i]) + float(dlog_det[k, b])
            dlam[b, i], dlam[b, n_latent + i] = dmu, dlog_sigma
    return dlam, deps


def _planar_parts(row):
    """u, w, b, x = w^T u, |w|^2 and m(x) of one lam, in Python floats."""
    n = len(row) // 2
    u, w, b = row[:n].tolist(), row[n : 2 * n].tolist(), float(row[-1])
    x = math.fsum(p * q for p, q in zip(w, u, strict=True))
    norm = math.fsum(p * p for p in w)
    return u, w, b, x, norm, x + math.hypot(1, x) - 1


def planar_direction(lam):
    """u^ = u + (m(x) - x) w / |w|^2, x = w^T u and |w|^2."""
    n_batch, n = len(lam), lam.shape[1] // 2
    u_hat, x, norm = np.zeros((n_batch, n), lam.dtype), *np.zeros((2, n_batch, 1), lam.dtype)
    for i in range(n_batch):
        u, w, _, x[i, 0], norm[i, 0], m = _planar_parts(lam[i])
        u_hat[i] = [p + (m - float(x[i, 0])) * q / float(norm[i, 0]) for p, q in zip(u, w, strict=True)]
    return u_hat, x, norm


def planar_forward(lam, eps):
    """z = eps + u^ tanh(w^T eps + b); log_det = log(1 + (1 - tanh^2) m)."""
    n_samples, n_batch, _ = eps.shape
    u_hat, x, norm = planar_direction(lam)
    z, log_det = np.zeros_like(eps), np.zeros((n_samples, n_batch), eps.dtype)
    a = np.zeros((n_samples, n_batch, 1), eps.dtype)
    for k, i in np.ndindex(n_samples, n_batch):
        _, w, b, _, _, m = _planar_parts(lam[i])
        along = b + math.fsum(p * q for p, q in zip(w, eps[k, i].tolist(), strict=True))
        t = math.tanh(along)
        z[k, i] = [p + q * t for p, q in zip(eps[k, i].tolist(), u_hat[i].tolist(), strict=True)]
        log_det[k, i], a[k, i, 0] = math.log(1 + (1 - t * t) * m), along
    return z, log_det, u_hat, x, norm, a


def planar_backward(lam, eps, u_hat, x, norm, a, dz, dlog_det):
    """The chain rule through t, u^ and m, one number after the other."""
    n_samples, n_batch, n = eps.shape
    dlam, deps = np.zeros(lam.shape), np.zeros_like(eps)
    for i in range(n_batch):
        u, w, _, dot, square, m = _planar_parts(lam[i])
        du_hat, dm = [0.0] * n, 0.0
        for k in range(n_samples):
            t = math.tanh(float(a[k, i, 0]))
            ddet = float(dlog_det[k, i]) / (1 + (1 - t * t) * m)
            dt = math.fsum(float(u_hat[i, j]) * float(dz[k, i, j]) for j in range(n)) - 2 * t * m * ddet
            dm += (1 - t * t) * ddet
            for j in range(n):
                du_hat[j] += t * float(dz[k, i, j])
                dlam[i, n + j] += (1 - t * t) * dt * float(eps[k, i, j])
                deps[k, i, j] = float(dz[k, i, j]) + (1 - t * t) * dt * w[j]
            dlam[i, 2 * n] += (1 - t * t) * dt
        along = math.fsum(w[j] * du_hat[j] for j in range(n))
        slope = 1 + dot / math.hypot(1, dot)  # m'(x)
        dx = (slope - 1) * along / square + slope * dm
        for j in range(n):
            dlam[i, j] = du_hat[j] + w[j] * dx
            dlam[i, n + j] += u[j] * dx + (m - dot) * (du_hat[j] - 2 * along * w[j] / square) / square
    return dlam.astype(lam.dtype), deps


def adam_update(value, grad, m, v, t, lr, beta1, beta2, epsilon, weight_decay):
    """Algorithm 1 of Kingma & Ba (2015), one parameter after the other; decoupled weight decay."""
    for i in range(value.size):
        first = beta1 * float(m[i]) + (1 - beta1) * float(grad[i])
        second = beta2 * float(v[i]) + (1 - beta2) * float(grad[i]) ** 2
        m_hat, v_hat = first / (1 - beta1**t), second / (1 - beta2**t)
        step = m_hat / (math.sqrt(v_hat) + epsilon)
        value[i] = float(value[i]) - lr * (step + weight_decay * float(value[i]))
        m[i], v[i] = first, second


# --- networks and the bound ---------------------------------------------------------------------


def mlp(parameters, prefix, activation, x):
    """One row x through the blocks ``{prefix}{i}.weight`` and ``{prefix}{i}.bias``."""
    n_layers = sum(name.startswith(prefix) and name.endswith("weight") for name in parameters.names)
    function = ACTIVATIONS[activation][0]
    row = [float(entry) for entry in x]
    for i in range(n_layers):
        weight, bias = parameters[f"{prefix}{i}.weight"], parameters[f"{prefix}{i}.bias"]
        sums = [
            math.fsum(row[m] * float(weight[m, n]) for m in range(len(row))) + float(bias[n])
            for n in range(len(bias))
        ]
        row = sums if i == n_layers - 1 else [function(a) for a in sums]
    return row


def log_weights(vae, x, eps, log_likelihood):
    """log p(x|z) + log p(z) - log q(z|x) at z = mu + sigma eps, (K, B).

    `log_likelihood(x, params)` is log p(x|z) of one datum given the decoder's output. log q is the
    normal density at z: neither the noise's density nor a determinant comes in.
    """
    log_w = np.zeros(eps.shape[:2])
    for b, datum in enumerate(x):
        seen = vae.likelihood.encoder_input(np.asarray(datum, float))
        lam = mlp(vae.parameters, "encoder.", vae.activation, seen)
        mu, sigma = lam[: vae.n_latent], [math.exp(entry) for entry in lam[vae.n_latent :]]
        for k in range(len(eps)):
            z = [m + s * float(e) for m, s, e in zip(mu, sigma, eps[k, b], strict=True)]
            decoded = mlp(vae.parameters, "decoder.", vae.activation, z)
            log_prior = math.fsum(log_normal(entry, 0, 1) for entry in z)
            log_q = math.fsum(log_normal(*entry) for entry in zip(z, mu, sigma, strict=True))
            log_w[k, b] = log_likelihood(datum, np.array(decoded)) + log_prior - log_q
    return log_w


# --- derivatives and shapes ---------------------------------------------------------------------


def numerical_gradient(function, theta, step=1e-4):
    """Gradient of function(theta) -> float by central differences, Richardson-extrapolated.

    D(h) = (f(t + h) - f(t - h)) / 2h has error c h^2 + O(h^4); (4 D(h/2) - D(h)) / 3 has only the
    second. theta may have any shape; it is restored after each probe.
    """
    theta = np.array(theta, dtype=float)
    gradient = np.zeros_like(theta)
    for index in np.ndindex(theta.shape):
        gradient[index] = _richardson(function, theta, index, step * max(1.0, abs(theta[index])))
    return gradient


def _richardson(function, theta, index, step):
    here = theta[index]

    def central(h):
        theta[index] = here + h
        above = function(theta)
        theta[index] = here - h
        below = function(theta)
        theta[index] = here
        return (above - below) / (2 * h)

    return (4 * central(step / 2) - central(step)) / 3


def numerical_jacobian(function, theta, step=1e-4):
    """Jacobian (m, n) of function: (n,) -> (m,), row by row by `numerical_gradient`."""
    n_rows = len(function(np.array(theta, dtype=float)))
    rows = [numerical_gradient(lambda t, i=i: function(t)[i], theta, step) for i in range(n_rows)]
    return np.array(rows)


def relative_error(got, expected):
    """||got - expected|| / max(||got||, ||expected||), 0 where both vanish."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape, f"shapes {got.shape} and {expected.shape}"
    scale = max(np.linalg.norm(got), np.linalg.norm(expected))
    return np.linalg.norm(got - expected) / scale if scale else 0.0


def unbroadcast(gradient, shape):
    """Sum over the places to which an array of `shape` was copied, place by place."""
    total = np.zeros(shape)
    offset = gradient.ndim - len(shape)
    for place in np.ndindex(gradient.shape):
        source = tuple(0 if size == 1 else i for i, size in zip(place[offset:], shape, strict=True))
        total[source] += gradient[place]
    return total
