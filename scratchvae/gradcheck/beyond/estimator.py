"""An estimator of a gradient against the gradient of its expectation, by its mean over many draws."""

import math

import numpy as np

from scratchvae.gradcheck.arguments import blocks_of, point, sizes_of
from scratchvae.gradcheck.beyond.chance import RunningMoments, false_alarm_level, z_limit
from scratchvae.gradcheck.beyond.comparison import failed, nonfinite_in
from scratchvae.gradcheck.beyond.estimator_causes import Evidence, cause_of
from scratchvae.gradcheck.beyond.jacobians import jacobians
from scratchvae.gradcheck.numerical import value_at
from scratchvae.gradcheck.report import BlockReport, Diagnosis, Report
from scratchvae.validation import finite, generator, in_range, numeric_array, positive_int, seeded

#: Draws of the first look at the error; then as many again each time.
FIRST = 500


def check_estimator(
    estimator,
    theta,
    *,
    expectation=None,
    gradient=None,
    reference=None,
    blocks=None,
    n_draws=20_000,
    resolution=0.05,
    alpha=1e-4,
    sizes=None,
    rng=None,
):
    """Hold the mean of a random gradient against the gradient of an expectation.

    `check` asks whether a gradient is the derivative of a function at fixed noise. An estimator need not be:
    the score function, d/dtheta E[f] = E[f d log q / dtheta], and what leaves a term of mean zero out
    (sticking the landing) differ from it for every noise, and are right on average. Here they are averaged,
    and for each coordinate

        z = (mean - truth) / standard error

    is held against the quantile that all coordinates of a right estimator together exceed with probability
    alpha (Bonferroni). Beside the coordinates one more number of each block is tested, the projection on the
    true gradient: a small factor, wrong in every coordinate, is seen there first.

    Draws end when a bias of `resolution` times the gradient's size would be seen, or after `n_draws`; when
    they end depends on the spread alone, not on the mean, so the level is kept. What would have been seen
    stands in the report.

    Parameters
    ----------
    estimator : callable
        (theta, rng) -> one draw of the shape of theta, or independent draws (n, *theta.shape).
    theta : array
    expectation : callable, optional
        theta -> float, the exact expectation, which is differentiated numerically.
    gradient : array or callable, optional
        The gradient of the expectation, or a function of theta that gives it.
    reference : callable, optional
        As `estimator`: another one that is known to be right, as the derivative at fixed noise of an unbiased
        value is. It is given the same random numbers, and the differences are tested.
        Give one of `expectation`, `gradient` and `reference`.
    blocks : dict, optional
        {name: (slice of the flat vector, shape)}.
    n_draws : int
        At most so many.
    resolution : float
        The bias, relative to the root mean square of the block's gradient, that should be seen.
    alpha : float
        The probability with which an estimator without bias fails.
    sizes : dict, optional
        Numbers that a forgotten factor might be, by name.
    rng : numpy.random.Generator, optional
        By default of seed 0.

    Returns
    -------
    Report
        `analytic` is the mean of the estimator, `numeric` the truth, `uncertainty` the standard error.

    Raises
    ------
    ValueError
        If the arguments do not fit together, or a draw has another shape than theta.

    Notes
    -----
    Where the spread of an estimator is not finite a mean says nothing, and no test of it does.

    Examples
    --------
    E[z^2] for z ~ N(mu, 1), with the score (z - mu):

    >>> def score_function(mu, rng):
    ...     z = mu + rng.standard_normal((500, 1))
    ...     return z**2 * (z - mu)
    >>> mu = np.array([1.5])
    >>> check_estimator(score_function, mu, expectation=lambda mu: float(mu[0] ** 2 + 1)).passed
    True
    """
    theta = point(theta)
    blocks = blocks_of(blocks, theta)
    alpha, n_draws = false_alarm_level(alpha), positive_int(n_draws, "n_draws")
    resolution = in_range(resolution, "resolution", 0, 1, low_open=True, high_open=True)
    rng = seeded(0) if rng is None else generator(rng)
    truth, error = _truth(theta, expectation, gradient, reference)
    sampling = _Sampling(estimator, reference, theta, truth, blocks, rng)
    sizes = sizes_of(sizes)
    limit = z_limit(alpha, theta.size + len(blocks), FIRST)
    while sampling.n < n_draws:
        wrong = sampling.add(min(max(sampling.n, FIRST), n_draws - sampling.n))
        if wrong is not None:
            return Report(tuple(failed(name, shape, wrong) for name, (_, shape) in blocks.items()), 1e-6)
        if sampling.n >= FIRST and sampling.enough(resolution, limit):
            break
    limit = z_limit(alpha, theta.size + len(blocks), sampling.n)
    found = tuple(
        _block(sampling, k, name, part, shape, error[part], limit, sizes)
        for k, (name, (part, shape)) in enumerate(blocks.items())
    )
    level = f"an estimator without bias fails with probability {alpha:g} at most"
    return Report(found, 1e-6, f"z-tests over {sampling.n:,} draws; {level}")


def _truth(theta, expectation, gradient, reference):
    """The gradient of the expectation and its error, flat; (None, 0) if a reference is drawn beside."""
    truths = {"expectation": expectation, "gradient": gradient, "reference": reference}
    given = [name for name, value in truths.items() if value is not None]
    if len(given) != 1:
        came = " and ".join(given) or "none of them"
        raise ValueError(f"give one of expectation=, gradient= and reference=, not {came}.")
    if reference is not None:
        return None, np.zeros(theta.size)
    if gradient is not None:
        value = gradient(theta.copy()) if callable(gradient) else gradient
        value = finite(np.asarray(numeric_array(value, "gradient"), np.float64), "gradient")
        if value.shape != theta.shape:
            raise ValueError(f"gradient must have theta's shape {theta.shape}, not {value.shape}.")
        return value.ravel(), np.zeros(theta.size)

    def value(rows):
        return np.array([[value_at(expectation, row.reshape(theta.shape))] for row in rows])

    found = jacobians(value, theta.reshape(1, -1))
    return finite(found.value[0, 0], "the numerical gradient of the expectation"), found.error[0, 0]


class _Sampling:
    """Draws of the estimator (or its differences from a reference), and their projections on the truth."""

    def __init__(self, estimator, reference, theta, truth, blocks, rng):
        self.estimator, self.reference, self.theta, self.truth = estimator, reference, theta, truth
        self.parts = [part for part, _ in blocks.values()]
        self.rng = rng
        self.draws, self.compared = RunningMoments(theta.size), RunningMoments(theta.size)
        self.projections = RunningMoments(len(self.parts))
        self.axes = None  # what is projected on

    @property
    def n(self):
        return self.draws.n

    def add(self, n):
        """Draw n more, or as many as come at once; a Diagnosis if one of them is not finite."""
        rows, targets = [], []
        while sum(map(len, rows)) < n:
            seed = int(self.rng.integers(2**63))
            rows.append(self._rows(self.estimator, seed, "estimator"))
            if self.reference is not None:
                targets.append(self._rows(self.reference, seed, "reference"))
                if len(targets[-1]) != len(rows[-1]):
                    counts = f"{len(targets[-1])} draws where the estimator gives {len(rows[-1])}"
                    raise ValueError(f"the reference gives {counts}; they are compared one by one.")
        rows = np.concatenate(rows)
        target = np.concatenate(targets) if targets else self.truth
        wrong = nonfinite_in(rows, "a draw of the estimator") or nonfinite_in(target, "the reference")
        if wrong is not None:
            return wrong
        if self.axes is None:
            self.axes = self._axes(target if target.ndim == 1 else target.mean(axis=0))
        self.draws.add(rows)
        self.compared.add(rows - target)
        self.projections.add((rows - target) @ self.axes)
        return None

    def _rows(self, function, seed, name):
        """Draws (n, size) with the random numbers of this seed."""
        with np.errstate(all="ignore"):
            draw = function(self.theta.copy(), np.random.default_rng(seed))
        draw = np.asarray(numeric_array(draw, f"what the {name} returns"), np.float64)
        shape = self.theta.shape
        if draw.shape == shape:
            return draw.reshape(1, -1)
        if draw.ndim == len(shape) + 1 and draw.shape[1:] == shape and len(draw):
            return draw.reshape(len(draw), -1)
        raise ValueError(
            f"the {name} must return a draw of theta's shape {shape}, or (n, ...) of them, not {draw.shape}."
        )

    def _axes(self, truth):
        """Of each block the direction of the true gradient, of length one; (size, n_blocks)."""
        axes = np.zeros((truth.size, len(self.parts)))
        for k, part in enumerate(self.parts):
            axes[part, k] = truth[part] / (np.linalg.norm(truth[part]) or 1.0)
        return axes

    @property
    def target(self):
        """The truth; with a reference its mean."""
        return self.draws.mean - self.compared.mean if self.truth is None else self.truth

    def enough(self, resolution, limit):
        """Whether a bias of that share of each block's gradient would be seen in each of its coordinates."""
        for part in self.parts:
            size = np.sqrt(np.mean(self.target[part] ** 2))
            error = limit * self.compared.error[part]
            if not size and np.any(error):
                return False
            if np.any(error > resolution * size):
                return False
        return True


def _block(sampling, k, name, part, shape, truth_error, limit, sizes):
    """The verdict on one block, by its worst coordinate or by its projection."""
    mean, target = sampling.draws.mean[part], sampling.target[part]
    gap, spread = sampling.compared.mean[part], sampling.compared.error[part]
    size = np.maximum(np.abs(mean), np.abs(target))
    slack = limit * spread + 4 * truth_error + 1e-9 * size  # what has no spread is compared as numbers are
    ratio = np.divide(np.abs(gap), slack, out=np.where(gap == 0, 0.0, np.inf), where=slack > 0)
    along, along_error = sampling.projections.mean[k], sampling.projections.error[k]
    length = float(np.linalg.norm(target))
    off_along = abs(along) > limit * along_error + 4 * np.linalg.norm(truth_error) + 1e-9 * length
    passed = bool(np.all(ratio <= 1)) and not off_along
    worst = int(np.argmax(ratio))
    error = abs(gap[worst]) / (max(size[worst], slack[worst] / 1e-6 if passed else 0.0) or 1.0)
    if passed:
        diagnosis = Diagnosis("ok", _seen(slack, target))
    else:
        factor = 1 + along / length if length else None
        evidence = Evidence(mean, target, slack, factor, limit * along_error / (length or 1.0), shape, sizes)
        diagnosis = cause_of(evidence)
    index = tuple(map(int, np.unravel_index(worst, shape)))
    numbers = float(mean[worst]), float(target[worst]), float(error)
    return BlockReport(name, shape, mean.size, index, *numbers, passed, diagnosis, float(spread[worst]))


def _seen(slack, target):
    """What bias would have been seen, in words."""
    size, least = float(np.sqrt(np.mean(target**2))), float(slack.max())
    if not math.isfinite(least) or not size:
        return f"a bias above {least:.1g} would be seen"
    return f"a bias above {100 * least / size:.2g} % of the gradient's size would be seen"
