"""The design matrix of a regression: an intercept, names, priors of the coefficients, and what is refused."""

from typing import NamedTuple

import numpy as np

from scratchvae.constraints import Real
from scratchvae.validation import finite, numeric_array


class Design(NamedTuple):
    """The N rows and P columns of a regression.

    Attributes
    ----------
    matrix : array (N, P), float64
        With the intercept's column of ones first, if there is one.
    names : tuple of str
        Of the P coefficients: "intercept", then the caller's names or "beta[0]", "beta[1]", ...
    parameters : dict of str to Real
        The same as parameters of a model: ``{"intercept": Real(), "beta": Real(3)}``, or one by name.
    """

    matrix: np.ndarray
    names: tuple
    parameters: dict


def design(x, intercept=True, names=None, reserved=()):
    """Return the `Design` of the explanatory variables `x`.

    Parameters
    ----------
    x : array (N, C) or (N,)
        One row a datum; one column a variable. A table with ``columns`` gives their names.
    intercept : bool
        Whether a column of ones comes first.
    names : sequence of str, optional
        Of the C columns of `x`, the intercept aside.
    reserved : sequence of str
        Names of the model's other parameters, such as "sigma".

    Raises
    ------
    ValueError
        For x that is empty, of another shape, not finite; for names that are not C different ones.
    """
    if names is None:
        names = getattr(x, "columns", None)
    x = _columns(x, intercept)
    parameters = _parameters(x.shape[1], bool(intercept), names, reserved)
    if intercept:
        x = np.concatenate([np.ones((len(x), 1)), x], axis=1)
    labels = tuple(f"beta[{i}]" for i in range(x.shape[1] - bool(intercept)))
    named = tuple(parameters) if names is not None else ("intercept",) * bool(intercept) + labels
    return Design(np.ascontiguousarray(x), named, parameters)


def _columns(x, intercept):
    x = finite(numeric_array(x, "x"), "x").astype(np.float64)
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim != 2 or len(x) == 0 or (x.shape[1] == 0 and not intercept):
        raise ValueError(
            f"x must have shape (N, C), one row a datum and one column a variable, or (N,), not {x.shape}."
        )
    return x


def _parameters(n_columns, intercept, names, reserved):
    first = {"intercept": Real()} if intercept else {}
    if names is None:
        return first | ({"beta": Real(n_columns)} if n_columns else {})
    names = (names,) if isinstance(names, str) else tuple(map(str, names))
    if len(names) != n_columns:
        raise ValueError(
            f"names must be one for each of the {n_columns} columns of x, not {len(names)}: {list(names)}."
        )
    taken = [*first, *reserved, *names]
    twice = sorted({name for name in names if taken.count(name) > 1})
    if twice:
        raise ValueError(
            f"two parameters would both be called {twice[0]!r}; give each column of x a name of its own"
            + (", other than " + ", ".join(map(repr, [*first, *reserved])) if first or reserved else "")
            + "."
        )
    return first | {name: Real() for name in names}


def response(y, n_rows, name="y"):
    """Return `y` as a float64 array (N,), or raise a ValueError if it does not fit the rows of x."""
    y = finite(numeric_array(y, name), name).astype(np.float64)
    if y.shape != (n_rows,):
        raise ValueError(f"{name} must have shape ({n_rows},), one for each row of x, not {y.shape}.")
    return y


def prior_scales(prior_sigma, n_coefficients, name="prior_sigma"):
    """Return the standard deviations (P,) of the coefficients' normal priors; inf is a flat prior.

    `prior_sigma` is one number for all, or one for each coefficient with the intercept's first.
    """
    sigma = numeric_array(prior_sigma, name).astype(np.float64)
    if sigma.shape not in ((), (n_coefficients,)):
        raise ValueError(
            f"{name} must be one number, or one for each of the {n_coefficients} coefficients with the "
            f"intercept's first; what came has shape {sigma.shape}."
        )
    if not np.all(sigma > 0):  # a NaN too
        raise ValueError(f"{name} must be above zero (numpy.inf for a flat prior), not {prior_sigma!r}.")
    return np.broadcast_to(sigma, (n_coefficients,)).copy()


def check_identified(matrix, names, sigma):
    """Raise a ValueError if the data and the priors leave a direction of the coefficients free.

    The posterior is improper along v if X v = 0 and no prior of finite sigma meets v. So the columns
    whose prior is flat must be linearly independent. With X = Q R, R has the same null space and only P
    rows; its singular value decomposition gives the null vectors, whose entries name the columns.
    """
    flat = np.isinf(sigma)
    if not flat.any():
        return
    columns = matrix[:, flat]
    length = np.linalg.norm(columns, axis=0)
    r = np.linalg.qr(columns / np.where(length > 0, length, 1), mode="r")
    _, singular, v = np.linalg.svd(r)
    singular = np.pad(singular, (0, len(v) - len(singular)))  # fewer rows than columns
    null = v[singular <= singular[0] * max(matrix.shape) * np.finfo(float).eps]
    if len(null):
        involved = np.abs(null).max(axis=0) > 1e-8
        guilty = [name for name, is_flat in zip(names, flat, strict=True) if is_flat]
        guilty = [name for name, is_in in zip(guilty, involved, strict=True) if is_in]
        raise ValueError(
            f"the columns {', '.join(guilty)} are linearly dependent and their priors are flat, so that the "
            "posterior is improper: leave one out, or give it a finite prior_sigma."
        )
