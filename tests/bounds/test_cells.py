"""Every bound with every map and models of every kind: a finite gradient, or a refusal in words."""

import importlib

import numpy as np
import pytest
from gradient_draws import near

from scratchvae import models
from scratchvae.bounds import BOUNDS
from scratchvae.reparam import FAMILIES, build_free
from scratchvae.reparam.families import FLOWS
from scratchvae.vi.coordinates import Coordinates
from scratchvae.vi.objective import Objective

fit_module = importlib.import_module("scratchvae.vi.fit")  # which the function of that name hides
NUMBERED = [*(f"{name}:2" for name in FLOWS), "low_rank:1"]
NAMES = [name for name in FAMILIES if name not in FLOWS and name != "low_rank"] + NUMBERED
MODELS = {
    "normal prior": models.LinearRegression([0.0, 1.0, 2.0], [0.5, 1.0, 3.0], sigma=1.0),
    "other prior": models.EightSchools(),
    "positive": models.NormalGamma([1.0, 2.0, 3.0]),
    "log joint": models.Banana(),
}
#: The refusals, and a word of each.
REFUSALS = {
    "product over coordinates": lambda bound, q, kind: bound.uses_local and not q.factorises,
    "normal prior": lambda bound, q, kind: (
        bound.uses_kl and not (hasattr(q, "mean_and_cov") and kind == "normal prior")
    ),
    "for the training of a VAE": lambda bound, q, kind: bound.uses_kl == "by_coordinate",
    "weighs the prior by itself": lambda bound, q, kind: bound.needs_prior and kind == "log joint",
}


def refusals(bound, reparam, kind):
    """The words of which one at least must come."""
    return [words for words, applies in REFUSALS.items() if applies(bound, reparam, kind)]


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("family", NAMES)
@pytest.mark.parametrize("name", BOUNDS)
def test_the_cell_gives_a_gradient_or_says_why_not(name, family, kind, rng):
    model, bound = MODELS[kind], BOUNDS[name]()
    reparam = build_free(family, model.n_latent)
    expected = refusals(bound, reparam, kind)
    if expected:
        with pytest.raises(ValueError, match="|".join(expected)):
            fit_module._check_bound(bound, reparam, model, 4)
        return
    fit_module._check_bound(bound, reparam, model, 4)
    made = Objective(model, reparam, bound, Coordinates.standard(model.n_latent))
    found = made.loss_and_grad(near(reparam, rng), rng.standard_normal((4, model.n_latent)))
    assert found.n_bad == 0
    assert np.isfinite(found.loss)
    assert np.isfinite(found.dlam).all()
    assert np.abs(found.dlam).max() > 0
