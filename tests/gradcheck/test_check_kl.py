"""Closed forms of KL(q || p) against draws: right ones pass, planted mistakes are named."""

import numpy as np
import pytest

from scratchvae.distributions import kl
from scratchvae.gradcheck import check_kl
from scratchvae.gradcheck.beyond.constants import KNOWN

HALF_LOG_2PI = KNOWN["log(2 pi) / 2"]
MU = np.array([[0.5, -1.0, 0.2], [1.5, 0.3, -0.7]])  # two posteriors of three features
SIGMA = np.array([[0.6, 0.8, 1.5], [0.4, 1.2, 0.9]])


def log_normal(z, mu, sigma):
    return (-0.5 * ((z - mu) / sigma) ** 2 - np.log(sigma) - HALF_LOG_2PI).sum(axis=-1)


def sample_q(n, rng):
    return MU + SIGMA * rng.standard_normal((n, *MU.shape))


def sample_p(n, rng):
    return rng.standard_normal((n, *MU.shape))


def log_q(z):
    return log_normal(z, MU, SIGMA)


def log_p(z):
    return log_normal(z, 0.0, 1.0)


SQUARE, MEAN2, ONE, LOG = 0.5 * SIGMA**2, 0.5 * MU**2, 0.5 + 0 * MU, np.log(SIGMA)
RIGHT = (SQUARE + MEAN2 - ONE - LOG).sum(axis=-1)
REVERSE = (LOG + (1 + MU**2) / (2 * SIGMA**2) - 0.5).sum(axis=-1)


def checked(closed, **options):
    return check_kl(closed, sample_q, log_q, log_p, **options)


def test_the_closed_form_of_the_package_passes():
    lam = np.concatenate([MU, np.log(SIGMA)], axis=-1)
    report = checked(kl.forward(lam)[0])
    assert report.passed, report
    assert [block.name for block in report.blocks] == ["kl", "log_q"]
    assert report.blocks[0].numeric == pytest.approx(report.blocks[0].analytic, rel=0.02)


def test_one_number_passes_too():
    assert check_kl(
        float(0.5 * (0.25 + 0.49 - 1) - np.log(0.7)),
        lambda n, rng: 0.5 + 0.7 * rng.standard_normal((n, 1)),
        lambda z: log_normal(z, 0.5, 0.7),
        log_p,
    )


def test_other_distributions():
    """Two exponentials of rates a and b: log(a / b) + b / a - 1."""
    a, b = 2.0, 0.5
    options = (
        lambda n, rng: rng.exponential(1 / a, n),
        lambda z: np.log(a) - a * z,
        lambda z: np.log(b) - b * z,
    )
    assert check_kl(np.log(a / b) + b / a - 1, *options)
    report = check_kl(np.log(b / a) + a / b - 1, *options, sample_p=lambda n, rng: rng.exponential(1 / b, n))
    assert report.blocks[0].diagnosis.code == "swapped"


def test_the_level_is_kept():
    fails = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        fails += not checked(RIGHT, alpha=0.05, n_draws=1000, rng=rng)
    assert fails <= 30  # of 15 expected at most; more have a probability below 1e-3


TERMS = {"trace": SQUARE.sum(axis=-1), "mean": MEAN2.sum(axis=-1), "entropy": -LOG.sum(axis=-1)}

#: name: (closed form, options, code, factor or None, what the words hold).
WRONG = {
    "sign": (-RIGHT, {}, "sign", -1.0, "minus the divergence"),
    "forgotten": (0 * RIGHT, {}, "zero", 0.0, "is zero"),
    "half lost": (2 * RIGHT, {}, "scale", 2.0, "1/2 is lost"),
    "half too many": (RIGHT / 2, {}, "scale", 0.5, "1/2 too many"),
    "mean over features": (RIGHT / 3, {}, "scale", 1 / 3, "mean over the 3 features"),
    "in bits": (RIGHT / np.log(2), {}, "scale", 1 / np.log(2), "binary"),
    "direction": (REVERSE, {"sample_p": sample_p}, "swapped", None, "KL(p || q)"),
    "-1 forgotten": (RIGHT + 1.5, {}, "extra_term", None, "+1/2 for each of 3 features too much"),
    "cross-entropy": (
        (SQUARE + MEAN2 + HALF_LOG_2PI).sum(axis=-1),
        {},
        "missing_term",
        None,
        "cross-entropy",
    ),
    "mean's term missing": (
        RIGHT - TERMS["mean"],
        {"terms": TERMS},
        "missing_term",
        None,
        "'mean' is missing",
    ),
    "trace twice": (RIGHT + TERMS["trace"], {"terms": TERMS}, "extra_term", None, "'trace' is counted twice"),
    "entropy's sign": (
        RIGHT - 2 * TERMS["entropy"],
        {"terms": TERMS},
        "scaled_term",
        -1.0,
        "'entropy' has the wrong sign",
    ),
    "variance for sigma": (
        (0.5 * SIGMA**4 + MEAN2 - ONE - 2 * LOG).sum(axis=-1),
        {},
        "unexplained",
        None,
        "2 of 2",
    ),
    "nan": (np.nan * RIGHT, {}, "nonfinite", None, "not finite"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_planted_mistake_is_named(name):
    closed, options, code, factor, words = WRONG[name]
    report = checked(closed, **options)
    diagnosis = report.blocks[0].diagnosis
    assert not report.passed
    assert diagnosis.code == code, diagnosis
    assert words in diagnosis.message, diagnosis
    if factor is not None:
        assert diagnosis.factor == pytest.approx(factor, rel=0.02)


def test_an_exchanged_direction_is_seen_without_a_sampler_of_p_if_the_two_overlap():
    mu, sigma = np.array([0.3, -0.2]), np.array([1.2, 1.5])
    report = check_kl(
        (np.log(sigma) + (1 + mu**2) / (2 * sigma**2) - 0.5).sum(),
        lambda n, rng: mu + sigma * rng.standard_normal((n, 2)),
        lambda z: log_normal(z, mu, sigma),
        log_p,
    )
    assert report.blocks[0].diagnosis.code == "swapped", report


def test_exp_log_var_as_a_standard_deviation_in_forward_and_backward_is_seen():
    """The sampler of the well-known mistake: its gradient is right, its divergence is not."""
    log_var = 2 * np.log(SIGMA)

    def sample(n, rng):
        return MU + np.exp(log_var) * rng.standard_normal((n, *MU.shape))

    report = check_kl(RIGHT, sample, log_q, log_p)
    assert not report.blocks[0].passed


def test_a_log_q_that_is_not_the_density_of_the_draws_is_a_contradiction():
    report = check_kl(RIGHT, sample_q, lambda z: log_q(z) - 3, lambda z: log_p(z) - 3)
    assert report.passed  # the two constants cancel
    report = check_kl(RIGHT, sample_q, lambda z: log_q(z) - 3, log_p)
    assert [block.passed for block in report.blocks] == [False, False]
    assert "above one" in report.blocks[1].diagnosis.message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"log_q": lambda z: z}, "log_q must give shape"),
        ({"kl": "much"}, "kl must hold real numbers"),
        ({"n_draws": 0}, "n_draws"),
        ({"alpha": 1.0}, "alpha must"),
        ({"terms": {"mean": np.zeros(5)}}, "term 'mean' must have"),
    ],
)
def test_bad_input_is_refused(change, words):
    given = {"kl": RIGHT + 1, "sample_q": sample_q, "log_q": log_q, "log_p": log_p} | change
    with pytest.raises(ValueError, match=words):
        check_kl(**given)
