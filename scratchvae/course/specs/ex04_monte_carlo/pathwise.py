"""The gradient along the path from noise to draw."""

import numpy as np

from scratchvae.course.exercise import Backward, Case, Source, Task, Wrong
from scratchvae.course.specs.random_inputs import size

#: A derivative, as its text, and what it is the derivative of.
FUNCTIONS = {
    "lambda z: np.cos(z)": np.sin,
    "lambda z: 2 * z": np.square,
    "lambda z: -np.tanh(z)": lambda z: -np.log(np.cosh(z)),
    "lambda z: 3 * z**2 - 1": lambda z: z**3 - z,
}


def pathwise_gradient(mu, log_sigma, eps, df):
    """The mean over the draws of df(z) times dz/dmu and dz/dlog_sigma."""
    sigma_eps = np.exp(log_sigma) * eps
    slope = df(mu + sigma_eps)
    return np.mean(slope), np.mean(slope * sigma_eps)


def _cases(rng):
    return [
        Case(
            {
                "mu": rng.normal(),
                "log_sigma": rng.uniform(-0.8, 0.8),
                "eps": rng.normal(0, 1, size(rng, 5, 12)),
                "df": Source(code),
            }
        )
        for code in FUNCTIONS
    ]


def _value(mu, log_sigma, eps, df):
    return np.mean(FUNCTIONS[df.code](mu + np.exp(log_sigma) * eps))


TASK = Task(
    reference=pathwise_gradient,
    cases=_cases,
    outputs=("dmu", "dlog_sigma"),
    points=2,
    sizes=lambda inputs: {"K": inputs["eps"].size},
    backward=Backward(_value, ("mu", "log_sigma")),
    wrong=(
        Wrong(
            "dlog_sigma is the gradient by sigma: the chain rule's factor dsigma/dlog_sigma = sigma "
            "is missing",
            lambda mu, log_sigma, eps, df: (
                pathwise_gradient(mu, log_sigma, eps, df)[0],
                np.mean(df(mu + np.exp(log_sigma) * eps) * eps),
            ),
        ),
        Wrong(
            "the derivative of f is taken at the noise; it is taken at the draw z = mu + sigma eps",
            lambda mu, log_sigma, eps, df: (np.mean(df(eps)), np.mean(df(eps) * np.exp(log_sigma) * eps)),
        ),
        Wrong(
            "the derivative of f is taken at mu for all draws; it is taken at each draw z = mu + sigma eps",
            lambda mu, log_sigma, eps, df: (df(mu), np.mean(df(mu) * np.exp(log_sigma) * eps)),
        ),
        Wrong(
            "the draw lacks mu: the derivative of f is taken at sigma eps",
            lambda mu, log_sigma, eps, df: pathwise_gradient(0.0, log_sigma, eps, df),
        ),
        Wrong(
            "z is mu + e^(log_sigma / 2) eps here: log_sigma is taken for the logarithm of the variance",
            lambda mu, log_sigma, eps, df: pathwise_gradient(mu, 0.5 * log_sigma, eps, df),
        ),
        Wrong(
            "the gradients are sums over the draws; an expectation is estimated by their mean",
            lambda mu, log_sigma, eps, df: tuple(
                eps.size * d for d in pathwise_gradient(mu, log_sigma, eps, df)
            ),
        ),
        Wrong(
            "dlog_sigma is a product of means; what is meant is the mean of the product",
            lambda mu, log_sigma, eps, df: (
                pathwise_gradient(mu, log_sigma, eps, df)[0],
                pathwise_gradient(mu, log_sigma, eps, df)[0] * np.mean(np.exp(log_sigma) * eps),
            ),
        ),
    ),
    hints=(
        "f(z) with z = mu + sigma eps: by the chain rule, df/dmu = f'(z) dz/dmu. The noise does not "
        "depend on mu.",
        "dz/dlog_sigma = sigma eps, since sigma = e^log_sigma.",
    ),
)
