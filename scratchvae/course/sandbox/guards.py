"""What a solution has no business with: the answers, other processes, the network, files.

An audit hook (PEP 578) refuses, with a sentence. It cannot be removed from within Python; but it is no
security boundary: code that wants to get around it can, by C. Run by its path, so it imports the standard
library alone.
"""

import builtins
import contextlib
import importlib.util
import os
import sys
import sysconfig
import types

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
    "os.chdir": "a solution may not leave its folder",
    "os.fchdir": "a solution may not leave its folder",
    "gc.": "a solution may not go through the memory of Python",
    "ctypes.dlopen": "a solution may not call C",
    "ctypes.dlsym": "a solution may not call C",
    "ctypes.call_function": "a solution may not call C",
}
#: What SciPy asks C for, which no file and no process can be reached by.
HARMLESS = "PyCapsule_"
#: The one way to a new process that raises no event of its own.
FORKS = "_posixsubprocess"
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
    _without_forks()
    # All that the hook calls is bound here, or in modules of its own: what a solution does to os, to
    # posixpath or to the builtins is of no effect on it. Tuples, for a traceback shows a frame's variables.
    allowed, forbidden = _libraries(), tuple(os.path.realpath(folder) for folder in forbidden)
    realpath, plain, separator = _private_paths().realpath, _plain, os.sep
    nowhere, harmless, forks = realpath(os.devnull), HARMLESS, FORKS
    writing, refused = os.O_WRONLY | os.O_RDWR | os.O_CREAT, tuple(REFUSED.items())

    def within(path, folders):
        return any(path == folder or path.startswith(folder + separator) for folder in folders)

    def hook(event, args):
        if event == "open" and isinstance(args[0], str | bytes):
            path = realpath(plain(args[0]))
            writes = bool(args[2] & writing) and path != nowhere
            if writes or within(path, forbidden) or not within(path, allowed):
                raise PermissionError("a solution may not read or write files")
        if event == "ctypes.dlsym" and isinstance(args[1], str) and args[1].startswith(harmless):
            return
        if event == "import" and args[0] == forks:
            raise PermissionError("a solution may not start other processes")
        for beginning, sentence in refused:
            if event.startswith(beginning):
                raise PermissionError(sentence)

    sys.addaudithook(hook)


def _plain(path):
    """A path as the system will see it, whatever a subclass of str or bytes says of itself."""
    return str.__str__(path) if isinstance(path, str) else bytes.decode(path, "utf-8", "surrogateescape")


def _private_paths():
    """A second os.path, with an os and builtins of its own, which nobody else can change."""
    spec = importlib.util.spec_from_file_location("paths", os.path.__file__)
    paths = importlib.util.module_from_spec(spec)
    paths.__builtins__ = dict(vars(builtins))
    spec.loader.exec_module(paths)
    paths.os = types.SimpleNamespace(**vars(os))
    return paths


def _without_forks():
    """Put a refusal in the place of fork_exec, which raises no event, in the modules that have it."""

    def refuse(*args):
        raise PermissionError("a solution may not start other processes")

    with contextlib.suppress(ImportError):  # not on Windows
        importlib.import_module(FORKS)
    for name, attribute in ((FORKS, "fork_exec"), ("subprocess", "_fork_exec")):
        if hasattr(sys.modules.get(name), attribute):
            setattr(sys.modules[name], attribute, refuse)


def _libraries():
    """The folders of Python, its libraries and the packages, and two devices."""
    folders = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    packages = [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]
    return tuple(os.path.realpath(path) for path in (*folders, *packages, os.devnull, "/dev/urandom"))
