"""Reading a page of equations and a package's marks, both made up for the purpose."""

import pytest

from scratchvae import equations

PAGE = """\
# Equations

## The bound

### Eq. (2) Evidence

$$ p(x) $$

text of (2)

### Eq. (10)   The bound

$$ L $$

## Another section

Not part of (10).

### Eq. (11)
"""


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "EQUATIONS.md"
    path.write_text(PAGE, encoding="utf-8")
    return path


def test_numbers_titles_and_texts(page):
    assert equations.read(page) == {
        2: ("Evidence", "$$ p(x) $$\n\ntext of (2)"),
        10: ("The bound", "$$ L $$"),
        11: ("", ""),
    }


def test_a_missing_page_is_a_clear_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not there: the equations come with the repository"):
        equations.read(tmp_path / "no such page.md")


CODE = '''\
"""About # Eq. (8) in prose."""
z = mu + sigma * eps  # Eq. (8)
deps = dz * sigma  # Eq. (8')
both = call()  # Eq. (8), Eq. (9')
other = 1  # Eq. (88)
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "package" / "inner"
    folder.mkdir(parents=True)
    (folder / "code.py").write_text(CODE, encoding="utf-8")
    (folder.parent / "notes.txt").write_text("x  # Eq. (8)", encoding="utf-8")
    monkeypatch.setattr(equations, "PACKAGE", folder.parent)


@pytest.mark.usefixtures("package")
def test_places_are_the_marked_lines_in_order():
    found = [(path.as_posix(), line, bool(prime), code) for path, line, prime, code in equations.places(8)]
    where = "package/inner/code.py"
    assert found == [
        (where, 2, False, "z = mu + sigma * eps"),
        (where, 3, True, "deps = dz * sigma"),
        (where, 4, False, "both = call()"),
    ]
    assert [prime for _, _, prime, _ in equations.places(9)] == [True]
    assert equations.places(1) == []
