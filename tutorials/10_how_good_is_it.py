# %% [markdown]
# # 10 How good is it?
#
# **Afterwards you can** estimate $\log p(x)$ of held-out data by importance sampling, say in which
# direction the estimate errs and by how much, recognise an estimate that must not be trusted, hold an
# estimator against an exact answer, and report a number with what belongs beside it.
#
# **Equations**: (17) the importance-sampled log evidence, (22) the importance-weighted bound, (37) and
# (38) the weights and their tail.
#
# **You need**: lessons 02, 04 and 08. **Time**: 30 seconds to run. **Expected output**: eight lines that
# begin with `[holds]`, and three figures.

# %%
import numpy as np
from scipy.special import logsumexp

import scratchvae as sv
from scratchvae import lesson, plotting
from scratchvae.data import as_dataset
from scratchvae.evaluation import evidence_of_each
from scratchvae.importance import psis

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
# small in expectation, by about half the relative variance of the mean weight. With one sample its
# expectation is the ELBO; the expectation never falls as $S$ grows, and tends to $\log p(x)$ (Burda et al.
# 2016).
#
# ## Against an exact answer
#
# A claim about an estimator is tested where the answer is known. If everything is linear and normal, $z
# \sim \mathcal N(0, I)$ and $x = Az + \text{noise}$, then $p(x)$ is a normal density, and for $q$ we take
# one that is a little too wide, as an encoder might.

# %%
L, D, sigma = 3, 6, 0.7
A = rng.standard_normal((D, L))
x = A @ rng.standard_normal(L) + sigma * rng.standard_normal(D)
cov = A @ A.T + sigma**2 * np.eye(D)
exact = -0.5 * (D * np.log(2 * np.pi) + np.linalg.slogdet(cov)[1] + x @ np.linalg.solve(cov, x))
posterior_cov = np.linalg.inv(np.eye(L) + A.T @ A / sigma**2)
posterior_mean = posterior_cov @ A.T @ x / sigma**2


def log_weights(shape, widening):
    """log p(x, z) - log q(z|x) for z from a diagonal normal at the posterior's mean."""
    spread = widening * np.sqrt(np.diag(posterior_cov))
    eps = rng.standard_normal((*shape, L))
    z = posterior_mean + spread * eps
    log_joint = -0.5 * (z**2).sum(-1) - 0.5 * L * np.log(2 * np.pi)
    log_joint += (
        -0.5 * (((x - z @ A.T) / sigma) ** 2).sum(-1) - D * np.log(sigma) - 0.5 * D * np.log(2 * np.pi)
    )
    return log_joint - (-0.5 * (eps**2).sum(-1) - np.log(spread).sum() - 0.5 * L * np.log(2 * np.pi))


repeats = 200 if course.quick else 2_000
sizes = np.array([1, 2, 5, 10, 50, 200])
means, errors = [], []
for size in sizes:
    estimate = logsumexp(log_weights((repeats, size), 1.1), axis=1) - np.log(size)
    means.append(estimate.mean())
    errors.append(estimate.std() / np.sqrt(repeats))
means, errors = np.array(means), np.array(errors)
course.claim(
    "on average the estimate is below the exact log evidence",
    np.all(means < exact + 4 * errors),
    f"exact {exact:.3f}; with one sample {means[0]:.3f}, with 200 {means[-1]:.3f} nats",
)
course.claim("and grows with the number of samples", means[0] < means[2] < means[4], f"{means.round(2)}")
one = log_weights((20_000,), 1.1)
relative_variance = np.var(np.exp(one - one.max())) / np.mean(np.exp(one - one.max())) ** 2
predicted = exact - 0.5 * relative_variance / sizes[-1]
course.claim(
    "by about half the relative variance of the mean weight",
    abs(means[-1] - predicted) < 4 * errors[-1] + 0.02,
    f"predicted {predicted:.3f}, found {means[-1]:.3f} +- {errors[-1]:.3f}",
)
drawn, ax = plotting.figure(6.6, 3.8)
ax.axhline(exact, color="black", ls="--", label="exact log p(x)")
ax.errorbar(sizes, means, 2 * errors, fmt="o-", color=plotting.COLOURS[0], label="importance sampling, mean")
ax.set(xscale="log", xlabel="S, samples", ylabel="nats", title="From the ELBO (S = 1) to the evidence")
ax.legend(frameon=False)
course.save(drawn, "10_bias")

# %% [markdown]
# ## The disease: a $q$ that is too narrow
#
# Where $q$ is too large the weights are small, which wastes draws; where it is too small they are large,
# and may have no bound. A $q$ that is half as wide as the posterior misses its tails; once in a while a
# draw from there has a huge weight. Until it comes, everything looks calm, and the estimate is too low.
# Two numbers give warning: the *effective sample size* $(\sum w)^2/\sum w^2$, how many draws from the
# posterior the weighted draws are worth, and *khat*, the shape of the tail of the weights: above 0.7 the
# number of draws that is needed grows fast, as $10^{1/(1 - khat)}$: $10^5$ at 0.8, $10^{10}$ at 0.9
# (Vehtari et al. 2024).


# %%
def effective_size(log_w):
    w = np.exp(log_w - log_w.max())
    return w.sum() ** 2 / (w**2).sum()


S = 4_000
rows = {}
for widening in (1.5, 1.1, 0.8, 0.5):
    log_w = log_weights((S,), widening)
    rows[widening] = logsumexp(log_w) - np.log(S), effective_size(log_w), float(psis(log_w)[1])
    print(f"    q {widening:3.1f} times the posterior's width: log p(x) {rows[widening][0]:8.3f}, "
          f"ESS {rows[widening][1]:6.0f} of {S}, khat {rows[widening][2]:5.2f}")  # fmt: skip
course.claim(
    "a q that is too wide costs samples, one that is too narrow costs trust",
    rows[0.5][2] > 0.7 > rows[1.5][2] and rows[1.1][1] > rows[0.5][1],
    f"khat {rows[1.5][2]:.2f} at 1.5 times the width, {rows[0.5][2]:.2f} at half of it",
)
drawn, ax = plotting.figure(6.6, 3.6)
for widening, colour in ((1.5, 0), (0.5, 1)):
    w = np.sort(np.exp(log_weights((S,), widening) - exact))[::-1]
    ax.loglog(
        np.arange(1, S + 1), w, color=plotting.COLOURS[colour], lw=2, label=f"q {widening} times as wide"
    )
ax.set(
    xlabel="rank of the draw",
    ylabel="weight / p(x)",
    title="The weights, from the largest on",
    ylim=(1e-3, None),
)
ax.legend(frameon=False)
course.save(drawn, "10_weights")

# %% [markdown]
# ## A VAE on held-out digits
#
# Now for a model without an exact answer. Three rules: the test set has chosen nothing; its bits are drawn
# once and for all, as those of training are drawn, with the gray value as probability; and the number of
# samples stands beside the number.

# %%
train_set = sv.data.load("glyphs", "train", n=1_000 if course.quick else 6_000)
test_set = sv.data.load("glyphs", "test", n=60 if course.quick else 300)
gray = test_set.pixels()
test_bits = (rng.random(gray.shape) < gray).astype("float32")  # fixed from here on
vae = sv.VAE(n_latent=10, hidden=(100,))
mean = train_set.pixels().mean(0).clip(0.001, 0.999)
vae.parameters["decoder.1.bias"] = np.log(mean / (1 - mean))
epochs = 3 if course.quick else 15
sv.train(
    vae,
    train_set,
    epochs=epochs,
    optimizer=sv.optim.Adam(2e-3),
    binarization="dynamic",
    rng=rng,
    progress=False,
)
found = {}
for n_samples in (10, 100, 1_000):
    each = evidence_of_each(vae, as_dataset(test_bits), n_samples)
    error = each.log_p.std(ddof=1) / np.sqrt(len(each.log_p))
    found[n_samples] = each
    print(
        f"    log p(x) {each.log_p.mean():8.2f} +- {error:.2f} nats a digit, {n_samples:,} samples, "
        f"{len(each.log_p)} digits"
    )
elbo = found[1_000].elbo.mean()
course.claim(
    "each tenfold of samples raises the estimate, and all are above the ELBO",
    elbo < found[10].log_p.mean() < found[100].log_p.mean() < found[1_000].log_p.mean(),
    f"ELBO {elbo:.2f}; {', '.join(f'{e.log_p.mean():.2f}' for e in found.values())} nats",
)
gain = found[1_000].log_p.mean() - found[100].log_p.mean()
course.claim("the last tenfold changes little", gain < 1.0, f"{gain:.2f} nats")
suspicious = np.mean(found[1_000].khat > 0.7)
print(
    f"    khat is above 0.7 for {100 * suspicious:.0f} % of the digits; "
    f"median ESS {np.median(found[1_000].ess):.0f} of 1,000"
)
drawn, (left, right) = plotting.figure(10, 3.8, n_columns=2)
left.hist(found[1_000].log_p - found[1_000].elbo, bins=40, color=plotting.COLOURS[0])
left.set(xlabel="log p(x) - ELBO, nats", ylabel="digits", title="The gap differs from digit to digit")
right.scatter(found[1_000].ess, found[1_000].khat, s=10, color=plotting.COLOURS[1], alpha=0.6)
right.axhline(0.7, color="black", ls="--", lw=1, label="0.7")
right.set(
    xscale="log", xlabel="effective sample size of 1,000", ylabel="khat", title="May the estimate be trusted?"
)
right.legend(frameon=False)
course.save(drawn, "10_digits")

# %% [markdown]
# ## Two kinds of error, and pairs
#
# The number in a table has two errors: that of the *data*, the spread over digits divided by the root of
# their number, and that of the *samples*, for each digit, which lowers the number on average. Where khat
# is above 0.7, as for many digits here, the second is not known: the estimate may be short by more than
# the last tenfold has added. Two models on the same digits are compared digit by digit: the differences
# scatter less than the numbers.

# %%
other = sv.VAE(n_latent=2, hidden=(100,))
other.parameters["decoder.1.bias"] = np.log(mean / (1 - mean))
sv.train(
    other,
    train_set,
    epochs=epochs,
    optimizer=sv.optim.Adam(2e-3),
    binarization="dynamic",
    rng=rng,
    progress=False,
)
theirs = evidence_of_each(other, as_dataset(test_bits), 1_000)
difference = found[1_000].log_p - theirs.log_p
apart = np.hypot(found[1_000].log_p.std(), theirs.log_p.std()) / np.sqrt(len(difference))
paired = difference.std() / np.sqrt(len(difference))
course.claim(
    "ten latent dimensions are better than two",
    difference.mean() > 2 * paired,
    f"by {difference.mean():.1f} +- {paired:.1f} nats",
)
course.claim(
    "the error of the paired difference is the smaller one",
    paired < apart,
    f"{paired:.2f} against {apart:.2f} nats",
)

# %% [markdown]
# ## Summary
#
# - Compare models by $\log p(x)$ of data that chose nothing; state samples, data and standard errors.
# - The importance-sampled estimate is too low, on average, and grows with $S$. A $q$ that is too narrow
#   makes it treacherous: look at ESS and khat.
# - Test an estimator where the answer is exact. Compare models on the same data, pair by pair.
#
# ## Try this
#
# 1. Take $S$ up to 10,000 with `widening=0.5`. When does the estimate jump?
# 2. `scratchvae evaluate` does all this for a saved model. Save `vae` and try it.
# 3. Train with `bound="iwae", n_samples=5`. Which of ELBO and $\log p(x)$ is better than before, and which
#    worse?
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
# R. M. Neal, *Annealed Importance Sampling*, Statistics and Computing 11, 2001.
#
# **Answers**: 1. B, if the difference exceeds its error; A's $q$ is nearer to its own posterior, its gap
# is smaller. 2. New bits are other data, and numbers of other data cannot be compared. 3. No: both are
# random; only the means are ordered.
