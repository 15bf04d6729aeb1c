"""Limits on memory, processor time, processes and files, where the system has them.

Run by its path in the process of the student's file, so it imports the standard library alone.
"""

import contextlib

#: Bytes that all files together may have that a solution writes; it needs none.
FILE_BYTES = 1_000_000


def apply(megabytes, seconds):
    """Set the limits on this process, for good; return the names of those that hold.

    Parameters
    ----------
    megabytes : int
        What may be taken on top of what Python and NumPy, already loaded, have.
    seconds : int
        Of processor time, for everything. It ends what outlives the grader.
    """
    try:
        import resource
    except ImportError:  # not on Windows
        return []
    wanted = {
        "memory": ("RLIMIT_AS", _in_use() + megabytes * 2**20),
        "processor time": ("RLIMIT_CPU", seconds),
        "processes": ("RLIMIT_NPROC", 0),
        "file size": ("RLIMIT_FSIZE", FILE_BYTES),
        "core": ("RLIMIT_CORE", 0),
    }
    return [name for name, limit in wanted.items() if _set(resource, *limit)]


def _set(resource, name, value):
    if hasattr(resource, name):
        with contextlib.suppress(ValueError, OSError):  # macOS knows RLIMIT_AS and refuses it
            resource.setrlimit(getattr(resource, name), (value, value))
            return True
    return False


def _in_use():
    """Bytes of address space that this process has already."""
    try:
        with open("/proc/self/statm") as pages:
            n_pages = int(pages.read().split()[0])
    except OSError:  # no such file outside of Linux
        return 512 * 2**20
    import resource

    return n_pages * resource.getpagesize()
