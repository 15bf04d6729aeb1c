"""Every conjugate model with data, in the forms that the conformance tests need."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scratchvae.models import (
    BetaBinomial,
    FactorAnalysis,
    LinearRegression,
    NormalGamma,
    NormalInverseGammaRegression,
    NormalMean,
)


@dataclass
class Case:
    """A model of all data; the same in two batches; and all data with one more datum.

    `whole` equals ``first.updated(*rest, **rest_options)``, if `updated` is right. `appended(new)` is the
    model of `whole`'s data and one `new` datum, whose density given those is
    ``predictive(whole).logpdf(new)``.
    """

    whole: Any
    first: Any
    rest: tuple
    rest_options: dict
    appended: Any
    new: Any
    predictive: Any = field(default=lambda model: model.predictive())


_rng = np.random.default_rng(7)
X = _rng.normal(1.3, 0.8, 9)
TABLE = _rng.normal(size=(9, 2))
Y = TABLE @ [0.8, -1.1] + 0.4 + 0.5 * _rng.normal(size=9)
NEW_ROW = np.array([[0.3, -0.7]])
COV = np.array([[1.5, 0.4, -0.2], [0.4, 0.9, 0.1], [-0.2, 0.1, 2.0]])
MEAN = np.array([0.5, -0.3, 0.2])
LOADINGS = _rng.normal(size=(5, 2))
DATUM, SECOND, THIRD = _rng.normal(size=(3, 5))
NOISE = np.array([0.3, 0.5, 0.8, 1.1, 0.6])


def _vector_case(make):
    return Case(make(X), make(X[:4]), (X[4:],), {}, lambda new: make(np.append(X, new)), 2.1)


def _regression_case(make):
    return Case(
        make(TABLE, Y),
        make(TABLE[:5], Y[:5]),
        (Y[5:],),
        {"x": TABLE[5:]},
        lambda new: make(np.vstack([TABLE, NEW_ROW]), np.append(Y, new)),
        0.9,
        lambda model: model.predictive(NEW_ROW),
    )


def _counts_case():
    k, n = np.array([3, 0, 5]), np.array([7, 4, 6])
    return Case(
        BetaBinomial(k, n, 2.5, 3.5),
        BetaBinomial(k[:1], n[:1], 2.5, 3.5),
        (k[1:],),
        {"trials": n[1:]},
        lambda new: BetaBinomial(np.append(k, new), np.append(n, 8), 2.5, 3.5),
        6,
        lambda model: model.predictive(8),
    )


def _one_count_case():
    """Numbers, not arrays: two experiments of 7 and 4 trials."""
    return Case(
        BetaBinomial([3, 1], [7, 4], 1.5, 2.0),
        BetaBinomial(3, 7, 1.5, 2.0),
        (1,),
        {"trials": 4},
        lambda new: BetaBinomial([3, 1, new], [7, 4, 1], 1.5, 2.0),
        1,
    )


def _latent_case(noise, mean):
    def measured(*data):
        times = len(data)
        tiled = [np.tile(np.broadcast_to(value, 5), times) for value in (noise, mean)]
        return FactorAnalysis(np.concatenate(data), np.tile(LOADINGS, (times, 1)), *tiled)

    first = FactorAnalysis(DATUM, LOADINGS, noise, mean)
    return Case(
        measured(DATUM, SECOND),
        first,
        (SECOND,),
        {},
        lambda new: measured(DATUM, SECOND, new),
        THIRD,
        lambda model: first.updated(SECOND).predictive(),
    )


CASES = {
    "normal mean": _vector_case(lambda x: NormalMean(x, 0.7, 0.5, 2.0)),
    "normal gamma": _vector_case(lambda x: NormalGamma(x, 0.4, 0.6, 4.0, 2.5)),
    "beta binomial": _counts_case(),
    "beta binomial of numbers": _one_count_case(),
    "linear regression": _regression_case(
        lambda x, y: LinearRegression(x, y, 0.5, [3.0, 1.0, 0.7], names=["age", "dose"], prior_mean=MEAN)
    ),
    "linear regression, full prior": _regression_case(
        lambda x, y: LinearRegression(x, y, 0.5, prior_mean=MEAN, prior_cov=COV)
    ),
    "linear regression without intercept": _regression_case(
        lambda x, y: LinearRegression(x, y, 0.5, 2.0, intercept=False)
    ),
    "normal inverse gamma": _regression_case(
        lambda x, y: NormalInverseGammaRegression(x, y, 1.2, 4.0, 2.0, names=["age", "dose"], prior_mean=MEAN)
    ),
    "normal inverse gamma, full prior": _regression_case(
        lambda x, y: NormalInverseGammaRegression(x, y, shape0=3.5, scale0=1.0, prior_cov=COV)
    ),
    "factor analysis": _latent_case(NOISE, np.arange(5) / 5),
    "probabilistic PCA": _latent_case(0.6, 0.1),
}
