"""What is known of the wrong blocks: the code's derivatives beside the numerical ones, entry by entry."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scratchvae.gradcheck.numerical import ERRORS

#: How many coordinates of a large block a diagnosis looks at: at least, at most, in so many seconds.
LEAST, MOST, SECONDS = 9, 400, 3.0
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
        allowed = ERRORS * self.e + self.close * np.abs(of) + self.close / 10 * size
        return bool(np.all(np.abs(candidate - of) <= allowed))

    @cached_property
    def visible(self):
        """Where at least one of the two derivatives is above the error."""
        return self.shows(self.n) | self.shows(self.a)

    def shows(self, derivative):
        """Where a derivative is above the error, and no rounding of the others."""
        largest = max(np.abs(self.n).max(initial=0), np.abs(self.a).max(initial=0))
        return np.abs(derivative) > ERRORS * self.e + 1e-12 * largest

    @cached_property
    def wrong(self):
        """Where the two differ by more than the error."""
        size = np.maximum(np.abs(self.a), np.abs(self.n))
        return np.abs(self.a - self.n) > ERRORS * self.e + self.close / 10 * size + 1e-12 * size.max(
            initial=0
        )

    @property
    def is_complete(self):
        """Whether every coordinate was probed and none is a kink."""
        return len(self.index) == self.whole.size

    @cached_property
    def numeric(self):
        """The numerical derivative in the block's shape; of a complete block only."""
        return self.n.reshape(self.shape)

    def places(self):
        """The probed coordinates' indices in the block's shape, one array an axis."""
        return np.unravel_index(self.index, self.shape)


class Evidence:
    """All that the clues may ask for.

    Attributes
    ----------
    session : Session
    blocks : dict of str to (slice, shape)
    failing : dict of str to Block
    analytic : dict of str to array
        The code's derivative of every block, right or wrong, in its shape.
    theta : dict of str to array
        The parameters of every block.
    terms : dict of str to (value, gradient)
    sizes : dict of str to float
    most : int
        How many coordinates of a block are looked at.
    is_slow : bool
        Whether the function is so slow that these are fewer than would be good.
    """

    def __init__(self, session, blocks, probed, failing, terms, sizes):
        self.session, self.blocks, self.terms, self.sizes = session, blocks, terms, sizes
        self.analytic = in_blocks(session.analytic, blocks)
        self.theta = in_blocks(session.theta.ravel(), blocks)
        self.known = {name: _coordinates(probes, blocks[name][0]) for name, probes in probed.items()}
        self.most = session.affordable(SECONDS, LEAST, MOST, len(failing))
        self.is_slow = self.most < MOST
        self.failing = {name: self.block(name) for name in failing}

    @property
    def passing(self):
        """The names of the blocks that are right, in order."""
        return [name for name in self.blocks if name not in self.failing]

    def block(self, name):
        """A block with as many of its coordinates as are looked at for a diagnosis."""
        part, shape = self.blocks[name]
        known = self.known[name]
        for i in self._chosen(shape, part.stop - part.start):
            if i not in known:
                known[i] = self.session.along(part.start + i, part, quick=self.is_slow)
        return block_of(self, name, known)

    def _chosen(self, shape, size):
        """Coordinates of a large block: some rows crossed with some columns, the first and the last too."""
        if size <= self.most:
            return range(size)
        each = max(2, int(round(self.most ** (1 / len(shape)))))
        axes = [self._spread(n, each) for n in shape]
        return np.ravel_multi_index(np.meshgrid(*axes, indexing="ij"), shape).ravel().tolist()

    def _spread(self, n, at_most):
        if n <= at_most:
            return np.arange(n)
        inner = self.session.rng.choice(np.arange(1, n - 1), at_most - 2, replace=False)
        return np.sort(np.concatenate([[0], inner, [n - 1]]))

    def at(self, name, flat):
        """A flat vector's entries at the probed coordinates of a failing block."""
        return flat[self.blocks[name][0]][self.failing[name].index]


def in_blocks(flat, blocks):
    """A flat vector's blocks by name, in their shapes."""
    return {name: flat[part].reshape(shape) for name, (part, shape) in blocks.items()}


def block_of(evidence, name, known):
    """A Block of the probes by place, without the kinks and where the function is not finite."""
    part, shape = evidence.blocks[name]
    usable = {i: r for i, r in known.items() if np.isfinite(r.numeric) and not r.is_kink}
    index = np.array(sorted(usable), dtype=int)
    numbers = np.array([[usable[i].analytic, usable[i].numeric, usable[i].uncertainty] for i in index])
    theta = evidence.session.theta.ravel()[part][index]
    close = CLOSE32 if evidence.session.float32 else CLOSE
    return Block(name, shape, index, *numbers.reshape(-1, 3).T, evidence.analytic[name], theta, close)


def _coordinates(probes, part):
    return {direction - part.start: result for direction, result in probes if np.ndim(direction) == 0}
