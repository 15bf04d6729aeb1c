"""What a solution has no business with: the answers, other processes, the network, files.

An audit hook (PEP 578) refuses, with a sentence. It cannot be removed from within Python; but it is no
security boundary: code that wants to get around it can, by C. Run by its path, so it imports the standard
library alone.
"""

import os
import sys
import sysconfig

#: Beginnings of events that are refused, and what the student is told.
REFUSED = {
    "os.kill": "a solution may not end other processes",
    "os.killpg": "a solution may not end other processes",
    "signal.pthread_kill": "a solution may not end other processes",
    "os.fork": "a solution may not start other processes",
    "os.forkpty": "a solution may not start other processes",
    "os.exec": "a solution may not become another program",
    "os.spawn": "a solution may not start other processes",
    "os.posix_spawn": "a solution may not start other processes",
    "os.startfile": "a solution may not start other processes",
    "os.system": "a solution may not start other processes",
    "pty.spawn": "a solution may not start other processes",
    "subprocess.Popen": "a solution may not start other processes",
    "socket.": "a solution may not use the network",
    "os.remove": "a solution may not delete files",
    "os.rmdir": "a solution may not delete files",
    "os.rename": "a solution may not rename files",
    "os.link": "a solution may not make links",
    "os.symlink": "a solution may not make links",
    "os.chmod": "a solution may not change files",
    "os.chown": "a solution may not change files",
    "os.truncate": "a solution may not change files",
    "resource.": "a solution may not change the limits",
}
#: The package that has the answers.
FORBIDDEN = "scratchvae"


class Answers:
    """Finder on ``sys.meta_path`` that refuses to import the package with the answers."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Raise ImportError for scratchvae; leave all else to the usual finders."""
        if name.partition(".")[0] == FORBIDDEN:
            raise ImportError(f"{FORBIDDEN} is not there: these functions are to be written with NumPy alone")


def install(forbidden):
    """Refuse, for good, what is in `REFUSED`, and to open anything but Python's own libraries.

    Parameters
    ----------
    forbidden : list of str
        Folders that are never read, though they may lie among the libraries.
    """
    sys.meta_path.insert(0, Answers)
    allowed, forbidden = _libraries(), [os.path.realpath(folder) for folder in forbidden]
    # Bound here: what a solution does to the modules os and sys is of no effect on the hook.
    realpath, fsdecode, separator, nowhere = (
        os.path.realpath,
        os.fsdecode,
        os.sep,
        os.path.realpath(os.devnull),
    )
    writing, refused = os.O_WRONLY | os.O_RDWR | os.O_CREAT, tuple(REFUSED.items())

    def within(path, folders):
        return any(path == folder or path.startswith(folder + separator) for folder in folders)

    def hook(event, args):
        if event == "open" and isinstance(args[0], str | bytes):
            path = realpath(fsdecode(args[0]))
            writes = bool(args[2] & writing) and path != nowhere
            if writes or within(path, forbidden) or not within(path, allowed):
                raise PermissionError("a solution may not read or write files")
        for beginning, sentence in refused:
            if event.startswith(beginning):
                raise PermissionError(sentence)

    sys.addaudithook(hook)


def _libraries():
    """The folders of Python, its libraries and the packages, and two devices."""
    folders = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    packages = [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]
    return [os.path.realpath(path) for path in (*folders, *packages, os.devnull, "/dev/urandom")]
