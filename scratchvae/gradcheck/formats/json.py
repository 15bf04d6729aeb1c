"""A report as JSON (RFC 8259), which knows no NaN and no infinity: null in their place."""

import json
import math
from dataclasses import asdict


def plain(value):
    """`value` with NaN and infinity as None, tuples as lists."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_dict(report):
    """The report as JSON can hold it."""
    return {
        "passed": report.passed,
        "rtol": report.rtol,
        "summary": report.summary,
        "blocks": [plain(asdict(block)) for block in report.blocks],
    }


def as_json(report, **options):
    """The report as JSON text; options of ``json.dumps``."""
    return json.dumps(as_dict(report), **{"indent": 1, "allow_nan": False, **options})
