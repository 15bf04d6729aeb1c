"""VAEs whose posterior or prior is a flow: gradients, training, files, and what is refused."""

import numpy as np
import pytest
from test_vae import data, make, noise

import scratchvae as sv
from scratchvae.bounds import EXACT_BOUNDS, VAE_BOUNDS
from scratchvae.gradcheck import check_vae
from scratchvae.reparam import FAMILIES, Affine, Chain, Diagonal, FlowPrior, Planar, build
from scratchvae.reparam.families import FLOWS

#: Every name, a flow with two maps; "mean_field" is "diagonal".
NUMBERED = [*(f"{name}:2" for name in FLOWS), "low_rank:2"]
POSTERIORS = [name for name in FAMILIES if f"{name}:2" not in NUMBERED] + NUMBERED
EXACT_VAE_BOUNDS = [name for name in EXACT_BOUNDS if name in VAE_BOUNDS]
CELLS = [(family, bound) for family in POSTERIORS for bound in EXACT_VAE_BOUNDS]
#: A flow as prior needs an inverse, which all of them have.
PRIORS = POSTERIORS


def has_closed_kl(posterior):
    return isinstance(build(posterior, 2), Affine)


def assert_checked(vae, bound, n_samples=2):
    report = check_vae(vae, data(vae), noise(n_samples), bound, mode="directions", n_probes=3)
    assert report.passed, report
    assert {block.name for block in report.blocks} == set(vae.parameters)


# --- gradients ----------------------------------------------------------------------------------


def test_the_lists_hold_every_family():
    assert {name.partition(":")[0] for name in POSTERIORS} == set(FAMILIES)


@pytest.mark.parametrize(("family", "bound"), CELLS)
def test_the_gradient_equals_central_differences(family, bound):
    vae = make(posterior=family)
    if EXACT_BOUNDS[bound].uses_kl and not has_closed_kl(family):
        with pytest.raises(
            ValueError, match=r"KL has a closed form for a Gaussian posterior.*use bound='elbo'"
        ):
            vae.loss_and_grad(data(vae), noise(2), bound)
        return
    if EXACT_BOUNDS[bound].uses_kl == "by_coordinate" and family not in ("diagonal", "mean_field"):
        with pytest.raises(ValueError, match="no product over them with posterior.*use posterior='diagonal'"):
            vae.loss_and_grad(data(vae), noise(2), bound)
        return
    assert_checked(vae, bound)


@pytest.mark.parametrize("prior", PRIORS)
def test_the_gradient_with_a_learned_prior_equals_central_differences(prior):
    vae = make(prior=prior)
    assert "prior.lam" in vae.parameters
    assert_checked(vae, "elbo")
    assert_checked(vae, "iwae", 3)


@pytest.mark.parametrize("bound", [name for name in VAE_BOUNDS if not VAE_BOUNDS[name].uses_kl])
def test_a_flow_on_both_sides_with_every_bound(bound):
    vae = make(posterior="planar:2", prior="coupling:2")
    if bound in EXACT_BOUNDS:
        assert_checked(vae, bound)
    loss = vae.loss_and_grad(data(vae), noise(3), bound)
    assert np.isfinite(loss)
    assert np.isfinite(vae.parameters.grad).all()
    assert np.abs(vae.parameters.grad).max() > 0


@pytest.mark.parametrize("family", [f"{name}:2" for name in FLOWS])
def test_estimators_that_are_right_on_average_agree_with_the_elbo(family):
    """Their gradients, over many draws, are that of the bound "elbo" within its noise."""
    vae = make(posterior=family)
    x, eps = data(vae), noise(5_000)

    def gradient(bound):
        parts = [eps[i : i + 250] for i in range(0, len(eps), 250)]
        found = []
        for part in parts:
            vae.loss_and_grad(x, part, bound)
            found.append(vae.parameters.grad.copy())
        return np.array(found)

    elbo, other = gradient("elbo"), gradient("sticking_the_landing")
    difference = elbo - other
    error = difference.std(axis=0, ddof=1) / np.sqrt(len(difference))
    assert (np.abs(difference.mean(axis=0)) < 5.5 * error + 1e-9).all()
    assert np.abs(difference).max() > 1e-6  # two estimators, not one


# --- what the density is ------------------------------------------------------------------------


@pytest.mark.parametrize("family", [f"{name}:2" for name in FLOWS])
def test_the_log_weights_are_those_of_the_maps_one_by_one(family):
    vae = make(posterior=family, prior="planar:1")
    x, eps = data(vae), noise(4)
    lam, _ = vae.encoder.forward(vae.likelihood.encoder_input(x))
    z, log_det, _ = vae.posterior.forward(lam, eps)
    log_q = vae.posterior.log_prob(lam, z)  # by the inverse
    expected = vae.likelihood.log_prob(x, vae.decoder.forward(z)[0]) + vae.prior.log_prob(z) - log_q
    np.testing.assert_allclose(vae.log_weights(x, eps), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("prior", ["coupling:2", "iaf:1", "spline:1", "planar:2"])
def test_a_learned_prior_is_a_density_and_its_draws_follow_it(prior):
    """The mean over draws of p(z) of another density divided by p(z) is one."""
    vae = make(prior=prior)
    z = vae.prior.sample((20_000, 2), np.random.default_rng(0))
    ratio = np.exp(-0.5 * (z * z).sum(axis=-1) / 0.25) / (2 * np.pi * 0.25) / np.exp(vae.prior.log_prob(z))
    assert ratio.mean() == pytest.approx(1, abs=5 * ratio.std() / np.sqrt(len(z)))


# --- training -----------------------------------------------------------------------------------

SIDES = [
    {"posterior": "planar:2"},
    {"posterior": "iaf:1"},
    {"posterior": "spline:1"},
    {"posterior": "sylvester:1"},
    {"prior": "coupling:2"},
    {"posterior": "householder:2", "prior": "spline:2"},
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("flows", SIDES, ids=lambda flows: ", ".join(flows.values()))
def test_training_lowers_the_loss(flows, dtype):
    vae = sv.VAE(6, 2, (8,), dtype=dtype, **flows)
    x = np.repeat(np.eye(6)[:3] + np.eye(6)[3:], 20, axis=0)
    eps = noise(20, len(x))
    before, start = vae.loss(x, eps), vae.parameters.value.copy()
    history = sv.train(vae, x, epochs=30, batch_size=20, rng=np.random.default_rng(0))
    assert np.isfinite(history["train_elbo"]).all()
    assert vae.loss(x, eps) < before - 0.3
    moved = [name for name in vae.parameters if (vae.parameters[name] != start[_place(vae, name)]).any()]
    assert set(moved) == set(vae.parameters)  # every block learns


def _place(vae, name):
    where, shape = vae.parameters.blocks()[name]
    return np.arange(len(vae.parameters))[where].reshape(shape)


@pytest.mark.parametrize("flows", SIDES, ids=lambda flows: ", ".join(flows.values()))
def test_float32_is_close_to_float64(flows):
    double = make(**flows)
    single = double.astype("float32")
    x, eps = data(double), noise(2)
    losses = double.loss_and_grad(x, eps), single.loss_and_grad(x, eps)
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    assert single.parameters.grad.dtype == np.float32
    np.testing.assert_allclose(single.parameters.grad, double.parameters.grad, rtol=1e-3, atol=1e-4)


# --- files and objects --------------------------------------------------------------------------


@pytest.mark.parametrize("prior", ["standard_normal", "coupling:2"])
@pytest.mark.parametrize("posterior", NUMBERED)
def test_a_file_makes_the_same_model_again(posterior, prior, tmp_path):
    vae = make(posterior=posterior, prior=prior)
    vae.save(tmp_path / "vae.npz")
    again = sv.VAE.load(tmp_path / "vae.npz")
    assert again.config == vae.config
    np.testing.assert_array_equal(again.parameters.value, vae.parameters.value)
    x, eps = data(vae), noise(2)
    assert again.loss_and_grad(x, eps) == vae.loss_and_grad(x, eps)
    np.testing.assert_array_equal(again.parameters.grad, vae.parameters.grad)
    drawn = [model.sample_mean(3, np.random.default_rng(0)) for model in (again, vae)]
    np.testing.assert_array_equal(*drawn)


def test_a_copy_in_another_precision_shares_nothing():
    vae = make(posterior="iaf:2", prior="coupling:2")
    other = vae.astype("float64")
    other.parameters.value = other.parameters.value + 1
    assert vae.loss(data(vae), noise(1)) != other.loss(data(vae), noise(1))
    assert vae.posterior.maps[1].parameters is vae.parameters
    assert other.posterior.maps[1].parameters is other.parameters


def test_a_map_as_an_object_works_as_its_name_does():
    vae = make(posterior=Chain(Diagonal(2), Planar(2), Planar(2)))
    named = make(posterior="planar:2")
    named.parameters.value = vae.parameters.value
    assert vae.loss_and_grad(data(vae), noise(2)) == named.loss_and_grad(data(vae), noise(2))
    assert_checked(vae, "elbo")


@pytest.mark.parametrize("side", ["posterior", "prior"])
def test_a_map_without_a_name_is_not_saved(side, tmp_path):
    vae = make(**{side: Chain(Diagonal(2), Unnamed(2))})
    with pytest.raises(
        ValueError, match=r"map as an object cannot be made again.*posterior= and prior= by name"
    ):
        vae.save(tmp_path / "vae.npz")
    assert not list(tmp_path.iterdir())


class Unnamed(Planar):
    """A user's map, which has no name."""

    spec = None


def test_a_single_map_as_a_posterior_keeps_its_own_name():
    assert make(posterior=Diagonal(2)).config["posterior"] == "diagonal"


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["posterior", "prior"])
def test_the_closed_form_of_kl_is_refused_by_name(side):
    vae = make(**{side: "planar:2"})
    with pytest.raises(ValueError, match="planar:2") as caught:
        vae.loss_and_grad(data(vae), noise(1), "analytic_kl")
    assert "use bound='elbo'" in str(caught.value)


@pytest.mark.parametrize("side", ["posterior", "prior"])
@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("planr:2", r"unknown {side} 'planr'; did you mean 'planar'\? Known: .*'diagonal'.*'spline'"),
        ("planar:0", "{side} 'planar:0': the number of maps must be a whole number of at least 1"),
        ("planar:x", "{side} 'planar:x': 'x' is no whole number"),
        ("diagonal:2", "{side} 'diagonal' takes no number"),
        (Planar(3), "the {side} maps 3 dimensions, but 2 are needed"),
    ],
)
def test_a_wrong_name_is_refused_in_words(side, spec, message):
    with pytest.raises(ValueError, match=message.format(side=side)):
        make(**{side: spec})


def test_a_coupling_of_one_latent_is_refused_in_words():
    with pytest.raises(ValueError, match="posterior 'coupling:2': a coupling needs two dimensions"):
        sv.VAE(4, 1, (5,), posterior="coupling:2")


def test_a_learned_prior_is_a_flow_prior():
    assert isinstance(make(prior="coupling:2").prior, FlowPrior)
