"""`train`: a model, data and settings in, a trained model and its history out."""

import math

import numpy as np

from scratchvae import optim
from scratchvae.training.run import Run
from scratchvae.training.saving import Storage
from scratchvae.validation import in_range, path_like, positive_int


def train(
    vae,
    data,
    *,
    epochs=10,
    batch_size=100,
    optimizer="adam",
    rng=None,
    valid=None,
    checkpoint=None,
    resume=True,
    bound="elbo",
    n_samples=1,
    binarization=None,
    clip=None,
    patience=None,
    kl_warm_up=None,
    checkpoint_seconds=60.0,
    progress=True,
    on_epoch=None,
):
    """Maximise a bound of log p(x) over minibatches.

    Parameters
    ----------
    vae : VAE
        Its parameters are changed in place.
    data : array (N, D) or Dataset
        For a conditional model a data set with labels: ``sv.data.as_dataset(x, labels=y)``.
    epochs : int
        Passes over the data.
    batch_size : int
    optimizer : str or optimizer
        "adam", say, or ``sv.optim.Adam(lr=sv.optim.Cosine(1e-3, total=10_000))``.
    rng : numpy.random.Generator, optional
        Of the data's order, the noise and dynamic binarization; ``default_rng(0)`` if not given.
    valid : array or Dataset, optional
        Held-out data, whose ELBO is taken after each epoch with the same noise each time.
    checkpoint : path, optional
        A folder for ``last.npz`` (the whole state of the run), ``best.npz`` (the model with the best
        validation ELBO, or training ELBO without one) and ``history.csv``.
    resume : bool
        Go on from ``last.npz`` if the folder has one; the run then ends bit-identical to one that
        was never stopped. False starts anew and replaces it.
    bound : str or bound
        "elbo", "analytic_kl", "sticking_the_landing", "iwae", "dreg", "renyi:0.5", "beta:4",
        "free_bits:0.25", or another of ``sv.bounds.VAE_BOUNDS``.
    n_samples : int
        K, draws of z for each datum.
    binarization : {None, "dynamic", "fixed"}
        How gray pixels become bits for a Bernoulli likelihood. Validation bits are always fixed.
    clip : float, optional
        Largest Euclidean norm of the gradient.
    patience : int, optional
        Stop after so many epochs without a better validation ELBO; those of a warm-up do not count.
    kl_warm_up : int or str, optional
        Epochs in which the weight of KL rises from 0 to its own, 1 or the beta of the bound: 10 or
        "linear:10" in a straight line (Bowman et al. 2016), "cyclic:40" in four cycles (Fu et al. 2019). For
        another schedule give a bound with one, ``sv.bounds.BetaElbo(sv.optim.Linear(0, 1, steps=1000))``.
        The history has the bound with its last weight throughout.
    checkpoint_seconds : float
        How often ``last.npz`` is written within an epoch; it is always written after each.
    progress : bool
        Whether to show a progress bar (on a terminal only).
    on_epoch : callable, optional
        Called with the History after each epoch.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        If data or settings are wrong, or the checkpoint is of another run.
    NotFiniteError
        If the loss or a gradient stops being finite; it names the first such block. ``last.npz`` is
        left as it was.
    KeyboardInterrupt
        On Ctrl-C, after the step in progress is done and the state is saved.
    """
    _check_kinds(vae, checkpoint, on_epoch)
    settings = Settings(vae, epochs, batch_size, bound, n_samples, binarization, clip, patience, kl_warm_up)
    rng = np.random.default_rng(0) if rng is None else rng
    run = Run(vae, data, settings, optim.build(optimizer), rng, valid)
    storage = Storage(run, checkpoint, in_range(checkpoint_seconds, "checkpoint_seconds", 0, math.inf))
    if resume:
        storage.restore()
    run.loop(storage, progress, on_epoch)
    return run.history


def _check_kinds(vae, checkpoint, on_epoch):
    """Raise a ValueError for what would otherwise fail later, after work that is then lost."""
    if isinstance(vae, type) or not hasattr(vae, "loss_and_grad_unchecked"):
        raise ValueError(f"vae must be a VAE, such as VAE(784, 20), not {vae!r}.")
    if checkpoint is not None:
        path_like(checkpoint, "checkpoint")
    if on_epoch is not None and not callable(on_epoch):
        raise ValueError(f"on_epoch must be a function of the History, not {on_epoch!r}.")


class Settings:
    """The validated settings of a run."""

    def __init__(self, vae, epochs, batch_size, bound, n_samples, binarization, clip, patience, kl_warm_up):
        self.epochs = positive_int(epochs, "epochs")
        self.batch_size = positive_int(batch_size, "batch_size")
        self.bound = vae.check_bound(bound)
        self.kl_warm_up = kl_warm_up
        self.n_samples = positive_int(n_samples, "n_samples")
        self.bound.check_samples(self.n_samples)
        self.binarization = binarization
        self.clip = None if clip is None else in_range(clip, "clip", 0, math.inf, low_open=True)
        self.patience = None if patience is None else positive_int(patience, "patience")
