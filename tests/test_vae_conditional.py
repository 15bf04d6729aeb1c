"""A conditional VAE: labels beside x and beside z, from the loss to the file."""

import naive
import numpy as np
import pytest
import scipy_densities
from scipy import stats
from test_vae import ALL_LIKELIHOODS, data, noise

import scratchvae as sv
from scratchvae.bounds import EXACT_BOUNDS, VAE_BOUNDS
from scratchvae.gradcheck import check_vae
from scratchvae.models import DecoderPosterior
from scratchvae.training import prepare

C = 3
Y = np.array([2, 0, 1])
EXACT = [name for name in EXACT_BOUNDS if name in VAE_BOUNDS]


def make(likelihood="bernoulli", hidden=(5,), dtype="float64", **options):
    """A small conditional VAE with random biases: D = 4, L = 2, C = 3."""
    vae = sv.VAE(4, 2, hidden, likelihood=likelihood, dtype=dtype, n_classes=C, **options)
    rng = np.random.default_rng(1)
    vae.parameters.value = vae.parameters.value / 2 + 0.2 * rng.standard_normal(len(vae.parameters))
    return vae


# --- what it is ---------------------------------------------------------------------------------


def test_the_labels_rows_stand_last_in_the_first_maps():
    shapes = sv.VAE(7, 2, (5,), n_classes=C).parameters.shapes
    plain = sv.VAE(7, 2, (5,)).parameters.shapes
    assert shapes == {**plain, "encoder.0.weight": (7 + C, 5), "decoder.0.weight": (2 + C, 5)}


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("hidden", [(), (6, 4)])
def test_the_log_weights_are_those_of_networks_that_see_the_label(likelihood, hidden):
    """Row by row, with the one-hot label appended by hand."""
    vae, eps = make(likelihood, hidden), noise(2)
    x = data(vae)
    for b, (datum, label) in enumerate(zip(x, Y, strict=True)):
        c = [float(label == k) for k in range(C)]
        seen = [*vae.likelihood.encoder_input(datum), *c]
        lam = np.array(naive.mlp(vae.parameters, "encoder.", "tanh", seen))
        mu, sigma = lam[:2], np.exp(lam[2:])
        for k in range(2):
            z = mu + sigma * eps[k, b]
            decoded = np.array(naive.mlp(vae.parameters, "decoder.", "tanh", [*z, *c]))
            expected = scipy_densities.log_prob(vae.likelihood, datum, decoded)
            expected += (stats.norm.logpdf(z) - stats.norm.logpdf(z, mu, sigma)).sum()
            assert vae.log_weights(x, eps, Y)[k, b] == pytest.approx(expected, rel=1e-10)
            assert vae.elbo(x, eps, Y)[b] == pytest.approx(vae.log_weights(x, eps, Y)[:, b].mean())


def test_with_zero_rows_for_the_labels_it_is_the_model_without_them():
    vae, plain = make(), sv.VAE(4, 2, (5,), dtype="float64")
    for name in plain.parameters:
        rows = len(plain.parameters[name])
        plain.parameters[name] = vae.parameters[name][:rows]
        vae.parameters[name][rows:] = 0
    x, eps = data(vae), noise(2)
    assert vae.loss_and_grad(x, eps, y=Y) == pytest.approx(plain.loss_and_grad(x, eps), rel=1e-14)
    np.testing.assert_allclose(vae.encode(x, Y), plain.encode(x), rtol=1e-13)
    drawn = vae.sample(5, np.random.default_rng(0), y=1), plain.sample(5, np.random.default_rng(0))
    np.testing.assert_array_equal(*drawn)


def test_a_linear_one_has_an_exact_conditional_evidence(rng):
    """x = z W + W_y + b + sigma noise: a mean for each class."""
    vae = make("normal_fixed:0.5", hidden=())
    weight, bias = vae.parameters["decoder.0.weight"], vae.parameters["decoder.0.bias"]
    for name in ("encoder.0.weight", "encoder.0.bias"):  # q is the prior: no weight is large
        vae.parameters[name] = 0
    covariance = weight[:2].T @ weight[:2] + 0.25 * np.eye(4)
    x = vae.sample(3, rng, Y)
    exact = stats.multivariate_normal(np.zeros(4), covariance).logpdf(x - weight[2 + Y] - bias)
    assert vae.log_likelihood(x, 20_000, rng, y=Y) == pytest.approx(exact, abs=0.05)
    assert np.abs(vae.log_likelihood(x, 20_000, rng, y=Y[::-1]) - exact)[0] > 0.05


# --- gradients ----------------------------------------------------------------------------------


CELLS = {
    *((likelihood, "iwae") for likelihood in ALL_LIKELIHOODS),
    *(("bernoulli", bound) for bound in EXACT),
}


@pytest.mark.parametrize(("likelihood", "bound"), sorted(CELLS))
def test_the_gradient_equals_central_differences(likelihood, bound):
    vae, eps = make(likelihood), noise(2)
    report = check_vae(vae, data(vae), eps, bound, y=Y)
    assert report.passed, report
    assert {block.name for block in report.blocks} == set(vae.parameters)


@pytest.mark.parametrize(
    "options", [{"posterior": "iaf:1"}, {"posterior": "planar:2", "prior": "coupling:2"}]
)
def test_the_gradient_is_right_beside_flows(options):
    vae = make(**options)
    report = check_vae(vae, data(vae), noise(2), y=Y, mode="directions", n_probes=3)
    assert report.passed, report


def test_a_label_that_does_not_occur_has_no_gradient():
    vae = make()
    vae.loss_and_grad(data(vae), noise(2), y=[0, 0, 2])
    for name, first in (("encoder.0.weight", 4), ("decoder.0.weight", 2)):
        gradient = vae.parameters.gradient(name)[first:]
        assert not gradient[1].any()
        assert gradient[0].all()
        assert gradient[2].all()


@pytest.mark.parametrize("bound", VAE_BOUNDS)
def test_every_bound_runs_in_both_precisions(bound):
    vae = make()
    losses = [model.loss_and_grad(data(vae), noise(2), bound, Y) for model in (vae, vae.astype("float32"))]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert losses[0] == pytest.approx(vae.loss(data(vae), noise(2), bound, y=Y), rel=1e-13)


# --- encoder, decoder, samples ------------------------------------------------------------------


def test_decode_takes_a_label_for_each_z_or_one_for_all(rng):
    vae, z = make(), rng.standard_normal((2, 3, 2))
    assert vae.decode(z, np.tile(Y, (2, 1))).shape == (2, 3, 4)
    for y in range(C):
        np.testing.assert_allclose(vae.decode(z, y), vae.decode(z, np.full((2, 3), y)), rtol=1e-14)
    np.testing.assert_allclose(vae.decode(z[0], Y)[0], vae.decode(z[0, 0], 2), rtol=1e-13)
    assert np.abs(vae.decode(z, 0) - vae.decode(z, 1)).max() > 0.01


def test_samples_take_one_label_or_one_each():
    vae = make()
    many = vae.sample_mean(3, np.random.default_rng(0), y=Y)
    for row, y in enumerate(Y):
        np.testing.assert_allclose(
            many[row], vae.sample_mean(3, np.random.default_rng(0), y=y)[row], rtol=1e-13
        )
    assert vae.sample(3, np.random.default_rng(0), y=1).shape == (3, 4)


def test_reconstruct_gives_the_label_to_both_networks():
    vae = make()
    x = data(vae)
    np.testing.assert_array_equal(vae.reconstruct(x, Y), vae.decode(vae.encode(x, Y)[0], Y))


def test_the_posterior_of_one_datum_is_given_its_label(rng):
    vae = make()
    x, z = data(vae)[0], rng.standard_normal((5, 2))
    exact = DecoderPosterior(vae, x, y=2)
    c = np.tile([0, 0, 1.0], (5, 1))
    decoded = vae.decoder.forward(np.concatenate([z, c], axis=1))[0]
    np.testing.assert_allclose(exact.log_likelihood(z), vae.likelihood.log_prob(x, decoded), rtol=1e-12)
    assert sv.gradcheck.check_model(exact).passed
    np.testing.assert_allclose(exact.amortized()[0], vae.encode(x[None], [2])[0][0], rtol=1e-12)
    assert exact.with_data(x).y == 2
    with pytest.raises(ValueError, match="this model is conditional"):
        DecoderPosterior(vae, x)


# --- files, copies ------------------------------------------------------------------------------


def test_a_file_makes_the_same_model_again(tmp_path):
    vae = make()
    vae.save(tmp_path / "vae.npz")
    again = sv.VAE.load(tmp_path / "vae.npz")
    assert again.n_classes == C
    assert again.config == vae.config
    assert again.loss_and_grad(data(vae), noise(), y=Y) == vae.loss_and_grad(data(vae), noise(), y=Y)
    assert f"n_classes={C}" in repr(vae)
    assert "n_classes" not in repr(sv.VAE(4, 2, (3,)))


# --- what is refused ----------------------------------------------------------------------------

BAD_LABELS = {
    "missing": (None, "this model is conditional: give the labels y, whole numbers from 0 to 2"),
    "too large": (
        [0, 1, 3],
        r"y must hold whole numbers from 0 to 2, .* 1 of 3 labels are not \(such as 3\)",
    ),
    "negative": ([-1, 0, 1], r"such as -1"),
    "fractions": ([0.5, 0, 1], r"such as 0.5"),
    "too few": ([0, 1], r"y must have shape \(3,\), one label for each datum, not \(2,\)"),
    "one number": (1, r"y must have shape \(3,\), one label for each datum, not \(\)"),
    "one-hot": (np.eye(3), r"not \(3, 3\). They look one-hot: give their numbers, y.argmax"),
    "NaN": ([0, np.nan, 1], "y has 1 NaN or infinite entries"),
    "text": (["a", "b", "c"], "y must hold real numbers"),
}


@pytest.mark.parametrize(("y", "message"), BAD_LABELS.values(), ids=BAD_LABELS)
def test_bad_labels_are_refused_wherever_they_are_taken(y, message, rng):
    vae = make()
    x = data(vae)
    calls = [
        lambda: vae.loss_and_grad(x, noise(), y=y),
        lambda: vae.loss(x, noise(), y=y),
        lambda: vae.log_weights(x, noise(), y),
        lambda: vae.elbo(x, noise(), y),
        lambda: vae.log_likelihood(x, 2, rng, y=y),
        lambda: vae.encode(x, y),
        lambda: vae.reconstruct(x, y),
    ]
    if not isinstance(y, int):  # one number may be the label of all that is decoded
        calls += [lambda: vae.decode(np.zeros((3, 2)), y), lambda: vae.sample(3, rng, y)]
    for call in calls:
        with pytest.raises(ValueError, match=message):
            call()


def test_whole_numbers_of_any_type_are_labels():
    vae = make()
    x, expected = data(vae), None
    for y in (Y, Y.tolist(), Y.astype(np.uint8), Y.astype(float)):
        expected = vae.loss(x, noise(), y=y) if expected is None else expected
        assert vae.loss(x, noise(), y=y) == expected


def test_a_model_without_labels_refuses_them(rng):
    vae = sv.VAE(4, 2, (3,))
    for call in (
        lambda: vae.loss_and_grad(np.zeros((3, 4)), noise(), y=Y),
        lambda: vae.log_likelihood(np.zeros((3, 4)), 2, rng, y=Y),
        lambda: vae.sample(3, rng, y=0),
        lambda: vae.encode(np.zeros((3, 4)), Y),
    ):
        with pytest.raises(ValueError, match="this model takes no labels y: n_classes=10, say, makes"):
            call()


@pytest.mark.parametrize("n_classes", [0, -1, 2.5, "ten", True])
def test_a_number_of_classes_that_is_none_is_refused(n_classes):
    with pytest.raises(ValueError, match="n_classes must be a whole number of at least 1"):
        sv.VAE(4, 2, (3,), n_classes=n_classes)


# --- training and evaluation --------------------------------------------------------------------

PATTERNS = np.random.default_rng(8).integers(0, 2, (C, 12))


def labelled(n=150, seed=0):
    """Rows of 12 bits, one pattern a class, one bit in twenty flipped."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, C, n)
    x = np.where(rng.random((n, 12)) < 0.05, 1 - PATTERNS[y], PATTERNS[y])
    return sv.data.as_dataset(x.astype("float32"), labels=y)


def trained(folder=None, epochs=60, dataset=None, **options):
    vae = sv.VAE(12, 1, (8,), n_classes=C)
    settings = {
        "batch_size": 40,
        "valid": labelled(60, 1),
        "progress": False,
        "checkpoint": folder,
        **options,
    }
    rate = sv.optim.Adam(0.02)
    dataset = labelled() if dataset is None else dataset
    return vae, sv.train(vae, dataset, epochs=epochs, optimizer=rate, **settings)


def test_training_learns_what_each_label_looks_like(rng):
    vae, history = trained()
    assert history["valid_elbo"][-1] > history["valid_elbo"][0] + 3
    for y in range(C):
        np.testing.assert_array_equal(vae.sample_mean(200, rng, y=y).mean(axis=0) > 0.5, PATTERNS[y])
    test = prepare(vae, labelled(500, 2))
    scores = sv.evaluation.evaluate(vae, test, n_samples=20)
    exact = 12 * (0.05 * np.log(0.05) + 0.95 * np.log(0.95))  # minus the entropy of x given y
    assert scores.log_p == pytest.approx(exact, abs=0.4)
    given_another = sv.data.as_dataset(test.x, labels=(test.labels + 1) % C)
    assert sv.evaluation.evaluate(vae, given_another, n_samples=20).log_p < scores.log_p - 5


def test_a_stopped_run_goes_on_bit_by_bit(tmp_path):
    whole, _ = trained(tmp_path / "whole", epochs=4)
    trained(tmp_path / "parts", epochs=2)
    parts, _ = trained(tmp_path / "parts", epochs=4)
    np.testing.assert_array_equal(parts.parameters.value, whole.parameters.value)


def test_a_checkpoint_of_other_labels_is_refused(tmp_path):
    trained(tmp_path, epochs=1)
    other = labelled()
    with pytest.raises(ValueError, match="checkpoint of another run: data is .*labels crc32"):
        trained(tmp_path, epochs=2, dataset=sv.data.as_dataset(other.x, labels=(other.labels + 1) % C))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "has no labels, which this conditional model needs.*as_dataset"),
        (np.full(20, 7), "whole numbers from 0 to 2, for n_classes=3, but 20 of 20 labels are not"),
        (np.full(20, "seven"), "y must hold real numbers"),
    ],
)
@pytest.mark.parametrize("part", ["data", "valid"])
def test_data_without_fitting_labels_are_refused_before_training(labels, message, part):
    wrong = sv.data.as_dataset(np.zeros((20, 12)), labels=labels)
    given = {"data": labelled(), "valid": labelled(60), part: wrong}
    with pytest.raises(ValueError, match=message):
        sv.train(sv.VAE(12, 1, (8,), n_classes=C), given.pop("data"), epochs=1, progress=False, **given)


def test_without_n_classes_labels_of_the_data_are_not_looked_at():
    odd = sv.data.as_dataset(labelled(20).x, labels=np.full(20, "seven"))
    sv.train(sv.VAE(12, 1, (8,)), odd, epochs=1, progress=False)
