"""The sections of a report, a module each, in their order.

A section has TITLE, QUESTION (what it asks, in a sentence), and ``part(work)``, which measures it and returns
a `Part`. One that does not apply to every model has ``why_not(work)`` too: None, or a sentence why it does
not apply to this model and these data.
"""

from scratchvae.evaluation.report.sections import (
    amortization,
    annealing,
    bracket,
    images,
    kl,
    log_p,
    rate_distortion,
    units,
)

SECTIONS = {
    "log_p": log_p,
    "rate_distortion": rate_distortion,
    "kl": kl,
    "units": units,
    "amortization": amortization,
    "annealing": annealing,
    "bracket": bracket,
    "images": images,
}
#: Those that take seconds and keep nothing; they are made first.
QUICK = ("images", "units")
