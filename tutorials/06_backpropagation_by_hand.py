# %% [markdown]
# # 06 Backpropagation by hand
#
# **Afterwards you can** derive the backward pass of a linear map, of tanh and of a Bernoulli
# log-likelihood, write each in a few lines beside its forward pass, put them together to a network, and
# train it.
#
# **Equations**: (11) the affine map, (12) the activation, (14) the Bernoulli likelihood, each with its
# derivative.
#
# **You need**: lessons 00 to 05; the chain rule. **Time**: 4 seconds to run. **Expected output**: ten lines
# that begin with `[holds]`, and two figures.

# %%
import numpy as np

import scratchvae as sv
from scratchvae import lesson, plotting
from scratchvae.distributions import LIKELIHOODS
from scratchvae.nn import MLP

course = lesson.begin()
rng = np.random.default_rng(0)  # the one seed of this script

# %% [markdown]
# ## One rule
#
# A program computes a number, the *loss*, from parameters, step by step. As in lesson 05, `dx` is the
# derivative of the loss by `x`, whatever `x` is: an array of the same shape. Backpropagation goes through the
# steps in the opposite order. Each step $y = f(x)$ is told `dy` and owes `dx`, by the chain rule:
#
# $$dx_i = \sum_j dy_j\, \frac{\partial y_j}{\partial x_i}$$
#
# A step needs to know nothing of the others. What it needs of its own forward pass it keeps in a *cache*,
# which the forward pass returns; kept on an object, it would be overwritten by the next call. If `x` goes
# into several steps, what they owe is added up.
#
# ## The linear map
#
# For a batch of $B$ rows, $a = x W + b$: $a_{ij} = \sum_k x_{ik} W_{kj} + b_j$. Each gradient is read off
# by asking where an entry goes:
#
# - $W_{kj}$ is in $a_{ij}$ for every row $i$, multiplied by $x_{ik}$: $dW_{kj} = \sum_i x_{ik}\, da_{ij}$,
#   so $dW = x^T da$.
# - $b_j$ is in $a_{ij}$ for every row, multiplied by one: $db_j = \sum_i da_{ij}$.
# - $x_{ik}$ is in $a_{ij}$ for every $j$, multiplied by $W_{kj}$: $dx = da\, W^T$.
#
# The shapes leave hardly another choice, which is a good check and no proof. First with loops, as the sums
# stand there, then with products of matrices.


# %%
def linear_backward_loops(x, W, da):
    dW, db, dx = np.zeros_like(W), np.zeros(W.shape[1]), np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(W.shape[1]):
            db[j] += da[i, j]
            for k in range(x.shape[1]):
                dW[k, j] += x[i, k] * da[i, j]
                dx[i, k] += da[i, j] * W[k, j]
    return dx, dW, db


def linear_forward(x, W, b):
    return x @ W + b, (x, W)  # the result and the cache


def linear_backward(cache, da):
    x, W = cache
    return da @ W.T, x.T @ da, da.sum(axis=0)  # dx, dW, db


x, W, b = rng.standard_normal((5, 4)), rng.standard_normal((4, 3)), rng.standard_normal(3)
da = rng.standard_normal((5, 3))
fast, slow = linear_backward(linear_forward(x, W, b)[1], da), linear_backward_loops(x, W, da)
fast, slow = (np.concatenate([part.ravel() for part in parts]) for parts in (fast, slow))
course.agree("two products of matrices and a sum are the three loops", fast, slow, 1e-12)

# %% [markdown]
# ## An activation, and the disease of the wrong place
#
# $h = \tanh(a)$ acts on each entry by itself: $da = dh\,\tanh'(a)$, and $\tanh' = 1 - \tanh^2 = 1 - h^2$.
# It is written with the *output*, which is at hand. Here it is easy to slip: `1 - a**2` has the right shape,
# gives plausible numbers near zero, and may even train for a while. A numerical derivative shows it.


# %%
def tanh_forward(a):
    h = np.tanh(a)
    return h, h


def tanh_backward(h, dh):
    return dh * (1 - h**2)


a, dh, t = rng.standard_normal((5, 3)), rng.standard_normal((5, 3)), 1e-5
numeric = dh * (np.tanh(a + t) - np.tanh(a - t)) / (2 * t)
right = np.abs(tanh_backward(np.tanh(a), dh) - numeric).max()
wrong = np.abs(dh * (1 - a**2) - numeric).max()
course.claim(
    "1 - h^2 agrees with the numerical derivative, 1 - a^2 does not",
    right < 1e-8 and wrong > 0.1,
    f"largest differences {right:.1e} and {wrong:.2f}",
)
report = sv.gradcheck.check(lambda a: float((dh * np.tanh(a)).sum()), a, lambda a: dh * (1 - a**2))
print(report)
course.claim("the gradient checker rejects it", not report.passed, f"relative error {report.worst.error:.1f}")

# %% [markdown]
# ## The Bernoulli log-likelihood
#
# A pixel $x$ is 0 or 1 with $p(x=1) = s(l) = 1/(1+e^{-l})$, where $l$ is the *logit*, what the network
# gives. Then
#
# $$\log p(x \mid l) = x \log s(l) + (1-x) \log(1 - s(l)) = x\, l - \log(1 + e^l)$$
#
# and the derivative by $l$ is $x - s(l)$: what came minus what was expected. The first form breaks in double
# precision where $s$ is rounded to 1, from $l = 37$ on, and where $e^{-l}$ overflows and $s$ becomes 0, from
# $l = -710$ down; the second, with $\log(1+e^l) = \max(l, 0) + \log(1 + e^{-|l|})$, for no finite $l$.
# For more than two levels all goes the same way, Eq. (15): an exercise.


# %%
def bernoulli_forward(x, logits):
    log_p = x * logits - np.maximum(logits, 0) - np.log1p(np.exp(-np.abs(logits)))
    return log_p.sum(axis=-1), (x, logits)  # one number a row: summed over pixels


def bernoulli_backward(cache, dlog_p):
    x, logits = cache
    sigmoid = 0.5 * (1 + np.tanh(logits / 2))  # s(l), without an exponential that overflows
    return dlog_p[:, None] * (x - sigmoid)


pixels, logits = rng.integers(0, 2, (5, 3)).astype(float), 4 * rng.standard_normal((5, 3))
log_p, cache = bernoulli_forward(pixels, logits)
library = LIKELIHOODS["bernoulli"]()
theirs, their_cache = library.forward(pixels, logits)
course.agree("it is the library's likelihood", log_p, theirs, 1e-12)
slopes = bernoulli_backward(cache, np.ones(5))
course.agree("and its derivative", slopes, library.grad_params(their_cache), 1e-12)
l = np.array([37.0, -710.0])
with np.errstate(divide="ignore", over="ignore"):
    s = 1 / (1 + np.exp(-l))
    first = np.log([1 - s[0], s[1]])  # x = 0, where x = 1 is all but sure; and x = 1, where x = 0 is
second = bernoulli_forward(np.array([[0.0], [1.0]]), l[:, None])[0]
course.claim(
    "at logits of 37 and -710 the first form breaks, the second does not",
    np.isinf(first).all() and np.allclose(second, [-37, -710]),
    f"{first} against {second}",
)

# %% [markdown]
# ## A network, and its check
#
# Compose the steps forward, and call their backward passes in the opposite order. The loss is *minus* the
# mean log-likelihood: we maximise on paper and minimise in code, and the sign and the division by $B$
# stand in one place only. All parameters lie in one vector `theta`, each block in a slice of it: an optimizer
# and the gradient checker then see one vector.

# %%
BLOCKS = {  # of theta: the slice, and the shape that it has as an array
    "W1": (slice(0, 32), (2, 16)),
    "b1": (slice(32, 48), (16,)),
    "W2": (slice(48, 64), (16, 1)),
    "b2": (slice(64, 65), (1,)),
}


def unpack(theta):
    return [theta[part].reshape(shape) for part, shape in BLOCKS.values()]


def loss_and_gradient(theta, x, y):
    W1, b1, W2, b2 = unpack(theta)
    a, first = linear_forward(x, W1, b1)
    h, second = tanh_forward(a)
    logits, third = linear_forward(h, W2, b2)
    log_p, fourth = bernoulli_forward(y, logits)
    loss = -log_p.mean()
    dlogits = bernoulli_backward(fourth, np.full(len(x), -1 / len(x)))
    dh, dW2, db2 = linear_backward(third, dlogits)
    _, dW1, db1 = linear_backward(first, tanh_backward(second, dh))
    return loss, np.concatenate([dW1.ravel(), db1, dW2.ravel(), db2])


angle, inner = rng.uniform(0, 2 * np.pi, 400), rng.random(400) < 0.5
radius = np.where(inner, 1.0, 2.0) + 0.2 * rng.standard_normal(400)
x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)  # two rings
y = inner[:, None].astype(float)
theta = 0.5 * rng.standard_normal(65)
report = sv.gradcheck.check(
    lambda t: loss_and_gradient(t, x, y)[0], theta, lambda t: loss_and_gradient(t, x, y)[1], BLOCKS
)
print(report)
course.claim("every block of our network passes", report.passed, f"worst error {report.worst.error:.0e}")

library = MLP([2, 16, 1], "tanh")
library.parameters.value = theta
out, cache = library.forward(x)
library.backward(cache, -(y - 0.5 * (1 + np.tanh(out / 2))) / len(x))
gradient = loss_and_gradient(theta, x, y)[1]
course.agree("and gets the gradient of the library's MLP", gradient, library.parameters.grad, 1e-12)

# %% [markdown]
# ## Training
#
# Downhill, step by step. The network learns to tell the rings apart. No linear map alone can: it says
# "inner" on one side of a line, and a line with the inner ring on one side has outer points there, too.

# %%
losses = []
for _ in range(300 if course.quick else 1500):
    loss, gradient = loss_and_gradient(theta, x, y)
    theta = theta - 0.5 * gradient
    losses.append(loss)
W1, b1, W2, b2 = unpack(theta)
accuracy = np.mean((np.tanh(x @ W1 + b1) @ W2 + b2 > 0) == inner[:, None])
course.claim(
    "the loss falls far below that of guessing, log 2",
    losses[-1] < 0.5 * np.log(2),
    f"from {losses[0]:.3f} to {losses[-1]:.3f} nats, accuracy on these data {accuracy:.3f}",
)
rows = np.column_stack([x, np.ones(len(x))])
by_line = rows @ np.linalg.lstsq(rows, 2 * y - 1)[0] > 0  # least squares
share = np.mean(by_line == inner[:, None])
course.claim("a linear map hardly does better than a coin", share < 0.6, f"accuracy {share:.3f}")
drawn, (left, right) = plotting.figure(8.6, 3.7, n_columns=2)
left.plot(losses, color=plotting.COLOURS[0])
left.axhline(np.log(2), color="black", ls="--", label="guessing: log 2")
left.set(xlabel="step", ylabel="loss, nats a datum", title="Gradient descent")
left.legend(frameon=False)
side = np.linspace(-3.3, 3.3, 200)
plane = np.stack(np.meshgrid(side, side), axis=-1)
p = 0.5 * (1 + np.tanh((np.tanh(plane @ W1 + b1) @ W2 + b2)[..., 0] / 2))
shown = right.imshow(p, origin="lower", extent=(-3.3, 3.3) * 2, cmap="Blues", vmin=0, vmax=1.6)
right.contour(side, side, p, [0.5], colors="black", linewidths=1)
for is_inner, name, colour in ((True, "inner", "black"), (False, "outer", "white")):
    right.scatter(*x[inner == is_inner].T, s=12, c=colour, edgecolors="black", linewidths=0.7, label=name)
right.set(xlabel=r"$x_1$", ylabel=r"$x_2$", title="Where the inner ring is")
right.legend(loc="upper center", ncols=2, frameon=False)
bar = drawn.colorbar(shown, ax=right, label="probability of the inner ring")
bar.ax.set_ylim(0, 1)
course.save(drawn, "06_two_rings")

drawn, ax = plotting.figure(6.2, 3.4)
grid = np.linspace(-3, 3, 300)
ax.plot(grid, 1 - np.tanh(grid) ** 2, color=plotting.COLOURS[0], lw=2, label="1 - h²: right")
ax.plot(grid, 1 - grid**2, color=plotting.COLOURS[1], lw=2, ls="--", label="1 - a²: wrong place")
ax.set(xlabel="a", ylabel="derivative", ylim=(-2, 1.2), title="They agree near zero only")
ax.legend(frameon=False)
course.save(drawn, "06_wrong_place")

# %% [markdown]
# ## Summary
#
# - `dx` is the derivative of the loss by `x`. Every step is told `dy` and returns `dx`, and no more.
# - Linear: $dW = x^T da$, $db = \sum da$, $dx = da\,W^T$. Elementwise: $da = dh\,f'(a)$. Bernoulli: $x -
#   s(l)$.
# - Forward returns the cache. Sign and mean stand in one place.
#
# ## Try this
#
# 1. Use `1 - a**2` in the network, for which the cache must be `a`. What does the gradient check say? Take
#    out the claims that stop the script: does the network still train, and for how long?
# 2. Let `bernoulli_forward` take the mean over pixels, and correct its backward pass. Why does the network
#    of this lesson not notice?
# 3. Replace tanh by softplus, $h = \log(1 + e^a)$: derive its backward pass, and let the checker judge it.
#
# ## Questions
#
# 1. Why is the first layer's `dx` not needed?
# 2. What goes wrong if the cache is kept on a layer, which is called twice before the backward pass?
# 3. How many multiplications does the backward pass of a linear map take, compared with the forward pass?
#
# **Exercises**: `tutorials/exercises/ex06_backprop.py`. **Next**: `07_the_gradient_checker.py`.
#
# **Further reading**: D. E. Rumelhart, G. E. Hinton & R. J. Williams, *Learning representations by
# back-propagating errors*, Nature 323, 1986; I. Goodfellow, Y. Bengio & A. Courville, *Deep Learning*, MIT
# Press 2016, section 6.5.
#
# **Answers**: 1. The data are not adjusted. 2. The second call overwrites the first one's cache, and the
# gradient is that of the wrong input. 3. Twice as many: two products of the same size.
