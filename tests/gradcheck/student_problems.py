"""Losses a student differentiates by hand, each with its gradient by block: material for planted mistakes.

A `Problem` gives its gradient as {block: array} at any theta, so that a mistake can be planted in the
arrays, or inside
the pass by the keywords that each problem takes.
"""

from dataclasses import dataclass, field
from functools import partial

import numpy as np


@dataclass
class Problem:
    """function(theta) and parts(theta) -> {block: gradient}; theta holds the blocks one after the other."""

    function: object
    parts: object
    start: dict
    terms: dict = field(default_factory=dict)
    sizes: dict = field(default_factory=dict)

    @property
    def blocks(self):
        found, at = {}, 0
        for name, array in self.start.items():
            size = np.size(array)
            found[name] = slice(at, at + size), np.shape(array)
            at += size
        return found

    @property
    def theta(self):
        return np.concatenate([np.ravel(array) for array in self.start.values()])

    def split(self, theta):
        return {name: theta[part].reshape(shape) for name, (part, shape) in self.blocks.items()}

    def value(self, theta):
        return float(self.function(**self.split(theta)))

    def gradient(self, theta, change=None, **wrong):
        parts = self.parts(**self.split(theta), **wrong)
        if change is not None:
            parts = change(dict(parts))
        return np.concatenate([np.ravel(parts[name]) for name in self.start])

    def checked(self, change=None, *, at=None, with_terms=False, **wrong):
        """The arguments of ``check``."""
        theta = self.theta if at is None else at
        arguments = {"blocks": self.blocks, "sizes": self.sizes or None}
        if with_terms:
            arguments["terms"] = self.terms
        return (self.value, theta, partial(self.gradient, change=change, **wrong)), arguments


def of_blocks(problem, parts):
    """A function of theta that joins {block: array} to a vector, zeros where a block is not named."""

    def gradient(theta):
        found = parts(**problem.split(theta))
        return np.concatenate(
            [np.ravel(found.get(name, np.zeros(np.shape(array)))) for name, array in problem.start.items()]
        )

    return gradient


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# --- regression ---------------------------------------------------------------------------------


def linear_regression(n=20, d=5, decay=0.3, seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, d)), rng.standard_normal(n)

    def function(w, b):
        return ((x @ w + b - y) ** 2).mean() / 2 + decay * (w @ w) / 2

    def parts(w, b):
        r = x @ w + b - y
        return {"w": x.T @ r / n + decay * w, "b": r.mean()}

    problem = Problem(function, parts, {"w": rng.standard_normal(d), "b": np.array(0.4)}, sizes={"data": n})
    problem.terms = {
        "data": (
            lambda t: float(((x @ t[:d] + t[d] - y) ** 2).mean() / 2),
            lambda t: np.append(x.T @ (x @ t[:d] + t[d] - y) / n, (x @ t[:d] + t[d] - y).mean()),
        ),
        "decay": (lambda t: decay * float(t[:d] @ t[:d]) / 2, lambda t: np.append(decay * t[:d], 0.0)),
    }
    return problem


def logistic_regression(n=30, d=6, seed=1):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, d)), (rng.random(n) < 0.5) * 1.0

    def function(w, b):
        a = x @ w + b
        return np.sum(np.logaddexp(0, a) - y * a)

    def parts(w, b):
        r = sigmoid(x @ w + b) - y
        return {"w": x.T @ r, "b": r.sum()}

    return Problem(function, parts, {"w": rng.standard_normal(d), "b": np.array(-0.2)}, sizes={"data": n})


def softmax_regression(n=24, d=5, k=4, seed=2):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, d)), rng.integers(0, k, n)

    def function(w, b):
        p = softmax(x @ w + b)
        return -np.log(p[np.arange(n), y]).mean()

    def parts(w, b):
        r = softmax(x @ w + b)
        r[np.arange(n), y] -= 1
        return {"w": x.T @ r / n, "b": r.mean(axis=0)}

    start = {"w": rng.standard_normal((d, k)), "b": rng.standard_normal(k)}
    return Problem(function, parts, start, sizes={"batch": n})


def poisson_regression(n=25, d=4, seed=3):
    rng = np.random.default_rng(seed)
    x, y = 0.5 * rng.standard_normal((n, d)), rng.poisson(2.0, n)

    def function(w):
        eta = x @ w
        return np.sum(np.exp(eta) - y * eta)

    return Problem(function, lambda w: {"w": x.T @ (np.exp(x @ w) - y)}, {"w": rng.standard_normal(d)})


# --- networks -----------------------------------------------------------------------------------

ACTIVATIONS = {
    "tanh": (np.tanh, lambda a: 1 - np.tanh(a) ** 2),
    "sigmoid": (sigmoid, lambda a: sigmoid(a) * (1 - sigmoid(a))),
    "relu": (lambda a: np.maximum(a, 0), lambda a: (a > 0) * 1.0),
    "softplus": (lambda a: np.logaddexp(0, a), sigmoid),
}


def mlp(activation="tanh", sizes=(4, 5, 3), n=8, seed=4, slope=None):
    """Layers of (weight, bias), squared error; `slope` stands in for the activation's derivative."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, sizes[0])), rng.standard_normal((n, sizes[-1]))
    depth = len(sizes) - 1
    phi, right = ACTIVATIONS[activation]

    def forward(blocks):
        h, a = [x], []
        for i in range(depth):
            a.append(h[-1] @ blocks[f"w{i}"] + blocks[f"b{i}"])
            h.append(phi(a[-1]) if i < depth - 1 else a[-1])
        return h, a

    def function(**blocks):
        return ((forward(blocks)[0][-1] - y) ** 2).sum() / (2 * n)

    def parts(slope=right, back=None, **blocks):
        h, a = forward(blocks)
        delta, found = (h[-1] - y) / n, {}
        for i in reversed(range(depth)):
            found[f"w{i}"], found[f"b{i}"] = h[i].T @ delta, delta.sum(axis=0)
            if i:
                way = blocks[f"w{i}"].T if back is None else back(blocks[f"w{i}"])
                delta = (delta @ way) * slope(a[i - 1])
        return found

    start = {}
    for i in range(depth):
        start[f"w{i}"] = rng.standard_normal((sizes[i], sizes[i + 1])) / np.sqrt(sizes[i]) * 1.3
        start[f"b{i}"] = 0.5 * rng.standard_normal(sizes[i + 1])
    return Problem(function, parts, start, sizes={"batch": n})


def residual(n=6, d=4, seed=5):
    """y = h + tanh(h U) V, h = x W: two ways back to W."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, 3)), rng.standard_normal((n, d))

    def function(W, U, V):
        h = x @ W
        return ((h + np.tanh(h @ U) @ V - y) ** 2).sum() / 2

    def parts(W, U, V, skip=1.0):
        h = x @ W
        t = np.tanh(h @ U)
        dy = h + t @ V - y
        da = (dy @ V.T) * (1 - t * t)
        return {"W": x.T @ (skip * dy + da @ U.T), "U": h.T @ da, "V": t.T @ dy}

    start = {
        "W": rng.standard_normal((3, d)),
        "U": rng.standard_normal((d, d)),
        "V": rng.standard_normal((d, d)),
    }
    return Problem(function, parts, start)


def attention(n=5, d=4, seed=6):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, d)), rng.standard_normal((n, d))

    def function(q, k, v):
        p = softmax((x @ q) @ (x @ k).T / np.sqrt(d))
        return ((p @ (x @ v) - y) ** 2).sum() / 2

    def parts(q, k, v, root=d**0.5, centred=1.0):
        Q, K, V = x @ q, x @ k, x @ v
        p = softmax(Q @ K.T / np.sqrt(d))
        do = p @ V - y
        dp = do @ V.T
        ds = p * (dp - centred * (p * dp).sum(axis=-1, keepdims=True)) / root
        return {"q": x.T @ (ds @ K), "k": x.T @ (ds.T @ Q), "v": x.T @ (p.T @ do)}

    start = {name: rng.standard_normal((d, d)) for name in "qkv"}
    return Problem(function, parts, start, sizes={"d": d})


def convolution(n=12, k=4, seed=7):
    """One dimension, several channels: y_o = sum_c kernel_oc * x_c."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((3, n)), rng.standard_normal((2, n - k + 1))
    windows = np.lib.stride_tricks.sliding_window_view(x, k, axis=1)  # (3, n - k + 1, k)

    def function(kernel, bias):
        out = np.einsum("ock,ctk->ot", kernel, windows) + bias[:, None]
        return ((out - y) ** 2).sum() / 2

    def parts(kernel, bias):
        r = np.einsum("ock,ctk->ot", kernel, windows) + bias[:, None] - y
        return {"kernel": np.einsum("ot,ctk->ock", r, windows), "bias": r.sum(axis=1)}

    start = {"kernel": rng.standard_normal((2, 3, k)), "bias": rng.standard_normal(2)}
    return Problem(function, parts, start)


def recurrent(steps=4, d=3, seed=8):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((steps, 2)), rng.standard_normal(d)

    def forward(W, U, b):
        h = [np.zeros(d)]
        for t in range(steps):
            h.append(np.tanh(h[-1] @ W + x[t] @ U + b))
        return h

    def function(W, U, b):
        return ((forward(W, U, b)[-1] - y) ** 2).sum() / 2

    def parts(W, U, b, slope=lambda h: 1 - h * h):
        h = forward(W, U, b)
        dW, dU, db, dh = 0 * W, 0 * U, 0 * b, h[-1] - y
        for t in reversed(range(steps)):
            da = dh * slope(h[t + 1])
            dW, dU, db = dW + np.outer(h[t], da), dU + np.outer(x[t], da), db + da
            dh = da @ W.T
        return {"W": dW, "U": dU, "b": db}

    start = {"W": rng.standard_normal((d, d)), "U": rng.standard_normal((2, d)), "b": rng.standard_normal(d)}
    return Problem(function, parts, start, sizes={"steps": steps})


def embedding(n_words=6, d=3, seed=9):
    rng = np.random.default_rng(seed)
    words, y = np.array([0, 2, 2, 5, 1, 2]), rng.standard_normal((6, d))

    def function(table):
        return ((table[words] - y) ** 2).sum() / 2

    def parts(table, adds=True):
        r, g = table[words] - y, np.zeros_like(table)
        if adds:
            np.add.at(g, words, r)
        else:
            g[words] += r  # a word that comes twice is counted once
        return {"table": g}

    return Problem(function, parts, {"table": rng.standard_normal((n_words, d))})


# --- probability --------------------------------------------------------------------------------


def gaussian(n=12, d=4, seed=10):
    """log N(x; mu, e^(2 s)) of n data, d features."""
    rng = np.random.default_rng(seed)
    x = 2 + 1.5 * rng.standard_normal((n, d))

    def function(mu, log_sigma):
        r = (x - mu) * np.exp(-log_sigma)
        return -0.5 * (r * r).sum() - n * log_sigma.sum()

    def parts(mu, log_sigma, power=2, normaliser=1.0):
        r = x - mu
        return {
            "mu": (r * np.exp(-power * log_sigma)).sum(axis=0),
            "log_sigma": (r * r * np.exp(-2 * log_sigma)).sum(axis=0) - normaliser * n,
        }

    start = {"mu": rng.standard_normal(d), "log_sigma": 0.4 * rng.standard_normal(d)}
    return Problem(function, parts, start, sizes={"data": n})


def posterior(n=15, d=4, seed=11):
    """A log joint density with a Gaussian prior, as a sum of two terms."""
    rng = np.random.default_rng(seed)
    x, y, tau = rng.standard_normal((n, d)), rng.standard_normal(n), 1.7

    def function(z):
        r = y - x @ z
        return -0.5 * (r @ r) - 0.5 * (z @ z) / tau**2

    def parts(z, prior=1.0, likelihood=1.0):
        return {"z": likelihood * x.T @ (y - x @ z) - prior * z / tau**2}

    problem = Problem(function, parts, {"z": rng.standard_normal(d)}, sizes={"data": n, "tau": tau})
    problem.terms = {
        "log_likelihood": (lambda z: -0.5 * float(((y - x @ z) ** 2).sum()), lambda z: x.T @ (y - x @ z)),
        "log_prior": (lambda z: -0.5 * float(z @ z) / tau**2, lambda z: -z / tau**2),
    }
    return problem


def elbo(n_samples=3, d=4, seed=12):
    """-E log p(z) - entropy with z = mu + e^s eps, p a tilted Gaussian."""
    rng = np.random.default_rng(seed)
    eps, precision = rng.standard_normal((n_samples, d)), np.diag([1.0, 2.0, 0.5, 3.0]) + 0.3

    def energy(mu, s):
        z = mu + np.exp(s) * eps
        return 0.5 * ((z @ precision) * z).sum() / n_samples

    def d_energy(mu, s, chain=True):
        z = mu + np.exp(s) * eps
        dz = z @ precision / n_samples
        return {"mu": dz.sum(axis=0), "s": (dz * eps * (np.exp(s) if chain else 1)).sum(axis=0)}

    def parts(mu, s, entropy=1.0, chain=True):
        found = d_energy(mu, s, chain)
        return {"mu": found["mu"], "s": found["s"] - entropy}

    start = {"mu": rng.standard_normal(d), "s": 0.3 * rng.standard_normal(d)}
    problem = Problem(lambda mu, s: energy(mu, s) - s.sum(), parts, start, sizes={"samples": n_samples})
    problem.terms = {
        "energy": (lambda t: float(energy(t[:d], t[d:])), of_blocks(problem, d_energy)),
        "entropy": (lambda t: -float(t[d:].sum()), of_blocks(problem, lambda mu, s: {"s": -np.ones(d)})),
    }
    return problem


def cholesky(d=4, seed=13):
    """log N(x; 0, L L^T) of a few data by L, whose upper triangle is not used."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((7, d))

    def function(L):
        low = np.tril(L)
        r = np.linalg.solve(low, x.T)
        return -0.5 * (r * r).sum() - len(x) * np.log(np.abs(np.diag(low))).sum()

    def parts(L, keep=np.tril, diagonal=1.0):
        low = np.tril(L)
        r = np.linalg.solve(low, x.T)
        grad = np.linalg.solve(low.T, r @ r.T) - diagonal * len(x) * np.diag(1 / np.diag(low))
        return {"L": keep(grad)}

    return Problem(function, parts, {"L": np.tril(rng.standard_normal((d, d))) + 2 * np.eye(d)})


def ode(steps=5, h=0.1, d=3, seed=14):
    """Euler steps z <- z + h tanh(A z + c), squared distance to y."""
    rng = np.random.default_rng(seed)
    y = rng.standard_normal(d)

    def path(z0, A, c):
        z = [z0]
        for _ in range(steps):
            z.append(z[-1] + h * np.tanh(A @ z[-1] + c))
        return z

    def function(z0, A, c):
        return ((path(z0, A, c)[-1] - y) ** 2).sum() / 2

    def parts(z0, A, c, factor=h, slope=lambda t: 1 - t * t, last=None):
        z = path(z0, A, c)
        dz, dA, dc = z[-1] - y, 0 * A, 0 * c
        for k in reversed(range(steps)):
            da = dz * slope(np.tanh(A @ z[k] + c))
            if last is None or k == steps - 1:
                dA, dc = dA + factor * np.outer(da, z[k]), dc + factor * da
            dz = dz + h * A.T @ da
        return {"z0": dz, "A": dA, "c": dc}

    start = {"z0": rng.standard_normal(d), "A": rng.standard_normal((d, d)), "c": rng.standard_normal(d)}
    return Problem(function, parts, start, sizes={"h": h, "steps": steps})


def pointwise(phi, slope, d=9, seed=15, x=None):
    """sum_i c_i phi(x_i): theta is the activation's input."""
    rng = np.random.default_rng(seed)
    c, start = rng.standard_normal(d) + 0.2, rng.standard_normal(d) if x is None else x

    return Problem(lambda x: (c * phi(x)).sum(), lambda x, slope=slope: {"x": c * slope(x)}, {"x": start})
