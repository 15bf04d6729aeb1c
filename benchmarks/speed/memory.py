"""The most memory that a process had resident: in training on MNIST, and in evaluation with more samples.

``python -m benchmarks.speed.memory train`` is such a process, and prints what it found as JSON.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.speed.tables import Row, Table

LIMIT_MB = 350
SAMPLES = (500, 5000, 50_000)
#: By how much memory may grow from the fewest samples to the most, where it must not grow with them.
GROWTH_MB = 20


def part(plan):
    """Two tables."""
    return [training(plan), evaluation(plan)]


def training(plan):
    """An epoch over MNIST's 60,000 images, with validation and checkpoints."""
    n_rows = 600 if plan.quick else 60_000
    found = in_a_process("train", n_rows)
    row = Row("scratchvae", (found["peak"],), at_most=LIMIT_MB, note=found["data"])
    title = f"training on {n_rows:,} images of 784 bytes, validation and checkpoints: most memory resident"
    return Table("memory", title, "MB", (row,))


def evaluation(plan):
    """log p(x) of 16 images by more and more samples."""
    samples = SAMPLES[:2] if plan.quick else SAMPLES
    peaks = {n: in_a_process("evaluate", n)["peak"] for n in samples}
    most = peaks[samples[0]] / 1e6 + GROWTH_MB
    rows = tuple(
        Row(f"{n:,} samples", (peak,), at_most=round(most) if n == samples[-1] else None)
        for n, peak in peaks.items()
    )
    title = "log p(x) of 16 images by importance sampling: most memory resident"
    return Table(
        "memory", title, "MB", rows, note=f"Asked: at most {GROWTH_MB} MB more with the most samples."
    )


def in_a_process(*arguments):
    """What ``python -m benchmarks.speed.memory ...`` prints."""
    command = [sys.executable, "-m", "benchmarks.speed.memory", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


# --- in the process -----------------------------------------------------------------------------


def peak_bytes():
    """The most that was resident since this program began.

    Linux's high-water mark where there is one: ``getrusage`` counts what the parent had at the fork too.
    """
    try:
        status = Path("/proc/self/status").read_text()
        return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak


def train(n_rows):
    """Train for an epoch, on MNIST if it is here, else on bytes of the same shape."""
    import scratchvae as sv

    data, valid, name = images(int(n_rows))
    vae = sv.VAE(784, 20, (500,))
    options = {"epochs": 1, "binarization": "dynamic", "valid": valid, "progress": False}
    with tempfile.TemporaryDirectory() as folder:
        sv.train(vae, data, checkpoint=folder, **options)
    return {"peak": peak_bytes(), "data": f"{name}, kept as {data.x.dtype}"}


def images(n_rows):
    """Training and validation data, and what they are."""
    import scratchvae as sv

    try:
        data = [sv.data.load("mnist", split) for split in ("train+valid", "test")]
        return data[0].subset(slice(n_rows)) if n_rows < 60_000 else data[0], data[1], "MNIST"
    except OSError:  # no folder of data, and no network
        rng = np.random.default_rng(0)
        sizes = (n_rows, n_rows // 6)
        data = [sv.data.as_dataset(rng.integers(0, 256, (n, 784), dtype=np.uint8)) for n in sizes]
        return *data, "random bytes, for MNIST is not here"


def evaluate(n_samples):
    """log p(x) of 16 images."""
    from benchmarks.speed import evaluation
    from benchmarks.speed.networks import NETWORKS

    evaluation.ours(NETWORKS["500"], int(n_samples))(2)
    return {"peak": peak_bytes()}


def mapped(path, n_steps):
    """Train for some steps on a file: the time until the first is done, and that of each of the others."""
    from benchmarks.speed.networks import NETWORKS
    from benchmarks.speed.scale import run_on

    began = time.perf_counter()
    run = run_on(np.load(path, mmap_mode="r"), NETWORKS["500"])
    run.step()
    first, n_steps = time.perf_counter() - began, int(n_steps)
    began = time.perf_counter()
    for _ in range(n_steps):
        run.step()
    return {"peak": peak_bytes(), "first": first, "step": (time.perf_counter() - began) / n_steps}


TASKS = {"train": train, "evaluate": evaluate, "mapped": mapped}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
