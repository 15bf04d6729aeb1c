"""The table: caught and surviving mutants by module, with the explanations of those that survive."""

import json
from collections import Counter
from pathlib import Path

from mutation.explanations import Explanations
from mutation.operators import Module
from mutation.results import Results
from mutation.scope import GROUPS, is_mathematics, modules_of, short

HERE = Path(__file__).parent


class Report:
    """What is known of all mutants of the present source."""

    def __init__(self):
        self.reasons = Explanations()
        self.rows, self.survivors, self.kinds = [], [], Counter()
        for group in GROUPS:
            results = Results(group)
            for name, path in modules_of(group):
                self._add(Module(name, path, is_mathematics), results)

    def _add(self, module, results):
        known = [
            (mutant, results.fates[mutant.key]) for mutant in module.mutants if results.has(mutant, module)
        ]
        left = [mutant for mutant, fate in known if fate["state"] == "survived"]
        explained = sum(mutant.key in self.reasons for mutant in left)
        self.rows.append(
            (short(module.name), len(module.mutants), len(known), len(known) - len(left), explained)
        )
        self.survivors += left
        for mutant, fate in known:
            self.kinds[mutant.kind, fate["state"]] += 1

    @property
    def unexplained(self):
        """The survivors without a reason."""
        return [mutant for mutant in self.survivors if mutant.key not in self.reasons]

    def totals(self):
        """(mutants, run, caught, explained) of all modules together."""
        return tuple(sum(row[i] for row in self.rows) for i in range(1, 5))

    def as_dict(self):
        """What is kept under version control."""
        n, run, caught, explained = self.totals()
        return {
            "mutants": n,
            "run": run,
            "caught": caught,
            "caught_share": round(caught / max(run, 1), 4),
            "caught_or_explained_share": round((caught + explained) / max(run, 1), 4),
            "by_kind": {
                kind: {state: self.kinds[kind, state] for state in ("caught", "survived")}
                for kind in sorted({kind for kind, _ in self.kinds})
            },
            "by_module": {
                name: {"mutants": n, "run": run, "caught": caught, "explained": explained}
                for name, n, run, caught, explained in self.rows
            },
            "survivors": {mutant.key: self.reasons.get(mutant.key) for mutant in self.survivors},
        }

    def write(self):
        """To ``results.json``."""
        (HERE / "results.json").write_text(json.dumps(self.as_dict(), indent=1) + "\n", encoding="utf-8")

    def __str__(self):
        head = f"{'module':<34} mutants    run caught   share explained  open"
        lines = [head, *(_line(*row) for row in self.rows), _line("all", *self.totals())]
        lines += [f"\nunexplained  line {mutant.line}  {mutant.key}" for mutant in self.unexplained]
        lines += [f"\nexplained, but no survivor: {entry}" for entry in self.reasons.unused]
        return "\n".join(lines)


def _line(name, n, run, caught, explained):
    share = f"{caught / run:7.1%}" if run else " " * 7
    return f"{name:<34} {n:>7} {run:>6} {caught:>6} {share} {explained:>9} {run - caught - explained:>5}"
