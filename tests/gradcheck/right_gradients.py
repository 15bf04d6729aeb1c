"""Right gradients that finite differences of one fixed step call wrong: {name: (function, theta,
gradient)}.
"""

import math

import numpy as np
from student_problems import (
    attention,
    cholesky,
    convolution,
    elbo,
    embedding,
    gaussian,
    linear_regression,
    logistic_regression,
    mlp,
    ode,
    poisson_regression,
    posterior,
    recurrent,
    residual,
    softmax,
    softmax_regression,
)

F32 = np.float32
A = np.arange(1.0, 6.0)
S = np.array([1e-8, 1e8, 1.0, 1e-4])
W = np.random.default_rng(0).standard_normal((5, 5))
H = W @ W.T + np.eye(5)
B = np.random.default_rng(1).standard_normal(5)


def of(function, gradient, theta):
    return lambda t: float(function(t)), np.asarray(theta, dtype=float), gradient


def huber(t, d=1.0):
    return np.where(np.abs(t) < d, t * t / 2, d * (np.abs(t) - d / 2)).sum()


def student_t(t):
    return (2.0 * np.log1p(t * t / 3)).sum()


def relu_net(t):
    return (np.maximum(W @ t, 0) * B).sum()


def through32(function):
    return lambda t: function(t.astype(F32)).astype(F32)


NETWORK = mlp()
START = NETWORK.theta

RIGHT = {
    # --- scales
    "1e-8 beside 1e8": of(lambda t: ((t / S) ** 2).sum() / 2, lambda t: t / S**2, S * [1, 2, -1, 3]),
    "the same, sines": of(lambda t: np.sin(t / S).sum(), lambda t: np.cos(t / S) / S, S * [1, 2, -1, 0.5]),
    "theta of a million": of(lambda t: np.sin(t / 1e6).sum(), lambda t: np.cos(t / 1e6) / 1e6, 1e6 * A),
    "theta of 1e12": of(lambda t: (t**2).sum(), lambda t: 2 * t, 1e12 * A),
    "zero, of scale 1e-6": of(
        lambda t: np.tanh(t / 1e-6).sum(), lambda t: 1e6 / np.cosh(t / 1e-6) ** 2, [0, 0, 0.0]
    ),
    "zero, of scale 1e-12": of(
        lambda t: np.exp(t / 1e-12).sum(), lambda t: 1e12 * np.exp(t / 1e-12), [0.0, 1e-13]
    ),
    "zero, of scale 1e6": of(lambda t: np.sin(t / 1e6).sum(), lambda t: np.cos(t / 1e6) / 1e6, [0.0, 1.0]),
    "curvature 1e4": of(lambda t: 1e4 * (t**2).sum(), lambda t: 2e4 * t, A / 7),
    "frequency 1e3": of(lambda t: np.sin(1e3 * t).sum(), lambda t: 1e3 * np.cos(1e3 * t), A / 7),
    "frequency 1e5": of(lambda t: np.sin(1e5 * t).sum(), lambda t: 1e5 * np.cos(1e5 * t), A / 7),
    "a whole number of periods": of(
        lambda t: np.sin(8e3 * np.pi * t).sum(), lambda t: 8e3 * np.pi * np.cos(8e3 * np.pi * t), [0.0, 0.3]
    ),
    "tiny everywhere": of(lambda t: 1e-12 * np.sin(t).sum(), lambda t: 1e-12 * np.cos(t), A),
    "tiny, 1e-200": of(lambda t: 1e-200 * np.sin(t).sum(), lambda t: 1e-200 * np.cos(t), A),
    "huge, 1e200": of(lambda t: 1e200 * np.sin(t).sum(), lambda t: 1e200 * np.cos(t), A),
    "tiny density": of(lambda t: np.exp(-(t @ t) * 5), lambda t: -10 * t * np.exp(-(t @ t) * 5), A / 2),
    "1e12 + x": of(lambda t: 1e12 + t.sum(), np.ones_like, A),
    "1e12 + x^2": of(lambda t: 1e12 + (t**2).sum(), lambda t: 2 * t, A),
    "1e6 + sin x": of(lambda t: 1e6 + np.sin(t).sum(), np.cos, A),
    "steep and flat": of(lambda t: np.exp(t).sum(), np.exp, [-30.0, 30.0, 0.0, 500.0]),
    "Rosenbrock": of(
        lambda t: 100 * (t[1] - t[0] ** 2) ** 2 + (1 - t[0]) ** 2,
        lambda t: np.array([-400 * t[0] * (t[1] - t[0] ** 2) - 2 * (1 - t[0]), 200 * (t[1] - t[0] ** 2)]),
        [-1.2, 1.0],
    ),
    # --- minima
    "at the minimum": of(lambda t: (t - B) @ H @ (t - B) / 2, lambda t: H @ (t - B), B),
    "near the minimum": of(lambda t: (t - B) @ H @ (t - B) / 2, lambda t: H @ (t - B), B + 1e-9),
    "at the minimum, offset": of(lambda t: 7 + (t - B) @ H @ (t - B), lambda t: 2 * H @ (t - B), B + 1e-12),
    "flat to fourth order": of(lambda t: (t**4).sum(), lambda t: 4 * t**3, [0.0, 1e-3, 1e-2]),
    "what it does not depend on": of(lambda t: t[0] ** 2, lambda t: np.array([2 * t[0], 0, 0]), [1.0, 2, 3]),
    "sum of a softmax": of(lambda t: softmax(t).sum(), lambda t: 1e-17 * t, A),
    "a constant": of(lambda t: 3.7, np.zeros_like, A),
    # --- edges of the domain
    "log near zero": of(lambda t: np.log(t).sum(), lambda t: 1 / t, [1e-7, 1e-4, 1.0, 1e5]),
    "log of 1e-15": of(lambda t: np.log(t).sum(), lambda t: 1 / t, [1e-15, 1.0]),
    "root near zero": of(lambda t: np.sqrt(t).sum(), lambda t: 0.5 / np.sqrt(t), [1e-6, 1e-3, 1.0]),
    "logit near one": of(
        lambda t: np.log(t / (1 - t)).sum(), lambda t: 1 / t / (1 - t), [1e-5, 0.5, 1 - 1e-6]
    ),
    "log-gamma": of(
        lambda t: sum(math.lgamma(v) if v > 0 else math.nan for v in t),
        lambda t: np.array([-0.5772156649015329, 0.42278433509846713]),
        [1.0, 2.0],
    ),
    "arcsine near one": of(lambda t: np.arcsin(t).sum(), lambda t: 1 / np.sqrt(1 - t * t), [0.9999, -0.3]),
    # --- kinks
    "relu at zero": of(lambda t: np.maximum(t, 0).sum(), lambda t: (t > 0) * 1.0, [0.0, 1.0, -1.0, 0.0]),
    "relu at zero, the other way": of(
        lambda t: np.maximum(t, 0).sum(), lambda t: (t >= 0) * 1.0, [0.0, 1.0, 0.0]
    ),
    "absolute value at zero": of(lambda t: np.abs(t).sum(), np.sign, [0.0, 2.0, -1.0]),
    "absolute value near zero": of(lambda t: np.abs(t).sum(), np.sign, [1e-9, -1e-6, 1e-4, -1e-3]),
    "L1 and a square": of(
        lambda t: np.abs(t).sum() + (t**2).sum(), lambda t: np.sign(t) + 2 * t, [0.0, 1e-5, -0.3]
    ),
    "largest of all": of(lambda t: t.max(), lambda t: (t == t.max()) * 1.0, [1.0, 1.0001, 0.3]),
    "largest of all, a tie": of(lambda t: t.max(), lambda t: np.eye(3)[t.argmax()], [1.0, 1.0, 0.3]),
    "clipped": of(lambda t: np.clip(t, -1, 1).sum(), lambda t: (np.abs(t) < 1) * 1.0, [1.0, -1.0, 0.2, 3.0]),
    "hinge": of(
        lambda t: np.maximum(0, 1 - W @ t).sum(),
        lambda t: -W.T @ ((1 - W @ t) > 0),
        np.linalg.solve(W, A / 3),
    ),
    "Huber": of(huber, lambda t: np.clip(t, -1, 1), [1.0, 0.3, -1.0, 4.0, 1 + 1e-6]),
    "a relu network": of(relu_net, lambda t: W.T @ (B * (W @ t > 0)), A),
    "a relu network at zero": of(relu_net, lambda t: 0.5 * W.T @ B, np.zeros(5)),
    "piecewise linear, offset": of(
        lambda t: 1e9 + np.maximum(t, 2 * t).sum(), lambda t: np.where(t > 0, 2.0, 1), A
    ),
    "x |x| at zero": of(lambda t: (t * np.abs(t)).sum(), lambda t: 2 * np.abs(t), [0.0, 0.5, -0.2]),
    # --- single precision
    "float32 gradient": of(lambda t: np.sin(t).sum(), lambda t: np.cos(t).astype(F32), A),
    "float32 function": of(through32(lambda t: (t**2).sum()), lambda t: 2 * t, A),
    "float32 function, large": of(through32(lambda t: 1000 + np.sin(t).sum()), np.cos, A),
    "float32 both": of(
        through32(lambda t: np.exp(-t * t).sum()), lambda t: (-2 * t * np.exp(-t * t)).astype(F32), A / 4
    ),
    "float32 inside": of(
        lambda t: float(np.sum(np.tanh(t.astype(F32)), dtype=np.float64)),
        lambda t: 1 - np.tanh(t) ** 2,
        A / 4,
    ),
    "float32 network": of(
        lambda t: F32(NETWORK.value(t.astype(F32))), lambda t: NETWORK.gradient(t).astype(F32), START
    ),
    # --- tails
    "Student's t": of(student_t, lambda t: 4 * t / 3 / (1 + t * t / 3), [0.1, 30.0, -1e4, 0.0]),
    "log-sum-exp of large numbers": of(
        lambda t: t.max() + np.log(np.exp(t - t.max()).sum()), softmax, [1e3, 999.0, 1001.0]
    ),
    "cancellation": of(lambda t: (1e8 + t).sum() - 3e8, np.ones_like, [1.0, 2.0, 3.0]),
    "softplus, far": of(
        lambda t: np.logaddexp(0, t).sum(), lambda t: 1 / (1 + np.exp(-t)), [-40.0, -5, 0, 40]
    ),
}

PROBLEMS = {
    "linear regression": linear_regression,
    "logistic regression": logistic_regression,
    "softmax regression": softmax_regression,
    "Poisson regression": poisson_regression,
    "mlp": mlp,
    "sigmoid mlp": lambda: mlp("sigmoid"),
    "relu mlp": lambda: mlp("relu"),
    "deep softplus mlp": lambda: mlp("softplus", (4, 6, 5, 3)),
    "residual": residual,
    "attention": attention,
    "convolution": convolution,
    "recurrent": recurrent,
    "embedding": embedding,
    "gaussian": gaussian,
    "posterior": posterior,
    "elbo": elbo,
    "cholesky": cholesky,
    "ode": ode,
}
