"""``scratchvae fit``: built-in models, models in files of the user's, and what may be wrong with these."""

import json
import os
import sys

import numpy as np
import pytest
from command_line import call, refused, start

import scratchvae as sv
from scratchvae import kernels
from scratchvae.cli import user_model

FILE = """
import dataclasses
import pickle
import numpy as np
import scratchvae as sv
from neighbour import DATA

print("a line of the file's own")

class Mean(sv.BayesianModel):  # x_i ~ N(z, 1), z ~ N(0, 10^2)
    n_latent = 1
    x = DATA
    def log_prior(self, z):
        return -0.5 * (z[..., 0] / 10) ** 2
    def grad_log_prior(self, z):
        return -z / 100
    def log_likelihood(self, z):
        return -0.5 * ((self.x - z) ** 2).sum(axis=-1)
    def grad_log_likelihood(self, z):
        return (self.x - z).sum(axis=-1, keepdims=True)

class Wrong(Mean):
    def grad_log_prior(self, z):
        return z / 100

class Given(Mean):
    def __init__(self, x, *, scale, shift=0.0):
        self.x = (x - shift) / scale

class Fails(Mean):
    def __init__(self):
        raise KeyError("colour")

class Bug(Mean):
    def log_prior(self, z):
        return self.nothing  # line 36

class Loud(Mean):
    def log_likelihood(self, z):
        print("thinking")
        return super().log_likelihood(z)

class Warns(Mean):
    def log_likelihood(self, z):
        import warnings
        warnings.warn("two\\nlines", stacklevel=1)
        return super().log_likelihood(z)

class Flat(sv.BayesianModel):
    parameters = {"file": sv.Real(), "meta": sv.Real(2)}  # names that numpy.savez or storage would refuse
    def log_joint(self, z):
        return -0.5 * (z**2).sum(axis=-1)
    def grad_log_joint(self, z):
        return -z

class NoGradient(sv.BayesianModel):
    n_latent = 1
    def log_joint(self, z):
        return -0.5 * (z[..., 0] - 1) ** 2

class Other:
    pass

@dataclasses.dataclass
class Setting:
    x: "np.ndarray"
    def mean(self):
        return Given(self.x, scale=1.0)

model = Mean()
number = 3
nothing = lambda: None
def from_function(scale=1.0):
    return Given(pickle.loads(pickle.dumps(Setting(DATA))).x, scale=scale)
def of_data(x):
    return Given(x, scale=1.0)
"""


@pytest.fixture(autouse=True, scope="module")
def numpy_kernels():
    with kernels.using("numpy"):
        yield


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder in it, "mine", with the files; the working folder is the one above."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "neighbour", raising=False)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "models.py").write_text(FILE)
    (mine / "neighbour.py").write_text("import numpy as np\nDATA = np.array([1.0, 2.0, 4.0])\n")
    yield mine
    sys.modules.pop("neighbour", None)


def fitted(capsys, *argv):
    """The result of a fit, by --json, and its exit status."""
    status, out, _ = call(capsys, "fit", *argv, "--json")
    return status, json.loads(out)


# --- built-in models ----------------------------------------------------------------------------


def test_eight_schools(capsys):
    status, out, err = call(capsys, "fit", "eight_schools")
    assert status == 0  # trust_mean
    assert out.splitlines()[0].split() == ["parameter", "mean", "sd", "5%", "50%", "95%"]
    assert "by elbo: converged" in out
    assert "khat" in out
    assert "Trust its mean" in out
    assert err.startswith("gradients: all ")
    assert err.count("\n") == 1


def test_the_result_is_that_of_fit(capsys):
    status, found = fitted(capsys, "funnel", "--seed", "3", "--samples", "6", "--steps", "2000")
    options = {"n_samples": 6, "steps": 2000, "rng": np.random.default_rng(3), "progress": False}
    q = sv.fit(sv.models.Funnel(), **options)
    assert status == 1
    assert found["elbo"] == q.elbo
    assert found["khat"] == q.khat
    assert found["n_steps"] == q.n_steps
    assert found["parameters"] == q.summary().as_dict()
    assert found["verdict"]["code"] == q.verdict.code
    assert (found["family"], found["bound"], found["seed"]) == ("mean_field", "elbo", 3)


def test_log_evidence_is_that_of_the_model(capsys):
    found = fitted(capsys, "mine/models.py:Mean")[1]
    exact = sv.models.NormalMean(np.array([1.0, 2.0, 4.0]), sigma=1.0, prior_sigma=10.0).log_evidence()
    constants = -2 * np.log(2 * np.pi) - np.log(10)  # which the file's densities leave out
    assert found["log_evidence"] + constants == pytest.approx(exact, abs=1e-3)
    assert found["log_evidence_error"] < 1e-3


def test_every_option_reaches_fit(capsys, monkeypatch):
    given = {}

    def fit(model, **options):
        given.update(options)
        raise ValueError("that is all")

    monkeypatch.setattr("scratchvae.vi.fit", fit)
    options = "--family low_rank:2 --bound iwae --samples 7 --steps 80 --restarts 2 --start=-1,0.5 --quiet"
    assert refused(capsys, "fit", "banana", *options.split(), "--batch-size", "9") == "that is all"
    given.pop("rng")
    assert given == {
        "family": "low_rank:2",
        "bound": "iwae",
        "n_samples": 7,
        "steps": 80,
        "restarts": 2,
        "start": [-1.0, 0.5],
        "batch_size": 9,
        "progress": False,
    }
    for text, expected in {"auto": "auto", "all": None}.items():
        refused(capsys, "fit", "banana", "--quiet", "--batch-size", text)
        assert given["batch_size"] == expected


@pytest.mark.parametrize("name", user_model.built_in())
def test_every_built_in_model_passes_its_check_and_is_listed(name, capsys):
    made, path = user_model.load(name)
    assert path is None
    assert sv.gradcheck.check_model(made).passed
    assert name in call(capsys, "fit", "--list")[1].split()


def test_centred_and_not():
    for name, centred in (("eight_schools", False), ("eight_schools_centred", True)):
        assert user_model.load(name)[0].centred is centred


def test_a_fit_that_is_not_to_be_trusted_is_status_1(capsys):
    status, out, err = call(capsys, "fit", "banana", "--quiet")
    assert status == 1
    assert "Do not trust it" in out
    assert err.startswith("scratchvae fit: the verdict is not to trust it (khat 0.")
    assert err.count("\n") == 1
    status, found = fitted(capsys, "banana", "--quiet")
    assert (status, found["converged"], found["verdict"]["code"]) == (1, True, "distrust")


def test_a_fit_that_has_not_converged_is_status_1_in_one_line(capsys):
    status, out, err = call(capsys, "fit", "eight_schools", "--steps", "40", "--quiet")
    assert status == 1
    assert "NOT converged in 40" in out
    lines = [line for line in err.splitlines() if "has not converged" in line]
    assert len(lines) == 1
    assert lines[0].startswith("scratchvae fit: the fit has not converged after 40 steps")
    assert "UserWarning" not in err
    assert "warnings.warn" not in err


def test_restarts_tell_what_each_reached(capsys):
    _, out, _ = call(capsys, "fit", "banana", "--restarts", "2", "--steps", "400", "--quiet")
    last = out.splitlines()[-1].replace(",", "").split()
    assert last[:5] == ["restarts", "reached", "a", "bound", "of"]
    assert len([float(number) for number in last[5:-1]]) == 2


def test_no_gradient_is_checked_where_none_is_needed(capsys, monkeypatch):
    def check(*args, **kwargs):
        raise AssertionError("checked")

    monkeypatch.setattr("scratchvae.gradcheck.check_model", check)
    bound = ["--bound", "score_function_leave_one_out", "--steps", "20"]
    assert fitted(capsys, "banana", *bound)[1]["check"] is None
    assert fitted(capsys, "banana", "--no-check", "--steps", "20")[1]["check"] is None
    with pytest.raises(AssertionError, match="checked"):
        call(capsys, "fit", "banana")


def test_a_model_without_a_gradient(capsys):
    status, found = fitted(capsys, "mine/models.py:NoGradient", "--bound", "score_function_leave_one_out")
    assert status == 0
    assert found["check"] is None
    assert found["parameters"]["z[0]"]["mean"] == pytest.approx(1, abs=0.05)
    status, _, err = call(capsys, "fit", "mine/models.py:NoGradient")
    assert status == 2
    assert "grad_log_" in err


# --- the folder of results ----------------------------------------------------------------------


def test_the_folder(folder, capsys):
    status, out, err = call(capsys, "fit", "eight_schools", "--steps", "100", "--out", "runs/a", "--json")
    names = sorted(path.name for path in (folder.parent / "runs" / "a").iterdir())
    assert names == ["draws.npz", "pairs.png", "summary.json", "trace.png"]
    run = folder.parent / "runs" / "a"
    assert json.loads((run / "summary.json").read_text()) == json.loads(out)
    for name in ("pairs", "trace"):
        assert (run / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    with np.load(run / "draws.npz") as draws:
        assert {name: draws[name].shape for name in draws.files} == {
            "mu": (4000,),
            "tau": (4000,),
            "eta": (4000, 8),
        }
        assert draws["tau"].min() > 0
        row = json.loads(out)["parameters"]["mu"]
        assert abs(draws["mu"].mean() - row["mean"]) < 5 * row["sd"] / np.sqrt(4000)
    assert f"pairs.png and trace.png are in {run.relative_to(folder.parent)}\n" in err


def test_parameters_of_any_name_are_written(folder, capsys):
    assert call(capsys, "fit", "mine/models.py:Flat", "--out", "run", "--quiet")[0] == 0
    with np.load(folder.parent / "run" / "draws.npz") as draws:
        assert sorted(draws.files) == ["file", "meta"]
        assert draws["meta"].shape == (4000, 2)


def test_the_same_seed_gives_the_same_files(folder, capsys):
    for name in ("a", "b"):
        call(capsys, "fit", "mine/models.py:Mean", "--out", name, "--quiet", "--steps", "60")
    for path in (folder.parent / "a").iterdir():
        assert path.read_bytes() == (folder.parent / "b" / path.name).read_bytes()


def test_a_folder_that_cannot_be_written_is_told_before_the_fit(folder, capsys, monkeypatch):
    monkeypatch.setattr("scratchvae.vi.fit", lambda *args, **kwargs: pytest.fail("fitted"))
    (folder.parent / "file").write_text("in the way")
    argv = ["fit", "banana", "--quiet", "--out", "file"]
    assert refused(capsys, *argv) == "file is a file, not a folder; name another."


# --- a file of the user's -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Mean", "model", "from_function"])
def test_a_class_an_object_or_a_function(name, folder, capsys):
    before = list(sys.path)
    status, found = fitted(capsys, f"mine/models.py:{name}")
    assert status == 0
    assert found["verdict"]["code"] == "trust"
    precision = 3 + 1 / 100
    assert found["parameters"]["z[0]"]["mean"] == pytest.approx(7 / precision, abs=0.02)
    assert found["parameters"]["z[0]"]["sd"] == pytest.approx(precision**-0.5, abs=0.02)
    assert sys.path == before


def test_an_absolute_path_and_a_folder_with_blanks(folder, capsys):
    (folder / "a b").mkdir()
    target = folder / "a b" / "models.py"
    target.write_text(FILE.replace("from neighbour import DATA", "DATA = np.array([1.0, 2.0, 4.0])"))
    assert call(capsys, "fit", f"{target}:Mean", "--quiet")[0] == 0


def test_the_only_model_of_a_file_needs_no_name(folder, capsys):
    lines = FILE.splitlines()
    end = next(i for i, line in enumerate(lines) if line.startswith("class Wrong"))
    (folder / "one.py").write_text("\n".join(lines[:end]))
    assert call(capsys, "fit", "mine/one.py", "--quiet")[0] == 0


def test_what_the_file_prints_is_not_the_result(capsys):
    status, out, err = call(capsys, "fit", "mine/models.py:Loud", "--json", "--steps", "20")
    json.loads(out)
    assert "a line of the file's own\n" in err
    assert "thinking\n" in err


def test_a_warning_of_the_models_own_is_one_line(capsys):
    err = call(capsys, "fit", "mine/models.py:Warns", "--quiet")[2]
    assert err.splitlines().count("scratchvae fit: two lines") == 1


def test_the_models_in_a_file(capsys):
    status, out, err = call(capsys, "fit", "mine/models.py", "--list")
    path = os.path.join("mine", "models.py")
    names = ["Mean", "Wrong", "Given", "Fails", "Bug", "Loud", "Warns", "Flat", "NoGradient", "model"]
    assert (status, out.splitlines()) == (0, [f"{path}:{name}" for name in names])


def test_a_wrong_gradient_is_shown_with_status_1(capsys):
    status, out, err = call(capsys, "fit", "mine/models.py:Wrong", "--quiet", "--out", "run")
    assert status == 1
    assert [line for line in out.splitlines() if "WRONG" in line][0].startswith("log_prior ")
    assert "scratchvae fit: mine/models.py:Wrong has a wrong gradient (log_prior): mend it" in err
    assert not os.path.exists("run")
    status, out, _ = call(capsys, "fit", "mine/models.py:Wrong", "--json")
    assert (status, json.loads(out)["check"]["passed"]) == (1, False)


def test_a_failed_import_leaves_nothing_behind(folder, capsys):
    (folder / "broken.py").write_text("import nothing_of_that_name\n")
    refused(capsys, "fit", "mine/broken.py:Mean")
    assert "_scratchvae_model_broken" not in sys.modules
    assert str(folder) not in sys.path


BROKEN = {
    "1 / 0": "fails while it is imported: ZeroDivisionError in line 2: division by zero",
    "x = undefined": "fails while it is imported: NameError in line 2: name 'undefined' is not defined",
    "import nothing_of_that_name": "ModuleNotFoundError in line 2: No module named 'nothing_of_that_name'",
    "def f(:": "fails while it is imported: SyntaxError in line 2: ",
    "if True:\nx = 1": "fails while it is imported: IndentationError in line 3: expected an indented block",
    "raise SystemExit(3)": "SystemExit in line 2: 3 (put what it runs under `if __name__ == '__main__':`)",
    "raise ValueError('over\\n two lines')": "ValueError in line 2: over two lines",
    "import broken_neighbour": "NameError in line 2: name 'oh' is not defined",
    "x = 1": "there is no 'Mean' in mine/broken.py. Models in it: none.",
    "x = '\0'": "fails while it is imported: ",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_file_that_cannot_be_imported(text, folder, capsys):
    (folder / "broken_neighbour.py").write_text("\n\n\noh")
    (folder / "broken.py").write_text(f"# a comment\n{text}\n")
    said = refused(capsys, "fit", "mine/broken.py:Mean")
    assert BROKEN[text] in said.replace("\\", "/")
    assert "mine/broken.py" in said.replace("\\", "/")


def test_a_file_of_bytes(folder, capsys):
    (folder / "broken.py").write_bytes(b"x = '\xff'\n")
    assert "broken.py fails while it is imported: SyntaxError" in refused(capsys, "fit", "mine/broken.py")


REFUSED = {
    "mine/models.py:Men": "there is no 'Men' in mine/models.py; did you mean 'Mean'? Models in it: Mean",
    "mine/models.py": "holds several models; name one: mine/models.py:Mean, mine/models.py:Wrong",
    "mine/neighbour.py": "mine/neighbour.py holds no model: write a class",
    "mine/models.py:Given": "Given in mine/models.py needs arguments (x, scale): write beside it "
    "`def my_model(): return Given(x=..., scale=...)`, and name mine/models.py:my_model.",
    "mine/models.py:of_data": "of_data in mine/models.py needs arguments (x)",
    "mine/models.py:Fails": "Fails() fails: KeyError in line 32: 'colour'",
    "mine/models.py:Bug": "mine/models.py:Bug fails: AttributeError in line 36: 'Bug' object",
    "mine/models.py:Bug --no-check": "AttributeError in line 36",
    "mine/models.py:Other": "the class Other in mine/models.py is no model: derive it from sv.BayesianModel",
    "mine/models.py:number": "number in mine/models.py is an object of the class int, no model",
    "mine/models.py:nothing": "nothing in mine/models.py is None, no model",
    "mine/models.py:np": "np in mine/models.py is an object of the class module, no model",
    "mine/models.py:a-b": "'a-b' in 'mine/models.py:a-b' cannot be a name in a file",
    "mine/models.py:Wrong --no-check": "the gradient of Wrong does not match its log-density",
    "mine/nofile.py:Mean": "cannot read mine/nofile.py: it is not there; give path/to/file.py:NAME",
    "mine/:Mean": "cannot read mine: it is a folder",
    "mine/data.txt:Mean": "cannot read mine/data.txt: it is not there",
    "eigth_schools": "there is no model 'eigth_schools': did you mean 'eight_schools'?",
    "nonsense": "there is no model 'nonsense': known are eight_schools, eight_schools_centred, banana",
    "": "name a model: path/to/file.py:NAME",
    "banana --list": "--list takes a file, not 'banana'",
    "banana --family full": "unknown family 'full'; did you mean",
    "banana --bound elb": "unknown bound 'elb'; did you mean 'elbo'?",
    "banana --samples 0": "--samples must be a whole number of at least 1, not 0",
    "banana --steps 0": "--steps must be a whole number of at least 1, not 0",
    "banana --restarts 0": "--restarts must be a whole number of at least 1, not 0",
    "banana --seed -1": "--seed must be a whole number of at least 0, not -1",
    "banana --start middle": "--start takes auto, laplace, zero, or a number for each entry of z",
    "banana --start=1,2,3": "start must have shape (L,)",
    "banana --start=nan,1": "start has 1 NaN or infinite entries",
    "banana --batch-size few": "--batch-size takes auto, all, or a whole number of at least 1, not 'few'",
    "banana --batch-size 0": "--batch-size takes auto, all, or a whole number",
    "banana --batch-size 5": "batch_size=5 needs a model whose likelihood is a sum over rows of data",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_refused(line, folder, capsys):
    status, out, err = call(capsys, "fit", *line.split(), *([] if "--list" in line else ["--quiet"]))
    last = err.splitlines()[-1].replace("\\", "/")
    assert (status, out) == (2, "")
    assert last.startswith("scratchvae fit: ")
    assert REFUSED[line] in last
    assert set(err.splitlines()[:-1]) <= {"a line of the file's own"}


def test_a_file_that_is_not_python(folder, capsys):
    (folder / "data.txt").write_text("1")
    assert "is no Python file, which would end in .py" in refused(capsys, "fit", "mine/data.txt:Mean")


def test_where_an_error_came_from_is_shown_on_request(capsys):
    with pytest.raises(ValueError, match="line 36") as raised:
        call(capsys, "fit", "mine/models.py:Bug", "--traceback")
    assert isinstance(raised.value.__cause__, AttributeError)


def test_a_mistake_of_ours_is_not_laid_at_the_files_door(monkeypatch, capsys):
    def fit(model, **options):
        raise AttributeError("ours")

    monkeypatch.setattr("scratchvae.vi.fit", fit)
    with pytest.raises(AttributeError, match="ours"):
        call(capsys, "fit", "mine/models.py:Mean")


@pytest.mark.parametrize(
    ("spec", "path", "name"),
    [
        ("a/b.py:C", "a/b.py", "C"),
        ("b.py", "b.py", None),
        ("C:\\b.py", "C:\\b.py", None),
        ("C:\\b.py:D", "C:\\b.py", "D"),
        ("./b", "./b", None),
        ("banana", None, "banana"),
        (":banana", None, ":banana"),
    ],
)
def test_paths_and_names(spec, path, name):
    found, found_name = user_model.split(spec)
    assert found_name == name
    assert (None if found is None else str(found)) == (None if path is None else os.path.normpath(path))


# --- a process of its own -----------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are closed as POSIX shells do it")
def test_a_closed_standard_error_does_not_spoil_the_result(folder):
    argv = ["fit", "mine/models.py:Loud", "--json", "--quiet", "--steps", "20"]
    run = start(*argv, stderr=None, preexec_fn=lambda: os.close(2))
    out = run.communicate(timeout=60)[0]
    assert json.loads(out)["converged"] in (False, True)
    assert run.returncode in (0, 1)
