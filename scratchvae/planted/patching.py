"""A mistake planted: functions of a module run other code for the length of a ``with`` block.

The module's source is changed as text and compiled anew; each function that comes out different gives its
code to the living one. So everything that holds the function, under whatever name, makes the mistake, and
nothing does afterwards.
"""

import contextlib
import functools
import importlib
import types
from pathlib import Path


class PlantError(ValueError):
    """A mistake that does not fit the source any more."""


@contextlib.contextmanager
def planted(mistake):
    """Run a block with the mistake in place.

    Parameters
    ----------
    mistake : Mistake

    Raises
    ------
    PlantError
        If a text that is to be changed does not stand in the module exactly once, or no function changes.
    """
    module = importlib.import_module(f"scratchvae.{mistake.module}")
    functions = functions_of(module)
    wanted = _codes(changed_source(mistake, module), module.__file__)
    replaced = [
        (function, function.__code__, wanted[name])
        for name, function in functions.items()
        if name in wanted and _differ(function.__code__, wanted[name])
    ]
    if not replaced:
        raise PlantError(f"{mistake.name}: the change of {mistake.module} reaches no function.")
    try:
        for function, _, code in replaced:
            function.__code__ = code
        yield
    finally:
        for function, code, _ in replaced:
            function.__code__ = code


def changed_source(mistake, module):
    """The module's source with the mistake in it."""
    source = Path(module.__file__).read_text(encoding="utf-8")
    for old, new in mistake.changes:
        found = source.count(old)
        if found != 1:
            raise PlantError(
                f"{mistake.name}: the text {old!r} stands {found} times in scratchvae.{mistake.module}, not "
                "once; the source has changed, so change the catalogue of mistakes too."
            )
        source = source.replace(old, new)
    return source


def functions_of(module):
    """{qualified name: function} of what the module defines, in its classes too."""
    found = {}
    for member in vars(module).values():
        for function in _within(member):
            if function.__module__ == module.__name__:
                found[function.__qualname__] = function
    return found


def _within(member):
    """The plain functions in a function, a method of any kind, a property or a class."""
    if isinstance(member, types.FunctionType):
        yield member
    elif isinstance(member, staticmethod | classmethod):
        yield from _within(member.__func__)
    elif isinstance(member, property):
        yield from _within(member.fget)
    elif isinstance(member, functools.cached_property):
        yield from _within(member.func)
    elif isinstance(member, type):
        for inner in vars(member).values():
            yield from _within(inner)


def _codes(source, path):
    """{qualified name: code object} of all functions in the source."""
    found, waiting = {}, [compile(source, path, "exec")]
    while waiting:
        inner = [constant for constant in waiting.pop().co_consts if isinstance(constant, types.CodeType)]
        found |= {code.co_qualname: code for code in inner}
        waiting += inner
    return found


def _differ(before, after):
    """Whether two code objects do different things, wherever they stand."""
    same = before.co_code == after.co_code and before.co_names == after.co_names
    return not (same and _constants(before) == _constants(after))


def _constants(code):
    """The constants of a code object, inner functions by what they do."""
    return [
        (constant.co_code, constant.co_names, _constants(constant))
        if isinstance(constant, types.CodeType)
        else (type(constant), constant)
        for constant in code.co_consts
    ]
