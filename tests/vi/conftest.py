"""Fits that several tests look at from different sides."""

import pytest
from vi_problems import correlated, fitted

from scratchvae.models import EightSchools


@pytest.fixture(scope="session")
def gaussian_fit():
    """A full-rank q of a correlated Gaussian of three dimensions, which it equals."""
    return fitted(correlated(3, seed=4))


@pytest.fixture(scope="session")
def schools_fit():
    """A short full-rank fit of the eight schools, of which only what it reports matters."""
    with pytest.warns(UserWarning, match="not converged"):
        return fitted(EightSchools(), steps=800)
