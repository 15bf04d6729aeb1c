"""A fit says that it has converged only if it has, and refuses a posterior that does not integrate to one."""

from types import SimpleNamespace

import numpy as np
import pytest
from vi_problems import Written, fitted, square

import scratchvae as sv
from scratchvae.models import BayesianModel, LogisticRegression, NormalMean
from scratchvae.vi import DivergedError, Stage
from scratchvae.vi.stages import TOLERANCE, StagedAdam


def far_mean():
    """z ~ N(3, 1), a way from zero."""
    return NormalMean(np.full(4, 3.0), 2.0, prior_sigma=100.0)


# --- converged or not ---------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"lr": 1e-4}, {"lr": 1e-3}, {"steps": 10}, {"steps": 1}])
def test_too_small_steps_or_too_few_are_not_taken_for_convergence(options):
    """At such rates no stage moves q by much, wherever it stands."""
    with pytest.warns(UserWarning, match=r"the fit has not converged after \d+ steps"):
        q = fitted(far_mean(), start="zero", **{"steps": 1500} | options)
    assert not q.converged
    assert "NOT converged" in str(q)


def test_a_last_stage_that_is_cut_short_is_no_proof():
    """It moves q less than the tolerance, as few small steps do."""
    with pytest.warns(UserWarning, match="has not converged after 2000 steps"):
        q = fitted(sv.models.EightSchools(centred=True), steps=2000)
    assert q.stages[-1].n_steps < q.stages[-2].n_steps
    assert not q.converged


@pytest.mark.parametrize(
    ("moved", "lr", "n_steps", "settled"),
    [
        (0.9 * TOLERANCE, 0.01, 100, True),
        (1.1 * TOLERANCE, 0.01, 100, False),  # far
        (0.9 * TOLERANCE, 0.01, 400, False),  # little, but in a quarter of the steps
        (0.4 * TOLERANCE, 0.01, 400, True),
        (0.5 * TOLERANCE, 1e-4, 100, False),  # 100 steps of 1e-4 at random go 1e-3 far, these went straight
        (0.0005, 1e-4, 100, True),
        (0.0, 1e-4, 100, True),
    ],
)
def test_the_rule_of_convergence(moved, lr, n_steps, settled):
    adam = SimpleNamespace(reparam=sv.reparam.build("mean_field", 1))
    assert StagedAdam.has_settled(adam, Stage(lr, 100, 0.0, moved), n_steps) == settled


def test_one_long_run_warns_of_nothing():
    assert fitted(far_mean(), start="zero").converged


# --- improper posteriors ------------------------------------------------------------------------


class RandomWalk(BayesianModel):
    """Increments are N(0, 1); where it starts, nothing says."""

    n_latent = 6

    def log_joint(self, z):
        return -0.5 * (np.diff(z, axis=-1) ** 2).sum(axis=-1)

    def grad_log_joint(self, z):
        dz, steps = np.zeros_like(z), np.diff(z, axis=-1)
        dz[..., 1:] -= steps
        dz[..., :-1] += steps
        return dz


def flat():
    return Written(2, lambda z: 0.0 * z[..., 0], np.zeros_like)


def flat_in_one():
    return Written(2, lambda z: -0.5 * z[..., 0] ** 2, lambda z: z * [-1.0, 0.0])


def separable():
    """A plane separates ones from zeros: the likelihood grows for ever along its normal."""
    x = np.linspace(-1, 1, 20)
    return LogisticRegression(x, x > 0.03, prior_sigma=np.inf)


@pytest.mark.parametrize("family", ["mean_field", "full_rank"])
@pytest.mark.parametrize("make", [flat, flat_in_one])
@pytest.mark.parametrize("start", ["auto", "zero"])
def test_flat_densities_are_called_improper(make, family, start):
    with pytest.raises(DivergedError, match=r"runs away.*'z\[\d\]'.*improper.*give a proper prior"):
        fitted(make(), family, start=start)


def test_a_flat_direction_that_is_no_axis_is_seen_by_full_rank():
    with pytest.raises(DivergedError, match="improper"):
        fitted(RandomWalk())


def test_mean_field_cannot_run_along_it_but_is_not_trusted():
    """Each z_i given the others is proper, so that the best product is too: what warns is khat."""
    q = fitted(RandomWalk(), "mean_field")
    np.testing.assert_allclose(q.sd**2, [1, *[0.5] * 4, 1], rtol=0.02)
    assert q.khat > 0.7
    assert q.verdict.code == "distrust"


@pytest.mark.parametrize("family", ["mean_field", "full_rank"])
def test_a_separable_logistic_regression_with_a_flat_prior(family):
    """Its runaway is as slow as the square root of a logarithm: it ends without convergence."""
    with pytest.warns(UserWarning, match=r"has not converged.*may be improper"):
        q = fitted(separable(), family, steps=2000)
    assert not q.converged
    assert q.verdict.code == "distrust"


def test_a_finite_prior_makes_it_proper():
    x = np.linspace(-1, 1, 20)
    assert fitted(LogisticRegression(x, x > 0.03, prior_sigma=2.0)).converged


@pytest.mark.parametrize(
    ("log_joint", "gradient"),
    [
        (lambda z: z[..., 0], np.ones_like),  # rises for ever
        (lambda z: -np.logaddexp(0, -z[..., 0]), lambda z: 1 / (1 + np.exp(z))),  # flat on one side
        (lambda z: -0.5 * np.log1p(z[..., 0] ** 2), lambda z: -z / (1 + z * z)),  # falls as 1 / |z|
    ],
    ids=["exponential", "half flat", "reciprocal"],
)
def test_other_improper_densities_do_not_converge(log_joint, gradient):
    with pytest.warns(UserWarning, match="has not converged"):
        assert not fitted(Written(1, log_joint, gradient), steps=2000).converged


# --- densities with holes -----------------------------------------------------------------------


def with_hole(above, value=np.nan):
    """N(0, 1) that is `value` above a limit."""
    return Written(1, lambda z: np.where(z[..., 0] > above, value, square(z)), lambda z: -z)


def test_nan_at_a_few_z_is_counted_and_does_no_harm():
    q = fitted(with_hole(2.5))
    assert q.converged
    assert 0 < q.n_skipped < 0.02 * 10 * q.n_steps
    assert f"{q.n_skipped} draws skipped" in str(q)
    assert q.mean[0] == pytest.approx(0, abs=0.05)
    assert q.sd[0] == pytest.approx(1, rel=0.05)
    assert np.isfinite(q.trace).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_more_of_it_is_warned_of(value):
    with pytest.warns(UserWarning, match=r"NaN or \+inf at \d\.\d% of the draws of the final q"):
        fitted(with_hole(2.0, value))


def test_a_gradient_that_is_nan_at_a_few_z():
    q = fitted(Written(2, square, lambda z: np.where(z[..., :1] > 2.5, np.nan, -z)))
    assert q.n_skipped > 0
    np.testing.assert_allclose(q.mean, 0, atol=0.06)


@pytest.mark.parametrize("limit", [1.0, -1.0])
def test_nan_at_most_z_has_words(limit):
    with pytest.raises(DivergedError, match="NaN or infinite at") as caught:
        fitted(with_hole(limit))
    assert "start=z" in str(caught.value)


def test_nan_everywhere():
    with pytest.raises(DivergedError, match=r"at every z where the fit would begin.*model\.log_joint\(z\)"):
        fitted(Written(1, lambda z: np.nan * z[..., 0], lambda z: -z))


def test_minus_infinity_outside_of_a_support_is_a_weight_of_zero():
    """N(0, 1) cut off at 2.5 on both sides."""
    from scipy import stats

    model = Written(1, lambda z: np.where(np.abs(z[..., 0]) > 2.5, -np.inf, square(z)), lambda z: -z)
    q = fitted(model)
    inside = stats.norm.cdf(2.5) - stats.norm.cdf(-2.5)
    exact = 0.5 * np.log(2 * np.pi) + np.log(inside)
    outside = np.mean(q.weighted.log_w == -np.inf)
    assert 0.005 < outside < 0.05
    assert q.corrected.log_evidence.value == pytest.approx(exact, abs=0.003)
    assert q.corrected.sd.value[0] == pytest.approx(stats.truncnorm(-2.5, 2.5).std(), rel=0.02)
    assert abs(np.log1p(-outside)) > 0.005  # what leaving those draws out would have added


def test_a_support_far_from_zero_can_be_started_in():
    model = Written(
        1, lambda z: np.where(z[..., 0] < 0, -np.inf, -0.5 * (z[..., 0] - 5) ** 2), lambda z: 5.0 - z
    )
    q = fitted(model, start=np.array([5.0]))
    assert q.mean[0] == pytest.approx(5, abs=0.01)
