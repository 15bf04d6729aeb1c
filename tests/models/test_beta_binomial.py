"""A probability from counts: SciPy's densities, evidence by quadrature and by summing to one."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from scratchvae.models import BetaBinomial

K, N = np.array([3, 0, 5]), np.array([7, 4, 6])


def test_the_prior_is_scipys_with_the_jacobian(rng):
    z = rng.normal(size=(6, 1))
    model = BetaBinomial(K, N, 0.5, 3.0)
    theta, log_det, _ = model.space.forward(z)
    np.testing.assert_allclose(
        model.log_prior(z), stats.beta.logpdf(theta["p"], 0.5, 3.0) + log_det, rtol=1e-12
    )
    np.testing.assert_allclose(
        model.log_likelihood(z), stats.binom.logpmf(K, N, theta["p"][:, None]).sum(-1), rtol=1e-12
    )


def test_the_evidence_by_quadrature():
    model = BetaBinomial(K, N, 0.5, 3.0)
    integral, _ = integrate.quad(
        lambda z: np.exp(model.log_joint(np.array([z]))), -15, 15, epsabs=0, epsrel=1e-10
    )
    assert model.log_evidence() == pytest.approx(np.log(integral), rel=1e-9)


def test_one_group_has_scipys_beta_binomial_evidence():
    assert BetaBinomial(3, 7, 0.5, 3.0).log_evidence() == pytest.approx(
        stats.betabinom.logpmf(3, 7, 0.5, 3.0)
    )


def test_the_probabilities_of_all_data_sets_sum_to_one():
    counts = itertools.product(range(4), range(3))
    total = sum(np.exp(BetaBinomial(k, [3, 2], 0.7, 1.9).log_evidence()) for k in counts)
    assert total == pytest.approx(1, rel=1e-12)


def test_the_groups_have_one_probability_in_common():
    split, pooled = BetaBinomial(K, N).exact_posterior(), BetaBinomial(8, 17).exact_posterior()
    np.testing.assert_allclose(split.mean, pooled.mean, rtol=1e-13)
    assert pooled.marginals["p"].mean() == pytest.approx(9 / 19)


def test_moments_of_the_logit_by_quadrature():
    exact = BetaBinomial(1, 3, 0.5, 0.8).exact_posterior()

    def moment(power):
        return integrate.quad(
            lambda z: z**power * np.exp(exact.log_prob(np.array([z]))), -60, 60, epsrel=1e-10
        )[0]

    assert exact.mean[0] == pytest.approx(moment(1), rel=1e-8)
    assert exact.cov[0, 0] == pytest.approx(moment(2) - moment(1) ** 2, rel=1e-8)


@pytest.mark.parametrize("z", [-800.0, 800.0])
def test_far_out_the_density_stays_finite(z):
    """p itself is exactly 0 or 1 there."""
    model = BetaBinomial(K, N)
    assert np.isfinite(model.log_joint(np.array([z])))
    assert np.isfinite(model.grad_log_joint(np.array([z]))).all()


def test_numbers_are_simulated_for_numbers_and_groups_for_groups(rng):
    z = np.zeros((40_000, 1))
    number, groups = BetaBinomial(3, 7).simulate(z, rng), BetaBinomial(K, N).simulate(z, rng)
    assert number.shape == (40_000,)
    assert groups.shape == (40_000, 3)
    np.testing.assert_allclose(groups.mean(axis=0), N / 2, atol=4 * np.sqrt(N.max() / 4 / 40_000))
    np.testing.assert_allclose(number.var(), 7 / 4, rtol=0.05)


@pytest.mark.parametrize(
    ("successes", "trials", "words"),
    [
        (5, 4, "cannot exceed trials: 5 of 4"),
        ([2, 9, 1], [4, 5, 3], "cannot exceed trials: 9 of 5"),
        (-1, 4, "whole numbers"),
        (1.5, 4, "whole numbers"),
        ([1, 2], [3, 4, 5], "same shape"),
        (np.nan, 4, "NaN"),
        ([], 3, "successes must be"),
        (2, [3, 4], "same shape"),
    ],
)
def test_impossible_counts_are_refused(successes, trials, words):
    with pytest.raises(ValueError, match=words):
        BetaBinomial(successes, trials)
