"""Are ranks uniform, and if not, in which way not?"""

import functools
from dataclasses import dataclass

import numpy as np

#: The probability that one report on a calibrated posterior flags anything at all.
LEVEL = 0.01
#: The probability that a bin's count of uniform ranks lies in the band that is drawn.
BAND = 0.99
#: Ranks expected in a bin, at least, and bins, at most.
PER_BIN, MOST_BINS = 10, 20
#: A mean of the normal scores beyond this comes with ranks at the end, which make the rest look too wide.
LARGE_SHIFT = 0.5

#: What each of `RankTest.words` means.
EXPLAINED = {
    "biased low": "biased low (the histogram rises to the right): the truth lies above the posterior's "
    "middle, by {shift:.2f} posterior sd on average",
    "biased high": "biased high (the histogram falls to the right): the truth lies below the posterior's "
    "middle, by {shift:.2f} posterior sd on average",
    "too narrow": "too narrow (the histogram is U-shaped): the truth lies in the posterior's tails too "
    "often; an sd at least {scale:.2g} times as large would fit",
    "too wide": "too wide (the histogram has a hump): the truth lies near the posterior's middle too "
    "often; an sd about {scale:.2g} times as large would fit",
    "not uniform": "not uniform (chi-squared p = {p:.1g}), but neither biased nor of a wrong width: look at "
    "the histogram",
}


@dataclass(frozen=True, eq=False)
class Bins:
    """Ranks 0..M-1 in bins of (nearly) equal width, and what uniform ranks do in them.

    Attributes
    ----------
    edges : array (n + 1,)
        Halfway between ranks.
    expected, low, high : array (n,)
        The mean of a bin's count, which is binomial, and the ends of its central interval of `BAND`.
    """

    edges: np.ndarray
    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, n_ranks, n_simulations):
        """Bins for `n_simulations` ranks out of M = `n_ranks`."""
        from scipy import stats

        edges = np.round(np.linspace(0, n_ranks, number_of_bins(n_ranks, n_simulations) + 1)) - 0.5
        share = np.diff(edges) / n_ranks
        count = stats.binom(n_simulations, share)
        return cls(edges, n_simulations * share, *count.interval(BAND))

    def counts(self, ranks):
        """How many ranks fall in each, (n,)."""
        return np.histogram(ranks, bins=self.edges)[0]


def number_of_bins(n_ranks, n_simulations):
    """As many bins as `PER_BIN` ranks each allow, preferably a divisor of the number of possible ranks."""
    most = int(np.clip(n_simulations // PER_BIN, 2, min(MOST_BINS, n_ranks)))
    divisors = [n for n in range(2, most + 1) if n_ranks % n == 0]
    return divisors[-1] if divisors and 2 * divisors[-1] > most else most


@dataclass(frozen=True, eq=False)
class RankTest:
    """Whether the ranks of one parameter are uniform.

    Beside the chi-squared test, which sees any departure a little, two tests see the two that matter
    well. They take each rank r in 0..M-1 to its normal score w = Phi^-1((r + 1/2) / M), in which a
    posterior that is N(m, s^2) while the truth is N(m + a s, (b s)^2) gives w ~ N(a, b^2): so the mean of w
    is the bias in posterior standard deviations, and its standard deviation the factor by which the
    posterior's should be multiplied.

    Attributes
    ----------
    name : str
    n_simulations : int
        S.
    p : float
        Of the chi-squared test on the bins.
    shift, shift_error : float
        How far above the posterior's middle the truth lies on average, in posterior standard deviations
        (roughly, if the posterior is not normal), and the standard error.
    scale : float
        By what the posterior's standard deviation should be multiplied. Ranks end at 0 and M-1, so that a
        large scale is underestimated.
    shift_p, scale_p : float
        Of the tests that they are 0 and 1.
    level : float
        The p-value, multiplied by three for the three tests, below which the parameter is flagged.
    """

    name: str
    n_simulations: int
    p: float
    shift: float
    shift_error: float
    scale: float
    shift_p: float
    scale_p: float
    level: float

    @classmethod
    def of(cls, name, ranks, n_ranks, bins, level):
        """Test ranks (S,) out of M = `n_ranks`."""
        from scipy import stats

        size, scores = len(ranks), normal_scores(n_ranks)
        second, fourth = (scores**2).mean(), (scores**4).mean()
        w = scores[ranks]
        shift, error = w.mean(), w.std(ddof=1) / np.sqrt(size)  # its own spread: the width may be wrong too
        variance = w.var(ddof=1) / second
        # For S uniform ranks the variance is about chi-squared over its degrees of freedom, with these
        # many degrees: its own variance is (fourth / second^2 - 1) / S (Satterthwaite 1946).
        degrees = 2 * size / (fourth / second**2 - 1)
        below = stats.chi2.cdf(degrees * variance, degrees)
        return cls(
            name=name,
            n_simulations=size,
            p=float(stats.chisquare(bins.counts(ranks), bins.expected).pvalue),
            shift=float(shift),
            shift_error=float(error),
            scale=float(np.sqrt(variance)),
            shift_p=float(2 * stats.t.sf(abs(shift) / max(error, 1e-12), size - 1)),
            scale_p=float(2 * min(below, stats.chi2.sf(degrees * variance, degrees))),
            level=level,
        )

    def _is_small(self, p):
        return 3 * p < self.level

    @property
    def passed(self):
        """Whether no test finds anything."""
        return not self._is_small(min(self.p, self.shift_p, self.scale_p))

    @property
    def words(self):
        """What is wrong: some of "biased low", "biased high", "too narrow", "too wide", "not uniform"."""
        found = []
        if self._is_small(self.shift_p):
            found.append("biased low" if self.shift > 0 else "biased high")
        if self._is_small(self.scale_p) and (self.scale > 1 or abs(self.shift) < LARGE_SHIFT):
            found.append("too narrow" if self.scale > 1 else "too wide")
        return tuple(found) if found or self.passed else ("not uniform",)

    @property
    def sentence(self):
        """The result in words."""
        if self.passed:
            return (
                f"{self.name}: no miscalibration shows in {self.n_simulations} simulations (chi-squared "
                f"p = {self.p:.2g}; the truth lies {self.shift:+.2f} +- {self.shift_error:.2f} posterior sd "
                f"above the middle on average, and spreads {self.scale:.2f} times as widely as the draws)."
            )
        found = [
            EXPLAINED[word].format(shift=abs(self.shift), scale=self.scale, p=self.p) for word in self.words
        ]
        return f"{self.name}: {'; and '.join(found)}."

    def __str__(self):
        return self.sentence


@functools.lru_cache(maxsize=8)
def normal_scores(n_ranks):
    """Phi^-1((r + 1/2) / M) for r = 0..M-1."""
    from scipy.special import ndtri

    return ndtri((np.arange(n_ranks) + 0.5) / n_ranks)
