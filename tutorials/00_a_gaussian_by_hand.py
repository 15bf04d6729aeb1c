# %% [markdown]
# # 00 A Gaussian by hand
#
# **Afterwards you can** write down the density of a Gaussian and of a vector of independent ones, say why
# programs compute its logarithm, draw from it, and check each of these against something that knows
# nothing of your code.
#
# **Equations**: (13), the normal density. `scratchvae eq 13` prints it with the lines that implement it.
#
# **You need**: Python, NumPy, what a mean and an integral are. **Time**: 2 seconds to run. **Expected
# output**: nine lines that begin with `[holds]`, and two figures.

# %%
import math

import numpy as np
from scipy import stats

import scratchvae as sv
from scratchvae import lesson, plotting

course = lesson.begin()
rng = np.random.default_rng(0)  # the one seed of this script

# %% [markdown]
# ## A density, by a loop
#
# A real random number is *normal*, or *Gaussian*, with mean $\mu$ and standard deviation $\sigma > 0$ if it
# falls into a short interval of length $dx$ around $x$ with the probability $p(x)\,dx$ (up to what is small
# even beside $dx$), where
#
# $$p(x) = \frac{1}{\sqrt{2\pi}\,\sigma}\, \exp\Big(-\frac{(x-\mu)^2}{2\sigma^2}\Big)$$
#
# $p$ is a *density*: not a probability, but a probability per unit of $x$. It may exceed one. What must be
# one is its integral. Let us write the formula as it stands, one number at a time.


# %%
def density_of_one(x, mu, sigma):
    return math.exp(-((x - mu) ** 2) / (2 * sigma**2)) / (math.sqrt(2 * math.pi) * sigma)


mu, sigma = 1.0, 0.2
points = np.linspace(-1, 3, 2001)
by_loop = np.array([density_of_one(x, mu, sigma) for x in points])
area = by_loop.sum() * (points[1] - points[0])
course.claim("a density may exceed one", by_loop.max() > 1, f"the largest value is {by_loop.max():.3f}")
course.claim("but its integral is one", abs(area - 1) < 1e-9, f"a sum over a fine grid gives {area:.9f}")

# %% [markdown]
# ## The same with arrays
#
# NumPy applies an operation to a whole array. The loop disappears, the formula stays. We hold the two
# against each other, and against SciPy, which other people wrote: so everything here is tested.


# %%
def density(x, mu, sigma):
    return np.exp(-((x - mu) ** 2) / (2 * sigma**2)) / (np.sqrt(2 * np.pi) * sigma)


by_array = density(points, mu, sigma)
course.agree("loop and array agree", by_array, by_loop, 1e-12)
course.agree("and so does SciPy", by_array, stats.norm.pdf(points, mu, sigma), 1e-12)

# %% [markdown]
# ## Why logarithms: the disease
#
# If $D$ numbers are independent, their joint density is the product of the single ones. An image has
# hundreds of pixels, a data set thousands of rows, and a product of thousands of numbers well below one is
# smaller than $5 \cdot 10^{-324}$, the smallest positive number in double precision: it becomes exactly
# zero. From then on nothing can be compared, and no logarithm can be taken.

# %%
many = rng.normal(mu, sigma, 5000)
product = np.prod(density(many, mu + 1, sigma))  # a poor model of the data, but not an impossible one
print(f"the product of {many.size} densities, computed as it stands: {product}")

# %% [markdown]
# ## The cure
#
# The logarithm turns the product into a sum, and the sum is an ordinary number. For the Gaussian the
# exponential even disappears:
#
# $$\log p(x) = -\tfrac12\log(2\pi) - \log\sigma - \frac{(x-\mu)^2}{2\sigma^2}$$
#
# The unit of a natural logarithm is the *nat*. Note the second term: a narrow Gaussian is a tall one.
# Forget it, and every density with $\sigma \ne 1$ is wrong by the factor $\sigma$. The package parametrizes
# by `log_sigma` $= \log\sigma$, so that any real number is allowed and $\sigma = e^{\texttt{log\_sigma}}$ is
# positive by construction.


# %%
def log_density(x, mu, log_sigma):
    standardized = (x - mu) * np.exp(-log_sigma)
    return -0.5 * np.log(2 * np.pi) - log_sigma - 0.5 * standardized**2


total = log_density(many, mu + 1, np.log(sigma)).sum()
course.claim(
    "the product is zero to the computer, its logarithm an ordinary number",
    product == 0 and np.isfinite(total),
    f"{product} against {total:,.1f} nats",
)
ours, *_ = sv.densities.normal(many, mu + 1, sigma)  # what else it returns are derivatives
course.agree("the package computes the same", ours.sum(), total, 1e-6)

# %% [markdown]
# ## Sampling
#
# To *draw* from a Gaussian, take noise $\epsilon$ from the *standard normal*, that with $\mu = 0$ and
# $\sigma = 1$, and move it: $x = \mu + \sigma\epsilon$. This line will carry the whole course: a map from
# noise to what we want. For now we check what it must do: a histogram of many draws follows the density, and
# their mean is near $\mu$. How near? Variances of independent numbers add up, so the sum of $n$ draws has the
# variance $n\sigma^2$ and their mean the standard deviation $\sigma/\sqrt{n}$, its *standard error*; four
# of these are exceeded once in 16,000 times.

# %%
n = 2_000 if course.quick else 100_000
eps = rng.standard_normal(n)
draws = mu + sigma * eps
error = sigma / math.sqrt(n)
course.claim(
    "the mean of the draws is mu within four standard errors",
    abs(draws.mean() - mu) < 4 * error,
    f"{draws.mean():.4f}, mu = {mu}, standard error {error:.4f}",
)

drawn, (left, right) = plotting.figure(8, 3.4, n_columns=2)
left.hist(draws, bins=60, density=True, color=plotting.COLOURS[5], label=f"{n:,} draws")
left.plot(points, density(points, mu, sigma), color=plotting.COLOURS[1], lw=2, label="density")
left.set(
    xlabel="x", ylabel="density, 1 / unit of x", xlim=(0, 2), ylim=(0, 2.8), title="A density may exceed one"
)
left.legend(frameon=False, loc="upper right")
for width, colour, dash in zip((0.2, 0.5, 1.0), plotting.COLOURS, ("-", "--", "-."), strict=False):
    log_p = log_density(points, mu, np.log(width))
    right.plot(points, log_p, dash, color=colour, lw=2, label=rf"$\sigma$ = {width}")
right.set(xlabel="x", ylabel="log density, nats", ylim=(-12, 2), title="Its logarithm is a parabola")
right.legend(frameon=False)
course.save(drawn, "00_gaussian")

# %% [markdown]
# ## Vectors
#
# A vector of $L$ independent Gaussians has the *sum* of the $L$ log-densities as its log-density. The
# functions of `sv.densities` give one value for each number; wherever the package treats a vector, the
# last axis of an array is summed over and all others are kept: for `x` of shape `(K, B, L)`, $K$ draws for
# $B$ data, the result has shape `(K, B)`. The figure shows what many dimensions do: the *mode* of
# $\mathcal N(0, I)$, $L$ standard normals, is at zero (there its density is largest), and yet almost no draw
# is near it, for there is hardly any room there.

# %%
vectors = rng.standard_normal((4, 3, 5))  # (K, B, L)
summed = log_density(vectors, 0.0, 0.0).sum(axis=-1)
gap = np.abs(summed - stats.multivariate_normal(np.zeros(5)).logpdf(vectors)).max()
course.claim(
    "the sum over the last axis is SciPy's density of a vector, one value a vector",
    summed.shape == (4, 3) and gap < 1e-12,
    f"shape {summed.shape}, largest difference {gap:.1e}",
)
shell = [np.linalg.norm(rng.standard_normal((n, dim)), axis=-1) for dim in (1, 10, 100)]
course.claim(
    "of all draws in 100 dimensions, none is within 5 of the mode",
    shell[2].min() > 5,
    f"of {n:,}, the nearest is {shell[2].min():.2f} away, the mean distance {shell[2].mean():.2f}",
)
drawn, ax = plotting.figure(6.4, 3.6)
for distances, dim, colour, peak in zip(shell, (1, 10, 100), plotting.COLOURS, (1.5, 3.3, 10), strict=False):
    ax.hist(distances, bins=80, density=True, histtype="step", lw=2, color=colour)
    ax.text(peak, 0.62, f"L = {dim}", color=colour, ha="center", size=12)
ax.set(xlabel="distance from the mode", ylabel="density", title="Where draws of N(0, I) lie")
course.save(drawn, "00_shell")

# %% [markdown]
# ## Summary
#
# - A density is a probability per unit; its integral is one, its values may exceed one.
# - Products of densities underflow, sums of log-densities do not. All values in this course are in nats.
# - $x = \mu + \sigma\epsilon$ draws from a Gaussian. Lesson 05 asks what follows from such a map.
#
# ## Try this
#
# 1. Leave out `- log_sigma` in `log_density`. Which claim fails (and stops the script)? Which later one
#    cannot notice, and why?
# 2. How large must $n$ be for the standard error of the mean to be 0.0001? Predict it, then try.
# 3. From which $L$ on do most draws of $\mathcal N(0, I)$ lie farther than 5 from zero? Guess, then draw.
#
# ## Questions
#
# 1. Can $\log p(x)$ be positive?
# 2. Why is `log_sigma` a better parameter than `sigma` for a program that searches for the best one?
# 3. The density at the mode of $\mathcal N(0, I)$ in 100 dimensions is $e^{-91.9}$. Why is the mode still
#    not where draws lie?
#
# **Exercises**: `tutorials/exercises/ex01_densities.py`. **Next**: `01_bayes_on_a_grid.py`.
#
# **Further reading**: C. M. Bishop, *Pattern Recognition and Machine Learning*, Springer 2006, sections
# 1.2.4 and 2.3; K. P. Murphy, *Probabilistic Machine Learning: An Introduction*, MIT Press 2022, sections
# 2.6 and 3.2.
#
# **Answers**: 1. Yes, wherever the density exceeds one, as at the mode when $\sigma < 1/\sqrt{2\pi}
# \approx 0.399$. 2. Every real number is allowed, so a step can never leave the domain, and a step of a
# given size is a *relative* change of sigma. 3. Probability is density times volume, and the volume at
# distance $r$ grows as $r^{99}$.
