"""A closed form of KL(q || p) against its Monte Carlo estimate, and what is wrong with it."""

import math

import numpy as np

from scratchvae.gradcheck.arguments import sizes_of
from scratchvae.gradcheck.beyond.chance import RunningMoments, false_alarm_level, z_limit
from scratchvae.gradcheck.beyond.comparison import compared, failed, nonfinite_in
from scratchvae.gradcheck.beyond.divergence_causes import Evidence, cause_of
from scratchvae.gradcheck.report import Diagnosis, Report
from scratchvae.validation import generator, in_range, numeric_array, positive_int, seeded

#: Draws of one batch; batches are drawn until the error is small enough.
BATCH = 4096


def check_kl(
    kl,
    sample_q,
    log_q,
    log_p,
    *,
    sample_p=None,
    terms=None,
    n_draws=200_000,
    resolution=0.01,
    alpha=1e-4,
    sizes=None,
    rng=None,
):
    """Hold a closed form of KL(q || p) = E_q[log q(z) - log p(z)] against the mean over draws of q.

    That log q is the density of what `sample_q` draws is looked at too: E_q[p(z) / q(z)] is at most one, and
    more than that is a contradiction. (A standard deviation that is exp(log_var) in the sampler and in its
    gradient passes every gradient check; here log q, or the closed form, disagrees.)

    Parameters
    ----------
    kl : number or array (...)
        The closed form, nats; one, or many at once.
    sample_q : callable
        (n, rng) -> n draws z, with a first axis of n.
    log_q, log_p : callable
        z -> (n, ...), the shape of `kl` behind the axis of the draws.
    sample_p : callable, optional
        As `sample_q`, of p: with it KL(p || q) taken for KL(q || p) is recognised. Without it draws of q are
        weighted, which does as long as p and q overlap.
    terms : dict of str to array, optional
        The parts of the closed form, {name: value like kl}: with them a missing or wrong part is named.
    n_draws : int
        At most so many.
    resolution : float
        Draws end when the error of every mean is below this share of the divergence, so that a mistake larger
        than it is seen.
    alpha : float
        The probability with which a right closed form fails.
    sizes : dict, optional
        Numbers that a wrong factor might be made of, by name.
    rng : numpy.random.Generator, optional
        By default of seed 0.

    Returns
    -------
    Report
        Blocks "kl" (analytic: the closed form; numeric: the mean) and "log_q" (E_q[p / q], one at most).

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Examples
    --------
    >>> mu, sigma = 1.0, 0.5
    >>> report = check_kl(
    ...     0.5 * (mu**2 + sigma**2 - np.log(sigma**2)),  # the -1 is forgotten
    ...     lambda n, rng: mu + sigma * rng.standard_normal(n),
    ...     lambda z: -0.5 * ((z - mu) / sigma) ** 2 - np.log(sigma) - 0.5 * np.log(2 * np.pi),
    ...     lambda z: -0.5 * z**2 - 0.5 * np.log(2 * np.pi),
    ... )
    >>> report.blocks[0].diagnosis.code, report.blocks[0].diagnosis.term
    ('extra_term', '1/2')
    """
    kl = np.asarray(numeric_array(kl, "kl"), np.float64)
    alpha, n_draws = false_alarm_level(alpha), positive_int(n_draws, "n_draws")
    resolution = in_range(resolution, "resolution", 0, 1, low_open=True, high_open=True)
    rng = seeded(0) if rng is None else generator(rng)
    wrong = nonfinite_in(kl, "the closed form")
    if wrong is not None:
        return Report((failed("kl", kl.shape, wrong),), resolution)
    limit = z_limit(alpha / 2, max(kl.size, 1), n_draws)
    means = _Means(kl.shape, log_q, log_p)
    while means.n < n_draws and not (means.n and means.enough(resolution, limit)):
        means.add(sample_q(min(BATCH, n_draws - means.n), rng))
    wrong = nonfinite_in(means.ratio.mean, "log q - log p")
    if wrong is not None:
        return Report((failed("kl", kl.shape, wrong),), resolution)
    return _report(kl, means, limit, alpha, sample_p, terms, sizes, rng)


def _report(kl, means, limit, alpha, sample_p, terms, sizes, rng):
    mean, slack = means.ratio.mean, limit * means.ratio.error
    rtol = 1e-6
    parts = {name: _part(name, value, kl.shape) for name, value in (terms or {}).items()}

    def cause():
        reverse = means.reverse(sample_p, rng, limit)
        features = means.n_features
        return cause_of(
            Evidence(kl, mean, slack, means.entropy.mean, reverse, parts, features, sizes_of(sizes))
        )

    words = f"{means.n:,} draws; differences above {np.max(slack, initial=0.0):.1g} nats are seen"
    block = compared("kl", kl, mean, slack, rtol, cause, note=words, n_checked=means.n)
    summary = f"z-tests over {means.n:,} draws; a right closed form fails with probability {alpha:g} at most"
    return Report((block, _weights_block(means, limit, rtol)), rtol, summary)


def _part(name, value, shape):
    """A term of the closed form, of its shape."""
    value = np.asarray(numeric_array(value, f"term {name!r}"), np.float64)
    if value.shape not in ((), shape):
        raise ValueError(f"term {name!r} must have the shape of kl, {shape}, not {value.shape}.")
    return np.broadcast_to(value, shape)


def _weights_block(means, limit, rtol):
    """E_q[p / q] = the mass of p where q is positive: above one, log q is not the density of the draws."""
    weights = means.weights
    slack = limit * weights.error
    excess = np.maximum(weights.mean, 1.0)

    def cause():
        return Diagnosis(
            "unexplained",
            "E_q[p / q] is above one, which no density of the draws allows: log_q is not the density that "
            "sample_q draws from, or one of log_q and log_p lacks its normaliser (check_density tells which)",
        )

    return compared("log_q", excess, np.ones_like(excess), slack, rtol, cause, n_checked=means.n)


class _Means:
    """Running means over draws of q of log q - log p, of -log q, and of p / q."""

    def __init__(self, shape, log_q, log_p):
        self.shape, self.log_q, self.log_p = shape, log_q, log_p
        self.ratio, self.entropy, self.weights = (
            RunningMoments(shape),
            RunningMoments(shape),
            RunningMoments(shape),
        )
        self.backwards = RunningMoments((2, *shape))
        self.n_features = 1

    @property
    def n(self):
        return self.ratio.n

    def add(self, z):
        """One more batch of draws."""
        z = np.asarray(z)
        self.n_features = z.shape[-1] if z.ndim > 1 + len(self.shape) else 1
        log_q, log_p = self._logs(z)
        self.ratio.add(log_q - log_p)
        self.entropy.add(-log_q)
        with np.errstate(over="ignore"):
            weights = np.exp(np.minimum(log_p - log_q, 300))
        self.weights.add(weights)
        self.backwards.add(np.stack([weights * (log_p - log_q), weights], axis=1))

    def _logs(self, z):
        with np.errstate(all="ignore"):
            logs = [np.asarray(function(z), np.float64) for function in (self.log_q, self.log_p)]
        for name, value in zip(("log_q", "log_p"), logs, strict=True):
            if value.shape != (len(z), *self.shape):
                raise ValueError(
                    f"{name} must give shape {(len(z), *self.shape)}, one number for each draw and each "
                    f"entry of kl, not {value.shape}."
                )
        return logs

    def enough(self, resolution, limit):
        """Whether the error of every mean is small beside the divergence."""
        size = np.maximum(np.abs(self.ratio.mean), 1e-3)
        return bool(np.all(limit * self.ratio.error <= resolution * size))

    def reverse(self, sample_p, rng, limit):
        """KL(p || q) and its error."""
        if sample_p is None:
            product, weight = self.backwards.mean
            error = self.backwards.error[0]
            return product / np.maximum(weight, 1e-300), limit * error / np.maximum(weight, 1e-300)
        log_q, log_p = self._logs(np.asarray(sample_p(20 * BATCH, rng)))
        ratio = log_p - log_q
        return ratio.mean(axis=0), limit * ratio.std(axis=0) / math.sqrt(len(ratio))
