"""Mistakes that students make, each with the code that a teacher would give it, block by block.

Blocks that are not named must pass. Where a teacher might say one thing or another, both are given, as "a|b".
"""

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
    pointwise,
    poisson_regression,
    posterior,
    recurrent,
    residual,
    sigmoid,
    softmax_regression,
)


def all_times(factor):
    return lambda g: {name: factor * part for name, part in g.items()}


def in_block(name, change):
    return lambda g: g | {name: change(g[name])}


def exchanged(a, b):
    return lambda g: g | {a: g[b].reshape(g[a].shape), b: g[a].reshape(g[b].shape)}


def turned(g, *names):
    """Each named block holds the next one's gradient."""
    return g | {name: g[other] for name, other in zip(names, (*names[1:], names[0]), strict=True)}


def set_at(index, value):
    def change(array):
        array = np.array(array, dtype=float)
        array[index] = value
        return array

    return change


def scaled_at(index, factor):
    def change(array):
        array = np.array(array, dtype=float)
        array[index] *= factor
        return array

    return change


def everywhere(code, *names):
    return dict.fromkeys(names, code)


W01 = ("w0", "b0")
DEEP = {"sizes": (4, 6, 5, 3)}
X = np.array([0.7, -1.2, 0.3, 1.9, -0.4, 0.05, -2.1, 1.1, -0.8])
POSITIVE = np.array([0.7, 1.2, 0.3, 1.9, 0.4, 0.15, 2.1, 1.1, 0.8])

#: name: (problem, arguments of Problem.checked, {block: code}).
MISTAKES = {
    # --- signs and factors
    "ascent for descent": (logistic_regression(), {"change": all_times(-1)}, everywhere("sign", "w", "b")),
    "sign of one weight": (mlp(), {"change": in_block("w1", np.negative)}, {"w1": "sign"}),
    "sign of a bias of one": (linear_regression(), {"change": in_block("b", np.negative)}, {"b": "sign"}),
    "sum for mean": (softmax_regression(), {"change": all_times(24)}, everywhere("scale", "w", "b")),
    "mean for sum": (logistic_regression(), {"change": all_times(1 / 30)}, everywhere("scale", "w", "b")),
    "square's two": (posterior(), {"change": all_times(2)}, {"z": "scale"}),
    "mean over the batch in the bias only": (
        logistic_regression(),
        {"change": in_block("b", lambda g: g / 30)},
        {"b": "scale"},
    ),
    "log-variance for log-sigma": (
        gaussian(),
        {"change": in_block("log_sigma", lambda g: g / 2)},
        {"log_sigma": "scale"},
    ),
    "step of Euler forgotten": (ode(), {"factor": 1.0}, everywhere("scale", "A", "c")),
    "root of d forgotten": (attention(), {"root": 1.0}, everywhere("scale", "q", "k")),
    "sign and factor": (mlp(), {"change": all_times(-8)}, everywhere("scale", "w0", "b0", "w1", "b1")),
    "an odd factor": (poisson_regression(), {"change": all_times(1.37)}, {"w": "scale"}),
    "normalised gradient": (
        poisson_regression(),
        {"change": lambda g: {"w": g["w"] / np.linalg.norm(g["w"])}},
        {"w": "scale"},
    ),
    "absolute value": (mlp(), {"change": in_block("w0", np.abs)}, {"w0": "sign|rows"}),
    # --- forgotten
    "bias forgotten": (mlp(), {"change": in_block("b0", np.zeros_like)}, {"b0": "zero"}),
    "everything zero": (logistic_regression(), {"change": all_times(0)}, everywhere("zero", "w", "b")),
    "first layer forgotten": (
        mlp(),
        {"change": lambda g: g | {"w0": 0 * g["w0"], "b0": 0 * g["b0"]}},
        everywhere("zero", *W01),
    ),
    "scalar forgotten": (linear_regression(), {"change": in_block("b", lambda g: 0.0)}, {"b": "zero"}),
    # --- chain factors of sigma
    "sigma forgotten in the chain": (
        elbo(),
        {"chain": False, "entropy": 0.0},
        {"s": "unexplained|scale|missing_term"},
    ),
    "1 / sigma for 1 / sigma^2": (gaussian(), {"power": 1}, {"mu": "scale"}),
    "derivative by sigma for that by log sigma": (
        gaussian(),
        {"change": lambda g: g | {"log_sigma": g["log_sigma"] * np.exp(-gaussian().start["log_sigma"])}},
        {"log_sigma": "scale"},
    ),
    "1 / sigma^3": (gaussian(), {"power": 3}, {"mu": "scale"}),
    # --- transposed
    "square weight transposed": (attention(), {"change": in_block("v", np.transpose)}, {"v": "transposed"}),
    "oblong weight reshaped": (
        mlp(),
        {"change": in_block("w0", lambda g: g.T.reshape(g.shape))},
        {"w0": "transposed"},
    ),
    "raveled in Fortran's order": (
        softmax_regression(),
        {"change": in_block("w", lambda g: g.ravel(order="F"))},
        {"w": "transposed"},
    ),
    "transposed and of the wrong sign": (
        attention(),
        {"change": in_block("v", lambda g: -g.T)},
        {"v": "transposed"},
    ),
    "transposed and halved": (mlp(), {"change": in_block("w1", lambda g: g.T / 2)}, {"w1": "transposed"}),
    "channels exchanged": (
        convolution(),
        {"change": in_block("kernel", lambda g: g.transpose(1, 0, 2).copy())},
        {"kernel": "transposed"},
    ),
    "W for W^T on the way back": (
        mlp(sizes=(3, 4, 4, 2)),
        {"back": lambda w: w if w.shape == (4, 4) else w.T},
        everywhere("transposed", *W01),
    ),
    # --- in places
    "last row forgotten": (mlp(), {"change": in_block("w0", set_at(-1, 0.0))}, {"w0": "rows"}),
    "first row doubled": (mlp(), {"change": in_block("w0", scaled_at(0, 2.0))}, {"w0": "rows"}),
    "one class forgotten": (
        softmax_regression(),
        {"change": lambda g: {"w": set_at((slice(None), 3), 0.0)(g["w"]), "b": set_at(3, 0.0)(g["b"])}},
        everywhere("rows", "w", "b"),
    ),
    "one entry of the wrong sign": (
        gaussian(),
        {"change": in_block("mu", scaled_at(2, -1.0))},
        {"mu": "rows"},
    ),
    "two rows exchanged": (mlp(), {"change": in_block("w0", lambda g: g[[1, 0, 2, 3]])}, {"w0": "rows"}),
    "rows shifted by one": (mlp(), {"change": in_block("w0", lambda g: np.roll(g, 1, 0))}, {"w0": "rows"}),
    "entries shifted, zero at the end": (
        logistic_regression(),
        {"change": in_block("w", lambda g: np.append(g[1:], 0.0))},
        {"w": "rows"},
    ),
    "kernel flipped": (
        convolution(),
        {"change": in_block("kernel", lambda g: g[..., ::-1])},
        {"kernel": "rows"},
    ),
    "kernel's last tap lost": (
        convolution(),
        {"change": in_block("kernel", set_at((..., -1), 0.0))},
        {"kernel": "rows"},
    ),
    "lower triangle not taken": (cholesky(), {"keep": lambda g: g}, {"L": "rows"}),
    "strict triangle for the triangle": (cholesky(), {"keep": lambda g: np.tril(g, -1)}, {"L": "rows"}),
    "diagonal of the log-determinant forgotten": (cholesky(), {"diagonal": 0.0}, {"L": "rows"}),
    "repeated words counted once": (embedding(), {"adds": False}, {"table": "rows"}),
    "entries clipped": (
        gaussian(),
        {"change": in_block("mu", lambda g: np.clip(g, -28, 28))},
        {"mu": "rows"},
    ),
    # --- exchanged
    "q and k exchanged": (attention(), {"change": exchanged("q", "k")}, everywhere("swapped", "q", "k")),
    "q, k, v in a circle": (
        attention(),
        {"change": lambda g: turned(g, "q", "k", "v")},
        everywhere("swapped", *"qkv"),
    ),
    "mu and log sigma exchanged": (
        gaussian(),
        {"change": exchanged("mu", "log_sigma")},
        everywhere("swapped", "mu", "log_sigma"),
    ),
    "one view of two names": (attention(), {"change": lambda g: g | {"k": g["q"]}}, {"k": "swapped"}),
    "bias before weight": (
        softmax_regression(),
        {"change": lambda g: {"w": np.concatenate([g["b"], g["w"].ravel()]), "b": []}},
        everywhere("swapped", "w", "b"),
    ),
    # --- terms
    "prior forgotten": (posterior(), {"prior": 0.0, "with_terms": True}, {"z": "missing_term"}),
    "prior counted twice": (posterior(), {"prior": 2.0, "with_terms": True}, {"z": "extra_term"}),
    "prior of the wrong sign": (posterior(), {"prior": -1.0, "with_terms": True}, {"z": "scaled_term"}),
    "likelihood halved": (posterior(), {"likelihood": 0.5, "with_terms": True}, {"z": "scaled_term"}),
    "likelihood forgotten": (posterior(), {"likelihood": 0.0, "with_terms": True}, {"z": "missing_term"}),
    "entropy forgotten": (elbo(), {"entropy": 0.0, "with_terms": True}, {"s": "missing_term"}),
    "entropy of the wrong sign": (elbo(), {"entropy": -1.0, "with_terms": True}, {"s": "scaled_term"}),
    "decay forgotten, with terms": (
        linear_regression(),
        {"change": in_block("w", lambda g: g - 0.3 * linear_regression().start["w"]), "with_terms": True},
        {"w": "missing_term"},
    ),
    "decay forgotten, without": (
        mlp(),
        {"change": in_block("w0", lambda g: g + 0.01 * mlp().start["w0"])},
        {"w0": "extra_term"},
    ),
    "a constant added": (mlp(), {"change": in_block("w1", lambda g: g + 1e-3)}, {"w1": "extra_term"}),
    "normaliser forgotten": (gaussian(), {"normaliser": 0.0}, {"log_sigma": "missing_term|extra_term"}),
    "skip connection forgotten": (residual(), {"skip": 0.0}, {"W": "missing_term"}),
    "added to the wrong array": (
        attention(),
        {"change": lambda g: g | {"q": g["q"] + g["k"]}},
        {"q": "extra_term"},
    ),
    # --- activations
    "tanh's derivative left out": (mlp(), {"slope": np.ones_like}, everywhere("activation", *W01)),
    "tanh's derivative at its input": (mlp(), {"slope": lambda a: 1 - a * a}, everywhere("activation", *W01)),
    "tanh's derivative at its output, twice": (
        mlp(),
        {"slope": lambda a: 1 - np.tanh(np.tanh(a)) ** 2},
        everywhere("activation", *W01),
    ),
    "sigmoid's derivative left out": (
        mlp("sigmoid"),
        {"slope": np.ones_like},
        everywhere("activation", *W01),
    ),
    "a (1 - a)": (mlp("sigmoid"), {"slope": lambda a: a * (1 - a)}, everywhere("activation", *W01)),
    "relu's gate left out": (mlp("relu"), {"slope": np.ones_like}, everywhere("activation", *W01)),
    "softplus for its derivative": (
        mlp("softplus"),
        {"slope": lambda a: np.logaddexp(0, a)},
        everywhere("activation", *W01),
    ),
    "both hidden layers": (
        mlp(**DEEP),
        {"slope": np.ones_like},
        everywhere("activation", "w0", "b0", "w1", "b1"),
    ),
    "one datum, tanh left out": (mlp(n=1), {"slope": np.ones_like}, everywhere("activation", *W01)),
    "recurrent tanh left out": (
        recurrent(),
        {"slope": np.ones_like},
        everywhere("activation", "W", "U", "b"),
    ),
    "softmax's mean forgotten": (
        attention(),
        {"centred": 0.0},
        everywhere("activation|unexplained", "q", "k"),
    ),
    "input of tanh: left out": (
        pointwise(np.tanh, lambda x: 1 - np.tanh(x) ** 2, x=X),
        {"slope": np.ones_like},
        {"x": "activation"},
    ),
    "input of sigmoid: x (1 - x)": (
        pointwise(sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x)), x=X),
        {"slope": lambda x: x * (1 - x)},
        {"x": "activation"},
    ),
    "input of sigmoid: tanh's": (
        pointwise(sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x)), x=X),
        {"slope": lambda x: 1 - sigmoid(x) ** 2},
        {"x": "activation"},
    ),
    "input of relu: left out": (
        pointwise(lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0, x=X),
        {"slope": np.ones_like},
        {"x": "activation"},
    ),
    "input of sin: at its output": (
        pointwise(np.sin, np.cos, x=X),
        {"slope": lambda x: np.cos(np.sin(x))},
        {"x": "activation"},
    ),
    "input of the root: left out": (
        pointwise(np.sqrt, lambda x: 0.5 / np.sqrt(x), x=POSITIVE),
        {"slope": np.ones_like},
        {"x": "activation"},
    ),
    # --- digits
    "pi with three digits": (poisson_regression(), {"change": all_times(3.14 / np.pi)}, {"w": "precision"}),
    "rounded to three decimals": (
        mlp(),
        {"change": in_block("w0", lambda g: g.round(3))},
        {"w0": "precision"},
    ),
    "half precision in between": (
        mlp(),
        {"change": in_block("w1", lambda g: g.astype(np.float16).astype(float) * (1 + 1e-9))},
        {"w1": "precision"},
    ),
}
