"""Estimators of a gradient: what is right on average passes, bias is seen and named."""

import numpy as np
import pytest

from scratchvae.bounds import BOUNDS
from scratchvae.gradcheck import check, check_estimator, check_vae
from scratchvae.gradcheck.beyond.chance import RunningMoments, chi_square_limit, dkw_distance, z_limit
from scratchvae.vae import VAE

MU = np.array([0.5, -1.0, 2.0])
SIGMA = 0.7


def expectation(mu):
    """E[sum z^4] for z ~ N(mu, sigma^2)."""
    return float((mu**4 + 6 * mu**2 * SIGMA**2 + 3 * SIGMA**4).sum())


GRADIENT = 4 * MU**3 + 12 * MU * SIGMA**2


def drawn(mu, rng, n=200):
    eps = rng.standard_normal((n, 3))
    return mu + SIGMA * eps, eps


def pathwise(mu, rng):
    z, _ = drawn(mu, rng)
    return 4 * z**3


def score_function(mu, rng):
    z, eps = drawn(mu, rng)
    return (z**4).sum(axis=-1, keepdims=True) * eps / SIGMA


def antithetic(mu, rng):
    z, _ = drawn(mu, rng)
    return 2 * z**3 + 2 * (2 * mu - z) ** 3


RIGHT = {f.__name__: f for f in (pathwise, score_function, antithetic)}
TRUTHS = {
    "expectation": {"expectation": expectation},
    "gradient": {"gradient": GRADIENT},
    "gradient function": {"gradient": lambda mu: 4 * mu**3 + 12 * mu * SIGMA**2},
    "reference": {"reference": pathwise},
}


@pytest.mark.parametrize("truth", TRUTHS)
@pytest.mark.parametrize("name", RIGHT)
def test_a_right_estimator_passes(name, truth):
    report = check_estimator(RIGHT[name], MU, **TRUTHS[truth])
    assert report.passed, report
    [block] = report.blocks
    assert abs(block.analytic - block.numeric) <= 6 * block.uncertainty + 1e-9
    assert "would be seen" in block.diagnosis.message
    assert "probability 0.0001 at most" in report.summary


def test_one_draw_at_a_time():
    def single(mu, rng):
        return 4 * (mu + SIGMA * rng.standard_normal(3)) ** 3

    assert check_estimator(single, MU, gradient=GRADIENT, n_draws=2000)
    assert not check_estimator(lambda mu, rng: 1.5 * single(mu, rng), MU, gradient=GRADIENT, n_draws=2000)


@pytest.mark.parametrize("name", RIGHT)
def test_the_level_is_kept(name):
    fails = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        fails += not check_estimator(RIGHT[name], MU, gradient=GRADIENT, alpha=0.05, n_draws=1000, rng=rng)
    assert fails <= 30  # of 15 expected at most; more have a probability below 1e-3


def times(factor):
    return lambda mu, rng: factor * pathwise(mu, rng)


def one_entry(mu, rng):
    draw = pathwise(mu, rng)
    draw[:, 1] = 0
    return draw


#: name: (estimator, options, code, factor or None, what the words hold).
WRONG = {
    "sign": (times(-1), {}, "sign", -1.0, "minus the gradient"),
    "forgotten": (times(0), {}, "zero", 0.0, "zero on average"),
    "half": (times(0.5), {}, "scale", 0.5, "a lost 2"),
    "summed over five samples": (times(5), {"sizes": {"samples": 5}}, "scale", 5.0, "samples = 5"),
    "one entry": (one_entry, {}, "rows", None, "(1,)"),
    "a constant": (lambda mu, rng: pathwise(mu, rng) + 1.5, {}, "extra_term", None, "in every entry"),
    "a score that is divided by sigma^2": (
        lambda mu, rng: score_function(mu, rng) / SIGMA,
        {"sizes": {"sigma": SIGMA}},
        "scale",
        1 / SIGMA,
        "sigma",
    ),
    "a term that depends on mu left out": (
        lambda mu, rng: pathwise(mu, rng) - 2 * mu**3,
        {},
        "unexplained",
        None,
        "3 of 3 entries",
    ),
    "nan": (times(np.nan), {}, "nonfinite", None, "a draw of the estimator"),
}


@pytest.mark.parametrize("truth", ["expectation", "reference"])
@pytest.mark.parametrize("name", WRONG)
def test_a_bias_is_named(name, truth):
    estimator, options, code, factor, words = WRONG[name]
    report = check_estimator(estimator, MU, **TRUTHS[truth], **options)
    [block] = report.blocks
    assert not report.passed
    assert block.diagnosis.code == code, block.diagnosis
    assert words in block.diagnosis.message, block.diagnosis
    if factor is not None:
        assert block.diagnosis.factor == pytest.approx(factor, rel=0.1, abs=0.05)


def test_a_small_factor_in_every_coordinate_is_seen_by_the_projection():
    rng = np.random.default_rng(0)
    truth = rng.standard_normal(400)

    def estimator(theta, rng):
        return 1.1 * truth + 3 * rng.standard_normal((500, 400))

    report = check_estimator(estimator, np.zeros(400), gradient=truth, n_draws=5000)
    assert report.blocks[0].diagnosis.code == "scale"
    assert report.blocks[0].diagnosis.factor == pytest.approx(1.1, abs=0.02)


def test_blocks_are_judged_by_themselves():
    blocks = {"first": (slice(0, 2), (2,)), "last": (slice(2, 3), (1,))}

    def estimator(mu, rng):
        return pathwise(mu, rng) * [1, 1, 3]

    report = check_estimator(estimator, MU, gradient=GRADIENT, blocks=blocks)
    assert [block.passed for block in report.blocks] == [True, False]
    assert report.blocks[1].diagnosis.factor == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "not none of them"),
        ({"gradient": GRADIENT, "expectation": expectation}, "expectation and gradient"),
        ({"gradient": np.zeros(2)}, "must have theta's shape"),
        ({"gradient": GRADIENT, "estimator": lambda mu, rng: np.zeros(2)}, "must return a draw"),
        ({"expectation": lambda mu: np.nan}, "numerical gradient"),
        ({"reference": lambda mu, rng: np.zeros((7, 3))}, "7 draws where the estimator gives 200"),
        ({"gradient": GRADIENT, "resolution": 2}, "resolution"),
    ],
)
def test_bad_input_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        check_estimator(**{"estimator": pathwise, "theta": MU} | options)


# --- the bounds of the package ------------------------------------------------------------------

ESTIMATORS = ("sticking_the_landing", "score_function", "score_function_leave_one_out")


@pytest.fixture
def vae():
    made = VAE(3, 1, (2,), likelihood="normal_fixed:0.7", dtype="float64", seed=3)
    made.parameters.value = made.parameters.value * 1.5
    return made


X = np.array([[0.5, -1.0, 0.3], [1.0, 0.2, -0.4]])


def gradient_of(vae, bound, n_samples=20):
    """(theta, rng) -> one draw of the gradient of minus the bound."""

    def draw(theta, rng):
        vae.parameters.value = theta
        vae.loss_and_grad(X, rng.standard_normal((n_samples, len(X), 1)), bound)
        return vae.parameters.grad.copy()

    return draw


@pytest.mark.parametrize("bound", ESTIMATORS)
def test_a_bounds_estimator_fails_at_fixed_noise_and_passes_on_average(vae, bound):
    assert not BOUNDS[bound].exact
    eps = np.random.default_rng(0).standard_normal((2, len(X), 1))
    assert not check_vae(vae, X, eps, bound)
    report = check_estimator(
        gradient_of(vae, bound),
        vae.parameters.value.copy(),
        reference=gradient_of(vae, "elbo"),
        blocks=vae.parameters.blocks(),
        n_draws=500,
    )
    assert report.passed, report


def test_a_score_that_is_subtracted_twice_fails_on_average(vae, monkeypatch):
    kind = BOUNDS["score_function"]
    right = kind.backward
    monkeypatch.setattr(kind, "backward", lambda self, cache: right(self, cache)._replace(score=None))
    report = check_estimator(
        gradient_of(vae, "score_function"),
        vae.parameters.value.copy(),
        reference=gradient_of(vae, "elbo"),
        blocks=vae.parameters.blocks(),
        n_draws=500,
    )
    assert {block.name for block in report.blocks if not block.passed} >= {"encoder.1.weight"}


def test_the_fixed_noise_check_says_which_check_fits():
    def function(mu):
        z, _ = drawn(mu, np.random.default_rng(0))
        return float((z**4).sum(axis=-1).mean())

    def gradient(mu):
        return score_function(mu, np.random.default_rng(0)).mean(axis=0)

    report = check(function, MU, gradient)
    assert not report.passed
    assert "check_estimator" in str(report)


# --- chance -------------------------------------------------------------------------------------


def test_running_moments_are_those_of_all_rows():
    rows = np.random.default_rng(0).normal(1e6, 1, (1000, 3))
    moments = RunningMoments(3)
    for part in np.split(rows, [1, 10, 400]):
        moments.add(part)
    assert moments.n == 1000
    assert np.allclose(moments.mean, rows.mean(axis=0), rtol=1e-14)
    assert np.allclose(moments.error, rows.std(axis=0, ddof=1) / np.sqrt(1000), rtol=1e-9)


def test_the_limit_is_students_quantile():
    from scipy import stats

    for alpha, n in ((0.05, 30), (1e-4, 200), (1e-6, 500), (1e-4, 10**6)):
        assert z_limit(alpha, 1, n) == pytest.approx(stats.t.isf(alpha / 2, n - 1), rel=3e-3)
    assert z_limit(0.05, 10) == pytest.approx(stats.norm.isf(0.0025), rel=1e-9)


def test_the_other_two_tails():
    from scipy import stats

    assert chi_square_limit(1e-4, 10) == pytest.approx(stats.chi2.isf(1e-4, 10))
    assert 2 * np.exp(-2 * 500 * dkw_distance(1e-3, 500) ** 2) == pytest.approx(1e-3)
