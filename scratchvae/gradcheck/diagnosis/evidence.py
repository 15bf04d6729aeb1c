"""What is known of the wrong blocks: the code's derivatives beside the numerical ones, coordinate by coordinate."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scratchvae.validation import numeric_array

#: How many coordinates of a large block are looked at for its diagnosis.
MOST = 400
#: How far a hypothesis may be from the numbers and still explain them, relative: for float64 and float32.
CLOSE, CLOSE32 = 1e-4, 2e-3


@dataclass(frozen=True)
class Block:
    """One block, at the coordinates that were probed and are no kinks.

    Attributes
    ----------
    name : str
    shape : tuple
    index : array of int
        The coordinates' places in the flat block.
    a, n, e : arrays
        The derivative by the code, the numerical one, and the error of the latter.
    whole : array
        The code's derivative at all coordinates, in the block's shape.
    theta : array
        The parameters at `index`.
    close : float
    """

    name: str
    shape: tuple
    index: np.ndarray
    a: np.ndarray
    n: np.ndarray
    e: np.ndarray
    whole: np.ndarray
    theta: np.ndarray
    close: float

    def fits(self, candidate, of=None):
        """Whether `candidate` is what `of` (by default the numerical derivative) is, at every coordinate."""
        of = self.n if of is None else of
        size = np.sqrt(np.mean(of**2)) if of.size else 0.0
        allowed = 4 * self.e + self.close * np.abs(of) + self.close / 10 * size
        return bool(np.all(np.abs(candidate - of) <= allowed))

    @property
    def visible(self):
        """Where at least one of the two derivatives is above the error."""
        floor = 4 * self.e + 1e-12 * max(np.abs(self.n).max(initial=0), np.abs(self.a).max(initial=0))
        return (np.abs(self.n) > floor) | (np.abs(self.a) > floor)

    @property
    def wrong(self):
        """Where the two differ by more than the error."""
        size = np.maximum(np.abs(self.a), np.abs(self.n))
        return np.abs(self.a - self.n) > 4 * self.e + self.close / 10 * size

    def places(self):
        """The probed coordinates' indices in the block's shape, one array an axis."""
        return np.unravel_index(self.index, self.shape)


class Evidence:
    """All that the clues may ask for.

    Attributes
    ----------
    failing : dict of str to Block
    analytic : dict of str to array
        The code's derivative of every block, right or wrong.
    terms : dict of str to array
        The gradient of each term of the sum, flat.
    sizes : dict of str to float
    """

    def __init__(self, session, blocks, found, failing, terms, sizes):
        self.session, self.blocks, self.terms, self.sizes = session, blocks, terms, dict(sizes)
        self.close = CLOSE32 if session.float32 else CLOSE
        self.analytic = {
            name: session.analytic[part].reshape(shape) for name, (part, shape) in blocks.items()
        }
        results = {entry[0]: entry[3:] for entry in found}
        self.failing = {name: self._block(name, *results[name]) for name in failing}

    def _block(self, name, directions, results):
        part, shape = self.blocks[name]
        known = {d - part.start: r for d, r in zip(directions, results, strict=True) if np.ndim(d) == 0}
        size = part.stop - part.start
        if len(known) < size:
            for i in self._chosen(shape, size):
                if i not in known:
                    known[i] = self.session.probes.along(part.start + i, self.session.atol(part))
        usable = {i: r for i, r in known.items() if np.isfinite(r.numeric) and not r.is_kink}
        index = np.array(sorted(usable), dtype=int)
        numbers = np.array([[usable[i].analytic, usable[i].numeric, usable[i].uncertainty] for i in index])
        a, n, e = numbers.reshape(-1, 3).T
        theta = self.session.theta.ravel()[part][index]
        return Block(name, shape, index, a, n, e, self.analytic[name], theta, self.close)

    def _chosen(self, shape, size):
        """Coordinates of a large block: some rows crossed with some columns, the first and the last among them."""
        if size <= MOST:
            return range(size)
        each = max(2, int(round(MOST ** (1 / len(shape)))))
        axes = [self._spread(n, each) for n in shape]
        return np.ravel_multi_index(np.meshgrid(*axes, indexing="ij"), shape).ravel().tolist()

    def _spread(self, n, at_most):
        if n <= at_most:
            return np.arange(n)
        inner = self.session.rng.choice(np.arange(1, n - 1), at_most - 2, replace=False)
        return np.sort(np.concatenate([[0], inner, [n - 1]]))

    def part_of(self, name, flat):
        """A flat vector's entries at the probed coordinates of a block."""
        return flat[self.blocks[name][0]][self.failing[name].index]


def checked_terms(terms, theta):
    """{name: flat gradient} of what the caller says are the parts of the sum."""
    if terms is None:
        return {}
    if not isinstance(terms, Mapping):
        raise ValueError(f"terms must be a dict of (value, gradient) by name, not {terms!r}.")
    found = {}
    for name, entry in terms.items():
        try:
            _, gradient = entry
        except (TypeError, ValueError):
            raise ValueError(f"term {name!r} must be (value, gradient), not {entry!r}.") from None
        gradient = gradient(theta.copy()) if callable(gradient) else gradient
        gradient = np.asarray(numeric_array(gradient, f"the gradient of term {name!r}"), dtype=np.float64)
        if gradient.shape != theta.shape:
            raise ValueError(
                f"the gradient of term {name!r} must have theta's shape {theta.shape}, not {gradient.shape}."
            )
        found[name] = gradient.ravel()
    return found
