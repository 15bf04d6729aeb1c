"""The checks that look at planted mistakes, by name: "gradient: linear", "log_det: planar".

What stands before the colon says what is compared with what, and what stands after it, of which piece:

- gradient: a backward pass with finite differences of its forward
- log_det: a log-determinant with that of the numerical Jacobian
- inverse: a map's inverse with the map
- density: a density with its integral, and with the draws of its sampler
- kl: a closed form of KL with its Monte Carlo estimate
- evidence: a bound with log p(x), where q is the exact posterior
- limit: a bound of very many draws with log p(x) less Renyi's divergence
- forms: a model's density in two parametrizations, after the change of variable
- estimator: a random gradient's mean with that of one that is known to be right
- update: an optimizer's steps with their closed form under a gradient that does not change
"""

from scratchvae.gradcheck.report import BlockReport, Diagnosis, Report
from scratchvae.planted.checks import densities, evidence, gradients, maps, updates
from scratchvae.validation import choose

KINDS = {
    "gradient": gradients.gradient,
    "log_det": maps.log_det,
    "inverse": maps.inverse,
    "density": densities.density,
    "kl": densities.kl,
    "evidence": evidence.evidence,
    "limit": evidence.limit,
    "forms": evidence.forms,
    "estimator": evidence.estimator,
    "update": updates.update,
}


def run(name, seed=0):
    """The `Report` of the check of this name.

    An exception out of the code that is checked counts as a finding, with the code "error".
    """
    kind, _, subject = name.partition(": ")
    check = choose(KINDS, kind, "check")
    try:
        return check(subject, seed)
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        numbers = (float("nan"),) * 3
        block = BlockReport(subject, (), 0, None, *numbers, False, Diagnosis("error", message))
        return Report((block,), 1e-6)
