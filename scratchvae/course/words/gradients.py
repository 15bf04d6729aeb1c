"""A wrong gradient, diagnosed by the package's own checker.

The forward pass is the reference's, in this process; the gradient is the array that the student's function
returned.
"""

import numpy as np


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
    from scratchvae import gradcheck  # of use only where a gradient is wrong

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
    wrong = {block.name: block.diagnosis for block in report.blocks if not block.passed}
    return {name: (found.code, found.message + _story(found, sizes)) for name, found in wrong.items()}


def _story(diagnosis, sizes):
    """The size that the factor of a single term is."""
    if diagnosis.code != "scaled_term" or diagnosis.factor is None:
        return ""
    for name, size in sizes.items():
        if size > 1 and np.isclose(diagnosis.factor, 1 / size, rtol=1e-3):
            return f" (1 / {name}: a mean where a sum is meant?)"
        if size > 1 and np.isclose(diagnosis.factor, size, rtol=1e-3):
            return f" ({name}: a sum where it counts once?)"
    return ""


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
