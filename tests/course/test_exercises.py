"""The exercises: files, specifications and solutions fit together, and every usual mistake is named."""

import ast
import doctest
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from in_process import InProcess

from scratchvae.course.exercise import Exercise, in_this_process
from scratchvae.course.grading import grade_in
from scratchvae.course.specs import exercise, names
from scratchvae.gradcheck import check

TUTORIALS = Path(__file__).parents[2] / "tutorials"
TASKS = [(name, task) for name in names() for task in exercise(name).tasks]
MISTAKES = [(name, task, i) for name, task in TASKS for i in range(len(task.wrong))]
GRADIENTS = [(name, task) for name, task in TASKS if task.backward is not None]


def named(entry):
    return entry if isinstance(entry, str) else getattr(entry, "name", None)


def functions_of(path):
    """{name: definition} of a file's functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def solution(name):
    spec = importlib.util.spec_from_file_location(name, TUTORIALS / "solutions" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def graded(task, function, seed=0):
    """The verdict on one function in place of the right one."""
    alone = Exercise("alone", "alone", (task,))
    return grade_in(InProcess(**{task.name: function}), alone, seed).functions[0]


def test_there_is_a_file_and_a_solution_for_every_exercise():
    for folder in ("exercises", "solutions"):
        assert sorted(path.stem for path in (TUTORIALS / folder).glob("*.py")) == names()


@pytest.mark.parametrize("name", names())
def test_the_solution_passes_with_every_seed(name):
    module = solution(name)
    for seed in range(5):
        result = grade_in(InProcess(**vars(module)), exercise(name), seed)
        assert result.passed, [(f.name, f.code, f.message) for f in result.functions if not f.passed]


@pytest.mark.parametrize("name", names())
def test_the_solutions_examples_are_true(name):
    results = doctest.testmod(solution(name))
    assert results.failed == 0
    assert results.attempted >= len(exercise(name).tasks)


@pytest.mark.parametrize("name", names())
def test_an_exercise_is_its_solution_without_the_bodies(name):
    given, solved = (functions_of(TUTORIALS / folder / f"{name}.py") for folder in ("exercises", "solutions"))
    tasks = exercise(name).tasks
    assert list(given) == [task.name for task in tasks]
    for task in tasks:
        assert ast.get_docstring(given[task.name]) == ast.get_docstring(solved[task.name])
        assert ast.unparse(given[task.name].args) == ast.unparse(solved[task.name].args)
        assert ast.unparse(given[task.name].body[1:]) == "raise NotImplementedError"


@pytest.mark.parametrize(("name", "task"), TASKS, ids=named)
def test_the_docstring_says_the_points_and_shows_an_example(name, task):
    docstring = ast.get_docstring(functions_of(TUTORIALS / "exercises" / f"{name}.py")[task.name])
    points = re.search(r"\((\d) points?\)", docstring.splitlines()[0])
    assert int(points[1]) == task.points
    assert ">>> " in docstring
    assert task.hints


@pytest.mark.parametrize(("name", "task"), TASKS, ids=named)
def test_the_cases_differ_by_seed_and_not_otherwise(name, task):
    def drawn(seed):
        return repr([case.inputs for case in task.cases(np.random.default_rng(seed))])

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


@pytest.mark.parametrize(("name", "task"), TASKS, ids=named)
def test_at_least_two_usual_mistakes_are_known(name, task):
    assert len(task.wrong) >= 2


@pytest.mark.parametrize(("name", "task", "i"), MISTAKES, ids=named)
def test_a_usual_mistake_is_named(name, task, i):
    for seed in range(3):
        result = graded(task, task.wrong[i].function, seed)
        assert not result.passed
        assert result.message == task.wrong[i].words, (result.code, result.message)


@pytest.mark.parametrize(("name", "task"), GRADIENTS, ids=named)
def test_the_gradients_of_the_references_are_those_of_their_values(name, task):
    for case in task.cases(np.random.default_rng(5)):
        inputs = {key: in_this_process(value) for key, value in case.inputs.items()}
        gradients = task.reference(**inputs)
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        for argument, gradient in zip(task.backward.by, gradients, strict=True):

            def value(point, argument=argument, inputs=case.inputs):
                return float(task.backward.value(**{**inputs, argument: point}))

            assert check(value, inputs[argument], np.asarray(gradient)).passed, argument
