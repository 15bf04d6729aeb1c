"""`fit`: a model in, the nearest q of a family out."""

import inspect
import math
import warnings

import numpy as np

from scratchvae import reparam as maps
from scratchvae.bounds import BOUNDS
from scratchvae.broadcasting import row_blocks
from scratchvae.gradcheck import check_model_shapes
from scratchvae.models.base import BayesianModel
from scratchvae.validation import (
    build,
    choose,
    finite,
    generator,
    has_shape,
    in_range,
    numeric_array,
    positive_int,
    whole_number,
)
from scratchvae.vi.coordinates import Coordinates
from scratchvae.vi.gradient_check import check_gradient
from scratchvae.vi.minibatches import RowBatches, WholeData
from scratchvae.vi.noise import noise_source
from scratchvae.vi.objective import Objective
from scratchvae.vi.posterior import N_DRAWS, Posterior, Weighted
from scratchvae.vi.progress import ProgressBar
from scratchvae.vi.stages import EPSILON, DivergedError, Pace, Path, StagedAdam
from scratchvae.vi.start import laplace

STARTS = ("auto", "laplace", "zero")
#: The length of the first stage; shorter if few steps are allowed.
STAGE_STEPS, FLOW_STAGE_STEPS = 100, 1000
#: The first learning rate: of a Gaussian's lam, which is in units of its spread, and of a flow's weights.
GAUSSIAN_LR, FLOW_LR = 0.1, 0.002
#: Data beyond which "auto" takes minibatches, and of what size.
LARGE_DATA, BATCH_SIZE = 10_000, 1000
#: How many values of the likelihood a comparison of stages, and the last evaluation, may take.
COMPARISON_VALUES, FINAL_VALUES = 2**24, 2**27
#: Draws on which stages are compared, at most.
COMPARISON_DRAWS = 512
#: How many of the final draws, and values for them, are evaluated at once: a model may hold a thousand for
#: each draw, as a decoder does for an image. What fits into the processor's cache is the faster, and arrays
#: of a megabyte are taken from the system anew each time, which costs more than the arithmetic in them.
DRAWS_AT_ONCE, VALUES_AT_ONCE = 1000, 2**15
#: The share of the final draws that may be NaN or +inf without a warning.
MAX_GAPS = 0.01


def fit(
    model,
    family="mean_field",
    bound="elbo",
    *,
    n_samples="auto",
    steps=10_000,
    rng=None,
    start="auto",
    restarts=1,
    batch_size="auto",
    lr="auto",
    anneal="auto",
    noise="auto",
    progress=True,
):
    """Variational inference: find the q(z) in a family that is nearest to the posterior p(z|x).

    Maximises a lower bound of log p(x) over lam in z = g(eps; lam), eps ~ N(0, I), by stages of Adam that
    stop by themselves (`scratchvae.vi.stages.StagedAdam`).

    Parameters
    ----------
    model : BayesianModel
    family : str or Reparameterization
        "mean_field" (independent Gaussians), "full_rank" (any Gaussian), "low_rank:2" (diagonal plus rank
        two), or another of ``sv.reparam.MAPS``.
    bound : str or Bound
        "elbo", "sticking_the_landing", "analytic_kl", "iwae", "dreg", "renyi:0.5",
        "score_function_leave_one_out" (which needs no gradient of the model), or another of
        ``sv.bounds.BOUNDS``.
    n_samples : int or "auto"
        K, draws of z a step. "auto" takes 10 for mean-field, twice the dimension (10 to 100) for other
        Gaussians, and 100 for flows.
    steps : int
        The most steps of a run; it stops before if q no longer moves.
    rng : numpy.random.Generator, optional
        ``default_rng(0)`` if not given.
    start : {"auto", "laplace", "zero"} or array (L,)
        Where q begins: with the mean and curvature of the mode (the Laplace approximation), or at zero
        with unit spread, or at a given z with unit spread. "auto" takes the first if there is a mode and
        its bound is the higher one.
    restarts : int
        Runs, the second and further ones from random places; the one of the highest bound is returned.
    batch_size : int, None or "auto"
        Rows a step, for a model with `n_data`. None takes all; "auto" takes 1,000 if there are more than
        10,000.
    lr : float or "auto"
        The first learning rate: for Gaussians 0.1, in units of q's standard deviations, for flows 0.002.
    anneal : int or "auto"
        Steps at the beginning on p(x, z)^beta with beta rising from 0.1 to 1, in which q learns where
        all modes are. "auto" takes none for Gaussians and a fifth of the steps for flows.
    noise : {"auto", "even", "independent"}
        How eps is drawn (`scratchvae.vi.noise`). "auto" is even, where the bound allows that.
    progress : bool
        Whether to show a progress bar (on a terminal only).

    Returns
    -------
    Posterior

    Raises
    ------
    ValueError
        If the model's functions have a wrong shape or a gradient that does not match, or an option makes
        no sense.
    DivergedError
        (a ValueError) if the posterior is improper, or the model too often NaN or infinite.

    Warns
    -----
    UserWarning
        If q still moved when the steps ran out, or the model is NaN or +inf at more than one in a hundred
        draws of the final q.

    Examples
    --------
    >>> import numpy as np
    >>> import scratchvae as sv
    >>> model = sv.models.NormalMean(np.array([1.0, 2.0, 4.0]), sigma=1.0, prior_sigma=10.0)
    >>> q = sv.fit(model, family="full_rank", rng=np.random.default_rng(0))
    >>> bool(abs(q.elbo - model.log_evidence()) < 0.01)
    True
    """
    rng = generator(np.random.default_rng(0) if rng is None else rng)
    bound_name = bound if isinstance(bound, str) else type(bound).__name__
    bound = build(BOUNDS, bound, "bound")
    _check_model(model, bound)
    reparam = maps.build_free(family, model.n_latent)
    n_samples = _n_samples(reparam, model) if n_samples == "auto" else n_samples
    n_samples, steps = positive_int(n_samples, "n_samples"), positive_int(steps, "steps")
    _check_bound(bound, reparam, model, n_samples)
    batches = _batches(model, batch_size, rng)
    kind = _kind_of_noise(noise, bound)
    evaluation_noise = _evaluation_noise(model, kind, n_samples, rng)
    source = noise_source(kind, model.n_latent, rng)
    pace = _pace(reparam, steps, lr, anneal)
    adam = StagedAdam(model, reparam, bound, batches, source, evaluation_noise, pace)
    paths = []
    with ProgressBar(steps * positive_int(restarts, "restarts"), progress) as shown:
        for i in range(restarts):
            path = _start(adam, start, i, rng)
            if i == 0:
                _check_gradient(model, bound, path.coordinates, rng)
            adam.run(path, steps, shown.update)
            paths.append(path)
    best = max(paths, key=lambda path: path.bound)
    if not best.converged:
        _warn(best)
    weighted = _weighted_draws(adam, best, rng)
    _warn_of_gaps(weighted)
    asked = {"family": family if isinstance(family, str) else reparam.spec, "bound": bound_name}
    return Posterior(model, reparam, best, weighted, restarts=[path.bound for path in paths], **asked)


# --- what comes in ------------------------------------------------------------------------------


def _check_model(model, bound):
    if not inspect.isclass(model) and not isinstance(model, BayesianModel):
        raise ValueError(
            f"model must be a BayesianModel, not {model!r}: write a class MyModel(sv.BayesianModel), or take "
            "one of sv.models."
        )
    check_model_shapes(model, gradients=bound.pathwise)


def _check_bound(bound, reparam, model, n_samples):
    bound.check_samples(n_samples)
    if bound.uses_kl == "by_coordinate" or bound.warm_up_steps:
        raise ValueError(
            f"{bound!r} is for the training of a VAE, whose q(z|x) could fall back to the prior at first. A "
            "fit needs no such help: use bound='elbo' (and anneal=1000, say, if there are several modes)."
        )
    if bound.needs_prior and model.is_joint:
        raise ValueError(
            f"the bound {type(bound).__name__} weighs the prior by itself: write log_prior, log_likelihood "
            f"and their gradients in place of {type(model).__name__}.log_joint."
        )
    if bound.uses_local and not reparam.factorises:
        raise ValueError(
            f"Rao-Blackwellization needs a q that is a product over coordinates, family='mean_field', not "
            f"{reparam.spec!r}."
        )
    if bound.uses_kl and not _has_normal_prior(model, reparam):
        raise ValueError(
            "the closed form of KL needs a Gaussian family and a normal prior on the unconstrained z, and "
            "here one of them is not: use bound='elbo'."
        )


def _has_normal_prior(model, reparam):
    """Whether q is Gaussian and the prior's gradient is linear in z, as that of a normal is."""
    if not isinstance(reparam, maps.Affine) or model.is_joint:
        return False
    z, other = np.random.default_rng(0).standard_normal((2, 8, model.n_latent))
    middle = 2 * model.grad_log_prior((z + other) / 2)
    return np.allclose(model.grad_log_prior(z) + model.grad_log_prior(other), middle, rtol=1e-8, atol=1e-10)


def _n_samples(reparam, model):
    """10 where q is a product; else more, for there are some L^2 numbers to be learned from L-vectors."""
    if not isinstance(reparam, maps.Affine):
        return 100
    affordable = COMPARISON_VALUES // (100 * max(1, model.n_data or 1))
    return 10 if reparam.factorises else max(10, min(2 * reparam.n_latent, 100, affordable))


def _pace(reparam, steps, lr, anneal):
    """Rates and lengths: a flow has more to learn than a Gaussian, and more than one mode to find."""
    is_gaussian = isinstance(reparam, maps.Affine)
    if anneal == "auto":
        anneal = 0 if is_gaussian else steps // 5
    if lr == "auto":
        lr = GAUSSIAN_LR if is_gaussian else FLOW_LR
    return Pace(
        lr=in_range(lr, "lr", 0, math.inf, low_open=True, high_open=True),
        stage_steps=min(STAGE_STEPS if is_gaussian else FLOW_STAGE_STEPS, max(1, steps // 20)),
        epsilon=EPSILON if is_gaussian else 1e-8,
        anneal_steps=whole_number(anneal, "anneal"),
    )


def _kind_of_noise(noise, bound):
    choose(dict.fromkeys(("auto", "even", "independent")), noise, "kind of noise")
    if noise == "even" and bound.needs_independence:
        raise ValueError(f"the bound {type(bound).__name__} needs independent draws: leave noise='auto'.")
    return ("independent" if bound.needs_independence else "even") if noise == "auto" else noise


def _check_gradient(model, bound, coordinates, rng):
    if bound.pathwise:
        check_gradient(model, coordinates, _takes_rows(model), rng)


def _takes_rows(model):
    return model.n_data is not None and "rows" in inspect.signature(model.log_likelihood).parameters


def _batches(model, batch_size, rng):
    n_data, takes_rows = model.n_data, _takes_rows(model)
    if batch_size == "auto":
        batch_size = BATCH_SIZE if takes_rows and n_data > LARGE_DATA else None
    if batch_size is None:
        return WholeData()
    if not takes_rows:
        raise ValueError(
            f"batch_size={batch_size} needs a model whose likelihood is a sum over rows of data: set n_data, "
            "and let log_likelihood(z, rows=None) and its gradient take the index of some rows."
        )
    return RowBatches(n_data, positive_int(batch_size, "batch_size"), rng)


# --- where it begins ----------------------------------------------------------------------------


def _start(adam, start, i, rng):
    """The path's beginning: the better of the candidates that `start` allows."""
    candidates = _candidates(adam, start, i, rng)
    lam = adam.reparam.initial(rng)
    with np.errstate(all="ignore"):
        bounds = [adam.first_value(coordinates, lam) for coordinates in candidates]
    best = int(np.argmax(bounds))
    if not np.isfinite(bounds[best]):
        raise DivergedError(
            "the model's log-density is NaN or infinite at every z where the fit would begin. Is there a NaN "
            "in the data? Is a positive parameter declared Real() in place of Positive()? Else try "
            "model.log_joint(z) at a z that you think likely, and give that as start=z."
        )
    return Path(candidates[best], lam)


def _candidates(adam, start, i, rng):
    """Coordinates to choose from: unit spread at the place, and Laplace's approximation above it."""
    n, is_place = adam.model.n_latent, not isinstance(start, str)
    place = _place(start, n) if is_place else np.zeros(n)
    if not is_place:
        choose(dict.fromkeys(STARTS), start, "start")
    if i > 0:
        place = place + 2 * rng.standard_normal(n)
    unit = [Coordinates(place, np.ones(n))]
    if is_place or start == "zero":
        return unit
    above = _laplace_coordinates(adam, place, start)
    return above if start == "laplace" else unit + above


def _place(start, n_latent):
    place = finite(np.asarray(numeric_array(start, "start"), np.float64), "start")
    return has_shape(place, "start", (n_latent,), "(L,)")


def _laplace_coordinates(adam, place, start):
    if not adam.bound.pathwise and start == "auto":  # there may be no gradient to climb
        return []
    try:
        found = laplace(adam.model, place)
    except NotImplementedError:
        raise ValueError(
            f"start='laplace' climbs the gradient, and {type(adam.model).__name__} has none: use "
            "start='zero', or give a start=z."
        ) from None
    if found is None and start == "laplace":
        raise ValueError(
            "no mode with a negative definite Hessian was found, so there is no Laplace approximation: use "
            "start='zero', or give a start=z."
        )
    return [] if found is None else [found.coordinates(not adam.reparam.takes_full_factor)]


# --- noise, and what comes out ------------------------------------------------------------------


def _evaluation_noise(model, kind, n_samples, rng):
    """eps (K, G, L) on which stages are compared: fewer draws if the data are many."""
    affordable = COMPARISON_VALUES // max(1, model.n_data or 1)
    n_groups = max(1, min(COMPARISON_DRAWS, affordable) // n_samples, 32 // n_samples)
    return noise_source(kind, model.n_latent, rng)(n_samples * n_groups).reshape(n_samples, n_groups, -1)


def _weighted_draws(adam, path, rng):
    """Independent draws of the final q with their log weights."""
    values_a_draw = max(1, adam.model.n_data or 1, 10 * adam.model.n_latent)
    n_draws = int(np.clip(FINAL_VALUES // values_a_draw, 1000, N_DRAWS))
    eps = rng.standard_normal((n_draws, adam.model.n_latent))
    objective = Objective(adam.model, adam.reparam, adam.bound, path.coordinates)
    at_once = max(1, min(DRAWS_AT_ONCE, VALUES_AT_ONCE // max(1, adam.model.n_data or 1)))
    with np.errstate(all="ignore"):
        parts = [objective.weights(path.lam, eps[rows]) for rows in row_blocks(n_draws, at_once)]
    return Weighted(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _warn(path):
    last = path.stages[-1]
    warnings.warn(
        f"the fit has not converged after {path.n_steps} steps: the last {last.n_steps} of them, at a "
        f"learning rate of {last.lr:.1g}, still moved q by {last.moved:.2g} of its standard deviation. "
        "Allow more steps; if they do not help, try n_samples=100 or restarts=5 and compare q.elbo; see "
        "q.verdict before using it. If it never converges, the posterior may be improper.",
        stacklevel=3,
    )


def _warn_of_gaps(weighted):
    share = np.mean(~(weighted.log_w < np.inf))  # NaN or +inf; -inf is a density of zero
    if share > MAX_GAPS:
        warnings.warn(
            f"the model's log-density is NaN or +inf at {share:.1%} of the draws of the final q, which is "
            "fitted and judged by the others alone. Find the z at which model.log_joint(z) is not finite.",
            stacklevel=3,
        )
