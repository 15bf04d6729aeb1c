"""Files written whole or not at all, and read without ever running a pickle."""

import contextlib
import errno
import json
import lzma
import math
import os
import tempfile
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

from scratchvae.validation import path_like

META = "meta"
#: What zipfile, its decompressors and NumPy raise at a file that is cut short or altered.
DAMAGE = (
    EOFError,
    KeyError,
    MemoryError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
#: The bits that new files lack. Asking for them means setting them, so it is done once, at import.
UMASK = os.umask(0)
os.umask(UMASK)


@contextlib.contextmanager
def atomic_write(path, mode="wb"):
    """Open a temporary file beside `path` that takes its place only when all is on the disk.

    Whatever goes wrong before (no space, a signal, an exception), the earlier file stays as it was.

    Raises
    ------
    OSError
        If the folder cannot be written or the disk is full; the message names `path`.
    """
    target = _target(path)
    temporary = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, mode) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~UMASK)
        os.replace(temporary, target)
    except OSError as error:
        kept = " The earlier file is kept." if target.is_file() else ""
        reason = "its folder is a file" if isinstance(error, FileExistsError) else error.strerror or error
        raise OSError(*filter(None, [error.errno]), f"cannot save to {path}: {reason}.{kept}") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)


def writable_folder(folder):
    """Make a folder for results and return it, or raise an OSError: before any time is spent on them."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, f"{folder} is a file, not a folder; name another.") from None
    except OSError as error:
        raise OSError(error.errno, f"cannot write to the folder {folder}: {error.strerror}.") from None


def remove_leftovers(path):
    """Remove the temporary files that killed processes left beside `path`."""
    path = Path(path)
    for leftover in path.parent.glob(f".{path.name}.*"):
        with contextlib.suppress(OSError):
            leftover.unlink()


def _target(path):
    """The file that `path` means: what a link points to, so that the link stays."""
    target = path_like(path, "a file to save to").resolve()
    if target.exists() and not target.is_file():
        raise OSError(f"cannot save to {path}: there is something that is not a file.")
    return target


def save_npz(path, arrays, meta):
    """Write arrays and a JSON-serialisable `meta` to one npz file, atomically."""
    with atomic_write(path) as file:
        np.savez(file, **arrays, **{META: np.array(json.dumps(meta))})


def load_npz(path):
    """Read what `save_npz` wrote.

    Returns
    -------
    arrays : dict of str to array
    meta : object

    Raises
    ------
    OSError
        If there is no such file or it cannot be read.
    ValueError
        If it is not an npz file, is damaged, holds pickled objects, or was written by something else.
    """
    path = path_like(path, "a file to read")
    try:
        with path.open("rb") as file:
            arrays = _read_arrays(file)
    except OSError as error:
        raise type(error)(error.errno, f"cannot read {path}: {error.strerror or error}") from None
    except DAMAGE as error:
        if "allow_pickle" in str(error):
            raise ValueError(f"{path} holds pickled objects, which are never loaded.") from None
        raise ValueError(f"{path} is damaged: {error}") from error
    return arrays, _read_meta(arrays.pop(META, None), path)


def json_text(value, **options):
    """The value as JSON, which knows no NaN and no infinity: null in their place."""
    return json.dumps(_without_nan(value), **options)


def _without_nan(value):
    if isinstance(value, dict):
        return {key: _without_nan(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _read_arrays(file):
    if not zipfile.is_zipfile(file):
        raise ValueError("it is not an npz file, or it is cut short.")
    file.seek(0)
    with np.load(file, allow_pickle=False) as npz:
        arrays = {name: npz[name] for name in npz.files}
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError("it holds something other than arrays.")
    return arrays


def _read_meta(array, path):
    if array is None or array.dtype.kind != "U" or array.ndim:
        raise ValueError(f"{path} was not saved by scratchvae: it has no description of itself.")
    try:
        return json.loads(array.item())
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: its description cannot be read ({error}).") from None
