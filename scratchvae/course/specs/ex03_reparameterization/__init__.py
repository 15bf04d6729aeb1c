"""Exercise 3: from noise to latent, with the log-determinant, and back."""

from scratchvae.course.exercise import Exercise
from scratchvae.course.specs.ex03_reparameterization import (
    diagonal_backward,
    diagonal_forward,
    full_rank_backward,
    full_rank_forward,
    log_q,
)

EXERCISE = Exercise(
    "ex03_reparameterization",
    "Reparameterization and the log-determinant",
    (
        diagonal_forward.TASK,
        diagonal_backward.TASK,
        log_q.TASK,
        full_rank_forward.TASK,
        full_rank_backward.TASK,
    ),
)
