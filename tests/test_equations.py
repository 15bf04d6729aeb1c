"""The equations' page and the marks in the code hold each other up."""

import pytest

from scratchvae import equations

# What the code as a whole does, and no single line.
WITHOUT_A_LINE = {3, 4}


def _marks():
    """All numbers in the package's marks, with whether each is of a derivative."""
    return {(number, prime) for number, _, _, prime, _ in equations.marks()}


def test_every_mark_in_the_code_is_on_the_page():
    assert {number for number, _ in _marks()} <= set(equations.read())


def test_every_equation_on_the_page_has_its_line():
    assert {number for number, prime in _marks() if not prime} == set(equations.read()) - WITHOUT_A_LINE


def test_every_derivative_on_the_page_has_its_line_and_the_other_way_round():
    derived = {number for number, (_, text) in equations.read().items() if f"({number}')" in text}
    assert derived == {number for number, prime in _marks() if prime}


def test_numbers_run_from_one_without_a_gap():
    numbers = list(equations.read())
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


def test_places_finds_the_line_of_the_map_and_of_its_derivative():
    found = equations.places(8)
    assert any("mu + sigma * eps" in code and not prime for _, _, prime, code in found)
    assert any("deps = dz * sigma" in code and prime for _, _, prime, code in found)


def test_a_missing_page_is_a_clear_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="come with the repository"):
        equations.read(tmp_path / "EQUATIONS.md")
