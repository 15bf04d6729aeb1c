"""Couplings: one half of the coordinates passes, and says how the other half is moved."""

import numpy as np

from scratchvae.nn import MLP
from scratchvae.reparam.networked import Cache, Networked, widths

#: log s of an affine coupling stays between -MAX_LOG_SCALE and MAX_LOG_SCALE.
MAX_LOG_SCALE = 2.0


class Coupling(Networked):
    """z_a = eps_a, z_b = f(eps_b; h), h = network(eps_a, lam), with f increasing and elementwise.

    The network may be anything: it is never inverted, for eps_a = z_a is known on the way back. With
    D = diag(f'), the Jacobian and its inverse's transpose are, in the order (a, b),

        J = [ I  0 ]        J^-T v = [ v_a - A^T D^-1 v_b ]        log|det J| = sum_i log f'(eps_b,i)
            [ A  D ]                 [       D^-1 v_b     ]

    so log|det| costs O(L), and J^-T v one backward pass of the network, which gives A^T times a vector
    (Dinh et al. 2015, section 3).

    A subclass gives the elementwise function with its parameters `out`, those of one coordinate being
    out[i], out[i + n_moved], ...: `transform`, `transform_backward` and `transform_inverse`.

    Parameters
    ----------
    n_latent : int
        L, two at least.
    hidden : sequence of int
        Widths of the network's hidden layers; a number for one.
    n_context : int
        The size of lam, which the network sees beside eps_a. It may be 0.
    flip : bool
        The first L // 2 coordinates pass, or are moved if `flip`: two couplings, the second with flip,
        move every coordinate.
    activation : str
    n_out : int
        The number of parameters of f for each coordinate.
    """

    def __init__(self, n_latent, hidden=(64,), n_context=0, flip=False, *, activation="tanh", n_out):
        super().__init__(n_latent, n_context)
        if self.n_latent < 2:
            raise ValueError(
                "a coupling needs two dimensions at least, one that passes and one that is moved, "
                f"but n_latent is {n_latent}."
            )
        self.flip, self.n_first = bool(flip), self.n_latent // 2
        self.n_moved = self.n_first if flip else self.n_latent - self.n_first
        self.n_passed = self.n_latent - self.n_moved
        sizes = (self.n_passed + self.n_params, *widths(hidden), self.n_moved * n_out)
        self.network = MLP(sizes, activation, prefix="network.")
        self.attach()

    def _halves(self, x):
        """What passes and what is moved."""
        first, second = x[..., : self.n_first], x[..., self.n_first :]
        return (second, first) if self.flip else (first, second)

    def _joined(self, passed, moved):
        return np.concatenate((moved, passed) if self.flip else (passed, moved), axis=-1)

    def forward(self, lam, eps):
        """Return z (..., L), log_det (...) and the cache, for lam (..., n_context) and eps (..., L)."""
        context, full = self.broadcast(lam, eps)
        passed, other = self._halves(full)
        out, network = self.run(np.concatenate([passed, context], axis=-1))
        moved, log_slope, inner = self.transform(other, out)
        log_det = log_slope.sum(axis=-1)  # Eq. (47)
        cache = Cache(full, network, inner, log_slope, np.shape(lam), np.shape(eps))
        return self._joined(passed, moved), log_det, cache

    def pull_back(self, cache, dz, dlog_det, need_weights=True):
        """dlam and deps with all leading axes: through f, then through the network to what passes."""
        dpassed, dmoved = self._halves(dz)
        dother, dout = self.transform_backward(cache.inner, dmoved, dlog_det[..., None])
        dinput = self.run_back(cache.network, dout, need_weights)
        deps = self._joined(dpassed + dinput[..., : self.n_passed], dother)
        return dinput[..., self.n_passed :], deps

    def solve_transposed(self, cache, v):
        """J^-T v: w_b = D^-1 v_b, and w_a = v_a - A^T w_b by one backward pass of w_b."""
        passed, moved = self._halves(v)
        moved = moved * np.exp(-cache.log_slope)
        dz, zeros = self._joined(np.zeros_like(passed), moved), np.zeros_like(v[..., 0])
        through_network = self._halves(self.pull_back(cache, dz, zeros, need_weights=False)[1])[0]
        return self._joined(passed - through_network, moved)

    def inverse(self, lam, z):
        """Return eps: eps_a = z_a gives the network's output, and that eps_b = f^-1(z_b)."""
        context, full = self.broadcast(lam, z, "z")
        passed, moved = self._halves(full)
        out, _ = self.run(np.concatenate([passed, context], axis=-1))
        return self._joined(passed, self.transform_inverse(moved, out))

    def transform(self, x, out):
        """Return f(x), log f'(x), both like x, and what `transform_backward` needs."""
        raise NotImplementedError

    def transform_backward(self, inner, dy, dlog_slope):
        """Return dx and dout for the two incoming gradients; dlog_slope (..., 1) is that of log_det."""
        raise NotImplementedError

    def transform_inverse(self, y, out):
        """Return the x of f(x) = y."""
        raise NotImplementedError


class AffineCoupling(Coupling):
    """z_a = eps_a, z_b = s eps_b + t with (log s, t) of a network of eps_a and lam: RealNVP.

        log|det dz/deps| = sum_i log s_i

    log s = 2 tanh(a / 2) for the network's output a: of slope one where a = 0, and between -2 and 2. An
    unbounded log s would overflow in exp wherever the network extrapolates; with |log s| <= 2 one
    coupling stretches by 7.4 at most, and the inverse loses one digit at most. Stronger stretching takes
    more couplings, or the diagonal map beside them. With dz_b and dlog_det coming in,

        dlog_s = dz_b s eps_b + dlog_det     da = (1 - (log s / 2)^2) dlog_s     dt = dz_b
        deps_b = s dz_b                      deps_a = dz_a + (what the network hands back for da, dt)

    (Dinh, Sohl-Dickstein & Bengio 2017, section 3, where log s is tanh times a learned factor.)

    Parameters
    ----------
    n_latent, hidden, n_context, flip, activation
        As of `Coupling`.
    """

    spec = "affine_coupling"

    def __init__(self, n_latent, hidden=(64,), n_context=0, flip=False, *, activation="tanh"):
        super().__init__(n_latent, hidden, n_context, flip, activation=activation, n_out=2)

    def transform(self, x, out):
        """Return s x + t, log s and what the backward needs."""
        log_s, t = _log_scale_and_shift(out)
        s = np.exp(log_s)
        return s * x + t, log_s, (x, s, log_s)  # Eq. (46)

    def transform_backward(self, inner, dy, dlog_slope):
        """Return dx and dout for the two incoming gradients."""
        x, s, log_s = inner
        dlog_s = dy * s * x + dlog_slope  # Eq. (46'), Eq. (47')
        da = (1 - (log_s / MAX_LOG_SCALE) ** 2) * dlog_s
        return dy * s, np.concatenate([da, dy], axis=-1)

    def transform_inverse(self, y, out):
        """Return x = (y - t) / s."""
        log_s, t = _log_scale_and_shift(out)
        return (y - t) * np.exp(-log_s)


class AdditiveCoupling(Coupling):
    """z_a = eps_a, z_b = eps_b + t with t of a network of eps_a and lam: NICE.

    The Jacobian is triangular with ones on its diagonal: the map bends the density but never stretches
    it, log|det dz/deps| = 0. It is the affine coupling with s = 1, and its inverse is exact up to
    rounding. (Dinh, Krueger & Bengio 2015, section 3.)

    Parameters
    ----------
    n_latent, hidden, n_context, flip, activation
        As of `Coupling`.
    """

    spec = "additive_coupling"

    def __init__(self, n_latent, hidden=(64,), n_context=0, flip=False, *, activation="tanh"):
        super().__init__(n_latent, hidden, n_context, flip, activation=activation, n_out=1)

    def transform(self, x, out):
        """Return x + t, log 1 and nothing: the backward needs no more."""
        return x + out, np.zeros_like(x), ()

    def transform_backward(self, inner, dy, dlog_slope):
        """Return dx = dy and dt = dy."""
        return dy, dy

    def transform_inverse(self, y, out):
        """Return x = y - t."""
        return y - out


def _log_scale_and_shift(out):
    a, t = np.split(out, 2, axis=-1)
    return MAX_LOG_SCALE * np.tanh(a / MAX_LOG_SCALE), t
