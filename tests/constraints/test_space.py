"""The parameters of a model by name: where they lie in z, and what goes wrong."""

import numpy as np
import pytest
from naive import numerical_gradient, relative_error

from scratchvae.constraints import Interval, Ordered, Positive, Real, Simplex, Space


@pytest.fixture
def space():
    return Space(
        {
            "mu": Real(),
            "tau": Positive(1),
            "rho": Interval(-1, 1),
            "cuts": Ordered(2),
            "p": Simplex(3),
            "w": Real((2, 2)),
        }
    )


def test_names_and_places(space):
    assert space.n_latent == 1 + 1 + 1 + 2 + 2 + 4
    assert space.names == (
        *("mu", "tau[0]", "rho", "cuts[0]", "cuts[1]", "p[0]", "p[1]", "p[2]"),
        *("w[0,0]", "w[0,1]", "w[1,0]", "w[1,1]"),
    )
    assert space.slices["p"] == slice(5, 7)
    assert list(space.slices) == list(space.parameters)


@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
def test_each_parameter_is_its_constraint_of_its_slice(space, lead, rng):
    z = rng.standard_normal((*lead, space.n_latent))
    theta, log_det, _ = space.forward(z)
    total = np.zeros(lead)
    for name, constraint in space.parameters.items():
        expected, its_log_det, _ = constraint.forward(z[..., space.slices[name]])
        np.testing.assert_array_equal(theta[name], expected)
        assert theta[name].shape == (*lead, *constraint.shape)
        total = total + its_log_det
    np.testing.assert_allclose(log_det, total, rtol=1e-13)
    np.testing.assert_allclose(space.inverse(theta), z, atol=1e-10)


def test_a_single_number_is_not_a_vector_of_one(space):
    theta, _, _ = space.forward(np.zeros((7, space.n_latent)))
    assert theta["mu"].shape == (7,)
    assert theta["tau"].shape == (7, 1)


@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
def test_backward(space, lead, rng):
    """A parameter that is left out has a gradient of zero."""
    z, dlog_det = rng.standard_normal((*lead, space.n_latent)), rng.standard_normal(lead)
    weights = {name: rng.standard_normal((*lead, *space.parameters[name].shape)) for name in ("mu", "p", "w")}

    def contracted(z):
        theta, log_det, _ = space.forward(z)
        return sum(float((w * theta[name]).sum()) for name, w in weights.items()) + float(
            (dlog_det * log_det).sum()
        )

    dz = space.backward(space.forward(z)[2], weights, dlog_det)
    assert relative_error(dz, numerical_gradient(contracted, z)) < 1e-9


@pytest.mark.parametrize("lead", [(), (4,), (2, 4)])
def test_flatten_is_in_the_order_of_the_names(space, lead, rng):
    theta, _, _ = space.forward(rng.standard_normal((*lead, space.n_latent)))
    flat = space.flatten(theta)
    assert flat.shape == (*lead, len(space.names))
    np.testing.assert_array_equal(flat[..., space.names.index("p[2]")], theta["p"][..., 2])
    np.testing.assert_array_equal(flat[..., space.names.index("w[1,0]")], theta["w"][..., 1, 0])
    np.testing.assert_array_equal(flat[..., space.names.index("tau[0]")], theta["tau"][..., 0])
    np.testing.assert_array_equal(flat[..., 0], theta["mu"])


def test_one_value_for_all_samples(space, rng):
    theta, _, _ = space.forward(rng.standard_normal((5, space.n_latent)))
    theta["mu"] = 3.0
    assert space.inverse(theta).shape == (5, space.n_latent)
    assert (space.flatten(theta)[:, 0] == 3).all()


def test_many_parameters():
    assert len(Space({"w": Real((200, 100))}).names) == 20_000


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "parameters must be a dict"),
        ([Real()], "parameters must be a dict"),
        ({"": Real()}, "a parameter's name must be text"),
        ({1: Real()}, "a parameter's name must be text"),
        ({"mu": 3}, "parameter 'mu' must be a constraint"),
        ({"mu": Real}, "parameter 'mu' must be a constraint"),
        ({"mu": Real(2), "mu[1]": Real()}, r"two parameters would both be called 'mu\[1\]'"),
    ],
)
def test_parameters_that_are_none(parameters, message):
    with pytest.raises(ValueError, match=message):
        Space(parameters)


def test_a_scalar_and_a_vector_of_similar_names_do_not_clash():
    assert Space({"mu": Real(), "mu[1]": Real()}).names == ("mu", "mu[1]")


def test_z_of_another_size(space):
    with pytest.raises(ValueError, match=r"z must have shape \(\.\.\., 11\)"):
        space.forward(np.zeros(10))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tau": np.array([-1.0])}, "tau: theta must be positive"),
        ({"p": np.ones(2) / 2}, r"p: theta must have shape \(\.\.\., 3\)"),
        ({"sigma": 1.0}, r"theta must be a dict of \['mu', 'tau', .* not \['mu', .*'sigma'\]"),
    ],
)
def test_an_inverse_that_does_not_exist(space, change, message):
    theta = {**space.forward(np.zeros(11))[0], **change}
    with pytest.raises(ValueError, match=message):
        space.inverse(theta)


def test_a_parameter_that_is_missing(space):
    theta, _, _ = space.forward(np.zeros(11))
    del theta["rho"]
    for function in (space.inverse, space.flatten):
        with pytest.raises(ValueError, match="rho"):
            function(theta)
    with pytest.raises(ValueError, match="theta must be a dict of"):
        space.inverse(3.0)


def test_a_gradient_by_a_name_that_is_not_there(space):
    """It would have counted as zero, under the right name."""
    _, log_det, cache = space.forward(np.zeros((4, 11)))
    with pytest.raises(ValueError, match="there is a gradient by 'sigma', but the parameters are"):
        space.backward(cache, {"sigma": np.zeros(4)}, log_det)


def test_a_gradient_of_the_wrong_shape(space):
    _, log_det, cache = space.forward(np.zeros((4, 11)))
    with pytest.raises(ValueError, match=r"the gradient by 'mu' must have its shape, \(4,\), not \(4, 8\)"):
        space.backward(cache, {"mu": np.zeros((4, 8))}, log_det)
