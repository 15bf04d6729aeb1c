"""The pictures of a fit: the corner plot of its draws, and the trace of its bound."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from scipy import stats

from scratchvae import plotting
from scratchvae.plotting.contours import highest_density_levels, smoothed_histogram
from scratchvae.plotting.ticks import few_ticks, tick_labels

DRAW = """
import sys
import numpy as np
from scratchvae import plotting
assert "matplotlib" not in sys.modules
z = np.random.default_rng(0).standard_normal((500, 3))
plotting.save(plotting.pairs(z, ["a", "b", "c"]), f"{sys.argv[1]}/pairs.png", dpi=40)
drawn, ax = plotting.figure()
assert plotting.bound_trace(ax, -z[:, 0] ** 2, [200, 500], [-1.0, -0.9]) is ax
plotting.save(drawn, f"{sys.argv[1]}/trace.png", dpi=40)
assert "matplotlib.pyplot" not in sys.modules
"""


def test_nothing_needs_pyplot_and_two_processes_write_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        subprocess.run([sys.executable, "-W", "error", "-c", DRAW, tmp_path / name], check=True)
    for picture in ("pairs.png", "trace.png"):
        first, second = ((tmp_path / name / picture).read_bytes() for name in ("first", "second"))
        assert first == second
        assert first.startswith(b"\x89PNG")


# --- the corner plot ----------------------------------------------------------------------------


def corner(draws, names=None):
    """The Axes of a corner plot as a dict by (row, column), and their figure."""
    names = [f"z[{i}]" for i in range(np.shape(draws)[1])] if names is None else names
    drawn = plotting.pairs(draws, names)
    places = [(i, j) for i in range(len(names)) for j in range(i + 1)]
    return drawn, dict(zip(places, drawn.axes, strict=True))


def boxes(drawn, axes):
    """What the labels of ticks and axes, and titles, cover, in pixels; each with its text."""
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    renderer = canvas.get_renderer()
    for ax in axes.values():
        texts = [*ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label, ax.title]
        for text in texts:
            if text.get_text():
                yield text, text.get_window_extent(renderer)


def has_overlap(drawn, axes):
    found = list(boxes(drawn, axes))
    for i, (text, box) in enumerate(found):
        for other, other_box in found[i + 1 :]:
            if text.get_rotation() == other.get_rotation() == 45:  # parallel: their bounding boxes may
                box, other_box = (b.frozen() for b in (box, other_box))
                if abs(box.x1 - other_box.x1) > text.get_fontsize() * drawn.dpi / 72 * 1.5:
                    continue
            if box.overlaps(other_box):
                return text.get_text(), other.get_text()
    return None


def hard(rng, n):
    """Eight columns that are hard to label or to scale."""
    cauchy = rng.standard_cauchy(n)
    columns = [
        1e7 * cauchy,
        np.exp(3 * rng.standard_normal(n)),
        np.full(n, 3.0),
        10_000 + 1e-6 * rng.random(n),
        rng.standard_normal(n),
        rng.integers(0, 3, n),
        -1e-7 * rng.random(n),
        1e7 * cauchy + rng.standard_normal(n),
    ]
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_all_labels_lie_on_the_figure_and_none_on_another(n, rng):
    for draws in (rng.standard_normal((300, n)), hard(rng, 300)[:, :n], hard(rng, 300)[:, -n:]):
        names = ["mu", *(f"a_name_of_many_letters[{10 + i}]" for i in range(7))][:n]
        drawn, axes = corner(draws, names)
        assert has_overlap(drawn, axes) is None
        width, height = drawn.canvas.get_width_height()
        for text, box in boxes(drawn, axes):
            assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, text.get_text()


def test_the_lower_triangle_is_named_at_its_margins_and_on_its_diagonal(rng):
    names = ["mu", "tau", "eta[0]"]
    _, axes = corner(rng.standard_normal((200, 3)), names)
    assert [axes[2, j].get_xlabel() for j in range(3)] == names
    assert [axes[i, 0].get_ylabel() for i in range(1, 3)] == names[1:]
    assert [axes[i, i].get_title() for i in range(3)] == names
    inner = axes[1, 1]
    assert inner.get_xlabel() == inner.get_ylabel() == ""
    for i in range(3):
        assert {axes[row, i].get_xlim() for row in range(i, 3)} == {axes[2, i].get_xlim()}
        assert {axes[i, column].get_ylim() for column in range(i)} <= {axes[2, i].get_xlim()}


def test_a_histogram_is_a_density_and_its_lines_are_quantiles(rng):
    z = rng.gamma(3, size=(40_000, 1))
    ax = corner(z)[1][0, 0]
    values, edges, _ = ax.patches[0].get_data()
    assert np.sum(values * np.diff(edges)) == pytest.approx(
        0.997, abs=0.002
    )  # what the axis shows: 0 to 99.7%
    middle = (edges[1:] + edges[:-1]) / 2
    np.testing.assert_allclose(values, stats.gamma(3).pdf(middle), atol=0.015)
    np.testing.assert_allclose(
        [line.get_xdata()[0] for line in ax.lines], np.quantile(z, [0.05, 0.5, 0.95]), rtol=1e-12
    )


@pytest.mark.parametrize("correlation", [0.0, 0.9, -0.99])
def test_contours_hold_half_and_nine_tenths_of_the_draws(correlation, rng):
    from matplotlib.contour import QuadContourSet

    z = rng.multivariate_normal([1, -2], [[1, correlation], [correlation, 1]], 40_000)
    ax = corner(z)[1][1, 0]
    [lines] = [c for c in ax.collections if isinstance(c, QuadContourSet) and not c.filled]
    outer, inner = lines.get_paths()
    for path, share in ((outer, 0.9), (inner, 0.5)):
        assert path.contains_points(z).mean() == pytest.approx(share, abs=0.03)
    # Their extent is that of the ellipse (z - m)' cov^-1 (z - m) = -2 log(1 - share).
    expected = np.sqrt(-2 * np.log(1 - 0.9))
    assert (outer.vertices.max(axis=0) - [1, -2]) == pytest.approx(expected, abs=0.3)


def test_the_first_parameter_goes_to_the_right_and_the_second_upwards(rng):
    z = np.stack([rng.standard_normal(1000), 100 + rng.standard_normal(1000)], axis=1)
    ax = corner(z)[1][1, 0]
    assert ax.get_xlim()[1] < 10 < 90 < ax.get_ylim()[0]
    [dots] = ax.lines
    assert dots.get_xdata().max() < 10 < 90 < dots.get_ydata().min()


def test_draws_are_thinned_for_dots_only(rng):
    ax = corner(rng.standard_normal((40_001, 2)))[1][1, 0]
    assert 1000 <= len(ax.lines[0].get_xdata()) <= 2000


def test_a_heavy_tail_does_not_squeeze_the_rest(rng):
    z = rng.standard_cauchy((20_000, 2))
    low, high = corner(z)[1][1, 0].get_xlim()
    quantile = stats.cauchy.ppf(0.995)
    assert quantile < high < 1.5 * quantile
    assert -1.5 * quantile < low < -quantile


def test_an_axis_ends_where_the_draws_do(rng):
    assert corner(rng.random((5000, 1)))[1][0, 0].get_xlim()[0] > 0


@pytest.mark.parametrize("value", [0.0, 3.0, -1e9, 1e-300])
def test_a_parameter_that_is_the_same_in_all_draws_is_a_line(value, rng):
    z = np.stack([rng.standard_normal(100), np.full(100, value)], axis=1)
    drawn, axes = corner(z)
    drawn.canvas.draw()
    assert [line.get_xdata()[0] for line in axes[1, 1].lines] == [value]
    low, high = axes[1, 1].get_xlim()
    assert low < value < high
    assert not axes[1, 0].collections


@pytest.mark.parametrize("n_draws", [1, 2, 3, 10])
def test_few_draws(n_draws, rng):
    corner(rng.standard_normal((n_draws, 3)))[0].canvas.draw()


def test_nearly_all_draws_alike(rng):
    z = np.zeros((1000, 2))
    z[0] = 1.0, 2.0
    corner(z)[0].canvas.draw()


def test_rows_that_are_not_finite_are_left_out(rng):
    z = rng.standard_normal((100, 2))
    z[3, 0], z[5, 1] = np.nan, np.inf
    good = np.isfinite(z).all(axis=1)
    [dots], [expected] = (corner(draws)[1][1, 0].lines for draws in (z, z[good]))
    np.testing.assert_array_equal(dots.get_xydata(), expected.get_xydata())


NOTHING = {
    r"draws must have shape \(S, P\).* 2 names.*not \(5, 3\)": (np.ones((5, 3)), ["a", "b"]),
    r"draws must have shape \(S, P\).*not \(5,\)": (np.ones(5), ["a"]),
    r"draws must have shape \(S, P\).*not \(5, 0\)": (np.ones((5, 0)), []),
    "nothing to draw: no row": (np.full((5, 1), np.nan), ["a"]),
    "draws must hold real numbers": ([["x"]], ["a"]),
}


@pytest.mark.parametrize("message", NOTHING)
def test_what_cannot_be_drawn_is_refused(message):
    with pytest.raises(ValueError, match=message):
        plotting.pairs(*NOTHING[message])


# --- its parts ----------------------------------------------------------------------------------


def test_a_smoothed_histogram_is_near_the_density(rng):
    z = rng.standard_normal((200_000, 2)) * [1, 3]
    axis_x, axis_y, density, _ = smoothed_histogram(*z.T, (-4, 4), (-12, 12))
    area = (axis_x[2] - axis_x[1]) * (axis_y[2] - axis_y[1])
    expected = stats.norm.pdf(axis_x)[:, None] * stats.norm(scale=3).pdf(axis_y)
    assert np.abs(density / len(z) / area - expected).max() < 0.06 * expected.max()


def test_smoothing_loses_no_draw_and_keeps_a_border(rng):
    z = rng.random((10_000, 2))
    density, count = smoothed_histogram(*z.T, (0, 1), (0, 1))[2:]
    assert density[1:-1, 1:-1].sum() == pytest.approx(10_000)
    assert count.sum() == 10_000
    assert density[0].mean() == pytest.approx(density.mean(), rel=0.1)  # a uniform one is flat to the end


def test_levels_of_regions():
    density, mass = np.array([[4.0, 1.0], [3.0, 2.0]]), np.array([[0.4, 0.1], [0.3, 0.2]])
    np.testing.assert_array_equal(highest_density_levels(density, mass, (0.3, 0.65)), [3.0, 4.0])
    np.testing.assert_array_equal(highest_density_levels(density, mass, (0.95, 0.75)), [1.0, 2.0])
    np.testing.assert_array_equal(highest_density_levels(density, mass / 2, (0.6, 0.9)), [1.0])


@pytest.mark.parametrize("low", [-1e9, -7.3, 0.0, 1e-9, 123.4, 1e6])
@pytest.mark.parametrize("width", [1e-3, 1.0, 7.7, 1e5])
@pytest.mark.parametrize("most", [3, 5])
def test_ticks_are_few_and_their_labels_true(low, width, most):
    places, texts = few_ticks(low, low + width, most)
    assert 1 <= len(places) <= most
    assert len(set(texts)) == len(texts)
    assert np.all((places > low) & (places < low + width))
    read = [float(text.replace("\N{MINUS SIGN}", "-")) for text in texts]
    np.testing.assert_allclose(read, places, atol=0.01 * width)


def test_labels_are_short():
    assert tick_labels(np.array([0.1 + 0.2, 0.4])) == ["0.3", "0.4"]
    assert tick_labels(np.array([-2e6, 0.0])) == ["\N{MINUS SIGN}2e6", "0"]
    assert tick_labels(np.array([2e-7])) == ["2e\N{MINUS SIGN}7"]
    assert tick_labels(np.array([20000.0, 30000.0])) == ["20000", "30000"]


# --- the trace of the bound ---------------------------------------------------------------------


@pytest.fixture
def ax():
    return plotting.figure()[1]


def test_the_trace_its_stages_and_their_averages(ax):
    trace = np.array([-9.0, -5.0, -4.5, np.nan, -4.0, -4.2])
    plotting.bound_trace(ax, trace, [2, 4, 6], [-5.0, -4.4, -4.1])
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), np.stack([np.arange(1, 7), trace], axis=1))
    assert [line.get_xdata()[0] for line in ax.lines[1:]] == [2, 4]  # the last one is the axis's end
    values, edges, _ = ax.patches[0].get_data()
    np.testing.assert_array_equal(values, [-5.0, -4.4, -4.1])
    np.testing.assert_array_equal(edges, [0, 2, 4, 6])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "bound (nats)")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["each step", "stage's average"]


def test_wild_first_steps_and_a_stage_that_went_astray_do_not_hide_the_rest(ax, rng):
    trace = -30 + 0.1 * rng.standard_normal(1000)
    trace[:100] = -np.logspace(9, 2, 100)
    plotting.bound_trace(ax, trace, [100, 500, 1000], [-1e5, -np.inf, -30.0])
    low, high = ax.get_ylim()
    assert -31 < low < -30.2
    assert -29.8 < high < -29


def test_every_later_average_is_seen_though_the_trace_lies_apart(ax):
    """The trace of a few minibatches may lie beside the bound of all data."""
    plotting.bound_trace(ax, np.linspace(-12, -11, 100), [50, 100], [-10.9, -10.5])
    assert ax.get_ylim()[1] > -10.5


@pytest.mark.parametrize("trace", [[-3.0], [-3.0, -3.0], [np.nan, -3.0], [-3.0, np.nan, np.nan, np.nan]])
def test_a_short_or_constant_trace_without_stages(trace, ax):
    plotting.bound_trace(ax, trace, [], [])
    low, high = ax.get_ylim()
    assert low < -3 < high
    ax.figure.canvas.draw()


def test_a_trace_without_a_step_or_with_too_few_bounds_is_refused(ax):
    for trace in ([], [np.nan]):
        with pytest.raises(ValueError, match="no step to draw"):
            plotting.bound_trace(ax, trace, [], [])
    with pytest.raises(ValueError, match="2 ends of stages, but 1 bounds"):
        plotting.bound_trace(ax, [1.0, 2.0], [1, 2], [1.0])


# --- of a fit -----------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:the fit has not converged")
def test_a_fit_draws_both(tmp_path):
    import scratchvae as sv

    q = sv.fit(sv.models.EightSchools(), steps=300, rng=np.random.default_rng(0), progress=False)
    found = q.plot(["mu", "tau"])
    assert len(found["pairs"].axes) == 3
    assert len(q.plot()["pairs"].axes) == 8 * 9 // 2
    for name, drawn in found.items():
        plotting.save(drawn, tmp_path / f"{name}.png", dpi=40)
    with pytest.raises(ValueError, match="unknown parameter 'sigma'"):
        q.plot(["sigma"])
