"""Mistakes that show at another point: the gradient is called where the hypothesis makes it simple."""

import numpy as np

from scratchvae.gradcheck.diagnosis import activation
from scratchvae.gradcheck.diagnosis.evidence import CLOSE, CLOSE32, Block
from scratchvae.gradcheck.diagnosis.factors import factor_of
from scratchvae.gradcheck.report import Diagnosis

#: How many coordinates of a block are looked at elsewhere: at least, at most, in so many seconds.
LEAST, MOST, SECONDS = 6, 24, 0.5
#: Pre-activations at which all units are put.
LEVELS = (0.7, -0.4)
#: A gradient so much smaller than the true one vanishes.
ZERO = 1e-9


def block_elsewhere(evidence, theta, name):
    """A block's derivatives at another point of the whole vector, None if they cannot be had."""
    session = evidence.session.elsewhere(theta)
    return None if session is None else block_at(evidence, session, name)


def block_at(evidence, session, name):
    """Some of a block's derivatives in another session."""
    part, shape = evidence.blocks[name]
    size = part.stop - part.start
    few = session.affordable(SECONDS, LEAST, MOST)
    index = np.arange(size) if size <= few else np.unique(np.linspace(0, size - 1, few).astype(int))
    results = {i: session.along(int(part.start + i), part) for i in index}
    usable = {i: r for i, r in results.items() if np.isfinite(r.numeric + r.analytic) and not r.is_kink}
    if not usable:
        return None
    index = np.array(sorted(usable))
    numbers = np.array([[usable[i].analytic, usable[i].numeric, usable[i].uncertainty] for i in index])
    whole = session.analytic[part].reshape(shape)
    theta = session.theta.ravel()[part][index]
    close = CLOSE32 if session.float32 else CLOSE
    return Block(name, shape, index, *numbers.T, whole, theta, close)


def moved_to(evidence, values):
    """theta with some blocks at other values: {name: number or array}."""
    theta = evidence.session.theta.copy()
    flat = theta.reshape(-1)
    for name, value in values.items():
        part, shape = evidence.blocks[name]
        flat[part] = np.broadcast_to(value, shape).ravel()
    return theta


# --- the activation -----------------------------------------------------------------------------


def at_one_preactivation(evidence, names):
    """{block: Diagnosis} of blocks that are off by one constant where all units have one pre-activation.

    With its weight at zero and its bias at t, every unit of a layer gets t for every datum, so that a wrong
    local derivative psi(t) for phi'(t) is one factor, the same for all entries, that depends on t.
    Where theta is the input itself, the same holds with all its entries at t.

    Parameters
    ----------
    evidence : Evidence
    names : list of str
        The wrong blocks that nothing else explains.
    """
    for setting in _settings(evidence, names):
        found = _factors_at(evidence, setting)
        if found is not None:
            return dict.fromkeys(names, _of_factors(*found))
    return {}


def _of_factors(name, factors):
    """Zero at every level is no local derivative: what is left out there is another way of the block's."""
    if any(factors.values()):
        return Diagnosis("activation", _words(name, factors))
    message = (
        f"with {name!r} at zero the gradient is zero, and the true one is not: the block acts in two ways, "
        "as a weight that is used twice, and one of them is left out"
    )
    return Diagnosis("missing_term", message, term=name)


def _settings(evidence, names):
    """Lists of ({block: value}, level), one for each level, to be tried in turn."""
    weights = [name for name in names if len(evidence.blocks[name][1]) > 1]
    biases = [name for name in names if name not in weights and evidence.blocks[name][1]]
    if weights:
        yield [(dict.fromkeys(weights, 0.0) | dict.fromkeys(biases, t), t) for t in LEVELS]
        for weight in weights:
            for bias in biases:
                if evidence.blocks[bias][1][0] in evidence.blocks[weight][1]:
                    yield [({weight: 0.0, bias: t}, t) for t in LEVELS]
            yield [({weight: 0.0}, 0.0)]
    for name in names:
        values = evidence.theta[name]
        if values.size >= 3:
            low, high = np.quantile(values, [0.2, 0.8])
            yield [({name: t}, t) for t in (float(low), float(high)) if low < high]


def _factors_at(evidence, setting):
    """(block, {level: factor}) if one block has a constant factor at each level, not always 1; else None.

    Infinite at every level it is no factor but something that is added.
    """
    sessions = [(t, evidence.session.elsewhere(moved_to(evidence, values))) for values, t in setting]
    if not sessions or any(session is None for _, session in sessions):
        return None
    for name in setting[0][0]:
        factors = {t: _constant(block_at(evidence, session, name)) for t, session in sessions}
        known = {t: c for t, c in factors.items() if c is not None}
        enough = len(known) >= len(factors) - 1 and any(map(np.isfinite, known.values()))
        if enough and any(abs(c - 1) > 1e-3 for c in known.values()):
            return name, known
    return None


def _constant(block):
    """analytic / numeric if it is the same for at least three entries; infinite if all numeric are zero."""
    if block is None or np.count_nonzero(block.visible) < 3:
        return None
    if not np.any(block.shows(block.n)):
        return np.inf
    if np.ptp(block.n) <= 1e-3 * np.abs(block.n).max():
        return None  # equal entries have equal ratios, whatever is wrong
    factor = factor_of(block.a, block.n, block.e)
    if factor is None:
        return None
    if factor == 0:
        vanishes = np.all(np.abs(block.whole) <= ZERO * np.abs(block.n).max())
        return 0.0 if vanishes else None
    return factor if block.fits(block.a / factor) else None


def _words(name, factors):
    places = ", ".join(f"{c:.4g} at {t:.3g}" for t, c in factors.items())
    what = activation.of_factors(factors) or "a local derivative is left out, or taken at the wrong place"
    return (
        f"{what}: with every unit of the layer of {name!r} at one pre-activation its gradient is off by one "
        f"constant factor ({places})"
    )


# --- the way back -------------------------------------------------------------------------------


def through_the_transpose(evidence, names):
    """{block: Diagnosis} of blocks that become right once a later square weight is symmetric.

    The way back through y = x W is dx = dy W^T. With W in its place no shape complains if W is square.
    """
    for name in evidence.passing:
        weight = evidence.theta[name]
        if weight.ndim != 2 or weight.shape[0] != weight.shape[1] or weight.size < 4:
            continue
        if _all_right(evidence, {name: (weight + weight.T) / 2}, names):
            message = f"the way back passes through {name!r} where it should pass through its transpose"
            return dict.fromkeys(names, Diagnosis("transposed", message, term=name))
    return {}


def _all_right(evidence, values, names):
    """Whether blocks that are wrong here are right with other values, and not because they vanish."""
    session = evidence.session.elsewhere(moved_to(evidence, values))
    if session is None:
        return False
    blocks = [block_at(evidence, session, name) for name in names]
    return all(block is not None and np.any(block.shows(block.n)) and block.fits(block.a) for block in blocks)


def path_around(evidence, names):
    """{block: Diagnosis} of blocks whose gradient vanishes with a later weight, where the true one does not.

    If y = x + f(x) the gradient has a part that does not pass through f.
    """
    for name in evidence.passing:
        if evidence.theta[name].ndim < 2:
            continue
        session = evidence.session.elsewhere(moved_to(evidence, {name: 0.0}))
        blocks = [] if session is None else [block_at(evidence, session, wrong) for wrong in names]
        if blocks and all(_vanishes(block) for block in blocks):
            message = f"the path that leads around {name!r} is missing: without it the gradient is zero"
            return dict.fromkeys(names, Diagnosis("missing_term", message, term=name))
    return {}


def _vanishes(block):
    return block is not None and not np.any(block.shows(block.a)) and np.any(block.shows(block.n))


def right_without(evidence, names):
    """The names of later weights at zero of which the wrong blocks are right: it lies on the way there."""
    return [
        name
        for name in evidence.passing
        if evidence.theta[name].ndim > 1 and _all_right(evidence, {name: 0.0}, names)
    ]


# --- few numbers --------------------------------------------------------------------------------


def of_few(evidence, name):
    """What a block of one to three entries has in common here and elsewhere: a factor, or a difference.

    Returns
    -------
    str
        "factor" or "difference" if it stays the same, "exp" if the factor is c exp(k theta); "" if nothing
        does or the gradient cannot be called.
    """
    here = evidence.failing[name]
    theirs = [block for block in elsewhere(evidence, name) if len(block.n) == len(here.n)]
    if not theirs:
        return ""
    blocks = [here, *theirs]
    if all(np.all(np.abs(block.a * here.n - here.a * block.n) <= _slack(block, here)) for block in theirs):
        return "factor"
    gaps = [block.a - block.n for block in blocks]
    size = max(np.abs(gaps[0]).max(), 1e-300)
    if all(
        np.abs(gap - gaps[0]).max() <= 1e-3 * size + 8 * block.e.max()
        for gap, block in zip(gaps, blocks, strict=True)
    ):
        return "difference"
    with np.errstate(all="ignore"):
        slopes = [
            np.log((block.a / block.n) / (here.a / here.n)) / (block.theta - here.theta) for block in theirs
        ]
    alike = all(np.isfinite(slope).all() for slope in slopes) and np.ptp(slopes) < 1e-2 * np.abs(slopes).max()
    if alike and np.abs(2 * np.mean(slopes) - np.round(2 * np.mean(slopes))) < 1e-2:
        return "exp"
    return ""


def elsewhere(evidence, name, varied=False):
    """A block's derivatives with the block itself a little elsewhere, twice; fewer if there are none.

    By the same share of each entry, or `varied` from the first entry to the last.
    """
    found = [block_elsewhere(evidence, theta, name) for theta in _nearby(evidence, name, varied)]
    return [block for block in found if block is not None]


def _slack(block, here):
    size = np.abs(block.a * here.n) + np.abs(here.a * block.n)
    errors = block.e * np.abs(here.a) + here.e * np.abs(block.a) + block.e * np.abs(block.a)
    return 2 * block.close * size + 8 * errors


def _nearby(evidence, name, varied):
    """theta with this block a little elsewhere, twice; the rest stays."""
    values = evidence.theta[name]
    unit = np.where(values == 0, 1.0, np.abs(values))
    if varied:
        unit = unit * np.linspace(-1, 2, values.size).reshape(values.shape)
    for step in (0.13, 0.29):
        yield moved_to(evidence, {name: values + step * unit})
