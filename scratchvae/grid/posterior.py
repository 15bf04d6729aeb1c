"""The posterior on a grid: its moments, marginals, quantiles, samples, and its use as the next prior."""

import dataclasses
import functools
import warnings

import numpy as np

from scratchvae.constraints import Space
from scratchvae.grid import quality
from scratchvae.grid.coordinates import check_model, names_of
from scratchvae.grid.evaluation import check_some_mass, check_values, on_grid
from scratchvae.grid.piecewise import PiecewiseLinear, density_level, interpolate, probabilities, sample_cells
from scratchvae.grid.quadrature import every_other, log_integral, weights
from scratchvae.validation import choose, generator, in_range, last_axis, positive_int, real, whole_number


@dataclasses.dataclass(frozen=True, eq=False)
class GridPosterior:
    """p(theta|x) at the points of a grid, by Bayes' theorem.

    Moments, evidence and masses are sums over the grid points with the weights of the trapezoid rule.
    Between the points the density is taken as linear (bilinear): marginals' quantiles, `sample` and
    `log_prob` are exact for that. "theta" here means free z for a grid with ``space="free"``.

    Attributes
    ----------
    axes : tuple of arrays (n_1,), (n_2,)
    names : tuple of str
    log_prior, log_likelihood : array (n_1,) or (n_1, n_2)
        At the grid points, nats; the prior as a density of theta.
    space : {"parameters", "free"}
    parameters : Space
        The model's parameters and their maps from free z.
    limits : array (L, 2) of bool
        Whether the axis begins, and ends, at the border of its parameter's domain.
    is_joint : bool
        Whether the model gave log p(x, theta) as a whole, counted as likelihood, so that no prior is known.
    log_evidence_before : float
        The log evidence of the data of earlier updates.
    """

    axes: tuple
    names: tuple
    log_prior: np.ndarray
    log_likelihood: np.ndarray
    space: str
    parameters: Space
    limits: np.ndarray
    is_joint: bool = False
    log_evidence_before: float = 0.0

    def __post_init__(self):
        check_values(self.log_prior, "the log-prior", self.axes, self.names)
        check_some_mass(self.log_joint, self.axes, self.names)

    # --- Bayes' theorem -------------------------------------------------------------------------

    @functools.cached_property
    def log_joint(self):
        """log p(x|theta) + log p(theta): the numerator, (n_1,) or (n_1, n_2)."""
        return self.log_likelihood + self.log_prior

    @functools.cached_property
    def log_evidence(self):
        """log p(x), the log of the numerator's integral, nats. After `update`: log p(x_new | x_old)."""
        return log_integral(self.log_joint, self.axes)  # Eq. (2)

    @property
    def log_evidence_total(self):
        """log p(x_old, x_new) of all data so far, nats: the log evidences of all updates add up."""
        return self.log_evidence_before + self.log_evidence

    @functools.cached_property
    def log_density(self):
        """log p(theta|x) at the grid points."""
        return self.log_joint - self.log_evidence  # Eq. (1)

    @functools.cached_property
    def density(self):
        """p(theta|x) at the grid points; its trapezoid integral is 1."""
        return np.exp(self.log_density)

    @functools.cached_property
    def prior(self):
        """p(theta) at the grid points, normalised over the grid; None for a joint density."""
        if self.is_joint:
            return None
        return np.exp(self.log_prior - log_integral(self.log_prior, self.axes))

    @functools.cached_property
    def likelihood(self):
        """p(x|theta) as a share of its largest value: only ratios of a likelihood have a meaning."""
        return np.exp(self.log_likelihood - self.log_likelihood.max())

    # --- moments --------------------------------------------------------------------------------

    @functools.cached_property
    def masses(self):
        """The probability that stands for each grid point: density times weight, of sum one."""
        return self.density * weights(self.axes)

    @functools.cached_property
    def _points(self):
        return np.stack(np.meshgrid(*self.axes, indexing="ij"), axis=-1)

    @functools.cached_property
    def mean(self):
        """E[theta|x], (L,)."""
        return np.tensordot(self.masses, self._points, axes=len(self.axes))

    @functools.cached_property
    def cov(self):
        """The covariance of theta given x, (L, L)."""
        centred = (self._points - self.mean).reshape(-1, len(self.axes))
        return (centred * self.masses.reshape(-1, 1)).T @ centred

    @property
    def sd(self):
        """The standard deviations, (L,)."""
        return np.sqrt(np.diag(self.cov))

    @property
    def mode(self):
        """The grid point of the highest density, (L,)."""
        return self._points[np.unravel_index(np.argmax(self.log_density), self.log_density.shape)]

    # --- marginals, quantiles, samples ----------------------------------------------------------

    def marginal(self, parameter):
        """The density of one parameter, by its name or its number, the other one integrated out.

        Returns
        -------
        PiecewiseLinear
        """
        i = self._number(parameter)
        rest = [axis for j, axis in enumerate(self.axes) if j != i]
        density = np.moveaxis(self.density, i, 0) * weights(rest)
        density = density.reshape(len(self.axes[i]), -1).sum(axis=1)
        return PiecewiseLinear(self.axes[i], density, self.names[i])

    def _number(self, parameter):
        if isinstance(parameter, str):
            return choose({name: i for i, name in enumerate(self.names)}, parameter, "parameter")
        number = whole_number(parameter, "the number of the parameter")
        if number >= len(self.axes):
            raise ValueError(
                f"there are {len(self.axes)} parameters, {list(self.names)}: no number {number}."
            )
        return number

    def quantile(self, p):
        """The quantiles of each parameter's marginal, (*p.shape, L)."""
        p = probabilities(p)
        return np.stack([self.marginal(i).quantile(p) for i in range(len(self.axes))], axis=-1)

    def interval(self, mass=0.9):
        """The central interval of each parameter: (low, high), each (L,), (1 - mass) / 2 on either side."""
        mass = in_range(mass, "mass", 0, 1, low_open=True, high_open=True)
        low, high = self.quantile([(1 - mass) / 2, (1 + mass) / 2])
        return low, high

    def sample(self, n, rng):
        """Draw theta, (n, L), from the density that is linear between the grid points."""
        return sample_cells(self.axes, self.density, positive_int(n, "n"), generator(rng))

    def log_prob(self, theta):
        """log p(theta|x), (...), for theta (..., L); minus infinity outside the grid."""
        theta = last_axis(real(theta, "theta"), "theta", len(self.axes))
        with np.errstate(divide="ignore"):
            return np.log(interpolate(self.axes, self.density, theta))

    def density_level(self, mass):
        """The density at the border of the smallest region that holds this mass: a contour to draw."""
        return density_level(
            self.density, self.masses, in_range(mass, "mass", 0, 1, low_open=True, high_open=True)
        )

    # --- is the grid good? ----------------------------------------------------------------------

    @functools.cached_property
    def edge_masses(self):
        """The probability in the first and in the last cell of each axis, (L, 2).

        Zero for a cell at the border of a parameter's domain, where nothing can be cut off.
        """
        masses = [self.marginal(i).cell_masses[[0, -1]] for i in range(len(self.axes))]
        return np.where(self.limits, 0.0, masses)

    @property
    def edge_mass(self):
        """The sum of `edge_masses`: near zero if the grid holds the whole posterior."""
        return float(self.edge_masses.sum())

    @functools.cached_property
    def resolution_error(self):
        """By how many nats the log evidence moves if every other grid point is left out."""
        coarse = log_integral(*every_other(self.log_joint, self.axes))
        return abs(coarse - self.log_evidence)

    @property
    def problems(self):
        """What is wrong with the grid, in sentences; empty if nothing is."""
        cuts = quality.cut_off(self.names, self.axes, self.edge_masses)
        return (*cuts, *quality.too_coarse(self.resolution_error))

    # --- today's posterior is tomorrow's prior ----------------------------------------------------

    def update(self, model):
        """The posterior after new data, on the same grid, with this posterior as the prior.

            p(theta | x_old, x_new) = p(x_new | theta) p(theta | x_old) / p(x_new | x_old)

        for new data that are independent of the old ones given theta.

        Parameters
        ----------
        model : BayesianModel
            The model of the new data, with the same parameters. Its prior is not used.

        Returns
        -------
        GridPosterior
        """
        check_model(model, self.space)
        names = names_of(model, self.space)
        # The same names are enough for a density over theta; one over z also needs the same maps.
        same_maps = self.space == "parameters" or repr(model.space) == repr(self.parameters)
        if names != self.names or not same_maps:
            raise ValueError(
                f"the posterior is one of {self.parameters!r}, the new model has {model.space!r}; an update "
                "needs the same parameters."
            )
        if model.is_joint:
            raise ValueError(
                f"{type(model).__name__} is written as log_joint: its likelihood, which an update needs, is "
                "not known; write log_likelihood and log_prior."
            )
        log_likelihood, _ = on_grid(model, self.axes, names, self.space)
        updated = dataclasses.replace(
            self,
            log_prior=self.log_density,
            log_likelihood=log_likelihood,
            is_joint=False,
            log_evidence_before=self.log_evidence_total,
        )
        for problem in updated.problems:
            warnings.warn(problem, stacklevel=2)
        return updated

    # --- to look at -------------------------------------------------------------------------------

    def plot(self, ax):
        """Draw prior, likelihood and posterior of one parameter, or contours of two; return `ax`."""
        from scratchvae import plotting

        if len(self.axes) == 2:
            masses = (0.5, 0.9, 0.99)
            levels = [self.density_level(mass) for mass in masses]
            return plotting.grid_contours(ax, *self.axes, self.density, levels, masses, self.names)
        marginal, likelihood = self.marginal(0), None
        if not self.is_joint:
            likelihood = np.exp(self.log_likelihood - log_integral(self.log_likelihood, self.axes))
        interval = marginal.quantile([0.05, 0.95])
        return plotting.grid_density(
            ax, self.axes[0], self.density, self.prior, likelihood, interval, self.names[0]
        )

    def __str__(self):
        low, high = self.interval(0.9)
        width = max(len(name) for name in self.names)
        lines = [f"{'':{width}} {'mean':>11} {'sd':>11} {'5%':>11} {'95%':>11}"]
        for name, *row in zip(self.names, self.mean, self.sd, low, high, strict=True):
            lines.append(f"{name:{width}} " + " ".join(f"{number:11.5g}" for number in row))
        points = " x ".join(f"{len(axis)}" for axis in self.axes)
        lines.append(f"log evidence {self.log_evidence:.4f} nats; grid of {points} points")
        return "\n".join([*lines, *self.problems])

    __repr__ = __str__
