"""One small slip in a formula: the right answer's own program, changed in one place, gives what came.

The program is the reference's, read from its source. What is said is the kind of the slip and the arguments
that it is about, and not the place.
"""

import ast
import copy
import inspect
from pathlib import Path

#: Functions whose absence, or exchange, is a slip of its own.
LEFT_OUT = {
    "exp": "an exponential is left out",
    "log": "a logarithm is left out",
    "sqrt": "a root is left out",
}
EXCHANGED = {
    "sum": ("mean", "a mean is taken where a sum is meant"),
    "mean": ("sum", "a sum is taken where a mean is meant"),
    "log": ("log10", "a logarithm is decadic; natural ones, np.log, are meant"),
    "max": ("min", "the smallest is taken where the largest is meant"),
}
OPPOSITE = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}


def slips(reference):
    """(words, function) of every small slip of a reference, the simplest first; none without its source."""
    try:
        source = Path(reference.__code__.co_filename).read_text(encoding="utf-8")
    except (AttributeError, OSError):
        return
    tree = ast.parse(source)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    used = _reachable(reference.__name__, functions)
    arguments = list(inspect.signature(reference).parameters)
    found = [
        (rank, words, name, i, k)
        for name in used
        for rank, words, i, k in _places(functions[name], arguments)
    ]
    for _, words, name, i, k in sorted(found, key=lambda slip: slip[0]):
        changed = _changed(functions[name], i, k)
        yield words, _function(reference, [changed, *(functions[n] for n in used if n != name)])


def _reachable(name, functions):
    """The functions of the module that one of them calls, itself first; none if a loop might not end."""
    found, open_names = [], [name]
    while open_names:
        name = open_names.pop()
        if name in functions and name not in found:
            found.append(name)
            open_names += [node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)]
    endless = any(isinstance(node, ast.While) for name in found for node in ast.walk(functions[name]))
    return [] if endless else found


def _places(function, arguments):
    """(rank, words, i, k): the k-th change of the i-th node of a function."""
    for i, node in enumerate(ast.walk(function)):
        for k, (rank, words, _) in enumerate(_changes(node)):
            names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            about = [name for name in arguments if name in names]
            yield rank, words + (f", about {' and '.join(about)}" if 0 < len(about) < 4 else ""), i, k


def _changes(node):
    """(rank, words, the node in its place) of what can go wrong at one node."""
    if isinstance(node, ast.BinOp):
        yield from _of_operation(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        if not isinstance(node.operand, ast.Constant) or isinstance(node.operand.value, float):
            yield 0, "a sign is wrong", node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value:
        for factor in (2, 0.5):
            yield 5, "a constant is off by a factor of two", ast.Constant(node.value * factor)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield from _of_call(node, node.func.attr)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield 4, "something is transposed that should not be, or the other way round", node.value


def _of_operation(node):
    left, op, right = node.left, type(node.op), node.right
    if op in OPPOSITE:
        words = (
            "a sign is wrong"
            if op in (ast.Add, ast.Sub)
            else "multiplied where it should be divided, or the reverse"
        )
        yield 0 if op in (ast.Add, ast.Sub) else 3, words, ast.BinOp(left, OPPOSITE[op](), right)
        part = "term" if op in (ast.Add, ast.Sub) else "factor"
        yield 1, f"a {part} is left out", left
        if op in (ast.Add, ast.Mult):
            yield 1, f"a {part} is left out", right
        elif op is ast.Sub:
            yield 1, f"a {part} is left out", ast.UnaryOp(ast.USub(), right)
    elif op is ast.Pow:
        yield 2, "a power is left out", left
        yield 2, "doubled where it should be squared", ast.BinOp(left, ast.Mult(), right)


def _of_call(node, name):
    if name in LEFT_OUT and len(node.args) == 1:
        yield 2, LEFT_OUT[name], node.args[0]
    if name in EXCHANGED:
        other, words = EXCHANGED[name]
        function = ast.Attribute(node.func.value, other, ast.Load())
        yield 4, words, ast.Call(function, node.args, node.keywords)


def _changed(function, i, k):
    """A copy of the function with the k-th change of its i-th node."""
    function = copy.deepcopy(function)
    place = list(ast.walk(function))[i]
    *_, new = list(_changes(place))[k]
    for parent in ast.walk(function):
        for field, value in ast.iter_fields(parent):
            if value is place:
                setattr(parent, field, new)
            elif isinstance(value, list):
                setattr(parent, field, [new if entry is place else entry for entry in value])
    return function


def _function(reference, definitions):
    """The reference, with those definitions in place of its module's own."""
    program = ast.fix_missing_locations(ast.Module(copy.deepcopy(definitions), []))
    namespace = dict(reference.__globals__)
    exec(compile(program, "a slip", "exec"), namespace)
    return namespace[reference.__name__]
