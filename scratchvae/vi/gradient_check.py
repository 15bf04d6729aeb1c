"""A quick look at a model's gradient before a fit: each density, parameter by parameter."""

import numpy as np

#: Places that are looked at; a gradient that is wrong at most of them is wrong.
N_PLACES = 3
#: Parameters that are looked at, at most, and rows of data.
MAX_BLOCKS, MAX_ROWS = 24, 1000
#: Steps, in units of q's spread, and how far the two derivatives may differ, relative to their size.
STEP, TOLERANCE = 1e-3, 1e-3
#: How many roundings of the density's value are allowed for.
ROUNDINGS = 1000


def check_gradient(model, coordinates, takes_rows, rng):
    """Raise a ValueError if the gradient of a density is plainly not its own.

    Each of log p(x|z) and log p(z) along one random direction in each parameter, by the model's backward
    and by central differences, extrapolated as in Eq. (21); a parameter is wrong if two of three places
    say so, of which a kink may be one. It costs two passes of the model; `gradcheck.check_model` looks
    closer.
    """
    rows = None
    if takes_rows and model.n_data > MAX_ROWS:
        rows = rng.choice(model.n_data, MAX_ROWS, replace=False)
    names, directions = _directions(model, coordinates, rng)  # (n, 1, L)
    places = coordinates.forward(0.5 * rng.standard_normal((N_PLACES, model.n_latent)))  # (3, L)
    steps = STEP * np.array([1.0, -1.0, 0.5, -0.5]).reshape(4, 1, 1, 1)
    with np.errstate(all="ignore"):
        values = model.forward(places + steps * directions, rows)[:2]  # (4, n, 3) each
        for i, part in enumerate(("log_likelihood", "log_prior")):
            if i == 1 and model.is_joint:
                return
            slopes = _gradient(model, places, rows, i)  # (3, L)
            analytic = (slopes * directions).sum(axis=-1)  # (n, 3)
            _compare(model, "log_joint" if model.is_joint else part, names, analytic, values[i])


def _directions(model, coordinates, rng):
    """The parameters' names, and a direction that moves each alone, in units of q's spread."""
    slices = model.space.slices
    names = list(slices)
    if len(names) > MAX_BLOCKS:
        names = [names[i] for i in sorted(rng.choice(len(names), MAX_BLOCKS, replace=False))]
    directions = np.zeros((len(names), 1, model.n_latent))
    for direction, name in zip(directions, names, strict=True):
        block = direction[0, slices[name]]
        block[...] = rng.standard_normal(block.shape)
    return names, coordinates.spread * directions


def _gradient(model, places, rows, i):
    """The gradient of the likelihood (i = 0) or the prior (i = 1) at the places."""
    cache = model.forward(places, rows)[2]
    ones = np.ones(N_PLACES)
    return model.backward(cache, ones, 0 * ones) if i == 0 else model.backward(cache, 0 * ones, ones)


def _compare(model, part, names, analytic, values):
    coarse, fine = (values[0] - values[1]) / (2 * STEP), (values[2] - values[3]) / STEP
    numeric = (4 * fine - coarse) / 3  # Eq. (21)
    rounding = ROUNDINGS * np.finfo(np.float64).eps * np.abs(values).max(axis=0) / STEP
    size = np.maximum(np.abs(analytic), np.abs(numeric))
    wrong = np.abs(analytic - numeric) > TOLERANCE * size + rounding  # False if not finite
    counts = wrong.sum(axis=-1)  # (n,)
    if counts.max() < N_PLACES - 1:
        return
    worst = int(np.argmax(counts))
    place = int(np.argmax(wrong[worst]))
    raise ValueError(
        f"the gradient of {type(model).__name__} does not match its log-density: along a direction of "
        f"{names[worst]!r} that of {part} says {analytic[worst, place]:.6g}, finite differences "
        f"{numeric[worst, place]:.6g}. print(sv.gradcheck.check_model(model)) shows where."
    )
