import gzip

import numpy as np
import pytest

from scratchvae.data.csv_files import read_csv


@pytest.mark.parametrize(
    "text",
    [
        "1,2.5\n-3,4e1\n",
        "a,b\n1,2.5\n-3,4e1\n",
        '"a","b"\n1,2.5\n-3,4e1',
        "1, 2.5\r\n-3 ,4e1\r\n",
        "\ufeff1,2.5\n\n-3,4e1\n\n",
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_numbers_with_and_without_a_header(tmp_path, text, pack):
    (tmp_path / "f").write_bytes(pack(text.encode()))
    np.testing.assert_array_equal(read_csv(tmp_path / "f"), [[1, 2.5], [-3, 40]])


def test_one_column_and_one_row_keep_two_axes(tmp_path):
    (tmp_path / "column").write_text("1\n2\n3\n")
    (tmp_path / "row").write_text("1,2,3\n")
    assert read_csv(tmp_path / "column").shape == (3, 1)
    assert read_csv(tmp_path / "row").shape == (1, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n3\n", "row 2 has 1 fields, the first row of numbers has 2"),
        ("a,b\n1,2\n3,4,5\n", "row 3 has 3 fields"),
        ("1,2\n3,x\n", "row 2, field 2 is 'x', not a finite number"),
        ("a,b\n1,2\n\n3,nan\n", "row 4, field 2 is 'nan'"),
        ("1,2\ninf,4\n", "row 2, field 1 is 'inf'"),
        ("1,x\n3,4\n", "row 1, field 2 is 'x'"),  # half a header is no header
        ("1,2\n3,\n", "row 2, field 2 is ''"),
        ("a,b\nc,d\n", "row 2, field 1 is 'c'"),
        ("1,2\n1_0,3\n", "not plain decimal numbers"),
        ("a,b\n", "no row of numbers"),
        ("\n\n", "no row of numbers"),
        ("1;2\n3;4\n", "no row of numbers|'3;4'"),
        ("", "is empty"),
    ],
)
def test_what_is_no_table_of_numbers_is_named_with_its_row(tmp_path, text, message):
    (tmp_path / "f.csv").write_text(text)
    with pytest.raises(ValueError, match=rf"f\.csv.*({message})"):
        read_csv(tmp_path / "f.csv")


def test_what_is_no_text_is_an_error(tmp_path):
    (tmp_path / "f.csv").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(ValueError, match=r"f\.csv is no text"):
        read_csv(tmp_path / "f.csv")
