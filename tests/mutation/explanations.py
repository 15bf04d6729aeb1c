"""Why a survivor is no gap in the tests: reasons in ``explained.toml``, each with the mutants it covers."""

import re
import tomllib
from pathlib import Path

#: Stands for any text in an entry.
ANY = "<any>"


class Explanations:
    """``reasons[key of a mutant]``, from tables ``[[reason]]`` of a `why` and the keys of its `mutants`.

    A key is written as ``results.json`` lists it, without the package's name; `ANY` in it stands for any
    text, so that one entry covers the same change in several places.
    """

    def __init__(self, path=Path(__file__).parent / "explained.toml"):
        self.entries = {
            entry: (_pattern(entry), table["why"])
            for table in tomllib.loads(path.read_text(encoding="utf-8")).get("reason", ())
            for entry in table["mutants"]
        }
        self.used = set()

    def get(self, key):
        """The reason for a mutant, or None."""
        for entry, (pattern, why) in self.entries.items():
            if pattern.fullmatch(key):
                self.used.add(entry)
                return why
        return None

    def __contains__(self, key):
        return self.get(key) is not None

    @property
    def unused(self):
        """The entries that have explained nothing since these were read."""
        return [entry for entry in self.entries if entry not in self.used]


def _pattern(entry):
    parts = ("scratchvae." + entry).split(ANY)
    return re.compile(".*".join(re.escape(part) for part in parts))
