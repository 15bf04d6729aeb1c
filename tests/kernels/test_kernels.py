"""naive loop = reference = numba twin, for every kernel, both dtypes, odd sizes and hard values."""

import inspect

import naive
import numpy as np
import pytest

from scratchvae import numerics
from scratchvae.kernels import codes, jitted, reference
from scratchvae.nn import ACTIVATIONS

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
SHAPES = [(1, 1, 1), (1, 4, 3), (3, 1, 7), (3, 5, 2), (2, 3, 17)]  # (K, B, n)


def public_functions(module):
    """{name: function} of those that the module itself defines."""
    members = ((name, getattr(member, "py_func", member)) for name, member in vars(module).items())
    return {
        name: function
        for name, function in members
        if inspect.isfunction(function) and function.__module__ == module.__name__ and name[0] != "_"
    }


def assert_all_equal(name, arguments, tolerance):
    """Run the three versions on copies of the arguments; results and in-place changes must agree."""
    outcomes = []
    for module in (naive, reference, jitted):
        copies = [argument.copy() if isinstance(argument, np.ndarray) else argument for argument in arguments]
        result = getattr(module, name)(*copies)
        arrays = [copy for copy in copies if isinstance(copy, np.ndarray)]
        results = result if isinstance(result, tuple) else () if result is None else (result,)
        outcomes.append([*results, *arrays])
    for expected, *others in zip(*outcomes, strict=True):
        scale = max(1e-30, float(np.abs(expected).max()))
        rounding = np.finfo(expected.dtype).eps  # of what is near one, before its logarithm is taken
        for other in others:
            assert other.dtype == expected.dtype
            np.testing.assert_allclose(
                other, expected, rtol=tolerance, atol=tolerance * 1e-2 * scale + rounding
            )


def bernoulli_inputs(rng, shape, dtype):
    n_samples, n_batch, n_data = shape
    hard = np.array([0.0, -0.0, 1e-8, 0.5, -3.0, 30.0, -30.0, 80.0, -80.0, 1e4, -1e4])
    logits = rng.choice(hard, shape) + rng.normal(size=shape)
    x = rng.choice([0.0, 1.0, 0.3, 0.999], (n_batch, n_data))
    return x.astype(dtype), logits.astype(dtype)


def diagonal_inputs(rng, shape, dtype):
    n_samples, n_batch, n_latent = shape
    lam = rng.normal(size=(n_batch, 2 * n_latent)) * 2
    return lam.astype(dtype), rng.normal(size=shape).astype(dtype)


def diagonal_backward_inputs(rng, shape, dtype):
    sigma = np.exp(rng.normal(size=shape[1:]))
    arrays = rng.normal(size=shape), sigma, rng.normal(size=shape), rng.normal(size=shape[:2])
    return tuple(array.astype(dtype) for array in arrays)


def planar_inputs(rng, shape, dtype):
    n_samples, n_batch, n_latent = shape
    lam = rng.normal(size=(n_batch, 2 * n_latent + 1)) / np.sqrt(n_latent)  # tanh is not saturated
    return lam.astype(dtype), rng.normal(size=shape).astype(dtype)


def planar_direction_inputs(rng, shape, dtype):
    return planar_inputs(rng, shape, dtype)[:1]


def planar_backward_inputs(rng, shape, dtype):
    lam, eps = planar_inputs(rng, shape, dtype)
    inner = naive.planar_forward(lam, eps)[2:]
    return lam, eps, *inner, rng.normal(size=shape).astype(dtype), rng.normal(size=shape[:2]).astype(dtype)


def activation_inputs(rng, shape, dtype):
    """For the code 1 + (K - 1) % 7; all codes have a test of their own below."""
    code = 1 + (shape[0] - 1) % 7
    function = np.vectorize(list(naive.ACTIVATIONS.values())[code][0], otypes=[float])
    a = (3 * rng.normal(size=shape[1:])).astype(dtype)
    return code, a, function(a).astype(dtype), rng.normal(size=shape[1:]).astype(dtype)


def adam_inputs(rng, shape, dtype):
    size = int(np.prod(shape))
    value, grad, m = rng.normal(size=(3, size)).astype(dtype)
    v = rng.random(size).astype(dtype)
    return value, grad, m, v, shape[0], 1e-3, 0.9, 0.999, 1e-8, 0.01


INPUTS = {
    "bernoulli_log_prob": bernoulli_inputs,
    "bernoulli_log_prob_and_grad": bernoulli_inputs,
    "activation_backward": activation_inputs,
    "diagonal_forward": diagonal_inputs,
    "diagonal_backward": diagonal_backward_inputs,
    "planar_direction": planar_direction_inputs,
    "planar_forward": planar_inputs,
    "planar_backward": planar_backward_inputs,
    "adam_update": adam_inputs,
}


def test_every_kernel_has_a_twin_and_a_naive_loop_of_the_same_signature():
    kernels = public_functions(reference)
    assert public_functions(jitted).keys() == kernels.keys()
    for name, function in kernels.items():
        for twin in (public_functions(jitted)[name], getattr(naive, name)):
            assert inspect.signature(twin) == inspect.signature(function), name


def test_every_kernel_is_compared_below():
    assert INPUTS.keys() == public_functions(reference).keys()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", INPUTS)
def test_naive_reference_and_jitted_agree(name, shape, dtype, rng):
    assert_all_equal(name, INPUTS[name](rng, shape, dtype), TOLERANCE[dtype])


@pytest.mark.parametrize("kernels", [reference, jitted])
@pytest.mark.parametrize("x", [-1e9, -1e6, -30.0, 1e6])
def test_the_planar_direction_is_off_by_its_own_rounding_only(kernels, x, rng):
    """w^T u^ = m(w^T u) > -1 though u is long and nearly along w: no rounding of u is left in u^."""
    w, across = rng.normal(size=(2, 4))
    w *= 3 / np.linalg.norm(w)
    across -= (across @ w) / (w @ w) * w
    u = across + x / (w @ w) * w
    u_hat = kernels.planar_direction(np.concatenate([u, w, [0.1]])[None])[0][0]
    rounding = np.finfo(float).eps * np.linalg.norm(w) * np.linalg.norm(u_hat)
    assert abs(w @ u_hat - numerics.above_minus_one(w @ u)[0]) <= 8 * rounding


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_backward_agrees_for_every_activation(name, dtype, rng):
    a = np.concatenate([3 * rng.normal(size=(6, 5)), [[0.0, -0.0, 20.0, -20.0, 1e-6]]]).astype(dtype)
    h = np.vectorize(naive.ACTIVATIONS[name][0], otypes=[float])(a).astype(dtype)
    dh = rng.normal(size=a.shape).astype(dtype)
    assert_all_equal("activation_backward", (ACTIVATIONS[name].code, a, h, dh), TOLERANCE[dtype])


def test_the_naive_activations_stand_in_the_order_of_their_codes():
    for name, activation in ACTIVATIONS.items():
        assert list(naive.ACTIVATIONS).index(name) == activation.code
        assert getattr(codes, name.upper()) == activation.code


@pytest.mark.parametrize("t", [1, 2, 10, 1000, 100_000])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_adam_agrees_at_every_age(t, weight_decay, dtype, rng):
    value, grad, m = rng.normal(size=(3, 9)).astype(dtype)
    v = rng.random(9).astype(dtype)
    arguments = (value, grad, m, v, t, 0.01, 0.9, 0.999, 1e-8, weight_decay)
    assert_all_equal("adam_update", arguments, TOLERANCE[dtype])


def test_adam_with_a_zero_gradient_stays_where_it_is(dtype):
    zeros = np.zeros(3, dtype)
    value = np.arange(3).astype(dtype)
    for module in (reference, jitted):
        moved = value.copy()
        module.adam_update(moved, zeros.copy(), zeros.copy(), zeros.copy(), 1, 0.1, 0.9, 0.999, 1e-8, 0.0)
        np.testing.assert_array_equal(moved, value)


def test_the_reference_refuses_an_unknown_activation_code():
    ones = np.ones((2, 2))
    with pytest.raises(ValueError, match="unknown activation code 99"):
        reference.activation_backward(99, ones, ones, ones)


@pytest.mark.parametrize("module", [reference, jitted])
def test_kernels_leave_their_inputs_alone(module, rng):
    for name in INPUTS.keys() - {"adam_update"}:
        arguments = INPUTS[name](rng, (3, 5, 2), "float64")
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                argument.flags.writeable = False
        getattr(module, name)(*arguments)  # raises if it writes into a read-only array


@pytest.mark.parametrize("module", [reference, jitted])
def test_infinities_and_nan_come_through_the_kernels(module):
    """No compiler flag may assume them away: a diverged training must show itself."""
    eps = np.array([[[np.nan, 1.0]], [[np.inf, -1.0]]])  # (2, 1, 2)
    z, log_det, _ = module.diagonal_forward(np.array([[0.0, 1.0, 0.0, 0.0]]), eps)
    assert np.isnan(z[0, 0, 0])
    assert z[1, 0, 0] == np.inf
    assert np.isfinite(log_det).all()
    log_p = module.bernoulli_log_prob(np.array([[1.0]]), np.array([[[np.nan]]]))
    assert np.isnan(log_p).all()


@pytest.mark.parametrize("a", [-1e3, -400.0, -1.0, 0.0, 2.0, 400.0])
def test_the_scalars_of_the_planar_kernels_are_those_of_numerics(a):
    """Far out too, where e^(2|a|) overflows."""
    for twin in ("_above_minus_one", "_tanh_and_slope"):
        expected = getattr(numerics, twin.removeprefix("_"))(np.array(a))
        np.testing.assert_allclose(getattr(jitted, twin)(a), expected, rtol=1e-14)
