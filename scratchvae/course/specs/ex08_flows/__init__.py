"""Exercise 8: maps whose log-determinant is straightforward."""

from scratchvae.course.exercise import Exercise
from scratchvae.course.specs.ex08_flows import (
    coupling_forward,
    coupling_inverse,
    invertible_u,
    planar_forward,
)

EXERCISE = Exercise(
    "ex08_flows",
    "Flows",
    (
        planar_forward.TASK,
        invertible_u.TASK,
        coupling_forward.TASK,
        coupling_inverse.TASK,
    ),
)
