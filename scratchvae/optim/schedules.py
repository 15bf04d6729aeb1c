"""Learning rates, and weights of KL, as functions of the step count t = 1, 2, ...

A schedule remembers nothing. A checkpoint holds it by its `config`, and the optimizer's t says where it
stands.
"""

import bisect
import math
from collections.abc import Mapping
from dataclasses import dataclass

from scratchvae.optim.checks import positive
from scratchvae.optim.config import Configured, from_config
from scratchvae.validation import in_range, positive_int


class Schedule(Configured):
    """Base: a subclass is a dataclass with a `name` and gives `rate`, its formula.

    Attributes
    ----------
    length : int
        After so many steps the rate stays as it is; infinity if it may always change.
    """

    length = math.inf

    def __call__(self, t):
        """Return the learning rate of step t = 1, 2, ... as a float."""
        return float(self.rate(positive_int(t, "t")))

    def rate(self, t):
        """Learning rate of step t, which is a whole number of at least 1."""
        raise NotImplementedError


@dataclass
class Constant(Schedule):
    """The same rate `lr` at every step."""

    name = "constant"
    length = 0
    lr: float

    def __post_init__(self):
        self.lr = positive(self.lr, "lr")

    def rate(self, t):
        return self.lr


@dataclass
class StepDecay(Schedule):
    """lr factor^floor((t - 1) / every): the rate is multiplied by `factor` after each `every` steps.

    Parameters
    ----------
    lr : float
        The rate of the first `every` steps.
    factor : float
        In (0, 1].
    every : int
    """

    name = "step_decay"
    lr: float
    factor: float
    every: int

    def __post_init__(self):
        self.lr = positive(self.lr, "lr")
        self.factor = in_range(self.factor, "factor", 0, 1, low_open=True)
        self.every = positive_int(self.every, "every")

    def rate(self, t):
        return self.lr * self.factor ** ((t - 1) // self.every)


@dataclass
class Cosine(Schedule):
    """Half a cosine wave from `lr` down to `final` (Loshchilov & Hutter 2017, eq. 5, without restarts).

    lr_t = final + (lr - final) (1 + cos(pi (t - 1) / total)) / 2

    The t - 1 steps already done are the paper's T_cur: step 1 has the rate `lr`, all steps after the
    first `total` have `final`.

    Parameters
    ----------
    lr : float
    total : int
        The number of steps that the descent takes.
    final : float
        In [0, lr].
    """

    name = "cosine"
    lr: float
    total: int
    final: float = 0.0

    def __post_init__(self):
        self.lr = positive(self.lr, "lr")
        self.total = positive_int(self.total, "total")
        self.final = in_range(self.final, "final", 0, self.lr)

    @property
    def length(self):
        return self.total

    def rate(self, t):
        done = min((t - 1) / self.total, 1)
        return self.final + (self.lr - self.final) * (1 + math.cos(math.pi * done)) / 2


@dataclass
class Piecewise(Schedule):
    """``values[0]`` up to and including step ``boundaries[0]``, then ``values[1]``, and so on.

    Parameters
    ----------
    boundaries : sequence of int
        The last step of every piece but the last piece, which has no end; increasing.
    values : sequence of float
        The pieces' rates, one more than there are boundaries.

    Examples
    --------
    Burda et al. (2016) make 3^i passes over the data at the rate 0.001 * 10^(-i/7), for i = 0 ... 7:

    >>> from itertools import accumulate
    >>> steps_in_a_pass = 3000
    >>> boundaries = list(accumulate(3**i * steps_in_a_pass for i in range(7)))
    >>> schedule = Piecewise(boundaries, [0.001 * 10 ** (-i / 7) for i in range(8)])
    >>> schedule(1), schedule(3280 * steps_in_a_pass)
    (0.001, 0.0001)
    """

    name = "piecewise"
    boundaries: tuple[int, ...]
    values: tuple[float, ...]

    def __post_init__(self):
        self.boundaries = _tuple(self.boundaries, positive_int, "boundaries")
        self.values = _tuple(self.values, positive, "values")
        if list(self.boundaries) != sorted(set(self.boundaries)):
            raise ValueError(f"boundaries must increase, not be {list(self.boundaries)}.")
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"{len(self.boundaries)} boundaries part {len(self.boundaries) + 1} pieces, "
                f"but {len(self.values)} values came; give one rate a piece."
            )

    @property
    def length(self):
        return self.boundaries[-1] if self.boundaries else 0

    def rate(self, t):
        return self.values[bisect.bisect_left(self.boundaries, t)]


def _tuple(numbers, check, name):
    try:
        numbers = list(numbers)
    except TypeError:
        raise ValueError(f"{name} must be a list of numbers, not {numbers!r}.") from None
    return tuple(check(number, f"{name}[{i}]") for i, number in enumerate(numbers))


@dataclass
class WarmUp(Schedule):
    """A straight line up to another schedule, which it meets at t = `steps` and follows from there.

    lr_t = (t / steps) schedule(steps) for t <= steps, and schedule(t) after. The inner schedule is not
    delayed: its own t = 1 is the first step of the warm-up.

    Parameters
    ----------
    schedule : Schedule or float
    steps : int
    """

    name = "warm_up"
    schedule: Schedule
    steps: int

    def __post_init__(self):
        self.schedule = as_schedule(self.schedule)
        self.steps = positive_int(self.steps, "steps")

    @property
    def length(self):
        return max(self.steps, self.schedule.length)

    def rate(self, t):
        return min(t / self.steps, 1) * self.schedule(max(t, self.steps))


@dataclass
class Linear(Schedule):
    """A straight line from `first` at step 1 to `last`, which it reaches after `steps` steps and keeps.

    first + (last - first) (t - 1) / steps: with first = 0 and last = 1 the usual warm-up of KL (Bowman et
    al. 2016; Sonderby et al. 2016), see ``sv.bounds.BetaElbo``.

    Parameters
    ----------
    first, last : float
        At least 0.
    steps : int
    """

    name = "linear"
    first: float
    last: float
    steps: int

    def __post_init__(self):
        self.first = in_range(self.first, "first", 0, math.inf, high_open=True)
        self.last = in_range(self.last, "last", 0, math.inf, high_open=True)
        self.steps = positive_int(self.steps, "steps")

    @property
    def length(self):
        return self.steps

    def rate(self, t):
        done = min((t - 1) / self.steps, 1)
        return (1 - done) * self.first + done * self.last  # Eq. (55)


@dataclass
class Cyclic(Schedule):
    """From 0 in a straight line to `high`, which it keeps for a while, `cycles` times; then `high` for good.

    With T steps and M cycles the place in a cycle is tau = ((t - 1) mod T/M) / (T/M), and the rate
    high min(tau / rising, 1) (Fu et al. 2019, equations 6 and 7). Each cycle but the first begins where the
    one before it has brought the networks.

    Parameters
    ----------
    high : float
    total : int
        T, the steps of all cycles together.
    cycles : int
        M.
    rising : float
        The part of a cycle that goes up, in (0, 1].
    """

    name = "cyclic"
    high: float
    total: int
    cycles: int = 4
    rising: float = 0.5

    def __post_init__(self):
        self.high = positive(self.high, "high")
        self.total, self.cycles = positive_int(self.total, "total"), positive_int(self.cycles, "cycles")
        self.rising = in_range(self.rising, "rising", 0, 1, low_open=True)
        if self.cycles > self.total:
            raise ValueError(f"{self.cycles} cycles do not fit into total={self.total} steps.")

    @property
    def length(self):
        return self.total

    def rate(self, t):
        if t > self.total:
            return self.high
        place = (t - 1) * self.cycles % self.total / self.total  # tau, in whole numbers up to the division
        return self.high * min(place / self.rising, 1)  # Eq. (55)


#: The schedules by the name in their config.
SCHEDULES = {kind.name: kind for kind in (Constant, StepDecay, Cosine, Piecewise, WarmUp, Linear, Cyclic)}


def as_schedule(lr):
    """Return a schedule: `lr` itself, the constant rate `lr`, or what `lr` describes as a config."""
    if isinstance(lr, Schedule):
        return lr
    if isinstance(lr, Mapping):
        return from_config(SCHEDULES, lr, "schedule")
    if callable(lr):
        raise ValueError(
            f"lr must be a number or a schedule, not {lr!r}, which no checkpoint can hold; "
            f"use one of {', '.join(SCHEDULES)} or write a subclass of Schedule."
        )
    return Constant(lr)
