# %% [markdown]
# # 02 Models and priors
#
# **Afterwards you can** write down a parametric model and a prior whose posterior is known in closed form,
# compute its evidence, let the evidence choose between models (Occam's razor), and ask of a fitted model
# whether it could have made the data at all.
#
# **Equations**: (1) Bayes' theorem, (2) the evidence, (13) the normal density.
#
# **You need**: lessons 00 and 01; what a matrix product is. **Time**: 3 seconds to run. **Expected
# output**: nine lines that begin with `[holds]`, and three figures.

# %%
import numpy as np
from scipy import stats

import scratchvae as sv
from scratchvae import lesson, plotting
from scratchvae.evaluation import predictive_check

course = lesson.begin()
rng = np.random.default_rng(0)  # the one seed of this script

# %% [markdown]
# ## Two words: parametric, conjugate
#
# A *parametric model* $p(x \mid z)$ is a family of distributions of the data $x$, one for each value of a
# vector $z$ of a fixed number of entries; the *prior* $p(z)$ says which values are credible before the data.
# A family of priors is *conjugate* to a model if, whatever the data, the posterior is in the family again:
# in lesson 01, Beta(1, 1) became Beta(8, 4). Then Bayes' theorem is arithmetic on a few numbers.
#
# The simplest: $N$ measurements $x_i$ of one quantity $z$ with independent normal errors of known standard
# deviation $\sigma$, and a normal prior of standard deviation $\sigma_0$ around zero. The logarithm of prior
# times likelihood is, but for constants that do not depend on $z$, and completing the square,
#
# $$-\frac{z^2}{2\sigma_0^2} - \sum_{i=1}^N \frac{(x_i - z)^2}{2\sigma^2} =
# -\frac12 \Big(\frac{1}{\sigma_0^2} + \frac{N}{\sigma^2}\Big) (z - m)^2 + \text{const}, \qquad
# m = \frac{\sum_i x_i / \sigma^2}{1/\sigma_0^2 + N/\sigma^2}$$
#
# a parabola in $z$, so the posterior is normal again. Its *precision* (one over the variance) is the sum
# of the prior's $1/\sigma_0^2$ and the data's $N/\sigma^2$; its mean $m$ is the average of the prior's mean
# (zero here) and the data's mean, weighted by these precisions.

# %%
sigma, sigma_0 = 1.0, 2.0
x = rng.normal(1.5, sigma, 5)
precision = 1 / sigma_0**2 + len(x) / sigma**2
m = (x.sum() / sigma**2) / precision

grid = np.linspace(-10, 10, 20001)  # the grid of lesson 01 knows nothing of parabolas
log_joint = stats.norm.logpdf(grid, 0, sigma_0) + stats.norm.logpdf(x[:, None], grid, sigma).sum(0)
largest, step = log_joint.max(), grid[1] - grid[0]
area = np.exp(log_joint - largest).sum() * step
density, log_evidence = np.exp(log_joint - largest) / area, np.log(area) + largest
normal = stats.norm.pdf(grid, m, precision**-0.5)
course.agree("the closed form is what the grid gives", density, normal, 1e-6)

model = sv.models.NormalMean(x, sigma, prior_sigma=sigma_0)
exact = model.exact_posterior()
course.agree("and what the library gives", [exact.mean[0], exact.cov[0, 0]], [m, 1 / precision], 1e-9)
course.claim(
    "the posterior mean lies between the prior's mean and the data's",
    0 < m < x.mean(),
    f"0 < {m:.4f} < {x.mean():.4f}",
)

# %% [markdown]
# ## The evidence in closed form
#
# What are the data, before we know $z$? Each $x_i$ is $z$ plus noise, and $z$ is random: the vector $x$ is
# normal with mean zero and covariance $\sigma^2 I + \sigma_0^2\, \mathbf 1 \mathbf 1^T$, where $I$ is the
# identity matrix and $\mathbf 1$ the vector of ones: its entries are correlated because they share $z$. The
# density of this normal at the data that came is the evidence.

# %%
cov = sigma**2 * np.eye(len(x)) + sigma_0**2 * np.ones((len(x), len(x)))
closed = stats.multivariate_normal(np.zeros(len(x)), cov).logpdf(x)
course.claim(
    "three ways to the evidence agree: grid, covariance, library",
    abs(closed - log_evidence) < 1e-6 and abs(closed - model.log_evidence()) < 1e-9,
    f"{log_evidence:.6f}, {closed:.6f}, {model.log_evidence():.6f} nats",
)

# %% [markdown]
# ## Occam's razor
#
# Which polynomial describes these points? The fit to the data, by least squares, cannot get worse with a
# higher degree: there is nothing in it that says stop. The evidence does. A high degree spreads its prior
# over many curves, most of them nothing like the data, and each gets little of the probability; it pays for
# what it *could* have predicted. No penalty was added: the razor is in Bayes' theorem. What is compared are
# models *with their priors*, here $\mathcal N(0, 1)$ for every coefficient (try 1); and with $n$ models that
# were equally credible before, the evidences over their sum are the posterior probabilities.

# %%
n, noise = 20, 0.3
t = np.sort(rng.uniform(-1, 1, n))
y = 0.5 - t + 1.5 * t**2 + rng.normal(0, noise, n)  # a parabola
degrees = range(9)


def powers(t, degree):
    """Columns t, t^2, ... (N, degree); the model adds the constant by itself."""
    return np.stack([t**power for power in range(1, degree + 1)], axis=-1)


def regression(degree, t=t, y=y):
    return sv.models.LinearRegression(powers(t, degree), y, noise, prior_sigma=1.0)


evidences, residuals = [], []
for degree in degrees:
    if degree == 0:  # a constant only: measurements of one quantity
        evidences.append(sv.models.NormalMean(y, noise, prior_sigma=1.0).log_evidence())
    else:
        evidences.append(regression(degree).log_evidence())
    residuals.append(np.sum((y - np.polyval(np.polyfit(t, y, degree), t)) ** 2))
best = int(np.argmax(evidences))
probabilities = np.exp(np.array(evidences) - np.max(evidences))
probabilities /= probabilities.sum()
course.claim(
    "the squared error falls with every degree",
    all(np.diff(residuals) < 0),
    f"from {residuals[0]:.2f} to {residuals[-1]:.2f}",
)
course.claim(
    "the evidence is largest at the degree that made the data",
    best == 2,
    f"probability of degree 2 among the nine: {probabilities[2]:.2f}",
)

drawn, (left, right) = plotting.figure(8.4, 3.5, n_columns=2)
fine = np.linspace(-1.1, 1.1, 200)
left.plot(t, y, "o", color=plotting.COLOURS[6], label="data")
for degree, colour, dash in zip((1, 2, 8), plotting.COLOURS, (":", "-", "--"), strict=False):
    coefficients = regression(degree).exact_posterior().mean
    curve = coefficients[0] + powers(fine, degree) @ coefficients[1:]
    left.plot(fine, curve, dash, color=colour, lw=2, label=f"degree {degree}")
left.set(xlabel="t", ylabel="y", title="Posterior means")
left.legend(frameon=False)
right.plot(degrees, evidences, "o-", color=plotting.COLOURS[0])
right.text(2.6, -11.5, f"far below: {evidences[0]:.0f} of degree 0,\n{evidences[1]:.0f} of degree 1")
right.set(xlabel="degree of the polynomial", ylabel="log evidence, nats", title="The evidence chooses")
right.set_ylim(-12, -6)
course.save(drawn, "02_occam")

# %% [markdown]
# ## A prior is a statement about data
#
# Before any data come, draw $z$ from the prior and data from the model: what comes is what the model
# expects to see. A prior that looks harmless as a density of $z$ may say absurd things about $x$. Take the
# probability $\pi$ of a disease, with a normal prior on its *logit* $z = \log\frac{\pi}{1-\pi}$, so that
# $\pi = 1/(1 + e^{-z})$: a standard deviation of 10 is "uninformative" only by name.

# %%
n_draws = 2_000 if course.quick else 20_000
wide, narrow = (1 / (1 + np.exp(-rng.normal(0, scale, n_draws))) for scale in (10, 1.5))
extreme = [np.mean((p < 0.01) | (p > 0.99)) for p in (wide, narrow)]
course.claim(
    "a wide prior on the logit puts most of its mass on extreme probabilities",
    extreme[0] > 0.6 and extreme[1] < 0.02,
    f"share below 0.01 or above 0.99: {extreme[0]:.2f} with scale 10, {extreme[1]:.3f} with scale 1.5",
)
drawn, ax = plotting.figure(6.4, 3.4)
for p, scale, colour, dash in (
    (wide, 10, plotting.COLOURS[1], "--"),
    (narrow, 1.5, plotting.COLOURS[0], "-"),
):
    name = f"logit of standard deviation {scale}"
    ax.hist(p, bins=50, density=True, histtype="step", lw=2, color=colour, ls=dash, label=name)
ax.set(
    xlabel=r"probability $\pi$", ylabel="density", title="Two normal priors on the logit, as probabilities"
)
ax.legend(frameon=False)
course.save(drawn, "02_priors_of_the_logit")

# %% [markdown]
# ## Could the model have made these data?
#
# Evidence compares models, and the best of three bad models is a bad model. A *posterior predictive check*
# asks one model: draw $z$ from the posterior and new data from the model, many times. Do the new data look
# like the old ones? "Look like" is a number of the data that you choose, $T(x)$, and that the model does
# not fit by itself; the *posterior predictive p-value* is the share of the new data with a $T$ at least as
# large as the old ones have. Here the model says normal errors; the data have two outliers; $T$ is the
# largest distance from the median.

# %%
wild = np.concatenate([rng.normal(0, 1, 48), [9.0, -8.0]])
suspect = sv.models.NormalMean(wild, 1.0, prior_sigma=10.0)
draws = suspect.posterior.sample(500, rng)


def largest_distance(data):
    return np.abs(data - np.median(data)).max()


check = predictive_check(suspect, draws, largest_distance, rng, name="the largest distance from the median")
print(check)
fine_data = sv.models.NormalMean(wild[:48], 1.0, prior_sigma=10.0)
good = predictive_check(fine_data, fine_data.posterior.sample(500, rng), largest_distance, rng)
course.claim("the outliers are beyond what the model can make", check.p < 0.01, f"p = {check.p:.3f}")
course.claim("without them the check finds nothing", 0.01 < good.p < 0.99, f"p = {good.p:.3f}")
drawn, ax = plotting.figure(6.4, 3.4)
check.plot(ax)
course.save(drawn, "02_predictive_check")

# %% [markdown]
# ## Summary
#
# - A conjugate prior makes Bayes' theorem arithmetic: precisions add, means are averaged.
# - The evidence is the density of the data with $z$ integrated out. It compares models and carries Occam's
#   razor.
# - A prior is a statement about data: draw from it and look.
# - A predictive check asks whether the model could have made the data. It can find faults; it cannot prove
#   their absence.
#
# ## Try this
#
# 1. Set `prior_sigma` of the regression of degree 2 to 100. The posterior mean hardly moves; what does the
#    evidence do, and why?
# 2. Double the noise of the polynomial's data. How sure is the evidence of degree 2 now?
# 3. Check the outliers' model with $T$ the mean of the data. Why does this find nothing?
#
# ## Questions
#
# 1. With how many measurements does the prior of the first section count as much as the data?
# 2. Two models have log evidences of -105.2 and -102.9. What are their probabilities if both were equally
#    credible before?
# 3. Is $p$ of a predictive check the probability that the model is true?
#
# **Exercises**: `tutorials/exercises/ex02_bayes.py`. **Next**: `03_variational_inference.py`.
#
# **Further reading**: C. M. Bishop, *Pattern Recognition and Machine Learning*, Springer 2006, sections
# 2.3.6, 3.3 and 3.4; D. J. C. MacKay, *Bayesian Interpolation*, Neural Computation 4, 1992; A. Gelman et
# al., *Bayesian Data Analysis*, 3rd ed., CRC Press 2013, chapters 2 and 6.
#
# **Answers**: 1. $\sigma^2/\sigma_0^2 = 1/4$: a quarter of one measurement. 2. Odds $e^{2.3} = 10$ to one:
# 0.09 and 0.91. 3. No: it is the probability, under the fitted model, of new data at least as extreme in
# $T$. Nor does a $p$ near 1/2 prove much: the data were used twice, for the posterior and for $T(x)$, and
# that draws $p$ there.
