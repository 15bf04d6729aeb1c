"""Exercise 10: an optimizer's step, a tighter bound, and what the weights are worth."""

from scratchvae.course.exercise import Exercise
from scratchvae.course.specs.ex10_optimizers_and_bounds import (
    adam_step,
    effective_sample_size,
    importance_weighted_bound,
)

EXERCISE = Exercise(
    "ex10_optimizers_and_bounds",
    "Adam, and the importance-weighted bound",
    (
        adam_step.TASK,
        importance_weighted_bound.TASK,
        effective_sample_size.TASK,
    ),
)
