"""Importance-sampled log p(x), beside the matrix products that it cannot do without."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.speed.networks import NETWORKS
from benchmarks.speed.rounds import take_turns
from benchmarks.speed.tables import Table

N_SAMPLES = 5000
#: Images in a repetition, so that each of a few threads has several.
N_IMAGES = 8
#: Of the test set, for which the time is given.
N_TEST = 10_000


def part(plan):
    """The time of an image's 5,000 samples, by `evidence_of_each` and by its products."""
    network, n_samples = NETWORKS["500"], 50 if plan.quick else N_SAMPLES
    contestants = {
        "scratchvae": (ours, (network, n_samples)),
        "its matrix products": (products, (network, n_samples)),
    }
    timings, absent = take_turns(contestants, plan.n_rounds, plan.seconds)
    whole = N_TEST / N_IMAGES * timings["scratchvae"].median
    return [
        Table.of(
            "evaluation",
            f"log p(x) of {N_IMAGES} images by {n_samples:,} importance samples, {network.name}",
            timings,
            absent,
            unit="ms",
            at_most={"its matrix products": 1.5},
            note=f"{N_TEST:,} images take {whole:,.0f} s. Both in as many threads as BLAS would use, each "
            "with a BLAS of one thread.",
        )
    ]


def ours(network, n_samples):
    """Evidence, effective sample size, khat and ELBO of each image, as ``scratchvae evaluate`` finds them."""
    import scratchvae as sv
    from scratchvae.evaluation import evidence_of_each

    vae = sv.VAE(network.n_data, network.n_latent, network.hidden, network.activation)
    images = network.data(200).astype(np.uint8)

    def run(n):
        rows = np.arange(n * N_IMAGES) % len(images)
        evidence_of_each(vae, sv.data.as_dataset(images[rows]), n_samples)

    return run


def products(network, n_samples):
    """The products of the encoder for one row and of the decoder for each sample, as many rows at once."""
    from threadpoolctl import threadpool_limits

    from scratchvae.evaluation.by_datum import blas_threads, rows_that_fit

    rows, threads = rows_that_fit(network.n_data), blas_threads()
    sizes = [rows] * (n_samples // rows) + [n_samples % rows] * (n_samples % rows > 0)
    rng = np.random.default_rng(0)
    encoder, decoder = network.layers()
    weights = {pair: rng.random(pair, np.float32) for pair in (*encoder, *decoder)}

    calls = [(1, encoder), *((size, decoder) for size in sizes)]

    def image(_):
        into = {(n, pair): np.empty((n, pair[1]), np.float32) for n, layers in calls for pair in layers}
        for n, layers in calls:
            h = np.ones((n, layers[0][0]), np.float32)
            for pair in layers:
                h = np.matmul(h, weights[pair], out=into[n, pair])

    def run(n):
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
            list(pool.map(image, range(n * N_IMAGES)))

    return run
