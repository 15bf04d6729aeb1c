"""Exercise 1: log-densities, and sums of exponentials that do not overflow."""

from scratchvae.course.exercise import Exercise
from scratchvae.course.specs.ex01_densities import (
    bernoulli,
    log_sum_exp,
    mixture,
    multivariate_normal,
    normal,
)

EXERCISE = Exercise(
    "ex01_densities",
    "Densities and their logarithms",
    (normal.TASK, log_sum_exp.TASK, bernoulli.TASK, multivariate_normal.TASK, mixture.TASK),
)
