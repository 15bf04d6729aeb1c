"""What an evaluation found: values by datum, latent units, rate and distortion, gaps and brackets."""

import numpy as np

from scratchvae.plotting.style import COLOURS, legend_above, tint
from scratchvae.validation import finite, has_shape, numeric_array

MOST_BINS = 60
#: Units whose numbers find room beside each other.
MOST_NAMES = 30


def value_histogram(ax, values, label, marks=None):
    """How many data have which value, with vertical lines at some values by name.

    Parameters
    ----------
    ax : Axes
    values : array (N,)
    label : str
        Of the values, with their unit.
    marks : dict of str to float, optional
    """
    values = _finite(values, "values", (None,), "(N,)")
    n_bins = int(np.clip(2 * len(values) ** (1 / 3), 8, MOST_BINS))
    ax.hist(values, bins=n_bins, color=tint(COLOURS[0], 0.5), edgecolor="white", linewidth=0.5)
    for i, (name, value) in enumerate((marks or {}).items()):
        ax.axvline(value, color=COLOURS[1 + i], linestyle=("-", "--", ":")[i % 3], label=name)
    ax.set(xlabel=label, ylabel="data")
    if marks:
        legend_above(ax)
    return _plain(ax)


def unit_bars(ax, values, errors, label, threshold=None):
    """A bar with its standard error for each latent unit, the largest first.

    Parameters
    ----------
    ax : Axes
    values, errors : array (L,)
        Not below zero.
    label : str
    threshold : float, optional
        A horizontal line; bars below it are drawn in another colour, and the axis is logarithmic, for what
        lies below a threshold is mostly far below.
    """
    values = _finite(values, "values", (None,), "(L,)")
    errors = np.nan_to_num(numeric_array(errors, "errors"))
    order = np.argsort(-values, kind="stable")
    low = 0.0 if threshold is None else _lowest(values, threshold)
    below = values[order] < (-np.inf if threshold is None else threshold)
    colours = [COLOURS[1] if is_below else COLOURS[0] for is_below in below]
    heights = np.maximum(values[order], low)
    ax.bar(np.arange(len(values)), heights - low, bottom=low, color=colours, width=0.8)
    down = np.minimum(errors[order], heights - low)
    ax.errorbar(
        np.arange(len(values)), heights, yerr=[down, errors[order]], fmt="none", color="black", linewidth=0.8
    )
    if threshold is not None:
        ax.axhline(threshold, color=COLOURS[9], linestyle="--", linewidth=0.8)
        ax.set(yscale="log", ylim=(low, None))
    if len(values) <= MOST_NAMES:
        ax.set_xticks(np.arange(len(values)), order, fontsize=7)
    else:
        ax.set_xticks([])
    ax.set(xlabel="latent unit" if len(values) <= MOST_NAMES else "latent units", ylabel=label)
    return _plain(ax)


def _lowest(values, threshold):
    """Where a logarithmic axis ends: below the threshold and all bars, but for those that are zero."""
    return max(min(values.min(), threshold), 1e-4 * threshold) / 3


def rate_distortion(ax, rates, distortions, names, rate_errors=None, distortion_errors=None):
    """Models as points in the plane of rate and distortion, with lines of equal ELBO.

    What `scratchvae.evaluation.rate_distortion_curve` finds, for example.

    Parameters
    ----------
    ax : Axes
    rates, distortions : array (M,)
        Nats.
    names : sequence of str
    rate_errors, distortion_errors : array (M,), optional
    """
    rates = _finite(rates, "rates", (len(names),), "(M,)")
    distortions = _finite(distortions, "distortions", (len(names),), "(M,)")
    if len(rates) > 1:
        order = np.argsort(rates)
        ax.plot(rates[order], distortions[order], color=tint(COLOURS[0], 0.5), linewidth=1)
    ax.errorbar(
        rates, distortions, xerr=rate_errors, yerr=distortion_errors, fmt="o", color=COLOURS[0], markersize=4
    )
    for name, rate, distortion in zip(names, rates, distortions, strict=True):
        ax.annotate(name, (rate, distortion), xytext=(5, 5), textcoords="offset points", fontsize=8)
    room = max(np.ptp(rates), np.ptp(distortions), 1.0)
    left, bottom = max(rates.min() - 0.3 * room, 0), distortions.min() - 0.3 * room
    ax.set(xlim=(left, rates.max() + 0.3 * room), ylim=(bottom, distortions.max() + 0.3 * room))
    for total in np.unique(np.round(rates + distortions, 6)):
        ax.axline((0, total), slope=-1, color=COLOURS[9], linestyle=":", linewidth=0.6, zorder=0)
    ax.set(xlabel="rate (nats)", ylabel="distortion (nats)")
    return _plain(ax)


def rate_distortion_of_each(ax, rates, distortions):
    """Data as points in the plane of rate and distortion, their mean, and lines of equal ELBO.

    Parameters
    ----------
    ax : Axes
    rates, distortions : array (N,)
        Nats.
    """
    rates = _finite(rates, "rates", (None,), "(N,)")
    distortions = _finite(distortions, "distortions", rates.shape, "(N,)")
    size = float(np.clip(6000 / len(rates), 4, 16))
    ax.scatter(rates, distortions, s=size, color=tint(COLOURS[0], 0.5), linewidths=0, rasterized=True)
    ax.plot(rates.mean(), distortions.mean(), "o", color=COLOURS[1], markersize=7, label="mean of the data")
    totals = rates + distortions
    for total in (np.quantile(totals, 0.05), totals.mean(), np.quantile(totals, 0.95)):
        ax.axline((0, total), slope=-1, color=COLOURS[9], linestyle=":", linewidth=0.8)
    ax.set(xlabel="rate (nats)", ylabel="distortion (nats)", xlim=(min(0, rates.min()), None))
    legend_above(ax)
    return _plain(ax)


def parts_of_whole(ax, names, values, errors):
    """A whole and its parts as bars, each part beginning where the last one ends, with their standard errors.

    Parameters
    ----------
    ax : Axes
    names : sequence of str
        The whole, then the parts.
    values, errors : array (n,)
        Nats; the parts add up to the whole.
    """
    values = _finite(values, "values", (len(names),), "(n,)")
    begin = np.concatenate([[0, 0], np.cumsum(values[1:-1])])
    places = -np.arange(len(values))
    colours = [tint(COLOURS[9], 0.5), *(tint(COLOURS[0], 0.6) for _ in values[1:])]
    ax.barh(places, values, left=begin, color=colours, height=0.65)
    ax.errorbar(begin + values, places, xerr=np.nan_to_num(errors), fmt="none", color="black", linewidth=0.8)
    ends = np.maximum(begin, begin + values)
    for place, end, value in zip(places, ends, values, strict=True):
        ax.annotate(f"{value:.2f}", (end, place), xytext=(6, 0), textcoords="offset points", va="center")
    ax.set_yticks(places, names)
    ax.set(xlabel="nats", xlim=(min(0, begin.min(), (begin + values).min()), 1.12 * ends.max()))
    ax.axvline(0, color="black", linewidth=0.8)
    return _plain(ax)


def gap_bars(ax, amortization, approximation):
    """log p(x) - ELBO of each datum in its two parts, the largest first.

    Parameters
    ----------
    ax : Axes
    amortization, approximation : array (N,)
        Nats; noise may bring one a little below zero.
    """
    amortization = _finite(amortization, "amortization", (None,), "(N,)")
    approximation = _finite(approximation, "approximation", (len(amortization),), "(N,)")
    order = np.argsort(-(amortization + approximation), kind="stable")
    places = np.arange(len(order))
    lower, upper = np.maximum(approximation[order], 0), np.maximum(amortization[order], 0)
    ax.bar(places, lower, width=1.0, color=tint(COLOURS[0], 0.6), label="approximation (the family)")
    ax.bar(
        places,
        upper,
        bottom=lower,
        width=1.0,
        color=tint(COLOURS[1], 0.7),
        label="amortization (the encoder)",
    )
    ax.set(xlabel="data, by their gap", ylabel="log p(x) - ELBO (nats)", xticks=[])
    legend_above(ax)
    return _plain(ax)


def brackets(ax, lower, upper, lower_errors, upper_errors, names=("lower bound", "upper bound")):
    """Pairs of estimates of log p(x), each relative to the mean of the pair, with their standard errors.

    Parameters
    ----------
    ax : Axes
    lower, upper, lower_errors, upper_errors : array (N,)
        Nats.
    names : (str, str)
    """
    lower = _finite(lower, "lower", (None,), "(N,)")
    upper = _finite(upper, "upper", lower.shape, "(N,)")
    middle, places = (lower + upper) / 2, np.arange(len(lower))
    rows = ((lower, lower_errors, -0.12, COLOURS[0]), (upper, upper_errors, 0.12, COLOURS[1]))
    for name, (values, errors, shift, colour) in zip(names, rows, strict=True):
        ax.errorbar(
            places + shift,
            values - middle,
            yerr=np.nan_to_num(errors),
            fmt="o",
            color=colour,
            markersize=4,
            capsize=2,
            label=name,
        )
    ax.axhline(0, color=COLOURS[9], linewidth=0.6)
    ax.set(xlabel="datum", ylabel="log p(x) - mean of the two (nats)")
    ax.xaxis.get_major_locator().set_params(integer=True)
    legend_above(ax)
    return _plain(ax)


def _finite(values, name, shape, axes):
    values = np.asarray(finite(numeric_array(values, name), name), np.float64)
    return has_shape(values, name, shape, axes)


def _plain(ax):
    ax.spines[["top", "right"]].set_visible(False)
    return ax
