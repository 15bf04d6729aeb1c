"""Why an integral is not one, or a moment not what it is meant to be."""

import math

import numpy as np

from scratchvae.gradcheck.beyond.constants import CLOSE, name_of
from scratchvae.gradcheck.diagnosis.factors import story_of
from scratchvae.gradcheck.report import Diagnosis


def constant_cause(log_total, n_features, sizes, error=0.0):
    """Of a density that integrates to exp(log_total), where one is expected; `error` is that of log_total."""
    if log_total == -math.inf:
        message = "the density is zero wherever it was looked at: is the support right?"
        return Diagnosis("zero", message, factor=0.0)
    how = "large" if log_total > 0 else "small"
    factor = math.exp(min(log_total, 700))
    message = f"the integral is {factor:.6g}, not 1: log p is too {how} by {abs(log_total):.6g} nats"
    name, sign = name_of(log_total, n_features, sizes, max(CLOSE, error))
    if not name:
        return Diagnosis("scale", f"{message}, a factor of {factor:.6g}", factor=factor)
    if sign > 0:
        return Diagnosis("missing_term", f"{message}: the term -{name} is missing", factor=factor, term=name)
    if name == "log(2)":  # a density of half a line is twice that of the whole
        return Diagnosis("missing_term", f"{message}: the term +{name} is missing", factor=factor, term=name)
    words = f"{message}: the term -{name} is there once too often"
    return Diagnosis("extra_term", words, factor=factor, term=name)


def moment_cause(name, found, wanted, sizes, slack=1e-6):
    """Of a mean or standard deviation (L,) that is not what was stated; `slack` is how well it is known."""
    found, wanted = np.atleast_1d(found), np.atleast_1d(wanted)

    def same(a, b):
        return bool(np.all(np.abs(a - b) <= np.maximum(slack, 1e-4 * np.maximum(1, np.abs(b)))))

    if not np.isfinite(found).all():
        return Diagnosis("nonfinite", f"the {name} is not finite")
    power = power_story(found, wanted, same) if name == "std" else ""
    if power:
        message = f"the standard deviation is {power.format('what it should be')}"
        return Diagnosis("scale", message, factor=_one(found / wanted))
    if name == "mean" and same(found, -wanted):
        return Diagnosis("sign", "the sign of the mean is wrong", factor=-1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = float(np.nanmedian(found / wanted))
    if math.isfinite(ratio) and ratio and same(found, ratio * wanted):
        story = story_of(abs(ratio), sizes)
        message = f"the {name} is {ratio:.6g} times what it should be" + (f" ({story})" if story else "")
        return Diagnosis("scale", message, factor=ratio)
    shift = float(np.median(found - wanted))
    if same(found, wanted + shift):
        return Diagnosis("extra_term", f"the {name} is off by {shift:+.6g}", term=f"{shift:+.6g}")
    return Diagnosis("unexplained", f"the {name} is off by {np.abs(found - wanted).max():.3g} at most")


def power_story(found, wanted, same):
    """How a standard deviation is a power of what it should be, which {} stands for; "" if it is none."""
    if np.all(np.abs(wanted - 1) < 0.05):  # where all powers are the same
        return ""
    words = {
        2.0: "the square of {}: a variance for a standard deviation, exp(log_var) for exp(log_var / 2)",
        0.5: "the root of {}: a standard deviation for a variance",
        -1.0: "one over {}: a rate for a scale, or a precision for a variance",
    }
    return next((story for power, story in words.items() if same(found, wanted**power)), "")


def _one(ratios):
    """The factor, if it is the same in every feature."""
    return float(ratios[0]) if np.ptp(ratios) < 1e-3 * np.abs(ratios).max() else None
