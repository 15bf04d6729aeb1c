"""The house's rules, read from the source: imports point downwards, nothing heavy loads early."""

import ast
import doctest
import importlib
import inspect
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import scratchvae

ROOT = Path(scratchvae.__file__).parent
FLOORS = {
    "validation": 0,
    "broadcasting": 0,
    "numerics": 0,
    "storage": 0,
    "parameters": 0,
    "kernels": 0,
    "gradcheck": 0,
    "equations": 0,
    "distributions": 1,
    "nn": 1,
    "optim": 1,
    "data": 1,
    "constraints": 1,
    "importance": 1,
    "plotting": 1,  # it draws arrays and knows no model
    "reparam": 2,
    "models": 2,
    "bounds": 3,
    "grid": 3,
    "priors": 3,
    "flow": 4,
    "vae": 4,
    "vae_evidence": 4,
    "vae_files": 4,
    "vae_inputs": 4,
    "vi": 4,
    "training": 5,
    "evaluation": 5,
    "selfcheck": 5,
    "planted": 5,
    "selfcheck_beyond": 5,
    "diagnosis": 6,
    "advice": 6,
    "course": 6,
    "lesson": 6,
    "demo": 6,
    "cli": 6,
    "__main__": 6,
    "scratchvae": 6,  # the package itself names everything, lazily
}
AUTOGRAD = {
    "torch",
    "jax",
    "jaxlib",
    "flax",
    "tensorflow",
    "keras",
    "autograd",
    "theano",
    "pytensor",
    "aesara",
    "mxnet",
    "chainer",
    "tinygrad",
    "casadi",
}
SOURCES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")
RELATIVE = [str(path.relative_to(ROOT)) for path in SOURCES]


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def part_of(path):
    """The top-level part that a file belongs to: ``kernels`` for ``kernels/reference.py``."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path):
    """Dotted names of all that a file imports, inside functions too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively; write the whole name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_parts(path):
    """The parts of this package that a file imports, other than its own."""
    for name in imported(path):
        package, *rest = name.split(".")
        if package == "scratchvae":
            part = rest[0] if rest and rest[0] in FLOORS else "scratchvae"
            if part != part_of(path):
                yield part


def edges():
    return {(part_of(path), part) for path in SOURCES for part in imported_parts(path)}


def run_in_a_new_process(code):
    """What `code` prints when it runs in a fresh interpreter."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT.parent)}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    return run.stdout.split()


# --- imports ------------------------------------------------------------------------------------


def test_every_part_has_its_floor():
    assert {part_of(path) for path in SOURCES} <= FLOORS.keys()


@pytest.mark.parametrize("path", SOURCES, ids=RELATIVE)
def test_imports_never_point_upwards(path):
    for part in imported_parts(path):
        assert FLOORS[part] <= FLOORS[part_of(path)], f"{part_of(path)} imports {part} from a floor above"


def test_parts_on_one_floor_do_not_import_each_other_in_a_circle():
    remaining = edges()
    while remaining:
        importers = {importer for importer, _ in remaining}
        leaves = {edge for edge in remaining if edge[1] not in importers}
        assert leaves, f"a circle among {sorted(importers)}"
        remaining -= leaves


def test_the_walk_sees_imports_inside_functions():
    assert ("distributions", "kernels") in edges()
    assert "scipy.special.ndtr" in set(imported(ROOT / "kernels" / "reference.py"))


@pytest.mark.parametrize("path", SOURCES, ids=RELATIVE)
def test_no_library_that_differentiates_is_imported(path):
    assert not {name.partition(".")[0] for name in imported(path)} & AUTOGRAD


def test_only_the_jitted_kernels_are_compiled():
    users = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if any(name.partition(".")[0] == "numba" for name in imported(path))
    }
    assert users - {"diagnosis.py"} == {os.path.join("kernels", "compiling.py")}
    compiled = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        for name in imported(path)
        if name == "scratchvae.kernels.compiling.jit"
    }
    assert compiled == {os.path.join("kernels", "jitted.py")}


def test_only_compiling_names_numbas_decorators():
    decorators = {"njit", "jit", "prange", "vectorize", "guvectorize"}
    for path in SOURCES:
        used = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
        allowed = {"njit"} if path == ROOT / "kernels" / "compiling.py" else set()
        assert used & decorators <= allowed, path


@pytest.mark.parametrize("path", SOURCES, ids=RELATIVE)
def test_random_numbers_come_from_generators_only(path):
    """np.random holds a global state; nothing but the makers of generators may be taken from it."""
    allowed = {"default_rng", "Generator", "SeedSequence", "BitGenerator", "PCG64"}
    attributes = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)]
    taken = {node.attr for node in attributes if ast.unparse(node.value) in ("np.random", "numpy.random")}
    assert taken <= allowed
    assert "random" not in set(imported(path))


@pytest.mark.parametrize(
    "statement",
    ["import scratchvae", "import scratchvae as sv; sv.VAE", "import scratchvae.cli"],
)
def test_importing_loads_nothing_heavy(statement):
    heavy = ["numba", "matplotlib", "pytest", "hypothesis", "scipy.stats", "scipy.special"]
    code = f"import sys; {statement}; print(*(name for name in {heavy} if name in sys.modules))"
    assert run_in_a_new_process(code) == []


def test_the_numpy_backend_never_loads_numba():
    code = (
        "import sys, numpy as np, scratchvae as sv; sv.kernels.use('numpy');"
        "vae = sv.VAE(4, 2, (3,)); vae.loss_and_grad(np.ones((1, 4)), np.zeros((1, 1, 2)));"
        "print('numba' in sys.modules)"
    )
    assert run_in_a_new_process(code) == ["False"]


# --- the public face ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", scratchvae.__all__)
def test_every_public_name_is_there(name):
    assert getattr(scratchvae, name) is not None
    assert name in dir(scratchvae)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'scratchvae' has no attribute 'VEA'"):
        _ = scratchvae.VEA


# --- docstrings ---------------------------------------------------------------------------------


def modules():
    """Every module of the package, imported; the twins in jitted are documented in reference."""
    for info in pkgutil.walk_packages([str(ROOT)], "scratchvae."):
        if not info.name.endswith(("__main__", "kernels.jitted")):
            yield importlib.import_module(info.name)


def own_members(holder, module):
    """Public classes and functions that are defined in `module` itself."""
    for name, member in vars(holder).items():
        member = inspect.unwrap(getattr(member, "__func__", member))
        is_ours = getattr(member, "__module__", None) == module.__name__
        if is_ours and not name.startswith("_") and (inspect.isclass(member) or inspect.isfunction(member)):
            yield name, member


def undocumented(module):
    """Public names without a docstring; a method may inherit one, three lines speak for themselves."""
    if not module.__doc__:
        yield module.__name__
    for name, member in own_members(module, module):
        if inspect.isclass(member):
            for method_name, method in own_members(member, module):
                documented = inspect.getdoc(getattr(member, method_name))
                if not documented and len(inspect.getsource(method).splitlines()) > 3:
                    yield f"{module.__name__}.{name}.{method_name}"
        long = inspect.isclass(member) or len(inspect.getsource(member).splitlines()) > 3
        if long and not inspect.getdoc(member):
            yield f"{module.__name__}.{name}"


def test_everything_public_has_a_docstring():
    assert [name for module in modules() for name in undocumented(module)] == []


def test_the_examples_in_docstrings_are_true():
    results = [doctest.testmod(module) for module in modules()]
    assert sum(result.failed for result in results) == 0
    assert sum(result.attempted for result in results) > 10


def test_every_test_file_has_a_name_of_its_own():
    """Two of the same name cannot be collected in one run: their folders are no packages."""
    names = sorted(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert [name for name in set(names) if names.count(name) > 1] == []
