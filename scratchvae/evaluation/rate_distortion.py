"""Rate and distortion: the two parts of the ELBO, and the curve that models of different beta lie on."""

from dataclasses import dataclass

from scratchvae.evaluation.evidence import evidence_of_each
from scratchvae.evaluation.statistics import mean_and_error, shown
from scratchvae.importance import Estimate


@dataclass(frozen=True)
class RateDistortion:
    """ELBO = -(distortion + rate), averages over n data in nats a datum.

    Attributes
    ----------
    rate : Estimate
        E[log q(z|x) - log p(z)], the mean KL(q(z|x) || p(z)): the nats that z says of x.
    distortion : Estimate
        E[-log p(x|z)]: the nats that are left to say once z is known.
    elbo : Estimate
    n_samples, n_data : int
        Draws of z a datum, and data.
    name : str
        Which model it is of.
    """

    rate: Estimate
    distortion: Estimate
    elbo: Estimate
    n_samples: int
    n_data: int
    name: str = ""

    @classmethod
    def of(cls, evidence, name=""):
        """The two parts of the ELBOs in an `EvidenceOfEach`, whose draws they share."""
        return cls(
            mean_and_error(evidence.rate),
            mean_and_error(evidence.distortion),
            evidence.mean_elbo,
            evidence.n_samples,
            len(evidence.rows),
            name,
        )

    def __str__(self):
        name = f"{self.name}: " if self.name else ""
        return (
            f"{name}rate {shown(self.rate)}, distortion {shown(self.distortion)}, ELBO {shown(self.elbo)} nats "  # noqa: E501
            f"({self.n_samples} samples of each of {self.n_data:,} data)"
        )


def rate_distortion_curve(models, dataset, n_samples=16, seed=0, *, threads=None, progress=None):
    """Rate and distortion of several models on the same data.

    A model trained with a weight beta on KL goes to the point of its curve where dD/dR = -beta: a small beta
    buys reconstruction by rate, a large one gives both up (Alemi et al. 2018, Fixing a broken ELBO). All are
    measured by the same ELBO, of beta = 1, which is D + R = const: a line that no model goes below by more
    than the data's own entropy allows.

    Parameters
    ----------
    models : dict of str to VAE
        By name: {"beta 0.5": vae, ...}.
    dataset : Dataset
        Which suits all of them.
    n_samples, seed, threads, progress
        As for `evidence_of_each`.

    Returns
    -------
    list of RateDistortion
        From the smallest rate to the largest.
    """
    if not models:
        raise ValueError("there is no model: give a dict {'name': vae, ...} with one at least.")
    options = {"threads": threads, "progress": progress}
    points = [
        RateDistortion.of(evidence_of_each(vae, dataset, n_samples, seed, **options), name)
        for name, vae in models.items()
    ]
    return sorted(points, key=lambda point: point.rate.value)
