"""Every optimizer against its published update, written as a loop over Python's own numbers."""

import math

import numpy as np
import pytest

from scratchvae import kernels, optim

N_PARAMETERS, N_STEPS, LR = 13, 20, 0.01


def naive_sgd(x, gradients, lr):
    for g in gradients:
        x = x - lr * g
    return x


def naive_heavy_ball(x, gradients, lr, mu):
    velocity = 0.0
    for g in gradients:
        velocity = mu * velocity - lr * g
        x = x + velocity
    return x


def naive_adagrad(x, gradients, lr, epsilon):
    for t in range(1, len(gradients) + 1):
        g = gradients[t - 1]
        x = x - lr * g / (epsilon + math.sqrt(sum(past**2 for past in gradients[:t])))
    return x


def naive_rmsprop(x, gradients, lr, rho, epsilon, centred, momentum):
    n = mean = delta = 0.0
    for g in gradients:
        n = rho * n + (1 - rho) * g**2
        mean = rho * mean + (1 - rho) * g if centred else 0.0
        delta = momentum * delta - lr * g / math.sqrt(n - mean**2 + epsilon)
        x = x + delta
    return x


def naive_adam(x, gradients, lr, beta1, beta2, epsilon, weight_decay):
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        x = x - lr * (m_hat / (math.sqrt(v_hat) + epsilon) + weight_decay * x)
    return x


# Large epsilons and decays, so that a wrong place for them is seen.
PUBLISHED = {
    "sgd": (optim.SGD(LR), naive_sgd, ()),
    "heavy ball": (optim.Momentum(LR, momentum=0.8), naive_heavy_ball, (0.8,)),
    "adagrad": (optim.Adagrad(LR, epsilon=0.1), naive_adagrad, (0.1,)),
    "rmsprop": (optim.RMSprop(LR, rho=0.8, epsilon=0.1), naive_rmsprop, (0.8, 0.1, False, 0.0)),
    "centred": (
        optim.RMSprop(LR, rho=0.8, epsilon=0.1, centred=True),
        naive_rmsprop,
        (0.8, 0.1, True, 0.0),
    ),
    "graves": (
        optim.RMSprop(LR, rho=0.95, epsilon=1e-4, centred=True, momentum=0.9),
        naive_rmsprop,
        (0.95, 1e-4, True, 0.9),
    ),
    "rmsprop with momentum": (
        optim.RMSprop(LR, rho=0.8, epsilon=0.1, momentum=0.7),
        naive_rmsprop,
        (0.8, 0.1, False, 0.7),
    ),
    "adam": (optim.Adam(LR, 0.8, 0.95, 0.1), naive_adam, (0.8, 0.95, 0.1, 0.0)),
    "adamw": (optim.AdamW(LR, 0.8, 0.95, 0.1, weight_decay=0.5), naive_adam, (0.8, 0.95, 0.1, 0.5)),
}


def start_and_gradients(dtype, seed=0):
    """Parameters far enough from zero for a relative error, and gradients of many sizes."""
    rng = np.random.default_rng(seed)
    scales = np.exp(rng.normal(0, 2, N_PARAMETERS)).clip(0.01, 5)
    gradients = rng.standard_normal((N_STEPS, N_PARAMETERS)) * scales
    return rng.uniform(3, 4, N_PARAMETERS).astype(dtype), gradients.astype(dtype)


def walk(optimizer, value, gradients):
    for grad in gradients:
        optimizer.step(value, grad)
    return value


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("case", PUBLISHED)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 1e-5)])
def test_twenty_steps_follow_the_published_update(case, backend, dtype, tolerance):
    template, naive, arguments = PUBLISHED[case]
    optimizer = optim.build(template.config)
    value, gradients = start_and_gradients(dtype)
    expected = [
        naive(x, g, LR, *arguments)
        for x, g in zip(value.tolist(), gradients.T.astype(float).tolist(), strict=True)
    ]
    with kernels.using(backend):
        walk(optimizer, value, gradients)
    np.testing.assert_allclose(value, expected, rtol=tolerance)
    assert value.dtype == dtype
    assert all(array.dtype == dtype for array in optimizer.arrays.values())


def test_every_registered_optimizer_is_held_against_a_published_update():
    assert {template.name for template, _, _ in PUBLISHED.values()} == set(optim.OPTIMIZERS)


def test_nesterov_walks_along_the_points_ahead_of_sutskevers_two_step_form():
    rng = np.random.default_rng(1)
    curvature, mu = rng.uniform(0.5, 3, 7), 0.8
    theta, velocity = rng.standard_normal(7), np.zeros(7)
    schedule = optim.StepDecay(0.1, factor=0.5, every=6)
    optimizer = optim.Momentum(schedule, momentum=mu, nesterov=True)
    value = theta.copy()
    for t in range(1, N_STEPS + 1):
        velocity = mu * velocity - schedule(t) * curvature * (theta + mu * velocity)
        theta = theta + velocity
        optimizer.step(value, curvature * value)
        np.testing.assert_allclose(value, theta + mu * velocity, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_the_first_adam_step_has_the_size_of_the_learning_rate(backend):
    value, grad = np.zeros(4), np.array([1e-3, -1.0, 50.0, -1e6])
    with kernels.using(backend):
        optim.Adam(lr=0.25).step(value, grad)
    np.testing.assert_allclose(value, -0.25 * np.sign(grad), rtol=2e-5)


def test_adamw_shrinks_parameters_that_have_no_gradient_by_lr_times_weight_decay():
    value = np.array([2.0, -4.0])
    optim.AdamW(lr=0.1, weight_decay=0.5).step(value, np.zeros(2))
    np.testing.assert_allclose(value, [1.9, -3.8], rtol=1e-15)


def test_each_step_takes_the_rate_of_its_own_number_from_one():
    value = np.zeros(1)
    optimizer = optim.SGD(optim.Piecewise([1, 3], [1.0, 0.1, 0.01]))
    seen = []
    for _ in range(5):
        before = value.copy()
        optimizer.step(value, np.ones(1))
        seen.append((before - value).item())
    np.testing.assert_allclose(seen, [1.0, 0.1, 0.1, 0.01, 0.01], rtol=1e-12)
    assert optimizer.t == 5


def test_another_rate_may_be_assigned_between_steps():
    value, optimizer = np.zeros(1), optim.SGD(1.0)
    optimizer.step(value, np.ones(1))
    optimizer.lr = 0.25
    optimizer.step(value, np.ones(1))
    assert value.item() == -1.25
    assert optimizer.lr == optim.build(optimizer.config).lr == optim.Constant(0.25)
    optimizer.lr = -1.0
    with pytest.raises(ValueError, match="lr must lie in"):
        optimizer.step(value, np.ones(1))
    assert (value.item(), optimizer.t) == (-1.25, 2)


QUADRATIC = {
    "sgd": {"lr": 0.2},
    "momentum": {"lr": 0.05},
    "adagrad": {"lr": 1.0},
    "rmsprop": {"lr": {"name": "cosine", "lr": 0.1, "total": 300}},
    "adam": {"lr": {"name": "cosine", "lr": 0.2, "total": 300}},
    "adamw": {"lr": {"name": "cosine", "lr": 0.2, "total": 300}, "weight_decay": 0.0},
}


@pytest.mark.parametrize("name", optim.OPTIMIZERS)
def test_it_finds_the_minimum_of_a_quadratic(name):
    hessian = np.array([[3.0, 1.0], [1.0, 1.0]])
    minimum = np.array([1.0, -2.0])
    value = np.array([-3.0, 4.0])
    optimizer = optim.build({"name": name, **QUADRATIC[name]})
    for _ in range(300):
        optimizer.step(value, hessian @ (value - minimum))
    np.testing.assert_allclose(value, minimum, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1e-4, 1.0, 100.0])
def test_centred_rmsprop_stays_finite_when_the_gradient_never_varies(dtype, size):
    value = np.zeros(50, dtype)
    grad = (size * np.linspace(0.1, 1, 50)).astype(dtype)
    optimizer = optim.RMSprop(lr=1e-3, epsilon=1e-12, centred=True)
    for _ in range(400):
        optimizer.step(value, grad)
    assert np.isfinite(value).all()
    assert (value < 0).all()


@pytest.mark.parametrize("case", PUBLISHED)
def test_a_step_leaves_the_gradient_and_takes_strided_and_read_only_memory(case):
    template = PUBLISHED[case][0]
    value, gradients = start_and_gradients("float64")
    block = np.zeros((N_PARAMETERS, 2))
    block[:, 0] = value
    grad = np.repeat(gradients[0], 2)[::2]
    grad.flags.writeable = False
    optim.build(template.config).step(value, gradients[0].copy())
    optim.build(template.config).step(block[:, 0], grad)
    np.testing.assert_array_equal(grad, gradients[0])
    np.testing.assert_allclose(block[:, 0], value, rtol=1e-15)
    assert not block[:, 1].any()


def read_only(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("value", "grad", "message"),
    [
        ([1.0, 2.0], np.ones(2), "value must be a NumPy array, not a list"),
        (np.ones(2), [1.0, 2.0], "grad must be a NumPy array, not a list"),
        (np.ones((2, 2)), np.ones((2, 2)), r"value must be a vector .* not \(2, 2\)"),
        (np.ones(2, int), np.ones(2, int), "value must be float32 or float64, not int64"),
        (np.ones(2, ">f8"), np.ones(2), "value must be float32 or float64, not >f8"),
        (np.ones(2), np.ones(2, complex), "grad must be float32 or float64, not complex128"),
        (np.ones(2), np.ones(3), r"shape \(2,\).* but grad of shape \(3,\)"),
        (np.ones(2), np.ones(1), r"shape \(2,\).* but grad of shape \(1,\)"),
        (np.ones(2), np.ones(2, "float32"), "dtype float64 but grad of .*float32"),
        (read_only(np.ones(2)), np.ones(2), "value is read-only"),
    ],
)
def test_a_wrong_vector_is_refused_and_not_counted(value, grad, message):
    optimizer = optim.Adam()
    with pytest.raises(ValueError, match=message):
        optimizer.step(value, grad)
    assert optimizer.t == 0


def test_an_optimizer_refuses_the_parameters_of_another_model():
    optimizer = optim.Adam()
    optimizer.step(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match=r"state is of shape \(3,\).*value is of shape \(4,\)"):
        optimizer.step(np.ones(4), np.ones(4))
    with pytest.raises(ValueError, match="use a new optimizer"):
        optimizer.step(np.ones(3, "float32"), np.ones(3, "float32"))
    assert optimizer.t == 1


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("SGD", {"lr": 0}, r"lr must lie in \(0, inf\), not 0"),
        ("SGD", {"lr": -1.0}, "lr must lie in"),
        ("SGD", {"lr": math.inf}, "lr must lie in"),
        ("SGD", {"lr": math.nan}, "lr must lie in"),
        ("SGD", {"lr": "fast"}, "lr must be a number in .* not 'fast'"),
        ("SGD", {"lr": lambda t: 1 / t}, "lr must be a number or a schedule"),
        ("Momentum", {"lr": 1, "momentum": 1.0}, r"momentum must lie in \[0, 1\), not 1.0"),
        ("Momentum", {"lr": 1, "nesterov": "yes"}, "nesterov must be True or False, not 'yes'"),
        ("Adagrad", {"epsilon": 0}, r"epsilon must lie in \(0, inf\)"),
        ("RMSprop", {"rho": 0}, r"rho must lie in \(0, 1\)"),
        ("RMSprop", {"rho": 1}, "rho must lie in"),
        ("RMSprop", {"epsilon": -1e-8}, "epsilon must lie in"),
        ("RMSprop", {"momentum": -0.1}, "momentum must lie in"),
        ("RMSprop", {"centred": 1}, "centred must be True or False, not 1"),
        ("Adam", {"beta1": 1.0}, r"beta1 must lie in \[0, 1\)"),
        ("Adam", {"beta2": -0.1}, "beta2 must lie in"),
        ("Adam", {"epsilon": 0.0}, "epsilon must lie in"),
        ("AdamW", {"weight_decay": -0.01}, r"weight_decay must lie in \[0, inf\)"),
        ("AdamW", {"weight_decay": math.inf}, "weight_decay must lie in"),
        ("AdamW", {"beta1": None}, "beta1 must be a number in .* not None"),
    ],
)
def test_a_wrong_hyperparameter_is_refused(kind, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(optim, kind)(**arguments)


def test_build_takes_a_name_a_config_or_an_optimizer():
    assert optim.build("adam").config == optim.Adam().config
    assert optim.build("sgd", lr=0.5).lr == optim.Constant(0.5)
    assert optim.build({"name": "momentum", "lr": 0.1}).momentum == 0.9
    assert optim.build({"name": "momentum", "lr": 0.1}, lr=0.2).lr(1) == 0.2
    assert optim.build("adamw", lr=optim.WarmUp(0.1, 5)).lr(1) == pytest.approx(0.02)
    optimizer = optim.RMSprop()
    assert optim.build(optimizer) is optimizer


@pytest.mark.parametrize(
    ("spec", "lr", "message"),
    [
        ("adm", None, "unknown optimizer 'adm'; did you mean 'adam'"),
        (7, None, "unknown optimizer 7"),
        (None, None, "unknown optimizer None"),
        (optim.Adam, None, "unknown optimizer <class"),
        ({"lr": 0.1}, None, "unknown optimizer None"),
        ({"name": ["adam"]}, None, r"unknown optimizer \['adam'\]"),
        ({"name": "adam", "beta_1": 0.5}, None, "optimizer 'adam': 'beta_1'; did you mean 'beta1'"),
        ("sgd", None, "'sgd' has no default for lr; give it"),
        ("adam", {"name": "cosin", "lr": 1}, "unknown schedule 'cosin'; did you mean 'cosine'"),
        (optim.Adam(), 0.1, "lr=0.1 came beside an optimizer that has its own"),
    ],
)
def test_build_refuses_what_names_no_optimizer(spec, lr, message):
    with pytest.raises(ValueError, match=message):
        optim.build(spec, lr)


def test_build_leaves_the_config_as_it_is():
    config = {"name": "adam", "lr": {"name": "constant", "lr": 0.5}}
    optim.build(config, lr=0.1)
    assert config == {"name": "adam", "lr": {"name": "constant", "lr": 0.5}}
