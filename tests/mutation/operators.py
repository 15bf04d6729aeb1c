"""The mutations: an expression of the source and what is put in its place, by a walk over the syntax tree."""

import ast
import hashlib
from collections import Counter
from typing import NamedTuple

SWAPPED_OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
OPPOSITES = {
    ast.Lt: (ast.GtE, ast.LtE),
    ast.LtE: (ast.Gt, ast.Lt),
    ast.Gt: (ast.LtE, ast.GtE),
    ast.GtE: (ast.Lt, ast.Gt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
#: Functions that are easily taken for each other.
CONFUSED = {
    "sum": "mean",
    "mean": "sum",
    "maximum": "minimum",
    "minimum": "maximum",
    "max": "min",
    "min": "max",
    "ones_like": "zeros_like",
    "zeros_like": "ones_like",
    "ones": "zeros",
    "zeros": "ones",
    "log1p": "log",
    "expm1": "exp",
    "sin": "cos",
    "cos": "sin",
    "tril": "triu",
    "triu": "tril",
    "sinh": "cosh",
    "cosh": "sinh",
}
#: Numbers beyond these are guards and tolerances: half of one would be as good.
SMALL, LARGE = 1e-4, 1e4


class Mutant(NamedTuple):
    """One change of one module. `line` is where it is, `text` what stands there; `twin` counts equal ones."""

    module: str
    function: str  # qualified as in the code object: "Planar.forward", "<module>"
    kind: str
    text: str
    before: str
    after: str
    twin: int
    line: int
    lines: tuple  # where it is executed, or where what it sets is read
    in_body: bool  # of a function: not a default, an attribute of a class or a module's constant
    place: str  # a fingerprint of the function, or the statement outside of any, that it stands in

    @property
    def key(self):
        """What stays the same when lines move."""
        again = f" #{self.twin + 1}" if self.twin else ""
        return f"{self.module}:{self.function}: {self.text} :: {self.before} -> {self.after}{again}"


class Module:
    """A parsed source file whose mutants can be compiled one at a time."""

    def __init__(self, name, path, is_mathematics):
        self.name, self.path = name, str(path)
        text = path.read_text(encoding="utf-8")
        self.tree, self.source = ast.parse(text), text.splitlines()
        self.sites = [
            site for site in _sites(self.tree) if is_mathematics(site) and not site.is_negated_number
        ]
        self.mutants, seen = [], Counter()
        self._places, self._fingerprints = [], {}
        for site in self.sites:
            for kind, new in changes(site.node):
                if not (
                    site.is_reshaped and ast.unparse(new) == "-2"
                ):  # NumPy takes any negative size for -1
                    self._add(site, kind, new, seen)

    def _add(self, site, kind, new, seen):
        ast.fix_missing_locations(ast.copy_location(new, site.node))
        first = site.statement.lineno
        head = (self.name, site.function, kind, self.source[site.node.lineno - 1].strip())
        change = (ast.unparse(site.node), ast.unparse(new))
        if change[0] == change[1]:
            return
        lines = {first, *range(site.node.lineno, (site.node.end_lineno or first) + 1)}
        lines = tuple(sorted(lines if site.in_body else self._users_of(site) or lines))
        places = (seen[head + change], site.node.lineno, lines, site.in_body)
        self.mutants.append(Mutant(*head, *change, *places, self._fingerprint(site)))
        self._places.append((site, new))
        seen[head + change] += 1

    def _fingerprint(self, site):
        """Of the code without its comments and place: what becomes of a mutant is known until it changes."""
        around = site.innermost
        if around not in self._fingerprints:
            text = ast.dump(around).encode()
            self._fingerprints[around] = hashlib.sha256(text).hexdigest()[:12]
        return self._fingerprints[around]

    def _users_of(self, site):
        """The lines that read what an import sets: a default's function, or the uses of a constant's name."""
        statement = site.statement
        if isinstance(statement, ast.FunctionDef):
            return set(range(statement.body[0].lineno, statement.end_lineno + 1))
        names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and _is_set(node)}
        uses = (node for node in ast.walk(self.tree) if _named(node) in names and not _is_set(node))
        return {node.lineno for node in uses}

    def index(self, key):
        """The number of the mutant of this key."""
        return next(i for i, mutant in enumerate(self.mutants) if mutant.key == key)

    def code(self, index):
        """The code object of the module with mutant number `index`."""
        site, new = self._places[index]
        site.put(new)
        try:
            return compile(self.tree, self.path, "exec")
        finally:
            site.put(site.node)


class Site(NamedTuple):
    """An expression and where it hangs in the tree."""

    node: ast.AST
    parents: tuple  # from the module to the node's own parent
    field: str
    position: int | None  # in a list
    statement: ast.stmt
    function: str
    in_body: bool  # executed when a function is called, not when its module is imported

    @property
    def innermost(self):
        """The function that it stands in, or its statement outside of any."""
        functions = (parent for parent in reversed(self.parents) if isinstance(parent, ast.FunctionDef))
        return next(functions, self.statement)

    @property
    def is_negated_number(self):
        """Whether it is the 1 of -1, which is changed together with its sign."""
        parent = self.parents[-1]
        return isinstance(self.node, ast.Constant) and isinstance(parent, ast.UnaryOp) and _is_minus(parent)

    @property
    def is_reshaped(self):
        """Whether it is a size that `reshape` is given."""
        calls = [parent.func for parent in self.parents[-2:] if isinstance(parent, ast.Call)]
        return any(isinstance(func, ast.Attribute) and func.attr == "reshape" for func in calls)

    def put(self, new):
        """Hang `new` in the expression's place."""
        parent = self.parents[-1]
        if self.position is None:
            setattr(parent, self.field, new)
        else:
            getattr(parent, self.field)[self.position] = new


def _is_set(node):
    return isinstance(getattr(node, "ctx", None), ast.Store)


def _named(node):
    """The name that an expression reads: of a variable, or of an attribute."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


def _sites(tree):
    """Every node with its place, in the order of the source."""

    def walk(node, parents, statement, names, in_body):
        for field, value in ast.iter_fields(node):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                called = field == "body" and isinstance(node, ast.FunctionDef)
            else:
                called = in_body
            for position, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(child, ast.AST):
                    inner = child if isinstance(child, ast.stmt) else statement
                    name = ".".join(names) or "<module>"
                    yield Site(child, (*parents, node), field, position, inner, name, called)
                    yield from walk(child, (*parents, node), inner, _names(child, names), called)

    yield from walk(tree, (), None, (), False)


def _names(node, names):
    """The qualified name within a definition, as Python writes it."""
    if isinstance(node, ast.ClassDef):
        return (*names, node.name)
    if isinstance(node, ast.FunctionDef):
        return (*names, node.name)
    return names


# --- what each expression may become ---------------------------------------------------------


def changes(node):
    """(kind, new expression) for each mutation of a node."""
    for kind, mutate in KINDS.get(type(node), ()):
        for new in mutate(node):
            yield kind, new


def _operator(node):
    if isinstance(node.op, ast.MatMult):
        return
    if type(node.op) in SWAPPED_OPERATORS and not _is_text(node.left):
        yield ast.BinOp(node.left, SWAPPED_OPERATORS[type(node.op)](), node.right)


def _is_text(node):
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _product(node):
    """A matrix product in the other order."""
    if isinstance(node.op, ast.MatMult):
        yield ast.BinOp(node.right, node.op, node.left)


def _augmented(node):
    if type(node.op) in SWAPPED_OPERATORS:
        yield ast.AugAssign(node.target, SWAPPED_OPERATORS[type(node.op)](), node.value)


def _sign(node):
    if isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield node.operand


def _negative_number(node):
    """-1 becomes 1, 0 and -2."""
    if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        yield node.operand
        for other in _number(node.operand):
            yield other if other.value == 0 else ast.UnaryOp(ast.USub(), other)


def _number(node):
    value = node.value
    if type(value) is bool:
        yield ast.Constant(not value)
    elif type(value) is int:
        if value == 1:
            yield ast.Constant(0)
        yield ast.Constant(value + 1)
    elif type(value) is float:
        yield ast.Constant(_other_float(value))


def _other_float(value):
    if value == 0:
        return 1.0
    return value / 2 if SMALL <= value <= LARGE else value * 1e3 if value < SMALL else value / 1e3


def _assigned(node):
    """A sign too many on what gets a name."""
    if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and _is_arithmetic(node.value):
        yield ast.Assign(node.targets, _negated(node.value))


def _returned(node):
    """A sign too many on what is returned."""
    value = node.value
    if isinstance(value, ast.Tuple):
        for i, entry in enumerate(value.elts):
            if _is_arithmetic(entry):
                entries = [_negated(other) if i == k else other for k, other in enumerate(value.elts)]
                yield ast.Return(ast.Tuple(entries, ast.Load()))
    elif _is_arithmetic(value):
        yield ast.Return(_negated(value))


def _negated(node):
    return ast.UnaryOp(ast.USub(), node)


def _is_arithmetic(node):
    if isinstance(node, ast.BinOp):
        return not _is_text(node.left) and not (isinstance(node.op, ast.Mult) and _is_minus(node.left))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return isinstance(node.func.value, ast.Name) and node.func.value.id == "np" and node.func.attr in MAPS
    return False


def _is_minus(node):
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


#: NumPy's functions whose value is a number, the sign of which can be turned.
MAPS = {"exp", "log", "log1p", "tanh", "sqrt", "where", "concatenate", "stack", "sum", "einsum"}


def _comparison(node):
    if len(node.ops) == 1:
        for other in OPPOSITES[type(node.ops[0])]:
            yield ast.Compare(node.left, [other()], node.comparators)


def _transpose(node):
    if node.attr in ("T", "mT"):
        yield node.value


def _swapaxes(node):
    """a.swapaxes(i, j), np.swapaxes(a, i, j) and the like become a."""
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("swapaxes", "transpose", "moveaxis"):
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "np":
            yield node.args[0]
        else:
            yield node.func.value


def _confused(node):
    """A function taken for its neighbour: sum for mean, log1p for log."""
    func = node.func
    if isinstance(func, ast.Attribute) and func.attr in CONFUSED:
        other = ast.Attribute(func.value, CONFUSED[func.attr], ast.Load())
        yield ast.Call(other, node.args, node.keywords)


def _slice(node):
    """[:n] becomes [n:] and the other way round; a step loses its sign by `_negative_number`."""
    if (node.lower is None) != (node.upper is None) and node.step is None:
        yield ast.Slice(node.upper, node.lower, None)


def _conditional(node):
    yield ast.IfExp(node.test, node.orelse, node.body)


KINDS = {
    ast.BinOp: (("operator", _operator), ("transpose", _product)),
    ast.AugAssign: (("operator", _augmented),),
    ast.UnaryOp: (("sign", _sign), ("number", _negative_number)),
    ast.Constant: (("number", _number),),
    ast.Assign: (("sign", _assigned),),
    ast.Return: (("sign", _returned),),
    ast.Compare: (("comparison", _comparison),),
    ast.Attribute: (("transpose", _transpose),),
    ast.Call: (("transpose", _swapaxes), ("function", _confused)),
    ast.Slice: (("index", _slice),),
    ast.IfExp: (("comparison", _conditional),),
}
