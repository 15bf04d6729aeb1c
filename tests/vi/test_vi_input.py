"""Wrong options and wrong models: a ValueError that says what came, what was expected, what to do."""

import numpy as np
import pytest
from vi_problems import Written, fitted, square, standard

import scratchvae as sv
from scratchvae.bounds import BOUNDS
from scratchvae.models import BayesianModel
from scratchvae.reparam import FAMILIES


def message(*arguments, **options):
    with pytest.raises(ValueError) as caught:
        fitted(*arguments, **options)
    return str(caught.value)


# --- options ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["n_samples", "steps", "restarts"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "many", True, None])
def test_counts_are_whole_numbers_above_zero(name, value):
    words = message(standard(), **{name: value})
    assert words == f"{name} must be a whole number of at least 1, not {value!r}."


@pytest.mark.parametrize("value", [0, -0.1, np.inf, np.nan, "fast", None])
def test_the_rate_is_a_positive_number(value):
    assert "lr must" in message(standard(), lr=value)


@pytest.mark.parametrize("value", [0, -1, 2.5, "all", True])
def test_the_batch_size_is_a_whole_number(value):
    model = sv.models.NormalMean([1.0, 2.0, 3.0], 1.0)
    assert "batch_size must be a whole number of at least 1" in message(model, batch_size=value)


def test_unknown_names_are_answered_with_the_known_ones():
    words = message(standard(), "ful_rank")
    assert "unknown family 'ful_rank'; did you mean 'full_rank'?" in words
    assert all(repr(name) in words for name in FAMILIES)
    words = message(standard(), bound="elob")
    assert "unknown bound 'elob'; did you mean 'elbo'?" in words
    assert all(repr(name) in words for name in BOUNDS)
    words = message(standard(), start="laplce")
    assert words == "unknown start 'laplce'; did you mean 'laplace'? Known: 'auto', 'laplace', 'zero'."
    assert "did you mean 'even'" in message(standard(), noise="evn")


@pytest.mark.parametrize("option", ["bound", "noise"])
def test_none_is_no_name(option):
    assert "None" in message(standard(), **{option: None})
    assert "unknown family None" in message(standard(), None)


@pytest.mark.parametrize("start", [np.zeros(3), 1.0, np.zeros((1, 2)), []])
def test_a_start_of_another_shape(start):
    assert "start must have shape (L,) = (2)" in message(standard(2), start=start)


@pytest.mark.parametrize("start", [[0.0, np.nan], [np.inf, 0.0]])
def test_a_start_that_is_not_finite(start):
    assert "start has 1 NaN or infinite entries" in message(standard(2), start=start)


def test_a_start_of_no_numbers():
    assert "start must hold real numbers" in message(standard(2), start=None)


def test_a_start_may_be_a_list_and_is_where_it_begins():
    with pytest.warns(UserWarning, match="not converged"):
        q = fitted(standard(2), start=[50, -50], steps=1)
    np.testing.assert_allclose(q.mean, [50, -50], atol=1)


@pytest.mark.parametrize("rng", [0, np.random.RandomState(0), "seed"])
def test_a_seed_is_no_generator(rng):
    with pytest.raises(ValueError, match=r"rng must be a numpy.random.Generator.*default_rng\(seed\)"):
        sv.fit(standard(), rng=rng, progress=False)


def test_without_a_generator_it_is_the_same_each_time():
    first, second = (sv.fit(standard(2), steps=200, start="laplace", progress=False) for _ in range(2))
    np.testing.assert_array_equal(first.trace, second.trace)


# --- models that are none -----------------------------------------------------------------------


class NoDimension(BayesianModel):
    def log_joint(self, z):
        return square(z)

    def grad_log_joint(self, z):
        return -z


class OfNoBase:
    n_latent = 2
    log_joint = staticmethod(square)

    def grad_log_joint(self, z):
        return -z


def test_a_class_in_place_of_an_object():
    words = message(NoDimension)
    assert words == "model must be an object, not the class NoDimension: call NoDimension(...)."


@pytest.mark.parametrize("model", [OfNoBase(), None, 3, np.zeros(2), square])
def test_what_is_no_bayesian_model(model):
    words = message(model)
    assert words.startswith("model must be a BayesianModel, not ")
    assert "class MyModel(sv.BayesianModel)" in words


def test_a_model_without_its_dimension():
    words = message(NoDimension())
    assert "NoDimension must say how many latent variables it has: set n_latent = 3" in words


@pytest.mark.parametrize("n_latent", [0, -2, 2.5, "2", None])
def test_a_dimension_that_is_no_count(n_latent):
    assert "n_latent must be a whole number of at least 1" in message(Written(n_latent, square, lambda z: -z))


def test_a_model_that_writes_nothing():
    class Empty(BayesianModel):
        n_latent = 2

    words = message(Empty())
    assert "Empty has no log_prior" in words
    assert "or log_joint and grad_log_joint" in words


def test_a_model_without_a_gradient_is_told_and_the_score_function_takes_it():
    class Blind(BayesianModel):
        n_latent = 1

        def log_joint(self, z):
            return square(z - 1)

    assert "Blind has no grad_log" in message(Blind())
    q = fitted(Blind(), bound="score_function_leave_one_out")
    assert q.mean[0] == pytest.approx(1, abs=0.01)
    assert q.sd[0] == pytest.approx(1, abs=0.01)


def test_laplace_needs_the_gradient_that_the_score_function_does_not():
    class Blind(BayesianModel):
        n_latent = 1

        def log_joint(self, z):
            return square(z - 1)

    words = message(Blind(), bound="score_function_leave_one_out", start="laplace")
    assert words.startswith("start='laplace' climbs the gradient, and Blind has none")


def test_a_model_that_changes_z():
    def shifting(z):
        z -= 1.0
        return square(z)

    words = message(Written(2, shifting, lambda z: 1.0 - z))
    assert "log_joint changes z in place" in words
    assert "work on a copy" in words


def test_a_python_float_for_one_z_is_fine():
    def of_one(z):
        value = square(z)
        return float(value) if value.ndim == 0 else value

    assert fitted(Written(1, of_one, lambda z: -z)).sd[0] == pytest.approx(1, abs=0.01)


def test_complex_or_text_values():
    assert "must hold real numbers" in message(Written(1, lambda z: square(z) + 0j, lambda z: -z))


# --- models for one z at a time -----------------------------------------------------------------


ONE_AT_A_TIME = {
    "unpacking": (lambda z: (lambda a, b: -0.5 * (a * a + b * b))(*z), lambda z: -z),
    "dot": (lambda z: -0.5 * np.dot(z, z), lambda z: -z),
    "sum over all": (lambda z: -0.5 * np.sum(z**2), lambda z: -z),
    "first index": (lambda z: -0.5 * (z[0] ** 2 + z[1] ** 2), lambda z: -z),
    "gradient by first index": (square, lambda z: np.array([-z[0], -z[1]])),
    "if": (lambda z: -0.5 * (z * z).sum(-1) if z[0] > 0 else -0.5 * (z * z).sum(-1), lambda z: -z),
    "float": (lambda z: float(square(z)), lambda z: -z),
}


@pytest.mark.parametrize("name", ONE_AT_A_TIME)
def test_they_are_told_of_the_samples_axes(name):
    words = message(Written(2, *ONE_AT_A_TIME[name]))
    assert "log_joint" in words
    assert "(3, 2)" in words
    assert "z[..., 0]" in words


def test_mixed_samples_are_found():
    def centred(z):  # by the mean over samples
        return square(z - z.mean(axis=0)) if z.ndim > 1 else square(z)

    assert "samples must not mix" in message(Written(2, centred, lambda z: -z))


# --- gradients ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gradient", "shape"), [(lambda z: -z.sum(-1), "()"), (lambda z: -z[..., :1], "(1,)")]
)
def test_a_gradient_of_another_shape(gradient, shape):
    words = message(Written(2, square, gradient))
    assert f"grad_log_joint(z) must have shape (2,) for z (2,), not {shape}" in words


@pytest.mark.parametrize(
    "gradient", [lambda z: z, lambda z: -1.03 * z, lambda z: -z + 0.5, lambda z: -z * [1.0, 1.3]]
)
def test_a_gradient_of_another_function_points_to_the_checker(gradient):
    words = message(Written(2, square, gradient))
    assert "the gradient of Written does not match its log-density" in words
    assert "sv.gradcheck.check_model(model)" in words


def test_a_right_gradient_of_any_size_passes():
    for scale in (1e-6, 1e6):
        model = Written(2, lambda z, s=scale: square(z / s), lambda z, s=scale: -z / s**2)
        assert fitted(model).converged


def test_a_kink_is_no_mistake():
    q = fitted(Written(1, lambda z: -np.abs(z[..., 0]), lambda z: -np.sign(z)))
    assert q.mean[0] == pytest.approx(0, abs=0.02)
