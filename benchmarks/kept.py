"""Results as they are kept, a JSON file for each under benchmarks/results/."""

import json
from pathlib import Path

from scratchvae import diagnosis
from scratchvae.storage import atomic_write

RESULTS = Path(__file__).parent / "results"


def keep(name, result):
    """Write a result, atomically; what was kept under this name before is replaced."""
    with atomic_write(RESULTS / f"{name}.json") as file:
        file.write((json.dumps(result, indent=1) + "\n").encode())


def kept(name):
    """The result of this name; None if there is none yet."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def where():
    """The machine, its BLAS and the versions, as every result has them."""
    return {
        "machine": {**diagnosis.machine(), **diagnosis.blas()},
        "versions": diagnosis.versions(),
    }


def row(cells):
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"
