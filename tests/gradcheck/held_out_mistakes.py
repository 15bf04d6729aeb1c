"""Mistakes that were written down, with their codes, before the checker was run on them."""

import numpy as np
from other_problems import (
    bilinear,
    contrastive,
    divergence,
    gated,
    image_kernel,
    kernel_process,
    matrix_factors,
    mixture,
    normalised,
    oscillator,
    planar,
    ranking,
    scales,
)
from planted_mistakes import all_times, everywhere, exchanged, in_block, scaled_at, set_at
from student_problems import mlp

GATE = everywhere("activation", "G", "g")
TANH = everywhere("activation", "A", "a")

HELD_OUT = {
    "penalty on U forgotten": (matrix_factors(), {"lam_u": 0.0}, {"U": "missing_term"}),
    "penalty on V doubled": (matrix_factors(), {"lam_v": 0.4}, {"V": "extra_term|scaled_term"}),
    "penalty of the wrong sign": (matrix_factors(), {"lam_u": -0.2}, {"U": "missing_term|scaled_term"}),
    "U halved": (matrix_factors(), {"change": in_block("U", lambda g: g / 2)}, {"U": "scale"}),
    "V's last row zero": (matrix_factors(), {"change": in_block("V", set_at(4, 0.0))}, {"V": "rows"}),
    "V reshaped": (
        matrix_factors(),
        {"change": in_block("V", lambda g: g.T.reshape(5, 3))},
        {"V": "transposed"},
    ),
    "y x^T for x y^T": (bilinear(), {"change": in_block("A", np.transpose)}, {"A": "transposed"}),
    "factor 2 of the square lost": (bilinear(), {"change": all_times(0.5)}, everywhere("scale", "A", "c")),
    "bias: mean twice": (bilinear(), {"change": in_block("c", lambda g: g / 9)}, {"c": "scale"}),
    "diagonal wrong": (
        bilinear(),
        {"change": in_block("A", lambda g: g + np.diag(np.diag(g)))},
        {"A": "rows"},
    ),
    "softmax's second part forgotten": (mixture(), {"prior": 0.0}, {"logits": "unexplained|missing_term"}),
    "one standard deviation too few": (mixture(), {"chain": 0.0}, {"means": "scale"}),
    "one standard deviation too many": (mixture(), {"chain": 2.0}, {"means": "scale"}),
    "-1 of the normaliser forgotten": (mixture(), {"one": 0.0}, {"log_scales": "unexplained|missing_term"}),
    "log scales of the wrong sign": (
        mixture(),
        {"change": in_block("log_scales", np.negative)},
        {"log_scales": "sign"},
    ),
    "two means exchanged": (
        mixture(),
        {"change": in_block("means", lambda g: g[[0, 2, 1]])},
        {"means": "rows"},
    ),
    "means and logits exchanged": (
        mixture(),
        {"change": exchanged("means", "logits")},
        everywhere("swapped", "means", "logits"),
    ),
    "mean held constant in a layer norm": (
        normalised(),
        {"through_mean": 0.0},
        everywhere("activation|unexplained", "W", "b"),
    ),
    "root held constant in a layer norm": (
        normalised(),
        {"through_root": 0.0},
        everywhere("activation|unexplained", "W", "b"),
    ),
    "gain forgotten": (normalised(), {"change": in_block("gain", np.zeros_like)}, {"gain": "zero"}),
    "gain and shift exchanged": (
        normalised(),
        {"change": exchanged("gain", "shift")},
        everywhere("swapped", "gain", "shift"),
    ),
    "per entry for per datum": (
        normalised(),
        {"change": all_times(3)},
        everywhere("scale", "W", "b", "gain", "shift", "V"),
    ),
    "2 log a by log a": (kernel_process(), {"two": 1.0}, {"log_a": "scale"}),
    "trace of the wrong sign": (
        kernel_process(),
        {"trace": -1.0},
        everywhere("scale|sign|unexplained", "log_a", "log_l", "log_s"),
    ),
    "noise forgotten": (kernel_process(), {"change": in_block("log_s", lambda g: 0.0)}, {"log_s": "zero"}),
    "length scale of the wrong sign": (
        kernel_process(),
        {"change": in_block("log_l", np.negative)},
        {"log_l": "sign"},
    ),
    "log-determinant forgotten": (
        planar(),
        {"log_det": 0.0, "with_terms": True},
        everywhere("missing_term", "u", "w", "b"),
    ),
    "log-determinant of the wrong sign": (
        planar(),
        {"log_det": -1.0, "with_terms": True},
        everywhere("scaled_term", "u", "w", "b"),
    ),
    "log-determinant twice": (
        planar(),
        {"log_det": 2.0, "with_terms": True},
        everywhere("extra_term", "u", "w", "b"),
    ),
    "temperature forgotten": (contrastive(), {"divided": False}, everywhere("scale", "A", "B")),
    "A and B exchanged": (contrastive(), {"change": exchanged("A", "B")}, everywhere("swapped", "A", "B")),
    "A right, B of the wrong sign": (contrastive(), {"change": in_block("B", np.negative)}, {"B": "sign"}),
    "gate: derivative left out": (gated(), {"gate": np.ones_like}, GATE),
    "gate: 1 - s": (gated(), {"gate": lambda s: 1 - s}, GATE),
    "gate: tanh's derivative": (gated(), {"gate": lambda s: 1 - s * s}, GATE),
    "tanh: sigmoid's derivative": (gated(), {"slope": lambda t: t * (1 - t)}, TANH),
    "tanh: square of its output forgotten": (gated(), {"slope": lambda t: 1 - t}, TANH),
    "gate's bias averaged": (gated(), {"change": in_block("g", lambda g: g / 10)}, {"g": "scale"}),
    "one gate forgotten": (gated(), {"change": in_block("G", set_at((slice(None), 1), 0.0))}, {"G": "rows"}),
    "kernel turned by half a turn": (
        image_kernel(),
        {"change": in_block("kernel", lambda g: g[::-1, ::-1])},
        {"kernel": "rows|transposed"},
    ),
    "kernel's corner doubled": (
        image_kernel(),
        {"change": in_block("kernel", scaled_at((0, 0), 2.0))},
        {"kernel": "rows"},
    ),
    "pixels summed": (image_kernel(), {"change": all_times(25)}, everywhere("scale", "kernel", "offset")),
    "offset too large by a pixel count": (
        image_kernel(),
        {"change": in_block("offset", lambda g: 25 * g)},
        {"offset": "scale"},
    ),
    "chain factor of log k": (oscillator(), {"chain": False}, {"log_k": "scale"}),
    "only the last step": (oscillator(), {"steps_back": 1}, everywhere("scale|unexplained", "log_k", "c")),
    "step size forgotten": (
        oscillator(),
        {"change": lambda g: g | {"log_k": g["log_k"] / 0.2, "c": g["c"] / 0.2}},
        everywhere("scale", "log_k", "c"),
    ),
    "position and momentum exchanged": (
        oscillator(),
        {"change": in_block("start", lambda g: g[::-1])},
        {"start": "swapped|rows"},
    ),
    "entropy of q forgotten": (divergence(), {"entropy": 0.0, "with_terms": True}, {"s": "missing_term"}),
    "trace halved": (divergence(), {"trace": 1.0, "with_terms": True}, {"s": "scaled_term"}),
    "trace forgotten": (divergence(), {"trace": 0.0, "with_terms": True}, {"s": "missing_term"}),
    "entropy forgotten, no terms": (divergence(), {"entropy": 0.0}, {"s": "missing_term|extra_term"}),
    "softplus's derivative left out": (scales(), {"chain": np.ones_like}, {"rho": "activation|scale"}),
    "exp's chain factor for softplus's": (scales(), {"chain": np.exp}, {"rho": "activation|scale"}),
    "softplus's derivative at its output": (
        scales(),
        {"chain": lambda r: sigmoid_of_softplus(r)},
        {"rho": "activation"},
    ),
    "losers forgotten": (ranking(), {"losers": False}, {"score": "unexplained|missing_term"}),
    "decay halved": (ranking(), {"decay": 0.05}, {"score": "missing_term|scaled_term"}),
    "decay forgotten": (ranking(), {"decay": 0.0}, {"score": "missing_term"}),
    "one player forgotten": (ranking(), {"change": in_block("score", set_at(3, 0.0))}, {"score": "rows"}),
    "float16 gradient": (
        mlp("relu"),
        {"change": in_block("w1", lambda g: g.astype(np.float16).astype(float) * (1 + 1e-9))},
        {"w1": "precision"},
    ),
    "relu's gate of the wrong side": (
        mlp("relu"),
        {"slope": lambda a: (a < 0) * 1.0},
        everywhere("activation", "w0", "b0"),
    ),
    "relu's gate, deep": (
        mlp("relu", (4, 6, 5, 3)),
        {"slope": np.ones_like},
        everywhere("activation", "w0", "b0", "w1", "b1"),
    ),
    "sigmoid's derivative twice": (
        mlp("sigmoid"),
        {"slope": lambda a: (np.exp(-a) / (1 + np.exp(-a)) ** 2) ** 2},
        everywhere("activation", "w0", "b0"),
    ),
    "derivative of tanh at half its input": (
        mlp(),
        {"slope": lambda a: 1 - np.tanh(a / 2) ** 2},
        everywhere("activation", "w0", "b0"),
    ),
}


def sigmoid_of_softplus(r):
    return 1 / (1 + np.exp(-np.logaddexp(0, r)))
