"""Simulation-based calibration: flat for an exact posterior, and the right words for wrong ones."""

import warnings

import numpy as np
import pytest
from scipy import stats

from scratchvae import plotting
from scratchvae.constraints import Simplex
from scratchvae.evaluation import Calibration, simulation_based_calibration
from scratchvae.evaluation.calibration import ranks_of
from scratchvae.evaluation.uniformity import Bins, RankTest, normal_scores, number_of_bins
from scratchvae.models import (
    BayesianModel,
    BetaBinomial,
    LinearRegression,
    NormalGamma,
    NormalInverseGammaRegression,
    NormalMean,
)
from scratchvae.vi import DivergedError


def correlated_regression():
    """Two columns nearly the same: their coefficients' posterior is strongly correlated."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((15, 2))
    x[:, 1] = x[:, 0] + 0.25 * x[:, 1]
    return LinearRegression(x, np.zeros(15), sigma=1.0, prior_sigma=2.0)


class Distorted:
    """An exact normal posterior, moved by `shift` of its standard deviations and `scale` times as wide."""

    def __init__(self, exact, shift=0.0, scale=1.0):
        self.exact, self.shift, self.scale = exact, shift, scale

    def sample(self, n, rng):
        mean, sd = self.exact.mean, np.sqrt(np.diag(self.exact.cov))
        return mean + self.shift * sd + self.scale * (self.exact.sample(n, rng) - mean)


def calibrate(model, shift=0.0, scale=1.0, n_simulations=200, seed=0, **options):
    """With an exact posterior that is distorted so."""
    return simulation_based_calibration(
        model,
        n_simulations,
        fit=lambda model: Distorted(model.posterior, shift, scale),
        rng=np.random.default_rng(seed),
        **options,
    )


# --- what it says -------------------------------------------------------------------------------


def test_an_exact_posterior_is_calibrated():
    found = calibrate(correlated_regression(), n_simulations=300)
    assert found.passed
    assert found.names == ("intercept", "beta[0]", "beta[1]")
    assert found.ranks.shape == (300, 3)
    assert found.ranks.min() == 0
    assert found.ranks.max() == 99
    for test in found.tests.values():
        assert test.words == ()
        assert "no miscalibration shows in 300 simulations" in test.sentence


@pytest.mark.parametrize(
    "model",
    [
        BetaBinomial(3, 10),
        NormalGamma(np.zeros(6)),
        NormalInverseGammaRegression(np.arange(6.0), np.zeros(6)),
    ],
    ids=lambda model: type(model).__name__,
)
def test_conjugate_models_are_calibrated(model):
    """Prior, likelihood, sampler and closed form are of one model; ranks are of its own parameters: a
    probability, a precision, a standard deviation."""
    found = simulation_based_calibration(
        model, 100, fit=lambda model: model.exact_posterior(), rng=np.random.default_rng(3)
    )
    assert found.passed, str(found)
    assert found.names == tuple(model.space.names)


@pytest.mark.parametrize(
    ("shift", "scale", "words"),
    [
        (0.0, 0.5, ("too narrow",)),
        (0.0, 2.0, ("too wide",)),
        (0.5, 1.0, ("biased high",)),
        (-0.5, 1.0, ("biased low",)),
        (2.0, 1.0, ("biased high",)),
        (-0.7, 0.5, ("biased low", "too narrow")),
    ],
)
def test_a_distorted_posterior_is_called_what_it_is(shift, scale, words):
    found = calibrate(correlated_regression(), shift, scale, n_simulations=120)
    assert not found.passed
    for test in found.tests.values():
        assert test.words == words
        for word in words:
            assert word in test.sentence


def test_the_size_of_a_bias_and_of_a_width_are_found():
    """In the normal score of a rank a shift of a sd and a truth b times as wide have mean a and sd b."""
    model = NormalMean(np.zeros(4), sigma=1.0, prior_sigma=2.0)
    for shift in (-0.4, 0.3):
        test = calibrate(model, shift, n_simulations=700)["mu"]
        assert test.shift == pytest.approx(-shift, abs=4.5 * test.shift_error)
        assert test.shift_error == pytest.approx(1 / np.sqrt(700), rel=0.1)
    assert calibrate(model, scale=1.6, n_simulations=700)["mu"].scale == pytest.approx(1 / 1.6, abs=0.07)


def test_a_departure_that_is_neither_bias_nor_width_is_not_uniform():
    """Ranks at two places whose mean and spread are those of uniform ones."""
    scores = normal_scores(100)
    place = int(np.argmin(np.abs(scores - np.sqrt((scores**2).mean()))))
    ranks = np.repeat([place, 99 - place], 100)
    test = RankTest.of("mu", ranks, 100, Bins.of(100, 200), 0.01)
    assert test.words == ("not uniform",)
    assert "look at the histogram" in test.sentence


def test_mean_field_is_too_narrow_where_the_posterior_is_correlated():
    found = simulation_based_calibration(
        correlated_regression(), 20, rng=np.random.default_rng(0), progress=False, steps=100
    )
    assert found["beta[0]"].words == ("too narrow",)
    assert found["beta[1]"].words == ("too narrow",)
    assert found["intercept"].passed  # its column is nearly orthogonal to the others


def test_full_rank_is_calibrated_there():
    found = simulation_based_calibration(
        correlated_regression(),
        20,
        rng=np.random.default_rng(0),
        progress=False,
        steps=100,
        family="full_rank",
    )
    assert found.passed, str(found)
    assert found.n_failed == 0


# --- the numbers --------------------------------------------------------------------------------


def test_false_alarms_are_as_rare_as_promised():
    """Uniform ranks of five parameters, 400 reports of 100 simulations: four are flagged on average."""
    rng, bins = np.random.default_rng(1), Bins.of(100, 100)
    flagged = 0
    for ranks in rng.integers(0, 100, (400, 5, 100)):
        flagged += not all(RankTest.of("z", column, 100, bins, 0.01 / 5).passed for column in ranks)
    assert flagged <= stats.binom(400, 0.01).ppf(0.9999)


def test_each_of_the_three_p_values_is_uniform_for_uniform_ranks():
    rng, bins = np.random.default_rng(2), Bins.of(100, 200)
    tests = [RankTest.of("z", ranks, 100, bins, 0.01) for ranks in rng.integers(0, 100, (500, 200))]
    for name in ("p", "shift_p", "scale_p"):
        values = [getattr(test, name) for test in tests]
        assert stats.kstest(values, "uniform").pvalue > 0.001, name


def test_chi_squared_is_scipys_on_the_bins():
    rng = np.random.default_rng(3)
    ranks = np.minimum(rng.integers(0, 100, 200), rng.integers(0, 130, 200))
    test = RankTest.of("z", ranks, 100, Bins.of(100, 200), 0.01)
    counts = np.bincount(ranks // 5, minlength=20)
    assert test.p == pytest.approx(stats.chisquare(counts).pvalue, rel=1e-12)


def test_the_band_holds_each_bin_with_its_probability():
    bins = Bins.of(100, 200)
    assert len(bins.expected) == 20
    inside = stats.binom(200, 0.05).cdf(bins.high) - stats.binom(200, 0.05).cdf(bins.low - 1)
    assert np.all((inside >= 0.99) & (inside < 0.999))


@pytest.mark.parametrize(
    ("n_ranks", "n_simulations", "n_bins"),
    [(100, 200, 20), (100, 60, 5), (100, 20, 2), (101, 200, 20), (10, 1000, 10), (64, 200, 16)],
)
def test_bins_are_of_equal_width_if_they_can_be(n_ranks, n_simulations, n_bins):
    assert number_of_bins(n_ranks, n_simulations) == n_bins
    bins = Bins.of(n_ranks, n_simulations)
    assert len(bins.expected) == n_bins
    assert bins.expected.sum() == pytest.approx(n_simulations)
    assert np.ptp(np.diff(bins.edges)) <= 1  # whole ranks, all of them
    assert bins.counts(np.arange(n_ranks)).sum() == n_ranks


def test_a_rank_counts_the_draws_below():
    rng = np.random.default_rng(0)
    draws, truth = rng.standard_normal((50, 3)), np.array([-9.0, 0.0, 9.0])
    assert ranks_of(truth, draws, rng).tolist() == [0, sum(draws[:, 1] < 0), 50]


def test_ties_are_broken_evenly():
    rng = np.random.default_rng(0)
    ranks = [ranks_of(np.zeros(1), np.zeros((9, 1)), rng)[0] for _ in range(2000)]
    assert stats.chisquare(np.bincount(ranks, minlength=10)).pvalue > 0.001


# --- how it runs --------------------------------------------------------------------------------


def test_the_same_generator_gives_the_same_ranks():
    model = NormalMean(np.zeros(3), sigma=1.0)
    same, again, other = (calibrate(model, n_simulations=20, seed=seed).ranks for seed in (1, 1, 2))
    np.testing.assert_array_equal(same, again)
    assert not np.array_equal(same, other)


def test_a_failed_fit_is_counted_and_left_out():
    def fit(model):
        if model.x.mean() > 1:
            raise DivergedError("it runs away")
        return model.exact_posterior()

    model = NormalMean(np.zeros(3), sigma=1.0)
    found = simulation_based_calibration(model, 100, fit=fit, rng=np.random.default_rng(0))
    assert 0 < found.n_failed < 50
    assert len(found.ranks) == 100 - found.n_failed
    assert f"{found.n_failed} more fits failed" in str(found)


def test_draws_that_are_not_finite_are_a_failure():
    class Broken:
        def sample(self, n, rng):
            return np.full((n, 1), np.nan)

    with pytest.raises(ValueError, match="only 0 of 20 fits succeeded.*draws are NaN or infinite"):
        simulation_based_calibration(NormalMean(np.zeros(3), sigma=1.0), 20, fit=lambda model: Broken())


def test_if_all_fits_fail_the_reason_is_told():
    with pytest.raises(ValueError, match="only 0 of 20 fits succeeded.*unknown family 'square'"):
        simulation_based_calibration(NormalMean(np.zeros(3), sigma=1.0), 20, family="square", progress=False)


def test_a_mistake_in_the_program_is_no_failed_fit():
    with pytest.raises(AttributeError, match="exact_answer"):
        simulation_based_calibration(NormalMean(np.zeros(3), sigma=1.0), fit=lambda m: m.exact_answer())


def test_a_fit_that_ran_out_of_steps_is_counted_and_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = simulation_based_calibration(
            NormalMean(np.zeros(3), sigma=1.0), 20, steps=2, progress=False, rng=np.random.default_rng(0)
        )
    assert found.n_not_converged == 20
    assert "20 fits ran out of steps" in str(found)


def test_a_model_that_cannot_simulate_says_so():
    class Plain(BayesianModel):
        n_latent = 1

    with pytest.raises(NotImplementedError, match="no sample_prior"):
        simulation_based_calibration(Plain(), 20)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_simulations": 5}, "n_simulations must be a whole number of at least 20"),
        ({"n_draws": 3}, "n_draws must be a whole number of at least 9"),
        ({"rng": 0}, "rng must be a numpy.random.Generator"),
        ({"fit": lambda model: model, "steps": 100}, "'steps' is an option of scratchvae.fit"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        simulation_based_calibration(NormalMean(np.zeros(3), sigma=1.0), **options)


def test_an_unknown_parameter_is_refused():
    found = calibrate(NormalMean(np.zeros(3), sigma=1.0), n_simulations=20)
    for ask in (lambda: found["nu"], lambda: found.plot(["nu"])):
        with pytest.raises(ValueError, match="unknown parameter 'nu'.*'mu'"):
            ask()


# --- what it draws ------------------------------------------------------------------------------


def bars(ax):
    return [bar for container in ax.containers for bar in container]


def test_the_histogram_shows_each_count_and_which_are_outside_of_the_band():
    found = calibrate(correlated_regression(), scale=0.5)
    axes = found.plot().axes
    assert [ax.get_title() for ax in axes] == list(found.names)
    bins = found.bins
    for ax, ranks in zip(axes, found.ranks.T, strict=True):
        drawn = bars(ax)
        counts = [bar.get_height() for bar in drawn]
        assert counts == bins.counts(ranks).tolist()
        outside = (counts < bins.low) | (counts > bins.high)
        assert outside[0]
        assert not outside.all()
        colours = {bar.get_facecolor() for bar, is_outside in zip(drawn, outside, strict=True) if is_outside}
        assert len(colours) == 1
        inside = {
            bar.get_facecolor() for bar, is_outside in zip(drawn, outside, strict=True) if not is_outside
        }
        assert len(inside) == 1
        assert not colours & inside


def test_at_most_twelve_parameters_are_drawn_unless_named():
    ranks = np.random.default_rng(0).integers(0, 100, (40, 15))
    found = Calibration(ranks, tuple(f"eta[{i}]" for i in range(15)), 99)
    assert len(found.plot().axes) == 12
    assert [ax.get_title() for ax in found.plot(["eta[14]", "eta[3]"]).axes] == ["eta[14]", "eta[3]"]


def test_nothing_to_draw_is_refused():
    ax, bins = plotting.figure()[1], Bins.of(100, 20)
    with pytest.raises(ValueError, match="at least one rank"):
        plotting.rank_histogram(ax, [], bins.edges, bins.expected, bins.low, bins.high)


def test_the_same_ranks_give_the_same_bytes(tmp_path):
    found = calibrate(NormalMean(np.zeros(3), sigma=1.0), n_simulations=40)
    for name in ("a.png", "b.png"):
        plotting.save(found.plot(), tmp_path / name, dpi=40)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_constrained_parameter_of_more_numbers_than_free_ones_is_ranked_whole():
    """Three probabilities of a simplex have two free numbers."""

    class Flat(BayesianModel):
        parameters = {"p": Simplex(3)}  # noqa: RUF012

        def sample_prior(self, n, rng):
            return self.space.inverse({"p": rng.dirichlet(np.ones(3), n)})

        def simulate(self, z, rng):
            return None

        def with_data(self, x):
            return self

        sample = sample_prior

    found = simulation_based_calibration(Flat(), fit=lambda model: model, rng=np.random.default_rng(0))
    assert found.names == ("p[0]", "p[1]", "p[2]")
    assert found.passed
