"""What maps from noise to latent have in common."""

import math

import numpy as np

from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.parameters import Parameters
from scratchvae.validation import last_axis, positive_int, real

#: Draws that stand for q where its moments have no closed form.
N_MOMENT_DRAWS = 512


class Reparameterization:
    """z = g(eps; lam), eps ~ N(0, I): a density q(z; lam) that can be drawn from and differentiated.

    A subclass writes ``forward(lam, eps) -> (z, log_det, cache)`` and ``backward(cache, dz, dlog_det) ->
    (dlam, deps)``, both gradients coming in, and, where there is one, ``inverse(lam, z) -> eps``. lam is
    (..., n_params), eps and z are (..., L), log_det is (...); leading axes broadcast. log_det is that of
    the forward map. The cache is a NamedTuple that holds at least `eps`, (..., L) in the shape of z, and
    `eps_shape`, the shape in which it came.

    A map may also have weights, the same for all data, as a network's: then `shapes` names their blocks,
    they lie in ``self.parameters``, and `backward` writes their gradients there, as a layer does.

    Parameters
    ----------
    n_latent : int
        L.

    Attributes
    ----------
    n_params : int
        The size of lam; it may be 0.
    spec : str
        The text that makes this map again: ``"full_rank"``, ``"low_rank:2"``.
    parameters : Parameters or None
        The weights.
    """

    spec = None
    parameters = None
    #: Whether a linear map after this one, of a lower triangular matrix, gives one of its kind again.
    takes_full_factor = False
    #: Whether q is a product over coordinates, which Rao-Blackwellization needs.
    factorises = False

    def __init__(self, n_latent):
        self.n_latent = positive_int(n_latent, "n_latent")

    def checked(self, lam, eps):
        """lam and eps as floats of lam's dtype, or a ValueError if their widths do not fit."""
        lam = last_axis(real(lam, "lam"), "lam", self.n_params)
        return lam, last_axis(real(eps, "eps"), "eps", self.n_latent).astype(lam.dtype, copy=False)

    def initial(self, rng):
        """The lam at which a free fit begins, near z = eps."""
        return np.zeros(self.n_params)

    # --- weights that all data share ------------------------------------------------------------

    def shapes(self):
        """The weights' blocks by name, {} if there are none."""
        return {}

    def attach(self, parameters=None, prefix=""):
        """Let the weights lie in `parameters`, under `prefix` + name; in a vector of their own if None."""
        if self.shapes():
            self.parameters = Parameters(self.shapes()) if parameters is None else parameters
            self.prefix = prefix

    def initialize(self, rng):
        """Draw the weights, near those of z = eps."""

    # --- the density ----------------------------------------------------------------------------

    def log_prob(self, lam, z):
        """log q(z; lam) = log p(eps) - log|det dz/deps| at eps = g^-1(z), (...), nats: Eq. (5)."""
        return self.density_forward(lam, z)[0]

    def density_forward(self, lam, z):
        """log q(z; lam) (...) at a given z (..., L), and the cache: the map as a density that is learned."""
        eps = self.inverse(lam, z)
        _, log_det, cache = self.forward(lam, eps)
        return self.log_noise(eps) - log_det, cache  # Eq. (5)

    def density_backward(self, cache, dlog_q):
        """Return dz and dlam for the incoming dlog_q (...): no inverse is differentiated.

        By z it is `grad_log_q`; by lam, with z held fixed, the score of Eq. (32), which one backward
        pass of the map gives.
        """
        dz = dlog_q[..., None] * self.grad_log_q(cache)
        return dz, self.backward(cache, -dz, -dlog_q)[0]  # Eq. (32)

    def log_noise(self, eps):
        """log p(eps) = log N(eps; 0, I), (...)."""
        return -0.5 * np.einsum("...i,...i->...", eps, eps) - HALF_LOG_2PI * self.n_latent

    def inverse(self, lam, z):
        """Return the eps (..., L) that gives z (..., L); a ValueError if the map has no inverse."""
        raise ValueError(
            f"the map {self.spec!r} has no inverse: q can be drawn from, but not evaluated at a given z."
        )

    def grad_log_q(self, cache):
        """The gradient of log q(z; lam) by z, (..., L), at the z of `cache`.

        log q(z) = log p(eps) - log|det| with eps = g^-1(z), whose Jacobian is J^-1, J = dz/deps: so

            d log q / dz = J^-T (-eps - d log|det| / deps)

        What is in the brackets takes one backward pass. J takes L of them here, and the solution O(L^3): a
        map whose J is of a special form does it faster.
        """
        ones = np.ones(cache.eps.shape[:-1], cache.eps.dtype)
        right = -cache.eps - self.backward(_for_each(cache), np.zeros_like(cache.eps), ones)[1]
        return self.solve_transposed(cache, right)

    def solve_transposed(self, cache, v):
        """J^-T v for v (..., L)."""
        rows = []
        for i in range(self.n_latent):  # the gradient of z_i is the i-th row of J
            dz = np.zeros_like(v)
            dz[..., i] = 1
            rows.append(self.backward(_for_each(cache), dz, np.zeros_like(v[..., 0]))[1])
        return np.linalg.solve(np.stack(rows, axis=-1), v[..., None])[..., 0]

    def add_score(self, cache, score, dz, dlog_det):
        """Return dz and dlog_det with the derivative `score` (...) by log q(z; lam) added, z held fixed.

        Along the path of z, log q = log p(eps) - log|det|. Its derivative by lam with z held fixed is
        that total less the part that comes through z, (dz/dlam)^T d log q / dz. Both are linear in what
        `backward` takes in: so -score goes to dlog_det, and -score d log q / dz to dz.
        """
        return dz - score[..., None] * self.grad_log_q(cache), dlog_det - score  # Eq. (32)

    def mean_and_sigma(self, lam):
        """Mean and standard deviation of each entry of z, (..., L), by draws that are always the same."""
        rng = np.random.default_rng(0)
        eps = rng.standard_normal((N_MOMENT_DRAWS // 2, *(1,) * (np.ndim(lam) - 1), self.n_latent))
        z = self.forward(lam, np.concatenate([eps, -eps]))[0]
        return z.mean(axis=0), z.std(axis=0)

    def split(self, lam):
        """(mean, factor, rest): z = mean + factor g(eps; rest), factor (L,) or lower triangular (L, L).

        What is affine in the map is taken out, so that a fit can go on in coordinates in which q is near
        a standard normal. Here nothing is.
        """
        return np.zeros(self.n_latent), np.ones(self.n_latent), lam


def _for_each(cache):
    """A cache with which `backward` gives deps for each z, not summed over those that share one eps."""
    return cache._replace(eps_shape=cache.eps.shape)


class Affine(Reparameterization):
    """z = mu + C eps with a matrix C of lam: the Gaussian N(mu, C C^T).

    lam begins with mu. A subclass gives `factor` (C) beside the methods of every map.
    """

    def factor(self, lam):
        """C (..., L, L)."""
        raise NotImplementedError

    def grad_log_q(self, cache):
        """d log q / dz = -C^-T eps, for log|det| does not depend on eps."""
        return self.solve_transposed(cache, -cache.eps)

    def mean_and_cov(self, lam):
        """Mean (..., L) and covariance C C^T (..., L, L) of z."""
        factor = self.factor(lam)
        return lam[..., : self.n_latent], factor @ np.swapaxes(factor, -1, -2)

    def mean_and_sigma(self, lam):
        """Mean and standard deviation of each entry of z, (..., L)."""
        return lam[..., : self.n_latent], np.sqrt((self.factor(lam) ** 2).sum(axis=-1))

    def kl_forward(self, lam):
        """KL(q || N(0, I)) in nats, (...), and the cache.

        For any Gaussian E_q[z_i^2] is a mean over the 2 L points eps = +-sqrt(L) e_i, whose mean is 0
        and whose second moment is I: they give the mean of every quadratic exactly. So

            KL = E[z^T z] / 2 - L / 2 - log|det C|
        """
        points = cubature_points(self.n_latent).astype(lam.dtype)
        points = points.reshape(-1, *(1,) * (lam.ndim - 1), self.n_latent)  # (2 L, ..., L)
        z, log_det, cache = self.forward(lam, points)
        kl = 0.5 * np.einsum("k...i,k...i->...", z, z) / len(points) - 0.5 * self.n_latent - log_det[0]
        return kl, (z, cache)  # Eq. (23)

    def kl_backward(self, cache, dkl):
        """Return dlam for the incoming dkl (...): dz = z / (2 L) at each point, dlog_det = -1."""
        z, inner = cache
        share = np.broadcast_to(dkl / len(z), z.shape[:-1])  # of each of the 2 L points, (2 L, ...)
        return self.backward(inner, share[..., None] * z, -share)[0]  # Eq. (23')


def cubature_points(n_latent):
    """The 2 L points +-sqrt(L) e_i: mean 0, second moment I; exact for cubics in Gaussian noise."""
    axes = math.sqrt(n_latent) * np.eye(n_latent)
    return np.concatenate([axes, -axes])
