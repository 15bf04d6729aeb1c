"""The section on rate and distortion: what z says of x, and what it leaves unsaid."""

import math

from scratchvae import plotting
from scratchvae.evaluation.rate_distortion import RateDistortion
from scratchvae.evaluation.report.part import Figure, Number, Part
from scratchvae.evaluation.report.sections.log_p import evidence
from scratchvae.importance import Estimate

TITLE = "Rate and distortion"
QUESTION = "How much does z say of x, and how much is left to say once z is known?"


def part(work):
    """Measure it, by the draws of the section on log p(x)."""
    found, done = evidence(work)
    point = RateDistortion.of(found)
    bits = [] if work.is_density else [_bits(point, work.dataset.n_data)]
    return Part(
        [*_numbers(point), *bits],
        {"draws_of_z": found.n_samples},
        done,
        found.n_total,
        blocks=[Figure("rate_distortion", _caption(found), lambda: _draw(work, found))],
    )


def _numbers(point):
    by = f"{point.n_samples:,} draws"
    return [
        Number(
            "rate",
            f"rate, {by}",
            point.rate,
            "E[log q(z|x) - log p(z)], the mean KL of q(z|x) from the prior: what it costs to send z",
            in_summary=True,
        ),
        Number(
            "distortion",
            f"distortion, {by}",
            point.distortion,
            "E[-log p(x|z)]: what it costs to send x to somebody who knows z",
            in_summary=True,
        ),
        Number("elbo", f"ELBO, {by}", point.elbo, "minus their sum: the whole message"),
    ]


def _bits(point, n_data):
    nats = n_data * math.log(2)
    value = Estimate(-point.elbo.value / nats, point.elbo.standard_error / nats)
    meaning = "the same message in bits for each value of x, as compression is measured"
    return Number("bits_a_value", f"-ELBO, of {n_data:,} values", value, meaning, unit="bits")


def _caption(found):
    return (
        f"Each point is a datum, by {found.n_samples:,} draws of z; the dot is the mean of "
        f"{len(found.rows):,}. On a dotted line the ELBO is the same: a model that moves along it trades "
        "one cost for the other, and one below it is better. Everything near the left border would be a "
        "model that ignores z."
    )


def _draw(work, found):
    drawn, ax = plotting.figure(5.6, 4)
    plotting.rate_distortion_of_each(ax, found.rate, found.distortion)
    return drawn
