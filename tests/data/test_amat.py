import gzip

import numpy as np
import pytest

from scratchvae.data.amat import read_amat


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("n_columns", [1, 2, 784])
def test_what_was_written_is_read(tmp_path, amat_bytes, pack, n_columns):
    rows = np.random.default_rng(0).integers(0, 2, (9, n_columns))
    (tmp_path / "f.amat").write_bytes(pack(amat_bytes(rows)))
    read = read_amat(tmp_path / "f.amat", n_columns)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, rows)


def test_the_last_line_may_lack_its_end(tmp_path):
    (tmp_path / "f.amat").write_bytes(b"0 1 1\n1 0 0")
    assert read_amat(tmp_path / "f.amat", 3).tolist() == [[0, 1, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"0 1 1\n1 0\n", "has 2 values in line 2, not 3"),
        (b"0 1 1\n1 0", "has 2 values in line 2, not 3"),
        (b"0 1 1\n1 0 ", "has '' in line 2"),
        (b"0 1 1 1\n", "has 4 values in line 1, not 3"),
        (b"0 1\n0 1\n0 1\n", "has 2 values in line 1, not 3"),
        (b"0 1 2\n", "has '2' in line 1"),
        (b"0 1 1\n0 1 a\n", "has 'a' in line 2"),
        (b"0  1 1\n", "has '' in line 1"),
        (b"0 1 1 \n", "has '' in line 1"),
        (b"0,1,1\n", "has '0,1,1' in line 1"),
        (b"0\t1 1\n", "has '0.t1' in line 1"),
        (b"0 1\n1\n", "has 2 values in line 1, not 3"),
        (b"0 1 1\n\n0 1 1\n", "has '' in line 2"),
        (b"0 1 1\r\n", "has '1.r' in line 1"),
        (b"0 \xff 1\n", "has '.xff' in line 1"),
        (b"1.0 0 1\n", "has '1.0' in line 1"),
        (b"<html>\n", "has '<html>' in line 1"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(tmp_path, content, message):
    (tmp_path / "f.amat").write_bytes(content)
    with pytest.raises(ValueError, match=rf"f\.amat {message}"):
        read_amat(tmp_path / "f.amat", 3)


def test_any_one_wrong_byte_is_seen(tmp_path):
    """At every place of a well-formed text, every other byte that is not that place's twin."""
    whole = b"0 1\n1 0\n"
    for place in range(len(whole)):
        for byte in set(range(256)) - {whole[place]} - (set(b"01") if whole[place] in b"01" else set()):
            (tmp_path / "f").write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
            with pytest.raises(ValueError, match="in line"):
                read_amat(tmp_path / "f", 2)
