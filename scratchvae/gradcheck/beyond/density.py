"""A density against its integral, against its sampler, and against the moments that it is meant to have."""

import math

import numpy as np

from scratchvae.gradcheck.arguments import sizes_of
from scratchvae.gradcheck.beyond.chance import false_alarm_level
from scratchvae.gradcheck.beyond.comparison import compared, failed
from scratchvae.gradcheck.beyond.density_causes import constant_cause, moment_cause
from scratchvae.gradcheck.beyond.normaliser import log_total_of
from scratchvae.gradcheck.beyond.quadrature import NotANumber
from scratchvae.gradcheck.beyond.sampler import cells_test, distribution_test, moment_test, sampler_block
from scratchvae.gradcheck.beyond.stein import stein_test
from scratchvae.gradcheck.beyond.view import DensityView
from scratchvae.gradcheck.report import Diagnosis, Report
from scratchvae.validation import generator, in_range, numeric_array, positive_int, seeded

#: An integral that is not known better than so, relative, does not converge.
CONVERGED = 0.02


def check_density(
    log_prob,
    sample=None,
    *,
    support=None,
    atoms=None,
    mean=None,
    std=None,
    normalized=True,
    n_draws=50_000,
    alpha=1e-4,
    rtol=1e-6,
    sizes=None,
    rng=None,
):
    """Hold a log-density against its integral, its sampler, and the moments that it should have.

    The derivative of log p does not see a constant: a normaliser may be wrong beside a right gradient. And a
    density may belong to another distribution than its sampler draws from (a variance taken for a standard
    deviation in one of them), or both to another than was meant. Compared are

    - the integral of exp(log_prob) over the support with one: for one and two dimensions by Gauss-Legendre
      rules on boxes that are halved until the integral stands, for atoms by their sum;
    - the draws with the density: in one dimension the two distribution functions, whose distance for n draws
      exceeds sqrt(log(2 / alpha) / 2 n) with probability alpha at most (Massart 1990); in two the number of
      draws in each cell (Pearson's chi^2); from two on by Stein's identity, E[s_i phi + d phi / dx_i] = 0 for
      the slope s of log p and many phi, and the integral by E[q / p] = 1 for a narrower normal q (Gelfand &
      Dey 1994);
    - mean and standard deviation with `mean` and `std`, if they are given: of the density where it is
      integrated, else of the draws.

    Parameters
    ----------
    log_prob : callable
        x -> log p(x), nats; minus infinity outside the support. It is called with many x at once:
        (n,) -> (n,) for a density of a number, (n, L) -> (n,) for one of a vector.
    sample : callable, optional
        (n, rng) -> n draws, (n,) or (n, L), independent of each other.
    support : pair, or sequence of L pairs, optional
        (low, high) for a number, [(low, high), ...] for a vector; infinite ends are allowed. By default all
        numbers. Give it where the density is zero beyond: the integral is then right, and fast.
    atoms : array (m,) or (m, L), optional
        All values of a discrete distribution, or so many that the rest does not count.
    mean, std : number or array (L,), optional
        What the distribution is meant to have.
    normalized : bool
        Whether the integral should be one. If not, it is not compared.
    n_draws : int
    alpha : float
        The probability with which a right sampler fails, all its comparisons taken together.
    rtol : float
        The largest difference that passes, for what is integrated.
    sizes : dict, optional
        Numbers that a wrong factor might be made of, by name: {"sigma": 0.3}.
    rng : numpy.random.Generator, optional
        Of the draws; by default of seed 0.

    Returns
    -------
    Report
        Blocks "integral" (analytic: the integral of the density; numeric: 1), "mean", "std" and "sampler", as
        far as they are asked for.

    Raises
    ------
    ValueError
        If the arguments do not fit together, or log_prob gives an array of another shape.

    Examples
    --------
    >>> report = check_density(lambda x: -0.5 * ((x - 1) / 3) ** 2 - np.log(3), sizes={"sigma": 3})
    >>> report.blocks[0].diagnosis.code, report.blocks[0].diagnosis.term
    ('missing_term', 'log(2 pi) / 2')
    """
    rtol = in_range(rtol, "rtol", 0, 1, low_open=True, high_open=True)
    alpha, n_draws = false_alarm_level(alpha), positive_int(n_draws, "n_draws")
    rng = seeded(0) if rng is None else generator(rng)
    view = DensityView(log_prob, sample, support, atoms, n_draws, rng)
    view.rtol, view.sizes = rtol, sizes_of(sizes)
    stated = {
        name: _stated(name, value, view.d)
        for name, value in (("mean", mean), ("std", std))
        if value is not None
    }
    try:
        blocks = [
            *_integral_blocks(view, normalized, stated),
            *_sampler_blocks(view, alpha, normalized, stated),
        ]
    except NotANumber as found:
        blocks = [failed("integral", (), _not_a_number(found))]
    if not blocks:
        raise ValueError(
            "there is nothing to compare: three or more dimensions are not integrated; give sample=."
        )
    level = f"{n_draws:,} draws; a right sampler fails with probability {alpha:g} at most"
    return Report(tuple(blocks), rtol, level if sample is not None else "")


def _stated(name, value, d):
    """A moment that the caller states, (d,)."""
    try:
        return np.broadcast_to(np.asarray(numeric_array(value, name), np.float64), (d,))
    except ValueError:
        raise ValueError(f"{name} must be a number or have shape ({d},), not {np.shape(value)}.") from None


def _not_a_number(found):
    where = f"x = {np.array2string(found.x, precision=6)}"
    hint = "; if that is outside the support, give support=" if np.isnan(found.value) else ""
    return Diagnosis("nonfinite", f"log_prob is {found.value} at {where}{hint}", where=where)


def _integral_blocks(view, normalized, stated):
    """The density by itself: what is integrated, or summed over atoms."""
    if view.atoms is None and view.d > 2:
        return
    log_total = view.integrate(bool(stated))
    if normalized:
        yield _integral(view, log_total)
    for name, wanted in stated.items():
        found, error = view.moments[name]
        yield compared(
            name, found, wanted, error, view.rtol,
            lambda name=name, found=found, wanted=wanted: moment_cause(name, found, wanted, view.sizes),
        )  # fmt: skip


def _integral(view, log_total):
    """The integral beside one."""
    if not view.uncertainty < CONVERGED:
        message = "the integral does not converge: this is no density on this support"
        return failed("integral", (), Diagnosis("nonfinite", message))
    total = math.exp(min(log_total, 700))
    slack = view.uncertainty * total
    note = f"known to +-{slack:.0e}" if slack > view.rtol else ""
    return compared(
        "integral", total, 1.0, slack, view.rtol,
        lambda: constant_cause(log_total, view.d, view.sizes), note=note,
    )  # fmt: skip


def _sampler_blocks(view, alpha, normalized, stated):
    """The draws beside the density; alpha is shared among the tests."""
    if view.draws is None:
        return
    if view.atoms is not None or view.d == 1:
        yield sampler_block("sampler", view, distribution_test(view, alpha))
        return
    if view.d == 2:
        yield sampler_block("sampler: cells", view, cells_test(view, alpha / 2))
        yield sampler_block("sampler: slopes", view, stein_test(view, alpha / 2))
        return
    share = alpha / (2 + len(stated))
    fitting = sampler_block("sampler: slopes", view, stein_test(view, share))
    yield fitting
    for name, wanted in stated.items():
        yield sampler_block(f"{name} of the draws", view, moment_test(name, view, wanted, share))
    if normalized and fitting.passed:
        yield _drawn_integral(view, share)


def _drawn_integral(view, alpha):
    """The integral as the draws tell it, which must fit the density for that."""
    found = log_total_of(view, alpha)
    if found is None:
        note = "the draws do not tell the integral: no normal density is near enough to this one"
        return compared("integral", 1.0, 1.0, np.inf, view.rtol, note=note, code="precision")
    log_total, error = found
    total = math.exp(min(log_total, 700))
    return compared(
        "integral", total, 1.0, error * total, view.rtol,
        lambda: constant_cause(log_total, view.d, view.sizes, error),
    )  # fmt: skip
