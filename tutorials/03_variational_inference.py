# %% [markdown]
# # 03 Variational inference
#
# **Afterwards you can** say what the Kullback-Leibler divergence measures and why its two directions
# differ, derive the evidence lower bound (ELBO), show that it is the log evidence minus a divergence, and
# predict when a mean-field posterior is too narrow, and by how much.
#
# **Equations**: (3) the ELBO, (4) why it is a lower bound, (23) the divergence between Gaussians.
#
# **You need**: lessons 00 to 02; what an inverse matrix is. **Time**: 5 seconds to run. **Expected output**:
# eleven lines that begin with `[holds]`, and three figures.

# %%
import numpy as np

import scratchvae as sv
from scratchvae import lesson, plotting

course = lesson.begin()
rng = np.random.default_rng(0)  # the one seed of this script

# %% [markdown]
# ## How far is one density from another?
#
# The *Kullback-Leibler divergence* of $q$ from $p$ is the average, under $q$, of the log ratio of the two:
#
# $$\mathrm{KL}(q \,\|\, p) = \mathbb E_{q(z)}\big[\log q(z) - \log p(z)\big]$$
#
# $\mathbb E_{q(z)}$ is the expectation over $z$ drawn from $q$. The divergence is zero if $q = p$ and
# positive otherwise, because $\log u \le u - 1$ with equality only at $u = 1$: $-\mathrm{KL} = \mathbb
# E_q[\log (p/q)] \le \mathbb E_q[p/q] - 1 \le 0$. It is no distance: exchange $q$ and $p$ and it changes.
# On a grid it is a sum. Of normals it has a closed form, for a log-density is then a square, and $\mathbb
# E_q[(z - c)^2] = \sigma^2 + (\mu - c)^2$ for $q = \mathcal N(\mu, \sigma^2)$ and any number $c$.

# %%
z = np.linspace(-12, 12, 4001)
step = z[1] - z[0]


def log_normal(z, mu, sigma):
    return -0.5 * np.log(2 * np.pi) - np.log(sigma) - 0.5 * ((z - mu) / sigma) ** 2


def kl_on_grid(log_q, log_p):
    return float(np.sum(np.exp(log_q) * (log_q - log_p)) * step)


narrow, wide = log_normal(z, 0, 1), log_normal(z, 1, 2)
here, there = kl_on_grid(narrow, wide), kl_on_grid(wide, narrow)
mean_log_narrow = -0.5 * np.log(2 * np.pi) - np.log(1) - 0.5  # E_q log N(z; 0, 1), for E_q z^2 = 1
mean_log_wide = -0.5 * np.log(2 * np.pi) - np.log(2) - 0.5 * (1 + 1) / 2**2  # E_q (z - 1)^2 = 1 + 1
course.agree("the sum agrees with the closed form", here, mean_log_narrow - mean_log_wide, 1e-6)
course.claim(
    "the two directions differ",
    there > 2 * here > 0,
    f"KL(narrow || wide) = {here:.3f}, KL(wide || narrow) = {there:.3f} nats",
)

# %% [markdown]
# ## Two directions, two characters
#
# Let $p$ have two modes, and let $q$ be a normal that is fitted to it by one divergence or the other.
# $\mathrm{KL}(q\|p)$ punishes $q$ for being large where $p$ is small: $q$ hides under one mode.
# $\mathrm{KL}(p\|q)$ punishes $q$ for being small where $p$ is not: $q$ covers both, and has the mean and the
# variance of $p$ (set the derivatives of $-\mathbb E_p \log q$ by $\mu$ and $\sigma$ to zero). Variational
# inference uses the first, because its expectation is over $q$, from which we can draw; the second needs
# draws from $p$, the very thing that is missing.

# %%
log_p = np.logaddexp(np.log(0.6) + log_normal(z, -2, 0.6), np.log(0.4) + log_normal(z, 2, 0.8))
candidates = [(mu, sigma) for mu in np.linspace(-3, 3, 61) for sigma in np.linspace(0.3, 3.5, 65)]
reverse = min(candidates, key=lambda c: kl_on_grid(log_normal(z, *c), log_p))
forward = min(candidates, key=lambda c: kl_on_grid(log_p, log_normal(z, *c)))
p = np.exp(log_p) * step
mean, sd = np.sum(p * z), np.sqrt(np.sum(p * z**2) - np.sum(p * z) ** 2)
course.claim(
    "KL(q||p) takes one mode and its width",
    abs(reverse[0] + 2) < 0.15 and abs(reverse[1] - 0.6) < 0.1,
    f"mean {reverse[0]:.1f}, standard deviation {reverse[1]:.2f}",
)
course.claim(
    "KL(p||q) takes the mean and the standard deviation of all of p",
    abs(forward[0] - mean) < 0.06 and abs(forward[1] - sd) < 0.06,
    f"mean {forward[0]:.1f}, standard deviation {forward[1]:.2f}; of p: {mean:.2f}, {sd:.2f}",
)
drawn, ax = plotting.figure(6.6, 3.6)
ax.fill_between(z, np.exp(log_p), color="#DDDDDD", label="p")
ax.plot(z, np.exp(log_normal(z, *reverse)), color=plotting.COLOURS[0], lw=2, label="least KL(q || p)")
ax.plot(z, np.exp(log_normal(z, *forward)), "--", color=plotting.COLOURS[1], lw=2, label="least KL(p || q)")
ax.set(xlabel="z", ylabel="density", xlim=(-6, 6), title="The same p, two best normals")
ax.legend(frameon=False)
course.save(drawn, "03_two_directions")

# %% [markdown]
# ## The evidence lower bound
#
# The posterior $p(z \mid x) = p(x, z)/p(x)$ cannot be computed because $p(x)$ cannot. Put it into the
# divergence all the same:
#
# $$\mathrm{KL}(q \,\|\, p(z|x)) = \mathbb E_q[\log q(z) - \log p(x, z)] + \log p(x)$$
#
# $\log p(x)$ came out of the expectation because it does not depend on $z$. Turn it around:
#
# $$\log p(x)
# = \underbrace{\mathbb E_q[\log p(x, z) - \log q(z)]}_{\text{ELBO}} + \mathrm{KL}(q \,\|\, p(z|x))$$
#
# The left side does not depend on $q$. So raising the ELBO by the choice of $q$ lowers the divergence by the
# same amount, and the ELBO never exceeds $\log p(x)$. It contains only what can be computed: the joint
# density and $q$. That is variational inference: choose a family of densities $q$, and take the one with the
# largest ELBO. With $\log p(x, z) = \log p(x \mid z) + \log p(z)$ it reads in a second way: fit the data, and
# stay near the prior,
#
# $$\text{ELBO} = \mathbb E_q[\log p(x \mid z)] - \mathrm{KL}(q(z) \,\|\, p(z))$$
#
# On a conjugate model, where $p(x)$ is known, we can watch the identities to twelve digits. `sv.fit` looks
# for the best $q$ of a family, by steps along the ELBO's gradient; how, is the subject of lessons 04 and 05.

# %%
data = rng.normal(1.0, 1.0, 4)
model = sv.models.NormalMean(data, sigma=1.0, prior_sigma=2.0)
log_joint, log_prior = model.log_joint(z[:, None]), model.log_prior(z[:, None])  # z (4001, 1): one unknown
log_evidence = model.log_evidence()
log_posterior = model.posterior.log_prob(z[:, None])
worst, worst_split, above = 0.0, 0.0, -np.inf
for mu in np.linspace(-1, 3, 9):
    for sigma in (0.2, 0.5, 1.0):
        log_q = log_normal(z, mu, sigma)
        elbo = float(np.sum(np.exp(log_q) * (log_joint - log_q)) * step)
        fit = float(np.sum(np.exp(log_q) * model.log_likelihood(z[:, None])) * step)
        worst = max(worst, abs(elbo + kl_on_grid(log_q, log_posterior) - log_evidence))
        worst_split = max(worst_split, abs(fit - kl_on_grid(log_q, log_prior) - elbo))
        above = max(above, elbo - log_evidence)
course.claim("ELBO + KL = log evidence, whatever q", worst < 1e-9, f"largest deviation {worst:.1e} nats")
course.claim("ELBO = mean log-likelihood - KL to the prior", worst_split < 1e-9, f"to {worst_split:.1e} nats")
course.claim("the ELBO is nowhere above it", above <= 1e-12, f"the nearest of 27 is {-above:.4f} nats below")

q = sv.fit(model, family="mean_field", rng=rng, progress=False)
exact = model.exact_posterior()
course.claim(
    "the family contains the posterior, so the fit finds it and the gap closes",
    abs(q.elbo - log_evidence) < 1e-3 and abs(q.mean[0] - exact.mean[0]) < 0.01,
    f"ELBO {q.elbo:.5f}, log evidence {log_evidence:.5f} nats",
)
mus = np.linspace(-1, 3, 81)
curve = [np.sum(np.exp(lq := log_normal(z, mu, q.sd[0])) * (log_joint - lq)) * step for mu in mus]
drawn, ax = plotting.figure(6.4, 3.6)
ax.axhline(log_evidence, color="black", ls="--", label="log evidence")
ax.plot(mus, curve, color=plotting.COLOURS[0], lw=2, label="ELBO")
ax.fill_between(mus, curve, log_evidence, color=plotting.COLOURS[5], alpha=0.3, label="KL(q || posterior)")
ax.set(xlabel="mean of q", ylabel="nats", title="The gap is the divergence")
ax.legend(frameon=False, loc="lower center")
course.save(drawn, "03_elbo_and_evidence")

# %% [markdown]
# ## Mean field: what it cannot see
#
# With several unknowns the simplest family is *mean field*: $q(z) = \prod_i q_i(z_i)$, independent
# coordinates. Let the posterior be normal with mean $m$ and precision matrix $\Lambda$ (the inverse of its
# covariance $\Sigma$), and the $q_i$ normal with means $\mu_i$ and standard deviations $\sigma_i$ (no other
# $q_i$ do better: Bishop 2006, section 10.1.2). By the means of squares as above,
#
# $$\mathrm{KL}(q \,\|\, p) = \tfrac12 (\mu - m)^T \Lambda (\mu - m) + \sum_i \Big(\tfrac12 \Lambda_{ii}
# \sigma_i^2 - \log\sigma_i\Big) + \text{const}$$
#
# It is least at $\mu = m$, which is right, and at $\sigma_i^2 = 1/\Lambda_{ii}$, the variance of $z_i$ *with
# the others held still*: never larger than the true $\Sigma_{ii}$, and smaller by the factor $1 - \rho^2$ for
# two coordinates with correlation $\rho$.

# %%
t = np.linspace(4.0, 6.0, 20)  # far from zero: slope and intercept can hardly be told apart
line = sv.models.LinearRegression(t, 1.0 + 0.5 * t + rng.normal(0, 0.5, 20), 0.5, prior_sigma=3.0)
true = line.exact_posterior()
rho = true.cov[0, 1] / np.sqrt(true.cov[0, 0] * true.cov[1, 1])
factored = sv.fit(line, family="mean_field", rng=rng, progress=False)
full = sv.fit(line, family="full_rank", rng=rng, progress=False)
off = np.abs(factored.mean - true.mean) / np.sqrt(np.diag(true.cov))
course.claim("the mean-field mean is right", off.max() < 0.01, f"to {off.max():.0e} standard deviations")
ratio = np.diag(factored.cov) / np.diag(true.cov)
course.claim(
    "the mean-field variances are 1 - rho^2 times the true ones",
    np.all(np.abs(ratio / (1 - rho**2) - 1) < 0.05),
    f"ratios {ratio[0]:.4f}, {ratio[1]:.4f}; 1 - rho^2 = {1 - rho**2:.4f}",
)
course.claim(
    "a full-rank normal, whose coordinates may be correlated, gets them right",
    np.all(np.abs(np.diag(full.cov) / np.diag(true.cov) - 1) < 0.05),
    f"standard deviations {full.sd[0]:.3f}, {full.sd[1]:.3f}; "
    f"true {true.cov[0, 0] ** 0.5:.3f}, {true.cov[1, 1] ** 0.5:.3f}",
)
drawn, ax = plotting.figure(5.6, 4)
angle = np.linspace(0, 2 * np.pi, 200)
circle = np.stack([np.cos(angle), np.sin(angle)])
for q, name, colour, dash in (
    (true, "posterior", plotting.COLOURS[6], "-"),
    (factored, "mean field", plotting.COLOURS[1], "-"),
    (full, "full rank", plotting.COLOURS[5], "--"),
):
    ellipse = q.mean[:, None] + 2 * np.linalg.cholesky(q.cov) @ circle
    ax.plot(*ellipse, dash, color=colour, lw=2, label=name)
ax.set(xlabel="intercept", ylabel="slope", title="Ellipses of two standard deviations")
ax.legend(frameon=False)
course.save(drawn, "03_mean_field")

# %% [markdown]
# ## Summary
#
# - $\log p(x) = \text{ELBO} + \mathrm{KL}(q\|p(z|x))$: an identity, not an approximation. The bound is
#   tight when $q$ is the posterior.
# - Variational inference maximises the ELBO over a family. What the family cannot express remains as a gap.
# - $\mathrm{KL}(q\|p)$ makes $q$ hide where $p$ is: modes can be lost, and mean-field variances of a
#   correlated normal are too small.
#
# ## Try this
#
# 1. Move the modes of $p$ in *Two directions* closer together. At which distance does the least
#    $\mathrm{KL}(q\|p)$ begin to cover both, all at once or by and by?
# 2. Centre the regression's $t$ (subtract its mean). Why is mean field suddenly good?
# 3. Fit with `family="low_rank:1"`. Can it represent this posterior?
#
# ## Questions
#
# 1. Which of the three terms of the identity depend on $q$?
# 2. The ELBO of model A is -100, that of model B is -98. Has B the larger evidence?
# 3. Why is $\mathrm{KL}(p(z|x)\|q)$ not minimised directly?
#
# **Exercises**: `tutorials/exercises/ex05_variational_inference.py`. **Next**:
# `04_the_monte_carlo_elbo.py`.
#
# **Further reading**: D. M. Blei, A. Kucukelbir & J. D. McAuliffe, *Variational Inference: A Review for
# Statisticians*, Journal of the American Statistical Association 112, 2017; C. M. Bishop, *Pattern
# Recognition and Machine Learning*, Springer 2006, section 10.1; S. Kullback & R. A. Leibler, *On
# Information and Sufficiency*, Annals of Mathematical Statistics 22, 1951.
#
# **Answers**: 1. The ELBO and the divergence; their sum does not. 2. Not necessarily: the gaps may differ
# by more than 2 nats. 3. It is an expectation over the posterior, from which nobody can draw yet.
