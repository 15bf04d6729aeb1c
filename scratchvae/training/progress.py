"""The progress bar of a run."""

import sys

from tqdm import tqdm


class ProgressBar:
    """A tqdm bar over all steps, with the running ELBO; nothing where there is no terminal."""

    def __init__(self, total, done, shown):
        hidden = not shown or sys.stderr is None  # which it is where the shell has closed it, `2>&-`
        self._tqdm = tqdm(
            total=total, initial=done, unit="step", disable=True if hidden else None, dynamic_ncols=True
        )

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._tqdm.close()

    def update(self, run):
        """Advance by a step."""
        if self._tqdm.disable:
            return
        rows = run.batches.position
        if rows:
            elbo = run.elbo_sum / rows
            self._tqdm.set_postfix_str(
                f"epoch {run.batches.epoch + 1}/{run.settings.epochs}, ELBO {elbo:.2f} nats", refresh=False
            )
        self._tqdm.update()
