"""Checks of whole pieces: forward beside backward, maps with their log-determinant, the VAE."""

import numpy as np
import pytest

from scratchvae.bounds import EXACT_BOUNDS, Elbo
from scratchvae.distributions import Bernoulli, StandardNormal
from scratchvae.gradcheck import check_backward, check_reparameterization, check_vae
from scratchvae.nn import Linear
from scratchvae.reparam import MAPS, Diagonal
from scratchvae.vae import VAE


def test_a_seed_that_is_none_is_refused():
    for check_piece in (check_backward, check_reparameterization):
        arguments = (None, None, {"x": np.ones(2)}) if check_piece is check_backward else (None,)
        with pytest.raises(ValueError, match="seed must be a whole number of at least 0, not 'a'"):
            check_piece(*arguments, seed="a")


def failed(report):
    return [block.name for block in report.blocks if not block.passed]


# --- check_backward -----------------------------------------------------------------------------


def product_forward(a, b):
    return (a @ b, a.sum(axis=0)), (a, b)


def product_backward(cache, dy, dtotal):
    a, b = cache
    return {"a": dy @ b.T + dtotal, "b": a.T @ dy}


@pytest.fixture
def factors(rng):
    return {"a": rng.standard_normal((4, 3)), "b": rng.standard_normal((3, 3))}


def test_several_arrays_in_and_out(factors):
    report = check_backward(product_forward, product_backward, factors)
    assert report.passed
    assert [(block.name, block.shape, block.n_checked) for block in report.blocks] == [
        ("a", (4, 3), 12),
        ("b", (3, 3), 9),
    ]


PRODUCT_MISTAKES = {
    "not transposed": ("a", lambda a, b, dy, dtotal: dy @ b + dtotal),
    "second output forgotten": ("a", lambda a, b, dy, dtotal: dy @ b.T),
    "first output forgotten": ("a", lambda a, b, dy, dtotal: np.zeros_like(a) + dtotal),
    "result transposed": ("b", lambda a, b, dy, dtotal: dy.T @ a),
}


@pytest.mark.parametrize("mistake", PRODUCT_MISTAKES)
def test_a_wrong_backward_fails_in_its_input_alone(mistake, factors):
    where, wrong = PRODUCT_MISTAKES[mistake]

    def backward(cache, *incoming):
        return product_backward(cache, *incoming) | {where: wrong(*cache, *incoming)}

    assert failed(check_backward(product_forward, backward, factors)) == [where]


def test_the_inputs_are_not_changed_and_may_be_float32(factors):
    factors = {name: array.astype("float32") for name, array in factors.items()}
    before = {name: array.copy() for name, array in factors.items()}
    assert check_backward(product_forward, product_backward, factors).passed
    for name, array in factors.items():
        np.testing.assert_array_equal(array, before[name])


# --- check_reparameterization -------------------------------------------------------------------


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("n_latent", [1, 2, 5])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_map_passes(name, n_latent, seed):
    n_latent = max(n_latent, 2) if name.endswith("coupling") else n_latent
    reparam = MAPS[name](n_latent)
    weights = reparam.parameters or ()
    if weights:
        reparam.parameters.value = 0.5 * np.random.default_rng(seed).standard_normal(len(weights))
        before = weights.value.copy()
    report = check_reparameterization(reparam, seed=seed, mode="mixed", n_probes=4)
    assert report.passed, f"\n{report}"
    has_lam = ["lam"] if reparam.n_params else []
    assert [block.name for block in report.blocks] == [*has_lam, "eps", *weights, "log_det"]
    if weights:
        np.testing.assert_array_equal(weights.value, before)


@pytest.mark.parametrize(("lam_lead", "eps_lead"), [((), ()), ((), (4,)), ((4,), (2, 4)), ((2, 1), (4,))])
def test_a_map_is_checked_at_any_point(lam_lead, eps_lead, rng):
    lam, eps = rng.standard_normal((*lam_lead, 6)), rng.standard_normal((*eps_lead, 3))
    report = check_reparameterization(Diagonal(3), lam, eps)
    assert report.passed
    assert report.blocks[2].shape == np.broadcast_shapes(lam_lead, eps_lead)


class WrongLogDet(Diagonal):
    """log_det is `factor` times the right one, and the backward is that of what forward returns."""

    factor = -1.0

    def forward(self, lam, eps):
        z, log_det, cache = super().forward(lam, eps)
        return z, self.factor * log_det, cache

    def backward(self, cache, dz, dlog_det):
        return super().backward(cache, dz, self.factor * dlog_det)


@pytest.mark.parametrize("factor", [-1.0, 0.5, 2.0, 0.0, 1.0001])
def test_a_wrong_log_det_with_a_matching_backward_fails(factor):
    reparam = WrongLogDet(3)
    reparam.factor = factor
    assert failed(check_reparameterization(reparam)) == ["log_det"]


class LogVarTakenForLogSigma(Diagonal):
    """z = mu + e^(2 log_sigma) eps with the log-determinant of e^(log_sigma), consistently differentiated."""

    def forward(self, lam, eps):
        doubled = lam * np.repeat([1.0, 2.0], self.n_latent)
        z, log_det, cache = super().forward(doubled, eps)
        return z, log_det / 2, cache

    def backward(self, cache, dz, dlog_det):
        dlam, deps = super().backward(cache, dz, dlog_det / 2)
        return dlam * np.repeat([1.0, 2.0], self.n_latent), deps


def test_a_scale_confused_with_its_square_fails():
    assert failed(check_reparameterization(LogVarTakenForLogSigma(3))) == ["log_det"]


class LogDetNotSummed(Diagonal):
    def forward(self, lam, eps):
        z, log_det, cache = super().forward(lam, eps)
        return z, np.repeat(log_det[..., None], self.n_latent, axis=-1), cache

    def backward(self, cache, dz, dlog_det):
        return super().backward(cache, dz, dlog_det.sum(axis=-1))


def test_a_log_det_for_each_feature_fails_with_a_note():
    report = check_reparameterization(LogDetNotSummed(3))
    assert failed(report) == ["log_det"]
    assert "sum over the features" in report.blocks[-1].note


@pytest.mark.parametrize(
    ("wrong", "blocks"),
    [
        (lambda dlam, deps: (dlam, -deps), ["eps"]),
        (lambda dlam, deps: (dlam[..., ::-1], deps), ["lam"]),
        (lambda dlam, deps: (dlam / 2, deps), ["lam"]),
        (lambda dlam, deps: (dlam * 0, deps * 0), ["lam", "eps"]),
    ],
)
def test_a_wrong_backward_of_a_map_fails(wrong, blocks, monkeypatch):
    right = Diagonal.backward
    monkeypatch.setattr(Diagonal, "backward", lambda self, *incoming: wrong(*right(self, *incoming)))
    assert failed(check_reparameterization(Diagonal(3))) == blocks


def test_a_forgotten_log_det_gradient_fails(monkeypatch):
    right = Diagonal.backward
    monkeypatch.setattr(
        Diagonal, "backward", lambda self, cache, dz, dlog_det: right(self, cache, dz, 0 * dlog_det)
    )
    assert failed(check_reparameterization(Diagonal(3))) == ["lam"]


def test_a_nan_in_a_map_fails(monkeypatch):
    right = Diagonal.forward

    def forward(self, lam, eps):
        z, log_det, cache = right(self, lam, eps)
        if log_det.ndim:
            log_det[0, 1] = np.nan
        return z, log_det, cache

    monkeypatch.setattr(Diagonal, "forward", forward)
    report = check_reparameterization(Diagonal(3))
    assert failed(report) == ["lam", "eps", "log_det"]
    assert report.blocks[2].diagnosis.where.endswith("the first at (0, 1)")


# --- check_vae ----------------------------------------------------------------------------------


def small(likelihood="bernoulli", dtype="float64", **options):
    return VAE(5, 2, (4, 3), likelihood=likelihood, dtype=dtype, seed=3, **options)


def point(vae, rng):
    x = vae.likelihood.sample(0.3 * rng.standard_normal((4, vae.likelihood.n_params(5))), rng)
    return x, rng.standard_normal((3, 4, 2))


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bound", EXACT_BOUNDS)
def test_a_vae_of_either_precision_passes_and_is_left_bit_for_bit(dtype, bound, rng):
    vae = small(dtype=dtype)
    x, eps = point(vae, rng)
    vae.loss_and_grad(x, eps, "elbo")
    before = vae.parameters.value.tobytes(), vae.parameters.grad.tobytes()
    report = check_vae(vae, x.astype(dtype), eps.astype(dtype), bound)
    assert report.passed, f"\n{report}"
    assert report.worst.error < 1e-6
    assert (vae.parameters.value.tobytes(), vae.parameters.grad.tobytes()) == before
    assert vae.dtype == dtype


def test_the_blocks_are_the_models(rng):
    vae = small()
    report = check_vae(vae, *point(vae, rng))
    assert {block.name: block.shape for block in report.blocks} == vae.parameters.shapes
    assert sum(block.n_checked for block in report.blocks) == len(vae.parameters)


@pytest.mark.parametrize("mode", ["sample", "directions"])
def test_the_modes_reach_the_checker(mode, rng):
    vae = small()
    report = check_vae(vae, *point(vae, rng), mode=mode, n_probes=2)
    assert report.passed
    assert {block.n_checked for block in report.blocks} == {2}


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu"])
def test_a_vae_with_kinks_passes_at_many_points(activation, rng):
    vae = small(activation=activation)
    for _ in range(5):
        vae.parameters.value = 0.5 * rng.standard_normal(len(vae.parameters))
        report = check_vae(vae, *point(vae, rng), mode="directions", n_probes=3)
        assert report.passed, f"\n{report}"


ENCODER = [f"encoder.{i}.{part}" for i in range(3) for part in ("weight", "bias")]
DECODER = [f"decoder.{i}.{part}" for i in range(3) for part in ("weight", "bias")]
BIASES = [name for name in ENCODER + DECODER if name.endswith("bias")]


def plant_no_prior(patch):
    patch.setattr(StandardNormal, "backward", lambda self, cache, dlog_p: 0 * cache)


def plant_no_log_det(patch):
    right = Diagonal.backward
    patch.setattr(
        Diagonal, "backward", lambda self, cache, dz, dlog_det: right(self, cache, dz, 0 * dlog_det)
    )


def plant_no_bias(patch):
    right = Linear.backward

    def backward(self, cache, dh, need_dx=True, need_weights=True):
        dx = right(self, cache, dh, need_dx, need_weights)
        self.parameters.gradient(f"{self.prefix}bias")[...] = 0
        return dx

    patch.setattr(Linear, "backward", backward)


def plant_transposed_output(patch):
    """The gradient of the decoder's first weight (2, 3), reshaped where it should be transposed."""
    right = Linear.backward

    def backward(self, cache, dh, need_dx=True, need_weights=True):
        dx = right(self, cache, dh, need_dx, need_weights)
        if self.prefix == "decoder.0.":
            gradient = self.parameters.gradient("decoder.0.weight")
            gradient[...] = gradient.T.reshape(gradient.shape).copy()
        return dx

    patch.setattr(Linear, "backward", backward)


def plant_sum_for_mean(patch):
    """The batch mean forgotten: every gradient is B times too large."""
    right = Elbo.backward

    def backward(self, cache):
        return right(self, cache)._replace(log_likelihood=np.full_like(cache, -1 / len(cache)))

    patch.setattr(Elbo, "backward", backward)


def plant_flipped_residual(patch):
    right = Bernoulli.grad_params
    patch.setattr(Bernoulli, "grad_params", lambda self, cache: -right(self, cache))


def plant_overwritten_dz(patch):
    """z reaches the loss along two ways, but only the prior's is kept."""
    right = VAE.backward

    def backward(self, cache, dterms, pathwise):
        decoder_backward = self.decoder.backward
        self.decoder.backward = lambda *args: 0 * decoder_backward(*args)
        right(self, cache, dterms, pathwise)
        del self.decoder.backward

    patch.setattr(VAE, "backward", backward)


#: name: (what plants it, the blocks behind it, the code, the term).
PLANTED = {
    "prior forgotten": (plant_no_prior, ENCODER, "missing_term", "prior"),
    "log-determinant forgotten": (plant_no_log_det, ENCODER, "missing_term", "log-determinant (entropy)"),
    "bias forgotten": (plant_no_bias, BIASES, "zero", None),
    "weight reshaped, not transposed": (plant_transposed_output, ["decoder.0.weight"], "transposed", None),
    "sum in place of mean": (plant_sum_for_mean, ENCODER + DECODER, "scaled_term", "reconstruction"),
    "residual of the wrong sign": (
        plant_flipped_residual,
        ENCODER + DECODER,
        "scaled_term",
        "reconstruction",
    ),
    "decoder's way to z forgotten": (plant_overwritten_dz, ENCODER, "missing_term", "reconstruction"),
}


@pytest.mark.parametrize(("dtype", "mode"), [("float32", "all"), ("float64", "directions")])
@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_fails_exactly_the_blocks_behind_it(bug, dtype, mode, monkeypatch, rng):
    vae = small(dtype=dtype)
    x, eps = point(vae, rng)
    plant, blocks, code, term = PLANTED[bug]
    plant(monkeypatch)
    report = check_vae(vae, x, eps, mode=mode)
    assert failed(report) == [name for name in vae.parameters if name in blocks]
    found = {(b.diagnosis.code, b.diagnosis.term) for b in report.blocks if not b.passed}
    assert found == {(code, term)}
    assert len(blocks) == 1 or "one cause in" in report.summary


def test_wrong_data_is_the_vaes_own_error(rng):
    vae = small()
    x, eps = point(vae, rng)
    with pytest.raises(ValueError, match="gray"):
        check_vae(vae, 0.5 * x + 0.1, eps)
    with pytest.raises(ValueError, match="eps must have shape"):
        check_vae(vae, x, eps[0])
