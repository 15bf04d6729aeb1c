"""Exercise 4: estimates from draws, and two gradients of an expectation."""

from scratchvae.course.exercise import Exercise
from scratchvae.course.specs.ex04_monte_carlo import baseline, estimate, pathwise, score_function

EXERCISE = Exercise(
    "ex04_monte_carlo",
    "Monte Carlo estimates",
    (estimate.TASK, score_function.TASK, pathwise.TASK, baseline.TASK),
)
