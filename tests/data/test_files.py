import gzip
from pathlib import Path

import pytest

from scratchvae.data.files import read_bytes


def test_plain_and_gzipped_give_the_same(tmp_path):
    (tmp_path / "plain").write_bytes(b"content")
    (tmp_path / "packed").write_bytes(gzip.compress(b"content"))
    assert read_bytes(tmp_path / "plain") == read_bytes(tmp_path / "packed") == b"content"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file .*nothing"):
        read_bytes(tmp_path / "nothing")


def test_a_directory_is_named(tmp_path):
    with pytest.raises(OSError, match="is a directory|cannot be read"):
        read_bytes(tmp_path)


def test_an_unreadable_file_is_named(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(OSError, match="secret cannot be read: Permission denied"):
        read_bytes(tmp_path / "secret")


@pytest.mark.parametrize("content", [b"", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_an_error(tmp_path, content):
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(ValueError, match="is empty"):
        read_bytes(tmp_path / "f")


def damaged():
    whole = gzip.compress(bytes(range(256)) * 10, mtime=0)
    yield whole[:-9]
    yield whole[:5]
    yield whole[:12] + bytes([whole[12] ^ 255]) + whole[13:]
    yield whole[:-8] + bytes(8)  # the checksum
    yield whole + b"more"


@pytest.mark.parametrize("content", list(damaged()))
def test_a_damaged_gzip_file_is_an_error(tmp_path, content):
    (tmp_path / "f.gz").write_bytes(content)
    with pytest.raises(ValueError, match=r"f\.gz is a damaged gzip file"):
        read_bytes(tmp_path / "f.gz")
