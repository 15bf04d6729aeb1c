"""A lock on a run's folder, so that no two processes write the same checkpoint."""

import contextlib
import fcntl


class BusyError(OSError):
    """Another process is at work in the folder."""


@contextlib.contextmanager
def only_one(folder, wait=False):
    """Hold the folder for this process; the system lets go of it however the process ends.

    Parameters
    ----------
    folder : Path
    wait : bool
        Until the other process is done, in place of raising.

    Raises
    ------
    BusyError
        If another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(f"another process is at work in {folder}: wait for it, or stop it.") from None
        yield
