"""What may be wrong with a grid, in words."""

#: More mass than this in an outermost cell means that the grid cuts the posterior off.
MOST_EDGE_MASS = 1e-3
#: If the evidence moves by more nats than this without every other point, the grid is too coarse.
MOST_RESOLUTION_ERROR = 0.1


def cut_off(names, axes, edge_masses):
    """A sentence for each end of an axis whose cell holds mass, given those of all ends, (L, 2)."""
    return tuple(
        f"the grid is cut off: {mass:.2%} of the posterior lies in the outermost cell of {name} at {end:g}; "
        "widen the axis there."
        for name, axis, masses in zip(names, axes, edge_masses, strict=True)
        for mass, end in zip(masses, (axis[0], axis[-1]), strict=True)
        if mass > MOST_EDGE_MASS
    )


def too_coarse(resolution_error):
    """A sentence if the evidence moves much without every other grid point."""
    if resolution_error <= MOST_RESOLUTION_ERROR:
        return ()
    return (
        f"the grid is too coarse: its log evidence moves by {resolution_error:.2g} nats if every other point "
        "is left out; take more points, or a window closer to the posterior.",
    )
