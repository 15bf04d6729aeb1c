"""KL(N(mu, sigma^2) || N(0, I)): by hand, by quadrature, by Monte Carlo, and its gradient."""

import naive
import numpy as np
import pytest
from scipy import integrate, stats

from scratchvae.distributions import kl


@pytest.mark.parametrize("lead", [(), (4,), (2, 4)])
def test_it_equals_the_sum_over_entries(lead, rng):
    lam = rng.normal(size=(*lead, 6))
    value, _ = kl.forward(lam)
    expected = np.empty(lead)
    for place in np.ndindex(lead):
        expected[place] = naive.kl_to_standard_normal(lam[place][:3], np.exp(lam[place][3:]))
    np.testing.assert_allclose(value, expected, rtol=1e-13)


@pytest.mark.parametrize(("mu", "sigma"), [(0.0, 1.0), (1.5, 0.3), (-2.0, 2.5)])
def test_it_equals_the_integral(mu, sigma):
    q, p = stats.norm(mu, sigma), stats.norm()
    integral, _ = integrate.quad(
        lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), mu - 12 * sigma, mu + 12 * sigma, epsabs=1e-12
    )
    assert kl.forward(np.array([mu, np.log(sigma)]))[0] == pytest.approx(integral, abs=1e-10)


def test_it_equals_monte_carlo(rng):
    lam, n = rng.normal(size=6), 100_000
    mu, sigma = lam[:3], np.exp(lam[3:])
    z = mu + sigma * rng.standard_normal((n, 3))
    log_ratio = (stats.norm.logpdf(z, mu, sigma) - stats.norm.logpdf(z)).sum(axis=-1)
    assert abs(log_ratio.mean() - kl.forward(lam)[0]) < 4 * log_ratio.std() / np.sqrt(n)


def test_it_is_zero_at_the_prior_and_positive_elsewhere(rng):
    assert kl.forward(np.zeros(4))[0] == 0
    assert (kl.forward(rng.normal(size=(100, 4)))[0] > 0).all()


@pytest.mark.parametrize("lead", [(), (4,), (2, 4)])
def test_backward_equals_central_differences(lead, rng):
    lam, dkl = rng.normal(size=(*lead, 6)), rng.normal(size=lead)
    dlam = kl.backward(kl.forward(lam)[1], dkl)
    numerical = naive.numerical_gradient(lambda t: float((kl.forward(t)[0] * dkl).sum()), lam)
    assert naive.relative_error(dlam, numerical) < 1e-9


def test_the_dtype_is_kept(dtype):
    value, cache = kl.forward(np.zeros((2, 4), dtype))
    assert value.dtype == dtype
    assert kl.backward(cache, np.ones(2, dtype)).dtype == dtype


def test_what_is_kept_for_the_backward_are_mean_and_standard_deviation(rng):
    mu, log_sigma = rng.normal(size=(2, 4, 3))
    cache = kl.forward(np.concatenate([mu, log_sigma], axis=-1))[1]
    np.testing.assert_array_equal(cache.mu, mu)
    np.testing.assert_allclose(cache.sigma, np.exp(log_sigma), rtol=1e-15)
