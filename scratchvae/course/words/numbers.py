"""Whether numbers are right, and whether wrong ones are the right ones after some simple accident.

An accident counts if it explains every case, of different shapes and values.
"""

import math

import numpy as np

#: What a known constant is called.
OFFSETS = {
    0.5 * math.log(2 * math.pi): "log(2 pi) / 2",
    math.log(2 * math.pi): "log(2 pi)",
    0.5 * math.log(math.pi): "log(pi) / 2",
    math.log(math.pi): "log(pi)",
    math.log(2): "log 2",
    0.5 * math.log(2): "log(2) / 2",
    0.5: "1/2",
    1.0: "1",
}
FACTORS = {
    2.0: "twice what it should be",
    0.5: "half of what it should be",
    math.log(10): "off by the factor log 10",
    1 / math.log(10): "in decadic logarithms; nats, np.log, are meant",
    math.log(2): "off by the factor log 2",
    1 / math.log(2): "in bits (base 2); nats, np.log, are meant",
    math.sqrt(2): "off by the factor of the root of 2",
    math.sqrt(0.5): "off by the factor of the root of 2",
    2 * math.pi: "off by the factor 2 pi",
    1 / (2 * math.pi): "off by the factor 2 pi",
}
#: Relative error up to which an accident explains the numbers.
NEAR = 1e-6


def close(got, expected, rtol, atol):
    """Whether each entry is within `atol` plus `rtol` times the largest right one."""
    if got.shape != expected.shape:
        return False
    if expected.dtype == bool or got.dtype == bool:
        return bool(np.array_equal(got, expected))
    return bool(wrong_entries(got, expected, rtol, atol).sum() == 0)


def wrong_entries(got, expected, rtol, atol):
    """True where an entry is wrong."""
    finite = np.isfinite(expected)
    largest = np.abs(expected[finite]).max(initial=0)
    with np.errstate(invalid="ignore"):
        apart = ~(np.abs(got - expected) <= atol + rtol * largest)
    return np.where(finite, apart, ~((got == expected) | (np.isnan(got) & np.isnan(expected))))


def accident(pairs, sizes):
    """What happened to the right numbers, in words; "" if nothing simple did.

    Parameters
    ----------
    pairs : list of (got, expected)
        Arrays of one part of the answer, one pair for each case, of one shape in each.
    sizes : list of dict
        The sizes of each case by name, which a factor might be.
    """
    usable = [i for i, (got, expected) in enumerate(pairs) if _is_usable(got, expected)]
    pairs, sizes = [pairs[i] for i in usable], [sizes[i] for i in usable]
    if len(pairs) < 2 and sum(expected.size for _, expected in pairs) < 3:
        return ""
    for explain in (_sign, _of_a_function, _factor, _factor_by_size, _offset, _rearranged):
        words = explain(pairs, sizes)
        if words:
            return words
    return ""


def _is_usable(got, expected):
    numbers = got.dtype != bool and expected.dtype != bool
    return numbers and expected.size and np.isfinite(expected).all() and np.isfinite(got).all()


def _all_near(pairs, change):
    with np.errstate(all="ignore"):
        return all(_near(got, change(expected)) for got, expected in pairs)


def _near(got, wanted):
    return bool(np.all(np.abs(got - wanted) <= NEAR * (np.abs(wanted).max(initial=0) + 1e-300)))


def _sign(pairs, _):
    nonzero = any(np.any(expected) for _, expected in pairs)
    return "the sign is wrong" if nonzero and _all_near(pairs, np.negative) else ""


def _of_a_function(pairs, _):
    functions = {
        "it is e to what it should be: the logarithm is missing": np.exp,
        "it is the logarithm of what it should be": np.log,
        "it is the square of what it should be": np.square,
        "it is the root of what it should be": np.sqrt,
        "it is one over what it should be": lambda x: 1 / x,
        "it is one minus what it should be": lambda x: 1 - x,
        "it is the absolute value of what it should be": np.abs,
        "it is zero everywhere": np.zeros_like,
    }
    return next((words for words, function in functions.items() if _all_near(pairs, function)), "")


def _ratio(got, expected):
    """got / expected if it is one number, else None."""
    largest = np.unravel_index(np.argmax(np.abs(expected)), expected.shape)
    if expected[largest] == 0:
        return None
    ratio = got[largest] / expected[largest]
    return float(ratio) if ratio != 0 and _near(got, ratio * expected) else None


def _factor(pairs, _):
    ratios = [_ratio(*pair) for pair in pairs if np.any(pair[1])]
    if not ratios or None in ratios or np.ptp(ratios) > NEAR * abs(ratios[0]):
        return ""
    size = abs(ratios[0])
    sign = "" if ratios[0] > 0 else ", with the wrong sign"
    for factor, words in FACTORS.items():
        if abs(size - factor) <= 1e-4 * factor:
            return f"it is {words}{sign}"
    return f"it is off by one and the same factor{sign}"


def _factor_by_size(pairs, sizes):
    ratios = [_ratio(*pair) for pair in pairs]
    if not ratios or None in ratios:
        return ""
    powers = {
        1.0: "is not divided by {0}: a sum where a mean is meant?",
        -1.0: "is divided by {0}, or once too often: a mean where a sum is meant?",
        0.5: "is too large by the root of {0}",
        -0.5: "is too small by the root of {0}",
        2.0: "is too large by the square of {0}",
        -2.0: "is too small by the square of {0}",
    }
    for name in set.intersection(*map(set, sizes)) if sizes else ():
        values = np.array([float(size[name]) for size in sizes])
        for power, words in powers.items():
            if np.all(values > 0) and np.allclose(np.abs(ratios), values**power, rtol=1e-5):
                sign = "" if ratios[0] > 0 else ", and has the wrong sign"
                return f"it {words.format(name)}{sign}"
    return ""


def _offset(pairs, sizes):
    differences = [got - expected for got, expected in pairs]
    scale = max(np.abs(expected).max(initial=0) for _, expected in pairs) + 1
    if any(np.ptp(difference) > NEAR * scale for difference in differences):
        return ""
    offsets = np.array([difference.flat[0] for difference in differences])
    units = {"": np.ones(len(pairs))}
    for name in sorted(set.intersection(*map(set, sizes))) if sizes else ():
        units[f" for each of the {name}"] = np.array([float(size[name]) for size in sizes])
    for each, unit in units.items():
        if not np.all(unit > 0):
            continue
        constants = offsets / unit
        if np.ptp(constants) <= NEAR * scale:
            size, side = abs(constants[0]), "large" if constants[0] > 0 else "small"
            for constant, words in OFFSETS.items():
                if abs(size - constant) <= 1e-5:
                    return f"it is too {side} by the constant {words}{each}"
            few_digits = ", a small one: something with few digits, such as 3.14?" if size < 0.01 else ""
            return f"it is too {side} by one and the same constant{each}{few_digits}"
    return ""


def _rearranged(pairs, _):
    """The right numbers, in other places."""
    square = [pair for pair in pairs if pair[1].ndim >= 2 and pair[1].shape[-1] == pair[1].shape[-2]]
    if square and len(square) == len(pairs) and _all_near(pairs, lambda x: np.swapaxes(x, -1, -2)):
        return "it is transposed"
    if all(pair[1].ndim for pair in pairs) and _all_near(pairs, lambda x: x[..., ::-1]):
        return "it is in the reverse order"
    if all(pair[1].size > 2 and _near(np.sort(pair[0], None), np.sort(pair[1], None)) for pair in pairs):
        return "the numbers are right, but in other places"
    return ""
