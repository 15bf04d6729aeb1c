"""The Bernoulli kernels in single precision: how far they are off, over the whole range of a logit."""

import numpy as np
import pytest

from scratchvae.kernels import jitted

EPS = np.finfo(np.float32).eps


def exact(x, logits):
    """log p of single pixels in double precision."""
    logits = logits.astype(np.float64)
    return x * logits - np.logaddexp(0, logits)


def single(x, logits):
    """The kernels on one pixel at a time: log p of either, and the gradient."""
    arguments = np.full((1, 1), x, "float32"), logits[:, None, None]
    log_p, residual = jitted.bernoulli_log_prob_and_grad(*arguments)
    return jitted.bernoulli_log_prob(*arguments)[:, 0], log_p[:, 0], residual[:, 0, 0]


@pytest.fixture(scope="module")
def logits():
    sizes = np.concatenate([np.linspace(0, 130, 200_001), np.logspace(-38, 38, 20_000)]).astype("float32")
    return np.concatenate([sizes, -sizes])


@pytest.mark.parametrize("x", [0, 1])
def test_one_pixel_is_off_by_less_than_the_docstring_says(x, logits):
    """2e-7 where x l - max(l, 0) is zero; where it is not, its size is rounded as well."""
    truth = exact(x, logits)
    for log_p in single(x, logits)[:2]:
        assert (np.abs(log_p - truth) <= 2e-7 + EPS * np.abs(truth)).all()


@pytest.mark.parametrize("x", [0, 1])
def test_the_gradient_of_one_pixel_is_off_by_less_than_the_docstring_says(x, logits):
    truth = x - np.exp(-np.logaddexp(0, -logits.astype(np.float64)))
    assert (np.abs(single(x, logits)[2] - truth) <= 2e-7).all()


def test_the_exponential_is_as_near_as_its_docstring_says():
    a = np.concatenate([-np.linspace(0, 87, 5001), -np.logspace(-38, 1.9, 2000)]).astype("float32")
    found = np.array([jitted._exp_single(one) for one in a])
    truth = np.exp(a.astype(np.float64))
    np.testing.assert_allclose(found, truth, rtol=5e-7)
    np.testing.assert_allclose(found[a > -5], truth[a > -5], rtol=1.5e-7)  # one rounding and a bit
    assert jitted._exp_single(np.float32(-1e30)) == pytest.approx(np.exp(-87.0), rel=5e-7, abs=0)


@pytest.mark.parametrize("n_data", [1, 111, 112, 113, 224, 784, 2000])
@pytest.mark.parametrize("logit", [0.0, 1e-6, -3.0, 200.0])
def test_equal_pixels_add_up_at_every_length(n_data, logit):
    """At a logit of zero every factor of the product is 2; at the ends of strips none is lost."""
    x, logits = np.zeros((1, n_data), "float32"), np.full((1, 1, n_data), logit, "float32")
    truth = n_data * exact(0, np.float32([logit]))[0]
    assert jitted.bernoulli_log_prob(x, logits)[0, 0] == pytest.approx(truth, rel=5e-7, abs=2e-7 * n_data)


def test_the_errors_of_many_pixels_do_not_add_up_on_one_side(rng):
    x = (rng.random((1, 784)) < 0.3).astype("float32")
    logits = 5 * rng.standard_normal((400, 1, 784), dtype="float32")
    error = jitted.bernoulli_log_prob(x, logits)[:, 0] - exact(x[0], logits[:, 0]).sum(axis=-1)
    assert np.abs(error).max() < 4e-4  # of values near -1400, whose last bit is 1.2e-4
    assert abs(error.mean()) < 4e-5


def test_what_is_not_a_number_stays_visible():
    logits = np.zeros((1, 1, 300), "float32")
    logits[0, 0, 250] = np.nan
    x = np.zeros((1, 300), "float32")
    assert np.isnan(jitted.bernoulli_log_prob(x, logits)[0, 0])
    log_p, residual = jitted.bernoulli_log_prob_and_grad(x, logits)
    assert np.isnan(log_p[0, 0])
    assert np.isnan(residual[0, 0, 250])
