"""The progress bar of a fit."""

import sys

from tqdm import tqdm

#: Steps between two updates, whose cost then does not show.
EVERY = 20


class ProgressBar:
    """A tqdm bar over the most steps that a fit may take; nothing where there is no terminal."""

    def __init__(self, total, shown):
        hidden = not shown or sys.stderr is None  # which it is where the shell has closed it, `2>&-`
        self._tqdm = tqdm(total=total, unit="step", disable=True if hidden else None, dynamic_ncols=True)
        self._count = 0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._tqdm.close()

    def update(self, path):
        """Count a step, and now and then say where the fit stands."""
        self._count += 1
        if self._count % EVERY == 0 and not self._tqdm.disable:
            self._tqdm.set_postfix_str(
                f"bound {path.bound:.2f} nats, stage {len(path.stages) + 1}", refresh=False
            )
            self._tqdm.update(EVERY)
