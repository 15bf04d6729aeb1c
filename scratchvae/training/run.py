"""A run of training: minibatches, the bound's gradient, an optimizer's step, epoch after epoch."""

import math
import time

import numpy as np

from scratchvae import optim
from scratchvae.data import Minibatches
from scratchvae.evaluation.scores import mean_bound
from scratchvae.training.history import History
from scratchvae.training.interrupt import DelayedInterrupt
from scratchvae.training.preparation import prepare_both
from scratchvae.training.progress import ProgressBar
from scratchvae.training.warm_up import warmed_up


class NotFiniteError(ValueError):
    """A loss, gradient or parameter that is NaN or infinite: training has diverged."""


class Run:
    """The model, what updates it, and where it stands."""

    def __init__(self, vae, data, settings, optimizer, rng, valid):
        self.vae, self.settings, self.optimizer, self.rng = vae, settings, optimizer, rng
        self.data, self.valid = prepare_both(vae, data, valid, settings.binarization)
        bits = "dynamic" if settings.binarization == "dynamic" else None
        self.batches = Minibatches(self.data, settings.batch_size, rng, binarization=bits, dtype=vae.dtype)
        self.bound = warmed_up(settings.bound, settings.kl_warm_up, len(self.batches), settings.epochs)
        self.history = History()
        self.step_count = 0
        self.elbo_sum = 0.0  # of the rows seen in this epoch
        self.best_elbo, self.epochs_since_best = -math.inf, 0
        self.seconds = 0.0

    def loop(self, storage, progress, on_epoch):
        """Steps until the last epoch is done or patience is lost."""
        total = self.settings.epochs * len(self.batches)
        started = time.monotonic() - self.seconds
        with DelayedInterrupt() as interrupt, ProgressBar(total, self.step_count, progress) as shown:
            while not self.finished:
                self.step()
                self.seconds = time.monotonic() - started
                if self.batches.position == 0:
                    self.end_epoch(storage)
                    if on_epoch is not None:
                        on_epoch(self.history)
                shown.update(self)
                if interrupt.requested:
                    storage.save()
                    raise KeyboardInterrupt
                storage.save_if_due()

    @property
    def finished(self):
        """Whether all epochs are done, or the validation ELBO has not improved for too long."""
        patience = self.settings.patience
        lost = patience is not None and self.epochs_since_best >= patience
        return self.batches.epoch >= self.settings.epochs or (lost and self.batches.position == 0)

    def step(self):
        """One minibatch: loss, gradient, update."""
        x = next(self.batches)  # (B, D)
        shape = (self.settings.n_samples, len(x), self.vae.n_latent)
        eps = self.rng.standard_normal(shape, self.vae.dtype)  # (K, B, L)
        y = self.vae.labels_of(self.data, self.batches.rows)
        with np.errstate(all="ignore"):  # what is not finite is found by the check, here or a step later
            loss = self.vae.loss_and_grad_unchecked(x, eps, self.bound.at(self.step_count + 1), y)
            self.check_finite(loss)
            if self.settings.clip is not None:
                optim.clip_by_norm(self.vae.parameters.grad, self.settings.clip)
            self.optimizer.step(self.vae.parameters.value, self.vae.parameters.grad)
        self.step_count += 1
        self.elbo_sum -= loss * len(x)

    def check_finite(self, loss):
        """Stop with the name of the first block whose gradient is not finite."""
        grad = self.vae.parameters.grad
        # The squared norm, one call of BLAS, is finite only if every entry is; it may overflow: look again.
        if math.isfinite(loss) and (math.isfinite(grad @ grad) or np.isfinite(grad).all()):
            return
        names = self.vae.parameters.names
        bad = [name for name in names if not np.isfinite(self.vae.parameters.gradient(name)).all()]
        where = f"the first block with such a gradient is {bad[0]}" if bad else "every gradient is finite"
        raise NotFiniteError(
            f"training diverged at step {self.step_count + 1}: the loss is {loss} and {where}. Try a smaller "
            "learning rate, clip the gradient, or look at the data; a checkpoint saved before is kept."
        )

    def validate(self):
        """The validation ELBO; None without validation data."""
        if self.valid is None:
            return None
        with np.errstate(all="ignore"):  # what is not finite is found just below
            elbo = mean_bound(self.vae, self.valid, self.bound, self.settings.n_samples)
        if not math.isfinite(elbo):
            raise NotFiniteError(
                f"training diverged: the validation ELBO is {elbo} after step {self.step_count}. Try a "
                "smaller learning rate or clip the gradient; a checkpoint saved before is kept."
            )
        return elbo

    def end_epoch(self, storage):
        """Validate, note the epoch, keep the best model, save."""
        train_elbo = self.elbo_sum / len(self.data)
        valid_elbo = self.validate()
        judged = train_elbo if valid_elbo is None else valid_elbo
        better = judged > self.best_elbo
        self.best_elbo = judged if better else self.best_elbo
        warming_up = self.step_count <= self.bound.warm_up_steps  # patience begins after it
        self.epochs_since_best = 0 if better or warming_up else self.epochs_since_best + 1
        self.elbo_sum = 0.0
        self.history.append(
            epoch=self.batches.epoch,
            step=self.step_count,
            train_elbo=train_elbo,
            valid_elbo=valid_elbo,
            lr=self.optimizer.lr(self.optimizer.t),
            seconds=round(self.seconds, 3),
        )
        storage.save(best=better)
