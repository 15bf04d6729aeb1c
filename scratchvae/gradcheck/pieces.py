"""Checks of whole pieces: anything with a forward and a backward, a reparameterization, a VAE.

They ask an object for its methods only and import none of the package's models.
"""

from dataclasses import replace

import numpy as np

from scratchvae.gradcheck.check import check
from scratchvae.gradcheck.numerical import numerical_jacobian
from scratchvae.gradcheck.report import OK, BlockReport, Diagnosis
from scratchvae.validation import seeded


def check_backward(forward, backward, inputs, *, seed=0, **options):
    """Check a backward pass of any number of arrays in and out.

    The outputs y_1, y_2, ... are contracted with random weights to a number, s = sum_j <w_j, y_j>,
    whose gradient with respect to each input is what backward gives for the incoming gradients w_j.

    Parameters
    ----------
    forward : callable
        **inputs -> (outputs, cache), where outputs is a tuple of arrays.
    backward : callable
        (cache, *incoming gradients) -> dict of the inputs' gradients, by name.
    inputs : dict of str to array
    **options
        Of `check`.

    Returns
    -------
    Report
        With a block for each input.
    """
    rng = seeded(seed)
    inputs = {name: np.asarray(array, dtype=np.float64) for name, array in inputs.items()}
    outputs, cache = forward(**inputs)
    weights = [rng.standard_normal(np.shape(output)) for output in outputs]
    blocks, unpack = _packing(inputs)

    def contracted(theta):
        outputs, _ = forward(**unpack(theta))
        return sum(float((weight * output).sum()) for weight, output in zip(weights, outputs, strict=True))

    gradients = backward(cache, *weights)
    theta = np.concatenate([array.ravel() for array in inputs.values()])
    gradient = np.concatenate([np.ravel(gradients[name]) for name in inputs])
    return check(contracted, theta, gradient, blocks, seed=seed, **options)


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
        report = check_backward(forward, backward, inputs | before, seed=seed, **options)
    finally:
        for name, block in before.items():
            weights[name] = block
    return replace(report, blocks=(*report.blocks, _log_det_block(reparam, lam, eps, report.rtol)))


def _log_det_block(reparam, lam, eps, rtol):
    batch = np.broadcast_shapes(lam.shape[:-1], eps.shape[:-1])
    lam = np.broadcast_to(lam, (*batch, lam.shape[-1]))
    eps = np.broadcast_to(eps, (*batch, eps.shape[-1]))
    analytic = np.asarray(reparam.forward(lam, eps)[1])  # (...)
    if analytic.shape != batch:
        note = f"log_det has shape {analytic.shape}: it is one number a z, summed over features"
        return BlockReport("log_det", batch, 0, None, np.nan, np.nan, np.nan, False, Diagnosis("shape", note))
    numeric = np.empty(batch)
    for place in np.ndindex(batch):
        jacobian = numerical_jacobian(lambda e, lam=lam[place]: reparam.forward(lam, e)[0], eps[place])
        numeric[place] = np.linalg.slogdet(jacobian)[1]
    error = np.abs(analytic - numeric) / np.maximum(1, np.abs(numeric))
    worst = np.unravel_index(np.argmax(error), batch)  # argmax finds a NaN first
    numbers = float(analytic[worst]), float(numeric[worst]), float(error[worst])
    index, passed = tuple(map(int, worst)), bool(error[worst] <= rtol)
    diagnosis = OK if passed else Diagnosis("unexplained", "log_det is not log|det| of the Jacobian dz/deps")
    return BlockReport("log_det", batch, error.size, index, *numbers, passed, diagnosis)


def check_vae(vae, x, eps, bound="elbo", y=None, **options):
    """Check the gradient of a VAE's loss with respect to all its parameters, in a float64 copy.

    Parameters
    ----------
    vae : VAE
        Of any dtype; it is not changed.
    x : array (B, D)
    eps : array (K, B, L)
    bound : str
    y : array (B,), optional
        The labels, for a conditional model.
    **options
        Of `check`.

    Returns
    -------
    Report
        With a block for each of the model's.
    """
    vae = vae.astype("float64")
    parameters = vae.parameters

    def loss(theta):
        parameters.value = theta
        return vae.loss(x, eps, bound, y)

    def gradient(theta):
        parameters.value = theta
        vae.loss_and_grad(x, eps, bound, y)
        return parameters.grad.copy()

    return check(loss, parameters.value.copy(), gradient, parameters.blocks(), **options)
