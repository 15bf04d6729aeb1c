"""The IDX format of MNIST: a magic number, the sizes of the axes, the bytes.

Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits.
"""

import math

import numpy as np

from scratchvae.data.files import read_bytes

_MAGIC = b"\0\0\x08"  # two zeros, then the type: 8 is unsigned byte; the number of axes follows


def read_idx(path):
    """Return the array in an IDX file of unsigned bytes, gzipped or not.

    Returns
    -------
    array of uint8
        Read-only, of the shape that the file declares.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no IDX file of bytes, or does not hold exactly the bytes that it declares.
    """
    content = read_bytes(path)
    if not content.startswith(_MAGIC) or len(content) < 4 or content[3] == 0:
        raise ValueError(
            f"{path} is no IDX file of bytes: it begins with {content[:4].hex(' ')}, not with "
            f"00 00 08 and the number of axes."
        )
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"{path} ends within its header; fetch it again.")
    shape = tuple(map(int, np.frombuffer(content[4:start], ">u4")))
    declared, present = math.prod(shape), len(content) - start
    if declared != present:
        raise ValueError(
            f"{path} declares {shape}, that is {declared} bytes, but {present} follow its header; "
            f"fetch it again."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
