"""What an exercise is: functions to write, inputs to call them with, the answers, and the usual mistakes."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True)
class Case:
    """One call: the arguments by name, and what is special about them.

    Attributes
    ----------
    inputs : dict of str to object
        Arrays, numbers, text, tuples of these, a `Source` or a `Draws`.
    label : str
        What this call is about, so that the words can say where an answer is wrong: "no leading axes",
        "large values". "" is the usual case.
    """

    inputs: dict
    label: str = ""


@dataclass(frozen=True)
class Source:
    """A function as argument. What crosses to the other process is its text, `np` being NumPy in it."""

    code: str


@dataclass(frozen=True)
class Draws:
    """A numpy.random.Generator as argument, of this seed in both processes."""

    seed: int


@dataclass(frozen=True)
class Wrong:
    """A usual mistake: what it is in words, and the function that makes it.

    Attributes
    ----------
    words : str
        A hint and no answer, as "this is the variance, not the standard deviation".
    function : callable
        Of the reference's signature. What it returns has the right form: wrong shapes are seen before.
    """

    words: str
    function: Callable


@dataclass(frozen=True)
class Property:
    """Something that every right answer has, in words.

    Attributes
    ----------
    words : str
        What is not so if it does not hold: "e to the result does not sum to one".
    holds : callable
        (inputs, answer) -> bool, of what the student's function returned.
    """

    words: str
    holds: Callable


@dataclass(frozen=True)
class Backward:
    """That a function's outputs are the gradients of a scalar, so that a wrong one can be diagnosed.

    Attributes
    ----------
    value : callable
        The inputs of one case, by name -> float: what is differentiated. For a backward pass it is the
        forward's outputs, each times its incoming gradient, summed.
    by : tuple of str
        The arguments that each output is the gradient of, in the outputs' order.
    terms : dict of str to callable
        The parts of a sum, by their names in words; each of the signature of `value`.
    sizes : tuple of str
        Arguments that a forgotten factor might be, if they are numbers: ("sigma",).
    """

    value: Callable
    by: tuple
    terms: dict = field(default_factory=dict)
    sizes: tuple = ()


@dataclass(frozen=True)
class Task:
    """One function to write.

    Attributes
    ----------
    reference : callable
        The right function; its name and its arguments' names are the student's.
    cases : callable
        numpy.random.Generator -> list of `Case`, of random shapes and values.
    outputs : tuple of str
        Names of what is returned; with more than one, the answer is a tuple.
    sizes : callable or None
        inputs -> {"K": 5, ...}: what a forgotten or doubled factor might be.
    wrong : tuple of Wrong
        The usual mistakes.
    properties : tuple of Property
    backward : Backward or None
    hints : tuple of str
        From the first nudge to a push; none is the answer.
    points : int
    rtol, atol : float
        An entry is right if it is within `atol` plus `rtol` times the right answer's largest absolute entry.
    same : callable or None
        (inputs, answer) -> bool in place of the comparison with the reference, where many answers are right.
    """

    reference: Callable
    cases: Callable
    outputs: tuple = ("result",)
    sizes: Callable | None = None
    wrong: tuple = ()
    properties: tuple = ()
    backward: Backward | None = None
    hints: tuple = ()
    points: int = 1
    rtol: float = 1e-7
    atol: float = 1e-10
    same: Callable | None = None

    @property
    def name(self):
        """The name that the student's function must have."""
        return self.reference.__name__


@dataclass(frozen=True)
class Exercise:
    """One file of functions to write.

    Attributes
    ----------
    name : str
        The file's stem, ``ex01_densities``.
    title : str
    tasks : tuple of Task
    """

    name: str
    title: str
    tasks: tuple

    @property
    def max_score(self):
        """The points of all functions."""
        return sum(task.points for task in self.tasks)

    def only(self, text):
        """The exercise with those functions alone whose name contains `text`; all, if that is None."""
        if text is None:
            return self
        chosen = tuple(task for task in self.tasks if text in task.name)
        if not chosen:
            names = ", ".join(task.name for task in self.tasks)
            raise ValueError(f"no function of {self.name} has {text!r} in its name; they are {names}.")
        return replace(self, tasks=chosen)


def in_this_process(value):
    """An argument as a function in this process gets it."""
    if isinstance(value, Source):
        return eval(value.code, {"np": np})  # the specification's own text
    if isinstance(value, Draws):
        return np.random.default_rng(value.seed)
    return value.copy() if isinstance(value, np.ndarray) else value
