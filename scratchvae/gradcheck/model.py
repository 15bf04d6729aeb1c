"""A Bayesian model: its shapes, its gradients, its minibatches, and its forward beside its functions.

It asks a model for its methods only and imports none.
"""

from dataclasses import replace

import numpy as np

from scratchvae.gradcheck.check import check
from scratchvae.gradcheck.model_shapes import called, check_model_shapes, densities_of
from scratchvae.gradcheck.report import OK, BlockReport, Diagnosis, Report
from scratchvae.validation import finite, last_axis, real, seeded

#: How many z are drawn if none is given.
N_POINTS = 3
#: Into how many minibatches the data are divided.
N_PARTS = 3


def check_model(model, z=None, *, seed=0, **options):
    """Check the gradients of a Bayesian model, and that its parts agree.

    First the shapes (`check_model_shapes`), because a derivative of a sum over samples means nothing.
    Then, at each of a few z:

    - grad_log_prior and grad_log_likelihood, or grad_log_joint, against finite differences;
    - if the model has a `space` of several parameters, each parameter's part of them on its own;
    - if it has `n_data`, that log_likelihood(z, rows) and its gradient, summed over minibatches that
      together are all data, give the whole;
    - if it has `forward` and `backward`, that they give what the functions give, with the derivatives
      a d log p(x|z) + b d log p(z) for incoming a and b.

    A right gradient of a wrong density passes: hold the density itself against another implementation.

    Parameters
    ----------
    model : object
        As a `BayesianModel`: see `check_model_shapes`.
    z : array (..., L), optional
        The points. By default three standard normal ones.
    seed : int
        Of the points, of the minibatches, and of the check's directions.
    **options
        Of `check`.

    Returns
    -------
    Report
        A block for each density ("log_likelihood"), or for each parameter in it ("log_likelihood: tau"),
        of the point where it is worst. Then "rows", "grad: rows", "forward" and "backward", where the
        model has them; there `analytic` is the model's number and `numeric` what it should be.

    Raises
    ------
    ValueError
        If a shape is wrong, a function is missing or fails, or z is not of the model.

    Examples
    --------
    >>> class Mean:
    ...     n_latent = 1
    ...     def log_joint(self, z):
    ...         return -0.5 * (z[..., 0] - 1) ** 2
    ...     def grad_log_joint(self, z):
    ...         return z - 1  # the sign is wrong
    >>> report = check_model(Mean())
    >>> report.passed, report.worst.name
    (False, 'log_joint')
    """
    check_model_shapes(model, seed=seed)
    rng = seeded(seed)
    points = _points(model, z, rng)
    reports = [_gradients(model, point, seed, options) for point in points]
    rtol = reports[0].rtol
    blocks = [_worst(blocks) for blocks in zip(*(report.blocks for report in reports), strict=True)]
    with np.errstate(all="ignore"):  # overflow at a random z shows in the values
        comparisons = [_block(*comparison, rtol) for comparison in _comparisons(model, points, rng)]
    return Report((*blocks, *comparisons), rtol)


def _points(model, z, rng):
    """The points as rows (n, L)."""
    if z is None:
        return rng.standard_normal((N_POINTS, model.n_latent))
    z = finite(last_axis(real(z, "z"), "z", model.n_latent), "z").reshape(-1, model.n_latent)
    if not len(z):
        raise ValueError("z is empty: give at least one point, or leave it out.")
    return z.astype(np.float64)


# --- gradients ----------------------------------------------------------------------------------


def _gradients(model, point, seed, options):
    """All densities at one point; the report of each is the report of its parameters."""
    reports = [
        check(
            lambda t, name=name: called(model, name, t),
            point,
            lambda t, name=name: called(model, f"grad_{name}", t),
            _parameters(model, name),
            **{"terms": _terms(model, name), "sizes": _sizes(model), "seed": seed} | options,
        )
        for name in densities_of(model)
    ]
    return replace(reports[0], blocks=tuple(block for report in reports for block in report.blocks))


def _terms(model, density):
    """The other densities that a model writes: its gradient of one may hold, or lack, that of another."""
    others = [name for name in ("log_prior", "log_likelihood") if name != density and hasattr(model, name)]
    return {name: (lambda t, name=name: called(model, name, t), None) for name in others}


def _sizes(model):
    n_data = getattr(model, "n_data", None)
    return {"data": n_data} if isinstance(n_data, int) and n_data > 0 else {}


def _parameters(model, density):
    """The blocks of z: one a parameter if the model names several, else one."""
    slices = getattr(getattr(model, "space", None), "slices", {})
    if len(slices) < 2:
        return {density: (slice(0, model.n_latent), (model.n_latent,))}
    return {f"{density}: {name}": (part, (part.stop - part.start,)) for name, part in slices.items()}


def _worst(blocks):
    """Of one block's reports at several points the worst one, with all that was probed counted."""
    worst = max(blocks, key=lambda block: (not block.passed, np.nan_to_num(block.error, nan=np.inf)))
    return replace(worst, n_checked=sum(block.n_checked for block in blocks))


# --- parts that must agree ----------------------------------------------------------------------


def _comparisons(model, points, rng):
    """(name, what the model gives, what it should give, what to do) of each pair that must agree."""
    by_rows = getattr(model, "n_data", None) is not None and densities_of(model) != ("log_joint",)
    if by_rows:
        yield from _rows(model, points, rng)
    if hasattr(model, "forward") and hasattr(model, "backward"):
        yield from _passes(model, points, (), 1.0, rng)
        if by_rows:
            rows = _minibatches(model, rng)[0]
            yield from _passes(model, points, (rows,), model.n_data / len(rows), rng)


def _minibatches(model, rng):
    return np.array_split(rng.permutation(model.n_data), min(N_PARTS, model.n_data))


def _rows(model, points, rng):
    """log p(x|z) = sum over minibatches of log p(x_rows|z), and the same of its gradient."""
    minibatches = _minibatches(model, rng)
    note = "log_likelihood(z, rows) must be the sum over these rows of the data alone, not scaled to all"
    for label, name in (("rows", "log_likelihood"), ("grad: rows", "grad_log_likelihood")):
        total = sum(called(model, name, points, rows) for rows in minibatches)
        yield label, total, called(model, name, points), note


def _passes(model, points, rows, scale, rng):
    """forward and backward beside the functions; `scale` is N over the minibatch's size."""
    a, b = rng.standard_normal((2, len(points)))
    label = ", rows" if rows else ""
    log_likelihood, log_prior, cache = model.forward(points, *rows)
    if densities_of(model) == ("log_joint",):
        yield "forward", log_likelihood + log_prior, called(model, "log_joint", points), FORWARD
        grad = called(model, "grad_log_joint", points)
        yield "backward", model.backward(cache, a, a), a[:, None] * grad, BACKWARD
        return
    densities = scale * called(model, "log_likelihood", points, *rows), called(model, "log_prior", points)
    yield f"forward{label}", np.stack([log_likelihood, log_prior]), np.stack(densities), FORWARD
    dlikelihood = a[:, None] * scale * called(model, "grad_log_likelihood", points, *rows)
    dprior = b[:, None] * called(model, "grad_log_prior", points)
    dz = np.stack([model.backward(cache, a, b), model.backward(cache, a, None)])
    yield f"backward{label}", dz, np.stack([dlikelihood + dprior, dlikelihood]), BACKWARD


FORWARD = "forward must give log_likelihood (N / M times that of a minibatch) and log_prior"
BACKWARD = "backward(cache, a, b) must give a grad_log_likelihood + b grad_log_prior, with None for b = 0"


def _block(name, got, expected, note, rtol):
    """The comparison of two arrays, of which the worst entry is shown."""
    got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    if got.shape != expected.shape:
        note = f"has shape {got.shape}, not {expected.shape}: {note}"
        return BlockReport(
            name, expected.shape, 0, None, np.nan, np.nan, np.nan, False, Diagnosis("shape", note)
        )
    error = np.abs(got - expected) / np.maximum(1, np.maximum(np.abs(got), np.abs(expected)))
    error[(got == expected) | (np.isnan(got) & np.isnan(expected))] = 0  # the densities' blocks say it
    worst = np.unravel_index(np.argmax(error), error.shape)  # argmax finds a NaN first
    numbers = float(got[worst]), float(expected[worst]), float(error[worst])
    passed = bool(error[worst] <= rtol)
    index = tuple(map(int, worst))
    diagnosis = OK if passed else Diagnosis("unexplained", note)
    return BlockReport(name, expected.shape, error.size, index, *numbers, passed, diagnosis)
