"""A verdict on an approximation q of the posterior, in plain words: may its mean and spread be trusted?"""

import math
from dataclasses import asdict, dataclass

import numpy as np

from scratchvae.importance.moments import weighted_mean, weighted_sd
from scratchvae.importance.psis import khat_threshold, psis
from scratchvae.validation import finite, last_axis, numeric_array

#: How far q's mean may be off, in standard deviations of the posterior.
MEAN_TOLERANCE = 0.2
#: Between which ratios q's standard deviation to the posterior's may be.
SD_TOLERANCE = (0.9, 1.1)
#: A difference counts beyond this many Monte Carlo standard errors.
N_ERRORS = 2
ONE_DRAW = (
    "Do not trust it: a single draw outweighs all others, which leaves no spread to compare with; take more "
    "draws, or another q."
)


@dataclass(frozen=True)
class Verdict:
    """Whether to trust q, and why.

    Attributes
    ----------
    code : {"trust", "trust_mean", "distrust"}
        Mean and spread are right; the mean is right and a spread is not; neither is to be used.
    text : str
        The verdict in words, which name the worst parameter.
    khat, threshold : float
        The shape of the weights' tail, and the largest that is trustworthy for so many samples.
    names : tuple of str
    mean_shift, mean_shift_error : tuple of float
        (q's mean - corrected mean) / corrected standard deviation, of each parameter, with its Monte Carlo
        standard error.
    sd_ratio, sd_ratio_error : tuple of float
        q's standard deviation / the corrected one.
    """

    code: str
    text: str
    khat: float
    threshold: float
    names: tuple
    mean_shift: tuple
    mean_shift_error: tuple
    sd_ratio: tuple
    sd_ratio_error: tuple

    def as_dict(self):
        """The verdict as JSON can hold it; NaN and infinity, which it cannot, become None."""
        return {key: _plain(value) for key, value in asdict(self).items()}

    def __bool__(self):
        """Whether mean and spread may both be trusted."""
        return self.code == "trust"

    def __str__(self):
        return self.text


def judge_draws(mean, sd, z, log_w, names):
    """Judge q by draws of it and their importance weights: `psis`, then `judge`.

    Parameters
    ----------
    mean, sd : array (L,)
        Of q: exact, or of very many draws.
    z : array (S, L)
        Draws of q, or any function of them, as parameters in their own space; then mean and sd are its too.
    log_w : array (S,)
        log p(x, z_s) - log q(z_s), up to a constant. S >= 25; a few thousand are usual.
    names : sequence of str
        Of the L parameters.

    Returns
    -------
    Verdict

    Examples
    --------
    The posterior is N(0, 1); q has the right mean and half the right variance.

    >>> rng = np.random.default_rng(0)
    >>> z = np.sqrt(0.5) * rng.standard_normal((4000, 1))
    >>> log_w = (-0.5 * z**2 + z**2).sum(axis=-1)
    >>> verdict = judge_draws([0.0], [np.sqrt(0.5)], z, log_w, ["mu"])
    >>> verdict.code, bool(verdict)
    ('trust_mean', False)
    """
    smoothed, khat = psis(log_w)
    corrected, spread = weighted_mean(z, smoothed), weighted_sd(z, smoothed)
    return judge(
        mean,
        sd,
        khat,
        corrected.value,
        spread.value,
        names=names,
        n_samples=len(smoothed),
        mean_error=corrected.standard_error,
        sd_error=spread.standard_error,
    )


def judge(mean, sd, khat, corrected_mean, corrected_sd, *, names, n_samples, mean_error=0.0, sd_error=0.0):
    """Judge q by the moments that importance weights correct.

    1. If khat is not below `khat_threshold`, the weights have too heavy a tail: q misses some of the
       posterior, and they cannot correct it either. "distrust".
    2. Else they can. If a mean of q is off by more than 0.2 posterior standard deviations, beyond two Monte
       Carlo standard errors: "distrust"; the corrected mean is the better one.
    3. If a standard deviation of q is less than 0.9 or more than 1.1 times the corrected one, beyond two of
       its standard errors: "trust_mean".
    4. Else "trust".

    The weights see the posterior only where q draws. A mode far from q is invisible to them: a small khat
    is no proof. With several maxima, run from several starting points.

    Parameters
    ----------
    mean, sd : array (L,)
        Of q.
    khat : float
    corrected_mean, corrected_sd : array (L,)
        By importance weights.
    names : sequence of str
        Of the L parameters.
    n_samples : int
        S, of the weights.
    mean_error, sd_error : array (L,) or float
        Monte Carlo standard errors of the corrected moments.

    Returns
    -------
    Verdict

    References
    ----------
    Yao, Vehtari, Simpson & Gelman (2018), Yes, but did it work?: Evaluating variational inference, ICML,
    for khat of the weights of q. Huggins, Kasprzak, Campbell & Broderick (2020), Validated variational
    inference via practical posterior error bounds, AISTATS: a divergence alone does not bound the error of
    mean and spread, so these are looked at. Vehtari et al. (2024), JMLR 25(72), for the threshold. The
    tolerances 0.2, 0.9 and 1.1 are ours.
    """
    names = tuple(map(str, names))
    mean, sd = _vector(mean, "mean", names), _vector(sd, "sd", names)
    target, spread = (
        _vector(corrected_mean, "corrected_mean", names),
        _vector(corrected_sd, "corrected_sd", names),
    )
    errors = [
        _vector(np.broadcast_to(error, mean.shape), name, names)
        for error, name in ((mean_error, "mean_error"), (sd_error, "sd_error"))
    ]
    with np.errstate(divide="ignore", invalid="ignore"):  # one draw outweighs all others
        shift, shift_error = (mean - target) / spread, errors[0] / spread
        ratio = sd / spread
        ratio_error = ratio * errors[1] / spread
    numbers = [tuple(map(float, array)) for array in (shift, shift_error, ratio, ratio_error)]
    threshold = khat_threshold(n_samples)
    code, text = _decide(float(khat), threshold, names, *map(np.array, numbers))
    return Verdict(code, text, float(khat), threshold, names, *numbers)


def _decide(khat, threshold, names, shift, shift_error, ratio, ratio_error):
    """The code and the sentence: the first of the rules that applies."""
    if not khat < threshold:  # nor if it is NaN
        return "distrust", _heavy_tail(khat, threshold)
    if not np.isfinite([shift, ratio]).all():
        return "distrust", ONE_DRAW
    tail = f"khat {khat:.2f} is below {threshold:.2f}"
    worst, excess = _worst(np.abs(shift) - N_ERRORS * shift_error - MEAN_TOLERANCE)
    if excess > 0:
        return "distrust", _mean_is_off(names[worst], shift[worst], tail)
    worst, excess = _worst(_outside(ratio, ratio_error))
    if excess > 0:
        return "trust_mean", _spread_is_off(names[worst], ratio[worst], tail)
    text = f"Trust its mean and its spread: both agree with the importance-weighted ones, and {tail}."
    return "trust", text + _resolution(shift_error, ratio_error)


def _worst(excess):
    """Where the excess is largest, and how large."""
    worst = int(np.argmax(excess))
    return worst, excess[worst]


def _outside(ratio, error):
    """How far the ratios are outside their limits, on the scale of logarithms, beyond the error."""
    low, high = np.log(SD_TOLERANCE)
    with np.errstate(divide="ignore"):
        log_ratio, log_error = np.log(ratio), N_ERRORS * error / ratio  # d log r = dr / r
    return np.maximum(log_ratio - high, low - log_ratio) - log_error


def _heavy_tail(khat, threshold):
    return (
        f"Do not trust it: khat {khat:.2f} is not below {threshold:.2f}, so a few draws outweigh all others; "
        "it misses some of the posterior, and its mean and spread may both be wrong."
    )


def _mean_is_off(name, shift, tail):
    side = "high" if shift > 0 else "low"
    return (
        f"Do not trust its mean: that of {name} is {abs(shift):.2g} posterior standard deviations too "
        f"{side}. The importance-weighted mean is the better one ({tail})."
    )


def _spread_is_off(name, ratio, tail):
    side = "narrow" if ratio < 1 else "wide"
    return (
        f"Trust its mean but not its spread: it is too {side} for {name}, whose standard deviation is "
        f"{ratio:.2g} times the importance-weighted one ({tail})."
    )


def _resolution(shift_error, ratio_error):
    """What the draws cannot tell, if that is more than the tolerances."""
    seen = N_ERRORS * max(shift_error.max() / MEAN_TOLERANCE, ratio_error.max() / (SD_TOLERANCE[1] - 1))
    if seen <= 1:
        return ""
    return f" The draws are few for that: take {math.ceil(seen**2)} times as many to see errors of this size."


def _vector(value, name, names):
    array = last_axis(np.asarray(numeric_array(value, name), np.float64), name, len(names))
    if array.ndim != 1:
        raise ValueError(f"{name} must have shape ({len(names)},), one number a name, not {array.shape}.")
    return finite(array, name)


def _plain(value):
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
