"""Figure 2 of Kingma & Welling (2014), MNIST: the lower bound against the training samples, for five L.

784-500-L with tanh both ways, minibatches of 100, Adagrad, L = 3, 5, 10, 20 and 200 latent dimensions, up to
10 million samples or 100,000 minibatches each. The step size is the best of three in the first passes.
"""

import json
from pathlib import Path

import numpy as np
from kept import keep, kept, row, where
from one_process import only_one

import scratchvae as sv
from scratchvae import optim, plotting
from scratchvae.broadcasting import row_blocks
from scratchvae.data import as_dataset
from scratchvae.evaluation.scores import BLOCK, NOISE_SEED
from scratchvae.storage import atomic_write
from scratchvae.training import NotFiniteError

SOURCE = (
    "Kingma & Welling, Auto-Encoding Variational Bayes, ICLR 2014 (arXiv 1312.6114), Figure 2, the MNIST "
    "panels; section 5 for the setting"
)
#: The paper prints curves and no numbers, so none stand beside ours.
DIFFERENCES = (
    "Larochelle's fixed binarization, 50,000 training and 10,000 test images (the paper does not say how "
    "gray levels become a Bernoulli's values); no prior on the weights (N(0, I) there); weights start from a "
    "normal with standard deviation 0.01; the training curve is of the first 10,000 training images, with "
    "the parameters as they are at that point. float32"
)
NAMES = ("kingma-welling",)
LATENTS = (3, 5, 10, 20, 200)
STEP_SIZES = (0.01, 0.02, 0.1)
BATCH_SIZE, N_SAMPLES_SEEN, N_MEASURED = 100, 10_000_000, 10_000
#: Passes after which the step size is chosen, and points of a curve in a tenfold number of samples.
PASSES_TO_CHOOSE, POINTS_A_DECADE = 2, 12
BOUND = "analytic_kl"  # the paper's second estimator
FIGURE = Path(__file__).parent.parent / "figures" / "kingma_welling_figure2.png"


def run(name, load, out, seed=0, progress=True):
    """Train the five models one after the other, and keep the curves and the figure as they grow.

    Parameters
    ----------
    name : str
        Of NAMES.
    load : callable
        ``load("binarized_mnist", "train")`` and "test".
    out : Path
        Checkpoints lie in its folder `name`.

    Returns
    -------
    dict
        What is kept as JSON.

    Raises
    ------
    BusyError
        If another process does the same.
    """
    with only_one(out / name):
        train_set, test_set = load("binarized_mnist", "train"), load("binarized_mnist", "test")
        curves = []
        for n_latent in LATENTS:
            folder = out / name / f"latent-{n_latent}"
            curves.append(curve(n_latent, train_set, test_set, folder, seed, progress))
            _keep(name, curves, seed)
            draw(kept(name))
    return kept(name)


# --- one model ----------------------------------------------------------------------------------


def curve(n_latent, train_set, test_set, folder, seed=0, progress=True):
    """The bound on training and test images along the way, as a dict that JSON can hold.

    Training stops at each point of the curve, and goes on from its checkpoint to the same bits.
    """
    tried = try_step_sizes(n_latent, train_set, folder, seed, progress)
    step_size = best(tried)
    done = _read(folder / "curve.json", [])
    vae = model(n_latent, train_set, seed)
    for passes in passes_measured(len(train_set)):
        if all(point["passes"] != passes for point in done):
            history = train(vae, train_set, passes, step_size, folder, seed, progress)
            done.append(_measured(vae, train_set, test_set, history))
            _write(folder / "curve.json", done)
    return {"n_latent": n_latent, "step_size": step_size, "tried": tried, "points": done}


def model(n_latent, images, seed):
    """784-500-L and back; the data's number of pixels is free."""
    return sv.VAE(images.n_data, n_latent, (500,), "tanh", seed=seed, initialization="kingma_welling")


def train(vae, train_set, passes, step_size, folder, seed, progress):
    """Train until so many passes are done, from the folder's checkpoint if there is one."""
    history = sv.train(
        vae,
        train_set,
        epochs=passes,
        batch_size=BATCH_SIZE,
        optimizer=optim.Adagrad(step_size),
        rng=np.random.default_rng([seed, 1]),
        checkpoint=folder,
        bound=BOUND,
        progress=progress,
    )
    if len(history) != passes:
        raise ValueError(
            f"{folder} is already {len(history)} passes on, past a point not measured: start anew."
        )
    return history


def try_step_sizes(n_latent, train_set, folder, seed, progress):
    """The bound over the second pass by step size, {"0.01": nats}, None where training diverges."""
    path = folder / "step_sizes.json"
    tried = _read(path, {})
    for step_size in STEP_SIZES:
        if str(step_size) not in tried:
            vae, trial = model(n_latent, train_set, seed), folder / f"step-{step_size}"
            try:
                history = train(vae, train_set, PASSES_TO_CHOOSE, step_size, trial, seed, progress)
                tried[str(step_size)] = history.rows[-1]["train_elbo"]
            except NotFiniteError:  # Adagrad's first step changes every weight by the whole step size
                tried[str(step_size)] = None
            _write(path, tried)
    return tried


def best(tried):
    """The step size of the highest bound, which is the one that the paper chooses."""
    bounds = {float(step_size): bound for step_size, bound in tried.items() if bound is not None}
    if not bounds:
        raise ValueError(f"training diverges with each of the step sizes {', '.join(tried)}.")
    return max(bounds, key=bounds.get)


def passes_measured(n_images):
    """Passes at which the bound is measured: evenly on a logarithmic axis, the last at N_SAMPLES_SEEN."""
    last = -(-N_SAMPLES_SEEN // n_images)
    n_points = 1 + round(POINTS_A_DECADE * np.log10(last)) if last > 1 else 1
    return sorted({int(round(passes)) for passes in np.geomspace(1, last, n_points)})


def _measured(vae, train_set, test_set, history):
    last = history.rows[-1]
    return {
        "passes": last["epoch"],
        "samples": last["epoch"] * len(train_set),
        "minibatches": last["step"],
        **mean_and_error(vae, as_dataset(train_set.x[:N_MEASURED]), "train"),
        **mean_and_error(vae, test_set, "test"),
        "seconds_of_training": last["seconds"],
    }


def mean_and_error(vae, dataset, split):
    """The mean of the bound over the data, and its standard error over them, by the split's name."""
    bounds = bound_of_each(vae, dataset)
    return {
        split: float(bounds.mean()),
        f"{split}_error": float(bounds.std(ddof=1) / np.sqrt(len(bounds))),
    }


def bound_of_each(vae, dataset):
    """log p(x|z) at one draw of z, always the same, less KL in closed form, of each datum, (N,)."""
    rng, bounds = np.random.default_rng(NOISE_SEED), []
    for rows in row_blocks(len(dataset), BLOCK):
        x = dataset.pixels(rows, vae.dtype)
        eps = rng.standard_normal((1, len(x), vae.n_latent), vae.dtype)
        terms, _ = vae.forward(x, eps, uses_kl=True)
        bounds.append((terms.log_likelihood[0] - terms.kl).astype(np.float64))
    return np.concatenate(bounds)


def _read(path, default):
    return json.loads(path.read_text()) if path.exists() else default


def _write(path, value):
    with atomic_write(path) as file:
        file.write(json.dumps(value, indent=1).encode())


# --- the five together --------------------------------------------------------------------------


def _keep(name, curves, seed):
    result = {
        "title": "784-500-L tanh, binarized MNIST, the lower bound against training samples",
        "source": SOURCE,
        "differences": DIFFERENCES,
        "published": "curves without numbers",
        "partial": len(curves) < len(LATENTS),
        "seed": seed,
        "curves": curves,
        **where(),
    }
    keep(name, result)


def draw(result):
    """The paper's figure: a panel for each L, the samples on a logarithmic axis."""
    drawn, axes = plotting.figure(11, 3.0, len(LATENTS))
    for ax, curve in zip(axes, result["curves"], strict=False):
        samples = [point["samples"] for point in curve["points"]]
        for split, colour, line in zip(("train", "test"), plotting.COLOURS, ("-", "--"), strict=False):
            bounds = [point[split] for point in curve["points"]]
            ax.plot(samples, bounds, line, color=colour, label=split)
        ax.set(xscale="log", ylim=(-150, -85), title=f"L = {curve['n_latent']}", xlabel="training samples")
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("lower bound (nats a datum)")
    axes[0].legend(frameon=False, loc="upper left")
    plotting.save(drawn, FIGURE)


def report(result):
    """The result as text for a terminal."""
    lines = [result["title"], table(), f"source: {result['source']}", f"differs: {result['differences']}"]
    if result["partial"]:
        lines.append(f"partial: {len(result['curves'])} of {len(LATENTS)} models")
    return "\n".join(lines)


def table():
    """The ends of the kept curves as a Markdown table; the paper prints no numbers."""
    head = ["L", "step size", "training samples", "bound, training images", "bound, test images", "seconds"]
    rows = [row(head), row(["---"] * len(head))]
    result = kept(NAMES[0])
    for curve in result["curves"] if result else ():
        last = curve["points"][-1]
        cells = [f"{curve['n_latent']}", f"{curve['step_size']}", f"{last['samples']:,}"]
        cells += [f"{last[split]:.2f} +- {last[f'{split}_error']:.2f}" for split in ("train", "test")]
        rows.append(row([*cells, f"{last['seconds_of_training']:.0f}"]))
    return "\n".join(rows)
