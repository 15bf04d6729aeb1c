"""Densities on a grid and predictive histograms: what is drawn and where."""

import subprocess
import sys

import numpy as np
import pytest
from grid_models import Coin, Plane, Target
from scipy import stats

from scratchvae import plotting
from scratchvae.grid import grid_posterior


@pytest.fixture
def ax():
    return plotting.figure()[1]


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


DRAW_ALL = """
import sys
import numpy as np
from scratchvae import plotting
x = np.linspace(-4, 4, 41)
p = np.exp(-x * x / 2)
plane = p[:, None] * p
draws = [
    lambda ax: plotting.grid_density(ax, x, p, 0.5 * p, 0.7 * p, (-1, 1), "mu"),
    lambda ax: plotting.grid_contours(ax, x, x, plane, [0.5, 0.1], [0.5, 0.9], ("a", "b")),
    lambda ax: plotting.predictive_histogram(ax, x, 1.0, "T", 0.3),
]
for i, draw in enumerate(draws):
    drawn, ax = plotting.figure()
    assert draw(ax) is ax
    plotting.save(drawn, f"{sys.argv[1]}/{i}.png", dpi=40)
assert "matplotlib.pyplot" not in sys.modules
"""


def test_nothing_needs_pyplot_and_two_processes_write_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        subprocess.run([sys.executable, "-W", "error", "-c", DRAW_ALL, tmp_path / name], check=True)
    first, second = (
        [path.read_bytes() for path in sorted((tmp_path / name).iterdir())] for name in ("first", "second")
    )
    assert first == second
    assert len(set(first)) == 3


# --- one parameter ------------------------------------------------------------------------------------


def test_prior_likelihood_and_posterior_of_a_coin(ax):
    p = np.linspace(0, 1, 201)
    posterior = grid_posterior(Coin(7, 10, 2, 2), {"p": p})
    assert posterior.plot(ax) is ax
    assert texts(ax) == ["prior", "likelihood (scaled)", "posterior"]
    expected = [stats.beta(2, 2), stats.beta(8, 4), stats.beta(9, 5)]
    for line, density in zip(ax.lines, expected, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), p)
        np.testing.assert_allclose(line.get_ydata(), density.pdf(p), atol=1e-3)
    assert len({line.get_linestyle() for line in ax.lines}) == 3  # told apart without colour
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("p", "density")
    assert ax.get_xlim() == (0, 1)
    assert ax.get_ylim()[1] > posterior.density.max()


def test_the_interval_is_shaded(ax):
    axis = np.linspace(0, 4, 5)
    plotting.grid_density(ax, axis, 4 - axis, interval=(0.5, 2.5), name="theta")
    [shaded] = ax.collections
    corners = shaded.get_paths()[0].vertices
    assert corners[:, 0].min() == 0.5
    assert corners[:, 0].max() == 2.5
    np.testing.assert_allclose(corners[corners[:, 1] > 0, 1], 4 - corners[corners[:, 1] > 0, 0])
    assert texts(ax) == ["posterior"]


def test_a_joint_density_is_drawn_alone(ax):
    grid_posterior(Target(stats.norm.logpdf), np.linspace(-6, 6, 101)).plot(ax)
    assert texts(ax) == ["posterior"]


def test_a_density_without_an_upper_bound_does_not_hide_the_rest(ax):
    grid_posterior(Coin(0, 3, 0.5, 0.5)).plot(ax)
    assert 4 < ax.get_ylim()[1] < 100


# --- two parameters -----------------------------------------------------------------------------------


def test_contours_lie_where_the_density_is_and_not_transposed(ax):
    posterior = grid_posterior(Plane(), {"a": np.linspace(-7, 8, 151), "b": np.linspace(-6, 6, 141)})
    assert posterior.plot(ax) is ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("a", "b")
    assert texts(ax) == ["50%", "90%", "99% of the posterior"]
    exact = Plane().posterior
    lines = ax.collections[-1]
    for path, mass in zip(lines.get_paths(), (0.99, 0.9, 0.5), strict=True):
        inner = path.vertices - exact.mean
        distance = np.einsum("ni,ij,nj->n", inner, np.linalg.inv(exact.cov), inner)
        np.testing.assert_allclose(distance, stats.chi2(2).ppf(mass), rtol=0.08)
    low, high = ax.get_xlim()
    assert low < exact.mean[0] < high
    assert high - low < 15  # the empty rest of the grid is not shown


def test_levels_may_come_in_any_order():
    x = np.linspace(-4, 4, 81)
    plane = np.exp(-0.5 * (x[:, None] ** 2 + x**2))
    shown = []
    for order in ([0, 1], [1, 0]):
        ax = plotting.figure()[1]
        levels, masses = np.array([0.5, 0.1])[order], np.array([0.5, 0.9])[order]
        plotting.grid_contours(ax, x, x, plane, levels, masses, ("a", "b"))
        shown.append(([path.vertices.tolist() for path in ax.collections[-1].get_paths()], texts(ax)))
    assert shown[0] == shown[1]
    assert shown[0][1] == ["50%", "90% of the posterior"]


# --- predictive checks --------------------------------------------------------------------------------


def test_counts_have_a_bin_each(ax):
    plotting.predictive_histogram(ax, np.array([0.0, 1, 1, 4]), 3, "zeros")
    left = [bar.get_x() for bar in ax.patches]
    np.testing.assert_allclose(left, [-0.5, 0.5, 1.5, 2.5, 3.5])
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], [0.25, 0.5, 0, 0, 0.25])
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [3, 3])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("zeros", "density")
    assert texts(ax) == ["replicated", "observed"]


@pytest.mark.parametrize("values", [np.full(5, 2.0), np.full(5, 2.5), np.r_[np.zeros(50), 1e6], [0.1, 0.2]])
def test_any_replications_can_be_drawn(ax, values):
    plotting.predictive_histogram(ax, np.asarray(values), 2.0, p=0.5)
    areas = sum(bar.get_width() * bar.get_height() for bar in ax.patches)
    assert areas == pytest.approx(1)
    assert len(ax.patches) <= 41
    assert texts(ax)[1] == "observed ($p$ = 0.500)"


def test_nothing_to_draw_is_an_error(ax):
    with pytest.raises(ValueError, match="at least one replication"):
        plotting.predictive_histogram(ax, np.array([]), 1.0)
