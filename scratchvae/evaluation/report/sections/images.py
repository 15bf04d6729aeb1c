"""The section with held-out reconstructions and samples."""

import numpy as np

from scratchvae import plotting
from scratchvae.broadcasting import row_blocks
from scratchvae.evaluation.report.part import Figure, Number, Part
from scratchvae.evaluation.statistics import mean_and_error

TITLE = "Reconstructions and samples"
QUESTION = "What does the model make of data that it has not seen, and what does it make up by itself?"
#: Rows that are reconstructed at once, and the streams of the choice of data and of the samples.
BLOCK, STREAM, SAMPLES = 500, 3, 8
#: Samples that are shown: a square of so many by so many.
SIDE = 8


def part(work):
    """Measure and draw it."""
    vae, dataset = work.vae, work.dataset
    squares = np.concatenate([_squares(vae, dataset, rows) for rows in row_blocks(len(dataset), BLOCK)])
    return Part(
        _numbers(squares, _variance(dataset)),
        {},
        len(dataset),
        len(dataset),
        blocks=_pictures(work) if dataset.image_shape else [NO_IMAGES],
    )


NO_IMAGES = (
    "*The rows of these data are no images, so nothing is drawn. Rows that are images have a shape: an "
    ".npy file of (N, height, width), or `--shape`.*"
)


def _squares(vae, dataset, rows):
    """The mean squared difference of each datum and its reconstruction, (B,)."""
    x = dataset.pixels(rows, vae.dtype)
    reconstructed = vae.reconstruct(x, vae.labels_of(dataset, rows))
    return ((x - reconstructed).astype(np.float64) ** 2).mean(axis=1)


def _variance(dataset):
    """The mean squared difference of the data and their mean, over all values."""
    blocks = row_blocks(len(dataset), BLOCK)
    mean = sum(dataset.pixels(rows, "float64").sum(axis=0) for rows in blocks) / len(dataset)
    squares = [
        ((dataset.pixels(rows, "float64") - mean) ** 2).sum() for rows in row_blocks(len(dataset), BLOCK)
    ]
    return float(sum(squares) / (len(dataset) * dataset.n_data))


def _numbers(squares, variance):
    numbers = [
        Number(
            "squared_error",
            "squared error a value",
            mean_and_error(squares),
            "of a reconstruction: the mean of p(x|z) at the mean of q(z|x)",
            unit="",
        ),
        Number(
            "variance",
            "variance a value",
            variance,
            "the squared error of a model that always answers with the mean of these data",
            unit="",
        ),
    ]
    if variance > 0:
        value, error = mean_and_error(squares)
        share = mean_and_error(squares)._replace(value=1 - value / variance, standard_error=error / variance)
        meaning = "1 for perfect reconstructions, 0 for ones that know no more than the mean"
        numbers.append(Number("explained", "share of variance explained", share, meaning, unit=""))
    return numbers


def _pictures(work):
    n = min(work.settings.n_pictures, len(work.dataset))
    conditional = work.vae.n_classes is not None
    order = " Each row has one label, beginning with 0." if conditional else ""
    return [
        Figure(
            "reconstructions",
            f"{n} held-out data taken at random, each with its reconstruction below it.",
            lambda: _reconstructions(work, n),
        ),
        Figure(
            "samples",
            "Samples: z drawn from the prior, and the mean of p(x|z) shown." + order,
            lambda: _samples(work),
        ),
    ]


def _reconstructions(work, n):
    some = work.some(n, STREAM)
    x = some.pixels(dtype=work.vae.dtype)
    pair = (x, work.vae.reconstruct(x, work.vae.labels_of(some)))
    drawn, ax = plotting.figure(9, 3.2)
    plotting.reconstructions(ax, *map(work.for_drawing, pair), work.dataset.image_shape)
    return drawn


def _samples(work):
    vae, rng = work.vae, np.random.default_rng([work.settings.seed, SAMPLES])
    n_rows = SIDE if vae.n_classes is None else min(vae.n_classes, 2 * SIDE)
    y = None if vae.n_classes is None else np.repeat(np.arange(n_rows), SIDE)
    images = work.for_drawing(vae.sample_mean(n_rows * SIDE, rng, y))
    drawn, ax = plotting.figure(5, 5 * n_rows / SIDE)
    plotting.image_grid(ax, images, work.dataset.image_shape, n_columns=SIDE)
    return drawn
