"""What is wrong, for programs and for people."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A code of ``course.results.CODES``, and a sentence."""

    code: str
    message: str
