"""When a run is saved, and how it goes on."""

import math
import time
import zlib

import numpy as np

from scratchvae import kernels
from scratchvae.data.seeds import plain
from scratchvae.storage import remove_leftovers, writable_folder
from scratchvae.training import checkpoint
from scratchvae.training.history import History
from scratchvae.training.run import NotFiniteError
from scratchvae.training.warm_up import name_of


class Storage:
    """Where a run is saved, if anywhere, and when."""

    def __init__(self, run, folder, seconds):
        self.run, self.folder, self.seconds = run, folder, seconds
        self.saved_at = time.monotonic()
        if folder is not None:
            self.last, self.best, self.csv = checkpoint.paths(writable_folder(folder))
            self.settings = self._identity()  # read over the whole data: once
            for file in (self.last, self.best, self.csv):
                remove_leftovers(file)

    def _identity(self):
        """What must not change between the parts of one run."""
        run = self.run
        return {
            "data": _fingerprint(run.data, run.vae),
            "valid": None if run.valid is None else _fingerprint(run.valid, run.vae),
            "batch_size": run.settings.batch_size,
            "bound": name_of(run.bound),
            "n_samples": run.settings.n_samples,
            "binarization": run.settings.binarization,
            "clip": run.settings.clip,
            "optimizer": run.optimizer.config,
            "kernels": kernels.backend(),
        }

    def restore(self):
        """Go on from the last checkpoint, if there is one; the model is left as it was if that fails."""
        if self.folder is None or not self.last.exists():
            return
        parameters = self.run.vae.parameters
        before = parameters.value.copy()
        try:
            progress = checkpoint.load(self.last, self.run.vae, self.run.optimizer, self.settings)
            self._take(progress)
        except ValueError:
            parameters.value = before
            raise
        except (KeyError, TypeError, AttributeError) as error:
            parameters.value = before
            raise ValueError(f"{self.last} is damaged: its progress cannot be read ({error!r}).") from None

    def _take(self, progress):
        """Put the run where it stood when it gave its `_progress`."""
        run = self.run
        run.history = History(progress["history"])
        run.step_count, run.elbo_sum = progress["step"], progress["elbo_sum"]
        run.best_elbo = -math.inf if progress["best_elbo"] is None else progress["best_elbo"]
        run.epochs_since_best, run.seconds = progress["epochs_since_best"], progress["seconds"]
        run.batches.restore(progress["batches"])
        run.rng.bit_generator.state = progress["rng"]

    def save(self, best=False):
        """Write the checkpoint: first what depends on it, so that a kill between leaves no gap."""
        run = self.run
        if not np.isfinite(run.vae.parameters.value).all():
            raise NotFiniteError(f"a parameter is not finite after step {run.step_count}: nothing is saved.")
        if self.folder is None:
            return
        if best:
            run.vae.save(self.best)
        run.history.save_csv(self.csv)
        checkpoint.save(self.last, run.vae, run.optimizer, self._progress(), self.settings)
        self.saved_at = time.monotonic()

    def save_if_due(self):
        """Write the checkpoint if the last one is old."""
        if time.monotonic() - self.saved_at > self.seconds:
            self.save()

    def _progress(self):
        run = self.run
        return {
            "step": run.step_count,
            "batches": run.batches.state(),
            "rng": plain(run.rng.bit_generator.state),
            "elbo_sum": run.elbo_sum,
            "best_elbo": run.best_elbo if math.isfinite(run.best_elbo) else None,
            "epochs_since_best": run.epochs_since_best,
            "history": run.history.rows,
            "seconds": run.seconds,
        }


def _fingerprint(dataset, vae):
    x, y = dataset.x, vae.labels_of(dataset)
    labels = "" if y is None else f" labels crc32 {zlib.crc32(y.astype('<i8').tobytes())}"
    return f"{x.shape} {x.dtype} scale {dataset.scale} crc32 {dataset.checksum()}{labels}"
