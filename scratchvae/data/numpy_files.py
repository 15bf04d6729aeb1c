"""Arrays in NumPy's own files; pickled objects in them are never loaded, for they can run any code."""

import io

import numpy as np

from scratchvae.data.files import read_bytes
from scratchvae.data.mapped import is_large
from scratchvae.storage import DAMAGE

MAGIC = b"\x93NUMPY"


def read_numpy(path):
    """Return the data and the labels in a ``.npy`` or ``.npz`` file.

    Parameters
    ----------
    path : str or path
        In an ``.npz`` the data is the array ``x``, or the only array apart from ``labels``. A large ``.npy``
        file is mapped into memory, not read: it must not be changed while it is in use.

    Returns
    -------
    x : array
        A `numpy.memmap` of a large ``.npy``.
    labels : array or None

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no NumPy file, is damaged, holds pickled objects, or does not say which array is meant.
    """
    content = None if is_large(path, MAGIC) else _content(path)
    try:
        arrays = _mapped(path) if content is None else _arrays(content)
    except (OSError, *DAMAGE) as error:
        if "allow_pickle" in str(error) or "Python objects" in str(error):
            raise ValueError(
                f"{path} holds pickled objects, and pickles are never loaded; save plain numbers."
            ) from None
        raise ValueError(f"{path} is a damaged NumPy file ({str(error)[:80]!r}); write it again.") from None
    labels = arrays.pop("labels", None)
    if "x" in arrays:
        return arrays["x"], labels
    if len(arrays) != 1:
        raise ValueError(
            f"{path} holds the arrays {sorted(arrays)}; call the data x, and the labels, if any, labels."
        )
    return next(iter(arrays.values())), labels


def _content(path):
    content = read_bytes(path)
    if content.startswith((MAGIC, b"PK")):
        return content
    raise ValueError(
        f"{path} is no NumPy file; write it with numpy.save or numpy.savez (pickles are never loaded)."
    )


def _mapped(path):
    return {"x": np.load(path, mmap_mode="r", allow_pickle=False)}


def _arrays(content):
    loaded = np.load(io.BytesIO(content), allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return {"x": loaded}
    with loaded:
        arrays = {name: loaded[name] for name in loaded.files}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # NumPy gives the bytes of what is no array
            raise ValueError(f"{name} is no array")
    return arrays
