"""What is published of test data: each figure with its standard error and its number of samples."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
README = re.sub(r"<!-- speed: .*?<!-- /speed -->", "", README, flags=re.DOTALL)  # times are no scores
#: A head of a column of scores; those of others are printed without errors.
SCORE = re.compile(r"ELBO|log p\(x\)|ours|\d passes$|^gap$|gain")
WITH_ERROR = re.compile(r"-?\d+\.\d+ \+- \d+\.\d+")


def tables():
    """Each table of scores of the README: its heads, its rows, and the text from the paragraph before on."""
    for found in re.finditer(r"(?:^\|.*\n)+", README, flags=re.MULTILINE):
        head, _, *rows = [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in found[0].splitlines()
        ]
        if any(SCORE.search(cell) for cell in head):
            yield head, rows, README[max(found.start() - 900, 0) : found.end() + 400]


TABLES = list(tables())


def scores(head, rows):
    """The cells of our scores, but for those that are not there yet."""
    columns = [i for i, cell in enumerate(head) if SCORE.search(cell) and "published" not in cell]
    return [row[i] for row in rows for i in columns if row[i]]


def test_the_tables_are_found():
    assert len(TABLES) >= 4
    assert sum(len(scores(head, rows)) for head, rows, _ in TABLES) > 25


@pytest.mark.parametrize("i", range(len(TABLES)))
def test_every_score_has_its_standard_error(i):
    head, rows, _ = TABLES[i]
    assert [cell for cell in scores(head, rows) if not WITH_ERROR.fullmatch(cell)] == []


@pytest.mark.parametrize("i", range(len(TABLES)))
def test_the_number_of_importance_samples_stands_beside_every_table(i):
    assert re.search(r"by \d[\d,]*\s+importance\s+samples", TABLES[i][2])
    assert "standard error" in TABLES[i][2]


RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))


def numbers(value, path=()):
    """Every dict below a value that holds a log p(x), with the keys that lead there."""
    if isinstance(value, dict):
        if {"log_p", "negative_log_p"} & value.keys() and "published" not in path:
            yield value
        for key, entry in value.items():
            yield from numbers(entry, (*path, key))
    elif isinstance(value, list):
        for entry in value:
            yield from numbers(entry, path)


@pytest.mark.parametrize("path", RESULTS, ids=[path.stem for path in RESULTS])
def test_every_kept_log_p_has_its_error_its_data_and_its_number_of_samples(path):
    whole = json.loads(path.read_text())
    for found in numbers(whole):
        assert found.get("log_p_error", found.get("error")) > 0
        samples = found.get("n_samples") or whole.get("setting", {}).get("importance_samples")
        assert samples >= 100 and found["n_data"] == 10_000


def test_some_results_hold_a_log_p():
    assert sum(1 for path in RESULTS for _ in numbers(json.loads(path.read_text()))) >= 7
