"""When a run is saved, and how it goes on."""

import math
import time
import zlib

import numpy as np

from scratchvae import kernels
from scratchvae.data.seeds import plain
from scratchvae.training import checkpoint
from scratchvae.training.history import History
from scratchvae.training.run import NotFiniteError


class Storage:
    """Where a run is saved, if anywhere, and when."""

    def __init__(self, run, folder, seconds):
        self.run, self.folder, self.seconds = run, folder, seconds
        self.saved_at = time.monotonic()
        if folder is not None:
            self.last, self.best, self.csv = checkpoint.paths(folder)
            self.settings = self._identity()  # read over the whole data: once

    def _identity(self):
        """What must not change between the parts of one run."""
        run = self.run
        return {
            "data": f"{run.data.x.shape} {run.data.x.dtype} crc32 {_crc32(run.data.x)}",
            "valid": None if run.valid is None else f"{run.valid.x.shape} crc32 {_crc32(run.valid.x)}",
            "batch_size": run.settings.batch_size,
            "bound": run.settings.bound_name,
            "n_samples": run.settings.n_samples,
            "binarization": run.settings.binarization,
            "clip": run.settings.clip,
            "optimizer": run.optimizer.config,
            "kernels": kernels.backend(),
        }

    def restore(self):
        """Go on from the last checkpoint, if there is one."""
        if self.folder is None or not self.last.exists():
            return
        run = self.run
        progress = checkpoint.load(self.last, run.vae, run.optimizer, self.settings)
        try:
            run.batches.restore(progress["batches"])
            run.rng.bit_generator.state = progress["rng"]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{self.last} cannot be gone on from: {error}") from None
        run.history = History(progress["history"])
        run.step_count, run.elbo_sum = progress["step"], progress["elbo_sum"]
        run.best_elbo = -math.inf if progress["best_elbo"] is None else progress["best_elbo"]
        run.epochs_since_best, run.seconds = progress["epochs_since_best"], progress["seconds"]

    def save(self, best=False):
        """Write the checkpoint: first what depends on it, so that a kill between leaves no gap."""
        if self.folder is None:
            return
        run = self.run
        if not np.isfinite(run.vae.parameters.value).all():
            raise NotFiniteError(f"a parameter is not finite after step {run.step_count}: nothing is saved.")
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


def _crc32(array):
    return zlib.crc32(np.ascontiguousarray(array).view(np.uint8).ravel())
