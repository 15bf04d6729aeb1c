"""Reports that are written in a moment: figures are drawn but not rendered, and data are taken one by one."""

import pytest

from scratchvae.evaluation import amortization, decomposition, evidence
from scratchvae.evaluation.report import writing
from scratchvae.storage import atomic_write


@pytest.fixture(autouse=True)
def unrendered(request):
    """Rendering takes most of a report's time; the module that looks at the figures does it once."""
    if request.module.__name__ == "test_report":
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "save", save_nothing)
        yield


def save_nothing(drawn, path):
    """What stands for a figure in its file."""
    with atomic_write(path) as file:
        file.write(f"{len(drawn.axes)} axes".encode())


@pytest.fixture(scope="module")
def one_at_a_time():
    """Every section takes its data one by one, so that it can be interrupted between them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence, "rows_at_once", lambda vae: 1)
        patch.setattr(amortization, "DATA_AT_ONCE", 1)
        patch.setattr(decomposition, "DRAWS_AT_ONCE", 1)
        patch.setattr(writing, "save", save_nothing)
        yield
