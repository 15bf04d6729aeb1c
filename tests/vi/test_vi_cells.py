"""Every family with every bound, whole; and the cells that make no sense, refused with words."""

import copy
import sys

import numpy as np
import pytest
from vi_problems import fitted, small_regression, standard

from scratchvae import models
from scratchvae.bounds import BOUNDS, FIT_BOUNDS
from scratchvae.reparam import FAMILIES, Affine, build

MODEL = small_regression()
EXACT, LOG_EVIDENCE = MODEL.exact_posterior(), MODEL.log_evidence()
SD = np.sqrt(np.diag(EXACT.cov))
NAMES = [name for name in FAMILIES if name != "mean_field"]  # which is "diagonal"


@pytest.fixture(autouse=True)
def few_final_draws(monkeypatch):
    """The weighted draws of the final q cost more than these short fits."""
    monkeypatch.setattr(sys.modules["scratchvae.vi.fit"], "N_DRAWS", 4000)


def is_allowed(family, bound):
    if bound not in FIT_BOUNDS:
        return False
    q, bound = build(family, 2), BOUNDS[bound]
    if bound.uses_local:
        return q.factorises
    return hasattr(q, "mean_and_cov") or not bound.uses_kl


CELLS = [(family, bound) for family in NAMES for bound in BOUNDS]
ALLOWED = [cell for cell in CELLS if is_allowed(*cell)]
GAUSSIAN = [family for family in NAMES if isinstance(build(family, 2), Affine)]
#: Of much noise, or flat where q is nearly the posterior.
SLOW_BOUNDS = ("iwae", "score_function")
#: Flows take longer. They are run to the end with these, and a short way with all others.
FLOW_BOUNDS = ("elbo", "sticking_the_landing")
#: Those whose best q is another than the posterior.
OF_ANOTHER_Q = ("vr_max", "beta", "beta_analytic_kl")


def is_complete(family, bound):
    return (family in GAUSSIAN and bound not in OF_ANOTHER_Q) or bound in FLOW_BOUNDS


@pytest.mark.filterwarnings("ignore:the fit has not converged")
@pytest.mark.parametrize(("family", "bound"), [cell for cell in ALLOWED if is_complete(*cell)])
def test_the_cell_runs_whole_and_finds_the_posterior(family, bound):
    is_slow = bound in SLOW_BOUNDS or family not in GAUSSIAN
    q = fitted(MODEL, family, bound=bound, steps=2000 if is_slow else 800)
    draws = q.sample(4000, np.random.default_rng(1))
    assert (np.abs(draws.mean(axis=0) - EXACT.mean) < 0.3 * SD).all()
    np.testing.assert_allclose(draws.std(axis=0), SD, rtol=0.5 if is_slow else 0.3)
    # A flow's log weights are skewed: of their rare low values 100,000 draws may have none.
    rare = 1e-6 if family in GAUSSIAN else 5e-4
    assert -0.3 < q.elbo - LOG_EVIDENCE < 4 * q.elbo_error + rare
    assert q.bound == bound
    assert np.isfinite(q.trace[-400:]).all()


@pytest.mark.filterwarnings("ignore:the fit has not converged")
@pytest.mark.parametrize(("family", "bound"), [cell for cell in ALLOWED if not is_complete(*cell)])
def test_the_cell_runs_and_its_weights_hold(family, bound):
    """After a few steps q is still far from the posterior, but log w = log p(x, z) - log q(z)."""
    q = fitted(MODEL, family, bound=bound, steps=60, start=EXACT.mean)
    z, log_w = q.weighted
    np.testing.assert_allclose(log_w, MODEL.log_joint(z) - q.log_prob(z), rtol=1e-6, atol=1e-6)
    assert q.elbo < LOG_EVIDENCE + 4 * q.elbo_error
    assert q.corrected.log_evidence.value == pytest.approx(LOG_EVIDENCE, abs=0.5)
    assert len(q.trace) == q.n_steps <= 60


def test_exact_ones_are_better_than_that():
    for bound in ("elbo", "analytic_kl", "analytic_entropy", "sticking_the_landing"):
        q = fitted(MODEL, "full_rank", bound=bound)
        assert q.converged
        assert (np.abs(q.mean - EXACT.mean) < 0.01 * SD).all()
        np.testing.assert_allclose(q.sd, SD, rtol=0.01)


def test_sticking_the_landing_lands():
    """Where q is the posterior its gradient has no noise, and every draw of the bound is log p(x)."""
    q = fitted(MODEL, "full_rank", bound="sticking_the_landing")
    np.testing.assert_allclose(q.mean, EXACT.mean, atol=1e-4 * SD.max())
    np.testing.assert_allclose(q.cov, EXACT.cov, atol=1e-4 * SD.max() ** 2)
    np.testing.assert_allclose(q.trace[-100:], LOG_EVIDENCE, atol=1e-4)


@pytest.mark.parametrize(("family", "bound"), [cell for cell in CELLS if not is_allowed(*cell)])
def test_the_other_cells_are_refused(family, bound):
    with pytest.raises(ValueError, match=r"product over coordinates|use bound='elbo'"):
        fitted(MODEL, family, bound=bound)


def test_rao_blackwell_says_which_family_it_needs():
    with pytest.raises(ValueError, match="family='mean_field', not 'full_rank'"):
        fitted(MODEL, "full_rank", bound="score_function_rao_blackwell")


@pytest.mark.parametrize(
    "model",
    [models.NormalGamma([1.0, 2.0, 3.0]), models.EightSchools(), standard(2)],
    ids=["gamma prior", "half-Cauchy prior", "no prior of its own"],
)
def test_the_closed_form_of_kl_needs_a_normal_prior(model):
    with pytest.raises(ValueError, match=r"closed form of KL .* normal prior .* use bound='elbo'"):
        fitted(model, bound="analytic_kl")


@pytest.mark.parametrize("bound", ["score_function_leave_one_out", "score_function_rao_blackwell"])
def test_a_comparison_of_draws_needs_two(bound):
    with pytest.raises(ValueError, match="n_samples of at least 2, not 1"):
        fitted(MODEL, "mean_field", bound=bound, n_samples=1)


@pytest.mark.parametrize("bound", [name for name, kind in BOUNDS.items() if kind.needs_independence])
def test_even_noise_is_refused_where_draws_must_be_independent(bound):
    with pytest.raises(ValueError, match="needs independent draws: leave noise='auto'"):
        fitted(MODEL, "mean_field", bound=bound, noise="even")


@pytest.mark.filterwarnings("ignore:the fit has not converged")
@pytest.mark.parametrize("noise", ["even", "independent"])
@pytest.mark.parametrize("n_samples", [1, 64])
def test_any_number_of_draws_of_either_noise(noise, n_samples):
    q = fitted(MODEL, noise=noise, n_samples=n_samples, steps=2000)
    assert (np.abs(q.mean - EXACT.mean) < 0.1 * SD).all()
    np.testing.assert_allclose(q.sd, SD, rtol=0.1)


@pytest.mark.parametrize("name", FIT_BOUNDS)
def test_a_bound_may_come_as_an_object(name):
    bound = BOUNDS[name]()
    before = copy.deepcopy(vars(bound))
    with pytest.warns(UserWarning, match="not converged"):
        q = fitted(MODEL, "mean_field", bound=bound, steps=40, start="zero")
    assert q.bound == type(bound).__name__
    if not bound.keeps_state:
        assert vars(bound) == before


def test_a_map_may_come_as_an_object():
    q = fitted(MODEL, build("low_rank:2", 2))
    assert q.family == "low_rank:2"
    with pytest.raises(ValueError, match="the family maps 3 dimensions, but 2 are needed"):
        fitted(MODEL, build("full_rank", 3))
