"""The exercises, each found by its name. They hold the answers, and never leave the grader's process."""

import importlib
import importlib.util
import pkgutil
import re
from pathlib import Path

from scratchvae.course.exercise import Exercise
from scratchvae.validation import choose


def names():
    """The names of all exercises, in order: ``ex01_densities`` and on."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__) if re.match(r"ex\d\d_", info.name))


def exercise(name):
    """The `Exercise` of that name."""
    choose(dict.fromkeys(names()), name, "exercise")
    return importlib.import_module(f"{__name__}.{name}").EXERCISE


def exercise_of(path, name=None):
    """The exercise that a file belongs to.

    Parameters
    ----------
    path : Path
        ``ex03`` somewhere in its name tells, so that ``ex03_reparameterization (2).py`` is known, too.
    name : str, optional
        The exercise's name or beginning, ``ex03``, if the file's name does not tell; or a teacher's own
        specification, a Python file that defines `EXERCISE`. That one is run here: it is trusted.

    Raises
    ------
    ValueError
        If neither tells, or the specification defines no exercise.
    """
    if name is not None and name.endswith(".py"):
        return from_file(name)
    said = Path(path).name if name is None else name
    number = re.search(r"ex(\d\d)(?!\d)", said.lower())
    known = {known[:4]: known for known in names()}
    if number is None or f"ex{number[1]}" not in known:
        what = "name of a file" if name is None else "exercise"
        raise ValueError(
            f"{said!r} is the {what} of no exercise; known are {', '.join(known.values())}. "
            "Name the file so, or say which one it is by --exercise."
        )
    return exercise(known[f"ex{number[1]}"])


def from_file(path):
    """The `Exercise` that a Python file of a teacher's own defines as `EXERCISE`."""
    spec = importlib.util.spec_from_file_location("own_exercise", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except OSError as error:
        raise OSError(f"{path} cannot be read: {error.strerror}.") from None
    except Exception as error:
        raise ValueError(f"the specification {path} cannot be run: {type(error).__name__}: {error}") from None
    found = getattr(module, "EXERCISE", None)
    if not isinstance(found, Exercise):
        raise ValueError(f"{path} must define EXERCISE, a scratchvae.course.exercise.Exercise.")
    return found
