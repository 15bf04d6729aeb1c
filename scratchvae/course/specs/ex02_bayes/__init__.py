"""Exercise 2: Bayes' theorem on a grid and in closed form, one datum at a time, and the evidence."""

from scratchvae.course.exercise import Exercise
from scratchvae.course.specs.ex02_bayes import (
    beta_binomial,
    beta_binomial_evidence,
    grid_posterior,
    normal_evidence,
    normal_update,
    sequential_update,
)

EXERCISE = Exercise(
    "ex02_bayes",
    "Bayes' theorem",
    (
        grid_posterior.TASK,
        beta_binomial.TASK,
        beta_binomial_evidence.TASK,
        normal_update.TASK,
        sequential_update.TASK,
        normal_evidence.TASK,
    ),
)
