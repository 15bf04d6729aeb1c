"""What is mutated, and which tests are asked: the mathematics, not the checks of input or the samplers."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import scratchvae

ROOT = Path(scratchvae.__file__).parent
TESTS = Path(__file__).parents[1]

#: The readable kernels, and no tests that ask for the others: to load numba takes longer than most tests.
READABLE = (("SCRATCHVAE_KERNELS", "numpy"), ("OPENBLAS_NUM_THREADS", "1"))
#: Of the kernels themselves, both: what numba would compile runs as Python, on the tests' small arrays.
PLAIN = (*READABLE, ("NUMBA_DISABLE_JIT", "1"))


class Group(NamedTuple):
    """Modules that are mutated together, and the tests that answer for them, relative to their folders."""

    sources: tuple
    tests: tuple
    environment: tuple = READABLE


NETWORK = ("test_vae_gradient.py",)
#: Asked about all that stands outside of functions: it reads values that an import sets, and runs no line.
DEFAULTS = "test_defaults.py"
GROUPS = {
    "kernels": Group(
        ("kernels/reference.py", "kernels/jitted.py", "numerics.py", "broadcasting.py"),
        ("kernels", "test_numerics.py", "test_broadcasting.py"),
        PLAIN,
    ),
    "nn": Group(("nn/activations.py", "nn/linear.py", "nn/masked.py", "nn/mlp.py"), ("nn", *NETWORK)),
    "distributions": Group(
        ("distributions/*.py",), ("distributions", "models/test_logistic_regression.py", *NETWORK)
    ),
    "constraints": Group(("constraints/*.py",), ("constraints",)),
    "reparam": Group(
        ("reparam/*.py",),
        ("reparam", "test_flow.py"),
    ),
    "bounds": Group(("bounds/*.py",), ("bounds", "vi/test_vi_objective.py")),
    "priors": Group(("priors/*.py",), ("priors", "test_vae_priors.py")),
    "models": Group(("models/*.py", "models/targets/*.py"), ("models", "gradcheck/test_check_model.py")),
    "optim": Group(("optim/*.py",), ("optim",)),
}
#: Definitions whose insides are no mathematics, by any part of their qualified name.
LEFT_OUT = re.compile(
    r"^(_?check.*|_?checked.*|__repr__|__post_init__|_read_meta|_layout|_not_written|config|from_config|state|restore"
    r"|spec|words|.*sample.*|simulate|draw|_?draw_.*|initial|initialize|initialization|_?propose.*|rejection"
    r"|log_gamma_draws|as_schedule|attach|_coordinates)$"
)
#: Calls whose arguments are limits and texts of input checks.
VALIDATION = {
    name for name in dir(__import__("scratchvae.validation", fromlist=["_"])) if not name.startswith("_")
}


def modules_of(group):
    """(dotted name, path) of the modules of a group."""
    for pattern in GROUPS[group].sources:
        for path in sorted(ROOT.glob(pattern)):
            if path.name not in ("__init__.py", "init.py", "checks.py", "config.py"):
                relative = path.relative_to(ROOT).with_suffix("")
                yield ".".join(("scratchvae", *relative.parts)), path


def is_mathematics(site):
    """Whether a site is part of the mathematics."""
    if any(LEFT_OUT.match(name) for name in site.function.split(".")):
        return False
    chain = (*site.parents, site.node)
    return not any(_leads_away(parent, child) for parent, child in zip(chain, chain[1:], strict=False))


def _leads_away(parent, child):
    """Whether a step down the tree enters an error, a text, an annotation, a decorator, a check of input."""
    if isinstance(child, ast.Raise | ast.Assert | ast.JoinedStr | ast.Import | ast.ImportFrom):
        return True
    if isinstance(parent, ast.keyword) and parent.arg in ("strict", "copy"):  # of zip and astype
        return True
    if isinstance(parent, ast.arg | ast.AnnAssign) and child is parent.annotation:
        return True
    if isinstance(parent, ast.FunctionDef | ast.ClassDef):
        return child in parent.decorator_list or child is getattr(parent, "returns", None)
    if isinstance(parent, ast.If) and isinstance(parent.body[-1], ast.Raise):
        return child is parent.test or child in parent.body
    return isinstance(child, ast.Call) and _called(child.func) in VALIDATION


def _called(func):
    return func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else None


def short(module):
    """A module's name without the package's."""
    return module.removeprefix("scratchvae.")
