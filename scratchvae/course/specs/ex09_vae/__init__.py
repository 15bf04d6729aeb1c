"""Exercise 9: a VAE's bound, and its gradient by the encoder."""

from scratchvae.course.exercise import Exercise
from scratchvae.course.specs.ex09_vae import (
    elbo_of_each,
    encoder_backward,
    latent_gradient,
)

EXERCISE = Exercise(
    "ex09_vae",
    "The variational autoencoder",
    (
        elbo_of_each.TASK,
        latent_gradient.TASK,
        encoder_backward.TASK,
    ),
)
