"""What a flow is not to be given, and numbers so large that a careless map would be singular."""

import re

import flow_checks
import numpy as np
import pytest
from test_flows import SINGLE, make

import scratchvae as sv
from scratchvae.reparam import (
    AdditiveCoupling,
    AffineCoupling,
    Chain,
    Diagonal,
    FlowPrior,
    Planar,
    Radial,
    SplineCoupling,
    Sylvester,
    build,
    build_free,
)
from scratchvae.reparam.families import FAMILIES, FLOWS

CHAINS = [f"{name}:2" for name in FLOWS]


# --- names and dimensions -----------------------------------------------------------------------


@pytest.mark.parametrize("maps", [(Planar(2), Planar(3)), (Diagonal(3), AffineCoupling(2), Planar(3))])
def test_a_chain_of_different_dimensions_says_which(maps):
    sizes = re.escape(str([part.n_latent for part in maps]))
    with pytest.raises(ValueError, match=f"the maps of a chain must have one dimension, but have {sizes}"):
        Chain(*maps)


@pytest.mark.parametrize(
    ("maps", "came"),
    [
        ((), "none"),
        (("planar",), "str"),
        ((Planar(2), "planar"), "Planar, str"),
        ((Planar,), "type|ABCMeta"),
        (([Planar(2), Planar(2)],), "list"),
    ],
)
def test_a_chain_of_no_maps_says_what_it_takes(maps, came):
    with pytest.raises(
        ValueError, match=rf"made of one map at least, as in Chain\(Diagonal.* not of ({came})\."
    ):
        Chain(*maps)


@pytest.mark.parametrize("kind", [AffineCoupling, AdditiveCoupling, SplineCoupling])
def test_a_coupling_of_one_dimension_says_why(kind):
    with pytest.raises(ValueError, match=r"a coupling needs two dimensions.*one that passes.*n_latent is 1"):
        kind(1)


@pytest.mark.parametrize("make", [build, build_free])
@pytest.mark.parametrize("name", ["coupling", "spline"])
def test_so_do_the_families_that_are_made_of_couplings(make, name):
    with pytest.raises(ValueError, match=f"'{name}:2': a coupling needs two dimensions"):
        make(f"{name}:2", 1)


@pytest.mark.parametrize("make", [build, build_free])
@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("planr", "'planr'; did you mean 'planar'?"),
        ("nice:3", "unknown"),
        ("", "unknown"),
        (":3", "unknown"),
        (None, "unknown"),
        (3, "unknown"),
        ("planar:0", "'planar:0': the number of maps must be a whole number of at least 1, not 0"),
        ("planar:-1", "'planar:-1': the number of maps must be a whole number of at least 1, not -1"),
        ("planar:x", "'planar:x': 'x' is no whole number"),
        ("planar:", "'planar:': '' is no whole number"),
        ("planar:2:3", "'planar:2:3': '2:3' is no whole number"),
        ("planar:1.5", "'planar:1.5': '1.5' is no whole number"),
        ("diagonal:2", "'diagonal' takes no number, but 'diagonal:2' has one"),
        ("mean_field:2", "'mean_field' takes no number"),
        ("full_rank:2", "'full_rank' takes no number"),
        ("householder:0", "'householder:0'"),
        (Planar(3), "maps 3 dimensions, but 2 are needed"),
    ],
)
def test_a_wrong_name_says_what_came(make, spec, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make(spec, 2)


@pytest.mark.parametrize("make", [build, build_free])
def test_an_unknown_name_lists_what_there_is(make):
    with pytest.raises(ValueError, match="Known: ") as caught:
        make("nice", 2)
    assert all(f"'{name}'" in str(caught.value) for name in FAMILIES)


def test_the_fit_and_the_vae_say_what_was_chosen():
    with pytest.raises(ValueError, match="unknown family 'planr'; did you mean 'planar'"):
        sv.fit(sv.models.Banana(), "planr")
    with pytest.raises(ValueError, match="unknown posterior 'planr'; did you mean 'planar'"):
        sv.VAE(4, 2, posterior="planr")
    with pytest.raises(ValueError, match="unknown prior 'planr'; did you mean 'planar'"):
        sv.VAE(4, 2, prior="planr")


# --- lam so large that exp would overflow, or a determinant vanish ------------------------------


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("size", [1e3, -1e3])
@pytest.mark.parametrize("kind", ["equal", "random"])
def test_an_extreme_lam_makes_no_singular_map(name, size, kind, dtype, rng):
    flow = make(name, 3)
    lam = np.full(flow.n_params, size) if kind == "equal" else size * rng.standard_normal(flow.n_params)
    eps = rng.standard_normal((50, 3)).astype(dtype)
    z, log_det, cache = flow.forward(lam.astype(dtype), eps)
    gradients = flow.backward(cache, np.ones_like(z), np.ones_like(log_det))
    for array in (z, log_det, *gradients):
        assert np.isfinite(array).all()
    assert np.isfinite(flow.log_prob(lam.astype(dtype), z)).all()


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("size", [1e3, -1e3])
def test_extreme_weights_make_no_singular_map(name, size, rng):
    flow = make(name, 3)
    if not flow.shapes():
        pytest.skip("no weights")
    flow.parameters.value = size * rng.standard_normal(len(flow.parameters))
    lam, eps = flow_checks.draw(flow, rng, (), (50,))
    z, log_det, cache = flow.forward(lam, eps)
    gradients = flow.backward(cache, np.ones_like(z), np.ones_like(log_det))
    for array in (z, log_det, *gradients, flow.parameters.grad):
        assert np.isfinite(array).all()


@pytest.mark.parametrize("log_alpha", [-1e3, -50, -30, 30, 50, 1e3])
@pytest.mark.parametrize("beta", [-1e3, -1, 0, 1, 1e3])
def test_the_radial_flow_has_an_inverse_whatever_its_reach(log_alpha, beta, dtype, rng):
    """Where alpha is so small that nothing moves, or so large that all is stretched alike."""
    flow, lam = Radial(3), np.array([0.5, -0.3, 0.2, log_alpha, beta], dtype)
    eps = rng.standard_normal((50, 3)).astype(dtype)
    z, log_det, _ = flow.forward(lam, eps)
    if log_alpha < 0:
        np.testing.assert_allclose(z, eps, rtol=0, atol=1e-6 if dtype == "float32" else 1e-9)
        assert np.abs(log_det).max() < 1e-5
    else:
        stretch = 1 + beta + np.hypot(1, beta) - 1 if beta >= 0 else 1 / (np.hypot(1, beta) - beta)
        np.testing.assert_allclose(log_det, 3 * np.log(stretch), rtol=1e-5, atol=1e-5)
    if beta > -1e3:  # where all comes within 5e-4 of one point, float32 forgets from where
        tolerance = 1e-5 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(flow.inverse(lam, z), eps, rtol=0, atol=tolerance)


def test_the_diagonal_of_a_chain_may_overflow_but_says_so_in_a_fit():
    """sigma = e^1000 is no number: the fit refuses where it begins."""
    with pytest.raises(ValueError, match="NaN or infinite"):
        sv.fit(sv.models.Banana(), "planar:2", start=np.array([1e300, 0.0]), progress=False)


# --- inverses that do not converge --------------------------------------------------------------


@pytest.mark.parametrize("kind", [Planar, Sylvester])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["lam", "z"])
def test_an_inverse_that_does_not_converge_says_so(kind, value, where):
    flow = kind(2)
    lam, z = np.full(flow.n_params, 0.5), np.zeros(2)
    (lam if where == "lam" else z)[0] = value
    for function in (flow.inverse, flow.log_prob):
        with (
            np.errstate(all="ignore"),
            pytest.raises(ValueError, match="did not converge.*are all entries of lam and z finite"),
        ):
            function(lam, z)


@pytest.mark.parametrize("family", ["planar:2", "sylvester:2"])
def test_so_does_the_density_of_a_fit(family):
    q = short_fit(family)
    assert np.isfinite(q.log_prob(np.full((3, 2), 1e3))).all()
    with pytest.raises(ValueError, match="did not converge"):
        q.log_prob(np.array([np.nan, 0.0]))


@pytest.mark.filterwarnings("ignore:the fit has not converged")
def short_fit(family):
    with pytest.warns(UserWarning, match="not converged"):
        return sv.fit(sv.models.Banana(), family, steps=60, progress=False)


def test_a_learned_prior_that_does_not_converge_says_so():
    prior = FlowPrior(Planar(2))
    prior.initialize(np.random.default_rng(0))
    with pytest.raises(ValueError, match="did not converge"):
        prior.forward(np.array([np.nan, 0.0]))


# --- shapes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHAINS)
def test_widths_that_do_not_fit_say_what_came(name):
    flow = make_chain(name)
    n = flow.n_params
    with pytest.raises(ValueError, match=rf"lam must have shape \(..., {n}\), not \(4, {n + 1}\)"):
        flow.forward(np.zeros((4, n + 1)), np.zeros(3))
    with pytest.raises(ValueError, match=r"eps must have shape \(..., 3\), not \(4, 2\)"):
        flow.forward(np.zeros(n), np.zeros((4, 2)))


def make_chain(name):
    return build(name, 3, n_context=2)
