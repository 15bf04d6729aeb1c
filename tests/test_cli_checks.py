"""``scratchvae gradcheck``, ``doctor`` and ``eq``."""

import json

import pytest
from command_line import call, refused

from scratchvae import cli, equations, kernels, selfcheck_beyond
from scratchvae.bounds import EXACT_BOUNDS
from scratchvae.distributions import LIKELIHOODS, kl
from scratchvae.distributions.bernoulli import Bernoulli
from scratchvae.nn import ACTIVATIONS
from scratchvae.nn.activations import Tanh
from scratchvae.reparam import MAPS


@pytest.fixture(autouse=True, scope="module")
def numpy_kernels():
    with kernels.using("numpy"):
        yield


# --- gradcheck ----------------------------------------------------------------------------------


def test_every_gradient_is_right(capsys, monkeypatch):
    monkeypatch.delenv("SCRATCHVAE_KERNELS", raising=False)
    status, out, err = call(capsys, "gradcheck", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["passed"] is True
    names = [piece["piece"] for piece in found["pieces"] if piece["kernels"] == "numpy"]
    jitted = {piece["piece"] for piece in found["pieces"] if piece["kernels"] == "numba"}
    assert len(set(names)) == len(names)
    assert jitted - set(names) == {name for name, _ in selfcheck_beyond._checks()}
    expected = [f"activation {name}" for name in ACTIVATIONS] + [f"likelihood {name}" for name in LIKELIHOODS]
    expected += [f"map {name}" for name in MAPS] + [f"bound {name}" for name in EXACT_BOUNDS]
    expected += [f"VAE {likelihood}/{bound}" for likelihood in LIKELIHOODS for bound in EXACT_BOUNDS]
    assert set(expected) <= set(names)
    assert all(block["error"] < piece["rtol"] for piece in found["pieces"] for block in piece["blocks"])


def test_the_table(capsys):
    status, out, err = call(capsys, "gradcheck", "--only", "activation")
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert lines[0].split()[:2] == ["piece", "blocks"]
    assert len(lines) == len(ACTIVATIONS) + 2
    assert all(line.endswith(" ok") for line in lines[1:-1])
    assert lines[-1].startswith(f"all {len(ACTIVATIONS)} pieces pass; worst relative error ")


def test_verbose_shows_every_block(capsys):
    _, out, _ = call(capsys, "gradcheck", "--only", "linear", "--verbose")
    assert all(name in out for name in ("    x ", "    weight ", "    bias "))


def test_quiet_leaves_the_verdict(capsys):
    status, out, err = call(capsys, "gradcheck", "--only", "linear", "--quiet")
    assert (status, err) == (0, "")
    assert out.startswith("all 1 pieces pass")
    assert out.count("\n") == 1


def test_other_points(capsys):
    errors = set()
    for seed in (0, 1, 2):
        status, out, _ = call(capsys, "gradcheck", "--only", "closed-form", "--json", "--seed", seed)
        assert status == 0
        errors.add(json.loads(out)["pieces"][0]["blocks"][0]["error"])
    assert len(errors) == 3


#: A piece, the backward that it rests on, and a number that this is multiplied by.
WRONG = {
    "likelihood bernoulli": (Bernoulli, "grad_params", 1.01),
    "closed-form KL": (kl, "backward", 2),
    "activation tanh": (Tanh, "backward", 0.5),
    "VAE bernoulli/elbo": (Bernoulli, "grad_params", -1),
}


@pytest.mark.parametrize("piece", WRONG)
def test_a_wrong_backward_is_named_with_status_1(piece, capsys, monkeypatch):
    place, name, factor = WRONG[piece]
    right = getattr(place, name)
    monkeypatch.setattr(place, name, lambda *args, **kwargs: factor * right(*args, **kwargs))
    status, out, err = call(capsys, "gradcheck", "--only", piece)
    assert (status, err) == (1, "")
    assert any(line.startswith(piece) and "  WRONG: " in line for line in out.splitlines())
    assert out.splitlines()[-1] == f"scratchvae gradcheck --verbose --only {piece!r}"
    status, out, _ = call(capsys, "gradcheck", "--only", piece, "--json")
    assert status == 1
    assert json.loads(out)["passed"] is False


def test_a_gradient_of_nan_is_wrong_and_still_json(capsys, monkeypatch):
    def forbidden(constant):
        raise AssertionError(constant)

    monkeypatch.setattr(Bernoulli, "grad_params", lambda self, cache: cache.residual * float("nan"))
    status, out, _ = call(capsys, "gradcheck", "--only", "likelihood bernoulli", "--json")
    assert status == 1
    assert json.loads(out, parse_constant=forbidden)["passed"] is False


# --- doctor -------------------------------------------------------------------------------------


def test_doctor_as_text_and_as_json(capsys):
    status, text, err = call(capsys, "doctor")
    assert (status, err) == (0, "")
    status, out, _ = call(capsys, "doctor", "--json")
    assert status == 0
    found = json.loads(out)
    assert all(set(item) == {"found", "remedy"} for item in found.pop("advice"))
    assert "\nadvice\n" in text
    for section, entries in found.items():
        assert f"{section}\n" in text
        assert all(f"  {name:<16} {value}\n" in text for name, value in entries.items())


def test_doctor_on_a_folder_of_data(tmp_path, capsys):
    _, out, _ = call(capsys, "doctor", "--data-dir", tmp_path, "--json")
    assert json.loads(out)["data"]["folder"] == str(tmp_path)
    status, out, _ = call(capsys, "doctor", "--data-dir", tmp_path / "none", "--json")
    assert status == 0
    assert "is no folder" in json.loads(out)["data"]["folder"]


# --- eq -----------------------------------------------------------------------------------------

PAGE = """# Equations

## One part

### Eq. (7) The bound

$$ L $$

## Another part

### Eq. (99) Nowhere in the code

$$ x $$
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A small page of equations in the place of the tutorials'."""
    path = tmp_path / "EQUATIONS.md"
    path.write_text(PAGE, encoding="utf-8")
    read = equations.read
    monkeypatch.setattr(equations, "read", lambda: read(path))


def test_an_equation_and_its_places(page, capsys):
    status, out, err = call(capsys, "eq", 7)
    assert (status, err) == (0, "")
    assert out.startswith("(7)  The bound\n\n$$ L $$\n\n(7")
    assert "bounds/elbo.py" in out
    assert "(7')" in out


def test_all_titles(page, capsys):
    status, out, _ = call(capsys, "eq")
    assert (status, out.splitlines()) == (0, ["( 7)  The bound", "(99)  Nowhere in the code"])


def test_an_equation_without_code(page, capsys):
    assert call(capsys, "eq", 99)[:2] == (0, "(99)  Nowhere in the code\n\n$$ x $$\n\n")


def test_an_unknown_number(page, capsys):
    assert refused(capsys, "eq", 8) == "there is no equation (8); known are 7 to 99."


def test_no_page(tmp_path, monkeypatch, capsys):
    read = equations.read
    monkeypatch.setattr(equations, "read", lambda: read(tmp_path / "none.md"))
    assert "the equations come with the repository" in refused(capsys, "eq")


def test_a_number_must_be_a_number():
    with pytest.raises(SystemExit) as ended:
        cli.main(["eq", "eight"])
    assert ended.value.code == 2
