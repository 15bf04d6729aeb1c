"""Stochastic optimization that ends by itself: stages of Adam, each in the coordinates of the last q."""

import math
from dataclasses import dataclass, field

import numpy as np

from scratchvae.optim import Adam
from scratchvae.vi.coordinates import Coordinates
from scratchvae.vi.minibatches import AnchoredModel
from scratchvae.vi.objective import Objective

#: A stage is repeated, at the same rate, while it raises the bound by more than so many nats.
PROGRESS = 0.05
#: After a stage without progress the rate is divided by this and the next stage is twice as long.
DECAY = math.sqrt(10)
#: How often the rate falls at least, before a fit may be called converged.
LEAST_DECAYS = 3
#: A fit has converged when a stage moves q by less than this, in units of q's standard deviation.
TOLERANCE = 0.02
#: The largest share of draws in a stage at which the model may be NaN or infinite.
MAX_BAD_SHARE = 0.2
#: Added to the root mean square of the gradient, which here has natural units, nats a standard deviation of
#: q: far above it Adam's steps have the size of the rate; far below, as where sticking the landing leaves no
#: noise, they shrink with the gradient, as those of gradient descent do.
EPSILON = 0.1
#: A stage that loses more than so many nats has gone astray, and is not taken.
LARGEST_LOSS = 1.0
#: A spread that has grown so many times over is that of an improper posterior.
RUNAWAY = 1e6


#: Where annealing begins.
FIRST_BETA = 0.1


class DivergedError(ValueError):
    """A fit that cannot go on: the posterior is improper, or the model not finite where q draws."""


@dataclass(frozen=True)
class Stage:
    """What a stage did.

    Attributes
    ----------
    lr : float
    n_steps : int
    bound : float
        Of the stage's averaged iterate, on noise that is the same for all stages, nats.
    moved : float
        How far q moved: the largest over coordinates of the root mean square change of a draw, in units
        of the standard deviation.
    """

    lr: float
    n_steps: int
    bound: float
    moved: float


@dataclass
class Path:
    """Where a fit stands, and how it came there."""

    coordinates: Coordinates
    lam: np.ndarray
    bound: float = -math.inf
    stages: list = field(default_factory=list)
    trace: list = field(default_factory=list)  # the bound at each step, nats
    n_bad: int = 0  # draws that were left out
    converged: bool = False

    @property
    def n_steps(self):
        return len(self.trace)


@dataclass(frozen=True)
class Pace:
    """How fast a fit goes.

    Attributes
    ----------
    lr : float
        The first rate.
    stage_steps : int
        The first stage's length.
    epsilon : float
        Adam's.
    anneal_steps : int
        Steps before the first stage, on a flattened density.
    """

    lr: float
    stage_steps: int
    epsilon: float = EPSILON
    anneal_steps: int = 0


class TemperedModel:
    """p(x, z)^beta in the place of p(x, z), which is flatter for beta < 1."""

    def __init__(self, model, beta):
        self.model, self.beta = model, beta

    def forward(self, z, rows=None):
        """Return beta log p(x|z), beta log p(z) and the cache."""
        log_likelihood, log_prior, cache = self.model.forward(z, rows)
        return self.beta * log_likelihood, self.beta * log_prior, cache

    def backward(self, cache, dlog_likelihood, dlog_prior):
        """Return dz."""
        dlog_prior = None if dlog_prior is None else self.beta * dlog_prior
        return self.model.backward(cache, self.beta * dlog_likelihood, dlog_prior)

    def __getattr__(self, name):
        """Everything else is the model's own."""
        return getattr(self.model, name)


class StagedAdam:
    """Raises the bound of a model by stages of Adam.

    Each stage has a constant rate, in the coordinates in which the q that it starts from is a standard
    normal; its result is the average of the second half of its iterates, which is far less noisy than
    the last one (Polyak & Juditsky 1992; in variational inference, Dhaka et al. 2020). While a stage
    makes progress it is repeated; then the rate falls and the stages grow longer, until
    one moves q by less than a fiftieth of q's own standard deviation, and not steadily in one direction
    (`has_settled`). That is the scheme of Welandawe et al. (2022) but for the rule to stop: they compare
    two Gaussians by their divergence, we compare draws that share their noise. This serves every map, and
    it bounds the Wasserstein distance between the two q, and so what mean and standard deviation may still
    be off (Huggins et al. 2020).

    Parameters
    ----------
    model : BayesianModel
    reparam : Reparameterization
    bound : Bound
    batches : iterator
        The rows of each step, with their number a pass as `n_batches`.
    noise : callable
        n -> eps (n, L).
    evaluation_noise : array (K, G, L)
        The noise on which stages are compared, the same for all: G times K draws.
    pace : Pace
    """

    def __init__(self, model, reparam, bound, batches, noise, evaluation_noise, pace):
        self.model, self.reparam, self.bound, self.batches = model, reparam, bound, batches
        self.noise, self.evaluation_noise = noise, evaluation_noise
        self.lr, self.stage_steps, self.epsilon = pace.lr, pace.stage_steps, pace.epsilon
        self.anneal_steps = pace.anneal_steps

    def run(self, path, steps, on_step):
        """Go on from where `path` stands until q no longer moves, or for so many steps."""
        if self.anneal_steps:
            self.anneal(path, on_step)
        path.bound = self.value(path.coordinates, path.lam)
        first_spread = path.coordinates.spread
        lr, n_steps, n_decays = self.lr, self.stage_steps, 0
        while not path.converged and path.n_steps + self.stage_steps <= steps:
            gain = self.stage(path, lr, min(n_steps, steps - path.n_steps), on_step)
            _check_runaway(path, first_spread, self.model.space.names)
            # What the stages at lower rates will take: the next is twice as long, and so on.
            reserved = self.stage_steps * sum(2**i for i in range(n_decays + 1, LEAST_DECAYS + 1))
            if gain > PROGRESS and path.n_steps + n_steps + reserved <= steps:
                continue
            path.converged = n_decays >= LEAST_DECAYS and self.has_settled(path.stages[-1], n_steps)
            lr, n_steps, n_decays = lr / DECAY, 2 * n_steps, n_decays + 1

    def anneal(self, path, on_step):
        """Steps towards p(x, z)^beta with beta rising from 0.1 to 1, so that q does not fall into one mode.

        Rezende & Mohamed (2015, section 6.1) let beta rise by equal steps. Here it rises by equal factors:
        what decides how much of q each mode keeps is the time at which q parts, when the valley between
        them is a few nats deep, and for a deep valley that is at a small beta.
        """
        model = TemperedModel(self.model, FIRST_BETA)
        objective = Objective(model, self.reparam, self.bound, path.coordinates)
        adam = Adam(self.lr, epsilon=self.epsilon)
        for beta in np.geomspace(FIRST_BETA, 1, self.anneal_steps):
            model.beta = beta
            found = objective.loss_and_grad(
                path.lam, self.noise(len(self.evaluation_noise)), next(self.batches)
            )
            if found.loss is not None:
                adam.step(path.lam, found.dlam)
            path.trace.append(math.nan)  # of another density than p(x, z)
            path.n_bad += found.n_bad
            on_step(path)
        path.stages.append(
            Stage(self.lr, self.anneal_steps, self.value(path.coordinates, path.lam), math.inf)
        )

    def has_settled(self, stage, n_steps):
        """Whether a stage left q where it was: not far, and no farther than steps of no direction go.

        A step of Adam is about lr long. n of them in random directions bring each of the parameters,
        n_params / L for a coordinate, about lr sqrt(n) away. What goes farther goes somewhere, however
        slow a small rate makes it: the maximum is still ahead, or there is none, as where the posterior is
        improper. Of a stage that was to have `n_steps` and was cut short, less is allowed.
        """
        wander = stage.lr * math.sqrt(stage.n_steps * self.reparam.n_params / self.reparam.n_latent)
        return stage.moved < min(TOLERANCE * math.sqrt(stage.n_steps / n_steps), wander)

    def stage(self, path, lr, n_steps, on_step):
        """One stage, from which `path` goes on unless the bound has fallen; return the bound's gain."""
        lam = self.average(path, lr, n_steps, on_step)
        bound = self.value(path.coordinates, lam)
        gain = bound - path.bound
        moved = movement(self.reparam, path.lam, lam, self.evaluation_noise)
        path.stages.append(Stage(lr, n_steps, bound, moved))
        if gain > -LARGEST_LOSS or not math.isfinite(path.bound):
            mean, factor, path.lam = self.reparam.split(lam)
            path.coordinates, path.bound = path.coordinates.then(mean, factor), bound
        return gain

    def average(self, path, lr, n_steps, on_step):
        """Steps of Adam from where `path` stands; the average of lam over their second half."""
        objective = Objective(self._model_near(path), self.reparam, self.bound, path.coordinates)
        adam, lam = Adam(lr, epsilon=self.epsilon), path.lam.copy()
        total, n_averaged, n_bad = np.zeros_like(lam), _whole_passes(n_steps, self.batches.n_batches), 0
        for i in range(n_steps):
            eps = self.noise(self.evaluation_noise.shape[0])  # (K, L)
            found = objective.loss_and_grad(lam, eps, next(self.batches))
            n_bad += found.n_bad
            _check_bad_share(n_bad, (i + 1) * len(eps), i + 1 == n_steps)
            if found.loss is not None:
                adam.step(lam, found.dlam)
            if i >= n_steps - n_averaged:
                total += lam
            path.trace.append(math.nan if found.loss is None else -found.loss)
            on_step(path)
        path.n_bad += n_bad
        return total / n_averaged

    def _model_near(self, path):
        """The model; of minibatches, with a control variate at q's mean."""
        if self.batches.n_batches == 1 or not self.bound.pathwise:
            return self.model
        return AnchoredModel(self.model, path.coordinates.shift)

    def first_value(self, coordinates, lam):
        """What is compared to choose where to begin: the bound of the density that the first steps see."""
        if not self.anneal_steps:
            return self.value(coordinates, lam)
        model = TemperedModel(self.model, FIRST_BETA)
        return Objective(model, self.reparam, self.bound, coordinates).value(lam, self.evaluation_noise)

    def value(self, coordinates, lam):
        """The bound on the noise of comparison and on all data, nats; -inf if it is nowhere finite."""
        objective = Objective(self.model, self.reparam, self.bound, coordinates)
        return objective.value(lam, self.evaluation_noise)


def movement(reparam, lam, other, eps):
    """How far q moves from lam to other: the largest over coordinates of the root mean square of
    g(eps; other) - g(eps; lam), in units of the standard deviation."""
    eps = eps.reshape(-1, eps.shape[-1])
    before, after = reparam.forward(lam, eps)[0], reparam.forward(other, eps)[0]
    spread = np.minimum(before.std(axis=0), after.std(axis=0))
    return float((np.sqrt(((after - before) ** 2).mean(axis=0)) / spread).max())


def _whole_passes(n_steps, n_batches):
    """Half of the steps; as many of them as make whole passes over the data, if that is possible."""
    half = max(1, n_steps // 2)
    return half - half % n_batches if half >= n_batches else half


def _check_bad_share(n_bad, n_seen, at_the_end):
    """Raise a DivergedError if the model is too often NaN or infinite where q draws."""
    enough = at_the_end or n_seen >= 200
    if enough and n_bad > MAX_BAD_SHARE * n_seen:
        raise DivergedError(
            f"the model's log-density or gradient was NaN or infinite at {n_bad} of {n_seen} draws of z. "
            "Look for a logarithm of zero, an overflow or a division by zero in log_prior and log_likelihood "
            "(parameters that must be positive belong in `parameters` as Positive()); or begin where it is "
            "finite: start=z."
        )


def _check_runaway(path, first_spread, names):
    """Raise a DivergedError if a spread has grown out of all bounds."""
    growth = path.coordinates.spread / first_spread
    i = int(np.argmax(growth))
    if not growth[i] < RUNAWAY or not np.isfinite(path.coordinates.shift).all():
        raise DivergedError(
            f"the fit runs away: after {path.n_steps} steps the spread of {names[i]!r} (on its "
            f"unconstrained scale) is {path.coordinates.spread[i]:.1e} and growing. The posterior is "
            "probably improper, one that does not integrate to one: give a proper prior to every parameter "
            "that the data do not determine."
        )
