"""Hamiltonian Monte Carlo: a move of z along the gradient that leaves a density as it is."""

import numpy as np

#: By how much a step's length is varied, so that no trajectory closes upon itself.
JITTER = 0.2


def leapfrog(path, point, momentum, beta, step, n_steps):
    """Follow the Hamiltonian H(z, v) = -log f_beta(z) + |v|^2 / 2 for `n_steps` steps.

        v <- v + h/2 grad log f(z)        z <- z + h v        v <- v + h/2 grad log f(z)

    with a step h for each coordinate, so that it is as if z / h were moved. It is reversible, with v turned
    round, and keeps volume: each line shifts one of z and v by a function of the other. What it does to H is
    of the order h^2 and is made up for by `transition`. (Neal 2011, MCMC using Hamiltonian dynamics, 2.3.)

    Parameters
    ----------
    path : Path
    point : Point
    momentum : array (C, L)
        v.
    beta : float
    step : array (C, L)
        h.
    n_steps : int

    Returns
    -------
    point : Point
    momentum : array (C, L)
    """
    momentum = momentum + 0.5 * step * point.grad(beta)
    for i in range(n_steps):
        point = path.at(point.z + step * momentum)  # Eq. (61)
        half_or_whole = 0.5 if i == n_steps - 1 else 1.0  # two halves between steps are one
        momentum = momentum + half_or_whole * step * point.grad(beta)  # Eq. (61)
    return point, momentum


def transition(path, point, beta, step, n_steps, rng):
    """A move of all chains that leaves f_beta invariant, and is its own reverse.

    v is drawn, the leapfrog followed for 1 to `n_steps` steps (some trajectories would come back to where
    they began), and its end accepted with the probability min(1, e^(H - H')). A trajectory that runs off,
    where H' is no number, is refused.

    Parameters
    ----------
    step : array (L,)
        The length of a step in each coordinate, which must not depend on where the chains stand.

    Returns
    -------
    point : Point
    acceptance : array (C,)
        The probabilities with which moves were accepted.
    """
    n_chains = len(point.z)
    momentum = rng.standard_normal(point.z.shape)
    step = step * rng.uniform(1 - JITTER, 1 + JITTER, (n_chains, 1))
    n_steps = int(rng.integers(1, n_steps + 1))
    with np.errstate(all="ignore"):
        new, new_momentum = leapfrog(path, point, momentum, beta, step, n_steps)
        energy_lost = _minus_energy(new, new_momentum, beta) - _minus_energy(point, momentum, beta)
        acceptance = np.exp(np.minimum(np.where(np.isnan(energy_lost), -np.inf, energy_lost), 0))
    accepted = rng.random(n_chains) < acceptance
    return new.or_else(point, accepted), acceptance


def _minus_energy(point, momentum, beta):
    """-H, (C,)."""
    return point.log_prob(beta) - 0.5 * (momentum * momentum).sum(axis=-1)
