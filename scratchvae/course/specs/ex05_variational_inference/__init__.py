"""Exercise 5: KL, entropy, the ELBO of a conjugate model and its gradient, the best mean field."""

from scratchvae.course.exercise import Exercise
from scratchvae.course.specs.ex05_variational_inference import elbo, elbo_gradient, entropy, kl, mean_field

EXERCISE = Exercise(
    "ex05_variational_inference",
    "Variational inference",
    (kl.TASK, entropy.TASK, elbo.TASK, elbo_gradient.TASK, mean_field.TASK),
)
