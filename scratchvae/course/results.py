"""What grading found, of a function and of a file."""

from dataclasses import dataclass, field

#: Every code that a function's result may have, with what it says in a few words.
CODES = {
    "passed": "it does what it should",
    "todo": "it is not written yet",
    "missing": "there is no function of that name",
    "file": "the file cannot be loaded",
    "exception": "it raises an error",
    "timeout": "it is not done in time",
    "memory": "it needs too much memory",
    "crash": "it crashes the process",
    "exit": "it ends the process",
    "protocol": "it disturbs the line to the grader",
    "form": "type, number of values, or shape",
    "nonfinite": "NaN or infinity",
    "mistake": "a usual mistake, known by name",
    "precision": "few digits are right",
    "cases": "wrong in special cases",
    "gradient": "a wrong gradient, diagnosed",
    "order": "two outputs are exchanged",
    "accident": "a sign, a factor, a constant, a transposition",
    "slip": "one small slip in the formula",
    "property": "a property that does not hold",
    "wrong": "wrong, and nothing simple explains it",
    "mutates": "it changes its arguments",
    "nondeterministic": "two equal calls differ",
}


@dataclass(frozen=True)
class FunctionResult:
    """The verdict on one function.

    Attributes
    ----------
    name : str
    code : str
        One of ``CODES``.
    message : str
        What is wrong, in words; "" if it passed.
    max_score : int
    hints : tuple of str
        All there are, from the first nudge on.
    printed : str
        The beginning of what it printed, in the call that failed.
    """

    name: str
    code: str
    message: str
    max_score: int
    hints: tuple = ()
    printed: str = ""

    @property
    def passed(self):
        """Whether it does what it should."""
        return self.code == "passed"

    @property
    def score(self):
        """All points or none."""
        return self.max_score if self.passed else 0


@dataclass(frozen=True)
class FileResult:
    """The verdict on one file.

    Attributes
    ----------
    path : str
    exercise : str
        Its name, "" if the file belongs to none.
    functions : tuple of FunctionResult
    seed : int
        Of the inputs.
    error : str
        Why nothing could be graded; "" if it could.
    limits : tuple of str
        What the system limits beside the time: "memory" and others.
    """

    path: str
    exercise: str
    functions: tuple
    seed: int
    error: str = ""
    limits: tuple = field(default=())

    @property
    def passed(self):
        """Whether every function passed."""
        return not self.error and all(function.passed for function in self.functions)

    @property
    def n_passed(self):
        """How many functions passed."""
        return sum(function.passed for function in self.functions)

    @property
    def score(self):
        """The points of the functions that passed."""
        return sum(function.score for function in self.functions)

    @property
    def max_score(self):
        """The points of all."""
        return sum(function.max_score for function in self.functions)

    def as_dict(self):
        """What JSON can hold."""
        return {
            "path": self.path,
            "exercise": self.exercise,
            "seed": self.seed,
            "passed": self.passed,
            "score": self.score,
            "max_score": self.max_score,
            "error": self.error,
            "limits": list(self.limits),
            "functions": [_as_dict(function) for function in self.functions],
        }


def _as_dict(function):
    return {
        "name": function.name,
        "passed": function.passed,
        "code": function.code,
        "message": function.message,
        "score": function.score,
        "max_score": function.max_score,
        "printed": function.printed,
    }
