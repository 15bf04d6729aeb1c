"""Messages between the grader and the process that runs a student's file: JSON, then arrays, and no pickle.

A frame is two lengths of eight bytes, the JSON and the arrays as ``numpy.save`` writes them. In the JSON a
value is ``{kind: content}``. The other process runs this file by its path, so it imports NumPy alone.
"""

import io
import json
import struct

import numpy as np

#: Bytes that one message may have; a longer one is not read.
LARGEST = 64_000_000
_LENGTHS = struct.Struct(">QQ")
_PLAIN = (bool, int, float, str, type(None))


def write(stream, message, values=()):
    """Write one frame: a dict that JSON can hold, and a list of arrays."""
    blob = io.BytesIO()
    for value in values:
        np.lib.format.write_array(blob, value, allow_pickle=False)
    text = json.dumps(message).encode()
    stream.write(_LENGTHS.pack(len(text), blob.tell()) + text + blob.getvalue())
    stream.flush()


def read(stream):
    """The next frame as (dict, list of arrays); EOFError at the line's end, ValueError if it is no frame."""
    n_text, n_blob = _LENGTHS.unpack(_exactly(stream, _LENGTHS.size))
    if n_text + n_blob > LARGEST:
        raise ValueError(f"a message of {n_text + n_blob} bytes")
    message = json.loads(_exactly(stream, n_text))
    blob, arrays = io.BytesIO(_exactly(stream, n_blob)), []
    while blob.tell() < n_blob:
        arrays.append(np.lib.format.read_array(blob, allow_pickle=False))
    return message, arrays


def _exactly(stream, n):
    data = stream.read(n)
    if len(data) < n:
        raise EOFError("the other process has ended")
    return data


def encode(value, arrays):
    """`value` as JSON can hold it; arrays go to the end of the list `arrays`."""
    if type(value) in _PLAIN:
        return {"plain": value} if _is_short(value) else _described(value)
    if isinstance(value, tuple | list) and len(value) <= 100:
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [encode(entry, arrays) for entry in value]}
    if isinstance(value, np.ndarray | np.generic):
        return _encode_array(value, arrays)
    return _described(value)


def _is_short(value):
    return not (isinstance(value, int) and value.bit_length() > 1000) and not (
        isinstance(value, str) and len(value) > 1000
    )


def _encode_array(value, arrays):
    array = np.asarray(value)
    if np.ma.isMaskedArray(value) or array.dtype.kind not in "buifc" or array.nbytes > LARGEST // 4:
        return {"other": f"{type(value).__name__} of dtype {str(array.dtype)[:40]} and shape {array.shape}"}
    arrays.append(np.array(array))  # no subclass, no strange memory
    return {"scalar" if isinstance(value, np.generic) else "array": len(arrays) - 1}


def _described(value):
    return {"other": type(value).__name__[:80]}


def decode(tree, arrays, makers=None):
    """The value of what `encode` gave; what could not be sent comes as `Other`.

    `makers` adds kinds, {kind: function of the content}. The grader reads answers without any.
    """
    (kind, content), *_ = tree.items()
    if kind == "plain":
        return content
    if kind in ("array", "scalar"):
        return arrays[content] if kind == "array" else arrays[content][()]
    if kind in ("tuple", "list"):
        return (tuple if kind == "tuple" else list)(decode(entry, arrays, makers) for entry in content)
    if makers and kind in makers:
        return makers[kind](content)
    return Other(str(content))


class Other:
    """What is neither number, text, array nor a tuple or list of these: its description."""

    def __init__(self, description):
        self.description = description

    def __repr__(self):
        return self.description
