"""A user's own function and gradient, from a file of theirs, checked at a point of theirs."""

import contextlib
import difflib
import inspect
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scratchvae.cli.user_model import import_file, on_path, speaking_for, split, to_standard_error
from scratchvae.gradcheck import check, check_model, error_curve
from scratchvae.gradcheck.report import Report
from scratchvae.validation import choose, positive_int, seeded

HOW = "path/to/file.py:FUNCTION"
#: How a gradient may be called beside its function, the first that is there.
GRADIENTS = ("{}_gradient", "{}_grad", "grad_{}", "gradient_{}", "d_{}", "gradient", "grad")
#: How the point may be called.
POINTS = ("{}_theta", "theta")


class Found(NamedTuple):
    """What was checked.

    Attributes
    ----------
    title : str
        What was compared, and where.
    report : Report
    curve : callable or None
        () -> ErrorCurve at the worst coordinate.
    """

    title: str
    report: Report
    curve: object


def check_file(spec, *, gradient=None, at=None, shape=None, seed=0, **options):
    """Check the function that `spec` names, or the model.

    Parameters
    ----------
    spec : str
        "path/to/file.py:NAME", or "path/to/file.py" if it holds one pair of a function and its gradient.
    gradient : str, optional
        The gradient's name in the file.
    at : str, optional
        The point: numbers, rows parted by semicolons; or a .npy file.
    shape : str, optional
        Of a random point: "3x4".
    seed : int
        Of a random point, and of the check.
    **options
        Of `scratchvae.gradcheck.check`.
    """
    path, name = _split(spec)
    with on_path(path.parent):
        module = import_file(path, HOW)
        found = _named(module, name, path)
        with _running(path, getattr(found, "__name__", name)):
            if _is_model(found):
                return _checked_model(found, path, seed, options)
            pair = _Pair(module, found, path, gradient)
            theta, where = _point(module, pair.name, at, shape, seed)
            return pair.checked(theta, where, seed, options)


@contextlib.contextmanager
def _running(path, name):
    """What the file prints goes to standard error, and what it raises names its line."""
    with speaking_for(path, f"{name} fails"), to_standard_error():
        yield


def _split(spec):
    """The path, and the name in it or None: here it is always a file that is named."""
    path, name = split(spec, HOW)
    return (Path(spec), None) if path is None else (path, name)


# --- the function and its gradient --------------------------------------------------------------


def _named(module, name, path):
    """What the file holds under this name; without a name its only function that has a gradient."""
    if name is None:
        pairs = [key for key in _own_functions(module) if _gradient_of(module, key) is not None]
        if len(pairs) != 1:
            known = ", ".join(f"{path}:{key}" for key in pairs or _own_functions(module)) or "none"
            raise ValueError(f"{path} holds {len(pairs)} functions with a gradient; name one: {known}.")
        name = pairs[0]
    if not hasattr(module, name):
        near = difflib.get_close_matches(name, vars(module), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise ValueError(f"there is no {name!r} in {path}{hint}")
    found = getattr(module, name)
    if not (callable(found) or _is_model(found)):
        raise ValueError(f"{name} in {path} is {type(found).__name__}, and cannot be called.")
    return found


def _own_functions(module):
    """The names of the functions that the file defines."""
    return [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    ]


def _gradient_of(module, name):
    """The name of the gradient of a function; None if the file has none under a name that is looked for."""
    if any(name == pattern.format(other) for other in _own_functions(module) for pattern in GRADIENTS):
        return None  # it is a gradient itself
    names = (pattern.format(name) for pattern in GRADIENTS)
    return next((key for key in names if key != name and callable(getattr(module, key, None))), None)


class _Pair:
    """A function of theta and its gradient; theta is an array, or a dict of arrays."""

    def __init__(self, module, function, path, gradient):
        self.module, self.function, self.path = module, function, path
        self.name = getattr(function, "__name__", "function")
        self.gradient_name = gradient or _gradient_of(module, self.name)
        if gradient is not None and not callable(getattr(module, gradient, None)):
            choose(dict.fromkeys(_own_functions(module)), gradient, f"gradient in {path}")

    def checked(self, theta, where, seed, options):
        """The report at this point; the file's variables `terms`, `sizes` and `blocks` take part."""
        flat, blocks, unpack = _packed(theta)
        value, gradient, how = self._split_value(unpack, blocks)
        for key in ("terms", "sizes", "blocks"):
            if hasattr(self.module, key):
                options.setdefault(key, getattr(self.module, key))
        if blocks is not None:
            options["blocks"] = blocks
        report = check(value, flat, gradient, seed=seed, **options)
        shown = f"of {np.size(flat)} numbers" if blocks is not None else f"{np.shape(flat)}"
        title = f"{self.name} of {self.path}, {how}, at theta {shown}: {where}"

        def curve():
            place, label = _worst_place(report, options.get("blocks"), flat)
            with _running(self.path, self.name):
                found = error_curve(value, flat, gradient, place)
            return found if label is None else found._replace(label=label)

        return Found(title, report, curve)

    def _split_value(self, unpack, blocks):
        """The value and the gradient, each a function of the array that is checked."""
        if self.gradient_name is not None:
            gradient = getattr(self.module, self.gradient_name)
            return (
                lambda t: self.function(unpack(t)),
                lambda t: _flat(gradient(unpack(t)), blocks),
                f"gradient {self.gradient_name}",
            )
        return (
            lambda t: self._both(unpack(t))[0],
            lambda t: _flat(self._both(unpack(t))[1], blocks),
            "which returns both",
        )

    def _both(self, theta):
        result = self.function(theta)
        if not (isinstance(result, tuple) and len(result) == 2):
            looked = ", ".join(pattern.format(self.name) for pattern in GRADIENTS)
            raise ValueError(
                f"{self.name} in {self.path} has no gradient: return (value, gradient), name it with "
                f"--gradient, or call it one of {looked}."
            )
        return result


def _packed(theta):
    """theta as one array, its blocks, and how to unpack it; an array is left as it is."""
    if not isinstance(theta, dict):
        return np.asarray(theta, np.float64), None, lambda t: t
    arrays = {name: np.asarray(array, np.float64) for name, array in theta.items()}
    blocks, start = {}, 0
    for name, array in arrays.items():
        blocks[name] = (slice(start, start + array.size), array.shape)
        start += array.size
    flat = np.concatenate([array.ravel() for array in arrays.values()])
    return flat, blocks, lambda t: {name: t[part].reshape(shape) for name, (part, shape) in blocks.items()}


def _flat(gradient, blocks):
    """The gradient as one vector, if theta is a dict: block by block, each of its shape."""
    if blocks is None:
        return gradient
    if not isinstance(gradient, dict) or set(gradient) != set(blocks):
        came = f"keys {sorted(gradient)}" if isinstance(gradient, dict) else type(gradient).__name__
        raise ValueError(f"theta is a dict with keys {sorted(blocks)}: so must the gradient be, not {came}.")
    for name, (_, shape) in blocks.items():
        if np.shape(gradient[name]) != shape:
            raise ValueError(
                f"the gradient of {name!r} must have shape {shape}, not {np.shape(gradient[name])}."
            )
    return np.concatenate([np.ravel(gradient[name]) for name in blocks])


def _worst_place(report, blocks, theta):
    """The place in theta of the worst block's worst entry, and its name; None for the largest gradient."""
    failing = [block for block in report.blocks if not block.passed]
    block = failing[0] if failing else report.worst
    if block.index is None or not block.n_checked:
        return None, None
    part = (blocks or {}).get(block.name, (slice(0, theta.size), theta.shape))[0]
    place = int(np.ravel_multi_index(block.index, block.shape)) if block.index else 0
    name = f"{block.name}[{', '.join(map(str, block.index))}]" if block.index else block.name
    return int(part.start or 0) + place, name


# --- the point ----------------------------------------------------------------------------------


def _point(module, name, at, shape, seed):
    """Where to check, and in words where that is from."""
    if at is not None and shape is not None:
        raise ValueError(
            "--at and --shape exclude each other: one is a point, the other the shape of a random one."
        )
    if at is not None:
        return _read_point(at), f"--at {at}"
    if shape is not None:
        return seeded(seed).standard_normal(_read_shape(shape)), f"random, seed {seed}"
    for key in (pattern.format(name) for pattern in POINTS):
        if hasattr(module, key):
            return getattr(module, key), f"{key} in the file"
    raise ValueError(
        "where is the gradient to be checked? Give --at '1,2,3', --shape 3 or 3x4 for a random point, or a "
        "variable theta in the file."
    )


def _read_point(text):
    """Numbers parted by commas or spaces, rows by semicolons; or a .npy file."""
    if text.endswith(".npy"):
        return np.load(text, allow_pickle=False)
    try:
        rows = [[float(number) for number in row.replace(",", " ").split()] for row in text.split(";")]
        array = np.array(rows if len(rows) > 1 else rows[0])
    except ValueError:
        raise ValueError(f"--at must be numbers, as 1,2,3 or 1,2;3,4 for rows, not {text!r}.") from None
    if not array.size:
        raise ValueError("--at is empty: give at least one number.")
    return array


def _read_shape(text):
    """(3, 4) of "3x4"."""
    try:
        return tuple(positive_int(int(size), "--shape") for size in text.lower().replace(",", "x").split("x"))
    except ValueError:
        raise ValueError(f"--shape must be whole numbers above zero, as 3 or 3x4, not {text!r}.") from None


# --- a model ------------------------------------------------------------------------------------


def _is_model(found):
    from scratchvae.models import BayesianModel

    return isinstance(found, BayesianModel) or (inspect.isclass(found) and issubclass(found, BayesianModel))


def _checked_model(found, path, seed, options):
    model = found() if inspect.isclass(found) else found
    name = type(model).__name__
    return Found(f"model {name} of {path}, at three random z", check_model(model, seed=seed, **options), None)
