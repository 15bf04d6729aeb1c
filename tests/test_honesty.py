"""Test data never touch training or selection: a poisoned test set is not noticed until the model is chosen.

Two proofs. A sealed test set raises when it is looked at too early. And whatever a test set holds, the
trained models are the same to the last bit.
"""

import ast
import copy
import dataclasses
import struct
from pathlib import Path

import burda
import burda_scores
import example
import flows
import kept
import kingma_welling
import numpy as np
import pytest
from command_line import call

import scratchvae as sv
from scratchvae import data, demo, kernels, optim
from scratchvae.data import Dataset, stored, user_files
from scratchvae.evaluation import evaluate
from scratchvae.training import prepare

ROOT = Path(__file__).parents[1]
MODEL = (
    "--hidden",
    "6",
    "--latent",
    "2",
    "--epochs",
    "3",
    "--batch-size",
    "20",
    "--patience",
    "2",
    "--quiet",
)


@pytest.fixture(autouse=True)
def readable():
    """Kernels that need no compiler."""
    with kernels.using("numpy"):
        yield


class TestSetRead(AssertionError):
    """Somebody looked at the test set before the time."""

    __test__ = False


class Seal:
    """Whether test sets may be read."""

    is_closed = False


class Sealed(Dataset):
    """A data set that raises at every look at it while the seal is closed."""

    def __getattribute__(self, name):
        if Seal.is_closed and name in ("x", "labels", "factors"):
            raise TestSetRead(f"{name} of the test set was read")
        return super().__getattribute__(name)


@pytest.fixture
def seal():
    """The seal, closed."""
    Seal.is_closed = True
    yield Seal
    Seal.is_closed = False


def sealed(dataset):
    """The same data under the seal."""
    was, Seal.is_closed = Seal.is_closed, False
    fields = {field.name: getattr(dataset, field.name) for field in dataclasses.fields(Dataset)}
    result = Sealed(**fields)
    Seal.is_closed = was
    return result


def bits(folder):
    """All parameters in all checkpoints below a folder, by file."""
    return {
        str(path.relative_to(folder)): sv.VAE.load(path).parameters.value.tobytes()
        for path in sorted(folder.rglob("*.npz"))
        if "scores" not in path.parts and path.stem not in ("test", "scores")
    }


def test_the_seal_holds(seal):
    dataset = sealed(Dataset(np.zeros((4, 3), np.uint8)))
    looks = (len, lambda d: d.pixels(0), lambda d: d.subset([0]), lambda d: d.is_binary, lambda d: d.n_data)
    for look in looks:
        with pytest.raises(TestSetRead):
            look(dataset)
    with pytest.raises(TestSetRead):
        evaluate(sv.VAE(3, 1, ()), dataset, 2)
    seal.is_closed = False
    assert len(dataset) == 4


# --- the command line ---------------------------------------------------------------------------


def trained(capsys, folder, *argv):
    status, _, err = call(capsys, "train", *MODEL, "--out", folder, *argv)
    assert status == 0, err
    return bits(folder)


def test_training_asks_for_no_test_split(tmp_path, capsys, monkeypatch):
    load, asked = data.load, []

    def noting(name, split="train", **options):
        asked.append(split)
        return load(name, split, **options)

    monkeypatch.setattr(data, "load", noting)
    trained(capsys, tmp_path, "--rows", "60")
    assert set(asked) == {"train", "valid"}


def test_training_on_mnist_needs_no_test_file(tmp_path, capsys, monkeypatch):
    """What is not there cannot be looked at."""
    monkeypatch.setattr(stored, "SIZES", {"train": 50, "valid": 20, "test": 20})
    folder, rng = tmp_path / "mnist", np.random.default_rng(0)
    folder.mkdir()
    for name, array in (
        ("images-idx3-ubyte", rng.integers(0, 256, (70, 28, 28), dtype=np.uint8)),
        ("labels-idx1-ubyte", rng.integers(0, 10, 70, dtype=np.uint8)),
    ):
        head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        (folder / f"train-{name}").write_bytes(head + array.tobytes())
    assert trained(capsys, tmp_path / "run", "--data", "mnist", "--data-dir", tmp_path)


@pytest.mark.parametrize("poison", ["zeros", "ones", "others"])
@pytest.mark.parametrize("conditional", [[], ["--conditional"]], ids=["plain", "conditional"])
def test_whatever_the_test_rows_of_a_file_hold_the_models_are_the_same_bits(
    poison, conditional, tmp_path, capsys
):
    """A file is divided by the seed and its number of rows alone."""
    rng = np.random.default_rng(0)
    x, labels = (rng.random((80, 9)) < 0.5).astype(np.uint8), np.arange(80) % 3
    rows = user_files._rows(80, "test", 0, "x")
    results = []
    for name in ("clean", "poisoned"):
        np.savez(tmp_path / f"{name}.npz", x=x, labels=labels)
        found = trained(capsys, tmp_path / name, "--data", tmp_path / f"{name}.npz", *conditional)
        results.append(found)
        x = x.copy()
        x[rows] = {"zeros": 0, "ones": 1, "others": 1 - x[rows]}[poison]
        labels = np.where(np.isin(np.arange(80), rows), 0, labels)
    assert set(results[0]) == {"best.npz", "last.npz"}
    assert results[0] == results[1]


def test_validation_rows_are_read_and_choose_the_epoch(tmp_path, capsys):
    """So that the test above could fail: a change of one row of theirs is noticed."""
    x = (np.random.default_rng(0).random((80, 9)) < 0.5).astype(np.uint8)
    curves = []
    for name in ("clean", "changed"):
        np.save(tmp_path / f"{name}.npy", x)
        trained(capsys, tmp_path / name, "--data", tmp_path / f"{name}.npy")
        lines = (tmp_path / name / "history.csv").read_text().splitlines()
        curves.append([line.split(",")[3] for line in lines])
        x[user_files._rows(80, "valid", 0, "x")[0]] ^= 1
    assert curves[0][0] == "valid_elbo" and curves[0][1:] != curves[1][1:]


# --- the demonstration --------------------------------------------------------------------------


@pytest.fixture
def small_demo(monkeypatch):
    """Narrow networks, few digits, no figures."""
    monkeypatch.setattr(demo, "HIDDEN", (5,))
    monkeypatch.setattr(demo, "IMPORTANCE_SAMPLES", 2)
    monkeypatch.setattr(data.glyphs, "SIZES", {"train": 10_000, "valid": 30, "test": 30})
    monkeypatch.setattr(demo.Demo, "_draw", lambda *arguments: None)


def run_demo(folder, monkeypatch, test_set_of):
    """Run it with ``test_set_of(dataset)`` in the place of its test set."""
    load = data.load

    def loading(name, split="train", **options):
        dataset = load(name, split, **options)
        return test_set_of(dataset) if split == "test" else dataset

    with monkeypatch.context() as patch:
        patch.setattr(demo.data, "load", loading)
        made = demo.Demo(folder, epochs=2, rows=60, seed=0, say=lambda text: None, progress=False)
        assert made.run()
    return bits(folder)


def test_the_demonstration_opens_its_test_set_when_both_models_are_trained(
    small_demo, seal, tmp_path, monkeypatch
):
    train, calls = demo.train, []

    def training(*arguments, **options):
        history = train(*arguments, **options)
        calls.append(history)
        seal.is_closed = len(calls) < len(demo.LATENT)
        return history

    monkeypatch.setattr(demo, "train", training)
    assert len(run_demo(tmp_path, monkeypatch, sealed)) == 2
    assert len(calls) == 2


def test_the_demonstrations_models_are_the_same_bits_whatever_its_test_set_holds(
    small_demo, tmp_path, monkeypatch
):
    clean = run_demo(tmp_path / "clean", monkeypatch, lambda dataset: dataset)
    poisoned = run_demo(tmp_path / "poisoned", monkeypatch, poison_of)
    assert clean == poisoned and len(clean) == 2
    scores = [(tmp_path / name / "summary.json").read_text() for name in ("clean", "poisoned")]
    assert scores[0] != scores[1]  # which were of different data indeed


def poison_of(dataset):
    """The data set with every pixel turned to its opposite."""
    return dataclasses.replace(dataset, x=(dataset.scale - dataset.x.astype(int)).astype(np.uint8))


# --- the benchmarks -----------------------------------------------------------------------------


def rows(split, n_data, scale=1):
    """30 or 50 rows of two kinds, the same in every call."""
    rng = np.random.default_rng(len(split))
    kind = rng.integers(2, size=(30 if split == "test" else 50, 1))
    return Dataset(scale * (rng.random((len(kind), n_data)) < 0.2 + 0.6 * kind).astype(np.uint8), scale)


def run_example(load, out):
    with pytest.MonkeyPatch.context() as patch:  # an optimizer goes on where it was
        patch.setattr(example, "EXPERIMENTS", copy.deepcopy(example.EXPERIMENTS))
        example.run("example", lambda name, split: load(split, 784), out, progress=False)


def run_burda(load, out):
    burda_scores.run("burda-iwae-5", lambda name, split: load(split, 9, scale=255), out, progress=False)


def run_flows(load, out):
    setting = flows.Setting(steps=8, batch_size=16, n_latent=2, hidden=(4,), importance_samples=2)
    flows.run("planar:2", lambda split: load(split, 9), out, setting)


def run_kingma_welling(load, out):
    kingma_welling.run("kingma-welling", lambda name, split: load(split, 9), out, progress=False)


BENCHMARKS = {
    "example": run_example,
    "burda": run_burda,
    "flows": run_flows,
    "kingma_welling": run_kingma_welling,
}


@pytest.fixture
def small_benchmarks(tmp_path, monkeypatch):
    """Results elsewhere, few passes, few samples."""
    (tmp_path / "results").mkdir()
    monkeypatch.setattr(kept, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(flows, "RESULTS", tmp_path / "results")
    short = {name: dataclasses.replace(e, epochs=2) for name, e in example.EXPERIMENTS.items()}
    monkeypatch.setattr(example, "EXPERIMENTS", short)
    monkeypatch.setattr(example, "IMPORTANCE_SAMPLES", 2)
    few = {name: dataclasses.replace(row, n_stages=2) for name, row in burda.ROWS.items()}
    monkeypatch.setattr(burda, "ROWS", few)
    monkeypatch.setattr(burda_scores, "N_SAMPLES", 3)
    monkeypatch.setattr(burda_scores, "FIRST_SCORED", 0)
    monkeypatch.setattr(kingma_welling, "FIGURE", tmp_path / "figure.png")
    monkeypatch.setattr(kingma_welling, "draw", lambda result: None)
    for name, value in {"LATENTS": (2,), "N_SAMPLES_SEEN": 150, "BATCH_SIZE": 10, "N_MEASURED": 20}.items():
        monkeypatch.setattr(kingma_welling, name, value)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmarks_models_are_the_same_bits_whatever_its_test_set_holds(name, small_benchmarks, tmp_path):
    def poisoned(split, *arguments, **options):
        dataset = rows(split, *arguments, **options)
        return poison_of(dataset) if split == "test" else dataset

    BENCHMARKS[name](rows, tmp_path / "clean")
    results = {path.name: path.read_bytes() for path in (tmp_path / "results").iterdir()}
    for path in (tmp_path / "results").iterdir():
        path.unlink()
    BENCHMARKS[name](poisoned, tmp_path / "poisoned")
    clean = bits(tmp_path / "clean")
    assert clean == bits(tmp_path / "poisoned") and len(clean) >= 2
    for path in (tmp_path / "results").iterdir():
        assert path.read_bytes() != results[path.name]  # the scores were of different data indeed


@pytest.mark.parametrize("name", ["example", "flows"])
def test_a_benchmark_that_chooses_its_epoch_opens_the_test_set_after_that(
    name, small_benchmarks, seal, tmp_path, monkeypatch
):
    def opening(split, *arguments, **options):
        return (
            sealed(rows(split, *arguments, **options))
            if split == "test"
            else rows(split, *arguments, **options)
        )

    train = sv.train

    def training(*arguments, **options):
        history = train(*arguments, **options)
        seal.is_closed = False  # the best model is chosen
        return history

    monkeypatch.setattr(sv, "train", training)
    BENCHMARKS[name](opening, tmp_path)
    assert not seal.is_closed


def test_the_step_size_of_a_benchmark_is_chosen_by_training_data(small_benchmarks, seal, tmp_path):
    train_set = rows("train", 9)
    tried = kingma_welling.try_step_sizes(2, train_set, tmp_path, 0, False)
    assert kingma_welling.best(tried) in kingma_welling.STEP_SIZES


# --- who may ask for the test set ---------------------------------------------------------------


def loads_of_the_test_split(path):
    """Lines that call something named load with the constant "test"."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "load":
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if any(isinstance(value, ast.Constant) and value.value == "test" for value in given):
                yield node.lineno


def test_in_the_package_only_the_demonstration_loads_the_test_split_by_name():
    """Beside it only ``scratchvae evaluate``, whose split is an option."""
    package = ROOT / "scratchvae"
    found = {str(p.relative_to(package)) for p in package.rglob("*.py") if list(loads_of_the_test_split(p))}
    assert found == {"demo.py"}


# --- how the test set is made of bits -----------------------------------------------------------


def test_the_bits_of_a_gray_test_set_are_fixed_and_stated():
    gray = Dataset(np.random.default_rng(0).integers(0, 256, (20, 9)).astype(np.uint8), 255)
    vae = sv.VAE(9, 2, (4,))
    first, again = prepare(vae, gray, "fixed"), prepare(vae, gray, "fixed")
    np.testing.assert_array_equal(first.x, again.x)
    assert "with the seed 0" in first.binarized
    optimizer = optim.Adam(1e-3)
    sv.train(vae, gray, epochs=1, optimizer=optimizer, rng=np.random.default_rng(1), binarization="dynamic")
    np.testing.assert_array_equal(first.x, prepare(vae, gray, "fixed").x)
