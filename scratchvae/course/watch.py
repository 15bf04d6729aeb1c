"""Grade a file again whenever it is saved."""

import os
import time


def changes(path, *, every=0.3, sleep=time.sleep):
    """Yield once, and then after each change of the file, for ever.

    Parameters
    ----------
    path : path
    every : float
        Seconds between two looks.
    sleep : callable
        What waits, ``time.sleep``.
    """
    seen = _state(path)
    yield
    while True:
        sleep(every)
        state = _state(path)
        if state is not None and state != seen:  # an editor may take it away for a moment
            seen = state
            yield


def _state(path):
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
