"""The numbered equations of ``tutorials/EQUATIONS.md`` and the lines that implement them.

A line of code ends ``# Eq. (8)`` if it implements the equation, ``# Eq. (8')`` if it implements its
derivative.
"""

import re
from pathlib import Path

PACKAGE = Path(__file__).parent
EQUATIONS = PACKAGE.parent / "tutorials" / "EQUATIONS.md"

_HEADING = re.compile(r"^### Eq\. \((\d+)\)\s*(.*)$", re.MULTILINE)
_MARK = re.compile(r"Eq\. \((\d+)('?)\)")


def read(path=EQUATIONS):
    """{number: (title, text)} of the equations' page.

    Raises
    ------
    FileNotFoundError
        If the page is not beside the package, as in an installation without the repository.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there: the equations come with the repository, not with an installed package."
        )
    text = path.read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    return {
        int(heading[1]): (heading[2], _until_next_section(text[heading.end() : end]))
        for heading, end in zip(headings, ends, strict=True)
    }


def _until_next_section(text):
    return re.split(r"^## ", text, flags=re.MULTILINE)[0].strip()


def places(number):
    """Where the code marks the equation: (file, line number, is derivative, code) for each line."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for i, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            code, _, comment = line.partition("# Eq.")
            marks = _MARK.findall(f"Eq.{comment}") if comment else []
            found += [
                (path.relative_to(PACKAGE.parent), i, bool(prime), code.strip())
                for which, prime in marks
                if int(which) == number
            ]
    return found
