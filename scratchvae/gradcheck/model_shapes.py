"""Does a model keep the samples apart? The shapes of its densities and gradients, before their values."""

import inspect

import numpy as np

from scratchvae.validation import numeric_array, positive_int, seeded

#: Leading axes of z that every function of a model must take.
LEADS = ((), (3,), (2, 3))
#: How far a row of a batch may be from the same z alone, relative to its size.
ROUNDING = 1e-8
ANY_AXES = (
    "z has shape (..., L), with any number of leading axes or none: write z[..., 0] for a latent variable "
    "and axis=-1 for a sum over features"
)


def check_model_shapes(model, *, seed=0, gradients=True):
    """Raise a ValueError that explains itself unless a model handles samples as it must.

    Each density is called with z of shapes (L,), (3, L) and (2, 3, L). It must give (), (3,) and (2, 3);
    its gradient must have the shape of z. A row of a batch must be what the same z gives alone, and z
    itself must stay as it was. Values are of no matter here; see `check_model`.

    Parameters
    ----------
    model : object
        With n_latent and log_prior, grad_log_prior, log_likelihood, grad_log_likelihood; or, in their
        place, log_joint and grad_log_joint.
    seed : int
        Of the z.
    gradients : bool
        Whether the gradients are called; inference by the score function needs none.

    Raises
    ------
    ValueError
        That names the function, what came, what was expected, and the usual reason.

    Examples
    --------
    >>> class Mean:
    ...     n_latent = 1
    ...     def log_joint(self, z):
    ...         return -0.5 * (z**2).sum()  # over the samples too
    ...     def grad_log_joint(self, z):
    ...         return -z
    >>> check_model_shapes(Mean())  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: log_joint(z) must have shape (3,) for z (3, 1), not (): sum over the features only, ...
    """
    rng = seeded(seed)
    if inspect.isclass(model):
        raise ValueError(
            f"model must be an object, not the class {model.__name__}: call {model.__name__}(...)."
        )
    if not hasattr(model, "n_latent"):
        raise ValueError(f"{type(model).__name__} has no n_latent: set it to the number of latent variables.")
    n_latent = positive_int(model.n_latent, "n_latent")
    for name in densities_of(model):
        for lead in LEADS:
            z = rng.standard_normal((*lead, n_latent))
            _check_function(model, name, z, lead)
            if gradients:
                _check_function(model, f"grad_{name}", z, z.shape)


def densities_of(model):
    """Which densities a model is written in: log_prior and log_likelihood, or log_joint alone."""
    is_joint = getattr(model, "is_joint", not hasattr(model, "log_prior") and hasattr(model, "log_joint"))
    return ("log_joint",) if is_joint else ("log_prior", "log_likelihood")


def called(model, name, z, *rows):
    """``model.name(z)`` as an array; what goes wrong inside becomes a ValueError that says where."""
    function = getattr(model, name, None)
    if function is None:
        raise ValueError(f"{type(model).__name__} has no {name}: write it.")
    try:
        with np.errstate(all="ignore"):  # overflow at a random z shows in the value
            value = function(z, *rows)
    except NotImplementedError as error:  # it says itself what to write
        raise ValueError(str(error) or f"{type(model).__name__} has no {name}: write it.") from None
    except (ValueError, IndexError, TypeError) as error:
        hint = "rows is an array of indices of the data" if rows else _hint(model)
        reason = str(error).rstrip(" .")
        raise ValueError(f"{name} fails for z of shape {z.shape}: {reason}. {hint}.") from error
    except KeyError as error:
        known = ", ".join(getattr(getattr(model, "space", None), "parameters", {}))
        raise ValueError(f"{name} asks for {error}, which is no parameter; there are {known}.") from error
    return numeric_array(value, f"{name}(z)")


def _hint(model):
    if not getattr(model, "parameters", None):
        return ANY_AXES
    return (
        "a parameter theta[name] has the samples' leading axes first: write theta[name][..., None] beside "
        "data; does each parameter's size match the data's"
    )


def _check_function(model, name, z, expected):
    """The shape of one function at one z, then its rows."""
    before = z.copy()
    value = called(model, name, z)
    if not np.array_equal(z, before):
        raise ValueError(f"{name} changes z in place (as z -= ... does): work on a copy, z - ..., instead.")
    if value.shape != expected:
        hint = _gradient_hint(value.shape, z) if name.startswith("grad_") else _density_hint(value.shape, z)
        raise ValueError(f"{name}(z) must have shape {expected} for z {z.shape}, not {value.shape}: {hint}.")
    for place in np.ndindex(z.shape[:-1]):
        _check_row(name, place, value[place], called(model, name, z[place]))


def _check_row(name, place, row, alone):
    scale = ROUNDING * np.maximum(1, np.abs(alone))
    with np.errstate(invalid="ignore"):
        same = (np.abs(row - alone) <= scale) | (row == alone) | (np.isnan(row) & np.isnan(alone))
    if not same.all():
        raise ValueError(
            f"{name} gives {row} for the sample at {place} of a batch, but {alone} for the same z alone: "
            f"samples must not mix. Sum over axis=-1 only; {ANY_AXES}."
        )


def _density_hint(came, z):
    if came == z.shape:
        return "it is one number a sample, so sum over the last axis: .sum(axis=-1)"
    if came == (*z.shape[:-1], 1):
        return "drop the last axis: sum over axis=-1 without keepdims, or take z[..., 0]"
    return f"sum over the features only, .sum(axis=-1), not over all axes; {ANY_AXES}"


def _gradient_hint(came, z):
    if came == z.shape[:-1]:
        return "it is one derivative a latent variable, so keep the last axis (keepdims=True, or np.stack)"
    return f"it is one derivative a latent variable of each sample; {ANY_AXES}"
