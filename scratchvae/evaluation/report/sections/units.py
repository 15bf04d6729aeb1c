"""The section on the latent units: which are used, which collapsed, and what to do."""

import numpy as np

from scratchvae import plotting
from scratchvae.evaluation.report.part import Figure, Number, Part
from scratchvae.evaluation.report.words import table, text_of
from scratchvae.evaluation.units import ACTIVE, MEANING, latent_units
from scratchvae.importance import Estimate

TITLE = "Which latent units are used"
QUESTION = "Does each dimension of z carry something, or has it collapsed onto the prior?"
#: Units in the table: so many of the most active, and of the least.
FIRST, LAST = 20, 10


def part(work):
    """Measure it."""
    found = latent_units(work.vae, work.dataset)
    return Part(
        _numbers(found),
        {},
        found.n_data,
        found.n_data,
        blocks=[
            f"**Advice.** {found.advice(work.vae.likelihood.spec)}",
            Figure("units", _caption(found), lambda: _draw(found)),
            _table(found),
            _legend(found),
        ],
        warnings=_warnings(found),
        details=_details(found),
    )


def _numbers(found):
    n, states = len(found.active), found.states
    active = f"units whose mean varies between data by more than {ACTIVE:g} (variance; Burda et al. 2016)"
    numbers = [
        Number("n_active", f"active units of {n}", found.n_active, active, unit="", in_summary=True),
        Number("n_collapsed", "collapsed", states.count("collapsed"), MEANING["collapsed"], unit=""),
    ]
    if found.kl is not None:
        numbers.append(Number("n_idle", "idle", states.count("idle"), MEANING["idle"], unit=""))
    meaning = f"units within two standard errors of {ACTIVE:g}: other data might change the verdict"
    return [*numbers, Number("n_uncertain", "uncertain", int(found.uncertain.sum()), meaning, unit="")]


def _warnings(found):
    if found.n_active == len(found.active):
        return []
    n = len(found.active) - found.n_active
    return [f"{n} of {len(found.active)} latent units are not active; see the advice."]


def _details(found):
    return {
        "variance_of_mean": found.variance_of_mean,
        "mean_of_variance": found.mean_of_variance,
        "kl": found.kl,
        "states": found.states,
    }


def _table(found):
    order = np.argsort(-found.variance_of_mean.value, kind="stable")
    head = ("unit", "Var of mean", "mean variance", "KL, nats", "state")
    rows = [_row(found, i) for i in order]
    if len(rows) > FIRST + LAST + 1:
        left_out = f"{len(rows) - FIRST - LAST} more in report.json"
        rows = [*rows[:FIRST], ("...", left_out, "", "", ""), *rows[-LAST:]]
    return table(head, rows, right=(0, 1, 2, 3))


def _row(found, i):
    entries = (found.variance_of_mean, found.mean_of_variance, found.kl)
    cells = ["-" if entry is None else text_of(Estimate(*(array[i] for array in entry))) for entry in entries]
    return (i, *cells, found.states[i] + (" (uncertain)" if found.uncertain[i] else ""))


def _legend(found):
    meaning = "; ".join(f"*{state}*: {text}" for state, text in MEANING.items() if state in found.states)
    return (
        "*Var of mean*: the variance between data of the mean of q(z_i|x). *Mean variance*: the mean of its "
        f"variance, 1 for the prior, near 0 for a unit that is sure. {meaning}."
    )


def _caption(found):
    which = (
        "variance of its mean (left) and its KL (right)" if found.kl is not None else "variance of its mean"
    )
    return (
        f"Each unit's {which}, by {found.n_data:,} data, with standard errors; the dashed line is "
        f"{ACTIVE:g}, below which a unit is not active."
    )


def _draw(found):
    both = found.kl is not None
    drawn, axes = plotting.figure(9 if both else 5, 3, n_columns=2 if both else 1)
    axes = np.atleast_1d(axes)
    plotting.unit_bars(axes[0], *found.variance_of_mean, "variance of its mean", ACTIVE)
    if both:
        plotting.unit_bars(axes[1], *found.kl, "KL (nats)")
    return drawn
