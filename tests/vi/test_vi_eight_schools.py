"""The eight schools: the posterior that taught the field to check its approximations."""

import functools

import pytest
from vi_problems import fitted

from scratchvae.models import EightSchools

EXACT = EightSchools().exact_by_quadrature()


@functools.cache
def non_centred(seed):
    return fitted(EightSchools(), seed=seed)


@pytest.mark.parametrize("seed", [0, 2])
def test_non_centred_full_rank(seed):
    q = non_centred(seed)
    table = q.summary()
    assert q.converged
    assert abs(table["mu"].mean - EXACT.mu_mean) < 0.15 * EXACT.mu_sd
    assert abs(table["tau"].mean - EXACT.tau_mean) < 0.3 * EXACT.tau_sd
    assert q.elbo < EXACT.log_evidence - 4 * q.elbo_error
    assert q.corrected.log_evidence.value == pytest.approx(EXACT.log_evidence, abs=0.05)


def test_the_weights_correct_both_moments_of_the_population():
    q = non_centred(0)
    mean, sd = q.corrected.mean.value, q.corrected.sd.value
    assert mean[0] == pytest.approx(EXACT.mu_mean, abs=0.05 * EXACT.mu_sd)
    assert mean[1] == pytest.approx(EXACT.tau_mean, abs=0.1 * EXACT.tau_sd)
    assert sd[0] == pytest.approx(EXACT.mu_sd, rel=0.05)
    assert q.verdict.code != "trust"  # q's own tau is too narrow
    assert q.summary()["tau"].sd < 0.9 * EXACT.tau_sd


@pytest.mark.filterwarnings("ignore:the fit has not converged")
@pytest.mark.parametrize("seed", range(3))
def test_the_centred_way_is_not_trusted_full_rank(seed):
    """A Gaussian cannot bend with the funnel of (log tau, theta). More steps than these change little."""
    q = fitted(EightSchools(centred=True), seed=seed, steps=2000)
    assert q.verdict.code != "trust"
    assert q.elbo < EXACT.log_evidence - 1
    assert q.summary()["tau"].sd < 0.5 * EXACT.tau_sd


@pytest.mark.parametrize("seed", range(3))
def test_the_centred_way_is_not_trusted_mean_field(seed):
    q = fitted(EightSchools(centred=True), "mean_field", seed=seed)
    assert q.verdict.code == "distrust"
    assert q.khat > 0.7
    assert q.elbo < EXACT.log_evidence - 1.5
