"""Fixtures that all tests share."""

import numpy as np
import pytest
import threadpoolctl

from scratchvae import kernels

# The products in the tests are tiny: threads that wait for each other would cost more than they save.
threadpoolctl.threadpool_limits(1, user_api="blas")


@pytest.fixture(params=["numpy", "numba"])
def backend(request):
    """Run the test once with each kernel backend."""
    with kernels.using(request.param):
        yield request.param


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    """Run the test once in each precision."""
    return request.param


@pytest.fixture
def rng():
    """A generator that is the same in every run."""
    return np.random.default_rng(20131220)
