"""How much of a gradient is signal, against the number of draws K: a tighter bound may be harder to climb.

    python benchmarks/signal_to_noise.py
    python benchmarks/signal_to_noise.py --table
    python benchmarks/signal_to_noise.py --figure

The linear Gaussian problem of Rainforth et al. (2018, section 4): z ~ N(0, I) and x ~ N(z, I) in 20
dimensions, a linear encoder that gives the right mean and a variance of 2/3 in place of 1/2, all parameters
off by 0.01 n, n ~ N(0, 1); here it is a VAE without hidden layers. For one x and many draws of the noise, the
gradients of encoder and decoder (the biases of their layers) have a mean m and a covariance C. The ratio is
|m| / sqrt(trace C). In theory that of the encoder falls as 1/sqrt(K) by the bound "iwae", and rises as
sqrt(K) by "dreg", the same bound with the doubly reparameterized gradient (Tucker et al. 2019); the
decoder's, which is the same by both, rises as sqrt(K).

The encoder's m is the same by both and taken from "dreg", for that of "iwae" drowns in its noise. |m|^2 is
freed of the noise of a mean over R draws, trace C / R. The slopes are those of straight lines through the
points from K = 16 on, both axes logarithmic; errors by the jackknife over parts of the draws.

The result is kept as JSON and as a Markdown table under benchmarks/results/, and drawn into figures/; --table
and --figure read the JSON. It is the same for the same seed and the same versions.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from tqdm import tqdm

import scratchvae as sv
from scratchvae import diagnosis, plotting
from scratchvae.storage import atomic_write

RESULTS = Path(__file__).parent / "results"
FIGURE = Path(__file__).parent.parent / "figures" / "signal_to_noise.png"
DIMENSION, SPREAD = 20, 0.01
SAMPLES = tuple(2**i for i in range(11))  # K
#: Slopes are of the points from here on.
FROM = 16
#: Parts of the draws that are left out in turn.
N_PARTS = 20
ENCODER, DECODER = "encoder.0.bias", "decoder.0.bias"
#: The lines: (block of parameters, bound of the gradient, bound of the mean), and the slope in theory.
LINES = {
    "encoder, iwae": ((ENCODER, "iwae", "dreg"), -0.5),
    "encoder, dreg": ((ENCODER, "dreg", "dreg"), 0.5),
    "decoder, both": ((DECODER, "iwae", "iwae"), 0.5),
}


# --- the problem --------------------------------------------------------------------------------


def problem(rng):
    """The VAE near its optimum, and one datum (1, D) of the model."""
    n = DIMENSION
    vae = sv.VAE(n, n, (), likelihood="normal_fixed:1", dtype="float64")
    to_mean, log_sigma = np.eye(n) / 2, np.full(n, 0.5 * np.log(2 / 3))
    optimum = {
        "encoder.0.weight": np.concatenate([to_mean, np.zeros((n, n))], axis=1),
        "encoder.0.bias": np.concatenate([np.zeros(n), log_sigma]),
        "decoder.0.weight": np.eye(n),
        "decoder.0.bias": np.zeros(n),
    }
    for name, value in optimum.items():
        vae.parameters[name] = value + SPREAD * rng.standard_normal(value.shape)
    return vae, np.sqrt(2) * rng.standard_normal((1, n))


def gradients(vae, x, n_samples, bound, n_draws, seed):
    """{block: gradients (R, n)} of R draws of the noise."""
    rng, found = np.random.default_rng(seed), {ENCODER: [], DECODER: []}
    for _ in range(n_draws):
        vae.loss_and_grad(x, rng.standard_normal((n_samples, 1, vae.n_latent)), bound)  # (K, 1, L)
        for name, draws in found.items():
            draws.append(vae.parameters.gradient(name).copy())
    return {name: np.array(draws) for name, draws in found.items()}


# --- the ratio ----------------------------------------------------------------------------------


def ratio(draws, of_the_mean):
    """|m| / sqrt(trace C), C of `draws` (R, n), m of `of_the_mean` (R, n) without the noise of its mean."""
    noise = of_the_mean.var(axis=0, ddof=1).sum() / len(of_the_mean)
    signal = max((of_the_mean.mean(axis=0) ** 2).sum() - noise, 0.0)
    return float(np.sqrt(signal / draws.var(axis=0, ddof=1).sum()))


def ratio_and_error(draws, of_the_mean):
    """The ratio and its standard error by the jackknife over parts of the draws."""
    parts = np.array_split(np.arange(len(draws)), N_PARTS)
    without = [ratio(*(np.delete(of, part, axis=0) for of in (draws, of_the_mean))) for part in parts]
    return ratio(draws, of_the_mean), float(np.sqrt((N_PARTS - 1) * np.var(without)))


def slope(n_samples, ratios):
    """Of the straight line through log ratio against log K, from K = 16 on."""
    n_samples, ratios = np.array(n_samples, float), np.array(ratios)
    used = n_samples >= FROM
    return float(np.polyfit(np.log(n_samples[used]), np.log(ratios[used]), 1)[0])


def measure(samples, n_draws, seed, progress=lambda: None):
    """{line: {"ratio", "error", "slope"}}, the first two a list over K."""
    vae, x = problem(np.random.default_rng(seed))
    found = {name: {"ratio": [], "error": []} for name in LINES}
    for n_samples in samples:
        draws = {}
        for bound in ("iwae", "dreg"):  # of the same noise
            draws[bound] = gradients(vae, x, n_samples, bound, n_draws, [seed, n_samples])
            progress()
        for name, ((block, bound, of_the_mean), _) in LINES.items():
            pair = ratio_and_error(draws[bound][block], draws[of_the_mean][block])
            for key, value in zip(("ratio", "error"), pair, strict=True):
                found[name][key].append(value)
    for line in found.values():
        line["slope"] = slope(samples, line["ratio"])
    return found


def run(n_draws, seed, shown):
    """Measure all, keep it, draw it, and return the table."""
    with tqdm(total=2 * len(SAMPLES), unit="run", disable=None if shown else True) as bar:
        lines = measure(SAMPLES, n_draws, seed, bar.update)
    result = {
        "seed": seed,
        "n_draws": n_draws,
        "dimension": DIMENSION,
        "spread": SPREAD,
        "n_samples": SAMPLES,
        "versions": diagnosis.versions(),
        "lines": lines,
    }
    keep("signal_to_noise.json", json.dumps(result, indent=1))
    keep("signal_to_noise.md", table())
    figure()
    return table()


def keep(name, text):
    """Write a result, all or nothing."""
    with atomic_write(RESULTS / name) as file:
        file.write(f"{text}\n".encode())


def kept():
    """The kept result."""
    return json.loads((RESULTS / "signal_to_noise.json").read_text())


# --- the table and the figure -------------------------------------------------------------------


def table():
    """The kept ratios as a Markdown table, with the slopes beside those of the theory."""
    result = kept()
    lines = [
        "| gradient | " + " | ".join(f"K = {k}" for k in result["n_samples"]) + " | slope | in theory |",
        "|---" + "|---:" * (len(result["n_samples"]) + 2) + "|",
    ]
    for name, line in result["lines"].items():
        ratios = " | ".join(f"{value:.3g}" for value in line["ratio"])
        lines.append(f"| {name} | {ratios} | {line['slope']:+.2f} | {LINES[name][1]:+.1f} |")
    return "\n".join(lines)


def figure():
    """The ratios against K, both axes logarithmic, with the lines of the theory."""
    result = kept()
    drawn, ax = plotting.figure(7.2, 4.8)
    samples = np.array(result["n_samples"])
    for i, (name, line) in enumerate(result["lines"].items()):
        style = {"color": plotting.COLOURS[i], "marker": "os^"[i], "markersize": 6}
        label = f"{name}: slope {line['slope']:+.2f}"
        ax.errorbar(samples, line["ratio"], line["error"], linestyle="none", label=label, **style)
        middle, exponent = len(samples) // 2, LINES[name][1]
        theory = line["ratio"][middle] * (samples / samples[middle]) ** exponent
        ax.plot(samples, theory, color=plotting.COLOURS[i], linewidth=1.2, linestyle="--")
    ax.set(xscale="log", yscale="log", xlabel="draws K", ylabel="signal to noise of the gradient")
    ax.set_xticks(samples, [str(k) for k in samples])
    ax.minorticks_off()
    ax.set_title("dashed: slopes of -1/2 and +1/2", fontsize=11)
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, loc="upper left")
    plotting.save(drawn, FIGURE, dpi=150)


def main():
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", action="store_true", help="print the table that is kept")
    parser.add_argument("--figure", action="store_true", help="draw the figure again from what is kept")
    parser.add_argument("--draws", type=int, default=4000, help="gradients for each K (default 4,000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    args = parser.parse_args()
    if args.draws < 2 * N_PARTS:
        parser.error(f"--draws must be at least {2 * N_PARTS}")
    try:
        if args.figure:
            figure()
        else:
            print(table() if args.table else run(args.draws, args.seed, not args.quiet))
    except OSError as error:
        print(f"signal_to_noise.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("signal_to_noise.py: interrupted; nothing was kept.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
