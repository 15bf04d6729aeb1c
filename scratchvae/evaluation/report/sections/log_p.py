"""The section on the ELBO and log p(x): how probable the model finds the data."""

import numpy as np

from scratchvae import plotting
from scratchvae.evaluation.evidence import evidence_of_each
from scratchvae.evaluation.report.part import Figure, Number, Part
from scratchvae.evaluation.report.words import percent
from scratchvae.evaluation.statistics import mean_and_error
from scratchvae.importance import khat_threshold

TITLE = "ELBO and log p(x)"
QUESTION = "How probable does the model find data that it has never seen?"
#: The least and the most probable data that are shown.
N_EXTREMES = 10
#: The share of data with a large khat above which a warning is due.
MANY = 0.01


def evidence(work):
    """The `EvidenceOfEach` of the data, and how many are done."""
    n, settings = len(work.dataset), work.settings
    options = {"n_samples": settings.n_samples, "seed": settings.seed}
    return work.measure("log_p", n, evidence_of_each, work.vae, work.dataset, **options)


def part(work):
    """Measure it."""
    found, done = evidence(work)
    return Part(
        numbers(found),
        {"importance_samples": found.n_samples},
        done,
        found.n_total,
        blocks=_blocks(work, found),
        warnings=warnings(found),
        details=_details(found),
    )


def numbers(found):
    """The numbers of an `EvidenceOfEach`."""
    return [*_means(found), *_reliability(found), *_khat(found)]


def _means(found):
    """What is found."""
    by = f"{found.n_samples:,} importance samples" if found.n_samples > 1 else "1 importance sample"
    return [
        Number(
            "log_p",
            f"log p(x), {by}",
            found.mean_log_p,
            "how probable a datum is under the model; higher is better, and this is what to compare models "
            "by",
            in_summary=True,
        ),
        Number(
            "elbo",
            f"ELBO, {by}",
            found.mean_elbo,
            "the lower bound of log p(x) that training climbs",
            in_summary=True,
        ),
        Number(
            "gap",
            "log p(x) - ELBO",
            mean_and_error(found.log_p - found.elbo),
            "KL(q(z|x) ‖ p(z|x)), what is lost because the encoder's q is not the posterior",
        ),
    ]


def _reliability(found):
    """How far it is to be relied on."""
    return [
        Number(
            "noise",
            "Monte Carlo noise",
            found.noise,
            "the part of the standard error of log p(x) that more samples would take away",
        ),
        Number(
            "bias",
            "bias",
            found.bias,
            "by so much log p(x) is still too low, or by more where khat is large; more samples take it away",
        ),
        Number(
            "ess",
            f"effective samples of {found.n_samples:,}",
            mean_and_error(found.ess),
            "as many draws of the posterior itself would do as well; 1 if a single sample decides all",
            unit="",
        ),
    ]


def _khat(found):
    share = found.share_untrusted
    if share is None:
        return []
    n = len(found.rows)
    threshold = khat_threshold(found.n_samples)
    return [
        Number(
            "share_untrusted",
            f"data with khat above {threshold:.2f}",
            mean_and_error(found.khat > threshold)._replace(value=share) if n > 1 else share,
            "the share of data whose weights have too heavy a tail for the estimate to be relied on",
            unit="",
        )
    ]


def warnings(found):
    """What to beware of."""
    share = found.share_untrusted
    if share is None:
        return ["So few importance samples say nothing of their own reliability: take 25 at least."]
    if share <= MANY:
        return []
    return [
        f"khat is above its threshold for {percent(share)} of the data: there log p(x) is likely too low, "
        "and its error too small. Take more samples, or look at what annealing finds."
    ]


def _details(found):
    quantiles = (0.05, 0.25, 0.5, 0.75, 0.95)
    return {
        "quantiles": quantiles,
        **{name: np.quantile(getattr(found, name), quantiles) for name in ("log_p", "elbo", "ess")},
        **({} if np.isnan(found.khat).any() else {"khat": _quantiles_of_khat(found, quantiles)}),
    }


def _quantiles_of_khat(found, quantiles):
    """Infinity, where no tail can be fitted, stays what it is: no number is between it and another."""
    return np.quantile(found.khat, quantiles, method="inverted_cdf")


def _blocks(work, found):
    blocks = [Figure("log_p", _caption(found), lambda: _histograms(found))]
    if work.dataset.image_shape is not None and len(found.rows) >= 2 * N_EXTREMES:
        caption = (
            f"Above, the {N_EXTREMES} least probable data; below, the {N_EXTREMES} most probable. Few "
            "strokes are cheap to explain, so look for what is odd, not for what is ugly."
        )
        blocks.append(Figure("extremes", caption, lambda: _extremes(work, found)))
    return blocks


def _caption(found):
    samples = f"{found.n_samples:,} importance samples of each of {len(found.rows):,} data"
    khat = (
        ""
        if np.isnan(found.khat).any()
        else (
            " Right: khat of each datum, the shape of its weights' tail (1.5 and above in the last bar); "
            "to the right of the line the estimate is not to be relied on."
        )
    )
    return f"{'Left: ' if khat else ''}log p(x) of each datum, by {samples}, with the two means.{khat}"


def _histograms(found):
    has_khat = not np.isnan(found.khat).any()
    drawn, axes = plotting.figure(9 if has_khat else 5, 3.2, n_columns=2 if has_khat else 1)
    axes = np.atleast_1d(axes)
    means = {"mean log p(x)": found.mean_log_p.value, "mean ELBO": found.mean_elbo.value}
    plotting.value_histogram(axes[0], found.log_p, "log p(x) (nats)", means)
    if has_khat:
        threshold = khat_threshold(found.n_samples)
        shown = np.minimum(found.khat, 1.5)  # it may be infinite
        plotting.value_histogram(axes[1], shown, "khat", {f"threshold {threshold:.2f}": threshold})
    return drawn


def _extremes(work, found):
    order = np.argsort(found.log_p, kind="stable")
    rows = found.rows[np.concatenate([order[:N_EXTREMES], order[-N_EXTREMES:]])]
    images = work.for_drawing(work.dataset.pixels(rows))
    drawn, ax = plotting.figure(9, 2)
    plotting.image_grid(ax, images, work.dataset.image_shape, n_columns=N_EXTREMES)
    return drawn
