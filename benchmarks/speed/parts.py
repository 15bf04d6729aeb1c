"""The parts of the benchmark, by the names that the command line takes; each gives tables and sweeps."""

from benchmarks.speed import (
    evaluation,
    fits,
    lines,
    maps,
    memory,
    networks,
    peer_jax,
    peer_torch,
    precision,
    samples,
    scale,
    start,
)
from benchmarks.speed.rounds import Timing, take_turns
from benchmarks.speed.tables import Row, Table

PRODUCTS = "its matrix products"
#: What is asked of each measurement of the start, seconds.
AT_MOST = {"scratchvae --help": 0.4, "kernels, cold cache": 10.0, "kernels, warm cache": 0.5}
IMPORT, IMPORT_AT_MOST = "import scratchvae, beyond NumPy's", 0.15


def step(plan):
    """The training step, its products, the readable kernels, and the peers."""
    for network in networks.NETWORKS.values():
        contestants = {
            "scratchvae": (networks.ours, (network,)),
            PRODUCTS: (networks.products, (network,)),
            "scratchvae, NumPy kernels": (networks.ours, (network, 1, "numpy")),
            "JAX, whole epochs": (peer_jax.whole_epochs, (network,)),
            "JAX, step by step": (peer_jax.step_by_step, (network,)),
            "PyTorch": (peer_torch.step, (network,)),
            "PyTorch, fused Adam": (peer_torch.step, (network, True)),
            "PyTorch, compiled": (peer_torch.step, (network, True, True)),
        }
        limits = {name: 1.0 if name.startswith("JAX") else 0.5 for name in contestants if name[0] in "JP"}
        timings, absent = take_turns(contestants, plan.n_rounds, plan.seconds)
        title = f"training step, {network.name}"
        yield Table.of("step", title, timings, absent, at_most=limits | {PRODUCTS: 1.35})


def flows(plan):
    """Maps forward and backward."""
    for case in maps.CASES:
        contestants = {"scratchvae": (maps.ours, (case,)), "JAX, compiled": (maps.in_jax, (case,))}
        timings, absent = take_turns(contestants, plan.n_rounds, plan.seconds)
        title = f"{case.spec}, L = {case.n_latent}, {case.n_data} data, forward and backward"
        yield Table.of("maps", title, timings, absent, at_most={"JAX, compiled": 1.0})


def beginning(plan):
    """Import, help, first use of the kernels."""
    found = start.measure(plan.rounds(7))
    both, numpy = found.pop("numpy and scratchvae"), found.pop("numpy")
    beyond = Timing(tuple(a - b for a, b in zip(both.seconds, numpy.seconds, strict=True)))
    rows = [Row(IMPORT, beyond.seconds, at_most=IMPORT_AT_MOST)]
    rows += [Row(name, timing.seconds, at_most=AT_MOST.get(name)) for name, timing in found.items()]
    yield Table("start", "the start of a process", "s", tuple(rows))


PARTS = {
    "step": step,
    "lines": lines.part,
    "samples": samples.part,
    "precision": precision.part,
    "maps": flows,
    "start": beginning,
    "evaluation": evaluation.part,
    "fits": fits.part,
    "memory": memory.part,
    "scale": scale.part,
}
