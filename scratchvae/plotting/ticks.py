"""Few ticks with short labels: for small Axes side by side, whose labels must not run into each other."""

import numpy as np

#: Ticks keep this share of the axis off its ends, where the labels of the next Axes begin.
ROOM = 0.07
MINUS = "\N{MINUS SIGN}"


def few_ticks(low, high, most):
    """At most `most` round numbers between `low` and `high`, off the ends, and their labels."""
    from matplotlib.ticker import MaxNLocator

    room = ROOM * (high - low)
    for n in range(most, 2 * most + 1):  # a coarse grid may miss the axis by chance
        found = np.asarray(MaxNLocator(nbins=n, steps=[1, 2, 5, 10]).tick_values(low, high))
        found = found[(found >= low + room) & (found <= high - room)]
        if len(found) >= max(2, most - 2):
            break
    found = found[:: -(-len(found) // most)] if len(found) else np.array([(low + high) / 2])
    return found, tick_labels(found)


def tick_labels(numbers):
    """The shortest labels that tell the numbers apart and are true to a hundredth of their distance."""
    step = np.diff(numbers).min() if len(numbers) > 1 else abs(numbers[0])
    for digits in range(5, 18):
        texts = [f"{number:.{digits}g}" for number in numbers]
        if all(abs(float(text) - number) <= 0.01 * step for text, number in zip(texts, numbers, strict=True)):
            break
    return [_plain(text) for text in texts]


def _plain(text):
    """1e+06 as 1e6, with a minus sign that is as wide as a plus."""
    mantissa, e, exponent = text.partition("e")
    return (mantissa + e + (str(int(exponent)) if e else "")).replace("-", MINUS)
