"""What a gradient check cannot see: log-determinants, inverses, densities, divergences, estimators.

A wrong forward with a matching backward passes every comparison of gradients. Each check here holds a number
against another way of computing it (a numerical Jacobian, an integral, a mean over draws) and returns the
same `Report` as `check`, with a diagnosis.
"""

from scratchvae.gradcheck.beyond.density import check_density
from scratchvae.gradcheck.beyond.divergence import check_kl
from scratchvae.gradcheck.beyond.estimator import check_estimator
from scratchvae.gradcheck.beyond.inverse import check_inverse
from scratchvae.gradcheck.beyond.log_det import check_log_det

__all__ = ["check_density", "check_estimator", "check_inverse", "check_kl", "check_log_det"]
