"""Bad input to the VAE: one sentence that says what came, what was expected, what to do."""

import numpy as np
import pytest
from test_vae import data, make, noise

import scratchvae as sv

GOOD = [[0.0, 1.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]]
BAD_DATA = {
    "NaN": ([[0, 1, np.nan, 0]], r"x has 1 NaN or infinite entries, the first at index \(0, 2\) \(nan\)"),
    "infinite": ([[0, 1, 1, -np.inf]], r"x has 1 NaN or infinite entries, .*; remove or impute them"),
    "too narrow": ([[0.0, 1.0, 1.0]], r"x must have shape \(B, D\) = \(any, 4\) .*, not \(1, 3\)"),
    "too wide": (np.zeros((2, 5)), r"x must have shape \(B, D\) = \(any, 4\) .*, not \(2, 5\)"),
    "one datum without a batch axis": ([0, 1, 1, 0], r"x must have shape \(B, D\) .*, not \(4,\)"),
    "images": (np.zeros((3, 2, 2)), r"x must have shape \(B, D\) .*, not \(3, 2, 2\)"),
    "a number": (1.0, r"x must have shape \(B, D\) .*, not \(\)"),
    "empty": (np.zeros((0, 4)), r"x must have shape .* with no empty axis, not \(0, 4\)"),
    "an empty list": ([], r"x must have shape .*, not \(0,\)"),
    "gray": ([[0, 1, 0.25, 0.5]], r"2 of 4 entries are gray \(such as 0.25\): binarize them"),
    "above one": ([[0, 1, 1.5, 0]], r"needs x of 0 and 1 only, but x runs from 0.0 to 1.5"),
    "negative": ([[0, 1, -1, 0]], r"needs x of 0 and 1 only, but x runs from -1 to 1"),
    "bytes": (np.array([[0, 128, 255, 3]], "u1"), "runs from 0 to 255. They look like bytes: divide by 255"),
    "complex": ([[0j, 1, 1, 0]], "x must hold real numbers, not complex128 values"),
    "strings": ([["0", "1", "1", "0"]], "x must hold real numbers, not <U1 values"),
    "objects": (np.array([[0, 1, None, 0]], object), "x must hold real numbers, not object values"),
    "None": (None, "x must hold real numbers, not object values"),
    "dates": (np.zeros((1, 4), "M8[s]"), "x must hold real numbers, not datetime64"),
    "ragged": ([[0, 1, 1, 0], [0, 1]], "x must be an array of numbers"),
}
BAD_NOISE = {
    "no sample axis": (np.zeros((2, 2)), r"not \(2, 2\)"),
    "another batch": (np.zeros((1, 3, 2)), r"eps must have shape \(K, B, L\) = \(any, 2, 2\) .*\(1, 3, 2\)"),
    "one noise for the batch": (np.zeros((1, 1, 2)), r"not \(1, 1, 2\)"),
    "another latent size": (np.zeros((1, 2, 3)), r"not \(1, 2, 3\)"),
    "no sample": (np.zeros((0, 2, 2)), r"not \(0, 2, 2\)"),
    "NaN": (np.full((1, 2, 2), np.nan), r"eps has 4 NaN or infinite entries"),
    "strings": ([[["a", "b"]] * 2], "eps must hold real numbers"),
    "None": (None, "eps must hold real numbers"),
    "ragged": ([[[0, 1], [0]]], "eps must be an array of numbers"),
}
BAD_LATENTS = {
    "another size": (np.zeros((3, 5)), r"z must have shape \(..., L\) = \(..., 2\), not \(3, 5\)"),
    "a number": (1.0, r"z must have shape .* not \(\)"),
    "empty": (np.zeros((0, 2)), r"z must have shape .* not \(0, 2\)"),
    "NaN": ([[0, np.nan]], "z has 1 NaN or infinite entries"),
    "strings": ([["a", "b"]], "z must hold real numbers"),
}
BAD_ARGUMENTS = [
    ({"n_data": 0}, "n_data must be a whole number of at least 1, not 0"),
    ({"n_data": -4}, "n_data must be a whole number of at least 1, not -4"),
    ({"n_data": 4.0}, "n_data must be a whole number of at least 1, not 4.0"),
    ({"n_data": "4"}, "n_data must be a whole number of at least 1, not '4'"),
    ({"n_data": (2, 2)}, "n_data must be a whole number of at least 1"),
    ({"n_latent": 0}, "n_latent must be a whole number of at least 1, not 0"),
    ({"n_latent": True}, "n_latent must be a whole number of at least 1, not True"),
    ({"hidden": (5, 0)}, "a width in hidden must be a whole number of at least 1, not 0"),
    ({"hidden": (5.0,)}, "a width in hidden must be a whole number of at least 1, not 5.0"),
    ({"hidden": 5}, r"hidden must be a sequence of widths such as \(500,\), not 5"),
    ({"hidden": None}, "hidden must be a sequence of widths"),
    ({"hidden": "abc"}, "a width in hidden must be a whole number of at least 1, not 'a'"),
    ({"activation": "tahn"}, "unknown activation 'tahn'; did you mean 'tanh'"),
    ({"activation": None}, "unknown activation None"),
    ({"likelihood": "bernouli"}, "unknown likelihood 'bernouli'; did you mean 'bernoulli'"),
    ({"likelihood": "normal_fixed:-1"}, "likelihood 'normal_fixed:-1': sigma must lie in"),
    ({"likelihood": "categorical:1"}, "likelihood 'categorical:1': the number of gray levels must be"),
    ({"likelihood": "poisson:3"}, "likelihood 'poisson' takes no number"),
    ({"likelihood": 3}, "unknown likelihood 3"),
    ({"posterior": "diagnal"}, "unknown posterior 'diagnal'; did you mean 'diagonal'"),
    ({"dtype": "flaot32"}, "unknown dtype 'flaot32'; did you mean 'float32'"),
    ({"dtype": "float16"}, "unknown dtype 'float16'"),
    ({"dtype": int}, "unknown dtype 'int64'"),
    ({"initialization": "he"}, "unknown initialization 'he'"),
    ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
    ({"seed": "zero"}, "seed must be a whole number of at least 0, not 'zero'"),
    ({"seed": 1.5}, "seed must be a whole number of at least 0, not 1.5"),
]


@pytest.mark.parametrize(("x", "message"), BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_are_refused_wherever_data_are_taken(x, message, rng):
    vae = make()
    calls = {
        "loss_and_grad": lambda: vae.loss_and_grad(x, noise(1, 1)),
        "log_weights": lambda: vae.log_weights(x, noise(1, 1)),
        "elbo": lambda: vae.elbo(x, noise(1, 1)),
        "log_likelihood": lambda: vae.log_likelihood(x, 2, rng),
        "encode": lambda: vae.encode(x),
        "reconstruct": lambda: vae.reconstruct(x),
    }
    for call in calls.values():
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize(("eps", "message"), BAD_NOISE.values(), ids=BAD_NOISE)
def test_bad_noise_is_refused(eps, message):
    vae = make()
    for call in (vae.loss_and_grad, vae.log_weights, vae.elbo):
        with pytest.raises(ValueError, match=message):
            call(GOOD, eps)


@pytest.mark.parametrize(("z", "message"), BAD_LATENTS.values(), ids=BAD_LATENTS)
def test_bad_latents_are_refused(z, message):
    with pytest.raises(ValueError, match=message):
        make().decode(z)


@pytest.mark.parametrize(("arguments", "message"), BAD_ARGUMENTS, ids=str)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        sv.VAE(**{"n_data": 4, "n_latent": 2, "hidden": (3,), **arguments})


def test_after_bad_input_the_gradient_is_what_it_was():
    vae = make()
    vae.loss_and_grad(data(vae), noise())
    before = vae.parameters.grad.copy()
    for x, eps in (([[np.nan] * 4], noise(1, 1)), (GOOD, noise(1, 7))):
        with pytest.raises(ValueError):
            vae.loss_and_grad(x, eps)
    np.testing.assert_array_equal(vae.parameters.grad, before)


@pytest.mark.parametrize("n", [0, -1, 2.5, "3", None])
def test_a_number_of_samples_that_is_no_positive_whole_number_is_refused(n, rng):
    for draw in (make().sample, make().sample_mean):
        with pytest.raises(ValueError, match="n must be a whole number of at least 1"):
            draw(n, rng)


def test_an_unknown_bound_is_refused_and_the_nearest_named():
    with pytest.raises(ValueError, match="unknown bound 'elob'; did you mean 'elbo'"):
        make().loss_and_grad(GOOD, noise(1, 2), bound="elob")


def test_numbers_that_float32_cannot_hold_are_reported_in_words():
    vae = make("normal", dtype="float32")
    with pytest.raises(ValueError, match="x as float32 has 1 NaN or infinite entries"):
        vae.encode([[0.0, 0.0, 1e300, 0.0]])
    with pytest.raises(ValueError, match="eps as float32 has 4 NaN or infinite entries"):
        vae.elbo(GOOD, np.full((1, 2, 2), 1e300))
    with pytest.raises(ValueError, match="z as float32 has 2 NaN or infinite entries"):
        vae.decode([1e300, 1e300])


@pytest.mark.parametrize("likelihood", ["normal", "normal_fixed:0.5"])
def test_a_normal_likelihood_takes_any_real_number(likelihood):
    vae = make(likelihood)
    assert np.isfinite(vae.loss_and_grad([[-3.0, 0.25, 4, 0]], noise(1, 1)))


@pytest.mark.parametrize(
    ("likelihood", "x", "message"),
    [
        ("categorical:3", [[0, 1, 2, 3]], "3 levels needs x of whole numbers from 0 to 2"),
        ("categorical:3", [[0, 1, 0.5, 0]], "with fractions"),
        ("poisson", [[0, 1, -2, 3]], "needs counts 0, 1, 2, ..., but 1 of 4 entries are not"),
    ],
)
def test_data_that_do_not_suit_the_likelihood_are_refused(likelihood, x, message):
    with pytest.raises(ValueError, match=message):
        make(likelihood).loss_and_grad(x, noise(1, 1))


@pytest.mark.parametrize("rng", [None, 0, np.random.RandomState(0)])
def test_what_draws_takes_a_generator_only(rng):
    vae = sv.VAE(4, 2, (3,))
    for draw in (vae.sample, vae.sample_mean):
        with pytest.raises(ValueError, match="must be a numpy.random.Generator"):
            draw(3, rng)
    with pytest.raises(ValueError, match="must be a numpy.random.Generator"):
        vae.log_likelihood(np.zeros((2, 4)), 3, rng)


def test_bytes_that_training_would_divide_by_255_are_refused():
    x = np.array([[0, 255, 7, 1]], np.uint8)
    with pytest.raises(ValueError, match="training divides by 255: give x / 255"):
        sv.VAE(4, 2, (3,), likelihood="normal_fixed:0.3").encode(x)
    assert sv.VAE(4, 2, (3,), likelihood="categorical:256").encode(x)[0].shape == (1, 2)
