"""What grading found, as text for people and as files for programs: each a function of a list of results.

`FORMATS` names them. All take ``(results, n_hints)`` and return text; only the hints asked for are shown.
"""

from scratchvae.course.formats.gradescope import gradescope
from scratchvae.course.formats.junit import junit
from scratchvae.course.formats.tables import as_csv, as_json, totals
from scratchvae.course.formats.text import text

#: A format by its name on the command line.
FORMATS = {
    "text": text,
    "json": as_json,
    "junit": junit,
    "gradescope": gradescope,
    "csv": as_csv,
    "totals": totals,
}

__all__ = ["FORMATS", "as_csv", "as_json", "gradescope", "junit", "text", "totals"]
