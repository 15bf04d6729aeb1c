"""How much is done for a report: the numbers of samples, draws, steps and data."""

from dataclasses import dataclass

from scratchvae.validation import positive_int, whole_number


@dataclass(frozen=True)
class ReportSettings:
    """The numbers by which everything in a report is measured. All of them stand in the report.

    Attributes
    ----------
    n_samples : int
        Importance samples of each datum for log p(x), S.
    n_draws : int, optional
        Draws of z for the parts of KL; by default one of each datum, at most 2,000. Where q(z|x) is not
        normal its density at another datum's z takes an inverse of the map: then 200, and q(z) is the mean
        of 1,000 data at most.
    n_fitted : int
        Data to each of which a q(z|x) of its own is fitted, for the amortization gap.
    n_steps : int
        Steps of such a fit.
    n_annealed : int
        Data whose log p(x) is found by annealing, and simulated data that are caught between two bounds.
    n_chains, n_temperatures, n_leapfrog : int
        Of annealed importance sampling.
    n_pictures : int
        Reconstructions that are shown; of samples, as many as fill a square.
    seed : int
        Of all noise, and of the choice of data where not all are taken.

    Raises
    ------
    ValueError
        If one of them is not a whole number above zero (`seed`: not below).
    """

    n_samples: int = 1000
    n_draws: int | None = None
    n_fitted: int = 100
    n_steps: int = 500
    n_annealed: int = 10
    n_chains: int = 16
    n_temperatures: int = 500
    n_leapfrog: int = 5
    n_pictures: int = 24
    seed: int = 0

    def __post_init__(self):
        for name, value in vars(self).items():
            if name == "seed":
                whole_number(value, "seed")
            elif not (name == "n_draws" and value is None):
                positive_int(value, name)

    @property
    def of_annealing(self):
        """The settings of annealed importance sampling, by name."""
        return {name: getattr(self, name) for name in ("n_chains", "n_temperatures", "n_leapfrog", "seed")}
