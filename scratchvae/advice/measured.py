"""The matrix products of a training step, timed as things are set and as they could be set."""

import math
import statistics
import subprocess
import sys

from scratchvae.advice.checks import THREADS, Advice, in_environment

#: The largest products of 784-500-20 at batch 100, forward and backward, least of some repetitions, seconds.
PRODUCTS = """
import time, numpy as np
x, w = np.full((100, 784), 0.5, np.float32), np.full((784, 500), 0.5, np.float32)
h, dw = x @ w, x.T @ (x @ w)
def once():
    began = time.perf_counter()
    np.matmul(x, w, out=h); np.matmul(x.T, h, out=dw)
    return time.perf_counter() - began
print(min(once() for _ in range(100)))
"""
#: How much faster another setting must be to be advised: less is within the noise.
WORTH = 1.15
#: The smallest normal number of single precision is 1.2e-38; these are below it and above it.
DENORMAL, NORMAL = 1e-39, 1e-3


def settings(facts):
    """What there is to try: {what: {variable: value, or None to unset it}}; the first is as things are."""
    found = {"as it is set": {}}
    cores = max(1, math.floor(facts.cores))
    names = THREADS.get(facts.blas, ())
    for n in sorted({1, cores} - {facts.blas_threads}) if names else ():
        unset = dict.fromkeys(names)
        found[f"{n} thread{'s' if n > 1 else ''}"] = unset | {names[0]: str(n)}
    if facts.blas == "openblas" and facts.has_avx512:
        other = "Haswell" if facts.architecture == "SkylakeX" else "SkylakeX"
        found[f"{other} kernels"] = {"OPENBLAS_CORETYPE": other}
    return found


def measure(facts, n_rounds=5):
    """Time the products under each of the `settings`, in processes of their own that take turns.

    Returns
    -------
    dict of str to float
        Seconds, the median over rounds of the least in each.
    """
    times = {name: [] for name in settings(facts)}
    for _ in range(n_rounds):
        for name, variables in settings(facts).items():
            times[name].append(_seconds(variables))
    return {name: statistics.median(found) for name, found in times.items()}


def _seconds(variables):
    done = subprocess.run(
        [sys.executable, "-c", PRODUCTS],
        env=in_environment(**variables),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def faster(facts, seconds):
    """The `Advice` to set what is plainly the fastest; None if things are well as they are."""
    best = min(seconds, key=seconds.get)
    now = seconds["as it is set"]
    if now < WORTH * seconds[best]:
        return None
    variables = {name: value for name, value in settings(facts)[best].items() if value is not None}
    return Advice(
        f"Matrix products are {now / seconds[best]:.1f} times as fast with {best}.",
        "Set " + " ".join(f"{name}={value}" for name, value in variables.items()) + " before Python starts.",
    )


def denormal_slowdown(n=20_000, repeats=30):
    """How many times as long arithmetic takes with numbers below 1.2e-38, in single precision."""
    import time

    import numpy as np

    def least(value):
        x, out, times = np.full(n, value, np.float32), np.empty(n, np.float32), []
        for _ in range(repeats):
            began = time.perf_counter()
            np.multiply(x, np.float32(0.9), out=out)
            times.append(time.perf_counter() - began)
        return min(times)

    return least(DENORMAL) / least(NORMAL)
