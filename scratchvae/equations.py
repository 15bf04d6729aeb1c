"""The numbered equations of ``tutorials/EQUATIONS.md`` and the lines that implement them.

A line of code ends ``# Eq. (8)`` if it implements the equation, ``# Eq. (8')`` if it implements its
derivative.
"""

import re
from pathlib import Path

PACKAGE = Path(__file__).parent
EQUATIONS = PACKAGE.parent / "tutorials" / "EQUATIONS.md"

_HEADING = re.compile(r"^### Eq\. \((\d+)\)\s*(.*)$", re.MULTILINE)
_MARK = r"Eq\. \((\d+)('?)\)"
# At the end of a line and nowhere else, so that prose about a mark is no mark.
_MARKS = re.compile(rf"# {_MARK}(?:, {_MARK})*$")


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
    return [place for which, *place in marks() if which == number]


def marks():
    """All marks of the package: (number, file, line number, is derivative, code)."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for i, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            mark = _MARKS.search(line)
            if mark is None:
                continue
            code = line[: mark.start()].strip()
            where = path.relative_to(PACKAGE.parent)
            found += [(int(n), where, i, bool(prime), code) for n, prime in re.findall(_MARK, mark[0])]
    return found
