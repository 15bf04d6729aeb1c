"""Colours, figures and files that all drawings share."""

#: Ten colours, from the palettes of Okabe & Ito (2008) and of Tol (2021), of which every two remain apart
#: for readers with and without colour blindness.
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#CCBB44",
    "#66CCEE",
    "#000000",
    "#661100",
    "#332288",
    "#555555",
)


def figure(width=6.4, height=4.0, n_columns=1):
    """A figure and its Axes (an array of them if more than one), laid out so that no label is cut."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), layout="constrained")
    return drawn, drawn.subplots(1, n_columns)


def save(drawn, path, dpi=150):
    """Write a figure, atomically and without the date, so that the same figure gives the same bytes."""
    from scratchvae.storage import atomic_write

    with atomic_write(path) as file:
        drawn.savefig(file, format="png", dpi=dpi, metadata={"Software": None})


def legend_above(ax, **options):
    """A legend in one row above the Axes, where it hides nothing."""
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, **options)


def tint(colour, share):
    """A colour "#rrggbb" with so much of it, the rest white: unlike transparency it lets no grid through."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return tuple(1 - share * (1 - channel) for channel in channels)
