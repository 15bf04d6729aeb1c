# %% [markdown]
# # 10 How good is it?
#
# **Afterwards you can** estimate $\log p(x)$ of held-out data by importance sampling, say in which
# direction the estimate errs and by how much, recognise an estimate that must not be trusted and repair
# it, test whether $q$ is as sure as it may be, and report a number with what belongs beside it.
#
# **Equations**: (17) the importance-sampled log evidence, (22) the importance-weighted bound, (38) the
# tail of the weights, (60) annealed importance sampling.
#
# **You need**: lessons 02, 04, 08 and 09. **Time**: 25 seconds to run. **Expected output**: eight lines
# that begin with `[holds]`, and four figures.

# %%
import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

import scratchvae as sv
from scratchvae import lesson, plotting
from scratchvae.data import as_dataset
from scratchvae.evaluation import annealed_evidence_of_each, evidence_of_each
from scratchvae.importance import psis
from scratchvae.plotting import COLOURS

course = lesson.begin()
rng = np.random.default_rng(0)  # the one seed of this script

# %% [markdown]
# ## The ELBO is a bound, not the number
#
# To compare two models one wants $\log p(x)$ of data that neither has seen. The ELBO is below it by a gap
# that differs from model to model (lesson 09): a better ELBO need not be a better model. Importance
# sampling closes the gap. With $z_s$ from $q(z|x)$,
#
# $$p(x) = \mathbb E_{q}\Big[\frac{p(x, z)}{q(z|x)}\Big] \approx \frac1S \sum_{s=1}^S w_s,
# \qquad w_s = \frac{p(x, z_s)}{q(z_s|x)}$$
#
# is unbiased for $p(x)$. Its logarithm is *not* unbiased for $\log p(x)$: by Jensen's inequality it is too
# small in expectation. By how much? If the mean of the weights is $p(x)(1 + \delta)$, then $\log(1 +
# \delta) \approx \delta - \delta^2/2$, and $\mathbb E[\delta] = 0$, $\mathbb E[\delta^2] = v/S$ with the
# relative variance $v = \mathrm{Var}[w]/p(x)^2$ of one weight: by about $v/(2S)$, if $v$ is finite and
# $S$ large beside it. With one sample the expectation is the ELBO; it never falls as $S$ grows, and tends
# to $\log p(x)$ (Burda et al. 2016).
#
# ## Against an exact answer
#
# A claim about an estimator is tested where the answer is known. If everything is linear and normal, $z
# \sim \mathcal N(0, I)$ and $x = Az + \text{noise}$, then $p(x)$ is a normal density, and so is the
# posterior. For $q$ we take the posterior itself, made $r$ times as wide in every direction. Then nearly
# everything is known: $\mathrm{KL}(q\,\|\,p(z|x)) = L\,(\frac12 r^2 - \frac12 - \log r)$, and from a
# Gaussian integral $1 + v = (r^2/\sqrt{2r^2 - 1})^L$, finite for $2r^2 > 1$ only.

# %%
L, D, sigma = 3, 6, 0.7
A = rng.standard_normal((D, L))
x = A @ rng.standard_normal(L) + sigma * rng.standard_normal(D)
cov = A @ A.T + sigma**2 * np.eye(D)
exact = -0.5 * (D * np.log(2 * np.pi) + np.linalg.slogdet(cov)[1] + x @ np.linalg.solve(cov, x))
posterior_cov = np.linalg.inv(np.eye(L) + A.T @ A / sigma**2)
posterior_mean = posterior_cov @ A.T @ x / sigma**2
C = np.linalg.cholesky(posterior_cov)


def log_weights(shape, r):
    """log p(x, z) - log q(z|x) for z from the posterior, made r times as wide."""
    eps = rng.standard_normal((*shape, L))
    z = posterior_mean + r * eps @ C.T
    log_joint = norm.logpdf(z).sum(-1) + norm.logpdf(x, z @ A.T, sigma).sum(-1)
    return log_joint - norm.logpdf(eps).sum(-1) + np.log(r * np.diag(C)).sum()


r, repeats = 1.5, 2_000 if course.quick else 20_000
sizes = np.array([1, 2, 5, 10, 20, 50])
estimates = [logsumexp(log_weights((repeats, S), r), axis=1) - np.log(S) for S in sizes]
means, errors = np.mean(estimates, axis=1), np.std(estimates, axis=1) / np.sqrt(repeats)
elbo = exact - L * (0.5 * r**2 - 0.5 - np.log(r))
course.claim(
    "with one sample the expectation is the ELBO; it grows with their number, towards log p(x)",
    abs(means[0] - elbo) < 4 * errors[0] and np.all(np.diff(means) > -4 * errors[1:]),
    f"exact ELBO {elbo:.3f}; found {means.round(3)}; exact log p(x) {exact:.3f} nats",
)
v = (r**2 / np.sqrt(2 * r**2 - 1)) ** L - 1
short = 0.5 * v / sizes
course.claim(
    "with ten samples or more it is short by about v / (2 S)",
    np.all(np.abs(exact - means - short)[3:] < (0.2 * short + 4 * errors)[3:]),
    f"with {sizes[3]} samples by {exact - means[3]:.4f} +- {errors[3]:.4f}, predicted {short[3]:.4f}",
)
drawn, ax = plotting.figure(6.6, 3.8)
ax.axhline(exact, color="black", ls="--", label="exact log p(x)")
ax.plot(sizes[1:], (exact - short)[1:], "s:", color=COLOURS[1], label="exact log p(x) - v / (2 S)")
ax.errorbar(sizes, means, 2 * errors, fmt="o-", color=COLOURS[0], label="importance sampling, mean")
ax.set(xscale="log", xlabel="S, samples", ylabel="nats", title="From the ELBO (S = 1) to the evidence")
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.legend(frameon=False, loc="lower right")
course.save(drawn, "10_bias")

# %% [markdown]
# ## The disease: a $q$ that is too narrow
#
# Where $q$ is too large the weights are small, which wastes draws; where it is too small they are large,
# and may have no bound. A $q$ that is half as wide as the posterior misses its tails; once in a while a
# draw from there has a huge weight. Until it comes, everything looks calm, and the estimate is too low.
# Two numbers give warning.
#
# The *effective sample size* (ESS) $(\sum w)^2/\sum w^2$, about $S/(1 + v)$, is how many draws from the
# posterior the weighted draws are worth. *khat* estimates the exponent of the weights' tail, $P(w > t)
# \propto t^{-1/k}$: their variance is finite for $k < \frac12$, their mean for $k < 1$. Above 0.7 the
# number of draws that is needed grows fast, as $10^{1/(1 - k)}$: $10^5$ at 0.8, $10^{10}$ at 0.9 (Vehtari
# et al. 2024). For our $q$ with $r < 1$ it is $k = 1 - r^2$, but for logarithms, and with this slope the
# weights fall in the figure.


# %%
def effective_size(log_w):
    w = np.exp(log_w - log_w.max(0))
    return w.sum(0) ** 2 / (w**2).sum(0)


S, found = 4_000, {}
for r in (1.5, 1.1, 0.8, 0.5):
    log_w = log_weights((S,), r)
    found[r] = effective_size(log_w), float(psis(log_w)[1]), log_w
    print(f"    q {r:3.1f} times as wide: log p(x) {logsumexp(log_w) - np.log(S):8.3f}, "
          f"ESS {found[r][0]:6.0f} of {S}, khat {found[r][1]:5.2f}")  # fmt: skip
course.claim(
    "a q that is too wide costs samples, as many as foretold; one that is too narrow costs trust",
    abs(found[1.5][0] * (1 + v) / S - 1) < 0.1 and found[0.5][1] > 0.6 > 0 > found[1.5][1],
    f"at r = 1.5 S / (1 + v) is {S / (1 + v):.0f}; at r = 0.5 khat tends to 0.75",
)
drawn, ax = plotting.figure(6.6, 3.6)
for r, colour, style in ((1.5, 0, "-"), (0.5, 1, "--")):
    w = np.sort(np.exp(found[r][2] - exact))[::-1]
    ax.loglog(np.arange(1, S + 1), w, style, color=COLOURS[colour], lw=2, label=f"q {r} times as wide")
ax.set(xlabel="rank of the draw", ylabel="weight / p(x)", title="The weights, from the largest on")
ax.set_ylim(1e-3, None)
ax.legend(frameon=False, loc="lower left")
course.save(drawn, "10_weights")

# %% [markdown]
# ## A VAE on held-out digits
#
# Now for a model without an exact answer. Three rules: the test set has chosen nothing; its bits are drawn
# once and for all, with the gray value as probability, as in training; and the number of samples is given.

# %%
train_set = sv.data.load("glyphs", "train", n=1_000 if course.quick else 6_000)
test_set = sv.data.load("glyphs", "test", n=60 if course.quick else 300)
gray = test_set.pixels()
bits = (rng.random(gray.shape) < gray).astype("float32")  # fixed from here on


def trained(n_latent):
    vae = sv.VAE(n_latent=n_latent, hidden=(100,))
    vae.fit_output_bias(train_set.pixels())  # lesson 08
    options = {"epochs": 20 if course.quick else 15, "binarization": "dynamic", "progress": False}
    sv.train(vae, train_set, optimizer=sv.optim.Adam(2e-3), rng=rng, **options)
    return vae


vae = trained(n_latent=5)
own = evidence_of_each(vae, as_dataset(bits), 1_000)
value, error = own.mean_log_p
course.claim(
    "the ELBO is short of log p(x) by half a nat a digit and more",
    value > own.elbo.mean() + 0.5,
    f"{own.elbo.mean():.2f}; {value:.2f} +- {error:.2f} nats by 1,000 samples, {len(bits)} digits",
)

# %% [markdown]
# May it be trusted? For many digits khat says no. The ELBO has taught the encoder to avoid places where
# the posterior is small, and hardly to cover those where it is large (lesson 03): $q$ is too narrow. And
# of digits that it has not seen it misjudges the mean.
#
# The cure costs one line. The weights may come from *any* $q$ that covers the posterior, so draw from one
# that is $r$ times as wide. Its draws are $z = \mu + \sigma r\epsilon$, which are the encoder's own for
# the noise $r\epsilon$; only $\log q$ has changed, by $\log\mathcal N(r\epsilon; 0, I) -
# \log\mathcal N(\epsilon; 0, I) + L\log r$:


# %%
def log_weights_of(vae, r, S=1_000):
    eps = rng.standard_normal((S, len(bits), vae.n_latent)).astype("float32")
    log_w = np.concatenate([vae.log_weights(bits, r * part) for part in np.split(eps, 10)])  # (S, B)
    return log_w.astype(float) - 0.5 * (r**2 - 1) * (eps**2).sum(-1) + vae.n_latent * np.log(r)


wider = log_weights_of(vae, 1.5)
log_p, khat = logsumexp(wider, axis=0) - np.log(len(wider)), psis(wider)[1]
untrusted = [float(np.mean(k > 0.7)) for k in (own.khat, khat)]
course.claim(
    "drawn from a wider q, fewer than half as many digits are suspicious",
    untrusted[1] < 0.5 * untrusted[0],
    f"{100 * untrusted[1]:.0f} % instead of {100 * untrusted[0]:.0f} %; log p(x) {log_p.mean():.2f} nats",
)
few = as_dataset(bits[: 4 if course.quick else 12])
gap = (annealed_evidence_of_each(vae, few, n_chains=16, n_temperatures=200).log_p - log_p[: len(few)]).mean()
course.claim(
    "and a dearer method agrees on some digits: from prior to posterior in 200 small steps (60)",
    abs(gap) < 0.5,
    f"annealed importance sampling is {gap:+.2f} nats above, over {len(few)} digits",
)
drawn, (left, right) = plotting.figure(10, 3.8, n_columns=2)
left.hist(log_p - own.elbo, bins=30, color=COLOURS[0], edgecolor="white")
left.set(xlabel="log p(x) - ELBO, nats", ylabel="digits", title="The gap differs from digit to digit")
right.scatter(own.ess, own.khat, 14, COLOURS[1], alpha=0.6, label="the encoder's q")
right.scatter(effective_size(wider), khat, 14, COLOURS[0], marker="^", alpha=0.6, label="1.5 times as wide")
right.axhline(0.7, color="black", ls="--", lw=1)
right.set(xscale="log", xlabel="ESS of 1,000", ylabel="khat", title="Above 0.7: not to be trusted")
right.legend(frameon=False, loc="upper right")
course.save(drawn, "10_digits")

# %% [markdown]
# ## Calibration: is $q$ as sure as it may be?
#
# Let the model itself make data: $z$ from the prior, $x$ from the decoder. That $z$ is then a draw from the
# true posterior of that $x$. If $q$ were that posterior, $\Phi((z_i - \mu_i)/\sigma_i)$, the probability
# that $q$ gives to smaller values than the true one, would be uniform on (0, 1) (Talts et al. 2018; there
# with ranks among draws). A heap at both ends says: the truth lies in $q$'s tails too often.

# %%
z = rng.standard_normal((2_000, vae.n_latent)).astype("float32")
pixels = vae.decode(z)
mu, s = vae.encode((rng.random(pixels.shape) < pixels).astype("float32"))
level = norm.cdf((z - mu) / s)
outside = np.mean(np.abs(level - 0.5) > 0.45)
course.claim(
    "the truth is in the outer tenth of q more often than in a tenth of all cases: q is too sure",
    outside > 0.12,
    f"in {100 * outside:.0f} %",
)
drawn, ax = plotting.figure(6.4, 3.4)
ax.hist(level.ravel(), bins=20, density=True, color=COLOURS[5], edgecolor="white", label="found")
ax.axhline(1, color="black", ls="--", label="of the true posterior")
ax.set(xlabel="level of the true z in q(z|x)", ylabel="density", title="Too often in the tails")
ax.legend(frameon=False, loc="upper center")
course.save(drawn, "10_calibration")

# %% [markdown]
# ## Two kinds of error, and pairs
#
# The number in a table has two errors: that of the *data*, the spread over digits divided by the root of
# their number, and that of the *samples*, for each digit, which lowers the number on average. Where khat
# is above 0.7 the second is not known; but its direction is. Two models on the same digits are compared
# digit by digit: the differences scatter less than the numbers.

# %%
other = log_weights_of(trained(n_latent=10), 1.5)
theirs = logsumexp(other, axis=0) - np.log(len(other))
difference = theirs - log_p
apart = np.hypot(theirs.std(), log_p.std()) / np.sqrt(len(difference))
paired, suspicious = difference.std() / np.sqrt(len(difference)), np.mean(psis(other)[1] > 0.7)
course.claim(
    "ten latent dimensions are better than five, though their estimate is the worse one",
    difference.mean() > 2 * paired and suspicious > untrusted[1] and paired < apart,
    f"by {difference.mean():.1f} +- {paired:.1f} nats (not paired: +- {apart:.1f}); "
    f"khat above 0.7 for {100 * suspicious:.0f} %",
)

# %% [markdown]
# With ten dimensions many digits are suspicious even so. Their estimates are too low, if anything: that
# ten are better may be said, how much may not.
#
# ## Summary
#
# - Compare models by $\log p(x)$ of data that chose nothing, pair by pair; state samples and errors.
# - The importance-sampled estimate is too low, on average, and grows with $S$. A $q$ that is too narrow
#   makes it treacherous: look at ESS and khat, and draw from a wider one.
# - Test an estimator where the answer is exact, and a $q$ on data that the model made.
#
# ## Try this
#
# 1. Take $S$ up to 100,000 with $r = 0.5$. When does the estimate jump?
# 2. Save `vae`: `scratchvae evaluate` gives its ELBO, $\log p(x)$, effective sample size and khat.
# 3. Train with `bound="iwae", n_samples=5` (22). What becomes of $\log p(x)$, of its gap to the ELBO, and
#    of the suspicious digits?
#
# ## Questions
#
# 1. Model A has the better ELBO, model B the better $\log p(x)$. Which is the better model, and what do
#    you know of A's encoder?
# 2. Why must the test set's bits be fixed?
# 3. An estimate is *above* another one with ten times the samples. Is there a mistake?
#
# **Exercises**: `tutorials/exercises/ex10_optimizers_and_bounds.py`. **Next**:
# `11_maps_with_cheap_determinants.py`.
#
# **Further reading**: Y. Burda, R. Grosse & R. Salakhutdinov, *Importance Weighted Autoencoders*, ICLR
# 2016; Y. Wu, Y. Burda, R. Salakhutdinov & R. Grosse, *On the Quantitative Analysis of Decoder-Based
# Generative Models*, ICLR 2017; A. Vehtari et al., *Pareto Smoothed Importance Sampling*, JMLR 25, 2024;
# S. Talts et al., *Validating Bayesian Inference Algorithms with Simulation-Based Calibration*, 2018
# (arXiv 1804.06788); R. M. Neal, *Annealed Importance Sampling*, Statistics and Computing 11, 2001.
#
# **Answers**: 1. B, if the difference exceeds its error; A's $q$ is nearer to its own posterior, its gap
# is smaller. 2. New bits are other data, and numbers of other data cannot be compared. 3. No: both are
# random; only the means are ordered.
