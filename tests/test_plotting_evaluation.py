"""What an evaluation found, drawn: values, units, rate and distortion, parts, gaps, brackets."""

import numpy as np
import pytest

from scratchvae import plotting


@pytest.fixture
def ax():
    return plotting.figure()[1]


def heights(ax):
    return np.array([bar.get_height() for bar in ax.patches])


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_histogram_counts_every_value_and_marks_some(ax, rng):
    values = rng.standard_normal(500)
    assert plotting.value_histogram(ax, values, "log p(x) (nats)", {"mean": 0.5, "median": 0.1}) is ax
    assert heights(ax).sum() == 500
    assert [line.get_xdata()[0] for line in ax.lines] == [0.5, 0.1]
    assert legend(ax) == ["mean", "median"] and ax.get_xlabel() == "log p(x) (nats)"


@pytest.mark.parametrize("n", [1, 2, 10_000])
def test_a_histogram_of_any_number_of_values_without_marks(n, ax, rng):
    plotting.value_histogram(ax, rng.standard_normal(n), "x")
    assert heights(ax).sum() == n and ax.get_legend() is None
    assert 8 <= len(ax.patches) <= 60


def test_units_stand_from_the_largest_to_the_smallest_under_their_numbers(ax):
    plotting.unit_bars(ax, [0.5, 2.0, 1.0], [0.1, 0.2, 0.3], "KL (nats)")
    np.testing.assert_allclose(heights(ax), [2, 1, 0.5])
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "2", "0"]
    assert ax.get_yscale() == "linear" and ax.get_ylabel() == "KL (nats)"


def test_units_below_the_threshold_have_another_colour_on_a_logarithmic_axis(ax):
    plotting.unit_bars(ax, [1.0, 1e-3, 0.0], [0.1, 1e-4, 0.0], "variance", threshold=0.01)
    first, *below = [bar.get_facecolor() for bar in ax.patches]
    assert below[0] == below[1] != first
    assert ax.get_yscale() == "log"
    low, high = ax.get_ylim()
    assert low < 0.01 < high and low < 1e-3
    tops = [bar.get_y() + bar.get_height() for bar in ax.patches]
    np.testing.assert_allclose(tops, [1, 1e-3, low])


def test_the_threshold_is_seen_where_all_units_are_above_it(ax):
    plotting.unit_bars(ax, [1.0, 0.9], [0.1, 0.1], "variance", threshold=0.01)
    assert ax.get_ylim()[0] < 0.01
    assert all(bar.get_y() == ax.get_ylim()[0] for bar in ax.patches)


def test_many_units_have_no_numbers_and_unknown_errors_no_bars(ax, rng):
    plotting.unit_bars(ax, rng.random(50), np.full(50, np.nan), "variance", threshold=0.01)
    assert list(ax.get_xticks()) == [] and ax.get_xlabel() == "latent units"


def test_models_are_points_by_their_names_with_lines_of_equal_elbo(ax):
    plotting.rate_distortion(ax, [20.0, 5.0], [80.0, 100.0], ["beta 0.5", "beta 4"], [0.1, 0.1], [1.0, 1.0])
    assert [text.get_text() for text in ax.texts] == ["beta 0.5", "beta 4"]
    curve = ax.lines[0]
    np.testing.assert_array_equal(curve.get_xdata(), [5, 20])  # from the smallest rate
    assert ax.get_xlabel() == "rate (nats)" and ax.get_ylabel() == "distortion (nats)"
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert 0 <= left < 5 and right > 20 and bottom < 80 and top > 100


def test_a_single_model_needs_no_curve(ax):
    plotting.rate_distortion(ax, [20.0], [80.0], ["a"])
    assert [text.get_text() for text in ax.texts] == ["a"]


def test_data_are_points_with_their_mean(ax, rng):
    rates, distortions = 20 + rng.random(100), 60 + rng.random(100)
    plotting.rate_distortion_of_each(ax, rates, distortions)
    np.testing.assert_allclose(np.asarray(ax.collections[0].get_offsets()), np.stack([rates, distortions], 1))
    mean = ax.lines[0]
    assert (mean.get_xdata()[0], mean.get_ydata()[0]) == pytest.approx((rates.mean(), distortions.mean()))
    assert legend(ax) == ["mean of the data"] and ax.get_xlim()[0] == 0


def test_each_part_begins_where_the_last_one_ends(ax):
    plotting.parts_of_whole(ax, ["whole", "a", "b", "c"], [6.0, 3.0, -1.0, 4.0], [0.1, 0.1, np.nan, 0.1])
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches]
    assert spans == [(0, 6), (0, 3), (3, 2), (2, 6)]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["whole", "a", "b", "c"]
    assert [text.get_text() for text in ax.texts] == ["6.00", "3.00", "-1.00", "4.00"]
    ends = [bar.get_y() for bar in ax.patches]
    assert ends == sorted(ends, reverse=True)  # the whole on top


def test_a_gap_is_its_two_parts_on_each_other_the_largest_first(ax):
    plotting.gap_bars(ax, amortization=[1.0, 3.0], approximation=[0.5, -0.1])
    np.testing.assert_allclose(heights(ax), [0, 0.5, 3, 1])  # noise below zero is drawn as none
    assert [bar.get_y() for bar in ax.patches] == [0, 0, 0, 0.5]
    assert legend(ax) == ["approximation (the family)", "amortization (the encoder)"]


def test_a_bracket_is_relative_to_its_middle(ax):
    plotting.brackets(ax, [-80.0, -90.0], [-78.0, -90.0], [0.1, 0.1], [0.2, np.nan], names=("is", "ais"))
    lower, upper = (line.get_ydata() for line in ax.lines if line.get_marker() == "o")
    np.testing.assert_allclose([lower, upper], [[-1, 0], [1, 0]])
    assert legend(ax) == ["is", "ais"]


BAD = {
    "values": lambda ax: plotting.value_histogram(ax, [1.0, np.nan], "x"),
    "rates": lambda ax: plotting.rate_distortion(ax, [1.0], [1.0, 2.0], ["a", "b"]),
    "distortions": lambda ax: plotting.rate_distortion_of_each(ax, [1.0, 2.0], [1.0]),
    "approximation": lambda ax: plotting.gap_bars(ax, [1.0, 2.0], [1.0]),
    "upper": lambda ax: plotting.brackets(ax, [1.0, 2.0], [1.0], [0.0, 0.0], [0.0]),
}


@pytest.mark.parametrize("name", BAD)
def test_arrays_that_do_not_fit_are_refused_by_name(name, ax):
    with pytest.raises(ValueError, match=f"^{name} "):
        BAD[name](ax)


def test_values_are_scaled_to_the_unit_range():
    from scratchvae.plotting.images import to_unit_range

    np.testing.assert_array_equal(to_unit_range(np.array([0.25, 0.5])), [0.25, 0.5])
    np.testing.assert_array_equal(to_unit_range(np.array([-1.0, 0.0, 3.0])), [0, 0.25, 1])
    np.testing.assert_array_equal(to_unit_range(np.array([1.0, 2.0, 5.0]), (1, 3)), [0, 0.5, 2])
    np.testing.assert_array_equal(to_unit_range(np.array([2.0, 3.0]), (2, 2)), [0, 1])
