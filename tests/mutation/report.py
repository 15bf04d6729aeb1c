"""The table: caught and surviving mutants by module, with the explanations of those that survive."""

import json
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from mutation.explanations import Explanations
from mutation.operators import Module
from mutation.results import Results
from mutation.scope import GROUPS, is_mathematics, modules_of, short

HERE = Path(__file__).parent


class Numbers(NamedTuple):
    """Of a module, a group or all: mutants there are, were run, were caught, and survivors explained."""

    mutants: int
    run: int
    caught: int
    explained: int

    @classmethod
    def total(cls, several):
        """The sums."""
        return cls(*map(sum, zip(*several, strict=True)))

    @property
    def unexplained(self):
        """Survivors without a reason."""
        return self.run - self.caught - self.explained


class Report:
    """What is known of all mutants of the present source."""

    def __init__(self):
        self.reasons = Explanations()
        self.modules, self.groups, self.survivors, self.kinds = {}, {}, [], Counter()
        for group in GROUPS:
            results = Results(group)
            names = [
                self._add(Module(name, path, is_mathematics), results) for name, path in modules_of(group)
            ]
            self.groups[group] = Numbers.total(self.modules[name] for name in names)
        self.all = Numbers.total(self.groups.values())

    def _add(self, module, results):
        known = [(mutant, results.fates[mutant.key]) for mutant in module.mutants if results.has(mutant)]
        left = [mutant for mutant, fate in known if fate["state"] == "survived"]
        explained = sum(mutant.key in self.reasons for mutant in left)
        name = short(module.name)
        self.modules[name] = Numbers(len(module.mutants), len(known), len(known) - len(left), explained)
        self.survivors += left
        for mutant, fate in known:
            self.kinds[mutant.kind, fate["state"]] += 1
        return name

    @property
    def unexplained(self):
        """The survivors without a reason."""
        return [mutant for mutant in self.survivors if mutant.key not in self.reasons]

    def as_dict(self):
        """What is kept under version control."""
        return {
            "all": self.all._asdict(),
            "by_kind": {
                kind: {state: self.kinds[kind, state] for state in ("caught", "survived")}
                for kind in sorted({kind for kind, _ in self.kinds})
            },
            "by_group": {name: numbers._asdict() for name, numbers in self.groups.items()},
            "by_module": {name: numbers._asdict() for name, numbers in self.modules.items()},
            "survivors": {mutant.key: self.reasons.get(mutant.key) for mutant in self.survivors},
        }

    def write(self):
        """To ``results.json``."""
        (HERE / "results.json").write_text(json.dumps(self.as_dict(), indent=1) + "\n", encoding="utf-8")

    def __str__(self):
        head = f"{'module':<42} mutants    run caught   share explained  open"
        lines = [
            head,
            *(_line(name, numbers) for name, numbers in self.modules.items()),
            _line("all", self.all),
        ]
        lines += [f"\nunexplained  line {mutant.line}  {mutant.key}" for mutant in self.unexplained]
        lines += [f"\nexplained, but no survivor: {entry}" for entry in self.reasons.unused]
        return "\n".join(lines)


def table(by_group):
    """The numbers of `results.json` by group as lines of Markdown, their total last."""
    rows = [(name, Numbers(**numbers)) for name, numbers in by_group.items()]
    rows.append(("all", Numbers.total(numbers for _, numbers in rows)))
    head = [
        "| | mutants | run | caught | share of those run | explained | open |",
        "|---|---|---|---|---|---|---|",
    ]
    return head + [
        f"| {name} | {n.mutants} | {n.run} | {n.caught} | {n.caught / max(n.run, 1):.1%} | {n.explained} | "
        f"{n.unexplained} |"
        for name, n in rows
    ]


def _line(name, n):
    share = f"{n.caught / n.run:7.1%}" if n.run else " " * 7
    return f"{name:<42} {n.mutants:>7} {n.run:>6} {n.caught:>6} {share} {n.explained:>9} {n.unexplained:>5}"
