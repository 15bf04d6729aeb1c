"""Exercise 7: numerical derivatives, and a checker of one's own."""

from scratchvae.course.exercise import Exercise
from scratchvae.course.specs.ex07_gradient_checking import (
    gradient_is_right,
    numerical_gradient,
)

EXERCISE = Exercise(
    "ex07_gradient_checking",
    "Gradient checking",
    (
        numerical_gradient.TASK,
        gradient_is_right.TASK,
    ),
)
