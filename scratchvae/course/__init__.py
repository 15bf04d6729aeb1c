"""The grader of the course's exercises: what is wrong with a solution, in words, and never the answer.

>>> from scratchvae import course
>>> result = course.grade("tutorials/exercises/ex03_reparameterization.py")  # doctest: +SKIP
"""

from scratchvae.course.grading import grade
from scratchvae.course.many import grade_all
from scratchvae.course.results import CODES, FileResult, FunctionResult
from scratchvae.course.sandbox import Limits

__all__ = ["CODES", "FileResult", "FunctionResult", "Limits", "grade", "grade_all"]
