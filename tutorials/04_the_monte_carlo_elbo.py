# %% [markdown]
# # 04 The Monte Carlo ELBO
#
# **Afterwards you can** estimate an expectation and its standard error from draws, write down two
# estimators of the gradient of the ELBO, the score function and the pathwise derivative, show that both
# are right on average, and measure why the second is usually preferred where it exists.
#
# **Equations**: (6) the reparameterization trick, (7) the Monte Carlo ELBO, (30) the score function.
#
# **You need**: lessons 00 to 03; derivatives by several variables. **Time**: 5 seconds to run. **Expected
# output**: eleven lines that begin with `[holds]`, and three figures.

# %%
import numpy as np

import scratchvae as sv
from scratchvae import lesson, plotting
from scratchvae.bounds import BOUNDS
from scratchvae.reparam import build
from scratchvae.vi.coordinates import Coordinates
from scratchvae.vi.objective import Objective

course = lesson.begin()
rng = np.random.default_rng(0)  # the one seed of this script

# %% [markdown]
# ## An expectation from draws
#
# The ELBO is an expectation under $q$: $\mathcal L = \mathbb E_{q(z)}[f(z)]$ with $f(z) = \log p(x, z) -
# \log q(z)$. In lesson 03 it was a sum over a grid; with many unknowns there is no grid. But we can draw
# from $q$: with independent $z_1, \dots, z_K$ from $q$, the *Monte Carlo estimate* is the mean of the
# $f(z_k)$. It is *unbiased*: its expectation is $\mathcal L$. Its *standard error*, the standard deviation
# of the estimate itself, is that of $f(z)$ divided by $\sqrt K$ (lesson 00): four times the draws halve it.
#
# The model is that of lesson 03: four measurements of one quantity with a normal prior. It is conjugate,
# so that we know all answers. $q$ is normal with the parameters $\lambda = (\mu, \texttt{log\_sigma})$.

# %%
data = rng.normal(1.0, 1.0, 4)
model = sv.models.NormalMean(data, sigma=1.0, prior_sigma=2.0)
lam = np.array([0.4, -0.3])  # mu and log_sigma; not the best ones


def log_q(z, lam):
    mu, log_sigma = lam
    return -0.5 * np.log(2 * np.pi) - log_sigma - 0.5 * ((z - mu) * np.exp(-log_sigma)) ** 2


def f(z, lam):
    """log p(x, z) - log q(z), for an array of draws."""
    return model.log_joint(z[..., None]) - log_q(z, lam)


def draw(eps, lam):
    """z = mu + sigma eps, as in lesson 00."""
    return lam[0] + np.exp(lam[1]) * eps


grid = np.linspace(-8, 8, 8001)


def elbo_on_grid(lam):
    return np.sum(np.exp(log_q(grid, lam)) * f(grid, lam)) * (grid[1] - grid[0])


elbo = elbo_on_grid(lam)
eps = rng.standard_normal(1000)
by_loop = sum(f(np.array([draw(one, lam)]), lam)[0] for one in eps) / eps.size
values = f(draw(eps, lam), lam)
estimate, error = values.mean(), values.std(ddof=1) / np.sqrt(eps.size)
course.claim(
    "the mean over draws, by a loop or at once, is the ELBO within four standard errors",
    abs(estimate - by_loop) < 1e-9 and abs(estimate - elbo) < 4 * error,
    f"{estimate:.3f} +- {error:.3f}, exact {elbo:.4f} nats",
)

sizes = 2 ** np.arange(2, 13)
repeats = 200 if course.quick else 1000
errors = []
for size in sizes:
    means = f(draw(rng.standard_normal((repeats, size)), lam), lam).mean(axis=1)
    errors.append(np.sqrt(np.mean((means - elbo) ** 2)))
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
# To climb the ELBO we need its gradient by $\lambda$. It is tempting to differentiate $f$ at each draw and
# take the mean. That is wrong: $\lambda$ also decides *where the draws fall*, and an expectation over $q$
# changes when $q$ moves. In fact the derivative of $f$ by $\lambda$ at a fixed $z$ is only $-\nabla_\lambda
# \log q$, minus the *score* of $q$, and the mean of the score is zero: with $\nabla q = q\, \nabla \log q$,
#
# $$\mathbb E_q[\nabla_\lambda \log q(z)] = \int \nabla_\lambda q(z)\, dz
# = \nabla_\lambda \int q(z)\, dz = \nabla_\lambda 1 = 0$$
#
# The ELBO on the grid, whose derivative we take numerically, says what the gradient is.


# %%
def score(eps, lam):
    """The derivative of log q by (mu, log_sigma) at fixed z = mu + sigma eps, (2, K)."""
    return np.stack([eps * np.exp(-lam[1]), eps**2 - 1])


naive = -score(rng.standard_normal(100_000), lam).mean(axis=1)
steps = 1e-4 * np.eye(2)
exact = np.array([elbo_on_grid(lam + step) - elbo_on_grid(lam - step) for step in steps]) / 2e-4
course.claim(
    "the mean of the gradients at fixed draws is about zero, the ELBO's gradient is not",
    np.all(np.abs(naive) < 0.02) and np.all(np.abs(exact) > 1),
    f"{naive.round(3)} against {exact.round(3)}",
)

# %% [markdown]
# ## First cure: the score function
#
# Differentiate the integral $\int q(z)\, f(z)\, dz$ itself, in which $q$ and $f$ depend on $\lambda$:
#
# $$\nabla_\lambda \mathcal L
# = \mathbb E_{q}\big[ f(z)\, \nabla_\lambda \log q(z) \big] - \mathbb E_q[\nabla_\lambda \log q(z)]$$
#
# and the last term is zero. An expectation under $q$ again: draw and average. The model is only evaluated,
# never differentiated; $z$ may even be discrete. This is REINFORCE (Williams 1992), and black-box
# variational inference (Ranganath et al. 2014).
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
# This is the *pathwise* or *reparameterization* gradient, the subject of lesson 05. Put $z = \mu +
# \sigma\epsilon$ into $\log q$: it is $\log p(\epsilon) - \texttt{log\_sigma}$. So, draw by draw,
#
# $$\partial_\mu = \frac{\partial \log p(x,z)}{\partial z}, \qquad
# \partial_{\texttt{log\_sigma}} = \frac{\partial \log p(x,z)}{\partial z}\, \sigma\epsilon + 1$$


# %%
def score_function(eps, lam, baseline=0.0):
    """One estimate of the gradient for each noise, (2, K)."""
    return score(eps, lam) * (f(draw(eps, lam), lam) - baseline)


def pathwise(eps, lam):
    """The same by the derivative along the draw, (2, K)."""
    slope = model.grad_log_joint(draw(eps, lam)[..., None])[..., 0]  # d log p(x, z) / dz
    return np.stack([slope, slope * np.exp(lam[1]) * eps + 1])


few = rng.standard_normal(10)
for bound, ours in (("score_function", score_function), ("elbo", pathwise)):
    objective = Objective(model, build("diagonal", 1), BOUNDS[bound](), Coordinates.standard(1))
    dlam = objective.loss_and_grad(lam, few[:, None]).dlam  # of minus the ELBO
    course.agree(f'`bound="{bound}"` of the library is the same', -dlam, ours(few, lam).mean(axis=1), 1e-9)

eps = rng.standard_normal(20_000 if course.quick else 200_000)
estimators = {
    "score function": score_function(eps, lam),
    "with a baseline": score_function(eps, lam, baseline=elbo),
    "pathwise": pathwise(eps, lam),
}
for name, gradients in estimators.items():
    error = gradients.std(axis=1) / np.sqrt(eps.size)
    z_score = np.abs(gradients.mean(axis=1) - exact) / error
    course.claim(
        f"{name}: right on average", np.all(z_score < 4), f"off by {z_score.round(1)} standard errors"
    )
variances = {name: gradients.var(axis=1) for name, gradients in estimators.items()}
for name, variance in variances.items():
    print(f"    variance of one draw, by mu and log_sigma: {variance[0]:8.2f} {variance[1]:8.2f}   {name}")
course.claim(
    "the pathwise gradient has the least variance, even against a baseline",
    np.all(2 * variances["pathwise"] < variances["with a baseline"])
    and np.all(variances["with a baseline"] < variances["score function"]),
    f"by mu {variances['pathwise'][0]:.1f} against {variances['score function'][0]:.1f} without a baseline",
)

# %% [markdown]
# Subtracting a *baseline*, a number that does not depend on $z$, from $f$ leaves the expectation as it is
# (the score has mean zero), and a good one lowers the variance. Here it is the ELBO itself; in practice,
# where that is not known, the mean of the other draws (`bound="score_function_leave_one_out"`). It still
# does not reach the pathwise gradient. That is the rule for smooth models, not a theorem: where $f$
# oscillates fast, the order can be reversed (Mohamed et al. 2020). And with the dimension the score
# function gets worse: every coordinate's score is multiplied by the noise of all the others.

# %%
dims = [1, 2, 5, 10, 20, 50]
ratios = []
for dim in dims:  # L independent copies: f is a sum; the gradient is that of the first coordinate
    noise = rng.standard_normal((4_000 if course.quick else 20_000, dim))
    total = f(draw(noise, lam), lam).sum(axis=1)
    by_score = score(noise[:, 0], lam)[0] * (total - dim * elbo)
    ratios.append(by_score.var() / pathwise(noise[:, 0], lam)[0].var())
course.claim(
    "with the dimension the score function falls further behind",
    all(np.diff(ratios) > 0),
    f"ratio of variances {ratios[0]:.0f} in one dimension, {ratios[-1]:.0f} in {dims[-1]}",
)
drawn, (left, right) = plotting.figure(8.6, 3.6, n_columns=2)
bins, dashes = np.linspace(-30, 30, 121), (":", "--", "-")
for (name, gradients), colour, dash in zip(estimators.items(), plotting.COLOURS, dashes, strict=False):
    density = np.histogram(gradients[0], bins)[0] / eps.size / (bins[1] - bins[0])  # some lie outside
    left.stairs(density, bins, ls=dash, lw=1.5, color=colour, label=name)
left.axvline(exact[0], ymax=0.7, color="black", lw=1, label="exact gradient")
left.set(xlabel="gradient by mu, one draw", ylabel="density", title="Three estimators, one mean")
left.set(yscale="log", ylim=(1e-5, 100))
left.legend(frameon=False, loc="upper left")
right.plot(dims, ratios, "o-", color=plotting.COLOURS[0])
right.set(xlabel="L, latent dimensions", ylabel="ratio of variances", title="Baseline against pathwise")
course.save(drawn, "04_two_gradients")

# %% [markdown]
# ## Climbing
#
# Stochastic gradient ascent needs a direction that is right on average, not one that is exact. Ten draws a
# step, the same small steps, both estimators.

# %%
paths = {}
for name, estimator in (("score function", score_function), ("pathwise", pathwise)):
    at, path = np.array([-1.0, 0.5]), []
    for _ in range(600):
        at = at + 0.02 * estimator(rng.standard_normal(10), at).mean(axis=1)
        path.append(at)
    paths[name] = np.array(path)
posterior = model.exact_posterior()
goal = np.array([posterior.mean[0], 0.5 * np.log(posterior.cov[0, 0])])
wander = {name: np.abs(path[300:] - goal).mean() for name, path in paths.items()}
course.claim(
    "both arrive, and the score function wanders about the optimum at three times the distance or more",
    3 * wander["pathwise"] < wander["score function"] < 0.3,
    f"mean distances in the second half {wander['pathwise']:.3f} and {wander['score function']:.3f}",
)
drawn, ax = plotting.figure(6.2, 3.6)
for (name, path), colour, width in zip(paths.items(), plotting.COLOURS[:2], (1, 2.5), strict=True):
    ax.plot(path[:, 0], color=colour, lw=width, label=name)
ax.axhline(goal[0], color="black", ls="--", label="posterior mean")
ax.set(xlabel="step", ylabel="mean of q", title="Ten draws a step")
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
# 1. Compute the variances of $f$ and of the three gradients at `goal`, the exact posterior, with
#    `model.log_evidence()` as the baseline. Which vanish, and why?
# 2. Climb with one draw a step. Why does $\sigma$, once small, make the score function's next step worse?
# 3. Climb along the pathwise gradient with one draw, and with the same one in every step. What becomes of
#    $\sigma$ (the posterior has 0.49), and why?
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
# **Answers**: 1. Not in general: by Jensen's inequality it is too small in expectation; lesson 10 meets this
# again. 2. Its product with the score would then have an expectation of its own. 3. Where $z$ is discrete,
# or the derivative of $\log p(x, z)$ by $z$ is not available.
