import gzip
import struct

import numpy as np
import pytest

from scratchvae.data.idx import read_idx


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_what_was_written_is_read(tmp_path, idx_bytes, shape, pack):
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    (tmp_path / "f").write_bytes(pack(idx_bytes(array)))
    np.testing.assert_array_equal(read_idx(tmp_path / "f"), array)


WHOLE = struct.pack(">BBBBII", 0, 0, 8, 2, 2, 3) + bytes(6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (WHOLE[:-1], r"declares \(2, 3\), that is 6 bytes, but 5 follow"),
        (WHOLE + b"x", r"declares \(2, 3\), that is 6 bytes, but 7 follow"),
        (WHOLE[:9], "ends within its header"),
        (WHOLE[:3], "begins with 00 00 08, not"),
        (b"\0\0\x0d" + WHOLE[3:], "no IDX file of bytes: it begins with 00 00 0d 02"),
        (b"\0\0\x08\0", "number of axes"),
        (b"<html>", "no IDX file"),
        (struct.pack(">BBBBII", 0, 0, 8, 2, 2**32 - 1, 2**32 - 1), "but 0 follow"),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path, content, message):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match=f"file.*{message}"):
        read_idx(tmp_path / "file")
