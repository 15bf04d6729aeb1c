"""A whole class at once: file by file over the cores, and one bad file is no reason to stop."""

import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from scratchvae.course.grading import grade
from scratchvae.course.results import FileResult, FunctionResult
from scratchvae.course.specs import exercise_of
from scratchvae.validation import positive_int


def grade_all(paths, *, seed=None, exercise=None, only=None, limits=None, n_jobs=None):
    """Grade files in parallel; yield the results in the files' order, each as soon as it is there.

    Parameters
    ----------
    paths : iterable of paths
    seed, exercise, only, limits
        As of `grade`. All files get the same inputs, for fairness: one secret seed if none is given.
    n_jobs : int, optional
        Files graded at the same time, by default one a core.

    Yields
    ------
    FileResult
        Of a file that cannot be graded too: its `error` says why, and its functions have no points.
    """
    seed = secrets.randbits(32) if seed is None else seed
    n_jobs = (os.cpu_count() or 1) if n_jobs is None else positive_int(n_jobs, "n_jobs")
    pool = ThreadPoolExecutor(n_jobs)  # threads: the solutions run in processes of their own
    try:
        futures = [pool.submit(_graded, path, seed, exercise, only, limits) for path in paths]
        for future in futures:
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _graded(path, seed, exercise, only, limits):
    try:
        return grade(path, seed=seed, exercise=exercise, only=only, limits=limits)
    except (ValueError, OSError) as error:
        return not_graded(path, seed, exercise, str(error), only)
    except Exception as error:  # a fault of the grader or of a specification, and none of the class
        return not_graded(path, seed, exercise, f"the grader failed: {type(error).__name__}: {error}", only)


def not_graded(path, seed, exercise, error, only=None):
    """The result of a file that cannot be graded: no points of those that its exercise has, if it has one."""
    name, functions = "", ()
    with suppress(ValueError, OSError):
        found = exercise_of(path, exercise).only(only)
        name = found.name
        functions = tuple(FunctionResult(task.name, "file", error, task.points) for task in found.tasks)
    return FileResult(str(path), name, functions, seed, error)
