# %% [markdown]
# # 12 When it fails
#
# **Afterwards you can** reproduce, recognise and cure five diseases of variational autoencoders: posterior
# collapse, the wrong likelihood for gray pixels, a standard deviation that vanishes or explodes, a sum
# taken for a mean, and overfitting.
#
# **Equations**: (13) the normal and (14) the Bernoulli likelihood, (55) the beta-ELBO with a warm-up, (56)
# free bits.
#
# **You need**: lessons 06 to 08. **Time**: 15 seconds to run. **Expected output**: twelve lines that
# begin with `[holds]`, and three figures.

# %%
import numpy as np

import scratchvae as sv
from scratchvae import lesson, plotting

course = lesson.begin()
rng = np.random.default_rng(0)  # the one seed of this script
n = 800 if course.quick else 3_000
digits = sv.data.load("glyphs", "train", n=n)
held_out = sv.data.load("glyphs", "test", n=500)
gray = digits.pixels()
bits, test_bits = (gray > 0.5).astype("float32"), (held_out.pixels() > 0.5).astype("float32")

# %% [markdown]
# ## Which coordinates speak?
#
# A coordinate $z_i$ that tells nothing of $x$ costs nothing and gains nothing: $q(z_i|x)$ is the prior for
# every $x$, and $\mathrm{KL}(q(z_i|x)\,\|\,p(z_i)) = \frac12(\mu_i^2 + \sigma_i^2 - 1) - \log\sigma_i$ is
# zero. This divergence by coordinate, averaged over data, is the thermometer of the first disease.


# %%
def divergence_by_coordinate(vae, x):
    mu, sigma = (array.astype(float) for array in vae.encode(x))
    return (0.5 * (mu**2 + sigma**2 - 1) - np.log(sigma)).mean(axis=0)  # (L,), nats


def made(likelihood="bernoulli", x=bits, hidden=(100,), n_latent=10):
    vae = sv.VAE(n_latent=n_latent, hidden=hidden, likelihood=likelihood)
    if likelihood == "bernoulli":
        vae.fit_output_bias(x)  # lesson 08
    return vae


def trained(vae, x, bound="analytic_kl", epochs=3 if course.quick else 12, lr=2e-3, **options):
    optimizer = sv.optim.Adam(lr)
    sv.train(vae, x, epochs=epochs, optimizer=optimizer, bound=bound, progress=False, **options)
    return vae


# %% [markdown]
# ## Disease 1: posterior collapse
#
# Weigh the divergence too much, and it is cheapest to say nothing at all: the encoder ignores $x$, the
# decoder gives the same blurred mean to everyone, and the loss looks finite and calm. `beta:B` multiplies
# the divergence by $B$, which makes the disease at will; in practice a strong decoder, or an unlucky
# start, does it at $B = 1$.

# %%
healthy = trained(made(), bits)
collapsed = trained(made(), bits, bound="beta:30")
by_coordinate = {
    name: divergence_by_coordinate(vae, test_bits)
    for name, vae in (("beta = 1", healthy), ("beta = 30", collapsed))
}
spread = {
    name: vae.reconstruct(test_bits).std(axis=0).mean()
    for name, vae in (("healthy", healthy), ("collapsed", collapsed))
}
course.claim(
    "with a heavy divergence the code says next to nothing",
    by_coordinate["beta = 30"].sum() < 0.2 * by_coordinate["beta = 1"].sum(),
    f"{by_coordinate['beta = 30'].sum():.2f} instead of {by_coordinate['beta = 1'].sum():.1f} nats",
)
course.claim(
    "and all reconstructions look alike",
    spread["collapsed"] < 0.5 * spread["healthy"],
    f"their standard deviation a pixel: {spread['collapsed']:.3f} and {spread['healthy']:.3f}",
)

# %% [markdown]
# **Cures.** *Warm-up*: let the weight of the divergence rise from 0 to 1 over the first epochs, so that
# the code has become useful before it has to pay. *Free bits*: the first $c$ nats of every coordinate cost
# nothing, so there is no gain in silencing it. Neither can cure a weight that stays at 30. Our ten
# coordinates are all of use at weight 1; of forty, some fall silent. Which cure is the better one, the
# held-out ELBO says, and not the number of coordinates that speak.

# %%
by_bound = {"weight 1": {}, "warm-up": {"bound": "elbo", "kl_warm_up": 3 if course.quick else 6}}
by_bound["free bits 0.5"] = {"bound": "free_bits:0.5"}
many, silent, elbos = {}, {}, {}
for name, options in by_bound.items():
    vae = trained(made(n_latent=40), bits, **options)
    many[name] = np.sort(divergence_by_coordinate(vae, test_bits))[::-1]
    silent[name] = int(np.sum(many[name] < 0.1))
    elbos[name] = float(vae.elbo(test_bits, rng.standard_normal((10, 500, 40)).astype("float32")).mean())
    print(f"    {name:13} {silent[name]:2} of 40 below 0.1 nats, held-out ELBO {elbos[name]:.1f} nats")
course.claim(
    "of forty coordinates some are silent, after a warm-up fewer, with free bits none",
    silent["weight 1"] > silent["warm-up"] and silent["free bits 0.5"] == 0,
    f"{', '.join(map(str, silent.values()))} of them",
)
course.claim(
    "but nats that are spent for nothing are no gain: with free bits the held-out ELBO is lower",
    elbos["free bits 0.5"] < elbos["weight 1"],
    f"{elbos['free bits 0.5']:.1f} < {elbos['weight 1']:.1f} nats; with a warm-up {elbos['warm-up']:.1f}",
)
drawn, (left, right) = plotting.figure(10, 3.8, n_columns=2)
for (name, nats), colour, hatch, shift in zip(
    by_coordinate.items(), (0, 1), ("", "////"), (0, 0.4), strict=True
):
    heights = np.sort(nats)[::-1]
    left.bar(np.arange(1, 11) + shift, heights, 0.4, color=plotting.COLOURS[colour], hatch=hatch, label=name)
left.set(xlabel="latent coordinate, sorted", ylabel="KL to the prior, nats", title="Ten coordinates")
left.set_xticks(np.arange(1, 11))
for (name, nats), colour, marker in zip(many.items(), (0, 3, 2), "o^s", strict=True):
    right.plot(np.arange(1, 41), nats, marker + "-", ms=4, color=plotting.COLOURS[colour], label=name)
right.axhline(0.1, color="black", ls="--", lw=1)
right.set(xlabel="latent coordinate, sorted", ylabel="KL to the prior, nats", title="Forty: which are silent")
for ax in (left, right):
    ax.set_ylim(0, None)
    ax.legend(frameon=False, loc="upper right")
left.set_ylim(0, 2.4)
course.save(drawn, "12_collapse")

# %% [markdown]
# ## Disease 2: gray pixels under a Bernoulli likelihood
#
# A Bernoulli variable is 0 or 1. Give gray pixels to its log-likelihood, as many programs do, and the
# formula still yields numbers: $x\log s + (1-x)\log(1-s)$ at $x = 0.5$, where $s$ is the decoder's
# probability of a one. But it is no density of gray values: its "probabilities" of all gray values do not
# integrate to one, so the "ELBO" belongs to no model of them, and cannot be compared with any other. The
# package refuses.

# %%
message = ""
try:
    made().loss_and_grad(gray[:10], rng.standard_normal((1, 10, 10)))
except ValueError as error:
    message = str(error)
print(message)
course.claim("gray pixels are refused with the cure in the message", "binarize" in message)
s, x = 0.8, np.linspace(0, 1, 10_001)
area = np.mean(s**x * (1 - s) ** (1 - x))
course.claim(
    "the formula is no density of gray values",
    abs(area - 1) > 0.3,
    f"its integral over [0, 1] is {area:.3f} at s = {s}",
)

# %% [markdown]
# **Cures.** Draw bits with the gray value as probability (`binarization="dynamic"`), or take a likelihood
# of gray values: `categorical:256`, `normal`, `normal_shared`.
#
# ## Disease 3: the standard deviation that vanishes or explodes
#
# A normal likelihood whose decoder gives mean *and* $\sigma$ of each pixel can say that a pixel that is
# always black has $\sigma \to 0$: its density, and with it the "ELBO", grows without bound, for a density
# may exceed one (lesson 00). The curve looks wonderful; the model has learned that the frame is black. The
# other end is as bad: gradients grow as $1/\sigma^2$, and with a learning rate too large one step sends
# $\log\sigma$ to where $e^{\log\sigma}$ overflows.

# %%
noisy = gray[: n // 2]
options = {"epochs": 12 if course.quick else 5, "lr": 1e-3}
greedy, calm = (trained(made(name, noisy), noisy, **options) for name in ("normal", "normal_shared"))
eps = rng.standard_normal((1, 300, 10)).astype("float32")
greedy_elbo, calm_elbo = (float(vae.elbo(noisy[:300], eps).mean()) for vae in (greedy, calm))
frame = noisy.std(axis=0) < 1e-6  # pixels that are black in every image
log_sigma = greedy.decoder.forward(greedy.encode(noisy[:300])[0])[0][:, 784:]
outer, inner = np.median(log_sigma[:, frame]), np.median(log_sigma[:, ~frame])
course.claim(
    "the pixels that never change have by far the smaller sigma",
    outer < inner - 1,
    f"log sigma {outer:.1f} on the frame, {inner:.1f} inside",
)
shared = float(np.exp(calm.parameters["likelihood.log_sigma"].item()))
course.claim(
    "and lift the ELBO to what looks like a triumph; one sigma for all pixels cannot do that",
    greedy_elbo > 0 > calm_elbo and shared > 0.05,
    f"{greedy_elbo:.0f} nats; {calm_elbo:.0f} with one sigma, which is {shared:.2f}",
)
stopped = ""
try:
    trained(made("normal", noisy), noisy, epochs=2, lr=3.0)
except ValueError as error:
    stopped = str(error)
print(stopped or "no divergence with this seed")
course.claim("a step that is far too large is stopped with words", "diverged" in stopped)

# %% [markdown]
# **Cures.** One $\sigma$ for all pixels (`normal_shared`), learned or fixed; noise added to the data, as
# wide as a gray level; a smaller learning rate, `clip=` for the gradient.
#
# ## Disease 4: a sum taken for a mean
#
# Divide the reconstruction by the number of pixels, because "a mean is nicer", and leave the divergence a
# sum: the divergence then weighs 784 times too much, and the code collapses (disease 1). It is a frequent
# mistake, and no gradient check sees it: forward and backward agree. Times 784, which changes no optimum,
# that objective is `beta:784`.

# %%
shrunk = trained(made(), bits, bound="beta:784")
says = divergence_by_coordinate(shrunk, test_bits).sum()
course.claim(
    "a mean over pixels weighs the divergence 784 times: next to nothing is left",
    says < 0.2 * by_coordinate["beta = 1"].sum(),
    f"{says:.3f} nats",
)
drawn, axes = plotting.figure(9, 2.1, n_columns=3)
shown = (("Healthy", healthy), ("beta = 30", collapsed), ("Mean over pixels", shrunk))
for ax, (name, vae) in zip(axes, shown, strict=True):
    pictures = np.concatenate([test_bits[:4], vae.reconstruct(test_bits[:4])])
    plotting.image_grid(ax, pictures, held_out.image_shape, n_columns=4)
    ax.set_title(name)
course.save(drawn, "12_reconstructions")

# %% [markdown]
# ## Disease 5: overfitting, the quiet one
#
# A VAE overfits like any network: the training ELBO rises on, the held-out one falls. With dynamic
# binarization every epoch sees new bits of the same digits, which makes it harder to learn them by heart.
# And one may stop where the held-out ELBO is best: `sv.train` does with `valid=` and `patience=`, and with
# `checkpoint=` it keeps the best model.

# %%
few = bits[:150]
overfit = made(hidden=(200,))
history = sv.train(
    overfit,
    few,
    epochs=80 if course.quick else 150,
    optimizer=sv.optim.Adam(3e-3),
    valid=test_bits,
    progress=False,
)
train, valid = np.array(history["train_elbo"]), np.array(history["valid_elbo"])
gap = train[-1] - valid[-1]
course.claim(
    "with 150 digits the training ELBO runs away",
    gap > 10,
    f"{train[-1]:.0f} against {valid[-1]:.0f} nats",
)
course.claim(
    "and the held-out ELBO has fallen from its best",
    valid.max() - valid[-1] > 1,
    f"best {valid.max():.1f} after {valid.argmax() + 1} epochs, {valid[-1]:.1f} nats at the end",
)
drawn, ax = plotting.figure(6.4, 3.6)
ax.plot(train, color=plotting.COLOURS[0], label="training")
ax.plot(valid, "--", color=plotting.COLOURS[1], label="held out")
ax.axvline(int(valid.argmax()), color="black", ls=":", label="where to stop")
ax.set(xlabel="epoch", ylabel="ELBO, nats a digit", title="150 digits are not enough")
ax.legend(frameon=False)
course.save(drawn, "12_overfitting")

# %% [markdown]
# ## Summary
#
# | disease | how to see it | cure |
# |---|---|---|
# | collapse | divergence by coordinate near zero, one reconstruction for all | warm-up, free bits |
# | gray pixels as bits | $x$ not 0 or 1; the "ELBO" is of no model | bits, or a likelihood of gray values |
# | $\sigma$ to 0 or to infinity | ELBO without limit; NaN | one shared $\sigma$, noise, a smaller step |
# | sum for mean | collapse, though all gradients check | write the ELBO of *one* datum: sums, no means |
# | overfitting | held-out ELBO falls | validation, dynamic binarization, more data |
#
# ## Try this
#
# 1. Find the smallest $B$ at which all ten coordinates are silent. Is it the same after twice as many
#    epochs?
# 2. Train forty coordinates with `bound="elbo", kl_warm_up="cyclic:8"`. How many speak?
# 3. Give the overfitting VAE `binarization="dynamic"` and the gray digits, for `valid=` too. How far does
#    the gap shrink?
#
# ## Questions
#
# 1. Why does a gradient check not see disease 4?
# 2. Is a coordinate with a divergence of zero always a loss?
# 3. Free bits lie below the ELBO. May their value be reported as the ELBO?
#
# **Exercises**: `tutorials/exercises/ex09_vae.py`. **Next**: `13_a_model_of_your_own.py`.
#
# **Further reading**: S. R. Bowman et al., *Generating Sentences from a Continuous Space*, CoNLL 2016; D.
# P. Kingma et al., *Improved Variational Inference with Inverse Autoregressive Flow*, NeurIPS 2016 (free
# bits); I. Higgins et al., *beta-VAE*, ICLR 2017; G. Loaiza-Ganem & J. P. Cunningham, *The Continuous
# Bernoulli: Fixing a Pervasive Error in Variational Autoencoders*, NeurIPS 2019.
#
# **Answers**: 1. The gradient is that of the wrong objective, exactly. 2. No: if the data have fewer
# properties than there are coordinates, some have nothing to say. 3. No: evaluate the ELBO itself, with
# weight one and nothing free.
