"""Bounds that weigh KL otherwise: the beta-ELBO, its warm-up, and free bits."""

import json
import math

import naive
import numpy as np
import pytest
from test_vae import data, make, noise

import scratchvae as sv
from scratchvae import optim
from scratchvae.bounds import (
    BOUNDS,
    AnalyticKL,
    BetaAnalyticKL,
    BetaElbo,
    Elbo,
    FreeBits,
    Terms,
    WarmingUp,
)
from scratchvae.distributions import kl
from scratchvae.gradcheck import check_vae
from scratchvae.models import BetaBinomial, LinearRegression
from scratchvae.validation import build


def loss_and_gradient(vae, x, eps, bound):
    return vae.loss_and_grad(x, eps, bound), vae.parameters.grad.copy()


# --- beta ---------------------------------------------------------------------------------------


def test_the_loss_is_likelihood_and_beta_times_the_rest(rng):
    log_p_x, log_p_z, log_p_eps, log_det = terms = rng.normal(size=(4, 3, 4))
    expected = -(log_p_x + 2.5 * (log_p_z - log_p_eps + log_det)).mean()
    assert BetaElbo(2.5).forward(Terms(*terms))[0] == pytest.approx(expected, rel=1e-13)


def test_the_loss_in_closed_form(rng):
    log_p_x, divergence = rng.normal(size=(3, 4)), rng.normal(size=4)
    expected = 2.5 * divergence.mean() - log_p_x.mean()
    assert BetaAnalyticKL(2.5).forward(Terms(log_p_x, kl=divergence))[0] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(("weighed", "plain"), [("beta:1", "elbo"), ("beta_analytic_kl:1", "analytic_kl")])
def test_beta_one_is_the_bound_itself(weighed, plain, dtype):
    vae = make(dtype=dtype)
    x, eps = data(vae), noise(3)
    loss, gradient = loss_and_gradient(vae, x, eps, weighed)
    expected, expected_gradient = loss_and_gradient(vae, x, eps, plain)
    rounding = 8 * float(np.finfo(dtype).eps)
    assert loss == pytest.approx(expected, rel=rounding)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=100 * rounding, atol=rounding)


@pytest.mark.parametrize("name", ["beta", "beta_analytic_kl"])
def test_with_beta_zero_z_costs_nothing(name):
    vae = make()
    x, eps = data(vae), noise(3)
    terms, _ = vae.forward(x, eps)
    loss, gradient = loss_and_gradient(vae, x, eps, f"{name}:0")
    assert loss == pytest.approx(-terms.log_likelihood.mean(), rel=1e-13)
    decoder_only = vae.parameters.gradient("decoder.0.weight").copy()
    loss_and_gradient(vae, x, eps, "elbo")
    np.testing.assert_allclose(decoder_only, vae.parameters.gradient("decoder.0.weight"), rtol=1e-12)
    assert np.abs(gradient).max() > 0


@pytest.mark.parametrize("name", ["beta", "beta_analytic_kl"])
@pytest.mark.parametrize("beta", ["0", "0.3", "7"])
def test_the_gradient_equals_central_differences(name, beta):
    vae = make()
    report = check_vae(vae, data(vae), noise(2), f"{name}:{beta}")
    assert report.passed, report


def test_closed_form_and_draws_agree_on_average(rng):
    vae = make()
    x = data(vae)
    differences = [
        vae.loss(x, eps, "beta:3") - vae.loss(x, eps, "beta_analytic_kl:3")
        for eps in rng.standard_normal((400, 5, 3, 2))
    ]
    assert abs(np.mean(differences)) < 4 * np.std(differences) / math.sqrt(400)
    assert np.std(differences) > 0.01


@pytest.mark.parametrize("beta", [0.25, 4.0])
@pytest.mark.parametrize("name", ["beta", "beta_analytic_kl"])
def test_the_best_q_is_the_posterior_of_a_tempered_likelihood(name, beta):
    """p(x|z)^(1/beta) of a normal likelihood is that of a sigma sqrt(beta) times as wide."""
    x, y = np.array([-1.0, 0.0, 1.0, 2.0]), np.array([0.5, 1.0, 3.0, 3.0])
    model = LinearRegression(x, y, sigma=0.7, prior_sigma=2.0)
    tempered = LinearRegression(x, y, sigma=0.7 * math.sqrt(beta), prior_sigma=2.0).exact_posterior()
    q = sv.fit(model, "full_rank", bound=f"{name}:{beta}", rng=np.random.default_rng(0), progress=False)
    sd = np.sqrt(np.diag(tempered.cov))
    np.testing.assert_allclose(q.mean, tempered.mean, atol=0.02 * sd.max())
    np.testing.assert_allclose(q.sd, sd, rtol=0.02)
    away = np.abs(q.sd / np.sqrt(np.diag(model.exact_posterior().cov)) - 1)
    assert away.min() > 0.2


def test_a_joint_density_has_no_prior_to_weigh():
    class Joint(sv.BayesianModel):
        n_latent = 1

        def log_joint(self, z):
            return -0.5 * z[..., 0] ** 2

        def grad_log_joint(self, z):
            return -z

    with pytest.raises(
        ValueError, match="BetaElbo weighs the prior by itself: write log_prior.*Joint.log_joint"
    ):
        sv.fit(Joint(), bound="beta:2", progress=False)


def test_the_closed_form_needs_a_normal_prior_here_too():
    with pytest.raises(ValueError, match="closed form of KL needs a Gaussian family and a normal prior"):
        sv.fit(BetaBinomial(3, 5), bound="beta_analytic_kl:2", progress=False)


@pytest.mark.parametrize("beta", [-1, -1e-9, math.nan, math.inf, "much", None, [1.0]])
@pytest.mark.parametrize("kind", [BetaElbo, BetaAnalyticKL])
def test_a_beta_that_is_no_weight(kind, beta):
    with pytest.raises(ValueError, match=r"beta must be a number in \[0, inf\)|beta must lie in \[0, inf\)"):
        kind(beta)


def test_a_negative_beta_by_name():
    with pytest.raises(ValueError, match=r"bound 'beta:-2': beta must lie in \[0, inf\), not -2"):
        make().loss_and_grad(data(make()), noise(1), "beta:-2")


# --- its warm-up --------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "plain"), [(BetaElbo, Elbo), (BetaAnalyticKL, AnalyticKL)])
def test_a_step_has_the_gradient_of_its_own_beta_and_the_value_of_the_last(kind, plain):
    vae = make()
    x, eps = vae.check_data(data(vae)), noise(3)
    bound = kind(optim.Linear(0.0, 1.0, steps=4))
    for t, beta in [(1, 0.0), (2, 0.25), (4, 0.75), (5, 1.0), (100, 1.0)]:
        loss = vae.loss_and_grad_unchecked(x, eps, bound.at(t))
        gradient = vae.parameters.grad.copy()
        assert loss == pytest.approx(vae.loss_and_grad(x, eps, plain()), rel=1e-13)
        np.testing.assert_allclose(
            gradient, loss_and_gradient(vae, x, eps, kind(beta))[1], rtol=1e-12, atol=1e-15
        )


def test_outside_of_training_it_is_the_end():
    vae = make()
    x, eps = data(vae), noise(3)
    bound = BetaElbo(optim.Cyclic(2.0, total=100))
    loss, gradient = loss_and_gradient(vae, x, eps, bound)
    expected, expected_gradient = loss_and_gradient(vae, x, eps, "beta:2")
    assert loss == expected
    np.testing.assert_array_equal(gradient, expected_gradient)
    assert check_vae(vae, x, eps, bound).passed


def test_other_bounds_are_the_same_at_every_step():
    for kind in BOUNDS.values():
        bound = kind()
        assert bound.at(1) is bound
        assert bound.warm_up_steps == 0
    assert isinstance(BetaElbo(optim.Linear(0, 1, 3)).at(3), WarmingUp)
    bound = BetaElbo(optim.Linear(0, 1, 3))
    assert bound.at(4) is bound


ENDLESS = [
    optim.StepDecay(1.0, factor=0.5, every=10),
    optim.WarmUp(optim.StepDecay(1.0, factor=0.5, every=10), steps=5),
    optim.Schedule(),
]


@pytest.mark.parametrize("schedule", ENDLESS, ids=lambda schedule: type(schedule).__name__)
def test_a_schedule_that_never_ends_is_refused(schedule):
    with pytest.raises(ValueError, match="a schedule that never ends.*take Linear"):
        BetaElbo(schedule)


ENDING = [
    optim.Constant(0.5),
    optim.Cosine(1.0, total=10, final=0.5),
    optim.Piecewise([3, 7], [0.1, 0.2, 0.5]),
    optim.WarmUp(0.5, steps=8),
    optim.Linear(0.0, 0.5, steps=9),
    optim.Cyclic(0.5, total=12, cycles=3),
]


@pytest.mark.parametrize("schedule", ENDING, ids=lambda schedule: schedule.name)
def test_any_schedule_with_an_end_will_do(schedule):
    bound = BetaElbo(schedule)
    assert bound.last == 0.5
    assert bound.config == json.loads(json.dumps({"name": "beta", "beta": schedule.config}))


def test_a_schedule_that_falls_below_zero_is_refused():
    class Below(optim.Schedule):
        length = 5

        def rate(self, t):
            return -1.0

    with pytest.raises(ValueError, match=r"beta must lie in \[0, inf\), not -1"):
        BetaElbo(Below())


def test_a_fit_has_no_warm_up_of_this_kind():
    model = LinearRegression([0.0, 1.0], [0.0, 1.0], sigma=1.0)
    with pytest.raises(
        ValueError, match=r"BetaElbo\(beta=Linear.*for the training of a VAE.*use bound='elbo'"
    ):
        sv.fit(model, bound=BetaElbo(optim.Linear(0, 1, 5)), progress=False)


# --- free bits ----------------------------------------------------------------------------------


def naive_free_bits(log_p_x, divergence, free):
    """The paper's sum, number by number."""
    n_samples, n_batch = log_p_x.shape
    likelihood = math.fsum(log_p_x.ravel()) / (n_samples * n_batch)
    return -likelihood + math.fsum(max(free, math.fsum(column) / n_batch) for column in divergence.T)


@pytest.mark.parametrize("free", [0, 0.3, 0.5, 2])
def test_the_loss_is_that_of_loops(free, rng):
    log_p_x, divergence = rng.normal(size=(3, 4)), rng.random((4, 5))
    loss, cache = FreeBits(free).forward(Terms(log_p_x, kl=divergence))
    assert loss == pytest.approx(naive_free_bits(log_p_x, divergence, free), rel=1e-13)
    dterms = FreeBits(free).backward(cache)
    numerical = naive.numerical_gradient(lambda d: naive_free_bits(log_p_x, d, free), divergence)
    np.testing.assert_allclose(dterms.kl, numerical, atol=1e-9)
    np.testing.assert_allclose(dterms.log_likelihood, np.full((3, 4), -1 / 12), rtol=1e-14)


def test_the_batch_is_averaged_before_it_is_compared():
    """A datum may say nothing by a coordinate by which another says much."""
    divergence = np.array([[0.0, 0.1], [1.0, 0.2]])
    loss, cache = FreeBits(0.4).forward(Terms(np.zeros((1, 2)), kl=divergence))
    assert loss == pytest.approx(0.5 + 0.4)
    np.testing.assert_array_equal(FreeBits(0.4).backward(cache).kl, [[0.5, 0], [0.5, 0]])


def test_nothing_free_is_the_elbo(dtype):
    vae = make(dtype=dtype)
    x, eps = data(vae), noise(3)
    loss, gradient = loss_and_gradient(vae, x, eps, "free_bits:0")
    expected, expected_gradient = loss_and_gradient(vae, x, eps, "analytic_kl")
    assert loss == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-5, atol=1e-7)


def test_the_kl_by_coordinate_adds_up(rng):
    lam = rng.standard_normal((3, 8))
    parts, cache = kl.forward(lam, by_coordinate=True)
    assert parts.shape == (3, 4)
    np.testing.assert_allclose(parts.sum(axis=-1), kl.forward(lam)[0], rtol=1e-13)
    weights = rng.standard_normal((3, 4))
    numerical = naive.numerical_gradient(lambda t: float((weights * kl.forward(t, True)[0]).sum()), lam)
    assert naive.relative_error(kl.backward(cache, weights), numerical) < 1e-9


def by_coordinate(vae, x):
    """The mean KL of each coordinate, (L,)."""
    mu, sigma = vae.encode(x)
    return (0.5 * (mu**2 + sigma**2 - 1) - np.log(sigma)).mean(axis=0)


def test_the_gradient_with_one_coordinate_on_each_side():
    vae = make()
    x, eps = data(vae), noise(2)
    low, high = sorted(by_coordinate(vae, x))
    assert high > 1.2 * low
    report = check_vae(vae, x, eps, FreeBits((low + high) / 2))
    assert report.passed, report
    gradients = [
        loss_and_gradient(vae, x, eps, FreeBits(free))[1] for free in (0, (low + high) / 2, 2 * high)
    ]
    assert (
        min(naive.relative_error(one, other) for one, other in zip(gradients, gradients[1:], strict=False))
        > 0.01
    )


def test_it_lies_below_the_elbo_by_what_is_missing(rng):
    vae = make()
    x, eps = data(vae), noise(3)
    parts = by_coordinate(vae, x)
    free = parts.mean()
    missing = np.maximum(free - parts, 0).sum()
    loss = vae.loss(x, eps, FreeBits(free))
    assert loss == pytest.approx(vae.loss(x, eps, "analytic_kl") + missing, rel=1e-12)


def test_every_coordinate_comes_to_say_what_is_free():
    """Data of one pattern or the other: the ELBO leaves one coordinate at work, free bits all four."""
    rng = np.random.default_rng(0)
    x = np.where(rng.random((400, 1)) < 0.5, 1, 0) * np.ones((1, 12), int)
    x = np.where(rng.random(x.shape) < 0.05, 1 - x, x).astype("float32")
    settings = {"epochs": 60, "batch_size": 50, "optimizer": optim.Adam(0.01), "progress": False}
    spoken = {}
    for bound in ("analytic_kl", "free_bits:0.3"):
        vae = sv.VAE(12, 4, (16,), seed=1)
        sv.train(vae, x, bound=bound, rng=np.random.default_rng(0), **settings)
        spoken[bound] = np.sort(by_coordinate(vae, x))
    assert spoken["analytic_kl"][0] < 0.05
    assert spoken["free_bits:0.3"][0] > 0.2
    assert spoken["free_bits:0.3"][0] > 5 * spoken["analytic_kl"][0]


@pytest.mark.parametrize("free", [-0.1, math.nan, math.inf, "some", None])
def test_a_lambda_that_is_none(free):
    with pytest.raises(ValueError, match=r"lambda must (be a number|lie) in \[0, inf\)"):
        FreeBits(free)


def test_free_bits_by_name():
    assert build(BOUNDS, "free_bits:0.5", "bound") == FreeBits(0.5)
    with pytest.raises(ValueError, match=r"bound 'free_bits:-1': lambda must lie in \[0, inf\), not -1"):
        build(BOUNDS, "free_bits:-1", "bound")
    assert FreeBits(0.5).config == {"name": "free_bits", "free": 0.5}


def test_a_learned_prior_or_another_posterior_has_no_kl_by_coordinate():
    for options in ({"prior": "coupling:1"}, {"posterior": "planar:1"}):
        with pytest.raises(ValueError, match="KL has a closed form for a Gaussian posterior"):
            make(**options).loss_and_grad(data(make()), noise(1), "free_bits")
    for family in ("full_rank", "low_rank:1"):
        with pytest.raises(
            ValueError, match="FreeBits needs the KL of each coordinate.*use posterior='diagonal'"
        ):
            make(posterior=family).loss_and_grad(data(make()), noise(1), "free_bits")


def test_a_fit_has_no_batch_of_data():
    with pytest.raises(ValueError, match=r"FreeBits\(free=0.25\) is for the training of a VAE"):
        sv.fit(LinearRegression([0.0, 1.0], [0.0, 1.0], sigma=1.0), bound="free_bits", progress=False)
