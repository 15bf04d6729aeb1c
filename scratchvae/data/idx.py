"""The IDX format of MNIST: a magic number, the sizes of the axes, the bytes.

Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits.
"""

import math

import numpy as np

from scratchvae.data.files import read_bytes
from scratchvae.data.mapped import is_large

_MAGIC = b"\0\0\x08"  # two zeros, then the type: 8 is unsigned byte; the number of axes follows
_LONGEST = 4 + 4 * 255  # bytes of a header


def read_idx(path):
    """Return the array in an IDX file of unsigned bytes, gzipped or not.

    Returns
    -------
    array of uint8
        Read-only, of the shape that the file declares; a `numpy.memmap` of a large file that is not gzipped.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no IDX file of bytes, or does not hold exactly the bytes that it declares.
    """
    if is_large(path, _MAGIC):
        content = np.memmap(path, np.uint8, mode="r")
    else:
        content = np.frombuffer(read_bytes(path), np.uint8)
    shape, start = _header(path, content)
    return content[start:].reshape(shape)


def _header(path, content):
    """The shape that the first bytes declare, and where the values begin."""
    first = content[:_LONGEST].tobytes()
    if not first.startswith(_MAGIC) or len(first) < 4 or first[3] == 0:
        raise ValueError(
            f"{path} is no IDX file of bytes: it begins with {first[:4].hex(' ')}, not with "
            f"00 00 08 and the number of axes."
        )
    start = 4 + 4 * first[3]
    if len(first) < start:
        raise ValueError(f"{path} ends within its header; fetch it again.")
    shape = tuple(map(int, np.frombuffer(first[4:start], ">u4")))
    declared, present = math.prod(shape), len(content) - start
    if declared != present:
        raise ValueError(
            f"{path} declares {shape}, that is {declared} bytes, but {present} follow its header; "
            f"fetch it again."
        )
    return shape, start
