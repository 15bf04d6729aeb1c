"""The catalogue with its results as a page of Markdown."""

from collections import Counter

from scratchvae.planted.catalogue import AREAS

INTRODUCTION = """\
# Planted mistakes

A checker is worth what it catches. Here are {n} mistakes that people make in code like this package's, each
planted in the package's own source, with the check that catches it and what that check says. The page is
written by

```sh
scratchvae gradcheck --plant --markdown tutorials/PLANTED.md
```

and `scratchvae gradcheck --plant --only softmax --verbose` plants some of them before your eyes. No file is
changed: the functions run other code until the check is done.

**{consistent} of them no comparison of gradients can see**, because forward and backward are wrong alike,
or because there is no derivative at fixed noise to compare: what passes is listed. What sees them is a number
that is computed another way.

| check | what is compared | catches |
|---|---|---:|
{kinds}
"""
KINDS = {
    "gradient": "a backward pass with finite differences of its forward",
    "log_det": "a log-determinant with that of the numerical Jacobian",
    "inverse": "a map's inverse with the map",
    "density": "a density with its integral, and with the draws of its sampler",
    "kl": "a closed form of KL with its mean over draws",
    "evidence": "a bound with log p(x), where q is the exact posterior",
    "limit": "a bound of very many draws with log p(x) less Renyi's divergence",
    "forms": "a model in two parametrizations, after the change of variable",
    "estimator": "the mean of a random gradient with that of one that is known to be right",
    "update": "an optimizer's steps with their closed form under a gradient that stays the same",
}


def page(results):
    """The page of these results, grouped by area."""
    by_name = {result.mistake.name: result for result in results}
    sections = [_introduction(results)]
    for area, mistakes in AREAS.items():
        found = [by_name[mistake.name] for mistake in mistakes if mistake.name in by_name]
        if found:
            sections.append(f"## {area[0].upper()}{area[1:]}\n")
            sections += [entry(result) for result in found]
    return "\n".join(sections)


def _introduction(results):
    counts = Counter((result.caught_by or "nothing").partition(":")[0] for result in results)
    rows = [f"| {kind} | {words} | {counts[kind]} |" for kind, words in KINDS.items() if counts[kind]]
    unseen = sum(
        result.caught_by is None or not result.caught_by.startswith("gradient") for result in results
    )
    return INTRODUCTION.format(n=len(results), consistent=unseen, kinds="\n".join(rows))


def entry(result):
    """One mistake: what, why, where, and what became of it."""
    return "\n".join([heading(result.mistake), change_of(result.mistake), verdict(result), ""])


def heading(mistake):
    """Name, what is wrong, and how one comes to it."""
    return f"### {mistake.name}\n\nWrong: {mistake.title}. *{mistake.why}*\n"


def change_of(mistake):
    """The lines before and after, as a diff."""
    lines = [f"# scratchvae/{mistake.module.replace('.', '/')}.py"]
    for old, new in mistake.changes:
        lines += [f"- {line}" for line in _unindented(old)] + [f"+ {line}" for line in _unindented(new)]
    return "\n".join(["```diff", *lines, "```", ""])


def _unindented(text):
    lines = text.strip("\n").split("\n")
    indent = min((len(line) - len(line.lstrip()) for line in lines[1:]), default=0)
    return [lines[0].strip(), *(line[indent:] for line in lines[1:])]


def verdict(result):
    """What passes, what catches it, and what that says."""
    lines = [f"- passes `{name}`" for name in result.passed]
    if result.caught_by is None:
        return "\n".join([*lines, "- caught by nothing"])
    caught = f"- caught by `{result.caught_by}`, code **{result.code}**"
    return "\n".join([*lines, caught, f"- `{result.block}`: {result.message}"])
