"""Functions with gradients that are known to be right, and ways in which a student gets one wrong."""

import numpy as np


def log_sum_exp(t):
    largest = t.max()
    return float(largest + np.log(np.exp(t - largest).sum()))


def softmax(t):
    e = np.exp(t - t.max())
    return e / e.sum()


def polynomial(rng, n=8):
    c = rng.standard_normal((4, n))
    return (
        lambda t: float(sum((c[k] * t ** (k + 1)).sum() for k in range(4))),
        lambda t: sum((k + 1) * c[k] * t**k for k in range(4)),
        rng.standard_normal(n),
    )


def exponential(scale):
    def make(rng, n=8):
        return (
            lambda t: float(np.exp(t / scale).sum()),
            lambda t: np.exp(t / scale) / scale,
            scale * rng.standard_normal(n),
        )

    return make


def log_partition(rng, n=8):
    return log_sum_exp, softmax, 5 * rng.standard_normal(n)


def badly_scaled(rng, n=7):
    s = np.logspace(-6, 6, n)  # 12 powers of ten between the first entry and the last
    return lambda t: float((s * t**2).sum() / 2), lambda t: s * t, rng.standard_normal(n)


def large_offset(rng, n=8):
    return lambda t: 1e6 + float(np.sin(t).sum()), np.cos, rng.standard_normal(n)


def small_values(rng, n=8):
    def function(t):
        return 1e-9 * float(np.exp(-(t @ t) / 2))

    return function, lambda t: -t * function(t), rng.standard_normal(n)


def near_a_pole(rng, n=8):
    return lambda t: float(np.log(t).sum()), lambda t: 1 / t, np.exp(4 * rng.standard_normal(n) - 6)


def many_terms(rng, n=8):
    w = rng.standard_normal((500, n))
    return lambda t: float(np.tanh(w @ t).sum()), lambda t: w.T @ (1 - np.tanh(w @ t) ** 2), 0.3 * w[0]


def oscillating(rng, n=8):
    k = rng.uniform(1, 12, n)
    return lambda t: float(np.cos(k * t).sum()), lambda t: -k * np.sin(k * t), rng.standard_normal(n)


def steep_at_its_minimum(rng, n=8):
    """The gradient is zero there and the fifth derivative is not: all that is seen is truncation."""
    t0 = rng.standard_normal(n)
    return (
        lambda t: 1 + float(((t - t0) ** 2 + 50 * (t - t0) ** 5).sum()),
        lambda t: 2 * (t - t0) + 250 * (t - t0) ** 4,
        t0.copy(),
    )


def quadratic_form(rng, n=8):
    a = rng.standard_normal((n, n))
    m, b = a @ a.T + np.eye(n), rng.standard_normal(n)
    return lambda t: float(t @ m @ t / 2 - b @ t), lambda t: m @ t - b, rng.standard_normal(n)


def constant(rng, n=8):
    return lambda t: 3.7, np.zeros_like, rng.standard_normal(n)


def relu_layer(distance):
    """One unit's kink is so near that the first step crosses it."""

    def make(rng, n=8):
        w, b, c = rng.standard_normal((n, n)), rng.standard_normal(n), rng.uniform(1, 2, n)
        t = rng.standard_normal(n)
        t -= w[0] * (w[0] @ t + b[0] - distance) / (w[0] @ w[0])
        return lambda t: float(c @ np.maximum(w @ t + b, 0)), lambda t: w.T @ (c * (w @ t + b > 0)), t

    return make


SMOOTH = {
    "polynomial": polynomial,
    "exponential of scale 1e8": exponential(1e8),
    "exponential of scale 1": exponential(1.0),
    "exponential of scale 1e-8": exponential(1e-8),
    "log-sum-exp": log_partition,
    "badly scaled": badly_scaled,
    "large offset": large_offset,
    "small values": small_values,
    "near a pole": near_a_pole,
    "500 terms": many_terms,
    "oscillating": oscillating,
    "steep at its minimum": steep_at_its_minimum,
    "quadratic form": quadratic_form,
    "constant": constant,
}


def change_one(change):
    """A mistake in the entry of the largest gradient."""

    def plant(gradient):
        wrong = gradient.copy()
        i = int(np.argmax(np.abs(gradient)))
        wrong[i] = change(wrong[i])
        return wrong, i

    return plant


MISTAKES = {
    "sign": change_one(lambda g: -g),
    "factor 2": change_one(lambda g: 2 * g),
    "factor 1.001": change_one(lambda g: 1.001 * g),
    "factor 1 + 1e-5": change_one(lambda g: (1 + 1e-5) * g),
    "forgotten": change_one(lambda g: 0.0),
    "not a number": change_one(lambda g: np.nan),
    "infinite": change_one(lambda g: np.inf),
}
