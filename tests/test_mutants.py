"""The mutation tool: what it changes and leaves alone; CONTRIBUTING.md has its last run in numbers."""

import ast
import json
from pathlib import Path

import pytest
from mutation.explanations import Explanations
from mutation.operators import Module, changes
from mutation.report import table
from mutation.scope import is_mathematics

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b", {"a - b"}),
        ("a ** b", {"a * b"}),
        ("a @ b", {"b @ a"}),
        ("-a", {"a"}),
        ("-1", {"1", "0", "-2"}),
        ("2", {"3"}),
        ("0.5", {"0.25"}),
        ("1e-08", {"1e-05"}),
        ("True", {"False"}),
        ("a < b", {"a >= b", "a <= b"}),
        ("a.T", {"a"}),
        ("a.swapaxes(0, 1)", {"a"}),
        ("a.sum()", {"a.mean()"}),
        ("a if b else c", {"c if b else a"}),
        ("f'{a}' + b", set()),
    ],
)
def test_what_an_expression_becomes(expression, expected):
    node = ast.parse(expression, mode="eval").body
    assert {ast.unparse(ast.fix_missing_locations(new)) for _, new in changes(node)} == expected


SOURCE = '''
"""A module."""
FACTOR = 3.0


def scaled(x):
    if x[0] < 0:
        place = 0 + 1
        raise ValueError(f"x is {x[0]} at place {place}")
    y = FACTOR * x[0]
    return y


def sample(rng):
    return 2 * rng.random()
'''


@pytest.fixture
def module(tmp_path):
    path = tmp_path / "small.py"
    path.write_text(SOURCE)
    return Module("scratchvae.small", path, is_mathematics)


def test_checks_of_input_and_samplers_are_left_alone(module):
    assert {(mutant.function, mutant.before) for mutant in module.mutants} == {
        ("<module>", "3.0"),
        ("scaled", "y = FACTOR * x[0]"),
        ("scaled", "FACTOR * x[0]"),
        ("scaled", "0"),
    }


def test_one_change_is_compiled_at_a_time(module):
    index = next(i for i, mutant in enumerate(module.mutants) if mutant.after == "FACTOR / x[0]")
    names = {}
    exec(module.code(index), names)
    assert names["scaled"]([2.0]) == 1.5
    assert ast.unparse(module.tree) == ast.unparse(ast.parse(SOURCE))


def test_a_constant_is_read_where_its_name_stands(module):
    constant = next(mutant for mutant in module.mutants if mutant.before == "3.0")
    assert not constant.in_body
    assert [module.source[line - 1].strip() for line in constant.lines] == ["y = FACTOR * x[0]"]


def test_a_reason_covers_the_mutants_that_it_names(tmp_path):
    path = tmp_path / "explained.toml"
    path.write_text("[[reason]]\nwhy = 'so'\nmutants = ['a:f: x + 1 :: 1 -> 2', 'b:<any>: y :: 0 -> 1']\n")
    reasons = Explanations(path)
    assert reasons.get("scratchvae.a:f: x + 1 :: 1 -> 2") == "so"
    assert reasons.get("scratchvae.a:f: x + 1 :: 1 -> 0") is None
    assert reasons.unused == ["b:<any>: y :: 0 -> 1"]
    assert "scratchvae.b:g: y :: 0 -> 1" in reasons
    assert reasons.unused == []


def test_the_table_of_contributing_is_that_of_the_last_run():
    results = json.loads((HERE / "mutation" / "results.json").read_text(encoding="utf-8"))
    page = (HERE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert "\n".join(table(results["by_group"])) in page


def test_every_survivor_of_the_last_run_is_explained():
    results = json.loads((HERE / "mutation" / "results.json").read_text(encoding="utf-8"))
    assert results["survivors"]
    assert all(results["survivors"].values())
    assert results["all"]["caught"] >= 0.97 * results["all"]["run"]
