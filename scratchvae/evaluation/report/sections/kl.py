"""The section on what KL is made of: information, dependence between dimensions, mismatch of each."""

import math

from scratchvae import plotting
from scratchvae.evaluation.decomposition import N_DRAWS, kl_decomposition
from scratchvae.evaluation.encoding import encoded, has_normal_marginals
from scratchvae.evaluation.report.part import Figure, Number, Part

TITLE = "What the KL divergence is made of"
QUESTION = "Of the nats that z costs, which tell data apart, and which are only a mismatch with the prior?"
#: Draws, and data in q(z), where q(z|x) takes an inverse to evaluate.
FEW_DRAWS, FEW_DATA = 200, 1000
#: The stream of the choice of data.
STREAM = 4


def why_not(work):
    """It takes the density of q(z|x) at the z of another datum."""
    if has_normal_marginals(work.vae):
        return None
    try:
        lam = encoded(work.vae, work.dataset.subset(slice(1)))
        work.vae.posterior.log_prob(lam, lam[:, : work.vae.n_latent] * 0)
    except ValueError as error:
        return f"The parts of KL are not known for this model: {error}"
    return None


def part(work):
    """Measure it."""
    seed, n = work.settings.seed, _n_draws(work)
    data = work.dataset if has_normal_marginals(work.vae) else work.some(FEW_DATA, STREAM)
    options = {"of": data, "n_draws": n, "seed": seed}
    found, done = work.measure("kl", n, kl_decomposition, work.vae, data, **options)
    return Part(
        _numbers(found),
        {"data_in_q(z)": found.n_data},
        done,
        n,
        what="draws",
        blocks=[Figure("kl", _caption(found), lambda: _draw(found))],
        warnings=_warnings(found),
        details=_details(found),
    )


def _n_draws(work):
    if work.settings.n_draws is not None:
        return work.settings.n_draws
    most = N_DRAWS if has_normal_marginals(work.vae) else FEW_DRAWS
    return min(len(work.dataset), most)


def _numbers(found):
    by = f"{found.n_draws:,} draws"
    numbers = [
        Number(
            "kl",
            f"KL(q(z|x) ‖ p(z)), {by}",
            found.kl,
            "the mean rate, the second part of the ELBO" + _closed_form(found),
        ),
        Number(
            "information",
            f"information I(x; z), {by}",
            found.information,
            f"what z tells of which datum x is; no more than log N = {math.log(found.n_data):.2f} can be "
            f"seen by {found.n_data:,} data",
            in_summary=True,
        ),
        Number(
            "marginal",
            f"KL(q(z) ‖ p(z)), {by}",
            found.marginal,
            "how far all codes together are from the prior: large, and samples of the prior fall between "
            "them",
        ),
    ]
    return numbers + _parts_of_marginal(found, by)


def _closed_form(found):
    return "" if found.closed_form is None else f"; by its formula over all data {found.closed_form:.2f}"


def _parts_of_marginal(found, by):
    numbers = []
    if found.total_correlation is not None:
        meaning = "of that, the part by which the dimensions of z depend on each other"
        label = f"total correlation, {by}"
        numbers.append(Number("total_correlation", label, found.total_correlation, meaning))
    if found.by_dimension is not None:
        meaning = "and the rest: by how much each dimension's codes miss its prior, added up"
        numbers.append(Number("dimensions", f"sum over dimensions, {by}", found.dimensions, meaning))
    return numbers


def _warnings(found):
    if not found.is_saturated:
        return []
    return [
        f"The information is at the limit of what {found.n_data:,} data can show, log N = "
        f"{math.log(found.n_data):.2f}: the true one is larger, and KL(q(z) ‖ p(z)) accordingly smaller. "
        "Take more data."
    ]


def _details(found):
    return {"closed_form": found.closed_form, "by_dimension": found.by_dimension}


def _caption(found):
    return (
        f"KL and its parts, by {found.n_draws:,} draws against all {found.n_data:,} data, with standard "
        "errors. Each part begins where the last one ends."
    )


def _draw(found):
    names, values = ["KL(q(z|x) ‖ p(z))", "information"], [found.kl, found.information]
    if found.total_correlation is None or found.by_dimension is None:
        names, values = [*names, "KL(q(z) ‖ p(z))"], [*values, found.marginal]
    else:
        names = [*names, "total correlation", "dimensions"]
        values = [*values, found.total_correlation, found.dimensions]
    drawn, ax = plotting.figure(6.4, 0.9 + 0.45 * len(names))
    plotting.parts_of_whole(ax, names, [v.value for v in values], [v.standard_error for v in values])
    return drawn
