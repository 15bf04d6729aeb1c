"""Autoregressive maps: each coordinate is moved by what a masked network says of those before it."""

import numpy as np

from scratchvae.broadcasting import unbroadcast
from scratchvae.nn import MADE
from scratchvae.numerics import gate
from scratchvae.reparam.coupling import MAX_LOG_SCALE
from scratchvae.reparam.networked import Cache, Networked, widths

#: Added to s: the gate begins at sigmoid(2) = 0.88, so that most of eps goes through.
GATE_BIAS = 2.0


class Autoregressive(Networked):
    """What the two directions share: a masked network of two outputs a coordinate.

    Parameters
    ----------
    n_latent : int
    hidden : sequence of int
        Widths of the masked network's hidden layers, wider than L; a number for one.
    n_context : int
        The size of lam, which every output of the network sees. It may be 0.
    activation : str
    """

    def __init__(self, n_latent, hidden=(64,), n_context=0, *, activation="tanh"):
        super().__init__(n_latent, n_context)
        sizes = self.n_latent, 2, widths(hidden), self.n_params, activation
        self.network = MADE(*sizes, prefix="network.")
        self.attach()

    def run_back(self, cache, dout, need_weights):
        """The gradients by the network's input and by its context, in dout's dtype."""
        dout_cast = dout.astype(self.parameters.dtype, copy=False)
        dx, dcontext = self.network.backward(cache, dout_cast, need_weights=need_weights)
        return dx.astype(dout.dtype, copy=False), dcontext.astype(dout.dtype, copy=False)


class InverseAutoregressive(Autoregressive):
    """z = sigma eps + (1 - sigma) m with (m, s) of a masked network of eps and lam: IAF.

    sigma = sigmoid(s + 2): a gate that lets eps through or replaces it by m, as in an LSTM. It never
    overflows, and begins near z = eps as the bias is positive. m_i and s_i depend on eps_1, ...,
    eps_(i-1) only: the Jacobian is triangular with diagonal sigma,

        log|det dz/deps| = sum_i log sigma_i                cost O(L), all z_i in one pass of the network

    With dz and dlog_det coming in, and d sigma / ds = sigma (1 - sigma), d log sigma / ds = 1 - sigma,

        dm = (1 - sigma) dz     ds = (1 - sigma) (dz sigma (eps - m) + dlog_det)
        deps = sigma dz + (what the network hands back for dm, ds)

    sigma < 1: the map alone only shrinks, and a diagonal map before or after it makes up for that. The
    inverse takes L passes, for eps_i must be known before m_(i+1) is; it loses as many digits as
    sigma has zeros. (Kingma, Salimans, Jozefowicz, Chen, Sutskever & Welling 2016, equations 13 and 14.)

    Parameters
    ----------
    n_latent, hidden, n_context, activation
        As of `Autoregressive`.
    """

    spec = "inverse_autoregressive"

    def _gates(self, x, context):
        """m, sigma, 1 - sigma, log sigma and the network's cache: each without cancellation."""
        out, cache = self.run(x, context)
        m, s = np.split(out, 2, axis=-1)
        return m, *gate(s + GATE_BIAS), cache

    def forward(self, lam, eps):
        """Return z (..., L), log_det (...) and the cache, for lam (..., n_context) and eps (..., L)."""
        context, full = self.broadcast(lam, eps)
        m, sigma, rest, log_sigma, network = self._gates(full, context)
        z = sigma * full + rest * m  # Eq. (50)
        log_det = log_sigma.sum(axis=-1)  # Eq. (51)
        cache = Cache(full, network, (m, sigma, rest), log_sigma, np.shape(lam), np.shape(eps))
        return z, log_det, cache

    def pull_back(self, cache, dz, dlog_det, need_weights=True):
        """dlam and deps with all leading axes of z."""
        m, sigma, rest = cache.inner
        ds = rest * (dz * sigma * (cache.eps - m) + dlog_det[..., None])  # Eq. (50'), Eq. (51')
        dout = np.concatenate([rest * dz, ds], axis=-1)
        deps, dcontext = self.run_back(cache.network, dout, need_weights)
        return dcontext, sigma * dz + deps

    def solve_transposed(self, cache, v):
        """The x of J^T x = v, by x <- (v - N x) / sigma, where J^T = diag(sigma) + N.

        N is strictly upper triangular: x_L is right at once, x_(L-1) after one step, all after L - 1
        steps of one backward pass each.
        """
        sigma, zeros = cache.inner[1], np.zeros_like(v[..., 0])
        x = v / sigma
        for _ in range(self.n_latent - 1):
            n_x = self.pull_back(cache, x, zeros, need_weights=False)[1] - sigma * x
            x = (v - n_x) / sigma
        return x

    def inverse(self, lam, z):
        """Return eps_i = (z_i - (1 - sigma_i) m_i) / sigma_i, one coordinate after the other."""
        context, full = self.broadcast(lam, z, "z")
        eps = np.zeros_like(full)
        for i in range(self.n_latent):
            m, _, rest, log_sigma, _ = self._gates(eps, context)
            eps[..., i] = ((full - rest * m) * np.exp(-log_sigma))[..., i]
        return eps


class MaskedAutoregressive(Autoregressive):
    """z = sigma eps + m with (m, log sigma) of a masked network of z and lam: MAF.

    The same as the inverse autoregressive map with the roles of eps and z exchanged: m_i and sigma_i
    depend on z_1, ..., z_(i-1). So the density at a given z takes one pass of the network, and a draw
    takes L. As a prior or another density that is learned from given z it is the better one of the two.

        log|det dz/deps| = sum_i log sigma_i

    log sigma = 2 tanh(a / 2), bounded as in `AffineCoupling`, for the network's output a. For the
    backward no step of the draw is unrolled. z is the solution of z = m(z) + sigma(z) eps; let N be the
    transpose of that right side's derivative by z, strictly upper triangular, and n the gradient of log|det|
    by z at fixed weights. The gradient u that arrives at the right side solves

        u = dz + dlog_det n + N u

    of which u <- dz + dlog_det n + N u gives u_L at once, u_(L-1) after one step, and all after L - 1;
    each takes one backward pass of the network, which does both sums at once, for

        dm = u    dlog_sigma = u sigma eps + dlog_det    da = (1 - (log sigma / 2)^2) dlog_sigma
        deps = sigma u

    (Papamakarios, Pavlakou & Murray 2017, section 3; the implicit function theorem for the gradient.)

    Parameters
    ----------
    n_latent, hidden, n_context, activation
        As of `Autoregressive`.
    """

    spec = "masked_autoregressive"

    def _moments(self, z, context):
        """m, log sigma and the network's cache."""
        out, cache = self.run(z, context)
        m, a = np.split(out, 2, axis=-1)
        return m, MAX_LOG_SCALE * np.tanh(a / MAX_LOG_SCALE), cache

    def forward(self, lam, eps):
        """Return z (..., L), log_det (...) and the cache: z_i after z_1, ..., z_(i-1)."""
        context, full = self.broadcast(lam, eps)
        z = np.zeros_like(full)
        for i in range(self.n_latent):
            m, log_sigma, _ = self._moments(z, context)
            z[..., i] = (m + np.exp(log_sigma) * full)[..., i]
        _, log_sigma, network = self._moments(z, context)
        cache = Cache(full, network, np.exp(log_sigma), log_sigma, np.shape(lam), np.shape(eps))
        return z, log_sigma.sum(axis=-1), cache

    def pull_back(self, cache, dz, dlog_det, need_weights=True):
        """dlam and deps with all leading axes of z."""
        u = dz
        for _ in range(self.n_latent - 1):
            u = dz + self._through_network(cache, u, dlog_det, need_weights=False)[0]
        n_u, dcontext = self._through_network(cache, u, dlog_det, need_weights)
        return dcontext, cache.inner * (dz + n_u)

    def _through_network(self, cache, u, dlog_det, need_weights):
        """dlog_det n + N u, and the gradient by the context."""
        dlog_sigma = u * cache.inner * cache.eps + dlog_det[..., None]
        da = (1 - (cache.log_slope / MAX_LOG_SCALE) ** 2) * dlog_sigma
        return self.run_back(cache.network, np.concatenate([u, da], axis=-1), need_weights)

    def solve_transposed(self, cache, v):
        """J^-T v = (d eps/dz)^T v: with w = v / sigma it is w - N w, one backward pass."""
        w = v / cache.inner
        n_w = self._through_network(cache, w, np.zeros_like(v[..., 0]), need_weights=False)[0]
        return w - n_w

    def inverse(self, lam, z):
        """Return eps = (z - m(z)) / sigma(z), all coordinates in one pass."""
        return self._noise(lam, z).eps

    def _noise(self, lam, z):
        """The cache of the forward map that gives z, in one pass."""
        context, full = self.broadcast(lam, z, "z")
        m, log_sigma, network = self._moments(full, context)
        eps = (full - m) * np.exp(-log_sigma)
        return Cache(eps, network, np.exp(log_sigma), log_sigma, np.shape(lam), eps.shape)

    # --- the density, for which this map is made --------------------------------------------------

    def density_forward(self, lam, z):
        """log q(z; lam) (...) at a given z (..., L), and the cache: one pass of the network."""
        cache = self._noise(lam, z)
        return self.log_noise(cache.eps) - cache.log_slope.sum(axis=-1), cache  # Eq. (5)

    def density_backward(self, cache, dlog_q):
        """Write the weights' gradients, return dz and dlam for the incoming dlog_q (...): one pass back.

        log q = -sum_i (eps_i^2 / 2 + log sigma_i) + const with eps = (z - m) / sigma, so for w = eps / sigma

            dm = dlog_q w    dlog_sigma = dlog_q (eps^2 - 1)    dz = -dlog_q w + (what the network hands back)
        """
        dz, dcontext = self._density_back(cache, dlog_q)
        return dz, unbroadcast(dcontext, cache.lam_shape)

    def _density_back(self, cache, dlog_q, need_weights=True):
        w = dlog_q[..., None] * cache.eps / cache.inner
        through_network, dcontext = self._through_network(cache, w, -dlog_q, need_weights)
        return through_network - w, dcontext

    def grad_log_q(self, cache):
        """The gradient of log q(z; lam) by z, (..., L); the weights' gradients stay."""
        return self._density_back(cache, np.ones_like(cache.eps[..., 0]), need_weights=False)[0]
