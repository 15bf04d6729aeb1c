"""What takes how long, beside compiled frameworks, in interleaved rounds.

    python -m benchmarks.speed
    python -m benchmarks.speed step maps --rounds 25

Peers (jax, torch) are left out with a word if they are not installed. Ratios are taken within a round, and
the median over rounds is given: on a shared machine only they mean something. Run it on a machine that does
nothing else.
"""

import argparse

from benchmarks.speed import maps, networks, peer_jax, peer_torch, start
from benchmarks.speed.rounds import ratio, take_turns
from scratchvae import diagnosis


def step(n_rounds):
    """The training step, its products, the readable kernels, and the peers."""
    for network in networks.NETWORKS.values():
        contestants = {
            "scratchvae": (networks.ours, (network,)),
            "its matrix products": (networks.products, (network,)),
            "scratchvae, NumPy kernels": (networks.ours, (network, 1, "numpy")),
            "JAX, whole epochs": (peer_jax.whole_epochs, (network,)),
            "JAX, step by step": (peer_jax.step_by_step, (network,)),
            "PyTorch": (peer_torch.step, (network,)),
            "PyTorch, fused Adam": (peer_torch.step, (network, True)),
            "PyTorch, compiled": (peer_torch.step, (network, True, True)),
        }
        report(f"training step, {network.name}", contestants, n_rounds)


def flows(n_rounds):
    """Maps forward and backward."""
    for case in maps.CASES:
        contestants = {"scratchvae": (maps.ours, (case,)), "JAX, compiled": (maps.in_jax, (case,))}
        title = f"{case.spec}, L = {case.n_latent}, {case.n_data} data, forward and backward"
        report(title, contestants, n_rounds)


def beginning(n_rounds):
    """Import, help, first use of the kernels."""
    print("\nstart, seconds")
    for name, timing in start.measure(min(n_rounds, 7)).items():
        print(f"  {name:28} {timing.median:8.3f}")


def report(title, contestants, n_rounds):
    """Time contestants and print a table, the first one's ratio to each."""
    timings, absent = take_turns(contestants, n_rounds)
    ours = next(iter(timings.values()))
    print(f"\n{title}\n  {'':28} {'us':>8}  ours / it")
    for name, timing in timings.items():
        print(f"  {name:28} {1e6 * timing.median:8.0f}  {ratio(ours, timing):9.2f}")
    for name, why in absent.items():
        print(f"  {name:28} left out: {why.strip().splitlines()[-1]}")


PARTS = {"step": step, "maps": flows, "start": beginning}


def main():
    """Read the command line and measure."""
    described = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("benchmarks.speed", description=__doc__, formatter_class=described)
    parser.add_argument(
        "parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=f"of {', '.join(PARTS)}"
    )
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    for part in (diagnosis.machine(), diagnosis.blas(), diagnosis.versions()):
        print(", ".join(f"{key} {value}" for key, value in part.items()))
    for name in args.parts or PARTS:
        PARTS[name](args.rounds)


if __name__ == "__main__":
    main()
