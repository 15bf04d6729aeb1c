"""What is wrong with an answer, in words: its form, then its numbers, then what it fails to be.

Every function here gives a sentence, or "" if it has nothing to say; none gives a number of the answer away.
"""

from scratchvae.course.words.answered import answered
from scratchvae.course.words.failures import call_failed, load_failed
from scratchvae.course.words.finding import Finding
from scratchvae.course.words.form import wrong_form
from scratchvae.course.words.values import wrong_values

__all__ = ["Finding", "answered", "call_failed", "load_failed", "wrong_form", "wrong_values"]
