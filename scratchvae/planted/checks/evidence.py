"""Bounds where the truth is known: at the exact posterior every bound is log p(x); estimators on average."""

import numpy as np

from scratchvae.bounds import BOUNDS, Terms
from scratchvae.distributions import StandardNormal
from scratchvae.gradcheck.beyond import check_estimator
from scratchvae.gradcheck.beyond.comparison import compared
from scratchvae.gradcheck.report import Diagnosis, Report
from scratchvae.models import LinearRegression
from scratchvae.planted.checks.gradients import schools
from scratchvae.reparam import Diagonal
from scratchvae.reparam.base import cubature_points
from scratchvae.vae import VAE
from scratchvae.validation import build
from scratchvae.vi.coordinates import Coordinates
from scratchvae.vi.objective import Objective

#: Columns that are orthogonal, so that the posterior is a product, as a diagonal q is.
DESIGN, RESPONSE = (
    np.array([[1.0, 0.5], [-0.5, 1.0], [2.0, 1.0], [-1.0, 2.0]]),
    np.array([0.4, 1.7, 2.0, 0.3]),
)
N_SAMPLES = 3


def regression():
    """y = X z + noise, z ~ N(0, I): posterior and evidence are exact."""
    return LinearRegression(DESIGN, RESPONSE, sigma=0.8, prior_sigma=1.0, intercept=False)


def evidence(subject, seed):
    """The report on the value of a bound, or of a whole VAE's log weights, at the exact posterior."""
    got, exact = _linear_vae(subject, seed) if "linear VAE" in subject else _bound(subject, seed)
    block = compared(subject, got, exact, 0.0, 1e-8, lambda: _cause(np.asarray(got), np.asarray(exact)))
    return Report((block,), 1e-8)


def _bound(name, seed):
    """Minus the loss, and log p(y)."""
    model, map_, bound = regression(), Diagonal(2), build(BOUNDS, name, "bound")
    posterior = model.posterior
    lam = np.concatenate([posterior.mean, np.log(posterior.sigma)])
    eps = cubature_points(2)[:, None, :]  # (4, 1, 2): the mean of a quadratic over them is exact
    z, log_det, _ = map_.forward(lam, eps)
    log_likelihood, log_prior, _ = model.forward(z)
    noise = StandardNormal()
    terms = Terms(log_likelihood, log_prior, noise.log_prob(eps), log_det, noise_entropy=noise.entropy(2))
    if bound.uses_kl:
        terms = terms._replace(kl=np.atleast_1d(map_.kl_forward(lam)[0]))
    return -float(bound.forward(terms)[0]), model.log_evidence()


def _linear_vae(subject, seed):
    """Log weights (K, B), or minus the loss, of a linear VAE whose encoder is exact; and log p(x)."""
    rng = np.random.default_rng(seed)
    sigma, x = 0.5, rng.standard_normal((4, 3))
    vae = VAE(3, 2, (), likelihood=f"normal_fixed:{sigma}", dtype="float64")
    weight = np.array(
        [[1.0, 0.5, 0.0], [-0.4, 0.8, 1.5]]
    )  # rows that are orthogonal: z_i independent given x
    variance = sigma**2 / (sigma**2 + (weight**2).sum(axis=1))
    vae.parameters["decoder.0.weight"], vae.parameters["decoder.0.bias"] = weight, 0.3
    to_mean = weight.T * variance / sigma**2  # (D, L)
    vae.parameters["encoder.0.weight"] = np.concatenate([to_mean, np.zeros((3, 2))], axis=1)
    vae.parameters["encoder.0.bias"] = np.concatenate([-0.3 * to_mean.sum(axis=0), 0.5 * np.log(variance)])
    eps = rng.standard_normal((N_SAMPLES, 4, 2))
    cov = weight.T @ weight + sigma**2 * np.eye(3)
    u = np.linalg.solve(np.linalg.cholesky(cov), (x - 0.3).T)
    exact = -0.5 * (u * u).sum(axis=0) - 0.5 * np.linalg.slogdet(2 * np.pi * cov)[1]
    if subject.startswith("loss"):
        return -vae.loss(x, eps), exact.mean()
    return vae.log_weights(x, eps), np.broadcast_to(exact, eps.shape[:2])


def _cause(got, exact):
    """What the difference says."""
    off = got - exact
    if np.ptp(off) < 1e-9 * max(1.0, float(np.abs(exact).max())):
        where = "at every draw" if off.size > 1 else "at the exact posterior"
        return Diagnosis(
            "extra_term", f"off by {off.flat[0]:+.6g} nats {where}: a constant too many or too few"
        )
    return Diagnosis(
        "unexplained",
        f"log p(x, z) - log q(z) is not the same at every draw: it varies by {np.ptp(off):.3g} nats where q "
        "is the posterior",
    )


def limit(subject, seed):
    """The report on a Renyi bound of very many draws, away from the posterior.

    With w = p(x, z) / q(z) it tends to log p(x) - D_alpha(q || p(z|x)), which is known for two normals: of
    one coordinate, with v = alpha s^2 + (1 - alpha) sigma^2 for q's variance sigma^2 and the posterior's s^2,

        D_alpha = log(s / sigma) + log(s^2 / v) / (2 (alpha - 1)) + alpha (m - mu)^2 / (2 v)

    (Gil, Alajaji & Linder 2013, table 2). The draws stand at the normal's quantiles: nothing is random.
    """
    from scipy.special import ndtri

    bound, model, map_ = build(BOUNDS, subject, "bound"), regression(), Diagonal(2)
    m, s = model.posterior.mean, model.posterior.sigma
    mu, sigma = m + 0.5 * s, np.array([0.8, 1.2]) * s
    axis = ndtri((np.arange(400) + 0.5) / 400)
    eps = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 1, 2)
    z, log_det, _ = map_.forward(np.concatenate([mu, np.log(sigma)]), eps)
    log_likelihood, log_prior, _ = model.forward(z)
    terms = Terms(log_likelihood, log_prior, StandardNormal().log_prob(eps), log_det)
    alpha = bound.alpha
    v = alpha * s**2 + (1 - alpha) * sigma**2
    divergence = np.log(s / sigma) + np.log(s**2 / v) / (2 * (alpha - 1)) + alpha * (m - mu) ** 2 / (2 * v)
    got, exact = -float(bound.forward(terms)[0]), model.log_evidence() - divergence.sum()

    def cause():
        return Diagnosis(
            "unexplained", f"{got:.4f} nats, where log p(x) - D_{alpha:g}(q || p(z|x)) = {exact:.4f}"
        )

    return Report((compared(subject, got, exact, 0.0, 2e-3, cause),), 2e-3)


def forms(subject, seed):
    """The report on the hierarchical model, non-centred and centred: theta_j = mu + tau eta_j.

    They are one density, p(mu, log tau, eta) = p(mu, log tau, theta) |dtheta/deta|, the last being tau^J.
    """
    plain, centred = schools(), schools(centred=True)
    z = np.random.default_rng(seed).standard_normal((8, plain.n_latent))
    log_tau = z[:, 1:2]
    other = np.concatenate([z[:, :2], z[:, :1] + np.exp(log_tau) * z[:, 2:]], axis=1)
    got, expected = plain.log_joint(z), centred.log_joint(other) + plain.n_groups * log_tau[:, 0]

    def cause():
        off = np.ptp(got - expected)
        return Diagnosis(
            "unexplained", f"the two forms are not one model: their ratio varies by {off:.3g} nats"
        )

    return Report((compared(subject, got, expected, 0.0, 1e-8, cause),), 1e-8)


# --- estimators ----------------------------------------------------------------------------------


def estimator(subject, seed):
    """The report on the mean of a bound's gradient, beside the derivative of the bound at fixed noise."""
    right = "iwae" if subject == "dreg" else "elbo"
    lam = np.array([0.4, -0.3, 0.2, -0.5])

    def gradient(name):
        objective = Objective(
            regression(), Diagonal(2), build(BOUNDS, name, "bound"), Coordinates.standard(2)
        )

        def draw(lam, rng):
            return objective.loss_and_grad(lam, rng.standard_normal((N_SAMPLES, 2))).dlam

        return draw

    rng = np.random.default_rng(seed)
    return check_estimator(
        gradient(subject), lam, reference=gradient(right), n_draws=4000, sizes={"samples": N_SAMPLES}, rng=rng
    )
