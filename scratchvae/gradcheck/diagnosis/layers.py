"""What the blocks tell of each other: a weight and its bias share one gradient, and layers have an order."""

import numpy as np

from scratchvae.gradcheck.diagnosis.unexplained import cosine
from scratchvae.gradcheck.report import Diagnosis

#: A gradient as near as this to the true direction has lost no more than a positive factor on its way.
ALONG = 0.3
#: What may hold of a bias by accident, where its weight tells of something else.
COINCIDENCES = ("extra_term", "missing_term", "scale", "rows")


def pairs(evidence):
    """(weight, bias) names of wrong blocks that stand one after the other and have a size in common."""
    names = list(evidence.blocks)
    for weight, bias in zip(names, names[1:], strict=False):
        shape, size = evidence.blocks[weight][1], evidence.blocks[bias][1]
        matches = len(shape) == 2 and len(size) == 1 and size[0] in shape
        if matches and weight in evidence.failing and bias in evidence.failing:
            yield weight, bias


def biases_follow(found, evidence):
    """Give a bias its weight's diagnosis where its own may be an accident."""
    for weight, bias in pairs(evidence):
        if found[weight].code in ("activation", "unexplained") and found[bias].code in COINCIDENCES:
            found[bias] = found[weight]
        if _by_units(found[weight], found[bias]) and units_that_share(
            evidence.failing[weight], evidence.failing[bias]
        ):
            message = (
                f"{weight!r} and {bias!r} are wrong in the same units, each by a factor of its own: the "
                "derivative of the activation behind them is left out, or taken at the wrong place"
            )
            found[weight] = found[bias] = Diagnosis("activation", message)


def _by_units(weight, bias):
    """Whether some units alone are wrong, by no common factor."""
    codes = {weight.code, bias.code}
    return "rows" in codes and codes <= {"rows", "activation"} and weight.factor is bias.factor is None


def local_derivative(evidence, left):
    """{block: Diagnosis} of what nothing else explains: the incoming gradient of whole layers is wrong.

    If all blocks up to some place are wrong and all later ones right, the mistake lies between them; it is
    a local derivative if the gradient still points the right way, for a wrong matrix would turn it. Where no
    experiment can be made, because the gradient is an array, a weight that is wrong together with its bias is
    enough: what they share is the derivative of the activation behind them.
    """
    if not left or not evidence.passing:
        return {}
    along = all(cosine(evidence.failing[name]) > ALONG for name in left)
    if _is_before(evidence) and along:
        message = (
            f"all blocks up to {left[-1]!r} are wrong though they point the right way, and all later ones "
            "are right: a local derivative between them is wrong"
        )
        return dict.fromkeys(left, Diagnosis("activation", message))
    paired = {name for pair in pairs(evidence) for name in pair}
    if not callable(evidence.session.gradient) and set(left) & paired:
        message = (
            "a weight and its bias are wrong together, and other blocks are right: the derivative of the "
            "activation behind them, most likely; with the gradient as a function, not an array, it can be "
            "told"
        )
        return {name: Diagnosis("activation", message) for name in left}
    return {}


def _is_before(evidence):
    """Whether the wrong blocks are the first ones, and right ones follow."""
    names = list(evidence.blocks)
    return 2 <= len(evidence.failing) < len(names) and names[: len(evidence.failing)] == list(
        evidence.failing
    )


def units_that_share(weight, bias):
    """Whether the wrong columns (or rows) of a weight are the wrong entries of its bias, and are not just
    zero.
    """
    if not np.any(weight.a[weight.wrong]) or not bias.is_complete:
        return False
    units = np.flatnonzero(bias.wrong & bias.visible)
    return any(
        weight.shape[axis] == bias.shape[0]
        and np.array_equal(np.unique(weight.places()[axis][weight.wrong & weight.visible]), units)
        for axis in range(2)
    )
