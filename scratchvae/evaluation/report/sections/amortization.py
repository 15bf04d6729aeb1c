"""The section on the amortization gap: what the encoder loses to a fit of its own for each datum."""

from scratchvae import plotting
from scratchvae.evaluation.amortization import amortization_gap
from scratchvae.evaluation.report.part import Figure, Number, Part
from scratchvae.evaluation.statistics import mean_and_error

TITLE = "Encoder or family: whose fault is the gap?"
QUESTION = (
    "Is log p(x) - ELBO lost because one encoder serves all data, or because no q(z|x) of its family fits?"
)
#: The stream of the choice of data.
STREAM = 1
#: A rise in the second half of the steps is worth a word from this share of the gap, and so many nats, on.
RISING, LITTLE = 0.2, 0.05


def part(work):
    """Measure it on some of the data."""
    settings, some = work.settings, work.some(work.settings.n_fitted, STREAM)
    options = {"n_steps": settings.n_steps, "n_samples": settings.n_samples, "seed": settings.seed}
    found, done = work.measure(
        "amortization", len(some), amortization_gap, work.vae, some, of=some, **options
    )
    return Part(
        _numbers(found),
        {"steps": found.n_steps, "importance_samples": found.n_samples},
        done,
        found.n_total,
        blocks=[_reading(found), Figure("amortization", _caption(found), lambda: _draw(found))],
        warnings=_warnings(found),
    )


def _numbers(found):
    by = f"{found.n_samples:,} samples"
    return [
        Number(
            "gap",
            f"log p(x) - ELBO, {by}",
            mean_and_error(found.log_p - found.elbo),
            "the whole gap, on these data",
        ),
        Number(
            "amortization",
            f"amortization gap, {by}",
            found.amortization,
            f"what {found.n_steps:,} steps of a fit of q(z|x) to each datum alone win back from the encoder",
            in_summary=True,
        ),
        Number(
            "approximation",
            f"approximation gap, {by}",
            found.approximation,
            "what is left: what the best q of this family still loses",
            in_summary=True,
        ),
        Number(
            "log_p",
            f"log p(x), {by} of the fitted q",
            mean_and_error(found.log_p),
            "on these data, by a better q(z|x) than the encoder's",
        ),
        Number(
            "still_rising",
            "rise in the fit's second half",
            found.still_rising,
            "small beside the amortization gap if more steps would change little",
        ),
    ]


def _reading(found):
    amortization, approximation = found.amortization.value, found.approximation.value
    if amortization > 2 * approximation:
        return "Most is the encoder's: a wider encoder, or one trained longer, is what to try first."
    if approximation > 2 * amortization:
        return "Most is the family's: a richer posterior (full_rank, a flow) is what to try first."
    return "Encoder and family share it about evenly."


def _warnings(found):
    if found.still_rising.value < max(RISING * found.amortization.value, LITTLE):
        return []
    return [
        "The fits were still rising in the second half of their steps: the amortization gap is larger than "
        "what stands here. Take more steps."
    ]


def _caption(found):
    return (
        f"The gap of each of {len(found.rows):,} data in its two parts, the largest first, by "
        f"{found.n_samples:,} importance samples."
    )


def _draw(found):
    drawn, ax = plotting.figure(6.4, 3.2)
    plotting.gap_bars(ax, found.gap, found.log_p - found.elbo_best)
    return drawn
