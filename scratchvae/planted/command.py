"""What ``scratchvae gradcheck --plant`` prints: a line for each mistake, and the count of those caught."""

import shutil
from collections import Counter

from scratchvae.planted.page import page
from scratchvae.planted.running import run_all

HEADER = f"{'mistake':<31} {'caught by':<41} {'code':<14} diagnosis"


def plant(only="", seed=0, shown=True, verbose=False, markdown=None):
    """Plant the mistakes with `only` in their name.

    Parameters
    ----------
    only : str
    seed : int
        Of the checks' random points.
    shown : bool
        Whether each is printed as it is found.
    verbose : bool
        Whether diagnoses are printed whole, and what passed.
    markdown : path, optional
        Where the catalogue with its results is written.

    Returns
    -------
    list of Result

    Raises
    ------
    ValueError
        If no mistake has this text in its name.
    """
    results = []
    for result in run_all(only, seed):
        if shown and not results:
            print(HEADER)
        results.append(result)
        if shown:
            print(_line(result, verbose), flush=True)
    if not results:
        raise ValueError(f"no planted mistake has {only!r} in its name.")
    if markdown is not None:
        with open(markdown, "w", encoding="utf-8") as file:
            file.write(page(results))
    return results


def _line(result, verbose):
    name, caught = result.mistake.name, result.caught_by or "NOTHING"
    head = f"{name:<31} {caught:<41} {result.code:<14} "
    if not verbose:
        width = max(40, shutil.get_terminal_size((140, 24)).columns)
        return (head + _shortened(result.message, width - len(head))).rstrip()
    lines = [head.rstrip(), f"    {result.mistake.title}"]
    lines += [f"    passes {passed}" for passed in result.passed]
    return "\n".join([*lines, f"    {result.block}: {result.message}"] if result.message else lines)


def _shortened(text, width):
    if len(text) <= width:
        return text
    return text[: width - 3].rstrip() + "..." if width > 20 else ""


def conclusion(results):
    """How many are caught, and by what."""
    uncaught = [result.mistake.name for result in results if result.caught_by is None]
    if uncaught:
        return f"{len(uncaught)} of {len(results)} mistakes are caught by no check: {', '.join(uncaught)}"
    return f"all {len(results)} mistakes are caught: {counts_in_words(results)}"


def counts_in_words(results):
    """By which kind of check how many are caught, in words."""
    kinds = Counter(result.caught_by.partition(":")[0] for result in results if result.caught_by)
    return ", ".join(f"{kind} {n}" for kind, n in kinds.most_common())
