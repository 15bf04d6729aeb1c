# %% [markdown]
# # 14 From loops to kernels
#
# **Afterwards you can** write the same computation as Python loops, with NumPy, and as a compiled kernel,
# hold the three against each other, count the arithmetic of a training step, and tell whether a program is
# limited by arithmetic or by memory.
#
# **Equations**: (14) the Bernoulli likelihood, (18) and (19) Adam.
#
# **You need**: lessons 06 and 08. **Time**: 10 seconds to run. **Expected output**: eight lines that begin
# with `[holds]`, and two figures.
#
# Seconds differ from machine to machine and from run to run. So the claims are of ratios within one run,
# with wide margins (`--quick` forgives a busy machine), and the figures are drawn from numbers that were
# measured once and are kept in `figures/14_measured.json`. Remove that file, and this script writes it anew
# with yours.

# %%
import json
import math
import os
import platform
import time

import numpy as np

import scratchvae as sv
from scratchvae import kernels, lesson, plotting

course = lesson.begin()
rng = np.random.default_rng(0)  # the one seed of this script
threads = os.environ.get("OPENBLAS_NUM_THREADS", "all")
measured = {"machine": f"{platform.machine()}, {os.cpu_count()} processors, threads of BLAS: {threads}"}


def seconds_of(function, at_least=0.05):
    """The least time of one call, of as many as fit into a moment: the one that was disturbed least."""
    function()  # the first call may compile, and takes memory
    taken, started = [], time.perf_counter()
    while time.perf_counter() - started < at_least or len(taken) < 3:
        began = time.perf_counter()
        function()
        taken.append(time.perf_counter() - began)
    return min(taken)


# %% [markdown]
# ## One sum, three times
#
# The Bernoulli log-likelihood of a batch of images, summed over pixels. In loops it is the formula, letter
# by letter. Python takes tens of nanoseconds for each operation, whatever it is: it looks up names and
# types, makes an object for every result, and throws it away.

# %%
B, D = 20, 784
x = rng.integers(0, 2, (B, D)).astype(np.float32)
logits = rng.normal(0, 3, (B, D)).astype(np.float32)


def in_loops(x, logits):
    result = []
    for row, row_logits in zip(x.tolist(), logits.tolist(), strict=True):
        total = 0.0
        for pixel, logit in zip(row, row_logits, strict=True):
            total += pixel * logit - max(logit, 0.0) - math.log1p(math.exp(-abs(logit)))
        result.append(total)
    return np.array(result)


def in_numpy(x, logits):
    return (x * logits - np.maximum(logits, 0) - np.log1p(np.exp(-np.abs(logits)))).sum(axis=-1)


def in_kernel(x, logits):
    return kernels.active().bernoulli_log_prob(x, logits[None])[0]


course.agree("arrays are right, in single precision", in_numpy(x, logits), in_loops(x, logits), 2e-3)
course.agree("and the kernel agrees with them", in_kernel(x, logits), in_numpy(x, logits), 2e-3)
times = {f.__name__: seconds_of(lambda f=f: f(x, logits)) for f in (in_loops, in_numpy, in_kernel)}
print({name: f"{1e6 * seconds:,.0f} us" for name, seconds in times.items()})
course.claim_of_time(
    "arrays are far faster than loops",
    times["in_loops"] > 10 * times["in_numpy"],
    f"{times['in_loops'] / times['in_numpy']:.0f} times",
)

# %% [markdown]
# ## Why a kernel can beat arrays
#
# NumPy's line makes nine passes over the data: `abs`, minus, `exp`, `log1p`, `maximum`, a product, two
# differences, a sum. Each pass reads arrays and writes a new one, for which memory has to be found. A
# *kernel*, compiled by numba from a Python function, does in one pass all that needs no expensive
# function. It is the same loop as above, but the compiler knows the types and makes machine code of it. In
# this package every kernel is written twice: in NumPy, to be read (`kernels/reference.py`), and for numba,
# to be run (`kernels/jitted.py`); a test holds the two against each other.
#
# Adam shows it best: not one exponential or logarithm, and four arrays of the size of the model.

# %%
n = 200_000 if course.quick else 800_000
value, grad, m, v = (rng.random(n, dtype=np.float32) for _ in range(4))
arguments = (3, 1e-3, 0.9, 0.999, 1e-8, 0.0)
adam_times = {}
results = {}
for backend in ("numpy", "numba"):
    with kernels.using(backend):
        arrays = [array.copy() for array in (value, grad, m, v)]
        kernels.active().adam_update(*arrays, *arguments)
        results[backend] = arrays[0].copy()
        adam_times[backend] = seconds_of(lambda a=arrays: kernels.active().adam_update(*a, *arguments))
course.agree("both kernels make the same step", results["numpy"], results["numba"], 1e-6)
print({name: f"{1e6 * seconds:,.0f} us" for name, seconds in adam_times.items()}, f"for {n:,} parameters")
course.claim_of_time(
    "one pass over the memory beats many",
    adam_times["numba"] < adam_times["numpy"],
    f"{adam_times['numpy'] / adam_times['numba']:.1f} times faster",
)

# %% [markdown]
# ## Counting: arithmetic and memory
#
# A product of a $B \times n$ and an $n \times m$ matrix takes $2Bnm$ operations on $Bn + nm + Bm$ numbers:
# for large $B$, many operations for every number that is fetched. It is limited by arithmetic. Adam takes
# some twelve operations for seven numbers fetched or written: it is limited by memory. The *roofline*
# draws both limits: operations per second against operations per byte. What is measured lies below it.
# BLAS, the library behind NumPy's `@`, comes near the flat roof; no loop that we could write in Python
# would.

# %%
size = 512 if course.quick else 1024
a, b, out = (rng.random((size, size), dtype=np.float32) for _ in range(3))
roof = 2 * size**3 / seconds_of(lambda: np.matmul(a, b, out=out), 0.3)
bandwidth = 0.0
for length in (100_000, 400_000, 1_600_000):  # what is small stays in the processor's cache, which is faster
    original, copy = rng.random(length, dtype=np.float32), np.empty(length, dtype=np.float32)
    took = seconds_of(lambda original=original, copy=copy: np.copyto(copy, original), 0.2)
    bandwidth = max(bandwidth, 2 * original.nbytes / took)
work = {}
for rows in (1, 10, 100):
    left, weight = rng.random((rows, 784), dtype=np.float32), rng.random((784, 500), dtype=np.float32)
    product = np.empty((rows, 500), dtype=np.float32)
    operations = 2 * rows * 784 * 500
    size_bytes = left.nbytes + weight.nbytes + product.nbytes
    took = seconds_of(lambda left=left, weight=weight, product=product: np.matmul(left, weight, out=product))
    work[f"product, batch {rows}"] = operations / size_bytes, operations / took
work["Adam, numba"] = 12 * n / (7 * 4 * n), 12 * n / adam_times["numba"]
work["Adam, NumPy"] = 12 * n / (7 * 4 * n), 12 * n / adam_times["numpy"]
roof = max(roof, *(rate for _, rate in work.values()))
course.claim_of_time(
    "a product with 100 rows does more operations a second than one with a single row",
    work["product, batch 100"][1] > 2 * work["product, batch 1"][1],
    f"{work['product, batch 100'][1] / 1e9:.0f} against {work['product, batch 1'][1] / 1e9:.1f}, in 10^9",
)
measured["roofline"] = {"operations/s": roof, "bytes/s": bandwidth, "work": work}

# %% [markdown]
# ## Where a training step goes
#
# A step of a VAE 784-500-20, batch 100: its matrix products, and all the rest. The products alone are a
# floor: no program that makes them with this BLAS can be faster.

# %%
vae = sv.VAE(n_data=784, n_latent=20, hidden=(500,))
batch = (rng.random((100, 784)) < 0.13).astype(np.float32)
eps = rng.standard_normal((1, 100, 20)).astype(np.float32)
optimizer = sv.optim.Adam(1e-4)
layers = [(784, 500), (500, 40), (20, 500), (500, 784)]
operands = []
for i, (n_in, n_out) in enumerate(layers):
    row, w, d = (rng.random(shape, dtype=np.float32) for shape in ((100, n_in), (n_in, n_out), (100, n_out)))
    operands += [(row, w, np.empty_like(d)), (row.T, d, np.empty_like(w))]
    operands += [(d, w.T, np.empty_like(row))] if i else []


def products():
    for one, other, result in operands:
        np.matmul(one, other, out=result)


def step():
    vae.loss_and_grad(batch, eps)
    optimizer.step(vae.parameters.value, vae.parameters.grad)


parts = {"matrix products": seconds_of(products, 0.3)}
parts["Adam"] = seconds_of(lambda: optimizer.step(vae.parameters.value, vae.parameters.grad), 0.3)
parts["whole step"] = seconds_of(step, 0.3)
with kernels.using("numpy"):
    parts["whole step, NumPy kernels"] = seconds_of(step, 0.3)
print({name: f"{1e6 * seconds:,.0f} us" for name, seconds in parts.items()})
share = parts["matrix products"] / parts["whole step"]
course.claim_of_time(
    "matrix products are a large part of a step", share > 0.1, f"{100 * share:.0f} % here, now"
)
left, right = rng.random(1000).tolist(), rng.random(1000).tolist()
one = seconds_of(lambda: sum(p * q for p, q in zip(left, right, strict=True))) / 1000  # of p * q and one +
loops = 3 * 100 * sum(n_in * n_out for n_in, n_out in layers) * one
course.claim_of_time(
    "the same products in Python loops would take far longer",
    loops > 100 * parts["whole step"],
    f"some {loops:,.0f} s instead of {parts['whole step'] * 1e3:.1f} ms",
)
measured["step"] = {name: 1e3 * seconds for name, seconds in parts.items()}

# %% [markdown]
# ## The figures
#
# From the numbers that are kept, or, if there are none, from this run's.

# %%
kept = lesson.FIGURES / "14_measured.json"
if not kept.exists() and not course.quick:
    kept.write_text(json.dumps(measured, indent=1) + "\n")
shown = json.loads(kept.read_text()) if kept.exists() else measured
roof, bandwidth, work = shown["roofline"].values()
drawn, ax = plotting.figure(7.4, 4.4)
intensity = np.logspace(-1.2, 3, 200)
ax.loglog(intensity, np.minimum(roof, bandwidth * intensity), color="black", lw=2, label="roofline")
for (name, (per_byte, rate)), colour, marker in zip(work.items(), plotting.COLOURS, "osD^v", strict=False):
    ax.loglog(per_byte, rate, marker, ms=9, color=colour, label=name)
ax.set(
    xlabel="operations per byte", ylabel="operations per second", title="Limited by memory, or by arithmetic"
)
ax.legend(frameon=False, fontsize=9, loc="lower right")
course.save(drawn, "14_roofline")
drawn, ax = plotting.figure(7.2, 3)
names, milliseconds = zip(*shown["step"].items(), strict=True)
bars = ax.barh(names, milliseconds, color=plotting.COLOURS[0])
ax.bar_label(bars, fmt="%.1f", padding=3)
ax.invert_yaxis()
ax.set(xlabel="milliseconds", title=f"A step of training ({shown['machine']})")
ax.set_xlim(0, 1.12 * max(milliseconds))
course.save(drawn, "14_step")

# %% [markdown]
# ## Summary
#
# - Write the loop first: it is the definition. Then arrays. Then, where it pays, a kernel; and hold each
#   against the one before.
# - Products of matrices are limited by arithmetic, and belong to BLAS. Elementwise passes are limited by
#   memory: make few of them.
# - Measure the least of many calls, on the same data, and compare ratios within one run.
#
# ## Try this
#
# 1. Set `SCRATCHVAE_KERNELS=numpy` and time `scratchvae demo --quick`. Which part grows?
# 2. Set `OPENBLAS_NUM_THREADS=1`. Do the products take twice as long? And the step?
# 3. Write the Bernoulli kernel yourself with `numba.njit` and all functions inside the loop. Is it faster
#    than with NumPy's `exp`? And with `parallel=True` and `prange`, alone and within a step?
#
# ## Questions
#
# 1. Why is a product with one row slow for the operations it does?
# 2. Adam reads and writes 7 numbers a parameter. At 20 GB/s, how long does it take for 800,000 parameters?
# 3. Why are kernels in this package serial, though there are several processors?
#
# **Exercises**: `tutorials/exercises/ex10_optimizers_and_bounds.py`. **Next**: the beginning again, with
# data of your own.
#
# **Further reading**: S. Williams, A. Waterman & D. Patterson, *Roofline: An Insightful Visual Performance
# Model for Multicore Architectures*, Communications of the ACM 52, 2009; S. K. Lam, A. Pitrou & S.
# Seibert, *Numba: A LLVM-based Python JIT Compiler*, LLVM-HPC 2015; C. R. Harris et al., *Array
# programming with NumPy*, Nature 585, 2020.
#
# **Answers**: 1. The whole weight is fetched for one use of each entry: limited by memory. 2. $7 \cdot 4
# \cdot 800000 / (20 \cdot 10^9)$ s, about 1.1 ms. 3. Their passes are limited by memory, which all
# processors share, so that several gain little; and threads of their own would take the processors from
# those of BLAS.
