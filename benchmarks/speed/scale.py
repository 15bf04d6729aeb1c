"""The time of a training step against each size of it, beside the arithmetic; rows from a file."""

import dataclasses
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.speed import memory
from benchmarks.speed.networks import N_DATA, NETWORKS
from benchmarks.speed.tables import Row, Sweep, Table

NETWORK = NETWORKS["500"]
VALUES = {
    "batch size": (10, 30, 100, 300, 1000, 3000),
    "width": (64, 128, 256, 512, 1024, 2048, 4096),
    "K": (1, 2, 5, 10, 20, 50),
    "latent dimension": (2, 8, 32, 128, 512),
}
ROWS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
#: Of a file that is written, of which so much must be left free on the disk as well.
SPARE = 2**30
#: Rows that are written at once.
BLOCK = 10_000


def part(plan):
    """A sweep for each size, and a table of the training on a file."""
    found = [sweep(plan, by, values) for by, values in VALUES.items()]
    with tempfile.TemporaryDirectory() as folder:
        return [*found, *on_a_file(plan, Path(folder) / "rows.npy")]


def sweep(plan, by, values):
    """The median time of a step for each value, in turns."""
    values = values[:3] if plan.quick else values
    cases = [case_of(by, value) for value in values]
    runs = [run_on(network.data(N_DATA).astype(np.uint8), network, k) for network, k in cases]
    seconds = medians(runs, plan)
    operations = tuple(operations_of(network, k) for network, k in cases)
    return Sweep(by, tuple(values), seconds, operations, f"Otherwise {NETWORK.name}, K = 1.")


def case_of(by, value):
    """The network and the number of samples that a value stands for."""
    changes = {
        "batch size": {"batch_size": value},
        "width": {"hidden": (value,)},
        "latent dimension": {"n_latent": value},
    }
    return dataclasses.replace(NETWORK, **changes.get(by, {})), value if by == "K" else 1


def run_on(data, network, n_samples=1):
    """A run of training that can be stepped."""
    import scratchvae as sv
    from scratchvae import optim
    from scratchvae.training.run import Run
    from scratchvae.training.trainer import Settings

    vae = sv.VAE(network.n_data, network.n_latent, network.hidden, network.activation)
    settings = Settings(vae, 10**9, network.batch_size, "elbo", n_samples, *[None] * 4)
    return Run(vae, data, settings, optim.Adam(1e-4), np.random.default_rng(0), None)


def medians(runs, plan):
    """Seconds of a step of each run, the median over rounds in which all take their turn."""
    times = [[] for _ in runs]
    repeats = [max(1, round(plan.seconds / 4 / _seconds(run, 2))) for run in runs]
    for _ in range(plan.rounds(15)):
        for run, n, found in zip(runs, repeats, times, strict=True):
            found.append(_seconds(run, n))
    return tuple(statistics.median(found) for found in times)


def _seconds(run, n):
    began = time.perf_counter()
    for _ in range(n):
        run.step()
    return (time.perf_counter() - began) / n


def operations_of(network, n_samples=1):
    """Floating-point operations of a step's products: three of a layer, two of the first, which has no dx."""
    encoder, decoder = network.layers()
    rows = network.batch_size
    total = sum((2 if pair == encoder[0] else 3) * rows * pair[0] * pair[1] for pair in encoder)
    total += sum(3 * rows * n_samples * pair[0] * pair[1] for pair in decoder)
    return 2.0 * total


# --- rows in a file -----------------------------------------------------------------------------


def on_a_file(plan, path):
    """The sweep over data sets, the larger of them parts of one file; what training on all of it takes."""
    sizes, note = sizes_that_fit(ROWS[:2] if plan.quick else ROWS, path.parent)
    write(path, sizes[-1])
    file = np.load(path, mmap_mode="r")
    runs = [run_on(np.array(file[:n]) if n <= 100_000 else file[:n], NETWORK) for n in sizes]
    seconds = medians(runs, plan)
    del runs
    operations = (operations_of(NETWORK),) * len(sizes)
    where = "Up to 100,000 rows in memory, more in a memory-mapped file."
    yield Sweep("rows of data", sizes, seconds, operations, " ".join(filter(None, [where, note])))
    yield whole_file(plan, path, sizes[-1])


def whole_file(plan, path, n_rows):
    """The most memory resident in training on the whole file, in a process of its own."""
    found = memory.in_a_process("mapped", path, 10 if plan.quick else 1000)
    size = path.stat().st_size
    limit = None if plan.quick else memory.LIMIT_MB
    rows = (
        Row(
            "scratchvae", (found["peak"],), at_most=limit, note=f"the first step after {found['first']:.1f} s"
        ),
        Row("the file", (size,), note=f"then {1e3 * found['step']:.2f} ms a step"),
    )
    title = (
        f"training on {n_rows:,} rows of {NETWORK.n_data} bytes in a memory-mapped file: most memory resident"
    )
    return Table("scale", title, "MB", rows)


def sizes_that_fit(sizes, folder):
    """Those numbers of rows for which there is room on the disk, and a word on those that are left out."""
    room = (shutil.disk_usage(folder).free - SPARE) // NETWORK.n_data
    fitting = tuple(n for n in sizes if n <= room)
    left_out = [f"{n:,}" for n in sizes if n > room]
    return fitting, f"No room on the disk for {', '.join(left_out)} rows." if left_out else ""


def write(path, n_rows):
    """A file of zeros and ones, (n_rows, 784) in bytes, block by block."""
    bits = NETWORK.data(BLOCK).astype(np.uint8)
    rng = np.random.default_rng(0)
    with open(path, "wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (n_rows, NETWORK.n_data)}
        np.lib.format.write_array_header_1_0(file, header)
        for first in range(0, n_rows, BLOCK):
            file.write(bits[rng.permutation(BLOCK)][: n_rows - first].tobytes())
