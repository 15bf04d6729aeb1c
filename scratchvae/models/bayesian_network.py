"""A small Bayesian neural network: a prior over the weights, and regression as the likelihood."""

import math

import numpy as np

from scratchvae.constraints import Positive, Real
from scratchvae.distributions import densities
from scratchvae.models.constrained import ConstrainedModel
from scratchvae.nn import ACTIVATIONS, MLP
from scratchvae.validation import choose, finite, generator, in_range, numeric_array, positive_int


class BayesianNetwork(ConstrainedModel):
    """y_n ~ N(f(x_n; w), sigma^2), f a multilayer perceptron, each weight and bias w_j ~ N(0, prior_sigma^2).

    The parameters are the blocks of `scratchvae.nn.MLP` by their names, "0.weight", "0.bias", ..., in the
    order in which they lie in its vector, and after them the noise's standard deviation if it is
    learned: sigma ~ |N(0, noise_scale^2)|, of which z holds the logarithm. With r = y - f,

        log p(y|w) = sum_n (-r_n^2 / (2 sigma^2) - log sigma - log(2 pi) / 2)
        d/df_n = r_n / sigma^2        d/dsigma = sum_n (r_n^2 / sigma^3 - 1 / sigma)

    and d/df goes back through the network, for all samples at once, as `MLP.backward` does for one.

    The posterior has many equal modes: hidden units may change places, and with an odd activation such as
    tanh the signs of a unit's weights before and behind it may turn, which makes 2^H H! for one hidden layer
    of H units. Approximations are therefore to be judged by `predict`, not by the weights.

    (MacKay 1992, A practical Bayesian framework for backpropagation networks, Neural Computation 4, 448-472;
    Neal 1996, Bayesian Learning for Neural Networks. With prior_sigma fixed, a wider network has a prior of
    larger functions: Neal scales the last layer's weights by 1 / sqrt(H).)

    Parameters
    ----------
    x : array (N, D) or (N,)
        Inputs; a vector is N inputs of one number.
    y : array (N,) or (N, M)
        Responses.
    hidden : sequence of int
        Widths of the hidden layers; () is Bayesian linear regression.
    activation : str
        A name from ``nn.ACTIVATIONS``. Rectifiers have kinks, where log p has no gradient.
    noise_sigma : float or None
        The noise's standard deviation, in the units of y; None learns it.
    prior_sigma : float
        Standard deviation of every weight and bias a priori.
    noise_scale : float
        Scale of the half-normal prior of a learned noise_sigma, in the units of y.

    Raises
    ------
    ValueError
        If x and y are not finite arrays of as many rows, or a size or scale makes no sense.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 5)
    >>> model = BayesianNetwork(x, np.sin(3 * x), hidden=(4,), noise_sigma=None)
    >>> model.n_latent  # 4 + 4 and 4 + 1 weights and biases, and log sigma
    14
    >>> z = model.sample_prior(10, np.random.default_rng(0))
    >>> model.log_joint(z).shape, model.predict(z, [0.0, 0.5]).shape
    ((10,), (10, 2))
    """

    def __init__(
        self, x, y, hidden=(8,), activation="tanh", noise_sigma=0.1, prior_sigma=1.0, *, noise_scale=1.0
    ):
        self.x = _columns(x, "x")  # (N, D)
        self.y = finite(np.asarray(numeric_array(y, "y"), np.float64), "y")
        self.n_data = len(self.x)
        self._check_response(self.y)
        self.hidden, self.activation = _widths(hidden), activation
        self._activation = choose(ACTIVATIONS, activation, "activation")()
        self.noise_sigma = None if noise_sigma is None else _scale(noise_sigma, "noise_sigma")
        self.prior_sigma = _scale(prior_sigma, "prior_sigma")
        self.noise_scale = _scale(noise_scale, "noise_scale")
        n_out = 1 if self.y.ndim == 1 else self.y.shape[1]
        self.sizes = (self.x.shape[1], *self.hidden, n_out)
        self.parameters = {name: Real(shape) for name, shape in MLP.shapes(self.sizes).items()}
        if self.noise_sigma is None:
            self.parameters["noise_sigma"] = Positive()

    def _check_response(self, y):
        if y.ndim not in (1, 2) or len(y) != self.n_data or y.size == 0:
            raise ValueError(f"y must have shape (N,) or (N, M) with N = {self.n_data} rows, not {y.shape}.")

    # --- the network, for all samples at once ---------------------------------------------------

    def _forward(self, theta, x):
        """Return f (..., N, M) and the caches, for blocks with leading axes and x (N, D).

        As in `nn.Linear`, a = h W + b and h' = f(a); the last map is linear.
        """
        h, caches = x, []
        last = len(self.sizes) - 2
        for i in range(last + 1):
            a = h @ theta[f"{i}.weight"] + theta[f"{i}.bias"][..., None, :]  # (..., N, n_out)
            h_in, (h, cache) = h, (a, None) if i == last else self._activation.forward(a)
            caches.append((h_in, cache))
        return h, caches

    def _backward(self, theta, caches, dh):
        """Return the gradient by block, (..., *shape), for dh = df (..., N, M).

        As in `nn.Linear`: dW = h^T da, db = sum_n da_n, dh = da W^T, with da = dh' f'(a).
        """
        gradient = {}
        for i in reversed(range(len(caches))):
            h, cache = caches[i]
            da = dh if cache is None else self._activation.backward(cache, dh)
            gradient[f"{i}.weight"] = np.swapaxes(h, -1, -2) @ da
            gradient[f"{i}.bias"] = da.sum(axis=-2)
            if i > 0:
                dh = da @ np.swapaxes(theta[f"{i}.weight"], -1, -2)
        return gradient

    # --- the densities --------------------------------------------------------------------------

    def prior(self, theta):
        """log p(w) + log p(sigma), (...), and the gradient by block."""
        log_p, gradient = 0.0, {}
        for name, value in theta.items():
            if name == "noise_sigma":
                terms, gradient[name], _ = densities.half_normal(value, self.noise_scale)
                log_p = log_p + terms
            else:
                terms, gradient[name], *_ = densities.normal(value, 0.0, self.prior_sigma)
                log_p = log_p + terms.sum(axis=tuple(range(-len(self.parameters[name].shape), 0)))
        return log_p, gradient

    def likelihood(self, theta, rows=None):
        """log p(y|w, sigma), (...), of all rows or some, and the gradient by block."""
        x, y = self.x, self.y.reshape(self.n_data, -1)  # (N, D), (N, M)
        if rows is not None:
            x, y = x[rows], y[rows]
        f, caches = self._forward(theta, x)
        log_p, _, df, dsigma = densities.normal(y, f, self._sigma(theta)[..., None, None])
        gradient = self._backward(theta, caches, df)
        if self.noise_sigma is None:
            gradient["noise_sigma"] = dsigma.sum(axis=(-2, -1))
        return log_p.sum(axis=(-2, -1)), gradient

    def _sigma(self, theta):
        """The noise's standard deviation, (...) or ()."""
        return np.asarray(theta["noise_sigma"] if self.noise_sigma is None else self.noise_sigma)

    # --- predictions ----------------------------------------------------------------------------

    def predict(self, z, x_new):
        """The network's output at x_new for each z: the mean of y, without its noise.

        Parameters
        ----------
        z : array (..., L)
        x_new : array (N_new, D) or (N_new,)

        Returns
        -------
        array (..., N_new), or (..., N_new, M) if y has columns
        """
        x_new = _columns(x_new, "x_new")
        if x_new.shape[1] != self.sizes[0]:
            raise ValueError(f"x_new must have {self.sizes[0]} columns as x has, not shape {x_new.shape}.")
        f, _ = self._forward(self.space.forward(z)[0], x_new)
        return f[..., 0] if self.y.ndim == 1 else f

    def network(self, z):
        """The network of one z (L,), as an `nn.MLP`."""
        mlp = MLP(self.sizes, self.activation)
        z = numeric_array(z, "z")
        if z.shape != (self.n_latent,):
            raise ValueError(f"z must be one vector of shape ({self.n_latent},), not {z.shape}.")
        mlp.parameters.value = z[: len(mlp.parameters)]
        return mlp

    # --- simulation -----------------------------------------------------------------------------

    def sample_prior(self, n, rng):
        """Draw z (n, L) from the prior."""
        z = self.prior_sigma * generator(rng).standard_normal((positive_int(n, "n"), self.n_latent))
        if self.noise_sigma is None:
            z[:, -1] = np.log(self.noise_scale * np.abs(rng.standard_normal(n)))
        return z

    def simulate(self, z, rng):
        """Draw responses y at the model's own inputs, (..., N) or (..., N, M), for each z (..., L)."""
        theta = self.space.forward(z)[0]
        f, _ = self._forward(theta, self.x)
        y = f + self._sigma(theta)[..., None, None] * generator(rng).standard_normal(f.shape)
        return y[..., 0] if self.y.ndim == 1 else y

    @property
    def data(self):
        """The data, of the form that `simulate` gives."""
        return self.y

    def with_data(self, y):
        """The same network, inputs and priors with other responses, of the form of y."""
        if np.shape(y) != self.y.shape:
            raise ValueError(f"y must have the shape {self.y.shape} of the old one, not {np.shape(y)}.")
        return BayesianNetwork(
            self.x,
            y,
            self.hidden,
            self.activation,
            self.noise_sigma,
            self.prior_sigma,
            noise_scale=self.noise_scale,
        )


def _columns(x, name):
    """x as finite floats (N, D); a vector becomes one column."""
    x = finite(np.asarray(numeric_array(x, name), np.float64), name)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or x.size == 0:
        raise ValueError(f"{name} must have shape (N, D) or (N,) with no empty axis, not {x.shape}.")
    return x


def _widths(hidden):
    if isinstance(hidden, str) or not np.iterable(hidden):
        raise ValueError(f"hidden must be a sequence of widths such as (8,), not {hidden!r}.")
    return tuple(positive_int(width, "a width in hidden") for width in hidden)


def _scale(value, name):
    return in_range(value, name, 0, math.inf, low_open=True, high_open=True)
