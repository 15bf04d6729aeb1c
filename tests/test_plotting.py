"""Arrays in, Axes out: what is drawn, where, and that it is the same every time."""

import subprocess
import sys

import numpy as np
import pytest

from scratchvae import plotting

HEIGHT, WIDTH = 5, 3  # no square: a transposed image would not fit


@pytest.fixture
def ax():
    return plotting.figure()[1]


@pytest.fixture
def images(rng):
    return rng.random((7, HEIGHT * WIDTH))


def sheet(ax):
    """The pixels that were drawn."""
    [drawn] = ax.get_images()
    return np.asarray(drawn.get_array())


def cell(ax, row, column, gap=1):
    top, left = row * (HEIGHT + gap), column * (WIDTH + gap)
    return sheet(ax)[top : top + HEIGHT, left : left + WIDTH].ravel()


DRAW_ALL = """
import sys
import numpy as np
from scratchvae import plotting
assert "matplotlib" not in sys.modules
x = np.linspace(0, 1, 8 * 6).reshape(8, 6)
draws = [
    lambda ax: plotting.learning_curve(ax, [1, 2, 3], [-9.0, -5.0, -4.0], [-9.5, -6.0, -5.0]),
    lambda ax: plotting.image_grid(ax, x, (2, 3)),
    lambda ax: plotting.reconstructions(ax, x, 1 - x, (2, 3)),
    lambda ax: plotting.manifold(ax, x, (2, 3), np.arange(4.0), np.arange(2.0)),
    lambda ax: plotting.latent_scatter(ax, x[:, :2], np.arange(8) % 3),
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
    assert len(first) == 5
    assert first == second
    assert all(data.startswith(b"\x89PNG") for data in first)
    assert len(set(first)) == 5


def test_saving_twice_gives_the_same_bytes_and_leaves_no_other_file(tmp_path, images):
    for name in ("a.png", "b.png"):
        drawn, ax = plotting.figure(2, 2)
        plotting.image_grid(ax, images, (HEIGHT, WIDTH))
        plotting.save(drawn, tmp_path / name, dpi=40)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]


def test_a_path_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="cannot save to"):
        plotting.save(plotting.figure()[0], tmp_path / "file" / "picture.png")


# --- learning curve -----------------------------------------------------------------------------


def test_the_learning_curve_is_labelled(ax):
    plotting.learning_curve(ax, [1, 2, 3], [-9.0, -5.0, -4.0], [-9.5, -6.0, -5.0])
    assert ax.get_xlabel() == "epoch"
    assert ax.get_ylabel() == "ELBO (nats a datum)"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "validation"]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [-9, -5, -4])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [-9.5, -6, -5])


@pytest.mark.parametrize("n", [1, 2, 10, 11, 50])
def test_a_learning_curve_of_any_length_without_validation(n, ax):
    elbo = -100.0 + np.log(np.arange(1, n + 1))
    plotting.learning_curve(ax, np.arange(1, n + 1), elbo)
    assert len(ax.lines) == 1
    low, high = ax.get_ylim()
    assert low < high
    assert high > elbo.max()


def test_a_terrible_start_does_not_squeeze_the_rest(ax):
    elbo = np.concatenate([[-1e6], np.linspace(-110, -100, 49)])
    plotting.learning_curve(ax, np.arange(50), elbo)
    assert ax.get_ylim()[0] > -200


def test_a_constant_curve_is_seen(ax):
    plotting.learning_curve(ax, [1, 2, 3], [-5.0, -5.0, -5.0])
    low, high = ax.get_ylim()
    assert low < -5 < high


def test_a_history_without_validation_draws_one_curve(ax):
    plotting.learning_curve(ax, [1, 2], [-9.0, -5.0], [None, None])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training"]


def test_a_learning_curve_of_no_epoch_is_refused(ax):
    with pytest.raises(ValueError, match="no epoch to draw"):
        plotting.learning_curve(ax, [], [])


# --- images -------------------------------------------------------------------------------------


def test_every_image_is_in_its_place(ax, images):
    plotting.image_grid(ax, images, (HEIGHT, WIDTH), n_columns=4)
    assert sheet(ax).shape == (2 * HEIGHT + 1, 4 * WIDTH + 3)
    for i, image in enumerate(images):
        np.testing.assert_array_equal(cell(ax, i // 4, i % 4), image)
    np.testing.assert_array_equal(cell(ax, 1, 3), 0)  # the eighth place is white
    np.testing.assert_array_equal(sheet(ax)[HEIGHT], 0)  # and so is the gap


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4)])
def test_a_grid_is_about_square(n, columns, ax, rng):
    plotting.image_grid(ax, rng.random((n, HEIGHT * WIDTH)), (HEIGHT, WIDTH))
    assert sheet(ax).shape[1] == columns * (WIDTH + 1) - 1


def test_black_on_white_from_0_to_1_whatever_the_values(ax):
    plotting.image_grid(ax, np.full((1, 6), 0.5), (2, 3))
    [drawn] = ax.get_images()
    assert (drawn.get_clim(), drawn.get_cmap().name) == ((0, 1), "gray_r")


def test_images_may_be_lists_or_two_dimensional(ax, images):
    plotting.image_grid(ax, images.tolist(), (HEIGHT, WIDTH))
    expected = sheet(ax)
    for same in (list(images), images.reshape(-1, HEIGHT, WIDTH)):
        other = plotting.figure()[1]
        plotting.image_grid(other, same, (HEIGHT, WIDTH))
        np.testing.assert_array_equal(sheet(other), expected)


NO_IMAGES = {
    r"images must be \(N, D\).*not \(0,\)": [],
    r"images must be \(N, D\).*D = 5 x 3.*not \(0, 15\)": np.empty((0, 15)),
    r"images must be \(N, D\).*not \(15,\)": np.zeros(15),
    r"images must be \(N, D\).*not \(2, 14\)": np.zeros((2, 14)),
    "images must hold real numbers": [None],
    "images must be an array of numbers": [[1.0, 2.0], [3.0]],
}


@pytest.mark.parametrize("message", NO_IMAGES)
def test_what_is_no_image_is_refused(message, ax):
    with pytest.raises(ValueError, match=message):
        plotting.image_grid(ax, NO_IMAGES[message], (HEIGHT, WIDTH))
    with pytest.raises(ValueError, match=message.replace("images", "x")):
        plotting.reconstructions(ax, NO_IMAGES[message], NO_IMAGES[message], (HEIGHT, WIDTH))
    assert not ax.get_images()


@pytest.mark.parametrize("shape", [None, 15, (15,), (5, 3, 1), (5.0, 3), (0, 3), "53"])
def test_an_image_shape_that_is_no_height_and_width_is_refused(shape, ax, images):
    with pytest.raises(ValueError, match="image_shape must be"):
        plotting.image_grid(ax, images, shape)


@pytest.mark.parametrize("n_columns", [0, -1, 2.5])
def test_a_number_of_columns_that_is_none_is_refused(n_columns, ax, images):
    with pytest.raises(ValueError, match="n_columns must be a whole number of at least 1"):
        plotting.image_grid(ax, images, (HEIGHT, WIDTH), n_columns=n_columns)


def test_reconstructions_may_be_lists_and_must_be_as_many_as_the_data(ax, images):
    plotting.reconstructions(ax, images.tolist(), (1 - images).tolist(), (HEIGHT, WIDTH))
    np.testing.assert_array_equal(cell(ax, 1, 0), 1 - images[0])
    with pytest.raises(ValueError, match="7 data, but 6 reconstructions"):
        plotting.reconstructions(ax, images, images[1:], (HEIGHT, WIDTH))


@pytest.mark.parametrize("n", [1, 2, 3, 6, 7])
def test_a_reconstruction_stands_under_its_datum(n, ax, rng):
    x, reconstructed = rng.random((2, n, HEIGHT * WIDTH))
    plotting.reconstructions(ax, x, reconstructed, (HEIGHT, WIDTH))
    columns = (n + 1) // 2
    assert sheet(ax).shape[1] == columns * (WIDTH + 1) - 1
    for i in range(n):
        row, column = divmod(i, columns)
        np.testing.assert_array_equal(cell(ax, 2 * row, column), x[i])
        np.testing.assert_array_equal(cell(ax, 2 * row + 1, column), reconstructed[i])


def test_the_manifold_is_labelled_as_a_map(ax, rng):
    z1, z2 = np.array([-2.0, 0.0, 2.0]), np.array([-1.0, 1.0])
    images = rng.random((6, HEIGHT * WIDTH))
    plotting.manifold(ax, images, (HEIGHT, WIDTH), z1, z2)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$z_1$", "$z_2$")
    assert [text.get_text() for text in ax.get_xticklabels()] == ["\N{MINUS SIGN}2.0", "0.0", "2.0"]
    # Rows are numbered downwards, and z2 grows upwards: -1 belongs to the lower row.
    ticks = {
        text.get_text(): place for text, place in zip(ax.get_yticklabels(), ax.get_yticks(), strict=True)
    }
    assert ticks == {"\N{MINUS SIGN}1.0": 1.5 * HEIGHT, "1.0": 0.5 * HEIGHT}
    np.testing.assert_array_equal(cell(ax, 0, 1, gap=0), images[1])
    np.testing.assert_array_equal(cell(ax, 1, 0, gap=0), images[3])


@pytest.mark.parametrize(("n1", "n2"), [(1, 1), (1, 4), (20, 2)])
def test_a_manifold_of_any_size(n1, n2, ax, rng):
    images = rng.random((n1 * n2, HEIGHT * WIDTH))
    plotting.manifold(ax, images, (HEIGHT, WIDTH), np.arange(float(n1)), np.arange(float(n2)))
    assert sheet(ax).shape == (n2 * HEIGHT, n1 * WIDTH)
    assert 1 <= len(ax.get_xticks()) <= 5
    assert ax.get_xticks()[-1] == (n1 - 0.5) * WIDTH


# --- latent scatter -----------------------------------------------------------------------------


def test_each_label_has_its_points_and_its_name_at_their_median(ax, rng):
    mu, labels = rng.standard_normal((30, 2)), np.repeat(["a", "b", "c"], 10)
    plotting.latent_scatter(ax, mu, labels)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$\\mu_1(x)$", "$\\mu_2(x)$")
    for i, text in enumerate(ax.texts):
        points = mu[10 * i : 10 * i + 10]
        np.testing.assert_array_equal(np.asarray(ax.collections[i].get_offsets()), points)
        assert text.get_text() == "abc"[i]
        np.testing.assert_allclose(text.xy, np.median(points, axis=0))


def test_one_point_and_more_labels_than_colours(ax, rng):
    n = len(plotting.COLOURS) + 3
    plotting.latent_scatter(ax, rng.standard_normal((n, 2)), np.arange(n))
    assert len(ax.texts) == n


def test_a_badge_is_small_enough_for_neighbours(ax, rng):
    plotting.latent_scatter(ax, rng.standard_normal((4, 2)), [0, 0, 1, 1])
    assert {text.get_fontsize() for text in ax.texts} == {9}


# What a dichromat sees of linear RGB (Machado, Oliveira & Fernandes 2009, severity 1).
EYES = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def oklab(rgb):
    """Linear RGB (..., 3) as Oklab (Ottosson 2020), in which equal distances look equal."""
    to_lms = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.cbrt(rgb @ np.transpose(to_lms)) @ np.transpose(to_lab)


@pytest.mark.parametrize(("eyes", "least"), [(name, 0.15 if name == "normal" else 0.07) for name in EYES])
def test_ten_colours_are_far_apart_for_everyone(eyes, least):
    from matplotlib.colors import to_rgb

    rgb = np.array([to_rgb(colour) for colour in plotting.COLOURS])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = oklab(np.clip(linear @ EYES[eyes].T, 0, 1))
    distances = np.linalg.norm(seen[:, None] - seen, axis=-1)
    assert distances.shape == (10, 10)
    assert distances[np.triu_indices(10, 1)].min() > least
