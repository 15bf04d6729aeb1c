"""Densities against integrals and samplers: SciPy's pass, planted mistakes are named."""

import numpy as np
import pytest
from scipy import stats

from scratchvae.gradcheck import check_density
from scratchvae.gradcheck.beyond.view import DensityView

HALF = (0, np.inf)


def pair(distribution):
    return distribution.logpdf, lambda n, rng: distribution.rvs(n, random_state=rng)


#: name: (distribution, support).
RIGHT = {
    "normal": (stats.norm(0, 1), None),
    "far and narrow": (stats.norm(1000, 0.01), None),
    "very far": (stats.norm(-3e4, 1e-3), None),
    "Cauchy": (stats.cauchy(2, 3), None),
    "no mean": (stats.t(0.7), None),
    "Laplace": (stats.laplace(1, 2), None),
    "infinite at its end": (stats.gamma(0.5), HALF),
    "narrow gamma": (stats.gamma(1e4), HALF),
    "infinite at both ends": (stats.beta(0.5, 0.5), (0, 1)),
    "near one end": (stats.beta(3000, 5), (0, 1)),
    "skew": (stats.lognorm(1.5), HALF),
    "heavy": (stats.halfcauchy(scale=25), HALF),
    "tiny": (stats.expon(scale=1e-6), HALF),
    "an end without a support": (stats.expon(), None),
    "two ends without a support": (stats.uniform(0.3, 2), None),
    "triangle": (stats.triang(0.3, -1, 4), (-1, 3)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_density_passes(name):
    distribution, support = RIGHT[name]
    report = check_density(*pair(distribution), support=support, n_draws=5000)
    assert report.passed, report
    assert [block.name for block in report.blocks] == ["integral", "sampler"]
    assert report.blocks[0].analytic == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("name", ["normal", "infinite at its end", "skew", "triangle"])
def test_the_moments_are_those_of_scipy(name):
    distribution, support = RIGHT[name]
    report = check_density(
        distribution.logpdf, support=support, mean=distribution.mean(), std=distribution.std()
    )
    assert report.passed, report
    assert [block.name for block in report.blocks] == ["integral", "mean", "std"]


def test_two_peaks_far_from_each_other_are_both_found():
    def log_prob(x):
        return np.logaddexp(stats.norm.logpdf(x, -5, 0.1), stats.norm.logpdf(x, 40, 2)) - np.log(2)

    assert check_density(log_prob)


def test_a_formula_that_overflows_far_out_is_no_mistake():
    with np.errstate(all="ignore"):
        assert check_density(lambda x: 0.5 * (np.exp(-x * x) * 0 - x * x - np.log(2 * np.pi)))


# --- two and more dimensions --------------------------------------------------------------------

COV = np.array([[1, 0.97], [0.97, 1]])


def banana(x):
    return stats.norm.logpdf(x[:, 0]) + stats.norm.logpdf(x[:, 1], 2 * x[:, 0] ** 2, 0.3)


def bananas(n, rng):
    first = rng.standard_normal(n)
    return np.stack([first, 2 * first**2 + 0.3 * rng.standard_normal(n)], axis=1)


def independent(sigma):
    """A normal of independent features, and its sampler."""
    sigma = np.asarray(sigma)
    return (
        lambda x: stats.norm.logpdf(x, 1.0, sigma).sum(axis=-1),
        lambda n, rng: 1 + sigma * rng.standard_normal((n, len(sigma))),
    )


def gammas(n, rng):
    return rng.gamma([0.5, 2.0, 3.0], 1.0, (n, 3))


MANY = {
    "correlated": (
        stats.multivariate_normal([3, -2], COV).logpdf,
        lambda n, rng: rng.multivariate_normal([3, -2], COV, n),
        None,
    ),
    "banana": (banana, bananas, None),
    "three": (*independent([0.5, 1, 2]), None),
    "ten": (*independent(np.linspace(0.1, 3, 10)), None),
    "positive": (
        lambda x: stats.gamma.logpdf(x, [0.5, 2.0, 3.0]).sum(axis=-1),
        gammas,
        [HALF] * 3,
    ),
    "within a square": (
        lambda x: stats.beta.logpdf(x, [2, 3], 2).sum(axis=-1),
        lambda n, rng: rng.beta([2, 3], 2, (n, 2)),
        [(0, 1)] * 2,
    ),
}


@pytest.mark.parametrize("name", MANY)
def test_a_right_density_of_vectors_passes(name):
    log_prob, sample, support = MANY[name]
    report = check_density(log_prob, sample, support=support, n_draws=20_000)
    assert report.passed, report
    names = [block.name for block in report.blocks]
    two = ["integral", "sampler: cells", "sampler: slopes"]
    assert names == (two if "sampler: cells" in names else ["sampler: slopes", "integral"])


def test_the_mean_and_spread_of_draws_are_held_against_what_was_stated():
    log_prob, sample = independent([0.5, 1.0, 2.0])
    stated = {"mean": 1.0, "std": [0.5, 1.0, 2.0]}
    assert check_density(log_prob, sample, **stated, n_draws=5000)
    report = check_density(log_prob, sample, mean=1.0, std=[0.5, 1.0, 4.0], n_draws=5000)
    assert [block.name for block in report.blocks if not block.passed] == ["std of the draws"]


# --- atoms --------------------------------------------------------------------------------------

COUNTS = np.arange(60)


def test_the_sum_over_atoms():
    poisson = stats.poisson(7)
    report = check_density(
        poisson.logpmf,
        lambda n, rng: rng.poisson(7, n),
        atoms=COUNTS,
        mean=7,
        std=np.sqrt(7),
        n_draws=5000,
    )
    assert report.passed, report


def test_atoms_of_vectors():
    p = np.array([[0.1, 0.2], [0.3, 0.4]])

    def sample(n, rng):
        return np.stack(np.unravel_index(rng.choice(4, n, p=p.ravel()), (2, 2)), axis=1)

    def log_prob(x):
        return np.log(p[tuple(x.astype(int).T)])

    atoms = [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert check_density(log_prob, sample, atoms=atoms)
    assert not check_density(log_prob, lambda n, rng: sample(n, rng)[:, ::-1], atoms=atoms)


# --- planted mistakes ---------------------------------------------------------------------------


TWO_PI = 0.5 * np.log(2 * np.pi)


def normal(sigma, constant=TWO_PI, count=1):
    return lambda x: -0.5 * ((x - 1) / sigma) ** 2 - count * np.log(sigma) - constant


def draws(sigma, mean=1.0):
    return lambda n, rng: mean + sigma * rng.standard_normal(n)


def rates(x):
    return stats.gamma.logpdf(x, 3, scale=1 / 2)


#: name: (options, the block, its code, its factor or None, what the words hold).
WRONG = {
    "2 pi forgotten": (
        {"log_prob": normal(3, 0)},
        "integral",
        "missing_term",
        None,
        "-log(2 pi) / 2 is missing",
    ),
    "2 pi twice": ({"log_prob": normal(3, 2 * TWO_PI)}, "integral", "extra_term", None, "once too often"),
    "sigma forgotten": (
        {"log_prob": normal(3, count=0), "sizes": {"sigma": 3}},
        "integral",
        "missing_term",
        3.0,
        "-log(sigma) is missing",
    ),
    "sigma^2 for sigma": (
        {"log_prob": normal(0.4, count=2), "sizes": {"sigma": 0.4}},
        "integral",
        "extra_term",
        1 / 0.4,
        "-log(sigma) is there once too often",
    ),
    "half a line": (
        {"log_prob": lambda x: np.where(x >= 0, stats.norm.logpdf(x), -np.inf), "support": HALF},
        "integral",
        "missing_term",
        0.5,
        "+log(2) is missing",
    ),
    "a factor of 1.01": (
        {"log_prob": normal(3, TWO_PI - np.log(1.01))},
        "integral",
        "scale",
        1.01,
        "too large by 0.00995",
    ),
    "improper": (
        {"log_prob": lambda x: -0.5 * np.log(1 + x * x)},
        "integral",
        "nonfinite",
        None,
        "does not converge",
    ),
    "nan": ({"log_prob": lambda x: np.log(x) - x}, "integral", "nonfinite", None, "give support="),
    "nowhere": ({"log_prob": lambda x: np.full(len(x), -np.inf)}, "integral", "zero", None, "is zero"),
    "sampler of exp(log_var)": (
        {"log_prob": normal(0.4), "sample": draws(0.16)},
        "sampler",
        "scale",
        0.4,
        "exp(log_var) for exp(log_var / 2)",
    ),
    "exp(log_var) in both": (
        {"log_prob": normal(0.16), "sample": draws(0.16), "mean": 1, "std": 0.4},
        "std",
        "scale",
        0.4,
        "the square of what it should be",
    ),
    "sampler of the root": (
        {"log_prob": normal(0.4), "sample": draws(0.4**0.5)},
        "sampler",
        "scale",
        0.4**-0.5,
        "root",
    ),
    "spread twice": ({"log_prob": normal(1), "sample": draws(2)}, "sampler", "scale", 2.0, "2 times as far"),
    "spread 5 % more": (
        {"log_prob": normal(1), "sample": draws(1.05)},
        "sampler",
        "scale",
        1.05,
        "times as far",
    ),
    "sampler's mean": (
        {"log_prob": normal(1), "sample": draws(1, 1.5)},
        "sampler",
        "extra_term",
        None,
        "moved by +0.",
    ),
    "sampler's sign": ({"log_prob": normal(1), "sample": draws(1, -1)}, "sampler", "sign", -1.0, "-x"),
    "rate for scale": (
        {
            "log_prob": rates,
            "sample": lambda n, rng: rng.gamma(3, 2, n),
            "support": HALF,
            "sizes": {"rate": 2},
        },
        "sampler",
        "scale",
        4.0,
        "rate = 2",
    ),
    "exp forgotten": (
        {
            "log_prob": stats.lognorm(0.5).logpdf,
            "sample": lambda n, rng: 0.5 * rng.standard_normal(n),
            "support": HALF,
        },
        "sampler",
        "activation",
        None,
        "forgets the exponential",
    ),
    "absolute value forgotten": (
        {"log_prob": stats.halfnorm.logpdf, "sample": lambda n, rng: rng.standard_normal(n), "support": HALF},
        "sampler",
        "activation",
        None,
        "absolute value",
    ),
    "draws outside": (
        {"log_prob": stats.expon.logpdf, "sample": lambda n, rng: rng.standard_t(3, n), "support": HALF},
        "sampler",
        "nonfinite",
        None,
        "where the density is zero",
    ),
    "another shape": (
        {"log_prob": stats.t(3).logpdf, "sample": lambda n, rng: 1.3 * rng.standard_normal(n)},
        "sampler",
        "unexplained",
        None,
        "do not come from the density",
    ),
    "moved counts": (
        {
            "log_prob": stats.poisson(7).logpmf,
            "sample": lambda n, rng: 1 + rng.poisson(7, n),
            "atoms": COUNTS,
        },
        "sampler",
        "extra_term",
        None,
        "moved by +1",
    ),
    "p for 1 - p": (
        {
            "log_prob": lambda x: np.where(x == 1, np.log(0.3), np.log(0.7)),
            "sample": lambda n, rng: 1.0 * (rng.random(n) > 0.3),
            "atoms": [0, 1],
        },
        "sampler",
        "sign",
        -1.0,
        "exchanged",
    ),
    "2 pi of three features": (
        {
            "log_prob": lambda x: independent([0.5, 1, 2])[0](x) + 3 * TWO_PI,
            "sample": independent([0.5, 1, 2])[1],
        },
        "integral",
        "missing_term",
        None,
        "for each of 3 features is missing",
    ),
    "variances of four features": (
        {"log_prob": independent([0.4, 0.6, 1, 1.5])[0], "sample": independent([0.16, 0.36, 1, 2.25])[1]},
        "sampler: slopes",
        "scale",
        None,
        "exp(log_var)",
    ),
    "correlation forgotten": (
        {
            "log_prob": stats.multivariate_normal([3, -2], COV).logpdf,
            "sample": lambda n, rng: rng.standard_normal((n, 2)) + [3, -2],
        },
        "sampler: cells",
        "unexplained",
        None,
        "do not come",
    ),
    "features exchanged": (
        {"log_prob": banana, "sample": lambda n, rng: bananas(n, rng)[:, ::-1]},
        "sampler: cells",
        "unexplained",
        None,
        "do not come",
    ),
    "moved in three dimensions": (
        {
            "log_prob": independent([0.5, 1, 2])[0],
            "sample": lambda n, rng: 0.5 + independent([0.5, 1, 2])[1](n, rng),
        },
        "sampler: slopes",
        "extra_term",
        None,
        "moved by +0.5",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_planted_mistake_is_named(name):
    options, wrong, code, factor, words = WRONG[name]
    report = check_density(**options)
    block = next(block for block in report.blocks if block.name == wrong)
    assert not block.passed
    assert block.diagnosis.code == code, block.diagnosis
    assert words in block.diagnosis.message, block.diagnosis
    if factor is not None:
        assert block.diagnosis.factor == pytest.approx(factor, rel=0.03)


def test_what_is_not_meant_to_be_normalized_is_not_compared_with_one():
    report = check_density(normal(3, 0), draws(3), normalized=False)
    assert report.passed, report
    assert [block.name for block in report.blocks] == ["sampler"]


def test_the_report_states_its_level():
    report = check_density(normal(1), draws(1), n_draws=1000, alpha=1e-3)
    assert report.summary == "1,000 draws; a right sampler fails with probability 0.001 at most"


@pytest.mark.parametrize("name", ["normal", "skew"])
def test_the_level_is_kept_in_one_dimension(name):
    distribution, support = RIGHT[name]
    log_prob, sample = pair(distribution)
    fails = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        fails += not check_density(log_prob, sample, support=support, n_draws=500, alpha=0.05, rng=rng)
    assert fails <= 22  # of 10 expected at most; more have a probability below 1e-3


# --- what comes in ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"support": (1, 0)}, "low < high"),
        ({"support": (0, 1), "atoms": [0, 1]}, "not both"),
        ({"log_prob": lambda x: 0.0}, "one number for each x"),
        ({"log_prob": lambda x: x[:, None]}, "one number for each x"),
        ({"sample": lambda n, rng: np.zeros(n - 1)}, "must return n draws"),
        ({"sample": lambda n, rng: np.full(n, np.nan)}, "NaN or infinity"),
        ({"sample": lambda n, rng: np.zeros((n, 2)), "support": (0, 1)}, "but a draw is a vector of 2"),
        ({"support": [(0, 1)] * 3}, "give sample="),
        ({"alpha": 0}, "alpha must"),
        ({"mean": [1, 2]}, "mean must be a number or have shape"),
        ({"atoms": np.zeros((0, 2))}, "at least one row"),
        ({"sizes": {"sigma": -1}}, "above zero"),
    ],
)
def test_bad_input_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        check_density(**{"log_prob": normal(1), **options})


def test_a_view_of_a_vector_of_one_feature_calls_with_a_column():
    seen = []

    def log_prob(x):
        seen.append(x.shape)
        return normal(1)(x[:, 0])

    assert check_density(log_prob, support=[(-np.inf, np.inf)])
    assert all(len(shape) == 2 and shape[1] == 1 for shape in seen)
    assert DensityView(log_prob, None, [(0, 1)], None, 1, None).d == 1
