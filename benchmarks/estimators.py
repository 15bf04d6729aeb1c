"""How much the gradient of each estimator varies, beside that of the ELBO.

    python benchmarks/estimators.py
    python benchmarks/estimators.py --table

Each entry is the trace of the covariance of one gradient (of K = 10 draws of z), divided by that of the bound
"elbo" at the same q. A gradient is taken where a fit takes it: in the coordinates in which q is a standard
normal, so that the trace adds what is of one unit. All estimators but those of even noise see the same draws.
"iwae", "dreg", "renyi" (alpha = 0.5), "vr_max" and the two of beta = 4 are gradients of other bounds; of
these the first two have the same mean, and so have all the rest. "score_function_rao_blackwell" has the
model's terms by coordinate for the eight schools alone.

The result is kept as JSON and as a Markdown table under benchmarks/results/; --table reads the JSON. It is
the same for the same seed and the same versions.
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

import scratchvae as sv
from scratchvae import diagnosis
from scratchvae.bounds import FIT_BOUNDS
from scratchvae.reparam import build
from scratchvae.storage import atomic_write
from scratchvae.vi.coordinates import Coordinates
from scratchvae.vi.noise import noise_source
from scratchvae.vi.objective import Objective

RESULTS = Path(__file__).parent / "results"
N_SAMPLES = 10
#: Steps that a bound with a memory takes before it is measured.
WARM_UP = 200
#: Parts of the draws, from whose differences the error of a ratio is found (the jackknife).
N_PARTS = 20
#: Bounds that are measured a second time, with evenly spread noise.
EVEN = ("elbo", "sticking_the_landing")
#: Below this share of the ELBO's a variance is rounding.
ROUNDING = 1e-20


@dataclasses.dataclass(frozen=True)
class Problem:
    """Where gradients are measured: q is N(0, I) in these coordinates."""

    title: str
    model: sv.BayesianModel
    coordinates: Coordinates
    family: str = "mean_field"
    has_normal_prior: bool = True


# --- the problems -------------------------------------------------------------------------------


def regression(kind, n_data, n_coefficients, **options):
    """A regression on correlated columns, its coefficients drawn from the prior."""
    rng = np.random.default_rng(2013)
    shared = rng.standard_normal((n_data, 1))
    x = 0.7 * shared + 0.7 * rng.standard_normal((n_data, n_coefficients))
    model = kind(x, np.zeros(n_data), intercept=False, **options)
    return model.with_data(model.simulate(model.sample_prior(1, rng)[0], rng))


def gaussian_problems():
    """One posterior, known exactly; three q."""
    model = regression(sv.models.LinearRegression, 30, 10, sigma=1.0)
    exact = model.exact_posterior()
    precision = np.linalg.inv(exact.cov)
    factorised = Coordinates(exact.mean, 1 / np.sqrt(np.diag(precision)))  # Bishop 2006, section 10.1.2
    posterior = Coordinates(exact.mean, np.linalg.cholesky(exact.cov))
    title = "Gaussian, 10 coefficients: "
    return [
        Problem(title + "q at the prior", model, Coordinates.standard(10)),
        Problem(title + "the best mean-field q", model, factorised),
        Problem(title + "q is the posterior", model, posterior, "full_rank"),
    ]


def problems():
    """All of them, in the table's order."""
    schools = sv.models.EightSchools()
    logistic = regression(sv.models.LogisticRegression, 200, 20)
    return [
        *gaussian_problems(),
        Problem(
            "eight schools, non-centred: the best mean-field q",
            schools,
            fitted(schools),
            has_normal_prior=False,
        ),
        Problem("logistic, 20 coefficients: the best mean-field q", logistic, fitted(logistic)),
    ]


def fitted(model):
    """The coordinates in which the fitted mean-field q is N(0, I)."""
    q = sv.fit(model, rng=np.random.default_rng(0), progress=False)
    return Coordinates(q.mean, q.sd)


# --- the measurement ----------------------------------------------------------------------------


def estimators():
    """{label: (bound's name, kind of noise)}."""
    rows = {name: (name, "independent") for name in FIT_BOUNDS}
    return rows | {f"{name}, even noise": (name, "even") for name in EVEN}


def objective(problem, name):
    """The objective of a bound, or None if the bound is not made for this q or this prior."""
    reparam, bound = build(problem.family, problem.model.n_latent), FIT_BOUNDS[name]()
    if (bound.uses_local and not reparam.factorises) or (bound.uses_kl and not problem.has_normal_prior):
        return None
    return Objective(problem.model, reparam, bound, problem.coordinates)


def gradients(objective, noise, n_draws):
    """Gradients by lam at q = N(0, I), (n_draws, n_params)."""
    lam = np.zeros(objective.reparam.n_params)
    for _ in range(WARM_UP if objective.bound.keeps_state else 0):
        objective.loss_and_grad(lam, noise(N_SAMPLES))
    return np.array([objective.loss_and_grad(lam, noise(N_SAMPLES)).dlam for _ in range(n_draws)])


def total_variance(draws):
    """The trace of the covariance."""
    return float(draws.var(axis=0, ddof=1).sum())


def ratio_and_error(draws, reference):
    """The ratio of two total variances, and its standard error by the jackknife over parts of the draws."""
    ratio = total_variance(draws) / total_variance(reference)
    parts = np.array_split(np.arange(len(draws)), N_PARTS)
    others = [np.delete(np.arange(len(draws)), part) for part in parts]
    without = np.array([total_variance(draws[i]) / total_variance(reference[i]) for i in others])
    return ratio, float(np.sqrt((N_PARTS - 1) * without.var()))


def measure(problem, n_draws, seed, progress):
    """{label: {"relative", "error"}} of one problem; None where an estimator does not apply."""
    found, reference = {}, None
    for label, (name, kind) in estimators().items():
        at = objective(problem, name)
        found[label] = None
        if at is not None:
            rng = np.random.default_rng(seed)  # the same draws for all
            draws = gradients(at, noise_source(kind, problem.model.n_latent, rng), n_draws)
            reference = draws if label == "elbo" else reference
            found[label] = dict(zip(("relative", "error"), ratio_and_error(draws, reference), strict=True))
        progress()
    return {"title": problem.title, "elbo_variance": total_variance(reference), "estimators": found}


def run(n_draws, seed, shown):
    """Measure all, keep the JSON and the table, and return the table."""
    known = problems()
    with tqdm(total=len(known) * len(estimators()), unit="estimator", disable=None if shown else True) as bar:
        measured = [measure(problem, n_draws, [seed, i], bar.update) for i, problem in enumerate(known)]
    result = {
        "seed": seed,
        "n_samples": N_SAMPLES,
        "n_draws": n_draws,
        "versions": diagnosis.versions(),
        "problems": measured,
    }
    keep("estimators.json", json.dumps(result, indent=1))
    keep("estimators.md", table())
    return table()


def keep(name, text):
    """Write a result, all or nothing."""
    with atomic_write(RESULTS / name) as file:
        file.write(f"{text}\n".encode())


# --- the table ----------------------------------------------------------------------------------


def table():
    """The kept result as a Markdown table."""
    result = json.loads((RESULTS / "estimators.json").read_text())
    columns = result["problems"]
    lines = [
        "| estimator | " + " | ".join(column["title"] for column in columns) + " |",
        "|---" + "|---:" * len(columns) + "|",
    ]
    for label in columns[0]["estimators"]:
        entries = [shown(column["estimators"][label]) for column in columns]
        lines.append(f"| {label} | " + " | ".join(entries) + " |")
    variances = [f"{float(format(column['elbo_variance'], '.3g')):,g}" for column in columns]
    lines.append("| (variance of `elbo`) | " + " | ".join(variances) + " |")
    return "\n".join(lines)


def shown(entry):
    """A ratio with no more digits than its error allows; a dash where the estimator does not apply."""
    if entry is None:
        return "\N{EN DASH}"
    relative, error = entry["relative"], entry["error"]
    if relative < ROUNDING:
        return "0"
    digits = 1 if error > 0.05 * relative else 2 if error > 0.005 * relative else 3
    rounded = float(f"{relative:.{digits}g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:.{digits}g}"


def main():
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", action="store_true", help="print the table that is kept")
    parser.add_argument("--draws", type=int, default=10_000, help="gradients an estimator (default 10,000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    args = parser.parse_args()
    if args.draws < 2 * N_PARTS:
        parser.error(f"--draws must be at least {2 * N_PARTS}")
    try:
        print(table() if args.table else run(args.draws, args.seed, not args.quiet))
    except OSError as error:
        print(f"estimators.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("estimators.py: interrupted; nothing was kept.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
