# %% [markdown]
# # 08 The variational autoencoder
#
# **Afterwards you can** assemble a variational autoencoder (VAE) from the parts of lessons 04 to 07, write
# its loss and its gradient in some twenty lines, train it on images, and read every term of its loss.
#
# **Equations**: (6) the reparameterization trick, (7) the Monte Carlo ELBO, (10) the divergence to the
# standard normal in closed form, (18) and (19) Adam, (20) the ELBO with the closed form.
#
# **You need**: lessons 04 to 07. **Time**: 15 seconds to run. **Expected output**: twelve lines that
# begin with `[holds]`, and three figures.

# %%
import numpy as np

import scratchvae as sv
from scratchvae import lesson, plotting

course = lesson.begin()
rng = np.random.default_rng(0)  # the one seed of this script

# %% [markdown]
# ## The model, and one change
#
# So far one vector $z$ explained all data. Now every datum $x$, an image, has a $z$ of its own, and all
# share the parameters $\theta$ of a network that turns $z$ into the logits of the pixels, the *decoder*:
# $p_\theta(x \mid z)$, with the prior $p(z) = \mathcal N(0, I)$.
#
# Variational inference would fit a $\lambda$ for each image. The VAE lets a second network, the *encoder*,
# with parameters $\phi$, compute it: $\lambda = (\mu, \texttt{log\_sigma}) = \text{encoder}_\phi(x)$. This
# is called *amortization*. $q_\phi(z \mid x)$ is the normal with these parameters, and the ELBO of one
# image is, as ever,
#
# $$\mathcal L(x) =
# \mathbb E_{p(\epsilon)}\Big[\log p_\theta(x \mid z) + \log p(z) - \log p(\epsilon)
# + \log\Big|\det\frac{dz}{d\epsilon}\Big|\Big], \qquad z = \mu + \sigma\epsilon$$
#
# It is climbed by both networks at once. Its gradient by $\theta$ may simply go inside the expectation;
# that by $\phi$ may do so thanks to the reparameterization.
#
# The data are digits of 28 x 28 pixels, rendered from fonts by the package itself, each pixel 0 or 1.

# %%
n_train = 1_000 if course.quick else 5_000
digits = sv.data.load("glyphs", "train", n=n_train)
held_out = sv.data.load("glyphs", "test", n=500)
x_train = (digits.pixels(slice(None)) > 0.5).astype("float64")  # (N, D)
x_test = (held_out.pixels(slice(None)) > 0.5).astype("float64")
print(f"{len(x_train):,} digits to train on, {x_train.mean():.3f} of the pixels are ones")

# %% [markdown]
# ## Twenty lines
#
# The parts are those of lesson 06: linear maps, tanh, the Bernoulli likelihood; and of lesson 05: the
# diagonal map with its two incoming gradients. A batch `x` of $B$ images of $D$ pixels has shape `(B, D)`;
# `z` has $L$ coordinates, so one draw of noise `eps` for each image is `(B, L)`; $H$ is the width of the
# hidden layers. The prior's log-density, up to a constant, is $-\frac12 \sum z_i^2$, so its gradient by
# $z$ is $-z$: the second way by which $z$ reaches the loss.

# %%
D, H, L = 784, 100, 10
SHAPES = {
    "encoder.0.weight": (D, H), "encoder.0.bias": (H,),
    "encoder.1.weight": (H, 2 * L), "encoder.1.bias": (2 * L,),
    "decoder.0.weight": (L, H), "decoder.0.bias": (H,), "decoder.1.weight": (H, D), "decoder.1.bias": (D,),
}  # fmt: skip


def elbo_terms_and_gradient(p, x, eps):
    """Mean terms of the ELBO over the batch, and the gradient of minus the mean ELBO, by name."""
    h = np.tanh(x @ p["encoder.0.weight"] + p["encoder.0.bias"])  # (B, H)
    mu, log_sigma = np.split(h @ p["encoder.1.weight"] + p["encoder.1.bias"], 2, axis=-1)  # (B, L)
    sigma = np.exp(log_sigma)
    z, log_det = mu + sigma * eps, log_sigma.sum(-1)
    g = np.tanh(z @ p["decoder.0.weight"] + p["decoder.0.bias"])
    logits = g @ p["decoder.1.weight"] + p["decoder.1.bias"]  # (B, D)
    terms = {
        "log p(x|z)": (x * logits - np.logaddexp(0, logits)).sum(-1),
        "log p(z)": -0.5 * (z**2 + np.log(2 * np.pi)).sum(-1),
        "- log p(eps)": 0.5 * (eps**2 + np.log(2 * np.pi)).sum(-1),
        "log|det|": log_det,
    }
    d = {}
    dlogits = -(x - 0.5 * (1 + np.tanh(logits / 2))) / len(x)  # one minus sign, one mean
    d["decoder.1.weight"], d["decoder.1.bias"] = g.T @ dlogits, dlogits.sum(0)
    dpre = (dlogits @ p["decoder.1.weight"].T) * (1 - g**2)
    d["decoder.0.weight"], d["decoder.0.bias"] = z.T @ dpre, dpre.sum(0)
    dz = dpre @ p["decoder.0.weight"].T + z / len(x)  # through the decoder, and through the prior
    dlam = np.concatenate([dz, dz * sigma * eps - 1 / len(x)], axis=-1)  # -1: from log|det|
    d["encoder.1.weight"], d["encoder.1.bias"] = h.T @ dlam, dlam.sum(0)
    dpre = (dlam @ p["encoder.1.weight"].T) * (1 - h**2)
    d["encoder.0.weight"], d["encoder.0.bias"] = x.T @ dpre, dpre.sum(0)
    return {name: float(term.mean()) for name, term in terms.items()}, d


# %% [markdown]
# ## Held against the library, and against finite differences

# %%
vae = sv.VAE(n_data=D, n_latent=L, hidden=(H,), activation="tanh", dtype="float64")
parameters = {name: vae.parameters[name].copy() for name in vae.parameters.names}
course.claim("our blocks are those of the library", {n: p.shape for n, p in parameters.items()} == SHAPES)
x, eps = x_train[:20], rng.standard_normal((20, L))
terms, gradient = elbo_terms_and_gradient(parameters, x, eps)
loss = vae.loss_and_grad(x, eps[None])  # (K, B, L) with K = 1
course.agree("our ELBO is minus the library's loss", sum(terms.values()), -loss, within=1e-9)
flat = np.concatenate([gradient[name].ravel() for name in vae.parameters.names])
course.agree("our gradient is the library's", flat, vae.parameters.grad, within=1e-12)
report = sv.gradcheck.check_vae(vae, x[:5], eps[None, :5])
course.claim("and finite differences agree with it", report.passed, f"{len(report.blocks)} blocks")

# %% [markdown]
# ## Training, and the terms
#
# Gradients of the eight blocks differ in size by far, and one learning rate does not suit them all. *Adam*
# (Kingma & Ba 2015) keeps, for each parameter, a running mean of its gradient and one of the square (18),
# and steps by the first over the root of the second (19): by about the learning rate, whatever the size of
# the gradient, and by less where its sign changes from batch to batch.
#
# So: Adam from the library, our own gradient. The output bias begins at the logit of each pixel's mean: then
# the decoder guesses about that mean to begin with, and $z$ need not learn it. During training the
# reconstruction $\log p(x|z)$ rises; the price is the divergence $\mathrm{KL}(q\,\|\,p(z))$, which is
# $-\log p(z) + \log p(\epsilon) - \log|\det|$ in expectation. Averaged over the data it bounds from above
# the nats of information on $x$ that $z$ carries under $q$.
#
# Of its three terms two nearly cancel in the end. All draws of $z$ together, those of all images, are then
# spread about as the prior is, so that $\log p(z)$ is on average about what $\log p(\epsilon)$ is. What
# remains is $-\log|\det| = -\sum_i \log\sigma_i$: to be sure of $z$, $\sigma$ below one, is what costs.

# %%
mean = x_train.mean(0).clip(0.001, 0.999)
vae.fit_output_bias(x_train)
blind = (x_test * np.log(mean) + (1 - x_test) * np.log(1 - mean)).sum(-1).mean()  # without any z
optimizer = sv.optim.Adam(2e-3)
moved = np.zeros(3)
sv.optim.Adam(2e-3).step(moved, np.array([1e-3, 1.0, -1e3]))
course.claim(
    "Adam's first step is the learning rate, whatever the gradient",
    np.allclose(moved, [-2e-3, -2e-3, 2e-3], rtol=1e-4),
    f"steps {moved} for gradients of 0.001, 1 and -1000",
)
value = vae.parameters.value
history = []
n_epochs, batch_size = (10, 100) if course.quick else (12, 100)
for _ in range(n_epochs):
    totals = dict.fromkeys(terms, 0.0)
    order = rng.permutation(n_train)
    for start in range(0, n_train, batch_size):
        x = x_train[order[start : start + batch_size]]
        named = {name: vae.parameters[name] for name in SHAPES}
        terms, gradient = elbo_terms_and_gradient(named, x, rng.standard_normal((len(x), L)))
        optimizer.step(value, np.concatenate([gradient[name].ravel() for name in vae.parameters.names]))
        totals = {name: totals[name] + term * len(x) / n_train for name, term in terms.items()}
    history.append(totals)
elbos = [sum(totals.values()) for totals in history]
test_elbo = vae.elbo(x_test, rng.standard_normal((10, len(x_test), L)))
print(f"held-out ELBO {test_elbo.mean():.2f} +- {test_elbo.std() / len(x_test) ** 0.5:.2f} nats a digit")
course.claim("the ELBO rises", elbos[-1] > elbos[0] + 5, f"{elbos[0]:.1f} to {elbos[-1]:.1f} nats")
first, last = history[0]["log p(x|z)"], history[-1]["log p(x|z)"]
course.claim("and so does the reconstruction", last > first + 5, f"{first:.1f} to {last:.1f} nats")
course.claim(
    "digits that it has not seen are explained far better than without z",
    test_elbo.mean() > blind + 10,
    f"{test_elbo.mean():.1f}; guessing each pixel by its mean: {blind:.1f} nats",
)
kl = [-(t["log p(z)"] + t["- log p(eps)"] + t["log|det|"]) for t in history]
course.claim("the divergence is far from zero: q is not the prior", kl[-1] > 5, f"{kl[-1]:.1f} nats")

log_det, apart = history[-1]["log|det|"], history[-1]["log p(z)"] + history[-1]["- log p(eps)"]
course.claim(
    "and most of it is in log|det|",
    -log_det > 0.6 * kl[-1],
    f"log|det| {log_det:.1f}, log p(z) - log p(eps) {apart:.1f} nats",
)

drawn, (left, right) = plotting.figure(10, 3.8, n_columns=2)
epochs = np.arange(1, n_epochs + 1)
left.plot(epochs, [t["log p(x|z)"] for t in history], "s-", color=plotting.COLOURS[2], label="log p(x|z)")
left.plot(epochs, elbos, "o-", color=plotting.COLOURS[0], label="ELBO")
left.set(xlabel="epoch", ylabel="nats a digit", title="What is gained")
for name, marker, colour in (("- log p(eps)", "^", 5), ("log p(z)", "v", 3), ("log|det|", "D", 4)):
    right.plot(epochs, [t[name] for t in history], marker + "-", color=plotting.COLOURS[colour], label=name)
right.plot(epochs, -np.array(kl), "o--", color=plotting.COLOURS[1], label="their sum, -KL")
right.set(xlabel="epoch", ylabel="nats a digit", title="What it costs")
left.legend(frameon=False)
right.legend(frameon=False, ncols=2, loc="center right")
course.save(drawn, "08_terms")

# %% [markdown]
# How much is the bias worth? The same training by the library, from biases of zero:

# %%
plain = sv.VAE(n_data=D, n_latent=L, hidden=(H,), dtype="float64")
options = {"epochs": n_epochs, "batch_size": batch_size, "optimizer": sv.optim.Adam(2e-3)}
sv.train(plain, x_train, rng=rng, progress=False, **options)
plain_elbo = plain.elbo(x_test, rng.standard_normal((10, len(x_test), L))).mean()
course.claim(
    "from biases of zero it gets less far in as many epochs",
    test_elbo.mean() > plain_elbo + 3,
    f"{plain_elbo:.1f} instead of {test_elbo.mean():.1f} nats",
)

# %% [markdown]
# ## The divergence in closed form
#
# Between a diagonal normal and the standard normal the divergence needs no draws: $\frac12\sum_i (\mu_i^2
# + \sigma_i^2 - 1 - 2\,\texttt{log\_sigma}_i)$. The library's `bound="analytic_kl"` uses it. In
# expectation it is the same bound.

# %%
mu, sigma = vae.encode(x_test)
closed = 0.5 * (mu**2 + sigma**2 - 1 - 2 * np.log(sigma)).sum(-1)
noise = rng.standard_normal((200, len(x_test), L))
z = mu + sigma * noise
drawn_kl = (0.5 * z**2 - 0.5 * noise**2 - np.log(sigma)).sum(-1)  # (200, B)
error = drawn_kl.mean(1).std() / np.sqrt(200)
course.claim(
    "draws and closed form agree within four standard errors",
    abs(drawn_kl.mean() - closed.mean()) < 4 * error,
    f"{drawn_kl.mean():.3f} +- {error:.3f} against {closed.mean():.3f} nats",
)

# %% [markdown]
# ## What it has learned
#
# First held-out digits and, below each, the mean of $p(x|z)$ at the mean of $q(z|x)$. Then digits from
# nowhere: $z$ from the prior, through the decoder.

# %%
drawn, ax = plotting.figure(9, 3.3)
plotting.reconstructions(ax, x_test[:24], vae.reconstruct(x_test[:24]), held_out.image_shape)
ax.set_title("Held-out digits, and below each its reconstruction")
course.save(drawn, "08_reconstructions")
drawn, ax = plotting.figure(5, 5)
plotting.image_grid(ax, vae.sample_mean(64, rng), held_out.image_shape)
ax.set_title("Decoded draws from the prior")
course.save(drawn, "08_samples")

# %% [markdown]
# ## Summary
#
# - A VAE is variational inference with an encoder that computes each datum's $\lambda$, and a decoder that
#   is learned with it.
# - $z$ reaches the loss by two ways, decoder and prior; $\lambda$ by $z$ and by the log-determinant.
# - The ELBO is reconstruction minus divergence: what is gained, and what it costs.
# - Begin the output bias at what is known of the data without $z$. The lessons that follow do.
#
# ## Try this
#
# 1. Leave `+ z / len(x)` out. Which blocks of our gradient differ from the library's now? What happens to
#    the divergence in training?
# 2. Set `L = 2` and plot `mu` of the test digits, coloured by `held_out.labels`.
# 3. Replace our gradient by `vae.loss_and_grad(x, eps[None], bound="analytic_kl")`. Is the ELBO higher
#    after as many epochs?
#
# ## Questions
#
# 1. Which of the two networks is in the distribution that the expectation is taken over?
# 2. What does the decoder learn if the encoder ignores $x$?
# 3. Why are the reconstructions blurred?
#
# **Exercises**: `tutorials/exercises/ex09_vae.py`; Adam is in `ex10_optimizers_and_bounds.py`. **Next**:
# `09_inside_the_latent_space.py`.
#
# **Further reading**: D. P. Kingma & M. Welling, *Auto-Encoding Variational Bayes*, ICLR 2014; D. J.
# Rezende, S. Mohamed & D. Wierstra, *Stochastic Backpropagation and Approximate Inference in Deep
# Generative Models*, ICML 2014; D. P. Kingma & J. Ba, *Adam: A Method for Stochastic Optimization*, ICLR
# 2015; D. P. Kingma & M. Welling, *An Introduction to Variational Autoencoders*, Foundations and Trends in
# Machine Learning 12, 2019.
#
# **Answers**: 1. The encoder; hence the trick. 2. The best distribution of all images whose pixels are
# independent: the mean of each pixel. 3. What is shown is about the mean of all images whose $q$ has room
# for this $z$.
