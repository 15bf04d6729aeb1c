"""Why draws do not fit a density: each hypothesis is undone in the draws, and the test is made again."""

import math

import numpy as np

from scratchvae.gradcheck.beyond.density_causes import power_story
from scratchvae.gradcheck.beyond.stein import n_draws_for, slopes_of
from scratchvae.gradcheck.diagnosis.factors import story_of
from scratchvae.gradcheck.report import Diagnosis

#: How many draws the best scale and shift are looked for with.
N_SEARCH = 4000
#: The same for a balance of slopes, round by round.
ROUNDS = (1000, 1000, 1000, 1000, 4000, 4000, 20_000, 20_000)
#: How near a scale that was found in draws must be to a number, to be it.
CLOSE = 0.02


def cause_of(view, fits):
    """The Diagnosis of draws that do not pass; `fits` repeats the test with other draws."""
    if view.atoms is not None:
        return _of_atoms(view, fits)
    for hypothesis in (_mirrored, _scaled, _moved, forgotten_map, _moved_and_scaled):
        diagnosis = hypothesis(view, fits)
        if diagnosis is not None:
            return diagnosis
    return _unexplained(view)


def _tried(fits, draws):
    """Whether transformed draws pass; what cannot be transformed does not."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(draws).all()) and fits(draws)


def _mirrored(view, fits):
    if not _tried(fits, -view.draws):
        return None
    return Diagnosis("sign", "the sign is wrong: the sampler draws -x", factor=-1.0)


def _scaled(view, fits):
    """Each feature stretched about its centre, or about the end of its axis."""
    for centre in _centres(view):
        factors = _best_scales(view, view.draws, centre)
        if _tried(fits, centre + (view.draws - centre) / factors):
            return _scale_words(view, factors)
    return None


def _scale_words(view, factors):
    """A factor for each feature, in words; the square or root of the density's own deviation is telling."""
    found, close = view.draws.std(axis=0), CLOSE if view.d == 1 else 3 * CLOSE
    power = power_story(found, found / factors, lambda a, b: bool(np.all(np.abs(a / b - 1) < close)))
    one = float(factors[0]) if np.ptp(factors) < close * factors.max() else None
    if power:
        message = f"the standard deviation of the draws is {power.format('the one of the density')}"
    elif one is None:
        spread = f"{factors.min():.3g} to {factors.max():.3g}"
        message = f"the draws are spread {spread} times as far as the density, feature by feature"
    else:
        story = _near_story(one, view.sizes)
        message = f"the draws are spread {one:.3g} times as far as the density" + (
            f" ({story})" if story else ""
        )
    return Diagnosis("scale", message, factor=one)


def _near_story(factor, sizes):
    """The story of the simple number that lies within the error of `factor`."""
    powers = (size**p for size in sizes.values() if size > 0 for p in (1, -1, 2, -2, 0.5, -0.5))
    candidates = [*powers, 2.0, 0.5, math.sqrt(2), math.sqrt(0.5)]
    near = [c for c in candidates if abs(c / factor - 1) < CLOSE]
    if not near:
        return ""
    story = story_of(near[0], sizes)
    return story or f"{near[0]:.4g}: a factor of two inside a root"


def _moved(view, fits):
    shift = _best_shift(view, view.draws)
    if not _tried(fits, view.draws - shift):
        return None
    amount = ", ".join(f"{s:+.2g}" for s in shift[:6])
    return Diagnosis("extra_term", f"the draws are moved by {amount}", term=amount)


def _moved_and_scaled(view, fits):
    """Both at once: scale about the median, then move."""
    centre = np.median(view.draws, axis=0)
    draws = view.draws
    shift = np.zeros(draws.shape[1])
    factors = np.ones(draws.shape[1])
    for _ in range(3):
        factors = _best_scales(view, draws - shift, centre - shift)
        shift = shift + _best_shift(view, centre - shift + (draws - centre) / factors)
    if not _tried(fits, centre - shift + (draws - centre) / factors):
        return None
    message = (
        f"the draws are moved by {shift[0]:+.3g} and spread {factors[0]:.3g} times as far as the density"
    )
    return Diagnosis("scale", message, factor=float(factors[0]))


def forgotten_map(view, fits):
    """exp, log, square or absolute value left out, or done once too often."""
    positive = bool((view.draws > 0).all())
    if view.d > 1:
        return None
    trials = {
        "the sampler forgets the exponential: it draws log x": (True, np.exp),
        "the sampler forgets the logarithm, or takes the exponential once too often": (positive, np.log),
        "the sampler forgets the absolute value": (True, np.abs),
        "the sampler forgets the square": (True, np.square),
        "the sampler takes the square once too often": (positive, np.sqrt),
        "the sampler draws 1 / x": (True, lambda x: 1 / x),
    }
    for message, (possible, function) in trials.items():
        with np.errstate(all="ignore"):
            if possible and _tried(fits, function(view.draws)):
                return Diagnosis("activation", message)
    return None


def _of_atoms(view, fits):
    """Counts that are off by one, or mirrored about the middle of the atoms."""
    if view.atoms.shape[1] == 1:
        low, high = view.atoms.min(), view.atoms.max()
        if fits(low + high - view.draws):
            return Diagnosis(
                "sign", f"the sampler draws {low + high:g} - x: the outcomes are exchanged", factor=-1.0
            )
        for step in (1, -1):
            if fits(view.draws - step):
                return Diagnosis("extra_term", f"the draws are moved by {step:+d}", term=f"{step:+d}")
    return _unexplained(view)


def _unexplained(view):
    mean, std = view.draws.mean(axis=0), view.draws.std(axis=0)
    clues = [f"mean of the draws {_shown(mean)}", f"standard deviation {_shown(std)}"]
    if view.moments:
        clues += [
            f"of the density {_shown(view.moments['mean'][0])}",
            f"and {_shown(view.moments['std'][0])}",
        ]
    message = f"the draws do not come from the density ({', '.join(clues)})"
    return Diagnosis("unexplained", message, clues=tuple(clues))


def _shown(values, most=4):
    shown = ", ".join(f"{value:.4g}" for value in np.atleast_1d(values)[:most])
    return shown if np.size(values) == 1 else f"({shown}{', ...' if np.size(values) > most else ''})"


# --- the scale and the shift of the greatest likelihood ------------------------------------------


def _centres(view):
    """What a scale may be about: the median; the finite ends of the axes."""
    yield np.median(view.draws, axis=0)
    ends = [
        axis.low if math.isfinite(axis.low) else axis.high if math.isfinite(axis.high) else 0.0
        for axis in view.axes
    ]
    yield np.array(ends)


def _best_scales(view, draws, centre):
    """c (d,) for which draws / c, about a centre, fit the density best."""
    if view.d > 1:
        return _balanced_scales(view, draws, centre)
    away = draws[:N_SEARCH] - centre

    def height(log_c):
        return _mean_height(view, centre + away / math.exp(log_c)) - log_c

    return np.array([math.exp(_maximum(height, -5.0, 5.0))])


def _best_shift(view, draws):
    """s (d,) for which draws - s fit the density best."""
    if view.d > 1:
        return _balanced_shift(view, draws)
    draws = draws[:N_SEARCH]
    spread = float(np.subtract(*np.percentile(draws, [84, 16]))) + 1e-12

    def height(s):
        return _mean_height(view, draws - s * spread)

    return np.array([spread * _maximum(height, -8.0, 8.0)])


def _balanced_scales(view, draws, centre):
    """Scales for which E[s_i (x_i - m_i)] = -1, as of draws of the density.

    For a normal density that mean is -(c_true / c)^2, so that c is multiplied by its root; in a few rounds it
    is so for others. The last rounds are over all the draws that the test sees, which then balance exactly.
    """
    scales = np.ones(view.d)
    for n in ROUNDS:
        y = (draws[: min(n, n_draws_for(view.d))] - centre) / scales
        balance = -np.nanmean(_slopes(view, centre + y) * y, axis=0)
        scales = scales * np.sqrt(np.clip(np.nan_to_num(balance, nan=1.0), 0.1, 10.0))
    return scales


def _balanced_shift(view, draws):
    """The shift after which the mean slope is zero; for a normal density it is -cov(s)^-1 E[s]."""
    shift = np.zeros(view.d)
    for n in ROUNDS:
        slopes = _slopes(view, draws[: min(n, n_draws_for(view.d))] - shift)
        slopes = slopes[np.isfinite(slopes).all(axis=1)]
        if len(slopes) <= view.d:
            break
        shift = shift - np.linalg.lstsq(np.cov(slopes.T), slopes.mean(axis=0), rcond=None)[0]
    return shift


def _slopes(view, x):
    """d log p / dx, NaN where the density ends."""
    slopes = slopes_of(view.log_prob, x, x.std(axis=0) + 1e-300)
    return np.where(np.isfinite(slopes), slopes, np.nan)


def _mean_height(view, x):
    """The mean of log p, in which what is impossible costs much but not everything."""
    with np.errstate(all="ignore"):
        log_p = view.log_prob(x)
    return float(np.maximum(np.nan_to_num(log_p, nan=-1e3), -1e3).mean())


def _maximum(function, low, high, n_grid=61, n_rounds=4):
    """Where a function of one number is largest, by grids that close in on it."""
    for _ in range(n_rounds):
        grid = np.linspace(low, high, n_grid)
        k = int(np.argmax([function(x) for x in grid]))
        step = grid[1] - grid[0]
        low, high, n_grid = grid[k] - step, grid[k] + step, 11
    return (low + high) / 2
