# %% [markdown]
# # 01 Bayes' theorem on a grid
#
# **Afterwards you can** compute a posterior with nothing but multiplication and a sum, feed in data one by
# one or all at once, say what the prior does and when it stops mattering, and tell when a grid is too
# coarse or too small.
#
# **Equations**: (1) Bayes' theorem, (2) the evidence.
#
# **You need**: lesson 00. **Time**: 3 seconds to run. **Expected output**: twelve lines that begin with
# `[holds]`, and three figures.

# %%
import math
import warnings

import numpy as np
from scipy import stats

import scratchvae as sv
from scratchvae import lesson, plotting

course = lesson.begin()
rng = np.random.default_rng(0)  # the one seed of this script

# %% [markdown]
# ## The problem
#
# A drawing pin is thrown ten times and lands on its back seven times. How probable is that it lands on its
# back? Call this unknown probability $z$. Before the throws we think that every value from 0 to 1 is as
# credible as any other: this is the *prior* density $p(z) = 1$. If $z$ were known, the data $x$, the ten
# outcomes *in the order in which they came*, would have the probability
#
# $$p(x \mid z) = z^7 (1-z)^3$$
#
# Read as a function of $x$ this is a *model*; read as a function of $z$, for the $x$ that was seen, it is
# called the *likelihood* of $z$. It is not a density of $z$: its integral over $z$ is not one.
#
# Bayes' theorem turns the two around:
#
# $$p(z \mid x) = \frac{p(x \mid z)\, p(z)}{p(x)}, \qquad p(x) = \int p(x \mid z)\, p(z)\, dz$$
#
# The left side is the *posterior*, what we know of $z$ after the data; $p(x)$ is the *evidence*: one
# number, the probability of the data with $z$ averaged out.
#
# ## By a loop
#
# On a grid of values of $z$ the integral is a sum. Prior times likelihood at each point, divided by the
# sum.

# %%
backs, throws = 7, 10
grid = np.linspace(0, 1, 1001)  # z
width = grid[1] - grid[0]
joint = []  # p(x|z) p(z)
for z in grid:
    prior, likelihood = 1.0, z**backs * (1 - z) ** (throws - backs)
    joint.append(likelihood * prior)
evidence = sum(joint) * width
posterior = [value / evidence for value in joint]

exact = math.factorial(7) * math.factorial(3) / math.factorial(11)  # the integral of z^7 (1-z)^3
course.claim(
    "the evidence of the grid is the exact one",
    abs(evidence / exact - 1) < 1e-6,
    f"{evidence:.8f} against 7! 3! / 11! = {exact:.8f}",
)
mean = sum(z * p for z, p in zip(grid, posterior, strict=True)) * width
course.claim(
    "the posterior mean is (7 + 1) / (10 + 2)",
    abs(mean - 8 / 12) < 1e-6,
    f"{mean:.6f}, a little towards the prior's 1/2 from the share 7/10 that was seen",
)

# %% [markdown]
# ## With arrays, in logarithms
#
# With ten throws the product is 0.002 at most. With ten thousand it would be zero to the computer (see
# lesson 00), at every point of the grid, and $0/0$ is no posterior. In logarithms, with the largest value
# subtracted before the exponential, all is well: the subtraction divides numerator and denominator by the
# same factor, whose logarithm the evidence gets back at the end.
#
# A density proportional to $z^{a-1} (1-z)^{b-1}$ is called a *beta density*, Beta$(a, b)$; its mean is
# $a/(a+b)$. The flat prior is Beta(1, 1), and the posterior must be Beta(8, 4).


# %%
def grid_posterior(log_joint, width):
    """Posterior density on a grid and the log evidence, from log p(x, z)."""
    largest = log_joint.max()
    scaled = np.exp(log_joint - largest)
    area = scaled.sum() * width
    return scaled / area, np.log(area) + largest


inside = np.linspace(0, 1, 1003)[1:-1]  # at 0 and 1 themselves the logarithms are infinite
log_joint = backs * np.log(inside) + (throws - backs) * np.log1p(-inside)  # log1p(u) is log(1 + u)
density, log_evidence = grid_posterior(log_joint, inside[1] - inside[0])
course.agree("the posterior is the beta density Beta(8, 4)", density, stats.beta.pdf(inside, 8, 4), 1e-8)

many = 1000  # the same share of backs, of a thousand times as many throws
naive = inside ** (many * backs) * (1 - inside) ** (many * (throws - backs))
_, log_evidence_many = grid_posterior(many * log_joint, inside[1] - inside[0])
course.claim(
    "with 10,000 throws the product is zero everywhere, its logarithm is not",
    naive.max() == 0 and np.isfinite(log_evidence_many),
    f"the largest product is {naive.max()}, the log evidence {log_evidence_many:,.1f} nats",
)

# %% [markdown]
# ## One datum after the other
#
# The throws are independent given $z$, so the likelihood is a product over throws, and their order does not
# matter: the posterior after the first throw can serve as the prior of the second, and so on. The evidence
# comes apart too: $p(x_1, x_2) = p(x_1)\, p(x_2 \mid x_1)$, where the second factor, the *prediction* of
# $x_2$, is the average of $p(x_2 \mid z)$ under the posterior after $x_1$.

# %%
data = rng.permutation([1] * 7 + [0] * 3)
belief, step_size, log_total = np.ones_like(inside), inside[1] - inside[0], 0.0
history = [belief]
for x in data:
    predictive = (np.where(x, inside, 1 - inside) * belief).sum() * step_size  # p(x | what came before)
    belief = np.where(x, inside, 1 - inside) * belief / predictive
    log_total += np.log(predictive)
    history.append(belief)
course.agree("one by one and all at once give the same posterior", belief, density, 1e-9)
course.agree("and the same evidence, as a product of predictions", log_total, log_evidence, 1e-9)

drawn, ax = plotting.figure(6.8, 4)
for n, colour, dash in ((0, 9, ":"), (1, 0, "-."), (2, 1, "--"), (5, 2, (0, (6, 1))), (10, 3, "-")):
    name = f"{n} throws, {data[:n].sum()} on the back"
    ax.plot(inside, history[n], color=plotting.COLOURS[colour], ls=dash, lw=2, label=name)
ax.set(xlabel="z, probability of landing on the back", ylabel="density of z", title="What is known of z")
ax.legend(frameon=False)
course.save(drawn, "01_updating")

# %% [markdown]
# ## Prior against data
#
# Three people with three priors see the same throws. Few data leave them apart; many bring them together,
# for the likelihood grows sharper with every throw and the prior stays as it is. One thing no data can
# change: what a prior calls impossible stays impossible.

# %%
priors = {  # their logarithms, up to a constant, which `grid_posterior` divides out
    "flat": np.zeros_like(inside),
    "sure of 1/2": 20 * np.log(inside) + 20 * np.log1p(-inside),
    "above 3/4 only": np.where(inside > 0.75, 0.0, -np.inf),
}


def means(n):
    """Posterior mean of each prior after n throws of which 7 in 10 land on the back."""
    grown = n / throws * log_joint
    return {name: (grid_posterior(grown + log_p, 1)[0] * inside).sum() for name, log_p in priors.items()}


few, lots = means(10), means(10_000)
apart, together = (found["flat"] - found["sure of 1/2"] for found in (few, lots))
course.claim(
    "ten throws leave the open-minded apart, ten thousand bring them together",
    apart > 0.1 and abs(together) < 0.002,
    f"their means differ by {apart:.3f}, then by {together:.4f}",
)
course.claim(
    "but not the one who excluded the truth",
    lots["above 3/4 only"] > 0.75,
    f"mean {lots['above 3/4 only']:.4f}, though 0.7 of the throws landed on the back",
)

drawn, axes = plotting.figure(9, 3.2, n_columns=3)
for ax, n in zip(axes, (0, 10, 100), strict=True):
    for (name, log_p), colour, dash in zip(priors.items(), plotting.COLOURS, ("-", "--", ":"), strict=False):
        curve, _ = grid_posterior(n / throws * log_joint + log_p, step_size)
        ax.plot(inside, curve, dash, color=colour, lw=2, label=name)
    ax.set(xlabel="z", title=f"{n} throws" if n else "priors")
axes[0].set(ylabel="density of z", ylim=(0, 9))
axes[0].legend(frameon=False, loc="upper left")
course.save(drawn, "01_priors")

# %% [markdown]
# ## Two unknowns, and the library's function
#
# Eight normal numbers, of unknown mean and unknown standard deviation: $z = (\mu, \log\sigma)$. Nothing
# changes but that the grid has two axes and its cells an area. `sv.grid_posterior` does the same for a
# model that is written down once and for all, in one or two dimensions, and chooses the window by itself.
# A model takes an array of many `z` at once and gives one number for each: `z[..., :1]` are the means, with
# an axis kept for the data, over which the last `sum` goes.


# %%
class NormalData(sv.BayesianModel):
    """x_i ~ N(mu, sigma^2), i = 1..8, with wide priors on mu and log sigma."""

    n_latent = 2
    x = rng.normal(2.0, 1.0, 8)

    def log_prior(self, z):
        return stats.norm.logpdf(z, 0, 5).sum(-1)

    def log_likelihood(self, z):
        return stats.norm.logpdf(self.x, z[..., :1], np.exp(z[..., 1:])).sum(-1)


model = NormalData()
axes = np.linspace(-8, 12, 401), np.linspace(-4, 6, 401)
pairs = np.stack(np.meshgrid(*axes), axis=-1)  # (401, 401, 2)
_, ours = grid_posterior(model.log_prior(pairs) + model.log_likelihood(pairs), 0.05 * 0.025)
found = sv.grid_posterior(model)
print(found)
course.agree("the library's evidence is that of our own grid", found.log_evidence, ours, 1e-6)
low, high = np.exp([found.quantile(share)[1] for share in (0.05, 0.95)])
course.claim(
    "eight numbers leave the standard deviation open by a factor of two",
    high > 2 * low,
    f"with probability 0.9 it is between {low:.2f} and {high:.2f}",
)
drawn, ax = plotting.figure(5.6, 4)
found.plot(ax)
ax.set(xlabel=r"$\mu$", ylabel=r"$\log\sigma$")
course.save(drawn, "01_two_unknowns")

# %% [markdown]
# The picture shows what single numbers cannot: which pairs of values are credible together. A grid can be
# too small or too coarse. Both are seen without knowing the answer: posterior lies in the outermost cells;
# the evidence changes if every other point is left out.

# %%
with warnings.catch_warnings(action="ignore"):  # they say what `problems` says
    small = sv.grid_posterior(model, (np.linspace(1.5, 4, 101), np.linspace(-1, 3, 101)))
    coarse = sv.grid_posterior(model, (np.linspace(-6, 9, 9), np.linspace(-3, 5, 9)))
course.claim("a grid that is too small is found out", "cut off" in small.problems[0], small.problems[0])
course.claim("and so is one that is too coarse", "coarse" in coarse.problems[0], coarse.problems[0])

# %% [markdown]
# ## Where it ends: the disease that the course cures
#
# A grid of 100 points an axis takes $100^L$ evaluations for $L$ unknowns: a million for three, $10^{40}$
# for the twenty latent numbers that lesson 08 gives to an image. The evidence $p(x)$ is then an integral
# that nobody can sum. Variational inference, from lesson 03 on, replaces it by an optimization.
#
# ## Summary
#
# - Posterior = likelihood times prior, divided by its own integral. The integral is the evidence.
# - Work with logarithms, and subtract the largest before the exponential.
# - Independent data may come in any order and in any portions. A prior of zero is for ever.
# - The cost of a grid is exponential in the number of unknowns.
#
# ## Try this
#
# 1. Replace the flat prior by $p(z) = 2z$. Predict the new posterior's name, Beta(?, ?), then check.
# 2. Make the grid in *By a loop* coarser until the evidence is wrong by one percent. How few points are
#    left? (Fewer than one thinks: a smooth curve that ends at zero on both sides is kind to sums.)
# 3. Give the model 80 numbers instead of 8. By which factor do the two standard deviations fall?
#
# ## Questions
#
# 1. Is the likelihood a probability density?
# 2. The evidence of the ten throws is 0.00076. Is that a bad model?
# 3. Two scientists see the same data and have different posteriors. Has one of them made a mistake?
#
# **Exercises**: `tutorials/exercises/ex02_bayes.py`. **Next**: `02_models_and_priors.py`.
#
# **Further reading**: T. Bayes, *An Essay towards solving a Problem in the Doctrine of Chances*, Phil.
# Trans. 53, 1763; A. Gelman et al., *Bayesian Data Analysis*, 3rd ed., CRC Press 2013, chapters 1 to 3; D.
# J. C. MacKay, *Information Theory, Inference, and Learning Algorithms*, Cambridge University Press 2003,
# chapter 3.
#
# **Answers**: 1. Of $x$ for fixed $z$ it is a probability (the throws are discrete); of $z$ for fixed $x$
# it is no density: its integral over $z$ is the evidence (under a flat prior), not one. 2. No: it is the
# probability of one particular order among $2^{10}$; a fair coin gives 0.00098 to every order. Evidence
# compares models, it does not grade one. 3. Not necessarily: they may have had different priors, and both
# may have used Bayes' theorem correctly.
