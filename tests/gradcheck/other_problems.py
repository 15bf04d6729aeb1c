"""More losses, with the mistakes built in as keywords; the checker was not fitted to these."""

import numpy as np
from student_problems import Problem, sigmoid, softmax


def matrix_factors(seed=20):
    """|U V^T - R|^2 / 2 plus a penalty on both."""
    rng = np.random.default_rng(seed)
    R, lam = rng.standard_normal((6, 5)), 0.2

    def function(U, V):
        return ((U @ V.T - R) ** 2).sum() / 2 + lam * ((U**2).sum() + (V**2).sum()) / 2

    def parts(U, V, lam_u=lam, lam_v=lam):
        E = U @ V.T - R
        return {"U": E @ V + lam_u * U, "V": E.T @ U + lam_v * V}

    return Problem(function, parts, {"U": rng.standard_normal((6, 3)), "V": rng.standard_normal((5, 3))})


def bilinear(seed=21):
    rng = np.random.default_rng(seed)
    x, y, t = rng.standard_normal((9, 4)), rng.standard_normal((9, 4)), rng.standard_normal(9)

    def function(A, c):
        s = ((x @ A) * y).sum(axis=1) + c
        return np.mean((s - t) ** 2)

    def parts(A, c):
        r = 2 * (((x @ A) * y).sum(axis=1) + c - t) / len(t)
        return {"A": (x * r[:, None]).T @ y, "c": r.sum()}

    return Problem(function, parts, {"A": rng.standard_normal((4, 4)), "c": np.array(0.3)}, sizes={"n": 9})


def mixture(seed=22):
    """A mixture of three normals: logits, means, log scales."""
    rng = np.random.default_rng(seed)
    x = np.concatenate([rng.normal(-2, 0.5, 10), rng.normal(1, 1, 15)])

    def joint(logits, means, log_scales):
        r = (x[:, None] - means) * np.exp(-log_scales)
        log_pi = logits - np.log(np.exp(logits).sum())
        return log_pi - log_scales - r * r / 2, r

    def function(logits, means, log_scales):
        return np.log(np.exp(joint(logits, means, log_scales)[0]).sum(axis=1)).sum()

    def parts(logits, means, log_scales, prior=1.0, one=1.0, chain=1.0):
        log_joint, r = joint(logits, means, log_scales)
        w = softmax(log_joint)
        return {
            "logits": w.sum(axis=0) - prior * len(x) * softmax(logits),
            "means": (w * r).sum(axis=0) * np.exp(-chain * log_scales),
            "log_scales": (w * (r * r - one)).sum(axis=0),
        }

    start = {
        "logits": rng.standard_normal(3),
        "means": np.array([-1.5, 0.3, 1.2]),
        "log_scales": np.array([-0.3, 0.2, 0.5]),
    }
    return Problem(function, parts, start, sizes={"data": len(x)})


def normalised(seed=23):
    """A layer norm between two linear maps."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((7, 4)), rng.standard_normal((7, 3))

    def forward(W, b, gain, shift, V):
        a = x @ W + b
        centred = a - a.mean(axis=1, keepdims=True)
        root = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
        n = centred / root
        return n, root, n * gain + shift, (n * gain + shift) @ V - y

    def function(**blocks):
        return (forward(**blocks)[-1] ** 2).mean()

    def parts(W, b, gain, shift, V, through_mean=1.0, through_root=1.0):
        n, root, h, r = forward(W, b, gain, shift, V)
        dy = 2 * r / r.size
        dh = dy @ V.T
        dn = dh * gain
        da = dn - through_mean * dn.mean(axis=1, keepdims=True)
        da = (da - through_root * n * (dn * n).mean(axis=1, keepdims=True)) / root
        return {
            "W": x.T @ da,
            "b": da.sum(axis=0),
            "gain": (dh * n).sum(axis=0),
            "shift": dh.sum(axis=0),
            "V": h.T @ dy,
        }

    start = {
        "W": rng.standard_normal((4, 5)),
        "b": rng.standard_normal(5),
        "gain": 1 + 0.3 * rng.standard_normal(5),
        "shift": rng.standard_normal(5),
        "V": rng.standard_normal((5, 3)),
    }
    return Problem(function, parts, start, sizes={"batch": 7})


def kernel_process(seed=24):
    """log N(y; 0, K) with K = a^2 exp(-d^2 / (2 l^2)) + s^2 I, by log a, log l, log s."""
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(-2, 2, 12))
    y, d2 = np.sin(2 * x) + 0.1 * rng.standard_normal(12), (x[:, None] - x) ** 2

    def pieces(log_a, log_l, log_s):
        K = np.exp(2 * log_a - d2 * np.exp(-2 * log_l) / 2)
        return K, np.linalg.inv(K + np.exp(2 * log_s) * np.eye(12))

    def function(log_a, log_l, log_s):
        inverse = pieces(log_a, log_l, log_s)[1]
        return -0.5 * y @ inverse @ y + 0.5 * np.linalg.slogdet(inverse)[1]

    def parts(log_a, log_l, log_s, two=2.0, trace=1.0):
        K, inverse = pieces(log_a, log_l, log_s)
        alpha = inverse @ y

        def by(dK):
            return 0.5 * (alpha @ dK @ alpha - trace * np.sum(inverse * dK))

        return {
            "log_a": by(two * K),
            "log_l": by(K * d2 * np.exp(-2 * log_l)),
            "log_s": by(2 * np.exp(2 * log_s) * np.eye(12)),
        }

    return Problem(
        function, parts, {"log_a": np.array(0.2), "log_l": np.array(-0.4), "log_s": np.array(-1.0)}
    )


def planar(seed=25):
    """-E log N(z) - log|1 + u psi|, z = x + u tanh(w x + b), over a few x."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((8, 3))

    def function(u, w, b):
        t = np.tanh(x @ w + b)
        z = x + t[:, None] * u
        return 0.5 * (z**2).sum() - np.log(np.abs(1 + (1 - t * t) * (u @ w))).sum()

    def parts(u, w, b, log_det=1.0, curl=1.0):
        t = np.tanh(x @ w + b)
        z, s = x + t[:, None] * u, 1 - t * t
        q = log_det / (1 + s * (u @ w))
        da = (z @ u) * s - q * curl * (-2 * t * s) * (u @ w)
        return {
            "u": t @ z - (q * s).sum() * w,
            "w": x.T @ da - (q * s).sum() * u,
            "b": da.sum(),
        }

    problem = Problem(
        function, parts, {"u": rng.standard_normal(3), "w": rng.standard_normal(3), "b": np.array(0.1)}
    )
    right = problem.gradient
    problem.terms = {
        "base": (lambda t: 0.5 * float(((x + np.tanh(x @ t[3:6] + t[6])[:, None] * t[:3]) ** 2).sum()), None),
        "log_det": (
            lambda t: float(
                -np.log(np.abs(1 + (1 - np.tanh(x @ t[3:6] + t[6]) ** 2) * (t[:3] @ t[3:6]))).sum()
            ),
            lambda t: right(t) - right(t, log_det=0.0),
        ),
    }
    return problem


def contrastive(seed=26):
    """Softmax over similarities with a temperature."""
    rng = np.random.default_rng(seed)
    x, y, tau = rng.standard_normal((6, 4)), rng.standard_normal((6, 4)), 0.7

    def function(A, B):
        s = (x @ A) @ (y @ B).T / tau
        return -np.log(np.diag(softmax(s))).mean()

    def parts(A, B, divided=True):
        a, b = x @ A, y @ B
        ds = (softmax(a @ b.T / tau) - np.eye(6)) / 6 / (tau if divided else 1)
        return {"A": x.T @ (ds @ b), "B": y.T @ (ds.T @ a)}

    start = {"A": 0.5 * rng.standard_normal((4, 3)), "B": 0.5 * rng.standard_normal((4, 3))}
    return Problem(function, parts, start, sizes={"batch": 6, "temperature": tau})


def gated(seed=27):
    """h = tanh(x A + a) * sigmoid(x G + g), y = h V."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((10, 3)), rng.standard_normal((10, 2))

    def function(A, a, G, g, V):
        return ((np.tanh(x @ A + a) * sigmoid(x @ G + g) @ V - y) ** 2).sum() / 20

    def parts(A, a, G, g, V, slope=lambda t: 1 - t * t, gate=lambda s: s * (1 - s)):
        t, s = np.tanh(x @ A + a), sigmoid(x @ G + g)
        dy = (t * s @ V - y) / 10
        dh = dy @ V.T
        dt, ds = dh * s * slope(t), dh * t * gate(s)
        return {"A": x.T @ dt, "a": dt.sum(axis=0), "G": x.T @ ds, "g": ds.sum(axis=0), "V": (t * s).T @ dy}

    start = {
        "A": rng.standard_normal((3, 4)),
        "a": 0.3 * rng.standard_normal(4),
        "G": rng.standard_normal((3, 4)),
        "g": 0.3 * rng.standard_normal(4),
        "V": rng.standard_normal((4, 2)),
    }
    return Problem(function, parts, start, sizes={"batch": 10})


def image_kernel(seed=28):
    """A 3 x 3 kernel over an image, squared error, with the sum over the image."""
    rng = np.random.default_rng(seed)
    windows = np.lib.stride_tricks.sliding_window_view(rng.standard_normal((7, 7)), (3, 3))
    y = rng.standard_normal((5, 5))

    def function(kernel, offset):
        return ((np.einsum("ijkl,kl->ij", windows, kernel) + offset - y) ** 2).mean()

    def parts(kernel, offset):
        r = 2 * (np.einsum("ijkl,kl->ij", windows, kernel) + offset - y) / y.size
        return {"kernel": np.einsum("ij,ijkl->kl", r, windows), "offset": r.sum()}

    return Problem(
        function,
        parts,
        {"kernel": rng.standard_normal((3, 3)), "offset": np.array(0.2)},
        sizes={"pixels": 25},
    )


def oscillator(seed=29, steps=6, h=0.2):
    """Leapfrog of a spring and a damper, by its start, stiffness and damping."""
    rng = np.random.default_rng(seed)
    y = rng.standard_normal(2)

    def path(start, log_k, c):
        states = [start]
        for _ in range(steps):
            q, p = states[-1]
            p = p - h * (np.exp(log_k) * q + c * p)
            states.append(np.array([q + h * p, p]))
        return states

    def function(start, log_k, c):
        return ((path(start, log_k, c)[-1] - y) ** 2).sum() / 2

    def parts(start, log_k, c, chain=True, steps_back=steps):
        states = path(start, log_k, c)
        dq, dp = states[-1] - y
        dk = dc = 0.0
        for i in reversed(range(steps)):
            q, p = states[i]
            dp = dp + h * dq
            if steps - i <= steps_back:
                dk, dc = dk - h * dp * q, dc - h * dp * p
            dq, dp = dq - h * np.exp(log_k) * dp, dp * (1 - h * c)
        return {"start": np.array([dq, dp]), "log_k": dk * (np.exp(log_k) if chain else 1), "c": dc}

    return Problem(
        function,
        parts,
        {"start": rng.standard_normal(2), "log_k": np.array(0.6), "c": np.array(0.3)},
        sizes={"h": h},
    )


def divergence(seed=30, d=5):
    """KL(N(mu, e^(2 s)) || N(m, e^(2 t))) in closed form, a term of it at a time."""
    rng = np.random.default_rng(seed)
    m, t = rng.standard_normal(d), 0.3 * rng.standard_normal(d)

    def function(mu, s):
        return np.sum(t - s + (np.exp(2 * s) + (mu - m) ** 2) * np.exp(-2 * t) / 2 - 0.5)

    def parts(mu, s, trace=2.0, entropy=1.0):
        return {"mu": (mu - m) * np.exp(-2 * t), "s": trace / 2 * np.exp(2 * s - 2 * t) - entropy}

    problem = Problem(function, parts, {"mu": rng.standard_normal(d), "s": 0.4 * rng.standard_normal(d)})
    problem.terms = {
        "entropy": (None, np.concatenate([np.zeros(d), -np.ones(d)])),
        "trace": (lambda v: float((np.exp(2 * v[d:] - 2 * t) / 2).sum()), None),
        "distance": (lambda v: float(((v[:d] - m) ** 2 * np.exp(-2 * t)).sum() / 2), None),
    }
    return problem


def scales(seed=31, d=6):
    """Normal data with softplus-parametrised scales."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((9, d))

    def function(mu, rho):
        sigma = np.logaddexp(0, rho)
        return np.sum(((x - mu) / sigma) ** 2 / 2 + np.log(sigma))

    def parts(mu, rho, chain=sigmoid):
        sigma = np.logaddexp(0, rho)
        dsigma = np.sum(1 / sigma - (x - mu) ** 2 / sigma**3, axis=0)
        return {"mu": np.sum(mu - x, axis=0) / sigma**2, "rho": dsigma * chain(rho)}

    return Problem(
        function, parts, {"mu": rng.standard_normal(d), "rho": rng.standard_normal(d)}, sizes={"data": 9}
    )


def ranking(seed=32):
    """Pairs (winner, loser) with scores; a player's gradient is a sum over games."""
    rng = np.random.default_rng(seed)
    won, lost = rng.integers(0, 7, 20), rng.integers(0, 7, 20)
    lost = np.where(lost == won, (won + 1) % 7, lost)

    def function(score):
        return np.logaddexp(0, score[lost] - score[won]).sum() + 0.05 * (score @ score)

    def parts(score, losers=True, decay=0.1):
        p, g = sigmoid(score[lost] - score[won]), decay * score
        np.subtract.at(g, won, p)
        if losers:
            np.add.at(g, lost, p)
        return {"score": g}

    return Problem(function, parts, {"score": rng.standard_normal(7)}, sizes={"games": 20})
