"""Temperatures, and step sizes for the moves at each, found before the run that counts."""

from typing import NamedTuple

import numpy as np

from scratchvae.evaluation.annealing.hmc import transition
from scratchvae.importance import effective_sample_size

#: Chains of the pilot, whose spread has an error of about a tenth.
N_CHAINS = 32
#: The share of the pilot's chains that a rise of the temperature leaves effective.
EFFECTIVE = 0.8
#: The acceptance that is aimed at; about 0.65 costs least a move (Beskos et al. 2013), more is safer.
TARGET = 0.8
#: The first step relative to the chains' spread, and how fast its logarithm follows the acceptance.
FIRST_STEP, GAIN = 0.8, 0.3
#: Between which it stays.
LIMITS = np.log(1e-3), np.log(3.0)
#: Moves at each of the pilot's temperatures.
N_MOVES = 4
#: A pilot that needs more temperatures begins too far from the posterior.
MOST_STAGES = 5000


class Tuning(NamedTuple):
    """What a pilot found at its temperatures, from 0 to 1."""

    betas: np.ndarray  # (n + 1,)
    log_step: np.ndarray  # (n + 1, L)

    def step(self, beta):
        """The step in each coordinate at beta, (L,)."""
        place = np.interp(beta, self.betas, np.arange(len(self.betas)))
        low = min(int(place), len(self.betas) - 2)
        share = place - low
        return np.exp((1 - share) * self.log_step[low] + share * self.log_step[low + 1])

    def temperatures(self, n):
        """beta_0 = 0 < ... < beta_n = 1, (n + 1,), by which log w varies least.

        Chains that mix give Var[log w] = sum_t (beta_t - beta_(t-1))^2 g(beta_t)^2 with g the standard
        deviation of log p(x, z) - log b(z) at that temperature. For given n that is least where all terms
        are equal (Gelman & Meng 1998, section 4.3); and they are about equal between the pilot's
        temperatures, as each leaves the same share of chains effective. So those are divided evenly.
        """
        places = np.linspace(0, len(self.betas) - 1, n + 1)
        return np.interp(places, np.arange(len(self.betas)), self.betas)


def tune(path, n_steps, rng, stopped=None):
    """Lead a pilot of some chains to the posterior; note the temperatures, and with what steps it got there.

    The temperature rises as far as leaves 80 % of the chains effective by the weights of this rise alone
    (Jasra, Stephens, Doucet & Tsagaris 2011), and the chains are moved. They are never drawn again by their
    weights: those that go on as several would be too narrow a sample to take the spread from. At each
    temperature the step is h = e s: s, the spread of the chains, takes out that coordinates differ in scale;
    log e rises where more moves than 80 % are accepted and falls where fewer are. Such steps depend on the
    chains, which would spoil their weights. The run that counts therefore has chains of its own, and takes
    steps and temperatures as they are: given the pilot it is exact. (Neal 2001, end of section 3.)

    Raises
    ------
    ValueError
        If the base is so far from the posterior that thousands of temperatures do not lead there.
    """
    point = path.at(path.sample(N_CHAINS, rng))
    betas, log_size = [0.0], np.log(FIRST_STEP)
    log_step = [log_size + _log_spread(point.z)]
    while betas[-1] < 1:
        if stopped is not None:
            stopped()
        beta = _next(betas[-1], point)
        for _ in range(N_MOVES):
            step = np.exp(log_size + _log_spread(point.z))
            point, acceptance = transition(path, point, beta, step, n_steps, rng)
            log_size = np.clip(log_size + GAIN * (acceptance.mean() - TARGET), *LIMITS)
        betas.append(beta)
        log_step.append(log_size + _log_spread(point.z))
        if len(betas) > MOST_STAGES:
            raise ValueError(
                f"{MOST_STAGES} temperatures do not lead from the base to the posterior (now at {beta:g}): "
                "give a base nearer to it, base=(mean, sigma), and check the gradient."
            )
    return Tuning(np.array(betas), np.array(log_step))


def _next(beta, point):
    """The next temperature."""
    log_ratio = point.log_joint - point.log_base
    possible = log_ratio > -np.inf  # False for NaN
    if not possible.any():
        raise ValueError(
            "log p(x, z) is nowhere finite where the pilot's chains are: give a base nearer to the posterior."
        )
    log_ratio = np.where(possible, log_ratio, -np.inf)
    low, high = 0.0, 1 - beta
    if not _leaves_enough(high, log_ratio, possible):
        for _ in range(60):  # by halves, to the last bit
            middle = (low + high) / 2
            low, high = (middle, high) if _leaves_enough(middle, log_ratio, possible) else (low, middle)
        high = max(low, np.finfo(np.float64).tiny)
    return 1.0 if high == 1 - beta else beta + high


def _leaves_enough(rise, log_ratio, possible):
    return effective_sample_size(rise * log_ratio[possible]) >= EFFECTIVE * possible.sum()


def _log_spread(z):
    """log of the standard deviation between chains, (L,); no less than rounding."""
    size = np.abs(z).max(axis=0) + np.finfo(np.float64).tiny
    return np.log(np.maximum(z.std(axis=0, ddof=1), 1e-10 * size))
