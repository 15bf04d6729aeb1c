"""A student's file runs in a process of its own, with limits, and without the answers.

It is a fence and no wall. It holds what goes wrong in an honest solution, and what a curious one tries:
endless loops, all of the memory, ending the process, reading the answers, printing over the results. A
program that is written to break out can; where that is to be feared, run the grader in a container, as
Gradescope does.
"""

from scratchvae.course.sandbox.outcome import Failure, Outcome
from scratchvae.course.sandbox.process import Limits, Sandbox

__all__ = ["Failure", "Limits", "Outcome", "Sandbox"]
