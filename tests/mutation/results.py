"""What became of each mutant, kept so that a run goes on where it was stopped."""

import json
from pathlib import Path

FOLDER = Path(__file__).parent / "kept"


class Results:
    """The fates of the mutants of one group, in ``kept/GROUP.json`` (not under version control)."""

    def __init__(self, group):
        self.path = FOLDER / f"{group}.json"
        self.fates = json.loads(self.path.read_text()) if self.path.exists() else {}
        self._unwritten = 0

    def has(self, mutant):
        """Whether it is known what becomes of this mutant, its function being what it was."""
        fate = self.fates.get(mutant.key)
        return fate is not None and fate["place"] == mutant.place

    def put(self, mutant, state, by, how):
        """Keep one fate: "caught" by a test with an exception, or "survived"."""
        self.fates[mutant.key] = {
            "module": mutant.module,
            "kind": mutant.kind,
            "state": state,
            "by": by,
            "how": how,
            "line": mutant.line,
            "place": mutant.place,
        }
        self._unwritten += 1
        if self._unwritten >= 50:
            self.write()

    def forget_survivors(self, only, explained):
        """Ask again about what has survived, after tests were added; not about what is no gap in them."""
        self.fates = {
            key: fate
            for key, fate in self.fates.items()
            if fate["state"] == "caught" or only not in fate["module"] or key in explained
        }
        self.write()

    def write(self):
        """Replace the file whole."""
        FOLDER.mkdir(exist_ok=True)
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(self.fates, indent=0))
        draft.replace(self.path)
        self._unwritten = 0
