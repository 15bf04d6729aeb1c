# %% [markdown]
# # 11 Maps with cheap determinants
#
# **Afterwards you can** say why a general determinant is too expensive, explain four forms that make it
# cheap, write a planar flow with its constraint, fit flows to densities that no Gaussian can follow, and
# use one in a VAE.
#
# **Equations**: (40) and (41) the planar flow, (46) and (47) the affine coupling, (50) and (51) the
# inverse autoregressive map, (52) a chain of maps.
#
# **You need**: lessons 00 to 05 and 08. **Time**: 30 seconds to run. **Expected output**: fourteen lines
# that begin with `[holds]`, and three figures.

# %%
import time
import warnings

import numpy as np

import scratchvae as sv
from scratchvae import lesson, plotting
from scratchvae.reparam import build

course = lesson.begin()
rng = np.random.default_rng(0)  # the one seed of this script
warnings.simplefilter("ignore", UserWarning)  # short fits say that they have not converged: they are short

# %% [markdown]
# ## Why it matters
#
# The ELBO needs $\log|\det dz/d\epsilon|$ for every draw, in every step. A determinant of an $L \times L$
# matrix takes some $L^3$ operations, and the matrix itself must be made first. Four forms avoid it:
#
# | form of the Jacobian | determinant | maps |
# |---|---|---|
# | diagonal | product of the diagonal | mean field, elementwise functions |
# | triangular | product of the diagonal | full rank, autoregressive, coupling |
# | identity plus a low rank | $\det(I + A B^T) = \det(I + B^T A)$ | planar, radial, Sylvester, low rank |
# | orthogonal | $\pm 1$: $\log\lvert\det\rvert = 0$ | Householder reflections, permutations |
#
# And they can be composed: the determinant of a chain is the product of the determinants, so the
# logarithms add.

# %%
timings = {}
for size in (8, 64, 256):
    matrices = np.eye(size) + 0.1 * rng.standard_normal((20, size, size)) / size**0.5
    start = time.perf_counter()
    np.linalg.slogdet(matrices)
    timings[size] = time.perf_counter() - start
print("slogdet of 20 matrices:", {size: f"{1e3 * seconds:.2f} ms" for size, seconds in timings.items()})
u, w = rng.standard_normal((2, 256)) / 16
lemma = np.log(abs(1 + w @ u))
general = np.linalg.slogdet(np.eye(256) + np.outer(u, w))[1]
course.agree("det(I + u w^T) is the one number 1 + w^T u: the matrix determinant lemma", lemma, general, 1e-9)

# %% [markdown]
# ## A planar flow by hand
#
# $z = \epsilon + \hat u \tanh(w^T\epsilon + b)$ pushes noise along $\hat u$, by how far it lies along $w$
# (Rezende & Mohamed 2015). Its Jacobian is $I + \hat u\, h' w^T$ with $h' = 1 - \tanh^2$: identity plus
# rank one. As $h'$ takes all values in $(0, 1]$, the determinant $1 + h' w^T\hat u$ is positive everywhere
# only if $w^T\hat u > -1$, so a free $u$ is corrected along $w$: $\hat u = u + (m(w^Tu) - w^Tu)\, w /
# \|w\|^2$ with a function $m > -1$, so that $w^T\hat u = m(w^Tu)$. (The paper takes $m(x) = -1 + \log(1 +
# e^x)$; the one below leaves $u = 0$ as it is.) Note the *square*: several public programs divide by
# $\|w\|$, and then the map may fold over. The disease, for a short $w$ and a $u$ that needs correcting:


# %%
def planar(eps, u, w, b, power):
    """z and log|det|, with the correction of u divided by |w|^power: 2 is right."""
    x = w @ u
    m = x + np.sqrt(1 + x**2) - 1  # above -1 for every x
    u_hat = u + (m - x) * w / np.linalg.norm(w) ** power
    t = np.tanh(eps @ w + b)
    with np.errstate(invalid="ignore", divide="ignore"):
        log_det = np.log(1 + (1 - t**2) * (w @ u_hat))
    return eps + np.multiply.outer(t, u_hat), log_det


u, w, b = np.array([-6.0, 1.0]), np.array([0.5, 0.1]), 0.2
line = np.stack([np.linspace(-6, 6, 401), np.zeros(401)], axis=-1)
right, wrong = planar(line, u, w, b, 2), planar(line, u, w, b, 1)
course.claim(
    "divided by the square, z grows along the line: invertible",
    np.all(np.diff(right[0] @ w) > 0),
)
course.claim(
    "divided by the norm, it turns back: two eps for one z, and a logarithm of a negative number",
    np.any(np.diff(wrong[0] @ w) < 0) and np.isnan(wrong[1]).any(),
)
single = build("planar:1", 2).maps[-1]  # after the diagonal map, which every flow begins with
z, log_det, _ = single.forward(np.concatenate([u, w, [b]]), line)
course.agree("the right one is the library's", np.column_stack([z, log_det]), np.column_stack(right), 1e-9)
t = 1e-6
jacobian = np.stack(
    [
        (planar(line + t * e, u, w, b, 2)[0] - planar(line - t * e, u, w, b, 2)[0]) / (2 * t)
        for e in np.eye(2)
    ],
    -1,
)
course.agree("its log|det| is that of the numerical Jacobian", np.linalg.slogdet(jacobian)[1], right[1], 1e-7)

# %% [markdown]
# ## Triangles from networks
#
# *Coupling*: leave half of the coordinates as they are, and let a network of them give the log scale $s$
# and the shift $t$ of the other half: $z_2 = \epsilon_2\, e^{s(\epsilon_1)} + t(\epsilon_1)$. The Jacobian
# is triangular whatever the network is; its diagonal is $1$ and $e^{s}$. The network is never inverted,
# and never differentiated for the determinant.
#
# *Autoregressive*: coordinate $i$ is moved by a network of the ones before it. One *masked* network
# computes all of them at once; the numerical Jacobian shows whether its mask is right: it must be
# triangular.

# %%
for spec in ("coupling:2", "iaf:2", "spline:2", "sylvester:2", "householder:2"):
    flow = build(spec, 3)
    flow.initialize(rng)
    if flow.parameters is not None:
        flow.parameters.value = 0.5 * rng.standard_normal(len(flow.parameters))
    lam, eps = 0.5 * rng.standard_normal(flow.n_params), rng.standard_normal((4, 3))
    numeric = sv.gradcheck.numerical_jacobian
    full = [np.linalg.slogdet(numeric(lambda e, f=flow, lam=lam: f.forward(lam, e)[0], e))[1] for e in eps]
    course.agree(f"{spec}: log|det| is that of the numerical Jacobian", flow.forward(lam, eps)[1], full, 1e-4)
masked = build("iaf:1", 3)
masked.initialize(rng)
masked.parameters.value = 0.5 * rng.standard_normal(len(masked.parameters))
lam = 0.5 * rng.standard_normal(masked.n_params)
jacobian = sv.gradcheck.numerical_jacobian(lambda e: masked.forward(lam, e)[0], rng.standard_normal(3))
above, below = np.abs(np.triu(jacobian, 1)).max(), np.abs(np.tril(jacobian, -1)).max()
course.claim(
    "the Jacobian of one autoregressive map is triangular",
    above < 1e-9 < 1e-3 < below,
    f"above the diagonal {above:.1e}, below it {below:.2f}",
)

# %% [markdown]
# ## What they can do: the ring of two halves
#
# The energy $U_1$ of Rezende & Mohamed is a ring with two heavy sides. A Gaussian takes one side, or
# smears over all. Planar maps bend it piece by piece; the divergence to the truth, whose evidence is
# known, falls with their number.

# %%
target = sv.models.EnergyU1()
steps = 300 if course.quick else 2_500
fits = {}
for family in ("full_rank", "planar:2", "planar:8", "coupling:4"):
    options = {} if family == "full_rank" else {"start": "zero"}
    fits[family] = sv.fit(target, family, rng=rng, steps=steps, progress=False, **options)
kls = {family: target.log_evidence() - q.elbo for family, q in fits.items()}
print({family: f"KL {kl:.3f} nats" for family, kl in kls.items()})
course.claim(
    "eight planar maps are better than two, and two than a Gaussian",
    kls["planar:8"] < kls["planar:2"] < kls["full_rank"],
    f"{kls['planar:8']:.3f} < {kls['planar:2']:.3f} < {kls['full_rank']:.3f} nats",
)
side = np.linspace(-4, 4, 120)
plane = np.stack(np.meshgrid(side, side), axis=-1)
drawn, axes = plotting.figure(12, 2.9, n_columns=5)
pictures = {"truth": target.log_joint(plane) - target.log_evidence()}
pictures |= {family: q.log_prob(plane) for family, q in fits.items()}
for ax, (name, log_q) in zip(axes, pictures.items(), strict=True):
    ax.imshow(np.exp(log_q), origin="lower", extent=(-4, 4, -4, 4), cmap="Blues", vmin=0, vmax=0.25)
    title = "truth" if name == "truth" else f"{name}, KL {kls[name]:.2f} nats"
    ax.set(xticks=[-3, 0, 3], yticks=[-3, 0, 3], xlabel=r"$z_1$")
    ax.set_title(title, fontsize=11)
axes[0].set_ylabel(r"$z_2$")
course.save(drawn, "11_energy")

# %% [markdown]
# ## A chain, step by step
#
# What the eight maps do to noise, one after the other. Every picture is the same draws, moved a little
# further, all at the same scale; a colour is a direction in the noise. A fit works in units of its own; the
# last step is from these to those of $z$.

# %%
q = fits["planar:8"]
points = rng.standard_normal((3_000, 2))
colours = np.arctan2(points[:, 1], points[:, 0])
drawn, axes = plotting.figure(12, 2.7, n_columns=5)
stages, z = [("noise", points)], points
for i, (part, lam) in enumerate(zip(q.reparam.maps, np.split(q.lam, q.reparam.ends[:-1]), strict=True)):
    z = part.forward(lam, z)[0]
    stages.append((f"after {i} planar maps" if i else "diagonal map", z))
stages.append(("all eight, in units of z", q.coordinates.forward(z)))
for ax, (name, z) in zip(axes, [stages[i] for i in (0, 3, 5, 7, 10)], strict=True):
    ax.scatter(*z.T, s=2, c=colours, cmap="twilight")
    ax.set(xticks=[-5, 0, 5], yticks=[-5, 0, 5], xlim=(-8, 8), ylim=(-8, 8), aspect="equal")
    ax.set_title(name, fontsize=11)
course.save(drawn, "11_chain")

# %% [markdown]
# ## A density of its own, and a posterior in a VAE
#
# A flow with an inverse is a density that can be fitted to data by maximum likelihood, with no latent
# variable and no bound. In a VAE the encoder gives the maps' parameters: `posterior="planar:4"` is all
# there is to say. Whether it pays, held-out digits have to say, as in lesson 10.

# %%
angles = rng.uniform(0, np.pi, 2_000)
moon = np.stack([np.cos(angles), np.sin(angles)], axis=-1) + 0.1 * rng.standard_normal((2_000, 2))
flow = sv.Flow("spline:4", n_latent=2)
flow.fit(moon[:1500], steps=100 if course.quick else 1000, rng=rng)
held_out = flow.log_prob(moon[1500:]).mean()
mean, cov = moon[:1500].mean(0), np.cov(moon[:1500].T)
delta = moon[1500:] - mean
gaussian = (
    -0.5 * np.einsum("ni,ij,nj->n", delta, np.linalg.inv(cov), delta)
).mean() - 0.5 * np.linalg.slogdet(2 * np.pi * cov)[1]
course.claim(
    "held-out data are more probable than under a Gaussian",
    held_out > gaussian,
    f"{held_out:.3f} > {gaussian:.3f} nats",
)
digits = sv.data.load("glyphs", "train", n=500 if course.quick else 2_000)
vae = sv.VAE(n_latent=8, hidden=(100,), posterior="planar:4")
vae.fit_output_bias(digits.pixels())  # lesson 08
history = sv.train(vae, digits, epochs=2 if course.quick else 5, binarization="dynamic", progress=False)
course.claim(
    "a VAE trains with it",
    history.rows[-1]["train_elbo"] > history.rows[0]["train_elbo"],
    f"ELBO {history.rows[0]['train_elbo']:.1f} to {history.rows[-1]['train_elbo']:.1f} nats",
)
drawn, ax = plotting.figure(6, 4.2)
box = np.stack(np.meshgrid(np.linspace(-1.8, 1.8, 200), np.linspace(-0.9, 1.6, 150)), axis=-1)
ax.imshow(np.exp(flow.log_prob(box)), origin="lower", extent=(-1.8, 1.8, -0.9, 1.6), cmap="Blues")
ax.plot(*moon[1500:].T, ".", ms=2, color="black", label="held-out data")
ax.set(xlabel=r"$x_1$", ylabel=r"$x_2$", title="A flow fitted by maximum likelihood")
ax.legend(frameon=False)
course.save(drawn, "11_density")

# %% [markdown]
# ## Summary
#
# - The choice of the map is the choice of its Jacobian: diagonal, triangular, low rank, orthogonal.
# - A planar map divides by $\|w\|^2$; a coupling leaves half as it is; an autoregressive network is
#   masked.
# - A round trip through the inverse never asks for the log-determinant, and sees no mistake in it; a
#   numerical Jacobian does.
# - All maps on all four energies: `figures/flows_energies.png`, by `python benchmarks/energies.py`.
#
# ## Try this
#
# 1. Fit $U_1$ with `radial:8`. Is it better or worse than `planar:8`, and why?
# 2. Apply your `coupling_forward` of the exercise twice, with other weights. What can two couplings that
#    let the same half pass not do, and what has to happen between them?
# 3. Fit with `"iaf:4"` and evaluate `q.log_prob` on the grid. Why is it slower than drawing?
#
# ## Questions
#
# 1. Why does a Householder reflection, whose log-determinant is zero, help at all?
# 2. Which is cheap in an inverse autoregressive map, drawing or the density at a given $z$?
# 3. How many numbers does the encoder give for `planar:8` with $L = 20$?
#
# **Exercises**: `tutorials/exercises/ex08_flows.py`. **Next**: `12_when_it_fails.py`.
#
# **Further reading**: D. J. Rezende & S. Mohamed, *Variational Inference with Normalizing Flows*, ICML
# 2015; L. Dinh, J. Sohl-Dickstein & S. Bengio, *Density Estimation using Real NVP*, ICLR 2017; D. P.
# Kingma et al., *Improved Variational Inference with Inverse Autoregressive Flow*, NeurIPS 2016; C.
# Durkan, A. Bekasov, I. Murray & G. Papamakarios, *Neural Spline Flows*, NeurIPS 2019; G. Papamakarios et
# al., *Normalizing Flows for Probabilistic Modeling and Inference*, JMLR 22, 2021.
#
# **Answers**: 1. It turns the axes along which the diagonal map stretches: the covariance is no longer
# diagonal. 2. Drawing: one pass of the network; the density needs the inverse, $L$ passes. 3. $2L + 8(2L +
# 1) = 368$.
