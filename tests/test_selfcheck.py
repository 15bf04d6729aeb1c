"""The package's check of itself: it covers what is registered, passes, and finds planted mistakes."""

import importlib

import numpy as np
import pytest

from scratchvae import kernels, selfcheck
from scratchvae.bounds import EXACT_BOUNDS, AnalyticKL, Elbo
from scratchvae.distributions import (
    LIKELIHOODS,
    Bernoulli,
    Categorical,
    Normal,
    NormalFixed,
    Poisson,
    StandardNormal,
    kl,
)
from scratchvae.gradcheck import check_vae
from scratchvae.gradcheck.report import Diagnosis
from scratchvae.kernels import codes
from scratchvae.nn import ACTIVATIONS, Linear
from scratchvae.nn.activations import Gelu
from scratchvae.priors import PRIORS, MixtureOfMaps, VampPrior
from scratchvae.reparam import MAPS, Diagonal
from scratchvae.vae import VAE

VAES = [f"VAE {likelihood}/{bound}" for bound in EXACT_BOUNDS for likelihood in LIKELIHOODS]
# Those with a learned mixture as prior, and the conditional one: Bernoulli, iwae.
MIXED = [f"VAE prior {name}" for name in PRIORS if name != "standard_normal"]
OTHERS = [*MIXED, "VAE conditional"]
EVERY_VAE = [*VAES, *OTHERS]
NETWORKED = [f"map {name}" for name in MAPS if name.endswith(("coupling", "autoregressive"))]
ELBO = [name for name in VAES if name.endswith("/elbo")]
# Whose bound has the weights' terms; and those with KL in closed form.
STANDARD = [name for name in VAES if not EXACT_BOUNDS[name.partition("/")[2]].uses_kl]
WEIGHTED = [*STANDARD, *OTHERS]
CLOSED = [name for name in VAES if EXACT_BOUNDS[name.partition("/")[2]].uses_kl]
ANALYTIC = [name for name in VAES if name.endswith("/analytic_kl")]


def test_every_registered_thing_is_a_piece():
    expected = {
        *(f"activation {name}" for name in ACTIVATIONS),
        *(f"likelihood {name}" for name in LIKELIHOODS),
        *(f"map {name}" for name in MAPS),
        *(f"bound {name}" for name in EXACT_BOUNDS),
        *EVERY_VAE,
        *("linear", "mlp", "standard normal", "closed-form KL"),
    }
    names = [name for name, _ in selfcheck._checks(0)]
    assert set(names) == expected
    assert len(names) == len(expected)


def test_what_is_registered_later_is_found(monkeypatch):
    class Newcomer(ACTIVATIONS["tanh"]):
        pass

    monkeypatch.setitem(ACTIVATIONS, "newcomer", Newcomer)
    [(name, report)] = selfcheck.pieces(only="newcomer")
    assert name == "activation newcomer"
    assert report.passed


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_pieces_pass(seed, backend):
    for name, report in selfcheck.pieces(seed):
        assert report.passed, f"{name}\n{report}"
        assert all(block.n_checked > 0 for block in report.blocks)


def test_only_chooses_by_name():
    assert [name for name, _ in selfcheck.pieces(only="KL")] == ["closed-form KL"]
    assert list(selfcheck.pieces(only="no such piece")) == []


def test_the_seed_chooses_the_points():
    errors = [
        [r.worst.analytic for _, r in selfcheck.pieces(seed, "likelihood normal")] for seed in (1, 1, 2)
    ]
    assert errors[0] == errors[1] != errors[2]


# --- planted mistakes ---------------------------------------------------------------------------


def result(method, change):
    """Plant `change` on what ``Class.method`` returns."""
    owner, name = method

    def plant(patch):
        right = getattr(owner, name)
        patch.setattr(owner, name, lambda self, *args, **kwargs: change(right(self, *args, **kwargs)))

    return plant


def slope_of(code, change):
    def plant(patch):
        module = kernels.active()
        right = module.activation_backward

        def activation_backward(which, a, h, dh):
            da, db = right(which, a, h, dh)
            return (change(da), change(db)) if which == code else (da, db)

        patch.setattr(module, "activation_backward", activation_backward)

    return plant


def no_bias_gradient(patch):
    module = kernels.active()
    right = module.activation_backward

    def activation_backward(*args):
        da, db = right(*args)
        return da, 0 * db

    patch.setattr(module, "activation_backward", activation_backward)


def forgotten_log_det(patch):
    right = Diagonal.backward
    patch.setattr(
        Diagonal, "backward", lambda self, cache, dz, dlog_det: right(self, cache, dz, 0 * dlog_det)
    )


def log_det_of_the_inverse(patch):
    """The sign turned in forward and in backward alike: every gradient is consistent."""
    forward, backward = Diagonal.forward, Diagonal.backward

    def turned(self, lam, eps):
        z, log_det, cache = forward(self, lam, eps)
        return z, -log_det, cache

    patch.setattr(Diagonal, "forward", turned)
    patch.setattr(Diagonal, "backward", lambda self, cache, dz, d: backward(self, cache, dz, -d))


def one_row_of_the_weight_forgotten(patch):
    right = Linear.backward

    def backward(self, cache, dh, need_dx=True, need_weights=True):
        dx = right(self, cache, dh, need_dx, need_weights)
        self.parameters.gradient(f"{self.prefix}weight")[-1] = 0
        return dx

    patch.setattr(Linear, "backward", backward)


def dx_times_two(patch):
    right = Linear.backward

    def backward(self, cache, dh, need_dx=True, need_weights=True):
        dx = right(self, cache, dh, need_dx, need_weights)
        return dx if dx is None else 2 * dx

    patch.setattr(Linear, "backward", backward)


def kl_without_its_minus_one(patch):
    original = kl.backward

    def backward(cache, dkl):
        right = original(cache, dkl)
        forgotten = original(kl.Cache(0 * cache.mu, 0 * cache.sigma), dkl)  # the term of -1 alone
        return right - forgotten

    patch.setattr(kl, "backward", backward)
    patch.setattr(Diagonal, "kl_backward", staticmethod(backward))


def vae_forgets_the_prior(patch):
    right = VAE.backward
    patch.setattr(
        VAE,
        "backward",
        lambda self, cache, dterms, pathwise: right(self, cache, dterms._replace(log_prior=None), pathwise),
    )


def tanh_formula(self, a):
    return 0.5 * a * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3)))


def both(name):
    return [f"likelihood {name}", *(vae for vae in VAES if vae.startswith(f"VAE {name}/"))]


IN_KERNELS = {
    "tanh' too large": (
        slope_of(codes.TANH, lambda d: 1.1 * d),
        ["activation tanh", "linear", *NETWORKED, *EVERY_VAE],
    ),
    "relu' turned": (slope_of(codes.RELU, np.negative), ["activation relu"]),
    "softplus' off by 1e-5": (
        slope_of(codes.SOFTPLUS, lambda d: d * 1.00001),
        ["activation softplus", "mlp"],
    ),
    "db forgotten": (no_bias_gradient, ["linear", "mlp", *NETWORKED, *EVERY_VAE]),
}

ELSEWHERE = {
    "gelu forward by its approximation": (
        lambda patch: patch.setattr(Gelu, "value", tanh_formula),
        ["activation gelu"],
    ),
    "a row of dW forgotten": (one_row_of_the_weight_forgotten, ["linear", "mlp", *NETWORKED, *EVERY_VAE]),
    "dx times two": (dx_times_two, ["linear", "mlp", *NETWORKED, *EVERY_VAE]),
    "the prior's sign": (
        result((StandardNormal, "backward"), np.negative),
        ["standard normal", *STANDARD, "VAE conditional"],
    ),
    "the prior forgotten by the VAE": (vae_forgets_the_prior, WEIGHTED),
    "Bernoulli residual turned": (
        result((Bernoulli, "grad_params"), np.negative),
        [*both("bernoulli"), *OTHERS],
    ),
    "Bernoulli dx turned": (result((Bernoulli, "grad_x"), np.negative), ["likelihood bernoulli"]),
    "normal dlog_sigma without -1": (
        result((Normal, "grad_params"), lambda d: d + np.repeat([0, 1], d.shape[-1] // 2)),
        both("normal"),
    ),
    "fixed sigma's 1 / sigma forgotten": (
        lambda patch: patch.setattr(NormalFixed, "grad_params", lambda self, cache: cache.u),
        both("normal_fixed"),
    ),
    "categorical without [c = x]": (
        lambda patch: patch.setattr(
            Categorical,
            "grad_params",
            lambda self, c: np.broadcast_to(-np.exp(c.log_p), (*c.level.shape[:-1], self.n_levels)).reshape(
                *c.level.shape[:-2], -1
            ),
        ),
        both("categorical"),
    ),
    "Poisson without its rate": (
        lambda patch: patch.setattr(Poisson, "grad_params", lambda self, cache: cache.x + 0 * cache.rate),
        both("poisson"),
    ),
    "dlog_det forgotten": (forgotten_log_det, ["map diagonal", *WEIGHTED]),
    "log_det of the inverse map": (log_det_of_the_inverse, ["map diagonal"]),
    "KL without its -1": (kl_without_its_minus_one, ["closed-form KL", *CLOSED]),
    "every component of a mixture with one share": (
        result(
            (MixtureOfMaps, "forward"),
            lambda out: (out[0], out[1]._replace(shares=0 * out[1].shares + 1 / 3)),
        ),
        MIXED,
    ),
    "the encoder's gradient from the prior overwritten": (
        lambda patch: patch.setattr(VampPrior, "shared", ()),
        ["VAE prior vamp"],
    ),
    "ELBO summed over the batch": (
        result((Elbo, "backward"), lambda d: d._replace(log_det=d.log_det * d.log_det.shape[-1])),
        ["bound elbo", *ELBO],
    ),
    "KL averaged over samples too": (
        result((AnalyticKL, "backward"), lambda d: d._replace(kl=d.kl / 2)),
        ["bound analytic_kl", *ANALYTIC],
    ),
}


@pytest.fixture
def quick_vaes(monkeypatch):
    """Two directions in each block of a VAE see every coordinate, and what is wrong need not be named here:
    both together at a hundredth of the cost."""

    def quick(*args, **options):
        return check_vae(*args, **options | {"n_probes": 2})

    check = importlib.import_module("scratchvae.gradcheck.check")  # which the function of that name hides
    monkeypatch.setattr(selfcheck, "check_vae", quick)
    monkeypatch.setattr(check, "Evidence", lambda session, blocks, probed, failing, *rest: failing)
    monkeypatch.setattr(
        check, "diagnose_all", lambda failing: dict.fromkeys(failing, Diagnosis("unexplained"))
    )


def failed_pieces():
    return sorted(name for name, report in selfcheck.pieces() if not report.passed)


@pytest.mark.usefixtures("quick_vaes", "backend")
@pytest.mark.parametrize("mistake", IN_KERNELS)
def test_a_mistake_in_a_kernel_fails_exactly_the_pieces_that_use_it(mistake, monkeypatch):
    plant, expected = IN_KERNELS[mistake]
    plant(monkeypatch)
    assert failed_pieces() == sorted(expected)


@pytest.mark.usefixtures("quick_vaes")
@pytest.mark.parametrize("mistake", ELSEWHERE)
def test_a_planted_mistake_fails_exactly_the_pieces_that_contain_it(mistake, monkeypatch):
    plant, expected = ELSEWHERE[mistake]
    plant(monkeypatch)
    assert failed_pieces() == sorted(expected)
