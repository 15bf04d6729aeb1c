# %% [markdown]
# # 09 Inside the latent space
#
# **Afterwards you can** draw the images that a VAE has laid out over its latent plane, find out which
# coordinate tells of which property of the images, compare the encoder's $q(z|x)$ with the true posterior
# of a single image, and split the gap between ELBO and log evidence into the encoder's part and the
# family's.
#
# **Equations**: (1) Bayes' theorem, (3) the ELBO, (7) its Monte Carlo estimate, (63) the amortization gap.
#
# **You need**: lessons 01, 03 and 08. **Time**: 30 seconds to run. **Expected output**: seven lines that
# begin with `[holds]`, and four figures.

# %%
import warnings

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy.special import ndtri

import scratchvae as sv
from scratchvae import lesson, plotting
from scratchvae.data import glyphs

course = lesson.begin()
rng = np.random.default_rng(0)  # the one seed of this script

# %% [markdown]
# ## A plane of digits
#
# Two latent dimensions can be drawn. Train a small VAE on the rendered digits; it never sees a label.

# %%
train_set = sv.data.load("glyphs", "train", n=1_000 if course.quick else 10_000)
test_set = sv.data.load("glyphs", "test", n=1_000)
vae = sv.VAE(n_latent=2, hidden=(200,), seed=1)
vae.fit_output_bias(train_set.pixels())  # the decoder begins with each pixel's mean
sv.train(
    vae,
    train_set,
    epochs=4 if course.quick else 30,
    optimizer=sv.optim.Adam(1e-3),
    binarization="dynamic",
    rng=rng,
    progress=False,
)
x_test = (test_set.pixels() > 0.5).astype("float32")
mu, sigma = vae.encode(x_test)

z = ndtri(np.linspace(0.03, 0.97, 15))  # evenly spaced in probability under the prior
grid = np.stack(np.meshgrid(z, z[::-1]), axis=-1).reshape(-1, 2)
drawn, (left, right) = plotting.figure(11, 5.2, n_columns=2)
plotting.manifold(left, vae.decode(grid), train_set.image_shape, z, z)
left.set_title("The mean of p(x|z) over the latent plane")
plotting.latent_scatter(right, mu, test_set.labels)
right.set_title("Where the encoder puts held-out digits")
course.save(drawn, "09_plane")

# %% [markdown]
# Digits of one kind lie together although no label was given: images that look alike are cheap to describe
# by neighbouring $z$. We test it by guessing a digit's label from its nearest neighbour in the plane.

# %%
train_mu = vae.encode((train_set.pixels(slice(3000)) > 0.5).astype("float32"))[0]
distance = ((mu[:, None] - train_mu[None]) ** 2).sum(-1)
guessed = train_set.labels[: len(train_mu)][distance.argmin(1)]
accuracy = np.mean(guessed == test_set.labels)
course.claim(
    "neighbours in the plane share the label more often than by chance",
    accuracy > 0.25,
    f"{accuracy:.2f}; by chance 0.10",
)

# %% [markdown]
# ## Which coordinate tells of what?
#
# The digits were rendered with known random *factors*: rotation, slant, stretch, size, shifts. A VAE with
# more coordinates, and one kind of digit, has room for all of them. The correlation of every factor with
# every coordinate shows how they are laid out. Nothing in the ELBO asks that one coordinate be one factor:
# the prior looks the same after any rotation of $z$, and the axes that a diagonal $q$ prefers (Rolinek et
# al. 2019) need not be those of the factors. Mixtures are to be expected.

# %%
n = 600 if course.quick else 4_000
threes = {
    "font": np.zeros(n, int),
    **{name: rng.uniform(low, high, n) for name, (low, high) in glyphs.RANGES.items()},
}
images = glyphs.render(np.full(n, 3), threes).reshape(n, -1)
bits = (images > 127).astype("float32")
wide = sv.VAE(n_latent=8, hidden=(200,), seed=0)
wide.fit_output_bias(bits)
sv.train(wide, bits, epochs=6 if course.quick else 30, optimizer=sv.optim.Adam(2e-3), rng=rng, progress=False)
codes = wide.encode(bits)[0]
names = list(glyphs.RANGES)
factors = np.stack([threes[name] for name in names], axis=-1)
correlation = np.corrcoef(codes.T, factors.T)[:8, 8:]
design = np.column_stack([np.ones(n), codes])  # the best linear guess of each factor from all of z
residual = factors - design @ np.linalg.lstsq(design, factors, rcond=None)[0]
explained = dict(zip(names, 1 - residual.var(0) / factors.var(0), strict=True))
print({name: f"{share:.2f}" for name, share in explained.items()}, "of each factor's variance")
course.claim(
    "the code holds where the digit is: a linear map of z explains most of the shifts",
    min(explained["shift_x"], explained["shift_y"]) > 0.6,
    f"share of variance {explained['shift_x']:.2f} and {explained['shift_y']:.2f}",
)
second = np.sort(np.abs(correlation), axis=0)[-2]
course.claim(
    "and a factor is not one coordinate: most are seen in a second one, too",
    np.median(second) > 0.2,
    f"second largest correlations, without sign: {', '.join(f'{r:.2f}' for r in second)}",
)
drawn, (left, right) = plotting.figure(11, 4.6, n_columns=2)
left.imshow(correlation, cmap="RdBu_r", vmin=-1.4, vmax=1.4, aspect="auto")  # pale enough to write on
for (i, j), r in np.ndenumerate(correlation):
    left.text(j, i, f"{r:.1f}".replace("-", "\N{MINUS SIGN}"), ha="center", va="center", fontsize=9)
left.set(xticks=range(len(names)), yticks=range(8), title="Correlation of factors and coordinates")
left.set_xticklabels(names, rotation=30, ha="right")
left.set_yticklabels([f"$z_{i + 1}$" for i in range(8)])
walk = np.linspace(-2.5, 2.5, 9)
rows = [wide.decode((np.eye(8)[i] * step)[None].astype("float32"))[0] for i in range(8) for step in walk]
plotting.manifold(right, np.array(rows), train_set.image_shape, walk, np.arange(8))
right.set(xlabel="value of one coordinate, the others zero", ylabel="")
right.set_yticks([28 * (i + 0.5) for i in range(8)], [f"$z_{i + 1}$" for i in range(8)])
right.set_title("Traversals: one coordinate a row")
course.save(drawn, "09_factors")

# %% [markdown]
# ## The true posterior of one image
#
# For one image $x$, prior and decoder define a posterior $p(z \mid x)$, by Bayes' theorem, and in two
# dimensions a grid gives it (lesson 01). Is the encoder's $q(z|x)$ anything like it? `DecoderPosterior` is
# the decoder with $x$ fixed, as a Bayesian model. The sum over the grid is also the evidence of (2).

# %%
chosen = [0, 1] if course.quick else [0, 1, 2]
side = np.linspace(-4, 4, 101 if course.quick else 241)
cell = (side[1] - side[0]) ** 2
plane = np.stack(np.meshgrid(side, side), axis=-1)
drawn, axes = plotting.figure(11, 4.1, n_columns=3)
log_evidences, elbos = [], []
for i in chosen:
    model = sv.models.DecoderPosterior(vae, x_test[i])
    log_joint = np.stack([model.log_joint(row) for row in plane])  # row by row: all at once needs gigabytes
    log_evidences.append(np.log(np.exp(log_joint - log_joint.max()).sum() * cell) + log_joint.max())
    eps = rng.standard_normal((2_000, 1, 2)).astype("float32")
    elbos.append(float(vae.elbo(x_test[i : i + 1], eps)[0]))
    ax, gap = axes[i], log_evidences[-1] - elbos[-1]
    posterior, levels = np.exp(log_joint - log_joint.max()), [0.01, 0.1, 0.3, 0.6, 1.0]
    ax.contourf(side, side, posterior, levels, cmap="Blues")
    q = np.exp(-0.5 * (((plane - mu[i]) / sigma[i]) ** 2).sum(-1))
    ax.contour(side, side, q, levels[:-1], colors=plotting.COLOURS[1], linestyles="--")
    inside = np.concatenate([plane[posterior > 0.01], plane[q > 0.01]])
    centre, reach = (inside.max(0) + inside.min(0)) / 2, 0.6 * np.ptp(inside, axis=0).max()
    ax.set(xlim=centre[0] + np.array([-reach, reach]), ylim=centre[1] + np.array([-reach, reach]))
    ax.set(title=f"A {test_set.labels[i]}: gap {gap:.2f} nats", xlabel=r"$z_1$", aspect="equal")
axes[0].set_ylabel(r"$z_2$")
blue, orange = Patch(color="#4292c6", label="posterior, on a grid"), Line2D([], [], ls="--", label="q(z|x)")
orange.set_color(plotting.COLOURS[1])
drawn.legend(handles=[blue, orange], loc="outside lower center", ncols=2, frameon=False)
course.save(drawn, "09_posteriors")
gaps = np.array(log_evidences) - elbos
course.claim(
    "each image's ELBO is below its log evidence, up to Monte Carlo error",
    min(gaps) > -0.2,
    f"gaps {', '.join(f'{gap:.2f}' for gap in gaps)} nats",
)
sampled = vae.log_likelihood(x_test[chosen], 2_000, rng)
short = np.array(log_evidences) - sampled
course.claim(
    "importance sampling, too low in expectation, finds the grid's evidence where q is not far off",
    short.min() > -0.2 and np.all(short[gaps < 1.5] < 0.3),
    f"short by {', '.join(f'{gap:.2f}' for gap in short)} nats",
)

# %% [markdown]
# ## Whose fault is the gap?
#
# $\log p(x) - \text{ELBO} = \mathrm{KL}(q \,\|\, p(z|x))$ has two parts (63). A diagonal Gaussian may be
# unable to follow the posterior (the *family*, or approximation gap), and the encoder, one network for all
# images, may not give the best Gaussian for this one (the *amortization* gap). Fit the best diagonal
# Gaussian to this one image, and the best full-rank one, and see how much of the gap goes away (Cremer et
# al. 2018).

# %%
best, full = [], []
with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # a short fit may say that it has not converged
    for i in chosen:
        model = sv.models.DecoderPosterior(vae, x_test[i])
        options = {"rng": rng, "steps": 500, "progress": False}
        best.append(sv.fit(model, "mean_field", start=mu[i].astype(float), **options).elbo)
        full.append(sv.fit(model, "full_rank", start=mu[i].astype(float), **options).elbo)
amortization = np.array(best) - elbos
family = np.array(log_evidences) - best
course.claim(
    "on average a fit of its own is better than the encoder",
    amortization.mean() > 0,
    f"amortization gap {amortization.mean():.2f} nats, family gap {family.mean():.2f}",
)
course.claim(
    "a full-rank Gaussian of its own is no worse on average, up to Monte Carlo error",
    np.mean(full) > np.mean(best) - 0.05,
    f"family gap {np.mean(log_evidences) - np.mean(full):.3f} instead of {family.mean():.3f} nats",
)
drawn, ax = plotting.figure(6.4, 3.6)
place = np.arange(len(chosen))
ax.bar(place, np.maximum(amortization, 0), color=plotting.COLOURS[0], label="amortization: the encoder")
bottom = np.maximum(amortization, 0)
ax.bar(
    place,
    np.maximum(family, 0),
    bottom=bottom,
    color="white",
    edgecolor="black",
    hatch="////",
    label="family: the Gaussian",
)
ax.set(
    xticks=place,
    xticklabels=[str(test_set.labels[i]) for i in chosen],
    xlabel="digit",
    ylabel="nats",
    title="Where the gap comes from",
)
ax.legend(frameon=False)
course.save(drawn, "09_gap")

# %% [markdown]
# ## Summary
#
# - A VAE puts images that look alike near each other. Labels come out; nothing asked for them.
# - Coordinates are mixtures of factors: nothing asks that one be the other.
# - The gap between log evidence and ELBO is the encoder's part plus the family's, and both can be
#   measured, image by image.
#
# ## Try this
#
# 1. Train `wide` with `bound="beta:4"`. What happens to the correlations, and to the reconstructions?
# 2. Train the two-dimensional VAE with `posterior="full_rank"`. Which part of the gap shrinks?
#    `scratchvae.evaluation.amortization_gap` measures both over many digits.
# 3. Decode a straight line between two digits' codes. What lies between a 3 and an 8?
#
# ## Questions
#
# 1. Why does the plane's picture use quantiles of the prior, and not equal steps?
# 2. Could the amortization gap be negative for one image, as measured here?
# 3. The posterior of an image is much narrower than the prior. What does that say about the divergence?
#
# **Exercises**: `tutorials/exercises/ex09_vae.py`. **Next**: `10_how_good_is_it.py`.
#
# **Further reading**: C. Cremer, X. Li & D. Duvenaud, *Inference Suboptimality in Variational
# Autoencoders*, ICML 2018; I. Higgins et al., *beta-VAE: Learning Basic Visual Concepts with a Constrained
# Variational Framework*, ICLR 2017; M. Rolinek, D. Zietlow & G. Martius, *Variational Autoencoders Pursue
# PCA Directions (by Accident)*, CVPR 2019; F. Locatello et al., *Challenging Common Assumptions in the
# Unsupervised Learning of Disentangled Representations*, ICML 2019.
#
# **Answers**: 1. So that each cell holds the same probability under the prior. 2. Only by Monte Carlo
# error or a fit that has not converged; the best Gaussian is at least as good as the encoder's. 3. It is
# large: some nats for each coordinate that tells of $x$.
