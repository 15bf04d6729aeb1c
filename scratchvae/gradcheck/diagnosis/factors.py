"""What a wrong factor is likely to be."""

import math

#: Factors that tell a story of their own.
KNOWN = (
    (2.0, "a square's derivative counted twice, or log-variance taken for log-standard-deviation"),
    (0.5, "a lost 2, or log-standard-deviation taken for log-variance"),
    (math.log(10), "a natural logarithm taken for a decadic one"),
    (1 / math.log(10), "a decadic logarithm taken for a natural one"),
    (math.log(2), "a natural logarithm taken for a binary one"),
    (1 / math.log(2), "a binary logarithm taken for a natural one"),
    (math.pi, "pi"),
    (1 / math.pi, "1 / pi"),
)


def story_of(factor, sizes, shape=()):
    """Words for a factor: the size it equals, or what such a factor mostly comes from; "" if none fits."""
    for name, size in sizes.items():
        for power, how in (
            (1, "a sum where a mean is meant"),
            (-1, "a mean where a sum is meant"),
            (2, "its square"),
            (-2, "one over its square"),
            (0.5, "its root"),
            (-0.5, "one over its root"),
        ):
            if size > 0 and size != 1 and _near(factor, float(size) ** power):
                what = f"{name} = {size:g}"
                is_count = float(size).is_integer() and size > 1
                return f"{what}: {how}" if is_count or abs(power) != 1 else _of_number(what, power)
    for known, story in KNOWN:
        if _near(factor, known):
            return story
    for axis, n in enumerate(shape):
        if n > 2 and (_near(factor, n) or _near(factor, 1 / n)):
            how = "a sum where a mean is meant" if factor > 1 else "a mean where a sum is meant"
            return f"the length of axis {axis}, {n}: {how}"
    whole = round(factor) if factor > 1 else round(1 / factor) if factor > 0 else 0
    if whole > 2 and (_near(factor, whole) or _near(factor, 1 / whole)):
        return f"{'' if factor > 1 else '1 / '}{whole}: a count, such as the batch size?"
    return ""


def _of_number(what, power):
    return f"{what}: {'one factor too many' if power > 0 else 'one division too many, or a lost factor'}"


def _near(factor, known):
    return abs(factor - known) <= 1e-3 * abs(known)
