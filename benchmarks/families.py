"""What each family recovers: the covariance of a Gaussian, and the trust of importance weights.

    python benchmarks/families.py
    python benchmarks/families.py --table

Two questions, each family fitted in the same way:

- A correlated Gaussian of L dimensions, which mean-field cannot find, nor a low rank: the largest error of
  an entry of q's covariance, in units of the two standard deviations, by 100,000 draws of q (which err by
  about 0.01 themselves); the largest error of a standard deviation, relative; and log Z - ELBO in nats.
- The banana and Neal's funnel, which no Gaussian can follow: khat, the shape of the tail of the importance
  weights, below 0.7 where they can be trusted (Vehtari et al. 2024), and log Z - ELBO.

A Gaussian family stops by itself; a flow takes 5,000 steps at the rate 0.01 for the first question, 6,000 at
0.005 for the second. The result is kept as JSON and as a Markdown table under benchmarks/results/; --table
reads the JSON. It is the same for the same seed and the same versions.
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
from scratchvae import diagnosis
from scratchvae.models.gaussian import Gaussian
from scratchvae.storage import atomic_write

RESULTS = Path(__file__).parent / "results"
DIMENSIONS = (5, 10)
#: Families for the Gaussian; {n} stands for the dimension.
GAUSSIAN_FAMILIES = (
    "mean_field",
    "full_rank",
    "low_rank:2",
    "householder:{n}",
    "planar:{n}",
    "sylvester:2",
    "coupling:4",
    "iaf:2",
)
SHAPE_FAMILIES = (
    "mean_field",
    "full_rank",
    "householder:2",
    "planar:16",
    "radial:16",
    "sylvester:2",
    "coupling:6",
    "iaf:4",
    "spline:3",
)
#: The banana bends by b sigma^2 = 4 standard deviations of its width.
SHAPES = {
    "banana, b 1": lambda: sv.models.Banana(b=1.0, sigma=2.0),
    "funnel, sigma 1": lambda: sv.models.Funnel(2, sigma=1.0),
    "funnel, sigma 3": lambda: sv.models.Funnel(2, sigma=3.0),
}
#: Of flows; a Gaussian stops by itself. A density without a bend is learned at a higher rate.
GAUSSIAN_TARGET, SHAPE = {"steps": 5000, "lr": 0.01}, {"steps": 6000, "lr": 0.005}
GAUSSIANS = ("mean_field", "full_rank", "low_rank:2")


class Correlated(sv.BayesianModel):
    """A normal density, which a model may have as its posterior; log Z = 0."""

    def __init__(self, mean, cov):
        self.density, self.cov, self.n_latent = Gaussian.from_cov(mean, cov), cov, len(mean)

    def log_joint(self, z):
        """log N(z; mean, cov), (...)."""
        return self.density.log_prob(z)

    def grad_log_joint(self, z):
        """Its gradient, (..., L)."""
        return self.density.grad_log_prob(z)

    def log_evidence(self):
        """0: the density is normalised."""
        return 0.0


def correlated(n_latent, seed):
    """N(m, S) of strong correlations, and of scales that differ."""
    rng = np.random.default_rng([seed, n_latent])
    root = rng.standard_normal((n_latent, n_latent + 1))
    root *= np.exp(0.5 * rng.standard_normal((n_latent, 1)))
    return Correlated(3 * rng.standard_normal(n_latent), root @ root.T)


def fitted(model, family, seed, **options):
    """The fit, without its warning: whether it converged is kept."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return sv.fit(model, family, rng=np.random.default_rng(seed), progress=False, **options)


def measure(model, family, seed, **options):
    """What is kept of every fit."""
    q = fitted(model, family, seed, **({} if family in GAUSSIANS else options))
    entry = {
        "family": family,
        "kl": model.log_evidence() - q.elbo,
        "kl_error": q.elbo_error,
        "khat": q.khat,
        "n_params": q.reparam.n_params,
        "n_steps": q.n_steps,
        "converged": bool(q.converged),
    }
    return q, entry


def measure_gaussian(n_latent, family, seed):
    """The errors of q's covariance."""
    model = correlated(n_latent, seed)
    q, entry = measure(model, family.format(n=n_latent), seed, **GAUSSIAN_TARGET)
    sd = np.sqrt(np.diag(model.cov))
    entry["cov_error"] = float(np.abs((q.cov - model.cov) / np.outer(sd, sd)).max())
    entry["sd_error"] = float(np.abs(q.sd / sd - 1).max())
    return entry


def measure_shape(title, family, seed):
    """khat of a fit; a flow begins at zero, for a funnel has no mode."""
    _, entry = measure(SHAPES[title](), family, seed, start="zero", **SHAPE)
    return entry


# --- all of them --------------------------------------------------------------------------------


def run(seed, shown):
    """Measure all, keep the JSON and the table, and return the table."""
    with tqdm(total=n_fits(), unit="fit", disable=None if shown else True) as bar:
        gaussian, shapes = {}, {}
        for n_latent in DIMENSIONS:
            gaussian[str(n_latent)] = all_of(GAUSSIAN_FAMILIES, measure_gaussian, n_latent, seed, bar)
        for title in SHAPES:
            shapes[title] = all_of(SHAPE_FAMILIES, measure_shape, title, seed, bar)
    result = {"seed": seed, "versions": diagnosis.versions(), "gaussian": gaussian, "shapes": shapes}
    write("families.json", json.dumps(result, indent=1))
    write("families.md", table())
    return table()


def n_fits():
    return len(DIMENSIONS) * len(GAUSSIAN_FAMILIES) + len(SHAPES) * len(SHAPE_FAMILIES)


def all_of(families, measured, case, seed, bar):
    """The entries of one case, a family each."""
    entries = []
    for family in families:
        entries.append(measured(case, family, seed))
        bar.update()
    return entries


def write(name, text):
    """Write a result, all or nothing."""
    with atomic_write(RESULTS / name) as file:
        file.write(f"{text}\n".encode())


# --- the tables ---------------------------------------------------------------------------------


def table():
    """The kept result as two Markdown tables."""
    result = json.loads((RESULTS / "families.json").read_text())
    gaussian = columns(
        {f"Gaussian, L = {n}": entries for n, entries in result["gaussian"].items()},
        GAUSSIAN_FAMILIES,
        ("covariance", lambda e: f"{e['cov_error']:.3f}"),
        ("sd", lambda e: f"{e['sd_error']:.3f}"),
        ("KL", lambda e: f"{e['kl']:.4f}"),
    )
    shapes = columns(
        result["shapes"],
        SHAPE_FAMILIES,
        ("khat", lambda e: f"{e['khat']:.2f}"),
        ("KL", lambda e: f"{e['kl']:.4f}"),
    )
    return f"{gaussian}\n\n{shapes}"


def columns(cases, families, *numbers):
    """A row a family; of each case a column for each of the numbers, (title, function of the entry)."""
    titles = [f"{case}: {title}" for case in cases for title, _ in numbers]
    lines = ["| family | " + " | ".join(titles) + " |", "|---" + "|---:" * len(titles) + "|"]
    for i, family in enumerate(families):
        cells = [shown(entries[i]) for entries in cases.values() for _, shown in numbers]
        lines.append(f"| {family.replace('{n}', 'L')} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", action="store_true", help="print the table that is kept")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    args = parser.parse_args()
    try:
        print(table() if args.table else run(args.seed, not args.quiet))
    except OSError as error:
        print(f"families.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("families.py: interrupted; nothing was kept.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
