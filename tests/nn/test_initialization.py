"""Every registered initialization: moments as published, shape, reproducibility, the "auto" rule."""

import numpy as np
import pytest

from scratchvae.nn import ACTIVATIONS, INITIALIZATIONS, MLP
from scratchvae.nn.init import initialization

N_IN, N_OUT = 300, 500
VARIANCES = {
    "glorot_uniform": 2 / (N_IN + N_OUT),
    "glorot_normal": 2 / (N_IN + N_OUT),
    "he_uniform": 2 / N_IN,
    "he_normal": 2 / N_IN,
    "kingma_welling": 0.01**2,
}


@pytest.mark.parametrize("name", INITIALIZATIONS)
def test_the_draw_has_the_shape_mean_zero_and_a_variance_that_depends_on_the_widths(name, rng):
    weight = INITIALIZATIONS[name](rng, N_IN, N_OUT)
    assert weight.shape == (N_IN, N_OUT)
    standard_error = weight.std() / np.sqrt(weight.size)
    assert abs(weight.mean()) < 4 * standard_error


@pytest.mark.parametrize(("name", "variance"), VARIANCES.items())
def test_the_variance_is_the_published_one(name, variance, rng):
    weight = INITIALIZATIONS[name](rng, N_IN, N_OUT)
    fourth = np.mean(weight**4) - np.mean(weight**2) ** 2
    standard_error = np.sqrt(fourth / weight.size)  # of the estimated variance
    assert abs(np.mean(weight**2) - variance) < 4 * standard_error


@pytest.mark.parametrize("name", ["glorot_uniform", "he_uniform"])
def test_a_uniform_draw_stays_within_its_bound(name, rng):
    bound = np.sqrt(3 * VARIANCES[name])
    largest = np.abs(INITIALIZATIONS[name](rng, N_IN, N_OUT)).max()
    assert 0.999 * bound < largest <= bound


@pytest.mark.parametrize("name", INITIALIZATIONS)
def test_the_same_generator_gives_the_same_weights(name):
    first, second = (INITIALIZATIONS[name](np.random.default_rng(3), 4, 5) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_auto_is_he_for_rectifiers_and_glorot_for_the_others(activation):
    rectifier = activation in ("relu", "leaky_relu", "elu", "gelu")
    expected = "he_normal" if rectifier else "glorot_uniform"
    assert initialization("auto", activation) is INITIALIZATIONS[expected]


def test_an_unknown_name_is_refused_and_the_nearest_named():
    with pytest.raises(ValueError, match="unknown initialization 'he_norml'; did you mean 'he_normal'"):
        initialization("he_norml", "tanh")


def test_an_mlp_draws_the_last_linear_map_as_linear_and_has_zero_biases(rng):
    mlp = MLP([200, 300, 400], "relu")
    mlp.initialize(rng)
    assert mlp.parameters["0.weight"].var() == pytest.approx(2 / 200, rel=0.05)
    assert mlp.parameters["1.weight"].var() == pytest.approx(2 / 700, rel=0.05)
    assert not mlp.parameters["0.bias"].any()
    assert not mlp.parameters["1.bias"].any()


@pytest.mark.parametrize("name", INITIALIZATIONS)
def test_initialize_sets_every_bias_to_zero_whatever_was_there(name, rng):
    mlp = MLP([2, 3, 1])
    mlp.parameters.value = np.ones(len(mlp.parameters))
    mlp.initialize(rng, name)
    assert not mlp.parameters["0.bias"].any()
    assert mlp.parameters["0.weight"].all()
