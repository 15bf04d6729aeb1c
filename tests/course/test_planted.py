"""Mistakes as students write them are found, and named."""

import ast
from pathlib import Path

import pytest
from in_process import InProcess
from planted import PLANTED

from scratchvae.course.exercise import Exercise
from scratchvae.course.grading import grade_in
from scratchvae.course.specs import exercise, names

SOLUTIONS = Path(__file__).parents[2] / "tutorials" / "solutions"


def with_mistake(path, function, old, new):
    """The functions of a solution, one of them with `old` replaced by `new` in its body."""
    source = path.read_text(encoding="utf-8")
    nodes = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    lines, node = source.splitlines(keepends=True), nodes[function]
    begin, end = node.body[0].end_lineno, node.end_lineno  # after the docstring
    body = "".join(lines[begin:end])
    assert old in body, f"{old!r} does not stand in {function}"
    functions = {}
    exec("".join(lines[:begin]) + body.replace(old, new) + "".join(lines[end:]), functions)
    return functions


@pytest.mark.parametrize(("beginning", "function", "old", "new", "words"), PLANTED)
def test_a_planted_mistake_is_named(beginning, function, old, new, words):
    (path,) = SOLUTIONS.glob(f"{beginning}_*.py")
    functions = with_mistake(path, function, old, new)
    tasks = exercise(path.stem).tasks
    alone = Exercise("alone", "alone", tuple(task for task in tasks if task.name == function))
    for seed in range(2):
        result = grade_in(InProcess(**functions), alone, seed).functions[0]
        assert not result.passed
        assert words in result.message, (result.code, result.message)


def test_every_function_has_at_least_two_planted_mistakes():
    planted = [(beginning, function) for beginning, function, *_ in PLANTED]
    tasks = [(name[:4], task.name) for name in names() for task in exercise(name).tasks]
    assert [task for task in tasks if planted.count(task) < 2] == []
