"""``scratchvae gradcheck FILE.py:FUNCTION``, and the files that it writes."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from command_line import call, refused

FILE = '''
"""A file of a student's."""
import numpy as np

print("imported")
X = np.arange(12.0).reshape(4, 3) / 10
theta = np.array([0.5, -1.0, 2.0])
sizes = {"batch": 4}
loss_b_theta = np.array([[1.0, 2.0], [3.0, 4.0]])


def loss(t):
    return float(np.mean((X @ t) ** 2))


def grad_loss(t):
    print("called")
    return 2 * X.T @ (X @ t)  # / 4 is forgotten


def right_gradient_of_loss(t):
    return 2 * X.T @ (X @ t) / 4


def loss_b(t):
    return float((t**3).sum()), 3 * t**2


def no_gradient(t):
    return float(t.sum())


def fails(t):
    return 1 / 0


def fails_gradient(t):
    return t


def two_terms(t):
    return float((t**2).sum() + np.sin(t).sum())


def two_terms_gradient(t):
    return 2 * t


terms = {"square": (None, lambda t: 2 * t), "sine": (None, np.cos)}
number = 3
'''

DICT = """
import numpy as np
theta = {"w": np.array([[1.0, 2.0]]), "b": np.array(0.5)}

def loss(t):
    return float((t["w"] ** 2).sum() + np.exp(t["b"]))

def loss_gradient(t):
    return {"b": 2 * np.exp(t["b"]), "w": 2 * t["w"]}
"""

MODEL = """
import scratchvae as sv

class Mean(sv.BayesianModel):
    n_latent = 1

    def log_joint(self, z):
        return -0.5 * (z[..., 0] - 1) ** 2

    def grad_log_joint(self, z):
        return FACTOR * (1 - z)
"""


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(FILE, encoding="utf-8")
    return file


def test_a_wrong_gradient_is_named_with_status_1(path, capsys):
    status, out, err = call(capsys, "gradcheck", f"{path}:loss")
    assert status == 1
    assert out.splitlines()[0] == f"loss of {path}, gradient grad_loss, at theta (3,): theta in the file"
    assert "WRONG scale" in out
    assert "batch = 4: a sum where a mean is meant" in " ".join(out.split())
    assert out.splitlines()[-1].startswith("wrong: theta")
    assert "imported" in err
    assert "called" in err
    assert "called" not in out


def test_a_right_gradient_passes_with_status_0(path, capsys):
    status, out, _ = call(capsys, "gradcheck", f"{path}:loss", "--gradient", "right_gradient_of_loss")
    assert status == 0
    assert out.splitlines()[-1].startswith("the block passes; worst relative error")


def test_a_function_that_returns_both_at_a_point_of_its_own_name(path, capsys):
    status, out, _ = call(capsys, "gradcheck", f"{path}:loss_b")
    assert status == 0
    assert out.splitlines()[0].endswith("which returns both, at theta (2, 2): loss_b_theta in the file")


@pytest.mark.parametrize(
    ("options", "shape", "first"),
    [
        (["--at", "1,2,3"], "(3,)", 1.0),
        (["--at", "1 2; 3 4"], "(2, 2)", 1.0),
        (["--at", "-0.5"], "(1,)", -0.5),
        (["--shape", "2x3", "--seed", 7], "(2, 3)", np.random.default_rng(7).standard_normal((2, 3))[0, 0]),
        (["--shape", "4"], "(4,)", np.random.default_rng(0).standard_normal(4)[0]),
    ],
)
def test_the_point(path, capsys, options, shape, first):
    status, out, _ = call(capsys, "gradcheck", f"{path}:loss_b", *options, "--json")
    found = json.loads(out)
    assert (status, found["passed"]) == (0, True)
    assert f"at theta {shape}" in found["title"]
    [block] = found["blocks"]
    if block["index"] == [0] * len(block["shape"]):
        assert block["analytic"] == pytest.approx(3 * first**2)


def test_a_point_in_a_file_of_numpy(path, capsys, tmp_path):
    np.save(tmp_path / "at.npy", np.ones(5))
    _, out, _ = call(capsys, "gradcheck", f"{path}:loss_b", "--at", tmp_path / "at.npy", "--json")
    assert json.loads(out)["blocks"][0]["shape"] == [5]


def test_the_terms_in_the_file_name_what_is_missing(path, capsys):
    status, out, _ = call(capsys, "gradcheck", f"{path}:two_terms", "--json")
    assert status == 1
    diagnosis = json.loads(out)["blocks"][0]["diagnosis"]
    assert (diagnosis["code"], diagnosis["term"]) == ("missing_term", "sine")


def test_a_dict_of_arrays_gives_its_blocks(tmp_path, capsys):
    file = tmp_path / "dict.py"
    file.write_text(DICT, encoding="utf-8")
    status, out, _ = call(capsys, "gradcheck", file, "--json")  # the only function that has a gradient
    assert status == 1
    blocks = json.loads(out)["blocks"]
    assert [(block["name"], block["passed"]) for block in blocks] == [("w", True), ("b", False)]
    file.write_text(DICT.replace('{"b": 2', '{"c": 2'), encoding="utf-8")
    assert "so must the gradient be" in refused(capsys, "gradcheck", file)


@pytest.mark.parametrize(("factor", "expected"), [("1", 0), ("-1", 1)])
def test_a_model_is_checked_as_one(tmp_path, capsys, factor, expected):
    file = tmp_path / "model.py"
    file.write_text(MODEL.replace("FACTOR", factor), encoding="utf-8")
    status, out, _ = call(capsys, "gradcheck", f"{file}:Mean")
    assert status == expected
    assert out.startswith(f"model Mean of {file}, at three random z")
    assert "log_joint" in out


# --- files --------------------------------------------------------------------------------------


def test_the_page_the_xml_and_the_curve(path, capsys, tmp_path):
    html, junit, plot = (tmp_path / name for name in ("r.html", "r.xml", "r.png"))
    status, *_ = call(
        capsys, "gradcheck", f"{path}:loss", "--html", html, "--junit", junit, "--plot", plot, "--quiet"
    )
    assert status == 1
    page = html.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "WRONG scale" in page
    [suite] = ET.parse(junit).getroot()
    assert suite.get("failures") == "1"
    assert suite.find("testcase/failure").get("type") == "scale"
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_quiet_says_the_verdict_alone(path, capsys):
    _, out, _ = call(capsys, "gradcheck", f"{path}:loss_b", "--quiet")
    assert out.count("\n") == 1
    assert out.startswith("the block passes")


def test_the_package_writes_files_too(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("SCRATCHVAE_KERNELS", "numpy")
    html, junit = tmp_path / "all.html", tmp_path / "all.xml"
    status, out, _ = call(capsys, "gradcheck", "--only", "beta", "--html", html, "--junit", junit)
    assert status == 0
    suites = ET.parse(junit).getroot()
    names = [suite.get("name") for suite in suites]
    assert "density beta" in names
    assert len(names) == out.count(" ok\n")
    assert all(name in html.read_text(encoding="utf-8") for name in names)


def test_what_is_beyond_gradients_is_part_of_the_package(capsys):
    status, out, _ = call(capsys, "gradcheck", "--only", "map planar", "--verbose")
    assert status == 0
    lines = [line for line in out.splitlines() if not line.startswith("    ")]
    assert [line[:30].rstrip() for line in lines[1:-1]] == [
        "map planar",
        "log_det map planar",
        "inverse map planar",
    ]
    assert "inverse(forward(x))" in out


# --- wrong use ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{path}:los"], "did you mean 'loss'?"),
        (["{path}:number"], "cannot be called"),
        (["{path}"], "name one: "),
        (["{path}:1x"], "cannot be a name"),
        (["{path}.none:loss"], "it is not there"),
        (["nowhere.py:loss"], "cannot read nowhere.py: it is not there; give path/to/file.py:FUNCTION"),
        (["{path}:no_gradient"], "has no gradient: return (value, gradient)"),
        (["{path}:fails"], "fails: ZeroDivisionError in line 34: division by zero"),
        (["{path}:loss", "--gradient", "gradloss"], "did you mean 'grad_loss'?"),
        (["{path}:loss", "--at", "1,x"], "--at must be numbers"),
        (["{path}:loss", "--at", ""], "--at is empty"),
        (["{path}:loss", "--shape", "3xy"], "--shape must be whole numbers"),
        (["{path}:loss", "--shape", "0"], "--shape must be whole numbers"),
        (["{path}:loss", "--shape", "3", "--at", "1"], "exclude each other"),
        (["{path}:loss", "--mode", "some"], "mode"),
        (["{path}:loss", "--rtol", "2"], "rtol"),
        (["{path}:loss", "--only", "x"], "--only goes with the check of the package"),
        (["--at", "1"], "--at goes with a file"),
        (["{path}:loss", "--seed", "-1"], "--seed"),
    ],
)
def test_wrong_use_is_one_sentence(path, capsys, words, said):
    path.write_text(FILE.replace('print("imported")', "").replace('print("called")', ""), encoding="utf-8")
    sentence = refused(capsys, "gradcheck", *(word.format(path=path) for word in words))
    assert said in sentence


def test_no_point_says_how_to_give_one(tmp_path, capsys):
    file = tmp_path / "plain.py"
    file.write_text("def f(t):\n    return float(t @ t), 2 * t\n", encoding="utf-8")
    assert "--at '1,2,3', --shape 3 or 3x4" in refused(capsys, "gradcheck", f"{file}:f")


# --- planted mistakes ---------------------------------------------------------------------------


def test_a_planted_mistake_is_caught_in_words(capsys):
    status, out, _ = call(capsys, "gradcheck", "--plant", "--only", "softmax")
    assert status == 0
    assert out.startswith("mistake") and "softmax" in out and "mistakes are caught" in out


def test_planted_mistakes_as_json_and_as_a_page(capsys, tmp_path):
    page = tmp_path / "page.md"
    command = ("gradcheck", "--plant", "--only", "kl-minus-one", "--json", "--markdown", page)
    status, out, _ = call(capsys, *command)
    (result,) = json.loads(out)
    assert status == 0
    assert result["mistake"] == "kl-minus-one" and result["caught_by"].startswith("kl")
    assert "### kl-minus-one" in page.read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--plant", "--only", "no such mistake"], "no planted mistake"),
        (["--plant", "--kernels", "numba"], "--kernels does not go with --plant"),
        (["--markdown", "page.md"], "--markdown goes with --plant"),
        (["file.py:loss", "--plant"], "--plant goes with the check of the package"),
    ],
    ids=["unknown", "kernels", "markdown", "file"],
)
def test_planting_refuses(capsys, options, words):
    assert words in refused(capsys, "gradcheck", *options)
