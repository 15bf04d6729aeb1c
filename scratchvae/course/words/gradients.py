"""A wrong gradient, diagnosed by the package's own checker.

The forward pass is the reference's, in this process; the gradient is the array that the student's function
returned.
"""

import numpy as np

from scratchvae import gradcheck


def of_gradient(backward, inputs, got, sizes):
    """{name: (code, sentence)} of the outputs that are wrong gradients.

    Parameters
    ----------
    backward : Backward
    inputs : dict
        Of the case.
    got : tuple of arrays
        One for each name in ``backward.by``, of its argument's shape.
    sizes : dict of str to number
    """
    names = backward.by
    points = {name: np.asarray(inputs[name], float) for name in names}
    theta = np.concatenate([points[name].ravel() for name in names])
    gradient = np.concatenate([np.ravel(part) for part in got])

    def at(function):
        return lambda vector: float(function(**{**inputs, **_unpacked(vector, points)}))

    report = gradcheck.check(
        at(backward.value),
        theta,
        gradient,
        blocks=_blocks(points),
        terms={name: (at(term), None) for name, term in backward.terms.items()},
        sizes={**sizes, **{name: float(inputs[name]) for name in backward.sizes}},
        mode="all",
    )
    wrong = [block for block in report.blocks if not block.passed]
    return {block.name: (block.diagnosis.code, block.diagnosis.message) for block in wrong}


def _blocks(points):
    blocks, start = {}, 0
    for name, point in points.items():
        blocks[name] = (slice(start, start + point.size), point.shape)
        start += point.size
    return blocks


def _unpacked(vector, points):
    """The flat vector as arguments by name; a number stays a number."""
    blocks = _blocks(points)
    return {name: vector[part].reshape(shape)[()] for name, (part, shape) in blocks.items()}
