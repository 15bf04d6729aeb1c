"""Bad input to every command: status 2, one sentence on standard error, nothing written."""

import numpy as np
import pytest
from command_line import SMALL, refused

import scratchvae as sv
from scratchvae import kernels

WHOLE = "must be a whole number of at least"


@pytest.fixture(autouse=True, scope="module")
def numpy_kernels():
    with kernels.using("numpy"):
        yield


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of files, good and bad, to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCRATCHVAE_DATA", raising=False)
    rng = np.random.default_rng(0)
    sv.VAE(784, 2, hidden=(4,)).save("model.npz")
    content = (tmp_path / "model.npz").read_bytes()
    (tmp_path / "short.npz").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.npz").write_text("no model")
    (tmp_path / "empty.npz").write_bytes(b"")
    np.savez("arrays.npz", x=np.eye(20, 4))
    np.savez("pickle.npz", x=np.array([{"a": 1}], dtype=object))
    np.save("pickle.npy", np.array([{"a": 1}], dtype=object))
    np.save("nan.npy", np.full((40, 6), np.nan))
    np.save("gray.npy", rng.random((40, 6)))
    np.save("bits.npy", rng.integers(0, 2, (40, 6)))
    np.save("large.npy", rng.integers(0, 256, (40, 6)).astype(float))
    np.save("bytes.npy", rng.integers(0, 256, (40, 6)).astype(np.uint8))
    np.save("few.npy", np.eye(2))
    np.save("none.npy", np.empty((0, 6)))
    np.save("vector.npy", np.ones(40))
    np.save("words.npy", np.array(["a", "b"]))
    (tmp_path / "words.csv").write_text("1,0\n0,x\n")
    (tmp_path / "ragged.csv").write_text("1,0\n0,1,1\n")
    (tmp_path / "data.txt").write_text("1 0\n")
    (tmp_path / "folder.npy").mkdir()
    (tmp_path / "bits.pt").write_bytes(b"")
    return tmp_path


TRAIN = {
    "--rows 0": f"--rows {WHOLE} 1, not 0",
    "--rows -3": f"--rows {WHOLE} 1, not -3",
    "--hidden abc": "--hidden takes widths such as 500 or 256,256, not 'abc'",
    "--hidden 8,x": "--hidden takes widths",
    "--hidden 0": f"a width in hidden {WHOLE} 1, not 0",
    "--hidden -5": f"a width in hidden {WHOLE} 1, not -5",
    "--hidden 1.5": "--hidden takes widths",
    "--latent 0": f"n_latent {WHOLE} 1, not 0",
    "--latent 1000000000000": "not enough memory: Unable to allocate",
    "--epochs 0": f"--epochs {WHOLE} 1, not 0",
    "--epochs -1": f"--epochs {WHOLE} 1, not -1",
    "--batch-size 0": f"--batch-size {WHOLE} 1, not 0",
    "--batch-size -20": f"--batch-size {WHOLE} 1, not -20",
    "--samples 0": f"n_samples {WHOLE} 1, not 0",
    "--patience 0": f"patience {WHOLE} 1, not 0",
    "--seed -1": f"seed {WHOLE} 0, not -1",
    "--lr 0": "lr must lie in (0, inf), not 0.0",
    "--lr -1": "lr must lie in (0, inf), not -1.0",
    "--lr nan": "lr must lie in (0, inf), not nan",
    "--lr inf": "lr must lie in (0, inf), not inf",
    "--lr nan --schedule cosine": "lr must lie in (0, inf), not nan",
    "--warm-up -2": f"steps {WHOLE} 1, not -2",
    "--clip 0": "clip must lie in (0, inf], not 0",
    "--clip nan": "clip must lie in",
    "--activation tahn": "unknown activation 'tahn'; did you mean 'tanh'?",
    "--likelihood bernouli": "unknown likelihood 'bernouli'; did you mean 'bernoulli'?",
    "--likelihood normal_fixed:0": "likelihood 'normal_fixed:0': sigma must lie in (0, inf)",
    "--likelihood categorical:1": "likelihood 'categorical:1': the number of gray levels",
    "--likelihood categorical:x": "likelihood 'categorical:x'",
    "--likelihood bernoulli:2": "takes no number",
    "--likelihood categorical:16": "needs x of whole numbers from 0 to 15",
    "--optimizer adm": "unknown optimizer 'adm'; did you mean 'adam'?",
    "--bound elb": "unknown bound 'elb'; did you mean 'elbo'?",
    "--bound renyi:inf": "bound 'renyi:inf': alpha must lie in (-inf, inf)",
    "--bound beta:-1": "bound 'beta:-1': beta must lie in [0, inf), not -1",
    "--bound free_bits:-1": "bound 'free_bits:-1': lambda must lie in [0, inf), not -1",
    "--kl-warm-up 500": "would never end: shorten the one or lengthen the other",
    "--kl-warm-up soon": "takes a whole number of epochs of at least 1",
    "--kl-warm-up 1 --bound iwae": "a bound in which KL stands by itself",
    "--dtype float16": "unknown dtype 'float16'; did you mean",
    "--data glyph": "unknown data set 'glyph'; did you mean 'glyphs'?",
    "--data nofile.npy": "There is no file nofile.npy; check its name.",
    "--data folder.npy": "folder.npy is a directory",
    "--data data.txt": "unknown kind of file '.txt'",
    "--data bits.pt": "unknown kind of file '.pt'",
    "--data nan.npy": "NaN or infinite entries",
    "--data none.npy": "with no empty axis, not (0, 6)",
    "--data vector.npy": "not (40,); reshape it",
    "--data words.npy": "must hold real numbers",
    "--data words.csv": "words.csv: row 2, field 2 is 'x', not a finite number",
    "--data ragged.csv": "ragged.csv: row 2 has 3 fields",
    "--data few.npy --rows 1": "few.npy has 2 rows, too few for a split 'valid'",
    "--data pickle.npy": "holds pickled objects",
    "--data pickle.npz": "holds pickled objects",
    "--data empty.npz": "empty.npz is empty",
    "--data text.npz": "text.npz is no NumPy file",
    "--data large.npy --rows 20": "gray levels run from 0 to 1; rescale it",
    "--data gray.npy --rows 20 --binarization none": "entries are gray",
    "--data bits.npy --rows 33": "has 32 rows, not 33; ask for fewer",
    "--data mnist --data-dir nowhere": "nowhere, where data sets are looked for, is no folder",
    "--likelihood normal_fixed:1" + 400 * "0": "is too large for a float",
    "--data ~nosuchuser/x.npy": "There is no file ~nosuchuser/x.npy; check its name.",
    "--data mnist --data-dir ~nosuchuser": "~nosuchuser, where data sets are looked for, is no folder",
    "--out model.npz": "model.npz is a file, not a folder; name another",
    "--out model.npz/below": "cannot write to the folder model.npz/below: Not a directory",
    "--lr 1e30": "training diverged",
}


@pytest.mark.parametrize("options", TRAIN)
def test_train(options, folder, capsys):
    before = set(folder.rglob("*"))
    assert TRAIN[options] in refused(capsys, "train", *SMALL, "--out", "run", *options.split())
    left = {path.name for path in set(folder.rglob("*")) - before}
    assert left <= {"run"}  # an empty folder at most


EVALUATE = {
    "nofile.npz": "cannot read nofile.npz: No such file or directory",
    "folder.npy": "cannot read folder.npy",
    "short.npz": "short.npz is damaged",
    "text.npz": "not an npz file",
    "empty.npz": "empty.npz is damaged",
    "arrays.npz": "was not saved by scratchvae",
    "pickle.npz": "pickled objects, which are never loaded",
    "bits.npy": "bits.npy is damaged: it is not an npz file",
    "model.npz --samples 0": f"n_samples {WHOLE} 1, not 0",
    "model.npz --samples -5": f"n_samples {WHOLE} 1, not -5",
    "model.npz --rows 0": f"--rows {WHOLE} 1, not 0",
    "model.npz --seed -1": f"seed {WHOLE} 0, not -1",
    "model.npz --split tets": "unknown split 'tets'; did you mean 'test'?",
    "model.npz --data bits.npy": "bits.npy has 6 values a row, but the model has n_data=784",
    "model.npz --data bits.npy --split all --seed -1": "values a row",
    "model.npz --data bits.npy --rows 5": "has 4 rows, not 5; ask for fewer",
    "model.npz --data nan.npy": "NaN or infinite",
    "model.npz --data glyphz": "did you mean 'glyphs'",
}


@pytest.mark.parametrize("options", EVALUATE)
def test_evaluate(options, capsys):
    assert EVALUATE[options] in refused(capsys, "evaluate", "--quiet", *options.split())


def test_evaluate_with_a_negative_seed_on_a_whole_file(capsys):
    sv.VAE(6, 2, hidden=(4,)).save("small.npz")
    argv = ["evaluate", "small.npz", "--data", "bits.npy", "--split", "all", "--seed", "-1"]
    assert f"seed {WHOLE} 0, not -1" in refused(capsys, *argv)


SAMPLE = {
    "nofile.npz": "cannot read nofile.npz",
    "short.npz": "short.npz is damaged",
    "model.npz -n 0": f"n {WHOLE} 1, not 0",
    "model.npz -n -4": f"n {WHOLE} 1, not -4",
    "model.npz -n 100000000000000": "not enough memory: Unable to allocate",
    "model.npz --seed -1": f"--seed {WHOLE} 0, not -1",
    "model.npz --out x.jpg": "--out must end in .png or .npy, not 'x.jpg'",
    "model.npz --out x": "--out must end in .png or .npy, not 'x'",
    "model.npz --out model.npz/x.png": "cannot save to model.npz/x.png",
    "model.npz --out model.npz/x.npy": "cannot save to model.npz/x.npy",
    "model.npz --shape 28": "--shape takes height x width, such as 28x28, not '28'",
    "model.npz --shape 28x28x1": "--shape takes height x width",
    "model.npz --shape axb": "--shape takes height x width",
    "model.npz --shape 20x20": "784 values make no image of 20x20",
    "model.npz --shape 0x0": "make no image of 0x0",
    "model.npz --shape -28x-28": "make no image of -28x-28",
}


@pytest.mark.parametrize("options", SAMPLE)
def test_sample(options, folder, capsys):
    before = set(folder.rglob("*"))
    options = options.replace("--shape ", "--shape=").split()
    assert SAMPLE[" ".join(options).replace("--shape=", "--shape ")] in refused(capsys, "sample", *options)
    assert set(folder.rglob("*")) == before


def test_sample_of_what_is_no_square_image(capsys):
    sv.VAE(6, 2, hidden=(4,)).save("small.npz")
    assert "6 values make no image of 2x2; give --shape HxW" in refused(capsys, "sample", "small.npz")


OTHERS = {
    "gradcheck --only nonsense": "no piece has 'nonsense' in its name",
    "gradcheck --seed -1": f"--seed {WHOLE} 0, not -1",
    "demo --epochs 0": f"epochs {WHOLE} 1, not 0",
    "demo --epochs -1 --quick": f"epochs {WHOLE} 1, not -1",
    "demo --rows 0": f"rows {WHOLE} 1, not 0",
    "demo --out model.npz": "model.npz is a file, not a folder",
    "demo --out model.npz/below": "cannot write to the folder",
}


@pytest.mark.parametrize("line", OTHERS)
def test_other_commands(line, capsys):
    assert OTHERS[line] in refused(capsys, *line.split())
