"""For programs: JSON, and tables of comma-separated values."""

import csv
import io
import json


def as_json(results, n_hints=0):
    """A list with one object a file."""
    return json.dumps([_with_hints(result, n_hints) for result in results], indent=1)


def _with_hints(result, n_hints):
    found = result.as_dict()
    for shown, function in zip(found["functions"], result.functions, strict=True):
        shown["hints"] = list(function.hints[:n_hints]) if not function.passed else []
    return found


def as_csv(results, n_hints=0):
    """A line for each function of each file; one for a file that belongs to no exercise."""
    header = ("submission", "exercise", "function", "code", "points", "max_points", "message", "seed")
    rows = []
    for result in results:
        beginning = (result.path, result.exercise)
        for f in result.functions:
            rows.append((*beginning, f.name, f.code, f.score, f.max_score, f.message, result.seed))
        if not result.functions:
            rows.append((*beginning, "", "file", 0, 0, result.error, result.seed))
    return _table(header, rows)


def totals(results, n_hints=0):
    """A line for each file."""
    header = ("submission", "exercise", "passed", "functions", "points", "max_points", "error", "seed")
    rows = [
        (r.path, r.exercise, r.n_passed, len(r.functions), r.score, r.max_score, r.error, r.seed)
        for r in results
    ]
    return _table(header, rows)


def _table(header, rows):
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([header, *rows])
    return written.getvalue().rstrip("\n")
