"""The two figures: ratios beside what is asked, and times against sizes."""

from scratchvae import plotting
from scratchvae.plotting import COLOURS

GOOD, BAD, PLAIN = COLOURS[2], COLOURS[1], COLOURS[9]


def ratios(tables, path):
    """A dot for each contestant at ours / it, on a log axis, with a mark at what is asked.

    Where nothing is asked there is no dot: the page has the number.
    """
    rows = [(table, row) for table in tables for row in table.rows]
    lines = [(table, row) for table, row in rows if row.ratio is not None and row.at_most is not None]
    drawn, ax = plotting.figure(9.5, 1.2 + 0.27 * (len(lines) + len({table.title for table, _ in lines})))
    labels, place, title = [], 0, None  # (place, name, ratio), a title without one
    for table, row in lines:
        if table.title != title:
            title = table.title
            labels.append((place, title, None))
            place += 1
        labels.append((place, row.name, row.ratio))
        _dot(ax, place, table, row)
        place += 1
    _axes(ax, labels)
    plotting.save(drawn, path)


def _dot(ax, place, table, row):
    met = table.is_met(row)
    colour = PLAIN if met is None else GOOD if met else BAD
    ax.plot([1, row.ratio], [place, place], color=colour, linewidth=2, alpha=0.5)
    ax.plot(row.ratio, place, "o" if met is not False else "X", color=colour, markersize=7)
    if row.at_most is not None:
        ax.plot(row.at_most, place, "|", color="black", markersize=12, markeredgewidth=1.6)


def _axes(ax, labels):
    ax.set_xscale("log")
    ax.axvline(1, color="black", linewidth=0.8)
    ax.set_yticks([place for place, *_ in labels], [name for _, name, _ in labels], fontsize=8)
    for label, (place, _, ratio) in zip(ax.get_yticklabels(), labels, strict=True):
        if ratio is None:
            label.set_fontweight("bold")
        else:  # the numbers in a column on the right
            at = {"transform": ax.get_yaxis_transform(), "va": "center", "ha": "right", "fontsize": 8}
            ax.text(1.06, place, f"{ratio:.2f}", **at)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(labels) - 0.3, -0.7)
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right", "left"]].set_visible(False)
    low, high = ax.get_xlim()
    ticks = [tick for tick in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if low <= tick <= high]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks], fontsize=9)
    ax.minorticks_off()
    ax.set_xlabel(
        "our time / its time; left of 1 we are faster; a bar is what is asked", fontsize=9, loc="right"
    )


def sweeps(found, path):
    """A panel for each sweep, both axes logarithmic, with the arithmetic as a dashed line."""
    drawn, axes = plotting.figure(2.9 * len(found), 3.4, n_columns=len(found))
    axes = [axes] if len(found) == 1 else axes
    times = [1e3 * seconds for sweep in found for seconds in sweep.seconds]
    for ax, sweep in zip(axes, found, strict=True):
        _panel(ax, sweep)
        ax.set_ylim(min(times) / 3, 4 * max(times))  # the same for all, so that slopes compare
        ax.set_yticks(*_decades(min(times) / 3, 4 * max(times)), fontsize=9)
        ax.minorticks_off()
    axes[0].set_ylabel("milliseconds a step")
    plotting.save(drawn, path)


def _decades(low, high):
    """Powers of ten in a range, and their names."""
    powers = [10.0**i for i in range(-3, 7) if low <= 10.0**i <= high]
    return powers, [f"{power:,g}" for power in powers]


def _panel(ax, sweep):
    times = [1e3 * seconds for seconds in sweep.seconds]
    scale = times[-1] / sweep.operations[-1]
    arithmetic = [scale * n for n in sweep.operations]
    ax.loglog(sweep.values, times, "o-", color=COLOURS[0], label=f"measured, slope {sweep.slope:.2f}")
    name = f"arithmetic, slope {sweep.slope_of_operations:.2f}"
    ax.loglog(sweep.values, arithmetic, "--", color=COLOURS[1], label=name)
    shown = sweep.values[:: 2 if len(sweep.values) > 5 else 1]
    ax.set_xticks(shown, [_short(value) for value in shown], fontsize=9)
    ax.set_xlabel(sweep.by)
    ax.legend(frameon=False, fontsize=8, loc="upper left")
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)


def _short(value):
    """1,000,000 as 1M."""
    for unit, name in ((1_000_000, "M"), (1000, "k")):
        if value >= unit and value % unit == 0:
            return f"{value // unit}{name}"
    return str(value)
