"""The section that catches log p(x) of simulated data between two bounds."""

import numpy as np

from scratchvae import plotting
from scratchvae.evaluation.annealing import bidirectional_monte_carlo
from scratchvae.evaluation.report.part import Figure, Number, Part
from scratchvae.evaluation.statistics import mean_and_error
from scratchvae.models import DecoderPosterior

TITLE = "Is annealing itself right?"
QUESTION = (
    "Data that the model simulates come with an exact draw of their posterior; annealing back from it bounds "
    "log p(x) from above. Do the two bounds meet?"
)
#: A gap of more nats than this is worth a word.
WIDE = 0.5


def part(work):
    """Measure it."""
    settings = work.settings
    n = settings.n_annealed
    found, done = work.measure("bracket", n, _bracket, work, n, **settings.of_annealing)
    return Part(
        _numbers(found),
        {"chains": found.n_chains, "temperatures": found.n_temperatures, "leapfrog_steps": found.n_leapfrog},
        done,
        n,
        what="simulated data",
        blocks=[Figure("bracket", _caption(found), lambda: _draw(found))],
        warnings=_warnings(found),
    )


def _bracket(work, n, **options):
    """A conditional model simulates a datum of each label in turn."""
    vae, x = work.vae, np.zeros(work.vae.n_data)
    if vae.n_classes is None:
        return bidirectional_monte_carlo(DecoderPosterior(vae, x), n, **options)
    return bidirectional_monte_carlo(lambda i: DecoderPosterior(vae, x, i % vae.n_classes), n, **options)


def _numbers(found):
    by = f"{found.n_chains} chains, {found.n_temperatures:,} temperatures"
    return [
        Number(
            "lower",
            f"from below: {by}",
            mean_and_error(found.lower),
            "annealed from the prior to the posterior, of simulated data",
        ),
        Number(
            "upper",
            f"from above: {by}",
            mean_and_error(found.upper),
            "annealed back, from the z of which x was simulated",
        ),
        Number(
            "gap",
            "annealing, upper - lower bound",
            found.gap,
            "by no more than this, on average, annealing is off on such data",
            in_summary=True,
        ),
    ]


def _warnings(found):
    value, error = found.gap
    if -value > max(WIDE, 2 * error):
        return [f"The bounds have crossed by {-value:.1f} nats: take more chains."]
    if value < max(WIDE, 2 * error):
        return []
    return [
        f"The bounds are {value:.1f} nats apart: annealed figures may be too low by as much. Take more "
        "temperatures."
    ]


def _caption(found):
    return (
        f"log p(x) of {len(found.lower)} simulated data from below and from above, less the mean of the "
        f"two, by {found.n_chains} chains and {found.n_temperatures:,} temperatures each way; bars are "
        "standard errors."
    )


def _draw(found):
    drawn, ax = plotting.figure(6.4, 3.2)
    plotting.brackets(ax, found.lower, found.upper, found.lower_error, found.upper_error)
    return drawn
