"""Bayes' theorem on a grid: prior times likelihood, divided by its sum."""

import warnings

from scratchvae.grid.coordinates import at_limit, check_model, checked_axes, from_free, limits_of, names_of
from scratchvae.grid.evaluation import on_grid
from scratchvae.grid.posterior import GridPosterior
from scratchvae.grid.window import axes_in, find_window

#: Points on an axis of a grid that is found by itself, by the number of axes, until it is fine enough.
SIZES = {1: (401, 1601, 6401, 25601), 2: (201, 401)}
#: ... which it is when the evidence moves by less than this many nats without every other point.
FINE = 4e-3


def grid_posterior(model, axes=None, space="parameters"):
    """The posterior of a model with one or two free numbers, by Bayes' theorem at every grid point.

        p(theta_i | x) = p(x | theta_i) p(theta_i) / Z,    Z = sum_i w_i p(x | theta_i) p(theta_i)

    with the weights w of the trapezoid rule; log Z is the log evidence. There is no approximation but
    the grid, so this is what any other approximation may be held against (Gelman et al., Bayesian Data
    Analysis, 2013, section 3.7; McElreath, Statistical Rethinking, 2020, section 2.4.3).

    Parameters
    ----------
    model : BayesianModel
        With ``n_latent`` 1 or 2. Its gradients are not used.
    axes : dict of str to array, sequence of arrays, or array; optional
        The points on the axis of each parameter, increasing, at least 5, of any spacing. A dict has the
        names of ``model.space.names``; a sequence has their order; one parameter may have its array
        alone. An end may lie on the border of a parameter's domain, ``np.linspace(0, 1, 201)`` for a
        probability: the density is then evaluated a millionth of a cell inside. Without axes a window
        is found: see `scratchvae.grid.window.find_window`.
    space : {"parameters", "free"}
        "parameters": the axes are those of the model's own parameters theta, and so is the density,

            log p(theta) = log p(z) - log|det dtheta/dz|

        "free": of unconstrained z, as inference sees them.

    Returns
    -------
    GridPosterior

    Raises
    ------
    ValueError
        If the model has more than two free numbers; an axis has few points, does not increase or leaves
        its parameter's domain; the density is NaN, or zero everywhere; or no window is found.

    Warns
    -----
    UserWarning
        If the grid cuts off mass at its edges or is too coarse; ``GridPosterior.problems`` says the same.

    Notes
    -----
    For a smooth density that vanishes at the edges, evenly spaced points give integrals to many digits
    as soon as the spacing is below a standard deviation (Trefethen & Weideman 2014); otherwise the error
    falls with the square of the spacing.
    """
    check_model(model, space)
    posterior = _automatic(model, space) if axes is None else _on(model, checked_axes(model, axes), space)
    for problem in posterior.problems:
        warnings.warn(problem, stacklevel=2)
    return posterior


def _on(model, axes, space):
    names = names_of(model, space)
    log_likelihood, log_prior = on_grid(model, axes, names, space)
    limits = at_limit(axes, limits_of(model, space))
    return GridPosterior(axes, names, log_prior, log_likelihood, space, model.space, limits, model.is_joint)


def _automatic(model, space):
    """The coarsest of a few grids over the window that is fine enough, or the finest."""
    window = find_window(model)
    for n in SIZES[model.n_latent]:
        posterior = _on(model, from_free(model, axes_in(window, n), space), space)
        if posterior.resolution_error < FINE:
            break
    return posterior
