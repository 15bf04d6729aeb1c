"""What every flow must pass, for the tests of the single ones."""

import naive
import numpy as np

from scratchvae.reparam import Reparameterization

#: Leading axes of lam and of eps.
LEADS = [
    ((), ()),
    ((), (2, 4)),
    ((1,), (2, 4)),
    ((4,), ()),
    ((4,), (2, 4)),
    ((2, 1), (4,)),
    ((2, 4), (4,)),
    ((3, 1, 2), (4, 2)),
]


def draw(flow, rng, lam_lead=(), eps_lead=(), scale=0.7):
    """A random lam and eps."""
    return scale * rng.normal(size=(*lam_lead, flow.n_params)), rng.normal(size=(*eps_lead, flow.n_latent))


def numerical_log_det(flow, lam, eps):
    """log|det| of the numerical Jacobian dz/deps, for one lam and one eps."""
    jacobian = naive.numerical_jacobian(lambda t: flow.forward(lam, t)[0], eps)
    return np.linalg.slogdet(jacobian)[1]


def check_gradients(flow, lam, eps, rng, tolerance=1e-7):
    """Both incoming gradients at once, by lam and by eps, against central differences."""
    z, log_det, cache = flow.forward(lam, eps)
    dz, dlog_det = rng.normal(size=z.shape), rng.normal(size=log_det.shape)

    def loss(lam, eps):
        z, log_det, _ = flow.forward(lam, eps)
        return float((z * dz).sum() + (log_det * dlog_det).sum())

    dlam, deps = flow.backward(cache, dz, dlog_det)
    _assert_near(dlam, naive.numerical_gradient(lambda t: loss(t, eps), lam), tolerance)
    _assert_near(deps, naive.numerical_gradient(lambda t: loss(lam, t), eps), tolerance)


def _assert_near(got, numerical, tolerance):
    """Relative to the gradient's length, or to one where that is shorter, as it may be zero."""
    assert got.shape == numerical.shape
    assert np.linalg.norm(got - numerical) < tolerance * max(1, np.linalg.norm(numerical))


def check_rows(flow, lam, eps):
    """Leading axes are a loop over rows."""
    z, log_det, cache = flow.forward(lam, eps)
    batch = np.broadcast_shapes(lam.shape[:-1], eps.shape[:-1])
    assert z.shape == cache.eps.shape == (*batch, flow.n_latent)
    assert log_det.shape == batch
    lam, eps = np.broadcast_to(lam, (*batch, flow.n_params)), np.broadcast_to(eps, z.shape)
    for place in np.ndindex(batch):
        row, row_log_det, _ = flow.forward(lam[place], eps[place])
        np.testing.assert_allclose(z[place], row, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(log_det[place], row_log_det, rtol=1e-12, atol=1e-13)


def check_dtypes(flow, rng):
    """float32 comes out as float32, near float64; arguments stay as they are."""
    lam, eps = draw(flow, rng, (4,), (2, 4))
    dz, dlog_det = rng.normal(size=(2, 4, flow.n_latent)), rng.normal(size=(2, 4))

    def everything(dtype):
        given = [array.astype(dtype) for array in (lam, eps, dz, dlog_det)]
        before = [array.copy() for array in given]
        z, log_det, cache = flow.forward(*given[:2])
        dlam, deps = flow.backward(cache, *given[2:])
        solved, undone = flow.solve_transposed(cache, given[2]), flow.inverse(given[0], z)
        for array, copy in zip(given, before, strict=True):
            np.testing.assert_array_equal(array, copy)
        return z, log_det, dlam, deps, solved, undone

    for got, expected in zip(everything("float32"), everything("float64"), strict=True):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, expected, rtol=2e-4, atol=2e-4)


def check_solution(flow, lam, eps, rng):
    """The special form of J^-T v against the general one, with J by backward passes."""
    lam = np.broadcast_to(lam, (*np.broadcast_shapes(lam.shape[:-1], eps.shape[:-1]), flow.n_params))
    eps = np.broadcast_to(eps, (*lam.shape[:-1], flow.n_latent))
    _, _, cache = flow.forward(lam, eps)
    v = rng.normal(size=eps.shape)
    general = Reparameterization.solve_transposed(flow, cache, v)
    np.testing.assert_allclose(flow.solve_transposed(cache, v), general, rtol=1e-9, atol=1e-10)


def check_score(flow, lam, eps, n_kinks=0):
    """grad_log_q against central differences of log_prob, but for z at which these step over a kink."""
    z, _, cache = flow.forward(lam, eps)
    numerical = naive.numerical_gradient(lambda t: float(flow.log_prob(lam, t).sum()), z)
    errors = np.linalg.norm(flow.grad_log_q(cache) - numerical, axis=-1)
    wrong = errors > 1e-6 * np.maximum(1, np.linalg.norm(numerical, axis=-1))
    assert wrong.sum() <= n_kinks


def mass(flow, lam, low=-11, high=11, n=401):
    """The sum of q over a grid in the plane."""
    side = np.linspace(low, high, n)
    z = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1)  # (n, n, 2)
    return np.exp(flow.log_prob(lam, z)).sum() * (side[1] - side[0]) ** 2
