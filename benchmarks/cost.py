"""What each map costs, against its dimension and its length, beside a determinant of no special form.

    python benchmarks/cost.py
    python benchmarks/cost.py --table
    python benchmarks/cost.py --figure

The time of one forward and one backward pass of a map, with the gradients by lam, by noise and by weights,
for B = 100 data of one draw each. Beside them what log|det| would cost if the form of the map were not known:

- "Jacobian and slogdet": the L rows of dz/deps by L backward passes of planar:4, and the logarithm of the
  determinant of B matrices L x L, which takes O(L^3) operations each;
- "slogdet alone": the second part of it.

Neither includes the backward pass of the determinant, which needs the inverse too and costs about as much
again. Each time is that of one processor (one thread; what else the computer does is not counted), and the
median over rounds, in each of which all maps take their turn.

The result is kept as JSON and as a Markdown table under benchmarks/results/; --table and --figure read the
JSON.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from threadpoolctl import threadpool_info
from tqdm import tqdm

from scratchvae import diagnosis, plotting
from scratchvae.reparam import build
from scratchvae.storage import atomic_write

RESULTS = Path(__file__).parent / "results"
FIGURE = Path(__file__).parent.parent / "figures" / "flows_cost.png"
N_DATA = 100
DIMENSIONS = (2, 4, 8, 16, 32, 64, 128, 256)
LENGTHS = (1, 2, 4, 8, 16, 32)
#: The dimension in which lengths are compared, and the one length of the flows when dimensions are.
DIMENSION, LENGTH = 32, 4
FLOWS = ("planar", "radial", "householder", "sylvester", "coupling", "spline", "iaf")
SINGLE = ("diagonal", "full_rank")
JACOBIAN, SLOGDET = "Jacobian and slogdet", "slogdet alone"
#: A round that takes longer than this is not repeated so often, seconds.
LONGEST = 2.0


# --- what is timed ------------------------------------------------------------------------------


def passes(family, n_latent, rng):
    """A function that runs the map forward and backward once."""
    flow = build(family, n_latent, n_context=n_latent)
    flow.initialize(rng)
    lam = 0.1 * rng.standard_normal((N_DATA, flow.n_params))
    eps = rng.standard_normal((1, N_DATA, n_latent))  # (K, B, L)
    dz, dlog_det = np.ones_like(eps), np.ones(eps.shape[:-1])
    return lambda: flow.backward(flow.forward(lam, eps)[2], dz, dlog_det)


def jacobian_and_slogdet(n_latent, rng):
    """The rows of dz/deps by backward passes of a planar flow, then the determinants."""
    flow = build(f"planar:{LENGTH}", n_latent)
    lam, eps = 0.1 * rng.standard_normal((N_DATA, flow.n_params)), rng.standard_normal((N_DATA, n_latent))
    units, zeros = np.eye(n_latent), np.zeros(N_DATA)

    def timed():
        cache = flow.forward(lam, eps)[2]
        rows = [flow.backward(cache, np.broadcast_to(unit, eps.shape), zeros)[1] for unit in units]
        return np.linalg.slogdet(np.stack(rows, axis=-2))

    return timed


def slogdet_alone(n_latent, rng):
    """The determinants of B matrices that are there already."""
    matrices = np.eye(n_latent) + 0.1 * rng.standard_normal((N_DATA, n_latent, n_latent))
    return lambda: np.linalg.slogdet(matrices)


def by_dimension(n_latent, rng):
    """{name: function} of all that is timed in one dimension."""
    names = [*SINGLE, *(f"{name}:{LENGTH}" for name in FLOWS)]
    found = {name: passes(name, n_latent, rng) for name in names}
    found[SLOGDET] = slogdet_alone(n_latent, rng)
    return found | {JACOBIAN: jacobian_and_slogdet(n_latent, rng)}


def by_length(n_maps, rng):
    """{name: function} of the flows of one length."""
    return {name: passes(f"{name}:{n_maps}", DIMENSION, rng) for name in FLOWS}


# --- the measurement ----------------------------------------------------------------------------


def medians(functions, n_rounds, seconds):
    """{name: seconds}, the median over rounds; of a function that takes long fewer, `seconds` in all."""
    times = {name: [] for name in functions}
    for function in functions.values():
        function()  # the first call takes memory and compiles
    for _ in range(n_rounds):
        for name, function in functions.items():
            if len(times[name]) >= 3 and sum(times[name]) > seconds:
                continue
            began = time.thread_time()
            function()
            times[name].append(time.thread_time() - began)
    return {name: statistics.median(found) for name, found in times.items()}


def run(n_rounds, seconds, seed, shown):
    """Measure all, keep it, draw it, and return the table."""
    rng, result = np.random.default_rng(seed), {}
    cases = [("by_dimension", by_dimension, DIMENSIONS), ("by_length", by_length, LENGTHS)]
    with tqdm(
        total=sum(len(sizes) for *_, sizes in cases), unit="size", disable=None if shown else True
    ) as bar:
        for label, functions_of, sizes in cases:
            measured = []
            for size in sizes:
                measured.append(medians(functions_of(size, rng), n_rounds, seconds))
                bar.update()
            result[label] = {name: [found[name] for found in measured] for name in measured[0]}
    write("cost.json", json.dumps(described(result, n_rounds), indent=1))
    write("cost.md", table())
    figure()
    return table()


def described(result, n_rounds):
    """The times with what they depend on."""
    blas = [
        {key: info.get(key) for key in ("internal_api", "version", "architecture", "num_threads")}
        for info in threadpool_info()
        if info["user_api"] == "blas"
    ]
    return {
        "n_data": N_DATA,
        "dimensions": DIMENSIONS,
        "lengths": LENGTHS,
        "dimension_of_lengths": DIMENSION,
        "most_rounds": n_rounds,
        "blas": blas,
        "versions": diagnosis.versions(),
        "seconds": result,
    }


def write(name, text):
    """Write a result, all or nothing."""
    with atomic_write(RESULTS / name) as file:
        file.write(f"{text}\n".encode())


def kept():
    """The kept result."""
    return json.loads((RESULTS / "cost.json").read_text())


# --- the table ----------------------------------------------------------------------------------


def table():
    """The kept times as two Markdown tables, milliseconds."""
    result = kept()
    return "\n\n".join(
        [
            one_table(
                "forward and backward, ms", "L", result["dimensions"], result["seconds"]["by_dimension"]
            ),
            one_table(
                f"in {result['dimension_of_lengths']} dimensions, ms",
                "n",
                result["lengths"],
                result["seconds"]["by_length"],
            ),
        ]
    )


def one_table(title, letter, sizes, seconds):
    """A row a map, a column a size."""
    lines = [
        f"| {title} | " + " | ".join(f"{letter} = {size}" for size in sizes) + " |",
        "|---" + "|---:" * len(sizes) + "|",
    ]
    for name, times in seconds.items():
        lines.append(f"| {name} | " + " | ".join(f"{1000 * t:.3g}" for t in times) + " |")
    return "\n".join(lines)


# --- the figure ---------------------------------------------------------------------------------

#: A line's colour, and how it is dashed and marked, so that colour is not all that tells two apart.
MARKERS = {"planar": "o", "radial": "s", "householder": "^", "sylvester": "D", "coupling": "v", "spline": "P"}
MARKERS |= {"iaf": "X", "diagonal": ".", "full_rank": "*"}


def figure():
    """Time against dimension and against length, both axes logarithmic."""
    result = kept()
    drawn, axes = plotting.figure(12.5, 5.4, n_columns=2)
    lines(axes[0], result["dimensions"], result["seconds"]["by_dimension"])
    lines(axes[1], result["lengths"], result["seconds"]["by_length"])
    n_data, n_latent = result["n_data"], result["dimension_of_lengths"]
    axes[0].set(xlabel="dimension L", ylabel=f"milliseconds, forward and backward of {n_data} draws")
    axes[0].set_title(f"against the dimension (flows of {LENGTH} maps)", fontsize=12)
    axes[1].set(xlabel="number of maps")
    axes[1].set_title(f"against the length (L = {n_latent})", fontsize=12)
    plotting.save(drawn, FIGURE, dpi=150)


def lines(ax, sizes, seconds):
    """One line a map, its name at its end."""
    names = list(FLOWS) + list(SINGLE)
    for name, times in seconds.items():
        base = name.partition(":")[0]
        if base in names:
            colour, style = plotting.COLOURS[names.index(base)], {"linewidth": 1.6, "marker": MARKERS[base]}
        else:
            colour = plotting.COLOURS[9]
            style = {"linewidth": 2.6, "linestyle": "--" if name == JACOBIAN else ":"}
        ax.loglog(sizes, [1000 * t for t in times], color=colour, markersize=6, label=name, **style)
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.minorticks_off()
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    labels_at_the_end(ax, sizes, seconds)


def labels_at_the_end(ax, sizes, seconds, least=1.5):
    """The names beside the last points, moved apart where they would lie on each other."""
    ends = sorted((1000 * times[-1], name) for name, times in seconds.items())
    colours = {line.get_label(): line.get_color() for line in ax.get_lines()}
    place = 0.0
    for end, name in ends:
        place = max(end, place * least)
        ax.annotate(
            name,
            (sizes[-1], end),
            (sizes[-1] * 1.15, place),
            color=colours[name],
            fontsize=10,
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colours[name], "linewidth": 0.6},
        )


def main():
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", action="store_true", help="print the table that is kept")
    parser.add_argument("--figure", action="store_true", help="draw the figure again from what is kept")
    parser.add_argument("--rounds", type=int, default=51, help="the most calls of each (default 51)")
    parser.add_argument("--seconds", type=float, default=LONGEST, help="the most time for each (default 2)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    args = parser.parse_args()
    if args.rounds < 3:
        parser.error("--rounds must be at least 3")
    try:
        if args.figure:
            figure()
        else:
            print(table() if args.table else run(args.rounds, args.seconds, args.seed, not args.quiet))
    except OSError as error:
        print(f"cost.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("cost.py: interrupted; nothing was kept.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
