"""The section on annealed importance sampling beside importance sampling, on the same data."""

from scratchvae import plotting
from scratchvae.evaluation.annealing import annealed_evidence_of_each
from scratchvae.evaluation.evidence import evidence_of_each
from scratchvae.evaluation.report.part import Figure, Number, Part
from scratchvae.evaluation.statistics import mean_and_error

TITLE = "log p(x) by annealing"
QUESTION = "Does importance sampling from the encoder miss a part of the posterior?"
#: The stream of the choice of data.
STREAM = 2
#: Beyond so many standard errors a difference is one.
N_ERRORS = 2


def part(work):
    """Measure it on some of the data, and importance sampling on the same."""
    settings, some = work.settings, work.some(work.settings.n_annealed, STREAM)
    found, done = work.measure(
        "annealing", len(some), annealed_evidence_of_each, work.vae, some, of=some, **settings.of_annealing
    )
    sampled = evidence_of_each(
        work.vae, some.subset(found.rows), settings.n_samples, settings.seed, threads=work.threads
    )
    return Part(
        _numbers(found, sampled),
        {"chains": found.n_chains, "temperatures": found.n_temperatures, "leapfrog_steps": found.n_leapfrog},
        done,
        found.n_total,
        blocks=[Figure("annealing", _caption(found, sampled), lambda: _draw(found, sampled))],
        warnings=_warnings(found, sampled),
    )


def _numbers(found, sampled):
    by = f"{found.n_chains} chains, {found.n_temperatures:,} temperatures"
    return [
        Number(
            "log_p",
            f"log p(x), {by}",
            found.mean_log_p,
            "a lower bound on average, that does not ask that q(z|x) covers the posterior",
        ),
        Number(
            "log_p_importance",
            f"log p(x), {sampled.n_samples:,} importance samples",
            sampled.mean_log_p,
            "importance sampling on the same data",
        ),
        Number(
            "difference",
            f"log p(x), {by}: above importance sampling",
            mean_and_error(found.log_p - sampled.log_p),
            "above zero: importance sampling misses that much; below: the annealing was too quick",
            in_summary=True,
        ),
        Number(
            "effective_chains",
            f"effective chains of {found.n_chains}",
            mean_and_error(found.ess),
            "few if chains do not agree with each other",
            unit="",
        ),
        Number(
            "acceptance",
            "accepted moves",
            mean_and_error(found.acceptance),
            "the share of Hamiltonian moves that are accepted; 0.6 to 0.95 is as it should be",
            unit="",
        ),
    ]


def _warnings(found, sampled):
    value, error = mean_and_error(found.log_p - sampled.log_p)
    if value > max(N_ERRORS * error, 0.1):
        return [
            f"Importance sampling finds {value:.2f} nats less than annealing: it misses a part of the "
            "posterior. Take more samples, or quote the annealed figure."
        ]
    if -value > max(N_ERRORS * error, 0.1):
        return ["Annealing finds less than importance sampling: take more temperatures (n_temperatures)."]
    return []


def _caption(found, sampled):
    return (
        f"log p(x) of each of {len(found.rows)} data, by {sampled.n_samples:,} importance samples and by "
        f"{found.n_chains} annealed chains of {found.n_temperatures:,} temperatures, less the mean of the "
        "two; bars are standard errors. Both are lower bounds on average, so the higher is nearer to the "
        "truth."
    )


def _draw(found, sampled):
    drawn, ax = plotting.figure(6.4, 3.2)
    values = (sampled.log_p, found.log_p, sampled.log_p_error, found.log_p_error)
    plotting.brackets(ax, *values, names=("importance sampling", "annealing"))
    return drawn
