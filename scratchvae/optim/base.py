"""What all optimizers share: one step on a flat vector, and a state that can be saved."""

from collections.abc import Mapping

import numpy as np

from scratchvae.optim import checks
from scratchvae.optim.config import Configured
from scratchvae.optim.schedules import as_schedule


class Optimizer(Configured):
    """Base: a subclass is a dataclass with a `name`, the field `lr`, and `update`, its formula.

    Attributes
    ----------
    lr : Schedule
        Learning rate as a function of the step count; a number that was given is a constant schedule.
        Another schedule or number may be assigned between steps.
    t : int
        The number of steps done.
    slots : tuple of str
        Names of the arrays that the formula carries from step to step.
    arrays : dict of str to array (P,)
        Those arrays, of the parameters' dtype; zeros at the first step, empty before it.
    """

    slots = ()

    def __post_init__(self):
        self.lr = as_schedule(self.lr)
        self.t = 0
        self.arrays = {}

    def step(self, value, grad):
        """Make one step: change `value` in place, leave `grad` as it is.

        Parameters
        ----------
        value, grad : array (P,)
            Parameters and the loss's gradient there, both float32 or both float64.

        Raises
        ------
        ValueError
            If one is no such vector, if they differ in shape or dtype, or if they do not fit the state.
        """
        _check_pair(value, grad)
        if self.t == 0:
            self.arrays = {slot: np.zeros(value.shape, value.dtype) for slot in self.slots}
        self._check_fit(value)
        self.lr = as_schedule(self.lr)  # a number may have been assigned since
        lr = self.lr(self.t + 1)
        self.t += 1
        self.update(value, grad, lr)

    def update(self, value, grad, lr):
        """Apply the formula to `value` and to `arrays`, in place; `t` is the number of this step."""
        raise NotImplementedError

    def _check_fit(self, value):
        for array in self.arrays.values():
            if not _alike(array, value):
                raise ValueError(
                    f"The optimizer's state is of {_layout(array)}, but value is of {_layout(value)}; "
                    "use a new optimizer for other parameters."
                )

    def state(self):
        """Return all that changes from step to step: copies of `arrays`, and a dict that JSON can hold.

        With `config` it is what a checkpoint must keep.
        """
        arrays = {slot: array.copy() for slot, array in self.arrays.items()}
        return arrays, {"name": self.name, "t": self.t}

    def restore(self, arrays, meta):
        """Go to where an optimizer of the same config stood when it gave this `state`.

        From there on the steps are the same, bit by bit.

        Raises
        ------
        ValueError
            If it is the state of another kind of optimizer, of arrays of another shape or dtype, or no
            state at all. The optimizer is then left as it was.
        """
        t = self._read_meta(meta)
        if not isinstance(arrays, Mapping):
            raise ValueError(f"The arrays of a state must be a dict by name, not a {type(arrays).__name__}.")
        arrays = {slot: np.array(array) for slot, array in arrays.items()}
        self._check_arrays(arrays, self.slots if t else ())
        self.t, self.arrays = t, arrays

    def _read_meta(self, meta):
        try:
            name, t = meta["name"], meta["t"]
        except (KeyError, TypeError):
            raise ValueError("This is no state of an optimizer; pass what its state() returned.") from None
        if name != self.name:
            raise ValueError(f"The state is of the optimizer {name!r}, not {self.name!r}; build that one.")
        if type(t) is not int or t < 0:
            raise ValueError(f"The state is damaged: its step count must be a whole number, not {t!r}.")
        return t

    def _check_arrays(self, arrays, slots):
        if set(arrays) != set(slots):
            raise ValueError(
                f"The state has the arrays {sorted(arrays)}, but {self.name!r} as configured here has "
                f"{sorted(slots)}; build the optimizer from the saved config."
            )
        for slot, array in arrays.items():
            checks.vector(array, f"{slot} in the state")
        layouts = {_layout(array) for array in [*arrays.values(), *self.arrays.values()]}
        if len(layouts) > 1:
            raise ValueError(
                f"The state does not fit this optimizer's parameters: {' and '.join(sorted(layouts))}."
            )


def _check_pair(value, grad):
    checks.writable_vector(value, "value")
    checks.vector(grad, "grad")
    if not _alike(value, grad):
        raise ValueError(f"value is of {_layout(value)} but grad of {_layout(grad)}; they must be alike.")


def _alike(a, b):
    return a.shape == b.shape and a.dtype == b.dtype


def _layout(array):
    return f"shape {array.shape} and dtype {array.dtype}"
