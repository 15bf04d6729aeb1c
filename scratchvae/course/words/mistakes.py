"""Programs that are wrong in a known way: the one that gives what came says what is wrong.

They are the usual mistakes that a task lists, and its reference with one small slip.
"""

import numpy as np

from scratchvae.course.exercise import in_this_process
from scratchvae.course.words.answered import is_near
from scratchvae.course.words.finding import Finding
from scratchvae.course.words.form import parts_of
from scratchvae.course.words.slips import slips


def usual_mistake(task, cases, wrong):
    """Of the task's own list what gives what came: one mistake for all wrong parts, or one each."""
    parts = [i for i in range(len(task.outputs)) if not _gives(task, cases, [c.expected for c in cases], [i])]
    made = {mistake.words: [_made(mistake.function, case) for case in cases] for mistake in task.wrong}
    of_part = {
        i: [words for words, answers in made.items() if _gives(task, cases, answers, [i])] for i in parts
    }
    if not parts or not all(of_part.values()):
        return None
    common = [words for words in of_part[parts[0]] if all(words in found for found in of_part.values())]
    words = common[:1] or dict.fromkeys(found[0] for found in of_part.values())
    return Finding("mistake", "; ".join(words))


def slip(task, cases, wrong):
    """The right program with one small change gives what came."""
    parts = range(len(task.outputs))
    for words, function in slips(task.reference):
        if _gives(task, cases, (_made(function, case) for case in cases), parts):
            return Finding("slip", f"one slip explains it: {words}")
    return None


def _made(function, case):
    """The parts that a mistaken program gives; none where it cannot run."""
    inputs = {name: in_this_process(value) for name, value in case.case.inputs.items()}
    try:
        with np.errstate(all="ignore"):
            return parts_of(function(**inputs))
    except Exception:
        return ()


def _gives(task, cases, answers, parts):
    """Whether the answers are what came, in those parts of every case."""
    return all(
        len(answer) == len(case.got) and all(is_near(task, case.got[i], answer[i]) for i in parts)
        for case, answer in zip(cases, answers, strict=True)
    )
