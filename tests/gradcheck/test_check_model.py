"""The check of a model: right ones pass, and each usual mistake is named."""

import numpy as np
import pytest

from scratchvae.constraints import Positive, Real, Simplex
from scratchvae.distributions import densities
from scratchvae.gradcheck import check_model, check_model_shapes
from scratchvae.models import BayesianModel, ConstrainedModel


class Regression(BayesianModel):
    """y_i ~ N(z . x_i, 1), z ~ N(0, 2^2)."""

    n_latent = 2
    x = np.array([[1.0, 0.5], [1.0, -1.0], [1.0, 2.0], [1.0, 0.1], [1.0, -0.7]])
    y = np.array([0.3, -1.0, 2.5, 0.0, 0.4])
    n_data = 5

    def log_prior(self, z):
        return -0.125 * (z**2).sum(axis=-1)

    def grad_log_prior(self, z):
        return -z / 4

    def _residual(self, z, rows):
        return self.y[rows] - z @ self.x[rows].T

    def log_likelihood(self, z, rows=slice(None)):
        return -0.5 * (self._residual(z, rows) ** 2).sum(axis=-1)

    def grad_log_likelihood(self, z, rows=slice(None)):
        return self._residual(z, rows) @ self.x[rows]


class Joint(BayesianModel):
    n_latent = 2

    def log_joint(self, z):
        return -np.cosh(z).sum(axis=-1) + z[..., 0] * z[..., 1]

    def grad_log_joint(self, z):
        return -np.sinh(z) + z[..., ::-1]


class Schools(ConstrainedModel):
    parameters = {"mu": Real(), "tau": Positive(), "theta": Real(3), "p": Simplex(3)}

    def prior(self, theta):
        mu, dmu, *_ = densities.normal(theta["mu"], 0, 5)
        tau, dtau, _ = densities.half_cauchy(theta["tau"], 5)
        return mu + tau, {"mu": dmu, "tau": dtau}

    def likelihood(self, theta):
        mu, tau = theta["mu"][..., None], theta["tau"][..., None]
        log_p, dtheta, dmu, dtau = densities.normal(theta["theta"], mu, tau)
        log_p = (log_p + np.log(theta["p"])).sum(-1)
        dp = 1 / theta["p"]
        return log_p, {"mu": dmu.sum(-1), "tau": dtau.sum(-1), "theta": dtheta, "p": dp}


def subclass(base, **members):
    return type("Wrong", (base,), members)()


def failed(report):
    return [block.name for block in report.blocks if not block.passed]


def names(report):
    return [block.name for block in report.blocks]


# --- right models -------------------------------------------------------------------------------


def test_a_right_model_passes():
    report = check_model(Regression())
    assert report.passed, f"\n{report}"
    assert names(report) == [
        "log_prior",
        "log_likelihood",
        "rows",
        "grad: rows",
        "forward",
        "backward",
        "forward, rows",
        "backward, rows",
    ]
    assert report.blocks[0].n_checked == 6  # two coordinates at three points


def test_a_model_written_as_its_joint_density():
    report = check_model(Joint())
    assert report.passed, f"\n{report}"
    assert names(report) == ["log_joint", "forward", "backward"]


def test_a_model_of_named_parameters_has_a_block_for_each():
    report = check_model(Schools())
    assert report.passed, f"\n{report}"
    parts = [f"{part}: {name}" for part in ("log_prior", "log_likelihood") for name in Schools.parameters]
    assert names(report) == [*parts, "forward", "backward"]
    assert [block.shape for block in report.blocks[:4]] == [(1,), (1,), (3,), (2,)]


def test_an_object_with_the_four_functions_is_enough():
    functions = ("log_prior", "grad_log_prior", "log_likelihood", "grad_log_likelihood", "_residual")
    members = {name: vars(Regression)[name] for name in functions}
    model = type("Plain", (), {**members, "n_latent": 2, "x": Regression.x, "y": Regression.y})()
    report = check_model(model)
    assert report.passed
    assert names(report) == ["log_prior", "log_likelihood"]


def test_the_points_and_the_options_may_be_given():
    report = check_model(Regression(), np.ones((4, 5, 2)), rtol=1e-4, mode="directions", n_probes=2)
    assert (report.passed, report.rtol, report.blocks[0].n_checked) == (True, 1e-4, 40)
    assert check_model(Regression(), [1, 2]).blocks[0].n_checked == 2


# --- wrong gradients ----------------------------------------------------------------------------

WRONG_GRADIENTS = {
    "swapped sign": ("grad_log_prior", lambda self, z: z / 4, "log_prior"),
    "factor": ("grad_log_prior", lambda self, z: -z / 2, "log_prior"),
    "one entry": ("grad_log_prior", lambda self, z: -z / 4 + [0, 1e-3], "log_prior"),
    "no data": (
        "grad_log_likelihood",
        lambda self, z, rows=slice(None): np.zeros_like(z),
        "log_likelihood",
    ),
}


@pytest.mark.parametrize("mistake", WRONG_GRADIENTS)
def test_a_wrong_gradient_fails_in_its_density_alone(mistake):
    method, function, density = WRONG_GRADIENTS[mistake]
    report = check_model(subclass(Regression, **{method: function}))
    assert [name for name in failed(report) if "ward" not in name] == [density]


def test_a_wrong_gradient_of_a_joint_density():
    wrong = subclass(Joint, grad_log_joint=lambda self, z: -np.sinh(z) + z)
    assert failed(check_model(wrong)) == ["log_joint"]


def test_a_wrong_derivative_is_found_in_its_parameter():
    def likelihood(self, theta):
        log_p, grads = Schools.likelihood(self, theta)
        return log_p, {**grads, "tau": -grads["tau"]}

    assert failed(check_model(subclass(Schools, likelihood=likelihood))) == ["log_likelihood: tau"]


def test_a_mistake_at_one_of_the_points_is_seen():
    """Right for z > 0 only: the block that is shown is the wrong one."""
    wrong = subclass(Regression, grad_log_prior=lambda self, z: -np.abs(z) / 4)
    assert check_model(wrong, [1.0, 1.0]).passed
    report = check_model(wrong, [[1.0, 1.0], [1.0, -1.0], [2.0, 1.0]])
    assert failed(report) == ["log_prior"]
    assert report.blocks[0].index == (1,)


def test_nan_at_a_point():
    model = subclass(Regression, log_prior=lambda self, z: np.log(z).sum(axis=-1))
    report = check_model(model, [-1.0, 1.0])
    assert failed(report) == ["log_prior"]
    assert report.blocks[0].note == "the function itself is nan at theta"


# --- parts that disagree ------------------------------------------------------------------------


def test_a_minibatch_that_is_scaled_already():
    def log_likelihood(self, z, rows=slice(None)):
        return len(self.y) / len(self.y[rows]) * Regression.log_likelihood(self, z, rows)

    report = check_model(subclass(Regression, log_likelihood=log_likelihood))
    assert failed(report) == ["rows"]
    assert "not scaled to all" in report.blocks[2].note


def test_a_gradient_that_ignores_the_rows():
    whole = Regression.grad_log_likelihood
    wrong = subclass(Regression, grad_log_likelihood=lambda self, z, rows=None: whole(self, z))
    assert failed(check_model(wrong)) == ["grad: rows"]


def test_a_likelihood_that_takes_no_rows():
    whole = Regression.log_likelihood
    with pytest.raises(ValueError, match="log_likelihood fails .* rows is an array of indices of the data"):
        check_model(subclass(Regression, log_likelihood=lambda self, z: whole(self, z)))


def test_a_forward_that_disagrees():
    def forward(self, z, rows=None):
        log_likelihood, log_prior, cache = BayesianModel.forward(self, z, rows)
        return log_likelihood, 2 * log_prior, cache

    assert failed(check_model(subclass(Regression, forward=forward))) == ["forward", "forward, rows"]


@pytest.mark.parametrize(
    "backward",
    [
        lambda self, cache, a, b: BayesianModel.backward(self, cache, a, a),
        lambda self, cache, a, b: BayesianModel.backward(self, cache, a, None),
        lambda self, cache, a, b: BayesianModel.backward(self, cache, a, b).sum(axis=0),
    ],
)
def test_a_backward_that_disagrees(backward):
    report = check_model(subclass(Regression, backward=backward))
    assert failed(report) == ["backward", "backward, rows"]


def test_a_backward_that_forgets_the_minibatches_scale():
    def backward(self, cache, a, b):
        return BayesianModel.backward(self, cache._replace(scale=1.0), a, b)

    assert failed(check_model(subclass(Regression, backward=backward))) == ["backward, rows"]


# --- shapes -------------------------------------------------------------------------------------

WRONG_SHAPES = {
    "sum over all axes": (
        {"log_prior": lambda self, z: -0.125 * (z**2).sum()},
        r"log_prior\(z\) must have shape \(3,\) for z \(3, 2\), not \(\): sum over the features only, "
        r"\.sum\(axis=-1\), not over all axes",
    ),
    "no sum": (
        {"log_prior": lambda self, z: -0.125 * z**2},
        r"log_prior\(z\) must have shape \(\) for z \(2,\), not \(2,\): .* sum over the last axis",
    ),
    "keepdims": (
        {"log_prior": lambda self, z: -0.125 * (z**2).sum(axis=-1, keepdims=True)},
        r"not \(1,\): drop the last axis",
    ),
    "the first axis": (
        {"log_prior": lambda self, z: -0.125 * (z**2).sum(axis=0)},
        r"must have shape \(3,\) for z \(3, 2\), not \(2,\)",
    ),
    "a gradient that is summed": (
        {"grad_log_prior": lambda self, z: -z.sum(axis=-1) / 4},
        r"grad_log_prior\(z\) must have shape \(2,\) for z \(2,\), not \(\): .* keep the last axis",
    ),
    "a gradient of one sample": (
        {"grad_log_prior": lambda self, z: -z.reshape(-1, 2)[0] / 4},
        r"grad_log_prior\(z\) must have shape \(3, 2\) for z \(3, 2\), not \(2,\): .* of each sample",
    ),
    "written for one z": (
        {"log_prior": lambda self, z: float(-(z[0] ** 2) - z[1] ** 2)},
        r"log_prior fails for z of shape \(3, 2\): .*write z\[\.\.\., 0\]",
    ),
    "samples that mix": (
        {"log_prior": lambda self, z: -0.125 * (z**2).sum(axis=-1) + z.mean()},
        r"samples must not mix",
    ),
    "a gradient whose samples mix": (
        {"grad_log_prior": lambda self, z: z - z.sum() / 4},
        r"grad_log_prior gives .* for the sample at \(0,\) of a batch, but .* samples must not mix",
    ),
    "no numbers": ({"log_prior": lambda self, z: None}, r"log_prior\(z\) must hold real numbers"),
}


@pytest.mark.parametrize("check", [check_model, check_model_shapes])
@pytest.mark.parametrize("mistake", WRONG_SHAPES)
def test_a_wrong_shape_is_explained(mistake, check):
    members, message = WRONG_SHAPES[mistake]
    with pytest.raises(ValueError, match=message):
        check(subclass(Regression, **members))


@pytest.mark.parametrize("n_latent", [1, 2, 3])
def test_no_number_of_latent_variables_hides_a_sum_over_the_samples(n_latent):
    """For L = 3 a sum over the first axis of (3, L) has the right shape."""
    members = {"n_latent": n_latent, "log_joint": lambda self, z: -(z**2).sum(axis=0 if z.ndim == 2 else -1)}
    with pytest.raises(ValueError, match="log_joint"):
        check_model_shapes(subclass(Joint, grad_log_joint=lambda self, z: -2 * z, **members))


def test_z_must_not_be_changed():
    def log_prior(self, z):
        z /= 2
        return -0.5 * (z**2).sum(axis=-1)

    with pytest.raises(ValueError, match="log_prior changes z in place"):
        check_model_shapes(subclass(Regression, log_prior=log_prior))


def test_nan_is_no_wrong_shape():
    model = subclass(Regression, log_prior=lambda self, z: np.log(z).sum(axis=-1))
    check_model_shapes(model)


# --- what is missing ----------------------------------------------------------------------------


def test_a_missing_gradient():
    members = {name: vars(Regression)[name] for name in ("log_prior", "grad_log_prior", "log_likelihood")}
    model = subclass(BayesianModel, n_latent=2, x=Regression.x, y=Regression.y, **members)
    model._residual = lambda z, rows: Regression._residual(model, z, rows)
    with pytest.raises(ValueError, match="Wrong has no grad_log_likelihood: write"):
        check_model(model)


def test_a_missing_function_of_any_object():
    with pytest.raises(ValueError, match="object has no n_latent"):
        check_model(object())
    with pytest.raises(ValueError, match="Plain has no log_prior: write it"):
        check_model(type("Plain", (), {"n_latent": 2})())


def test_no_number_of_latent_variables():
    with pytest.raises(ValueError, match="must say how many latent variables"):
        check_model(BayesianModel())


def test_the_class_is_no_model():
    with pytest.raises(ValueError, match=r"not the class Regression: call Regression\(...\)"):
        check_model(Regression)


@pytest.mark.parametrize(
    ("z", "message"),
    [
        (np.ones(3), r"z must have shape \(\.\.\., 2\)"),
        ([np.nan, 1.0], "z has 1 NaN"),
        (np.ones((0, 2)), "z is empty"),
    ],
)
def test_a_point_that_is_none(z, message):
    with pytest.raises(ValueError, match=message):
        check_model(Regression(), z)
