"""The checker is used by itself: it needs NumPy and the standard library, and its examples are right."""

import doctest
import subprocess
import sys

from scratchvae import gradcheck

ALONE = """
import sys

class Nothing:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in ("scipy", "numba", "matplotlib"):
            raise ImportError(name)

sys.meta_path.insert(0, Nothing)
import numpy as np
import scratchvae.gradcheck as gradcheck

theta = np.arange(1.0, 5.0)
report = gradcheck.check(lambda t: float(np.sin(t).sum()), theta, lambda t: np.cos(t) * np.exp(t))
texts = report.to_json(), report.to_junit(), report.to_html(), report._repr_html_(), str(report)
assert not report.passed and all(texts)
gradcheck.error_curve(lambda t: float(np.sin(t).sum()), theta, np.cos)
names = {name.partition(".")[0] for name in sys.modules if "cython" not in name}  # NumPy's own
print(sorted(names - {"numpy", "scratchvae", "__main__", *sys.stdlib_module_names}))
"""


def test_it_needs_numpy_alone():
    """In a process of its own, for others have loaded more here."""
    done = subprocess.run([sys.executable, "-S", "-c", PATHS + ALONE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\n"


#: The folders of packages, without the code that installed packages run when Python starts.
PATHS = f"import sys; sys.path = {sys.path!r}\n"


def test_its_examples_are_right():
    for module in (gradcheck, sys.modules["scratchvae.gradcheck.check"]):
        results = doctest.testmod(module)
        assert results.attempted > 0
        assert results.failed == 0
