"""What an import sets, set anew where it was imported already: constants, defaults, attributes of classes.

A value that another import has computed from them, as a registry or a test's parameters, stays: for those
there is `fresh`.
"""

import sys
import types

#: Of these kinds are the values that are set anew; a class or a function is the same object still.
DATA = (bool, int, float, str, tuple, list, dict, type(None))


def swap(name, code):
    """Run the changed code of the module `name`, and give what came out to the module that is loaded."""
    module = sys.modules[name]
    changed = {"__name__": name, "__package__": module.__package__, "__file__": module.__file__}
    exec(code, changed)
    for key, new in changed.items():
        old = vars(module).get(key)
        if isinstance(new, DATA) and not key.startswith("__") and differ(old, new):
            _set_constant(key, old, new)
        else:
            _renew(name, old, new)


def differ(old, new):
    """Whether two values are not the same, arrays within them never being."""
    try:
        return bool(old != new)
    except ValueError:  # of arrays
        return False


def _set_constant(key, old, new):
    """In each module of the package that has imported it by this name."""
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("scratchvae") and vars(module).get(key) is old:
            setattr(module, key, new)


def _renew(name, old, new):
    """A function's defaults, or those of a class's methods and its attributes."""
    if isinstance(new, types.FunctionType) and isinstance(old, types.FunctionType):
        old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
    elif isinstance(new, type) and isinstance(old, type) and new.__module__ == name:
        for key, value in list(vars(new).items()):
            its = vars(old).get(key)
            if isinstance(value, DATA) and not key.startswith("__") and differ(its, value):
                setattr(old, key, value)
            elif not isinstance(value, type):
                _renew(name, getattr(its, "__func__", its), getattr(value, "__func__", value))
