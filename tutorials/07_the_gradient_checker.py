# %% [markdown]
# # 07 The gradient checker
#
# **Afterwards you can** choose the step of a finite difference and say why neither the largest nor the
# smallest is best, check a gradient without guessing a tolerance, read a diagnosis, and name three kinds
# of mistake that no gradient check can see, with what does see them.
#
# **Equations**: (21) the numerical derivative, (64) its extrapolation with an error estimate, (65) the
# noise of a function.
#
# **You need**: lessons 04 to 06. **Time**: 3 seconds to run. **Expected output**: eleven lines that begin
# with `[holds]`, and three figures.

# %%
import numpy as np
from scipy import stats

from scratchvae import lesson, plotting
from scratchvae.gradcheck import check

course = lesson.begin()
rng = np.random.default_rng(0)  # the one seed of this script

# %% [markdown]
# ## The V-curve
#
# The derivative is the limit of a difference quotient. On a computer the limit is never reached: with a
# step $h$ the *central difference* $D(h) = [f(x+h) - f(x-h)]/(2h)$ errs by about $h^2 f'''/6$, because $f$
# is not a parabola, and by up to about $\varepsilon |f|/h$, because $f$ is rounded, to a relative
# $\varepsilon = 10^{-16}$. As $h$ shrinks the first falls and the second rises: on logarithmic axes the
# error is a V.
#
# The one-sided difference $[f(x+h) - f(x)]/h$ errs by $h f''/2$, which falls more slowly. And the error
# $h^2 f'''/6$ can be removed: at half the step it is a quarter, so that in $[4 D(h/2) - D(h)]/3$ it
# cancels, and what is left falls as $h^4$ (21).


# %%
def one_sided(f, x, h):
    return (f(x + h) - f(x)) / h


def central(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def extrapolated(f, x, h):
    return (4 * central(f, x, h / 2) - central(f, x, h)) / 3


steps = 10.0 ** np.arange(-15, 0.01, 0.25)
errors = {rule: np.abs(rule(np.exp, 1.0, steps) - np.exp(1.0)) for rule in (one_sided, central, extrapolated)}
least = {rule: error.min() for rule, error in errors.items()}
best = steps[errors[central].argmin()]
course.claim(
    "the best step of the central difference is some 1e-5, not the smallest",
    1e-7 < best < 1e-3,
    f"best step {best:.0e}; at {steps[0]:.0e} the error is {errors[central][0]:.1e}",
)
course.claim(
    "the central difference is far better than the one-sided one",
    least[central] < 1e-2 * least[one_sided],
    f"least errors {least[central]:.0e} and {least[one_sided]:.0e}",
)
course.claim(
    "two steps, combined, are better still",
    least[extrapolated] < 0.1 * least[central],
    f"least error {least[extrapolated]:.0e}",
)
drawn, ax = plotting.figure(7, 4)
for (rule, error), colour, marker in zip(errors.items(), (1, 0, 2), "^os", strict=True):
    name = rule.__name__.replace("_", "-")
    ax.loglog(steps, error, marker + "-", ms=4, color=plotting.COLOURS[colour], label=name)
ax.set(
    xlabel="step h", ylabel="error of the derivative", title=r"The derivative of $e^x$ at 1, by differences"
)
ax.legend(frameon=False)
course.save(drawn, "07_v_curve")

# %% [markdown]
# Where the bottom of the V lies depends on the function. So a fixed step and a fixed tolerance are wrong
# for somebody: too strict for a function in single precision, too lax for a tiny gradient. The package's
# checker takes several steps, estimates the error of its own derivative from how they differ (64),
# measures how noisy the function's values are (65), and compares the mismatch with *that*. Nothing to
# guess:

# %%
theta = np.array([1.0, 2.0, 3.0])
cases = {
    "gradients of 1e8 beside 1e-4": (
        lambda t: float((np.array([1e8, 1.0, 1e-4]) * t**2).sum()),
        lambda t: 2 * np.array([1e8, 1.0, 1e-4]) * t,
    ),
    "a tiny function": (lambda t: 1e-20 * float(np.exp(t).sum()), lambda t: 1e-20 * np.exp(t)),
    "single precision": (
        lambda t: float(np.exp(t.astype(np.float32)).sum()),
        lambda t: np.exp(t.astype(np.float32)),
    ),
    "on a kink": (lambda t: float(np.abs(t - 1).sum()), lambda t: np.sign(t - 1)),
}
for name, (function, gradient) in cases.items():
    report = check(function, theta, gradient)
    course.claim(f"no false alarm: {name}", report.passed, report.blocks[0].diagnosis.message)

# %% [markdown]
# ## What is wrong, in words
#
# A wrong gradient leaves traces. Minus the right one: a sign. Twice: a forgotten half. The transpose. Zero
# in one row. A term of a sum. The checker compares the two gradients under one hypothesis after the other,
# the simplest first, and says which fits. Here is logistic regression with a penalty, which is the
# Bernoulli likelihood of lesson 06 with logits that are linear in the inputs, and its gradient with ten
# mistakes, one at a time.

# %%
inputs = rng.standard_normal((20, 3))
labels = rng.integers(0, 2, (20, 2)).astype(float)
BLOCKS = {"weight": (slice(0, 6), (3, 2)), "bias": (slice(6, 8), (2,))}


def residual(t):
    logits = inputs @ t[:6].reshape(3, 2) + t[6:]
    return 0.5 * (1 + np.tanh(logits / 2)) - labels  # (20, 2)


def loss(t):
    logits = inputs @ t[:6].reshape(3, 2) + t[6:]
    return float((np.logaddexp(0, logits) - labels * logits).sum() / 20 + 0.05 * (t[:6] ** 2).sum())


def gradient(t, mistake=""):
    r = residual(t) / 20
    weight, bias = inputs.T @ r + 0.1 * t[:6].reshape(3, 2), r.sum(axis=0)
    weight, bias = {
        "a sign": (-weight, bias),
        "a sum for a mean": (20 * weight, 20 * bias),
        "forgotten bias": (weight, 0 * bias),
        "bias doubled": (weight, 2 * bias),
        "rows in another order": (weight.T.reshape(3, 2), bias),
        "last row forgotten": (weight * np.array([[1.0], [1.0], [0.0]]), bias),
        "no penalty": (weight - 0.1 * t[:6].reshape(3, 2), bias),
        "penalty twice": (weight + 0.1 * t[:6].reshape(3, 2), bias),
        "a third digit": (weight.round(3), bias.round(3)),
        "NaN": (weight * np.where(np.arange(2) == 1, np.nan, 1), bias),
    }.get(mistake, (weight, bias))
    return np.concatenate([weight.ravel(), bias])


point = rng.standard_normal(8)
terms = {"penalty": (None, lambda t: np.concatenate([0.1 * t[:6], np.zeros(2)]))}
course.claim("the right gradient passes", check(loss, point, gradient, BLOCKS, terms).passed)
expected = {
    "a sign": "sign",
    "a sum for a mean": "scale",
    "forgotten bias": "zero",
    "bias doubled": "scale",
    "rows in another order": "transposed",
    "last row forgotten": "rows",
    "no penalty": "missing_term",
    "penalty twice": "extra_term",
    "a third digit": "precision",
    "NaN": "nonfinite",
}
found = {}
for mistake in expected:
    report = check(loss, point, lambda t, m=mistake: gradient(t, m), BLOCKS, terms, sizes={"batch": 20})
    wrong = next(block for block in report.blocks if not block.passed)
    found[mistake] = wrong.diagnosis.code
    print(f"    {mistake:22} {wrong.diagnosis.code:13} {wrong.name}: {wrong.diagnosis.message}")
right = sum(found[mistake] == code for mistake, code in expected.items())
course.claim("each of the ten is named", right == len(expected), f"{right} of {len(expected)}")

drawn, ax = plotting.figure(6.6, 4)
numeric = gradient(point)
for mistake, colour, marker in (
    ("a sign", 1, "v"),
    ("rows in another order", 2, "s"),
    ("last row forgotten", 3, "D"),
    ("no penalty", 0, "o"),
):
    ax.plot(
        numeric, gradient(point, mistake), marker, color=plotting.COLOURS[colour], label=mistake, alpha=0.8
    )
ax.axline((0, 0), slope=1, color="black", lw=1)
ax.set(
    xlabel="true gradient, entry by entry", ylabel="gradient with a mistake", title="A mistake has a shape"
)
ax.legend(frameon=False, fontsize=9)
course.save(drawn, "07_shapes_of_mistakes")

# %% [markdown]
# ## What a gradient check cannot see
#
# It compares a function with *its own* derivative. Three kinds of mistake pass:
#
# 1. **Forward and backward wrong in the same way.** `log_var` used as `log_sigma` in both: lesson 05. What
#    sees it: the density does not integrate to one; draws have the wrong variance.
# 2. **A wrong constant.** A normaliser with $\pi$ for $2\pi$: its derivative is zero. What sees it: the
#    integral, or another implementation.
# 3. **The right gradient of the wrong thing.** A mean over pixels (lesson 12), a bound that is none. What
#    sees it: the exact answer on a problem that has one.


# %%
def log_normal_wrong(x, t):
    return -0.5 * np.log(np.pi) - t[1] - 0.5 * ((x - t[0]) / np.exp(t[1])) ** 2  # pi, not 2 pi


data = rng.standard_normal(50)
report = check(
    lambda t: float(log_normal_wrong(data, t).sum()),
    np.array([0.3, -0.2]),
    lambda t: np.array(
        [((data - t[0]) / np.exp(2 * t[1])).sum(), (((data - t[0]) / np.exp(t[1])) ** 2 - 1).sum()]
    ),
)
axis = np.linspace(-30, 30, 200_001)
area = np.exp(log_normal_wrong(axis, np.array([0.3, -0.2]))).sum() * (axis[1] - axis[0])
course.claim(
    "a wrong normaliser passes the gradient check, and fails the integral",
    report.passed and abs(area - 1) > 0.4,
    f"gradient check passed, integral {area:.4f} (the root of 2)",
)

# %% [markdown]
# And one thing fails the check and is right all the same: an **estimator**. The score-function gradient of
# lesson 04 is not the derivative of the Monte Carlo ELBO at fixed noise. It need not be. What it must do
# is agree *on average* with the gradient of the expectation, and that is a question for a $z$-test over
# many draws.

# %%
mu, target = 0.5, 2.0
eps = rng.standard_normal(20_000 if course.quick else 200_000)
samples = -0.5 * (mu + eps - target) ** 2  # f(z) for z ~ N(mu, 1)
estimates = eps * samples  # f(z) d log q / d mu
exact = target - mu
fixed_noise = check(
    lambda t: float((-0.5 * (t[0] + eps - target) ** 2).mean()), np.array([mu]), np.array([estimates.mean()])
)
z = (estimates.mean() - exact) / (estimates.std() / np.sqrt(eps.size))
p = 2 * stats.norm.sf(abs(z))
course.claim(
    "the score-function estimator fails the fixed-noise check and passes the z-test",
    not fixed_noise.passed and p > 1e-4,
    f"mean {estimates.mean():.3f}, exact {exact:.3f}, z = {z:.1f}",
)
drawn, ax = plotting.figure(6.4, 3.4)
means = estimates.reshape(200, -1).mean(axis=1)
ax.hist(means, bins=16, color=plotting.COLOURS[5], edgecolor="white", label="200 means")
ax.axvline(exact, color=plotting.COLOURS[1], lw=2, label="exact gradient")
ax.set(
    xlabel=f"score-function gradient, mean of {eps.size // 200:,} draws",
    ylabel="how many",
    title="Right on average",
)
ax.legend(frameon=False)
course.save(drawn, "07_estimator")

# %% [markdown]
# ## Summary
#
# - The error of a difference quotient is a V; the best step depends on the function. Let the checker find
#   it.
# - A mistake has a shape: sign, factor, transpose, row, term. `block.diagnosis.code` names it.
# - A gradient check is necessary and not enough: hold densities against integrals, estimators against
#   expectations, bounds against exact answers.
#
# ## Try this
#
# 1. Draw the V-curve of $\sin(1000x)$ and of $10^6 + x^2$. Where are the best steps?
# 2. Write a function `loss(theta)` of your own that returns a number and its gradient into `my_file.py`,
#    and run `scratchvae gradcheck my_file.py:loss --shape 3`. Without a file it checks the whole package.
# 3. Make two mistakes at once. What does the checker say?
#
# ## Questions
#
# 1. Why is the best step of the central difference near $\varepsilon^{1/3}$, and its best error near
#    $\varepsilon^{2/3}$?
# 2. A ReLU network fails a check with one fixed step at one point and passes at another. What happened?
# 3. Would a check along one random direction find every mistake?
#
# **Exercises**: `tutorials/exercises/ex07_gradient_checking.py`. **Next**: `08_the_vae.py`.
#
# **Further reading**: C. J. F. Ridders, *Accurate computation of F'(x) and F'(x) F''(x)*, Advances in
# Engineering Software 4, 1982; J. J. Moré & S. M. Wild, *Estimating Computational Noise*, SIAM Journal on
# Scientific Computing 33, 2011; W. H. Press et al., *Numerical Recipes*, 3rd ed., Cambridge University
# Press 2007, section 5.7.
#
# **Answers**: 1. If $f$ and its derivatives are of order one, the errors $h^2$ and $\varepsilon/h$ are
# equal at $h = \varepsilon^{1/3}$, where each is $\varepsilon^{2/3}$. 2. A kink within the step at the
# first point: the one-sided slopes differ (the package's checker says so and leaves it out). 3. With
# probability one it sees *that* something is wrong, unless the mistake is below the noise; it cannot say
# where.
