"""Small files in the formats that the loaders read."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from scratchvae.data import stored
from scratchvae.data.sources import ENVIRONMENT_VARIABLE

REAL_DATA = os.environ.get(ENVIRONMENT_VARIABLE)


@pytest.fixture(autouse=True)
def no_data_folder(monkeypatch):
    """Tests see the machine's own data only where they ask for it, through `real_data`."""
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)


@pytest.fixture
def real_data():
    if not REAL_DATA:
        pytest.skip(f"{ENVIRONMENT_VARIABLE} is not set")
    return Path(REAL_DATA).resolve()


@pytest.fixture
def idx_bytes():
    def encode(array):
        return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()

    return encode


@pytest.fixture
def amat_bytes():
    def encode(rows):
        return "".join(" ".join(map(str, row)) + "\n" for row in rows.tolist()).encode()

    return encode


@pytest.fixture
def small_sets(tmp_path, monkeypatch, idx_bytes, amat_bytes):
    """A data folder with all three MNIST sets at 5 + 3 training and 4 test images."""
    monkeypatch.setattr(stored, "SIZES", {"train": 5, "valid": 3, "test": 4})
    rng = np.random.default_rng(0)
    arrays = {}
    for name in ("mnist", "fashion_mnist"):
        (tmp_path / name).mkdir()
        for prefix, n in (("train", 8), ("t10k", 4)):
            images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
            labels = rng.integers(0, 10, n, dtype=np.uint8)
            arrays[name, prefix] = images.reshape(n, 784), labels
            (tmp_path / name / f"{prefix}-images-idx3-ubyte").write_bytes(idx_bytes(images))
            (tmp_path / name / f"{prefix}-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    (tmp_path / "binarized_mnist").mkdir()
    for split, n in stored.SIZES.items():
        arrays["binarized_mnist", split] = rng.integers(0, 2, (n, 784), dtype=np.uint8)
        path = tmp_path / "binarized_mnist" / f"binarized_mnist_{split}.amat"
        path.write_bytes(amat_bytes(arrays["binarized_mnist", split]))
    return tmp_path, arrays
