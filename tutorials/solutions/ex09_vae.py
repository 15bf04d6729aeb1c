"""Exercise 9: the variational autoencoder.

To lesson 08, `08_the_vae.py`. Write the bodies of the functions; the docstring
of each gives the mathematics, the shapes and an example. Only NumPy is needed. Then

    scratchvae grade tutorials/exercises/ex09_vae.py

says which functions do what they should and, in words, what is wrong with the others. `--hints` helps.

Sizes: B data in a batch, D pixels, L latent dimensions. d<name> is the derivative by <name> of one scalar,
the loss say, in the shape of <name>.
"""

import numpy as np


def elbo_of_each(x, logits, mu, log_sigma):
    """The ELBO of each datum, with one draw and the divergence in closed form. (2 points)

        L_b = log p(x_b | z_b) - KL(N(mu_b, sigma_b^2) || N(0, I)),    sigma = e^log_sigma

    where the decoder has made the logits of z_b: log p(x|z) = sum_d [x_d l_d - log(1 + e^l_d)].

    Parameters
    ----------
    x : array (B, D) of 0 and 1
    logits : array (B, D)
    mu, log_sigma : arrays (B, L)

    Returns
    -------
    elbo : array (B,)

    Examples
    --------
    >>> elbo_of_each(np.array([[1.0]]), np.array([[0.0]]), np.array([[1.0]]), np.array([[0.0]])).round(4)
    array([-1.1931])
    """
    reconstruction = np.sum(x * logits - np.logaddexp(0, logits), axis=-1)
    kl = 0.5 * np.sum(mu**2 + np.exp(2 * log_sigma) - 1 - 2 * log_sigma, axis=-1)
    return reconstruction - kl


def latent_gradient(dz, mu, log_sigma, eps):
    """From the gradient by z to that by what the encoder gives. (3 points)

    The loss, a sum over the batch, is a function of z = mu + sigma eps, whose gradient dz comes in, plus the
    divergence

        KL = sum_bi [(mu_bi^2 + sigma_bi^2 - 1) / 2 - log_sigma_bi],    sigma = e^log_sigma

    Parameters
    ----------
    dz, mu, log_sigma, eps : arrays (B, L)

    Returns
    -------
    dmu, dlog_sigma : arrays (B, L)

    Examples
    --------
    >>> one = np.array([[1.0]])
    >>> latent_gradient(2 * one, 3 * one, np.log(2) * one, 0.5 * one)
    (array([[5.]]), array([[5.]]))
    """
    sigma = np.exp(log_sigma)
    # By two ways: through z, and through the divergence, whose gradients are mu and sigma^2 - 1.
    return dz + mu, dz * sigma * eps + sigma**2 - 1


def encoder_backward(x, h, weight2, dmu, dlog_sigma):
    """The backward pass of an encoder with one hidden layer. (4 points)

        h = tanh(x weight1 + bias1),    (mu, log_sigma) = h weight2 + bias2, side by side

    Parameters
    ----------
    x : array (B, D)
    h : array (B, H)
    weight2 : array (H, 2 L)
    dmu, dlog_sigma : arrays (B, L)

    Returns
    -------
    dweight1 : array (D, H)
    dbias1 : array (H,)
    dweight2 : array (H, 2 L)
    dbias2 : array (2 L,)

    Examples
    --------
    >>> one = np.array([[1.0]])
    >>> gradients = encoder_backward(2 * one, 0.5 * one, np.array([[1.0, 3.0]]), one, one)
    >>> [gradient.tolist() for gradient in gradients]
    [[[6.0]], [3.0], [[0.5, 0.5]], [1.0, 1.0]]
    """
    dlam = np.concatenate([dmu, dlog_sigma], axis=-1)  # (B, 2 L)
    dweight2, dbias2 = h.T @ dlam, dlam.sum(axis=0)
    da = (dlam @ weight2.T) * (1 - h**2)  # tanh' by its output
    return x.T @ da, da.sum(axis=0), dweight2, dbias2
