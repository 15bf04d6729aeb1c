"""The result of a fit: q(z), what it says of the parameters, and whether to trust it."""

import functools
from typing import NamedTuple

import numpy as np

from scratchvae import importance
from scratchvae.validation import generator, last_axis, positive_int, real
from scratchvae.vi.summary import Summary

#: Draws that judge q, and stand for it where there is no closed form, if the model allows so many. The tail
#: of the weights is seen by few of them: khat of 10,000 draws varies by 0.2 from seed to seed.
N_DRAWS = 100_000


class Weighted(NamedTuple):
    """Draws of q with the logarithms of their importance weights p(x, z) / q(z)."""

    z: np.ndarray  # (S, L)
    log_w: np.ndarray  # (S,)


class Corrected(NamedTuple):
    """What the importance weights make of q's moments; each is an `importance.Estimate` but khat."""

    mean: importance.Estimate  # (P,), of the parameters in their own space
    sd: importance.Estimate  # (P,)
    log_evidence: importance.Estimate  # nats
    khat: float


class Posterior:
    """q(z), the member of a family nearest to p(z|x), as `scratchvae.fit` returns it.

    z is the model's unconstrained vector; what is reported by name is in the parameters' own space.

    Attributes
    ----------
    model : BayesianModel
    family, bound : str
        As the fit was asked for.
    elbo, elbo_error : float
        The ELBO of q by up to `N_DRAWS` draws, and its standard error, nats. On average it lies below
        log p(x).
    converged : bool
    n_steps : int
    n_skipped : int
        Draws that were left out because the model was NaN or infinite there.
    trace : array (n_steps,)
        The bound's noisy value at each step, nats; of minibatches, scaled to the whole data.
    stages : list of Stage
    restarts : list of float
        The bound that each restart reached, nats: far apart, they tell of several modes.
    """

    def __init__(self, model, reparam, path, weighted, *, family, bound, restarts=()):
        self.model, self.reparam = model, reparam
        self.coordinates, self.lam = path.coordinates, path.lam
        self.family, self.bound = family, bound
        self.converged, self.n_steps, self.n_skipped = path.converged, path.n_steps, path.n_bad
        self.trace, self.stages = np.array(path.trace), list(path.stages)
        self.restarts = list(restarts)
        self.weighted = weighted
        finite = weighted.log_w[np.isfinite(weighted.log_w)]
        self.elbo = float(finite.mean())
        self.elbo_error = float(finite.std(ddof=1) / np.sqrt(len(finite)))

    # --- the density ----------------------------------------------------------------------------

    @property
    def n_latent(self):
        return self.reparam.n_latent

    @property
    def mean(self):
        """E_q[z], (L,)."""
        return self._moments[0]

    @property
    def cov(self):
        """The covariance of z under q, (L, L)."""
        return self._moments[1]

    @property
    def sd(self):
        """The standard deviation of each entry of z under q, (L,)."""
        return np.sqrt(np.diagonal(self.cov))

    @functools.cached_property
    def _moments(self):
        if hasattr(self.reparam, "mean_and_cov"):
            mean, cov = self.reparam.mean_and_cov(self.lam)
            factor = self.coordinates.matrix
            return self.coordinates.forward(mean), factor @ cov @ factor.T
        return self.weighted.z.mean(axis=0), np.cov(self.weighted.z.T, ddof=1).reshape(self.n_latent, -1)

    def sample(self, n, rng):
        """Draw z (n, L) from q."""
        eps = generator(rng).standard_normal((positive_int(n, "n"), self.n_latent))
        return self.coordinates.forward(self.reparam.forward(self.lam, eps)[0])

    def log_prob(self, z):
        """log q(z), (...), nats, for z (..., L)."""
        y = self.coordinates.inverse(self._checked(z))
        return self.reparam.log_prob(self.lam, y) - self.coordinates.log_det

    def grad_log_prob(self, z):
        """Its gradient, (..., L): so that q can be the prior of what comes next."""
        y = self.coordinates.inverse(self._checked(z))
        cache = self.reparam.forward(self.lam, self.reparam.inverse(self.lam, y))[2]
        return self.coordinates.gradient_by_z(self.reparam.grad_log_q(cache))

    def _checked(self, z):
        return last_axis(real(z, "z"), "z", self.n_latent)

    # --- the parameters -------------------------------------------------------------------------

    @property
    def names(self):
        """One name for each number in the parameters: "mu", "eta[0]", ..."""
        return self.model.space.names

    def draws(self, n, rng):
        """Draw the parameters in their own space: a dict by name, each (n, ...)."""
        return self.model.space.forward(self.sample(n, rng))[0]

    @functools.cached_property
    def _parameters(self):
        """The weighted draws in the parameters' own space, (S, P)."""
        return self.model.space.flatten(self.model.space.forward(self.weighted.z)[0])

    def summary(self, probs=(0.05, 0.5, 0.95)):
        """Mean, standard deviation and quantiles of each parameter under q, by name: a `Summary`."""
        return Summary.of_draws(self.names, self._parameters, probs)

    def quantiles(self, probs=(0.05, 0.5, 0.95)):
        """The parameters' quantiles under q: a dict by name, each an array like `probs`."""
        found = np.quantile(self._parameters, probs, axis=0)  # (n, P)
        return dict(zip(self.names, found.T, strict=True))

    # --- whether to trust it --------------------------------------------------------------------

    @functools.cached_property
    def _smoothed(self):
        return importance.psis(self._finite.log_w, normalize=False)

    @functools.cached_property
    def _finite(self):
        return Weighted(self.weighted.z[self._good], self.weighted.log_w[self._good])

    @functools.cached_property
    def _good(self):
        """Which draws have a weight, zero (of log -inf, outside of the support) included."""
        return self.weighted.log_w < np.inf

    @property
    def khat(self):
        """The shape of the importance weights' tail; below 0.7 they can be trusted (Vehtari et al. 2024)."""
        return float(self._smoothed[1])

    @functools.cached_property
    def verdict(self):
        """A `scratchvae.importance.Verdict`: trust it, trust its mean but not its spread, or do not."""
        parameters = self._parameters[self._good]
        mean, sd = parameters.mean(axis=0), parameters.std(axis=0)
        return importance.judge_draws(mean, sd, parameters, self._finite.log_w, self.names)

    @functools.cached_property
    def corrected(self):
        """Moments of the parameters and log p(x), corrected by Pareto-smoothed importance weights."""
        parameters = self._parameters[self._good]
        smoothed, khat = self._smoothed
        mean, sd = (f(parameters, smoothed) for f in (importance.weighted_mean, importance.weighted_sd))
        return Corrected(mean, sd, importance.log_evidence(smoothed), float(khat))

    # --- what is shown --------------------------------------------------------------------------

    def plot(self, names=None):
        """Draw marginals and pairs of the parameters, and the trace of the bound; return the figures.

        Parameters
        ----------
        names : sequence of str, optional
            The parameters to draw, at most eight; the first ones if left out.

        Returns
        -------
        dict of str to matplotlib Figure
            "pairs" and "trace".
        """
        from scratchvae import plotting
        from scratchvae.validation import choose

        chosen = list(self.names[:8]) if names is None else list(names)
        known = {name: i for i, name in enumerate(self.names)}
        columns = [choose(known, name, "parameter") for name in chosen]
        pairs = plotting.pairs(self._parameters[:, columns], chosen)
        trace, ax = plotting.figure()
        ends = np.cumsum([stage.n_steps for stage in self.stages])
        plotting.bound_trace(ax, self.trace, ends, [stage.bound for stage in self.stages])
        return {"pairs": pairs, "trace": trace}

    def __str__(self):
        state = "converged" if self.converged else "NOT converged"
        skipped = f", {self.n_skipped} draws skipped" if self.n_skipped else ""
        found, khat = self.corrected.log_evidence, max(self.khat, 0.0)  # below 0 is as good as it gets
        is_heavy = khat >= self.verdict.threshold
        error = " (unreliable: its error is unknown)" if is_heavy else f" +- {found.standard_error:.3f}"
        evidence = f"{found.value:.3f}{error}, khat {khat:.2f}"
        lines = [
            str(self.summary()),
            f"{self.family} by {self.bound}: {state} in {self.n_steps:,} steps{skipped}",
            f"ELBO {self.elbo:.3f} +- {self.elbo_error:.3f} nats; log p(x) by importance weights {evidence}",
            str(self.verdict),
        ]
        return "\n".join(lines)

    def __repr__(self):
        name = type(self.model).__name__
        return f"<Posterior of {name}: {self.family}, ELBO {self.elbo:.3f}, khat {self.khat:.2f}>"
