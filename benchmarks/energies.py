"""What each family makes of the four energies of Rezende & Mohamed (2015), beside the truth.

    python benchmarks/energies.py
    python benchmarks/energies.py --targets U1 --families planar:32
    python benchmarks/energies.py --table
    python benchmarks/energies.py --figure

Each family is fitted to p(z) = e^(-U(z)) / Z in the plane, Z known exactly (`scratchvae.models.targets`). Two
numbers say how far q is from p, both KL(q || p) in nats:

- log Z - ELBO, with the ELBO of 100,000 draws of q and its standard error;
- the sum over a grid of q (log q - log p), which draws nothing and takes q's density by the inverses of its
  maps, where the first takes none.

Where they agree, determinant, inverse and normaliser do. The result is kept as JSON, as a Markdown table and,
for the figure, as densities on a grid under benchmarks/results/ (of these the last is not in the repository);
--table and --figure read them. Fits of
some targets or families alone replace their own entries. The result is the same for the same seed and the
same versions.
"""

import argparse
import json
import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the products are small: more threads only wait

import numpy as np
from tqdm import tqdm

import scratchvae as sv
from scratchvae import diagnosis, plotting
from scratchvae.storage import atomic_write, load_npz, save_npz

RESULTS = Path(__file__).parent / "results"
FIGURE = Path(__file__).parent.parent / "figures" / "flows_energies.png"
TARGETS = {
    "U1": sv.models.EnergyU1,
    "U2": sv.models.EnergyU2,
    "U3": sv.models.EnergyU3,
    "U4": sv.models.EnergyU4,
}
#: What each family is given beside its name; a Gaussian needs nothing.
FLOW = {"steps": 10_000, "start": "zero"}
SPLINE = {"steps": 30_000, "start": "zero", "n_samples": 400, "anneal": 14_000}
FAMILIES = {
    "mean_field": {},
    "full_rank": {},
    "householder:2": {},
    "planar:2": FLOW,
    "planar:8": FLOW,
    "planar:32": FLOW,
    "radial:8": FLOW,
    "sylvester:4": FLOW,
    "coupling:8": FLOW,
    "iaf:4": FLOW,
    "spline:3": SPLINE,
}
#: The figure's columns after the truth.
SHOWN = ("planar:2", "planar:8", "planar:32", "coupling:8", "iaf:4", "spline:3")
#: The grid of the KL and that of the figure: half its side, and its points a side.
REACH, N_GRID = 8.0, 401
FIGURE_REACH, N_PIXELS = 5.0, 160


# --- the measurement ----------------------------------------------------------------------------


def square(reach, n):
    """Points of a grid in the plane (n, n, 2), z_1 along the second axis as a picture has it."""
    side = np.linspace(-reach, reach, n)
    return np.stack(np.meshgrid(side, side), axis=-1)


def grid_kl(q, model):
    """KL(q || p) by a sum over the grid, and the mass of q that lies on it."""
    z = square(REACH, N_GRID).reshape(-1, 2)
    log_q = q.log_prob(z)
    mass = np.exp(log_q) * (2 * REACH / (N_GRID - 1)) ** 2
    return float(mass @ (log_q - model.log_joint(z) + model.log_evidence())), float(mass.sum())


def measure(target, family, seed):
    """One fit: its numbers, and its density on the figure's grid."""
    model = TARGETS[target]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "converged" is kept
        q = sv.fit(model, family, rng=np.random.default_rng(seed), progress=False, **FAMILIES[family])
    on_grid, mass = grid_kl(q, model)
    entry = {
        "options": FAMILIES[family],
        "kl": model.log_evidence() - q.elbo,
        "kl_error": q.elbo_error,
        "grid_kl": on_grid,
        "grid_mass": mass,
        "khat": q.khat,
        "n_params": q.reparam.n_params,
        "n_steps": q.n_steps,
        "converged": bool(q.converged),
    }
    return entry, np.exp(q.log_prob(square(FIGURE_REACH, N_PIXELS)))


def true_density(target):
    """p on the figure's grid."""
    model = TARGETS[target]()
    return np.exp(model.log_joint(square(FIGURE_REACH, N_PIXELS)) - model.log_evidence())


def run(targets, families, seed, shown):
    """Fit, keep after each fit, draw the figure if it has all that it shows, and return the table."""
    fits = [(target, family) for target in targets for family in families]
    for target, family in tqdm(fits, unit="fit", disable=None if shown else True):
        entry, density = measure(target, family, seed)
        keep(target, family, entry, density, seed)
    write("energies.md", table())
    if all(name in kept_densities() for name in names_shown()):
        figure()
    return table()


# --- what is kept -------------------------------------------------------------------------------


def keep(target, family, entry, density, seed):
    """Add an entry to what is kept, its density in steps of 1/255 of the truth's largest."""
    result = kept() if (RESULTS / "energies.json").exists() else {"fits": {}}
    fits = result["fits"]
    fits.setdefault(target, {})[family] = entry
    ordered = {t: {f: fits[t][f] for f in FAMILIES if f in fits[t]} for t in TARGETS if t in fits}
    result = {"seed": seed, "versions": diagnosis.versions(), "fits": ordered}
    write("energies.json", json.dumps(result, indent=1))
    densities = kept_densities()
    densities[f"{target} {family}"] = in_bytes(density, target)
    save_npz(RESULTS / "energies.npz", {name: densities[name] for name in sorted(densities)}, {})


def in_bytes(density, target):
    """The density as 0 to 255, 255 the truth's largest value and all above it."""
    return np.clip(np.rint(255 * density / true_density(target).max()), 0, 255).astype(np.uint8)


def kept():
    return json.loads((RESULTS / "energies.json").read_text())


def kept_densities():
    return load_npz(RESULTS / "energies.npz")[0] if (RESULTS / "energies.npz").exists() else {}


def write(name, text):
    """Write a result, all or nothing."""
    with atomic_write(RESULTS / name) as file:
        file.write(f"{text}\n".encode())


# --- the table ----------------------------------------------------------------------------------


def table():
    """The kept KL(q || p), nats, by draws and (by the grid), as a Markdown table."""
    fits = kept()["fits"]
    families = [family for family in FAMILIES if any(family in of_target for of_target in fits.values())]
    lines = [
        "| family | numbers | steps | " + " | ".join(fits) + " |",
        "|---|---:" + "|---:" * (len(fits) + 1) + "|",
    ]
    for family in families:
        entries = [of_target.get(family) for of_target in fits.values()]
        numbers = next(entry["n_params"] for entry in entries if entry)
        steps = max(entry["n_steps"] for entry in entries if entry)
        cells = " | ".join(shown_kl(entry) for entry in entries)
        lines.append(f"| {family} | {numbers:,} | {steps:,} | {cells} |")
    return "\n".join(lines)


def shown_kl(entry):
    """KL by draws with its error, and by the grid."""
    if entry is None:
        return "\N{EN DASH}"
    return f"{entry['kl']:.4f} \N{PLUS-MINUS SIGN} {entry['kl_error']:.4f} ({entry['grid_kl']:.4f})"


# --- the figure ---------------------------------------------------------------------------------


def names_shown():
    """What the figure needs of the kept densities."""
    return [f"{target} {family}" for target in TARGETS for family in SHOWN]


def figure():
    """Draw the densities side by side: a row an energy, the truth first, one scale of colour a row."""
    fits, densities = kept()["fits"], kept_densities()
    missing = [name for name in names_shown() if name not in densities]
    if missing:
        raise FileNotFoundError(f"no density of {', '.join(missing)} is kept: fit these first.")
    columns = 1 + len(SHOWN)
    drawn, _ = plotting.figure(1.75 * columns, 1.72 * len(TARGETS) + 0.35)
    drawn.clear()
    axes = drawn.subplots(len(TARGETS), columns, sharex=True, sharey=True)
    for row, target in zip(axes, TARGETS, strict=True):
        panel(row[0], in_bytes(true_density(target), target))
        row[0].set_ylabel(f"$U_{target[1]}$", rotation=0, fontsize=16, labelpad=14, va="center")
        for ax, family in zip(row[1:], SHOWN, strict=True):
            panel(ax, densities[f"{target} {family}"])
            label = f"KL {digits(fits[target][family]['kl'])}"
            ax.text(0.5, 0.97, label, transform=ax.transAxes, ha="center", va="top", fontsize=12)
    for ax, title in zip(axes[0], ("truth", *SHOWN), strict=True):
        ax.set_title(title, fontsize=13)
    plotting.save(drawn, FIGURE, dpi=130)


def panel(ax, density):
    """One density, nearly white where there is none."""
    ax.imshow(
        density,
        origin="lower",
        extent=(-FIGURE_REACH, FIGURE_REACH) * 2,
        cmap="Blues",
        vmin=0,
        vmax=255,
        interpolation="bilinear",
    )
    ax.set(xticks=[], yticks=[])


def digits(kl):
    """Two digits that matter, and no more than four after the point."""
    return f"{kl:.2f}" if kl >= 0.095 else f"{kl:.3f}" if kl >= 0.0095 else f"{kl:.4f}"


# --- the command line ---------------------------------------------------------------------------


def parser():
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--table", action="store_true", help="print the table that is kept")
    made.add_argument("--figure", action="store_true", help="draw the figure again from what is kept")
    made.add_argument("--targets", nargs="+", choices=TARGETS, default=list(TARGETS), metavar="U1")
    made.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES), metavar="planar:8")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--quiet", action="store_true", help="no progress bar")
    return made


def main():
    """Read the command line and run."""
    args = parser().parse_args()
    try:
        if args.figure:
            figure()
        elif args.table:
            print(table())
        else:
            print(run(args.targets, args.families, args.seed, not args.quiet))
    except OSError as error:
        print(f"energies.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("energies.py: interrupted; the fits that were done are kept.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
