"""What no gradient check sees in the package: all is covered, passes, and planted mistakes are found."""

import inspect

import numpy as np
import pytest

from scratchvae import selfcheck_beyond
from scratchvae.bounds import VAE_BOUNDS, DReG
from scratchvae.constraints import CONSTRAINTS, Positive
from scratchvae.distributions import LIKELIHOODS, Categorical, Normal, NormalFixed, StandardNormal, densities
from scratchvae.priors import PRIORS, MixtureOfMaps
from scratchvae.reparam import MAPS, AffineCoupling, Diagonal, FullRank, Planar

ESTIMATORS = [name for name, kind in VAE_BOUNDS.items() if not kind.exact]


def names():
    return [name for name, _ in selfcheck_beyond._checks()]


def test_every_registered_thing_is_a_piece():
    expected = {
        *(f"density {name}" for name in selfcheck_beyond.DENSITIES),
        *(f"density likelihood {name}" for name in LIKELIHOODS),
        *(f"density prior {name}" for name in PRIORS),
        *(f"{what} constraint {name}" for name in CONSTRAINTS for what in ("log_det", "inverse")),
        *(f"log_det map {name}" for name in MAPS),
        *(f"inverse map {name}" for name, kind in MAPS.items() if hasattr(kind, "inverse")),
        *(f"KL map {name}" for name, kind in MAPS.items() if hasattr(kind, "kl_forward")),
        *(f"estimator {name}" for name in ESTIMATORS),
    }
    assert set(names()) == expected
    assert len(names()) == len(expected)


def test_every_density_of_a_number_is_integrated():
    public = {
        name
        for name, function in inspect.getmembers(densities, inspect.isfunction)
        if function.__module__ == densities.__name__ and not name.startswith("_")
    }
    assert public == {*selfcheck_beyond.DENSITIES, "dirichlet"}


@pytest.mark.parametrize("seed", [0, 1])
def test_all_pieces_pass(seed):
    for name, report in selfcheck_beyond.pieces(seed):
        assert report.passed, f"{name}\n{report}"
        assert all(block.n_checked > 0 for block in report.blocks)


# --- planted mistakes, all of them consistent: no gradient check sees one of them -----------------


def result(owner, name, change):
    """Plant `change` on what ``owner.name`` returns."""

    def plant(patch):
        right = inspect.getattr_static(owner, name)
        function = right.__func__ if isinstance(right, staticmethod) else right
        wrong = lambda *args, **kwargs: change(function(*args, **kwargs))  # noqa: E731
        patch.setattr(owner, name, staticmethod(wrong) if isinstance(right, staticmethod) else wrong)

    return plant


def first_of(change):
    return lambda result: (change(result[0]), *result[1:])


def second_of(change):
    return lambda result: (result[0], change(result[1]), *result[2:])


def squared_sigma(patch):
    """exp(log_var) as a standard deviation: in the sampler alone, the density is right."""
    right = Normal.sample

    def sample(self, params, rng):
        mu, log_sigma = np.split(params, 2, axis=-1)
        return right(self, np.concatenate([mu, 2 * log_sigma], axis=-1), rng)

    patch.setattr(Normal, "sample", sample)


#: name: (what plants it, a text that chooses pieces, those that must fail).
WRONG = {
    "log_det of the inverse": (
        result(AffineCoupling, "forward", second_of(np.negative)),
        "map affine_coupling",
        ["log_det map affine_coupling"],
    ),
    "half of a log_det": (
        result(Planar, "forward", second_of(lambda d: d / 2)),
        "planar",
        ["log_det map planar"],
    ),
    "inverse": (result(Diagonal, "inverse", lambda x: 2 * x), "map diagonal", ["inverse map diagonal"]),
    "KL without its -1/2": (
        result(FullRank, "kl_forward", first_of(lambda kl: kl + 1)),
        "full_rank",
        ["KL map full_rank"],
    ),
    "a constraint's log_det": (
        result(Positive, "forward", second_of(lambda d: 0 * d)),
        "positive",
        ["log_det constraint positive"],
    ),
    "2 pi forgotten": (
        result(NormalFixed, "forward", first_of(lambda log_p: log_p + 0.5 * np.log(2 * np.pi))),
        "normal_fixed",
        ["density likelihood normal_fixed"],
    ),
    "a density's constant": (
        lambda patch: result(densities, "gamma", first_of(lambda log_p: log_p - np.log(2)))(patch),
        "density gamma",
        ["density gamma"],
    ),
    "exp(log_var) in a sampler": (squared_sigma, "likelihood normal", ["density likelihood normal"]),
    "levels moved by one": (
        result(Categorical, "sample", lambda x: np.minimum(x + 1, 4)),
        "categorical",
        ["density likelihood categorical"],
    ),
    "the prior's sampler": (
        result(MixtureOfMaps, "sample", lambda z: 1.2 * z),
        "density prior",
        ["density prior mixture", "density prior vamp"],
    ),
    "the prior's density": (
        result(StandardNormal, "log_prob", lambda log_p: log_p / 2),
        "density prior standard",
        ["density prior standard_normal"],
    ),
    "an estimator": (
        result(DReG, "backward", lambda d: d._replace(path=None)),
        "estimator dreg",
        ["estimator dreg"],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_planted_mistake_fails_the_piece_that_contains_it(name, monkeypatch):
    plant, only, expected = WRONG[name]
    assert all(report.passed for _, report in selfcheck_beyond.pieces(only=only))
    plant(monkeypatch)
    assert [name for name, report in selfcheck_beyond.pieces(only=only) if not report.passed] == expected
