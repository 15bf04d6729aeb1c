"""The model that a command line names: one of the package's own, or one in a file of the user's."""

import contextlib
import difflib
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path

HOW = "path/to/file.py:NAME, or a name that `scratchvae fit --list` shows"


def built_in():
    """The models that need no data, by name; each is made by a call."""
    from functools import partial

    from scratchvae.models import TARGETS, EightSchools

    schools = {"eight_schools": EightSchools, "eight_schools_centred": partial(EightSchools, centred=True)}
    return schools | TARGETS


def load(spec):
    """Return the model that `spec` names, and the file that it is from: None for one of the package's own.

    Parameters
    ----------
    spec : str
        ``"eight_schools"``, ``"path/to/file.py:NAME"``, or ``"path/to/file.py"`` if it holds one model.

    Raises
    ------
    ValueError, OSError
        That say what is wrong with the file, or with what it holds under this name.
    """
    path, name = split(spec)
    if path is None:
        return _named(spec), None
    with on_path(path.parent):
        module = import_file(path)
        return _made(_chosen(module, name, path), name, path), path


def split(spec, how=HOW):
    """The path and the name in it, either None: of ``C:\\model.py`` a colon parts nothing."""
    path, colon, name = spec.rpartition(":")
    if colon and path and name.isidentifier():
        return Path(path), name
    if colon and path.endswith(".py"):
        raise ValueError(f"{name!r} in {spec!r} cannot be a name in a file; give {how}.")
    if spec.endswith(".py") or "/" in spec or "\\" in spec:
        return Path(spec), None
    return None, spec


def _named(name):
    known = built_in()
    if name in known:
        return known[name]()
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}."
    raise ValueError(f"there is no model {name!r}: {hint} A model of your own is path/to/file.py:NAME.")


# --- the file -----------------------------------------------------------------------------------


def import_file(path, how=HOW):
    """Import a file of the user's by its path; what it prints goes to standard error.

    The module is registered under a private name, because dataclasses and pickles look it up there; that
    is none that the file or another could import by chance.

    Raises
    ------
    ValueError
        If it raises: what, and in which of its lines.
    OSError
        If there is no such file.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        raise FileNotFoundError(f"cannot read {path}: it {what}; give {how}.")
    if path.suffix != ".py":
        raise ValueError(f"{path} is no Python file, which would end in .py; give {how}.")
    private = f"_scratchvae_model_{path.stem}"
    spec = importlib.util.spec_from_file_location(private, path.resolve())
    module = sys.modules[private] = importlib.util.module_from_spec(spec)
    try:
        with speaking_for(path, f"{path} fails while it is imported", always=True), to_standard_error():
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[private]
        raise
    return module


def to_standard_error():
    """Where the file's own prints go, so that they are not taken for the result."""
    return contextlib.redirect_stdout(sys.stderr)


@contextlib.contextmanager
def on_path(folder):
    """Let the file import its neighbours, as ``python path/to/file.py`` would."""
    folder = str(folder.resolve())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # the file may have removed it
            sys.path.remove(folder)


@contextlib.contextmanager
def speaking_for(path, what, always=False):
    """Turn what the file raises into a ValueError that names the error and the file's line.

    An error that no line of the file has to do with passes through, unless `always`.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        line = line_in(path, error)
        if line is None and not always:
            raise
        where = "" if line is None else f" in line {line}"
        told = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
        hint = " (put what it runs under `if __name__ == '__main__':`)" * isinstance(error, SystemExit)
        raise ValueError(f"{what}: {type(error).__name__}{where}: {told}{hint}") from error


def line_in(path, error):
    """The line of the file that an error came from, the innermost one; None if it did not."""
    path = path.resolve()
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).resolve() == path:
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if Path(frame.filename).resolve() == path), None)


# --- what it holds ------------------------------------------------------------------------------


def models_in(module):
    """The names of a file's own models: classes that it defines, and objects."""
    from scratchvae.models import BayesianModel

    def is_own(value):
        kind = value if inspect.isclass(value) else type(value)
        if not issubclass(kind, BayesianModel):
            return False
        return value.__module__ == module.__name__ if inspect.isclass(value) else True

    return [name for name, value in vars(module).items() if not name.startswith("_") and is_own(value)]


def _chosen(module, name, path):
    """What the file holds under this name; without a name its only model."""
    found = models_in(module)
    if name is None and len(found) == 1:
        name = found[0]
    if name is None and found:
        raise ValueError(f"{path} holds several models; name one: {', '.join(f'{path}:{n}' for n in found)}.")
    if name is None:
        raise ValueError(f"{path} holds no model: write a class that derives from sv.BayesianModel.")
    if not hasattr(module, name):
        near = difflib.get_close_matches(name, found, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise ValueError(f"there is no {name!r} in {path}{hint} Models in it: {', '.join(found) or 'none'}.")
    return getattr(module, name)


def _made(found, name, path):
    """The model itself: an object as it is, of a class or a function what a call gives."""
    from scratchvae.models import BayesianModel

    name = name or getattr(found, "__name__", "the model")
    if inspect.isclass(found) and not issubclass(found, BayesianModel):
        raise ValueError(f"the class {name} in {path} is no model: derive it from sv.BayesianModel.")
    if inspect.isclass(found) or inspect.isroutine(found):
        _check_no_arguments(found, name, path)
        with speaking_for(path, f"{name}() fails"), to_standard_error():
            found = found()
    if not isinstance(found, BayesianModel):
        what = "None" if found is None else f"an object of the class {type(found).__name__}"
        raise ValueError(
            f"{name} in {path} is {what}, no model: it must be a class that derives from sv.BayesianModel, "
            "an object of one, or a function without arguments that returns one."
        )
    return found


def _check_no_arguments(maker, name, path):
    """Raise a ValueError if a call without arguments cannot be."""
    needed = [
        parameter.name
        for parameter in inspect.signature(maker).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if needed:
        given = ", ".join(f"{argument}=..." for argument in needed)
        raise ValueError(
            f"{name} in {path} needs arguments ({', '.join(needed)}): write beside it "
            f"`def my_model(): return {name}({given})`, and name {path}:my_model."
        )
