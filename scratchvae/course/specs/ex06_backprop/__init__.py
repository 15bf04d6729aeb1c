"""Exercise 6: the backward passes of a network's parts."""

from scratchvae.course.exercise import Exercise
from scratchvae.course.specs.ex06_backprop import (
    bernoulli_backward,
    cross_entropy_backward,
    linear_backward,
    relu_backward,
    tanh_backward,
)

EXERCISE = Exercise(
    "ex06_backprop",
    "Backpropagation by hand",
    (
        linear_backward.TASK,
        tanh_backward.TASK,
        relu_backward.TASK,
        bernoulli_backward.TASK,
        cross_entropy_backward.TASK,
    ),
)
