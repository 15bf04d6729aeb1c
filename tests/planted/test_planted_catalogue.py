"""Every planted mistake is caught by the check that should catch it, and named; right code passes them."""

import pytest

from scratchvae import kernels, planted
from scratchvae.planted import checks

#: Their diagnoses try many hypotheses on many blocks. Some of each kind stay in.
SLOW = {
    "elbo-summed",
    "elbo-entropy-forgotten",
    "kl-divided-by-samples",
    "vae-kl-forgotten",
    "vae-through-the-decoder-alone",
    "iaf-log-det-gradient",
    "coupling-bound-forgotten",
    "score-baseline-of-all",
    "constrained-jacobian",
}
FAST = [mistake for mistake in planted.CATALOGUE if mistake.name not in SLOW]
CHECKS = sorted({check for mistake in FAST for check in mistake.checks})


@pytest.mark.parametrize("mistake", FAST, ids=lambda mistake: mistake.name)
def test_it_is_caught_and_named(mistake):
    result = planted.run(mistake)
    assert result.passed == mistake.checks[:-1]
    assert (result.caught_by, result.code) == (mistake.checks[-1], mistake.code)
    assert result.message


@pytest.mark.parametrize("check", CHECKS)
def test_right_code_passes(check):
    """Without a mistake every check passes, so that what catches one is the mistake."""
    with kernels.using("numpy"):
        report = checks.run(check)
    assert report.passed, report


def test_names_are_unique_and_slow_ones_are_there():
    names = [mistake.name for mistake in planted.CATALOGUE]
    assert len(set(names)) == len(names) >= 100
    assert set(names) > SLOW


def test_find_names_the_nearest():
    assert planted.find("prior-sign").module == "distributions.normal"
    with pytest.raises(ValueError, match="did you mean 'prior-sign'"):
        planted.find("prior-sing")


def test_an_exception_is_a_finding():
    mistake = planted.Mistake(
        "raises", "", "", "nn.linear", (("return h, Cache(x, weight, cache)", "return h, Cach(x, cache)"),),
        ("gradient: linear",), "error",
    )  # fmt: skip
    result = planted.run(mistake)
    assert result.code == "error" and result.message == "NameError: name 'Cach' is not defined"


def test_what_no_check_sees_says_so():
    mistake = planted.Mistake(
        "harmless", "", "", "nn.linear",
        (("_times_transposed(da, cache.w", "1 * _times_transposed(da, cache.w"),),
        ("gradient: linear",), "scale",
    )  # fmt: skip
    result = planted.run(mistake)
    assert (result.caught_by, result.code, result.passed) == (None, "", ("gradient: linear",))
