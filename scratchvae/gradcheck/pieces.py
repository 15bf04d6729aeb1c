"""Checks of whole pieces: anything with a forward and a backward, a reparameterization, a VAE.

They ask an object for its methods only and import none of the package's models.
"""

from dataclasses import replace

import numpy as np

from scratchvae.gradcheck.beyond.log_det import log_det_block
from scratchvae.gradcheck.check import check
from scratchvae.gradcheck.report import BlockReport, Diagnosis
from scratchvae.validation import seeded


def check_vjp(function, theta, vjp, blocks=None, *, seed=0, **options):
    """Check the vector-Jacobian product of a function with an array for its value.

    With a random w, s(theta) = <w, function(theta)> is a number, and its gradient is w^T J, which is what
    vjp(theta, w) should be. A second w, along random directions, sees what one w hides.

    Parameters
    ----------
    function : callable
        array like `theta` -> array.
    theta : array
    vjp : callable
        (theta, w) -> array like `theta`, for w of the shape of function's value.
    blocks : dict, optional
        As for `check`.
    seed : int
    **options
        Of `check`.

    Returns
    -------
    Report

    Examples
    --------
    >>> a = np.arange(6.0).reshape(2, 3)
    >>> check_vjp(lambda t: a @ t, np.ones(3), lambda t, w: a.T @ w).passed
    True
    """
    theta = np.asarray(theta, dtype=np.float64)
    shape = np.shape(function(theta.copy()))

    def contracted(w):
        return (
            lambda t: float((w * function(t)).sum()),
            theta,
            lambda t: vjp(t, w.copy()),
            blocks,
            None,
        )

    return _twice(contracted, [shape], seed, options)


def check_backward(forward, backward, inputs, *, outputs=None, seed=0, **options):
    """Check a backward pass of any number of arrays in and out.

    The outputs y_1, y_2, ... are contracted with random weights to a number, s = sum_j <w_j, y_j>,
    whose gradient with respect to each input is what backward gives for the incoming gradients w_j.
    The weights are drawn twice; the second time all inputs are looked at along random directions.

    Parameters
    ----------
    forward : callable
        **inputs -> (outputs, cache), where outputs is a tuple of arrays.
    backward : callable
        (cache, *incoming gradients) -> dict of the inputs' gradients, by name.
    inputs : dict of str to array
    outputs : sequence of str, optional
        Their names; by default "output 1" and so on. An output that the backward pass forgets is named.
    seed : int
        Of the weights, and of the check's directions.
    **options
        Of `check`.

    Returns
    -------
    Report
        With a block for each input; one whose gradient is missing or of another shape has the code "shape".
    """
    seeded(seed)
    inputs = {name: np.asarray(array, dtype=np.float64) for name, array in inputs.items()}
    arrays, cache = forward(**inputs)
    shapes = [np.shape(array) for array in arrays]
    outputs = outputs or [f"output {j + 1}" for j in range(len(arrays))]
    blocks, unpack = _packing(inputs)
    wrong = _wrong_shapes(backward(cache, *map(np.ones, shapes)), inputs)

    def contracted(*weights):
        def part(j):
            return lambda theta: float((weights[j] * forward(**unpack(theta))[0][j]).sum())

        def value(theta):
            arrays, _ = forward(**unpack(theta))
            return sum(float((w * array).sum()) for w, array in zip(weights, arrays, strict=True))

        def gradient(theta):
            _, cache = forward(**unpack(theta))
            found = backward(cache, *(w.copy() for w in weights))
            found = {name: inputs[name] if name in wrong else found[name] for name in inputs}
            return np.concatenate([np.ravel(found[name]) for name in inputs])

        terms = {name: (part(j), None) for j, name in enumerate(outputs)} if len(outputs) > 1 else None
        return value, np.concatenate([array.ravel() for array in inputs.values()]), gradient, blocks, terms

    report = _twice(contracted, shapes, seed, options)
    return replace(report, blocks=tuple(wrong.get(block.name, block) for block in report.blocks))


def _twice(contracted, shapes, seed, options):
    """The report of the first weights; if it has passed and those of others, along directions, have not,
    theirs.
    """
    rng = seeded(seed)
    reports = []
    for more in ({}, {"mode": "directions", "n_probes": 2}):
        arguments = contracted(*(rng.standard_normal(shape) for shape in shapes))
        reports.append(check(*arguments, seed=seed, **(options | more)))
        if not reports[-1].passed:
            return reports[-1]
    return reports[0]


def _wrong_shapes(gradients, inputs):
    """{name: BlockReport} of the inputs whose gradient is missing or has another shape."""
    found = {}
    for name, array in inputs.items():
        came = gradients.get(name)
        if came is None or np.shape(came) != array.shape:
            what = "missing" if came is None else f"of shape {np.shape(came)}"
            message = f"the gradient of {name!r} is {what}, but the input has {array.shape}"
            diagnosis = Diagnosis("shape", message)
            found[name] = BlockReport(name, array.shape, 0, None, *[np.nan] * 3, False, diagnosis)
    return found


def _packing(inputs):
    blocks, start = {}, 0
    for name, array in inputs.items():
        blocks[name] = (slice(start, start + array.size), array.shape)
        start += array.size

    def unpack(theta):
        return {name: theta[block].reshape(shape) for name, (block, shape) in blocks.items()}

    return blocks, unpack


def check_reparameterization(reparam, lam=None, eps=None, *, seed=0, **options):
    """Check a map z = g(eps; lam): its backward, and its log-determinant.

    The backward is checked with both incoming gradients at once. The log-determinant is held against
    log|det| of the numerical Jacobian dz/deps, which a round trip through the inverse cannot replace.

    Parameters
    ----------
    reparam : reparameterization
        With n_latent, n_params, forward and backward.
    lam : array (..., n_params), optional
    eps : array (..., L), optional
        By default drawn from a standard normal, three data and two samples.

    Returns
    -------
    Report
        Blocks "lam" (if the map has one), "eps", one for each block of the map's weights, and "log_det".
    """
    rng = seeded(seed)
    lam = rng.standard_normal((3, reparam.n_params)) if lam is None else np.asarray(lam, dtype=np.float64)
    eps = rng.standard_normal((2, 3, reparam.n_latent)) if eps is None else np.asarray(eps, dtype=np.float64)

    weights = getattr(reparam, "parameters", None) or ()
    before = {name: weights[name].copy() for name in weights}

    def forward(lam=lam, eps=eps, **blocks):
        for name, block in blocks.items():
            weights[name] = block
        z, log_det, cache = reparam.forward(lam, eps)
        return (z, log_det), cache

    def backward(cache, dz, dlog_det):
        dlam, deps = reparam.backward(cache, dz, dlog_det)
        return {"lam": dlam, "eps": deps} | {name: weights.gradient(name).copy() for name in weights}

    inputs = {"lam": lam, "eps": eps} if lam.size else {"eps": eps}
    try:
        report = check_backward(
            forward, backward, inputs | before, outputs=("z", "log_det"), seed=seed, **options
        )
    finally:
        for name, block in before.items():
            weights[name] = block
    batch = np.broadcast_shapes(lam.shape[:-1], eps.shape[:-1])
    points = np.array(np.broadcast_to(eps, (*batch, eps.shape[-1])))
    log_det = log_det_block(
        lambda eps: reparam.forward(lam, eps)[0],
        lambda eps: reparam.forward(lam, eps)[1],
        points,
        report.rtol,
    )
    return replace(report, blocks=(*report.blocks, log_det))
