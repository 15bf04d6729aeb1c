# %% [markdown]
# # 05 Reparameterization and the change of variables
#
# **Afterwards you can** say where the logarithm of the determinant in the ELBO comes from, write the map,
# its log-determinant and the gradients through both for a diagonal and a full-rank Gaussian, and name the
# two sentences in which lecture notes often slip.
#
# **Equations**: (5) the change of variables, (6) the reparameterization trick, (8) and (9) the diagonal
# map, (24) and (25) the full-rank map.
#
# **You need**: lessons 00 to 04; determinants; the chain rule. **Time**: 4 seconds to run. **Expected
# output**: thirteen lines that begin with `[holds]`, and two figures.

# %%
import numpy as np
from scipy import stats

import scratchvae as sv
from scratchvae import lesson, plotting
from scratchvae.reparam import build

course = lesson.begin()
rng = np.random.default_rng(0)  # the one seed of this script

# %% [markdown]
# ## What a map does to a density
#
# Noise $\epsilon$ has the density $p(\epsilon)$, and $z = g(\epsilon)$ for an invertible, differentiable
# map $g$. What is the density $q$ of $z$? Probability is carried along: what lies in a short interval around
# $\epsilon$ ends up in its image around $z$. If the image is longer, the same probability is spread thinner.
# Lengths are stretched by $|g'(\epsilon)|$, so
#
# $$q(z) = p(\epsilon) \,/\, |g'(\epsilon)|, \qquad \epsilon = g^{-1}(z)$$
#
# Take $g(\epsilon) = e^\epsilon$. Leave the factor out, and the integral is not one but $\int p(\log z)\, dz
# = \mathbb E[e^\epsilon] = e^{1/2}$.

# %%
z = np.linspace(1e-3, 2000, 2_000_000)
step = z[1] - z[0]
without = stats.norm.pdf(np.log(z))  # p(eps) at eps = g^-1(z)
with_factor = without / z  # g' = e^eps = z
areas = without.sum() * step, with_factor.sum() * step
course.claim("without the factor the area is e^(1/2)", abs(areas[0] - np.e**0.5) < 1e-3, f"{areas[0]:.4f}")
course.claim("with it, one", abs(areas[1] - 1) < 1e-3, f"{areas[1]:.4f}")

# %% [markdown]
# In several dimensions a small cube becomes, the more exactly the smaller it is, a parallelepiped spanned by
# the columns of the *Jacobian matrix* $J = dz/d\epsilon$, $J_{ij} = \partial z_i/\partial\epsilon_j$. The
# factor by which its volume grows is $|\det J|$:
#
# $$\log q(z) = \log p(\epsilon) - \log\Big|\det\frac{dz}{d\epsilon}\Big|$$
#
# The figure draws it for a map that bends the plane: equal squares of noise on the left, their images on
# the right, the darker the more probability is in them; the map carries that along and changes the areas.
# We measure the areas of small images as polygons, knowing nothing of determinants, and compare.


# %%
def bend(eps):
    """z_1 = eps_1, z_2 = e^(0.3 eps_1) eps_2 + eps_1^2 / 4: what moves z_2 depends on eps_1."""
    first, second = eps[..., 0], eps[..., 1]
    return np.stack([first, np.exp(0.3 * first) * second + 0.25 * first**2], axis=-1)


def jacobian_log_det(eps):
    """J is lower triangular with the diagonal (1, e^(0.3 eps_1)): its determinant is their product."""
    return 0.3 * eps[..., 0]


def polygon_area(corners):
    """The shoelace formula."""
    x, y = corners[:, 0], corners[:, 1]
    return 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))


side = 0.02
square = side * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2
centres = rng.uniform(-2, 2, (200, 2))
measured = np.array([polygon_area(bend(centre + square)) / side**2 for centre in centres])
gap = np.abs(np.log(measured) - jacobian_log_det(centres)).max()
course.claim("areas grow by the determinant", gap < 1e-3, f"largest difference of logarithms {gap:.1e}")

drawn, (left, right) = plotting.figure(6.4, 4.6, n_columns=2)
edge = np.linspace(0, 1, 20)
to, fro = np.ones(20), np.zeros(20)
sides = ((edge, fro), (to, edge), (1 - edge, to), (fro, 1 - edge))
outline = np.concatenate([np.stack(side, axis=-1) for side in sides])
for ax, function, title in ((left, lambda e: e, "noise"), (right, bend, "its image")):
    for i, j in np.ndindex(8, 8):
        cell = function(0.5 * (np.array([i, j]) + outline) - 2)
        shade = stats.norm.pdf(0.5 * i - 1.75) * stats.norm.pdf(0.5 * j - 1.75) / 0.16
        ax.fill(*cell.T, color=plotting.COLOURS[0], alpha=0.15 + 0.7 * shade, ec="white", lw=0.5)
    ax.set(title=title, aspect="equal", xlim=(-2.3, 2.3), ylim=(-3, 5))
left.set(xlabel=r"$\epsilon_1$", ylabel=r"$\epsilon_2$")
right.set(xlabel=r"$z_1$", ylabel=r"$z_2$")
course.save(drawn, "05_areas")

# %% [markdown]
# ## The ELBO after the change of variables
#
# Put $\log q(z) = \log p(\epsilon) - \log|\det J|$ into the ELBO of lesson 03, and write the expectation
# over the noise:
#
# $$\mathcal L
# = \mathbb E_{p(\epsilon)}\Big[\log p(x, z) - \log p(\epsilon) + \log\Big|\det\frac{dz}{d\epsilon}\Big|\Big]
# \qquad z = g(\epsilon; \lambda)$$
#
# This is the one equation of the package. Two sentences that are often said wrongly:
#
# - *Which gradient was hard?* That by the parameters of $q$ (in a VAE: of the encoder). They are in the
#   distribution that the expectation is taken over. The gradient by the model's own parameters never was a
#   problem: it may go inside.
# - *What is the expectation over afterwards?* Over $p(\epsilon)$, no longer over $q(z)$. That is why the
#   gradient by $\lambda$ may go inside.
#
# ## The diagonal map
#
# $z_i = \mu_i + \sigma_i \epsilon_i$ with $\sigma_i = e^{\texttt{log\_sigma}_i}$. $J$ is diagonal, its
# determinant the product of the $\sigma_i$, so $\log|\det J| = \sum_i \texttt{log\_sigma}_i$: a sum of $L$
# numbers where a general determinant takes some $L^3$ operations.
#
# Now backward. Let any number be computed from $z$ and $\log|\det J|$, the *loss*. We write `dz` for its
# derivative by $z$, in the shape of $z$, and likewise `dlog_det`, `dmu` and so on. `dz` and `dlog_det`
# arrive; the chain rule gives the rest, as $\partial z_i / \partial\texttt{log\_sigma}_i = \sigma_i
# \epsilon_i$, and as every $\texttt{log\_sigma}_i$ stands once in $\log|\det J|$:
#
# $$d\mu_i = dz_i, \qquad d\texttt{log\_sigma}_i = dz_i\, \sigma_i \epsilon_i + d\log|\det|, \qquad
# d\epsilon_i = dz_i\, \sigma_i$$


# %%
def diagonal_forward(lam, eps):
    mu, log_sigma = np.split(lam, 2, axis=-1)
    return mu + np.exp(log_sigma) * eps, log_sigma.sum(axis=-1)


def diagonal_backward(lam, eps, dz, dlog_det):
    sigma = np.exp(np.split(lam, 2, axis=-1)[1])
    dlog_sigma = dz * sigma * eps + dlog_det[..., None]  # through z, and through the determinant
    return np.concatenate([dz, dlog_sigma], axis=-1), dz * sigma  # dlam, deps


L = 3
lam, eps = rng.standard_normal(2 * L), rng.standard_normal(L)
library = build("diagonal", L)
z, log_det = diagonal_forward(lam, eps)
z_library, log_det_library, cache = library.forward(lam, eps)
dz, dlog_det = rng.standard_normal(L), np.array(0.7)
ours, theirs = diagonal_backward(lam, eps, dz, dlog_det), library.backward(cache, dz, dlog_det)
course.agree("our few lines are the library's map", [*z, log_det], [*z_library, log_det_library], 1e-12)
course.agree("and its backward pass", np.concatenate(ours), np.concatenate(theirs), 1e-12)
jacobian = np.stack([(diagonal_forward(lam, eps + 1e-6 * e)[0] - z) / 1e-6 for e in np.eye(L)], axis=-1)
numerical = np.linalg.slogdet(jacobian)[1]
course.agree("log|det| is that of the numerical Jacobian", log_det, numerical, 1e-5)
report = sv.gradcheck.check_reparameterization(library)
course.claim("and the gradient checker finds nothing wrong", report.passed, f"{len(report.blocks)} blocks")

# %% [markdown]
# ## A mistake that a gradient check cannot see
#
# Suppose a half is forgotten: a parameter is meant as the logarithm of the variance, `log_var`, but the map
# takes $\sigma = e^{\texttt{log\_var}}$, forward *and* backward, while the determinant uses
# $\texttt{log\_var}/2$. The backward pass is the derivative of the forward pass, so every *gradient check*, a
# comparison with numerical derivatives (lesson 07), is happy. (It needs one number, so `dz` and `dlog_det`
# weigh the outputs.) The density is wrong all the same: it integrates to $e^{\texttt{log\_var}/2}$ in each
# coordinate. Only a comparison with something outside the code shows it.


# %%
def mistaken(lam):
    mu, log_var = np.split(lam, 2)
    return dz @ (mu + np.exp(log_var) * eps) + dlog_det * log_var.sum() / 2


def mistaken_gradient(lam):
    return np.concatenate([dz, dz * np.exp(lam[L:]) * eps + dlog_det / 2])


report = sv.gradcheck.check(mistaken, lam, mistaken_gradient)
course.claim("the gradient check passes the mistaken map", report.passed, f"error {report.worst.error:.0e}")
axis, log_sigma = np.linspace(-10, 10, 10_001), -0.8  # mu = 0, one coordinate
p_of_eps = stats.norm.pdf(axis / np.exp(log_sigma))
right, wrong = (np.sum(p_of_eps / np.exp(log_det)) * 0.002 for log_det in (log_sigma, log_sigma / 2))
course.claim("the right density integrates to one", abs(right - 1) < 1e-6, f"{right:.6f}")
course.claim("the wrong one does not", abs(wrong - np.exp(-0.4)) < 1e-6, f"{wrong:.6f} = e^(-0.8 / 2)")

# %% [markdown]
# ## Full rank: one triangle
#
# To let coordinates be correlated, replace the diagonal by a lower triangular matrix $C$ with a positive
# diagonal $C_{ii} = e^{\ell_i}$: $z = \mu + C\epsilon$ has the covariance $\mathbb E[C\epsilon\,
# (C\epsilon)^T] = C C^T$, and every positive definite matrix can be written so in one way (Cholesky). The
# determinant of a triangular matrix is the product of its diagonal: still $L$ numbers. From $z_i = \mu_i +
# \sum_{j \le i} C_{ij} \epsilon_j$,
#
# $$\log|\det C| = \sum_i \ell_i, \qquad d\mu_i = dz_i, \qquad dC_{ij} = dz_i\, \epsilon_j \quad (j \le i),
# \qquad d\ell_i = dC_{ii}\, C_{ii} + d\log|\det|$$
#
# That is the art of lesson 11: maps that are as free as possible and have a determinant as cheap as this. The
# arrows in the figure are twice the unit vectors of the noise, and what becomes of them: the columns of $C$.

# %%
full = build("full_rank", 2)
lam = np.array([0.5, -0.5, 0.3, -0.4, 1.1])  # mu, the logarithms of C's diagonal, what is below it
C = full.factor(lam)
eps = rng.standard_normal((20_000 if course.quick else 200_000, 2))
z, log_det, _ = full.forward(lam, eps)
gap = np.abs(np.cov(z.T) - C @ C.T).max()
course.claim(
    "the draws have the covariance C C^T", gap < 0.1, f"{np.cov(z.T).round(2).tolist()}, off by {gap:.3f}"
)
log_q = stats.norm.logpdf(eps).sum(axis=-1) - log_det
scipy_q = stats.multivariate_normal(lam[:2], C @ C.T).logpdf(z)
course.agree("log p(eps) - log|det| is SciPy's density of N(mu, C C^T)", log_q, scipy_q, 1e-9)
one, dz, dlog_det = eps[0], rng.standard_normal(2), np.array(0.7)
dlam, _ = full.backward(full.forward(lam, one)[2], dz, dlog_det)
dC = np.outer(dz, one)
by_formula = [*dz, *(np.diag(dC) * np.diag(C) + dlog_det), dC[1, 0]]
course.agree("the formulas above are the library's backward pass", dlam, by_formula, 1e-12)
drawn, (left, right) = plotting.figure(7.6, 3.9, n_columns=2)
for ax, points, name in ((left, eps[:2000], "noise"), (right, z[:2000], r"$z = \mu + C \epsilon$")):
    ax.scatter(*points.T, s=4, alpha=0.4, color=plotting.COLOURS[5])
    ax.set(title=name, aspect="equal", xlim=(-5, 5), ylim=(-5, 5))
for ax, centre, columns in ((left, np.zeros(2), np.eye(2)), (right, lam[:2], C)):
    for column in columns.T:
        ax.annotate("", centre + 2 * column, centre, arrowprops={"arrowstyle": "->", "lw": 2})
left.set(xlabel=r"$\epsilon_1$", ylabel=r"$\epsilon_2$")
right.set(xlabel=r"$z_1$", ylabel=r"$z_2$")
course.save(drawn, "05_full_rank")

# %% [markdown]
# ## Summary
#
# - A map carries probability: $\log q(z) = \log p(\epsilon) - \log|\det dz/d\epsilon|$.
# - The ELBO becomes an expectation over the noise, and its gradient by $\lambda$ may go inside.
# - Two gradients come into every map's backward pass, by $z$ and by $\log|\det|$.
# - Diagonal and triangular maps have determinants that cost $L$ operations.
#
# ## Try this
#
# 1. Let `bend` also move $z_1$ by $\epsilon_2$. Is the Jacobian still triangular? Compute its determinant,
#    and measure areas again.
# 2. Leave `dlog_det` out of `diagonal_backward`: which claim fails? What would $\sigma$ do in a fit?
# 3. Write the map $z = \mu + \sigma\epsilon$ with $\sigma = \log(1 + e^s)$, with its log-determinant and
#    its backward pass.
#
# ## Questions
#
# 1. Why the absolute value of the determinant?
# 2. A map has $\det J = 1$ everywhere. Can it change the shape of a density?
# 3. Why can a gradient check not see a wrong log-determinant whose backward pass is consistent with it?
#
# **Exercises**: `tutorials/exercises/ex03_reparameterization.py`. **Next**:
# `06_backpropagation_by_hand.py`.
#
# **Further reading**: D. P. Kingma & M. Welling, *Auto-Encoding Variational Bayes*, ICLR 2014, section
# 2.4; D. J. Rezende, S. Mohamed & D. Wierstra, *Stochastic Backpropagation and Approximate Inference in
# Deep Generative Models*, ICML 2014; D. J. Rezende & S. Mohamed, *Variational Inference with Normalizing
# Flows*, ICML 2015.
#
# **Answers**: 1. A reflection has a negative determinant and stretches nothing. 2. Yes: it may shear and
# bend; only volumes stay. 3. It compares a function with its own derivative; whether the function is the
# logarithm of *this* map's determinant is another question.
