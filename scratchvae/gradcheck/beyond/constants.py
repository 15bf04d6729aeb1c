"""What an additive constant, in nats, is likely to be: a lost or doubled term of a density."""

import math

#: Terms that densities are made of, in nats.
KNOWN = {
    "log(2 pi) / 2": 0.5 * math.log(2 * math.pi),
    "log(2 pi)": math.log(2 * math.pi),
    "log(2)": math.log(2),
    "log(2) / 2": 0.5 * math.log(2),
    "log(pi)": math.log(math.pi),
    "log(pi) / 2": 0.5 * math.log(math.pi),
    "1/2": 0.5,
    "1": 1.0,
}
#: So near, absolute in nats, must a constant be.
CLOSE = 2e-4


def name_of(constant, n_features=1, sizes=None, close=CLOSE):
    """The term that a constant is, in words, and its sign: 1 if it is the term, -1 if it is minus that.

    Parameters
    ----------
    constant : float
        In nats.
    n_features : int
        A term may occur once for each.
    sizes : dict, optional
        {name: number}: its logarithm is such a term, and so is half of it and twice it.
    close : float
        How far the constant may be from the term.

    Returns
    -------
    (str, int)
        ("", 0) if it is none that is known.

    Examples
    --------
    >>> name_of(2.756815599614018, n_features=3)
    ('log(2 pi) / 2 for each of 3 features', 1)
    >>> name_of(0.916290731874155, sizes={"sigma": 0.4})
    ('log(sigma)', -1)
    """
    each = f" for each of {n_features} features"
    candidates = [
        (abs(constant - sign * count * value), term + words, sign)
        for term, value in {**_of_sizes(sizes or {}), **KNOWN}.items()
        for count, words in ((1, ""), (n_features, each))
        for sign in (1, -1)
    ]
    distance, term, sign = min(candidates, key=lambda candidate: candidate[0])
    return (term, sign) if distance <= close else ("", 0)


def _of_sizes(sizes):
    """The logarithms of the caller's sizes, those that are not zero."""
    found = {}
    for name, size in sizes.items():
        if size > 0 and abs(math.log(size)) > 10 * CLOSE:
            found |= {
                f"log({name})": math.log(size),
                f"2 log({name})": 2 * math.log(size),
                f"log({name}) / 2": 0.5 * math.log(size),
            }
    return found
