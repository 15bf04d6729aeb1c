# %% [markdown]
# # 04 The Monte Carlo ELBO
#
# **Afterwards you can** estimate an expectation and its standard error from draws, write down two
# estimators of the gradient of the ELBO, the score function and the pathwise derivative, show that both
# are right on average, and measure why the second is usually preferred where it exists.
#
# **Equations**: (7) the Monte Carlo ELBO, (30) the score function.
#
# **You need**: lessons 00 to 03. **Time**: 10 seconds to run. **Expected output**: nine lines that begin
# with `[holds]`, and three figures.

# %%
import numpy as np

import scratchvae as sv
from scratchvae import lesson, plotting

course = lesson.begin()
rng = np.random.default_rng(0)  # the one seed of this script

# %% [markdown]
# ## An expectation from draws
#
# The ELBO is an expectation under $q$: $\mathcal L = \mathbb E_{q(z)}[f(z)]$ with $f(z) = \log p(x, z) -
# \log q(z)$. In lesson 03 it was a sum over a grid; with many unknowns there is no grid. But we can draw
# from $q$: with $z_1, \dots, z_K$ from $q$, the *Monte Carlo estimate* is the mean of the $f(z_k)$. It is
# *unbiased*: its expectation is $\mathcal L$. Its *standard error*, the standard deviation of the estimate
# itself, is that of $f(z)$ divided by $\sqrt K$: four times the draws halve it.
#
# The model is that of lesson 03: four measurements of one quantity with a normal prior. It is conjugate,
# so that we know all answers.

# %%
data = rng.normal(1.0, 1.0, 4)
model = sv.models.NormalMean(data, sigma=1.0, prior_sigma=2.0)
mu, log_sigma = 0.4, -0.3  # the parameters of q, not the best ones
sigma = np.exp(log_sigma)


def log_q(z, mu, log_sigma):
    return -0.5 * np.log(2 * np.pi) - log_sigma - 0.5 * ((z - mu) * np.exp(-log_sigma)) ** 2


def f(z, mu, log_sigma):
    """log p(x, z) - log q(z), for an array of draws."""
    return model.log_joint(z[..., None]) - log_q(z, mu, log_sigma)


grid = np.linspace(-8, 8, 8001)
step = grid[1] - grid[0]
elbo = np.sum(np.exp(log_q(grid, mu, log_sigma)) * f(grid, mu, log_sigma)) * step

K = 1000
values = [f(np.array([mu + sigma * rng.standard_normal()]), mu, log_sigma)[0] for _ in range(K)]  # a loop
estimate, error = np.mean(values), np.std(values, ddof=1) / np.sqrt(K)
course.claim(
    "the mean over draws is the ELBO within four standard errors",
    abs(estimate - elbo) < 4 * error,
    f"{estimate:.3f} +- {error:.3f}, exact {elbo:.4f} nats",
)

sizes = 2 ** np.arange(2, 13)
repeats = 200 if course.quick else 1000
errors = []
for size in sizes:
    z = mu + sigma * rng.standard_normal((repeats, size))
    errors.append(np.sqrt(np.mean((f(z, mu, log_sigma).mean(axis=1) - elbo) ** 2)))
slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
course.claim("the error falls as one over the root of K", abs(slope + 0.5) < 0.05, f"slope {slope:.3f}")
drawn, ax = plotting.figure(6.2, 3.6)
ax.loglog(sizes, errors, "o-", color=plotting.COLOURS[0], label=f"of {repeats:,} repetitions")
ax.loglog(sizes, errors[0] * np.sqrt(sizes[0] / sizes), "--", color="black", label="slope -1/2")
ax.set(xlabel="K, draws", ylabel="root mean square error, nats", title="Error of the Monte Carlo ELBO")
ax.legend(frameon=False)
course.save(drawn, "04_error")

# %% [markdown]
# ## The gradient, and why it is not the mean of gradients
#
# To climb the ELBO we need its gradient by $\lambda = (\mu, \texttt{log\_sigma})$, the parameters of $q$.
# It is tempting to differentiate $f$ at each draw and take the mean. That is wrong: $\lambda$ also decides
# *where the draws fall*, and an expectation over $q$ changes when $q$ moves. In fact the derivative of $f$
# by $\lambda$ at a fixed $z$ is only $-\partial \log q/\partial\lambda$, whose expectation is zero:

# %%
z = mu + sigma * rng.standard_normal(100_000)
score = np.stack([(z - mu) / sigma**2, ((z - mu) / sigma) ** 2 - 1])  # d log q / d (mu, log_sigma)
naive = -score.mean(axis=1)
exact = np.array(
    [
        np.sum(np.exp(log_q(grid, mu, log_sigma)) * s * f(grid, mu, log_sigma)) * step
        for s in ((grid - mu) / sigma**2, ((grid - mu) / sigma) ** 2 - 1)
    ]
)
course.claim(
    "the mean of the gradients at fixed draws is about zero, the ELBO's gradient is not",
    np.all(np.abs(naive) < 0.02) and np.abs(exact[0]) > 1,
    f"{naive.round(3)} against {exact.round(3)}",
)

# %% [markdown]
# ## First cure: the score function
#
# Differentiate the integral $\int q(z)\, f(z)\, dz$ itself. With $\nabla q = q\, \nabla \log q$,
#
# $$\nabla_\lambda \mathcal L
# = \mathbb E_{q}\big[ f(z)\, \nabla_\lambda \log q(z) \big] - \mathbb E_q[\nabla_\lambda \log q(z)]$$
#
# and the last term is zero. An expectation under $q$ again: draw and average. $\nabla_\lambda \log q$ is
# called the *score*. The model is only evaluated, never differentiated; it may even be discrete. This is
# REINFORCE (Williams 1992), black-box variational inference (Ranganath et al. 2014).
#
# ## Second cure: move the draws
#
# Write the draw as a function of noise that does not depend on $\lambda$: $z = \mu + \sigma\epsilon$ with
# $\epsilon$ standard normal. Then the expectation is over the noise's density $p(\epsilon)$, which stays
# where it is when $\lambda$ changes, and the gradient may go inside:
#
# $$\nabla_\lambda \mathcal L
# = \mathbb E_{p(\epsilon)}\big[\nabla_\lambda f(z(\epsilon, \lambda), \lambda)\big]$$
#
# This is the *pathwise* or *reparameterization* gradient, the subject of lesson 05. With $\log
# q(z(\epsilon, \lambda)) = \log p(\epsilon) - \texttt{log\_sigma}$ it is, draw by draw,
#
# $$\partial_\mu = \frac{\partial \log p(x,z)}{\partial z}, \qquad
# \partial_{\texttt{log\_sigma}} = \frac{\partial \log p(x,z)}{\partial z}\, \sigma\epsilon + 1$$


# %%
def score_function(eps, baseline=0.0):
    """One estimate of the gradient for each noise, (2, K)."""
    z = mu + sigma * eps
    return np.stack([eps / sigma, eps**2 - 1]) * (f(z, mu, log_sigma) - baseline)


def pathwise(eps):
    """The same by the derivative along the draw, (2, K)."""
    slope = model.grad_log_joint((mu + sigma * eps)[..., None])[..., 0]  # d log p(x, z) / dz
    return np.stack([slope, slope * sigma * eps + 1])


eps = rng.standard_normal(20_000 if course.quick else 200_000)
estimators = {
    "score function": score_function(eps),
    "score function with a baseline": score_function(eps, baseline=elbo),
    "pathwise": pathwise(eps),
}
for name, gradients in estimators.items():
    error = gradients.std(axis=1) / np.sqrt(eps.size)
    z_score = np.abs(gradients.mean(axis=1) - exact) / error
    course.claim(f"{name}: right on average", np.all(z_score < 4), f"z-scores {z_score.round(1)}")
variances = {name: gradients.var(axis=1) for name, gradients in estimators.items()}
for name, variance in variances.items():
    print(f"    variance of one draw, by mu and log_sigma: {variance[0]:8.2f} {variance[1]:8.2f}   {name}")
course.claim(
    "the pathwise gradient has the least variance, even against a baseline",
    np.all(2 * variances["pathwise"] < variances["score function with a baseline"])
    and np.all(variances["score function with a baseline"] < variances["score function"]),
    f"by mu {variances['pathwise'][0]:.1f} against {variances['score function'][0]:.1f} without a baseline",
)

# %% [markdown]
# Subtracting a *baseline*, a number that does not depend on $z$, from $f$ leaves the expectation as it is
# (the score has expectation zero), and a good one lowers the variance. The package's
# `bound="score_function_leave_one_out"` takes the mean of the other draws. Here it still cannot compete
# with the pathwise gradient. That is the rule for smooth models, not a theorem: where $f$ oscillates fast,
# the order can be reversed (Mohamed et al. 2020). And with the dimension the score function gets worse:
# every coordinate's score is multiplied by the noise of all the others.

# %%
dims = [1, 2, 5, 10, 20, 50]
ratios = []
for dim in dims:  # L independent copies: f is a sum; the gradient is that of the first coordinate
    noise = rng.standard_normal((4_000 if course.quick else 20_000, dim))
    total = f(mu + sigma * noise, mu, log_sigma).sum(axis=1)
    by_score = noise[:, 0] / sigma * (total - dim * elbo)
    ratios.append(by_score.var() / pathwise(noise[:, 0])[0].var())
course.claim(
    "with the dimension the score function falls further behind",
    all(np.diff(ratios) > 0),
    f"ratio of variances {ratios[0]:.0f} in one dimension, {ratios[-1]:.0f} in {dims[-1]}",
)
drawn, (left, right) = plotting.figure(10, 3.6, n_columns=2)
for (name, gradients), colour in zip(estimators.items(), plotting.COLOURS, strict=False):
    left.hist(
        gradients[0], bins=np.linspace(-30, 30, 121), density=True, histtype="step", color=colour, label=name
    )
left.axvline(exact[0], color="black", lw=1, ls="--", label="exact gradient")
left.set(
    xlabel="gradient by mu, one draw", ylabel="density", title="Three estimators, one mean", yscale="log"
)
left.legend(frameon=False, fontsize=8, loc="upper left")
right.plot(dims, ratios, "o-", color=plotting.COLOURS[0])
right.set(
    xlabel="L, latent dimensions", ylabel="variance, score function / pathwise", title="Against the dimension"
)
course.save(drawn, "04_two_gradients")

# %% [markdown]
# ## Climbing
#
# Stochastic gradient ascent needs a direction that is right on average, not one that is exact. One draw a
# step, the same small steps, both estimators. Both are clipped to $\pm 20$, lest one bad draw throw the
# path away; a clipped estimate is no longer exactly right on average, the less so the larger its variance.

# %%
paths = {}
for name in ("score function", "pathwise"):
    lam = np.array([-1.0, 0.5])
    path = []
    for _ in range(600):
        mu, log_sigma = lam  # the two estimators above read these
        sigma = np.exp(log_sigma)
        noise = rng.standard_normal(1)
        gradient = pathwise(noise) if name == "pathwise" else score_function(noise)
        lam = lam + 0.02 * np.clip(gradient[:, 0], -20, 20)
        path.append(lam)
    paths[name] = np.array(path)
goal = np.array([model.exact_posterior().mean[0], 0.5 * np.log(model.exact_posterior().cov[0, 0])])
wander = {name: np.abs(path[300:] - goal).mean() for name, path in paths.items()}
course.claim(
    "one draw a step is enough for the pathwise gradient to arrive, the other still wanders",
    wander["pathwise"] < 0.2 < wander["score function"],
    f"mean distance from the optimum {wander['pathwise']:.2f} and {wander['score function']:.2f}",
)
drawn, ax = plotting.figure(6.2, 3.6)
for (name, path), colour in zip(paths.items(), (plotting.COLOURS[0], plotting.COLOURS[2]), strict=True):
    ax.plot(path[:, 0], color=colour, label=name)
ax.axhline(goal[0], color="black", ls="--", label="posterior mean")
ax.set(xlabel="step", ylabel="mean of q", title="One draw a step")
ax.legend(frameon=False)
course.save(drawn, "04_climbing")

# %% [markdown]
# ## Summary
#
# - The Monte Carlo ELBO is unbiased; its error falls as $1/\sqrt K$.
# - The gradient by the parameters of $q$ is not the mean of gradients at fixed draws: they decide where
#   the draws fall.
# - Score function: needs only values, has a large variance. Pathwise: needs the model's derivative, and
#   for a smooth model is worth it.
#
# ## Try this
#
# 1. Set `mu` and `log_sigma` to the exact posterior. What happens to the variance of $f$, and to the score
#    function's?
# 2. Estimate the gradient by $K = 10$ draws, with the mean of the *other* nine as each draw's baseline.
# 3. Use the same noise in every step of *Climbing*. Where does the path end?
#
# ## Questions
#
# 1. Is the logarithm of an unbiased estimate unbiased?
# 2. Why may a baseline not depend on the draw whose score it multiplies?
# 3. For which models is there no pathwise gradient?
#
# **Exercises**: `tutorials/exercises/ex04_monte_carlo.py`. **Next**: `05_reparameterization.py`.
#
# **Further reading**: S. Mohamed, M. Rosca, M. Figurnov & A. Mnih, *Monte Carlo Gradient Estimation in
# Machine Learning*, Journal of Machine Learning Research 21, 2020; R. Ranganath, S. Gerrish & D. Blei,
# *Black Box Variational Inference*, AISTATS 2014; R. J. Williams, *Simple Statistical Gradient-Following
# Algorithms for Connectionist Reinforcement Learning*, Machine Learning 8, 1992.
#
# **Answers**: 1. No: by Jensen's inequality it is too small in expectation; lesson 10 meets this again. 2.
# Its product with the score would then have an expectation of its own. 3. Where $z$ is discrete, or the
# derivative of $\log p(x, z)$ by $z$ is not available.
