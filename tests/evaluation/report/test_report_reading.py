"""The sentences at a report's head say what the numbers say."""

import pytest

from scratchvae.evaluation.report.part import Missing, Number, Part
from scratchvae.evaluation.report.reading import reading
from scratchvae.importance import Estimate


def part(details=None, **values):
    numbers = [
        Number(name, name, value if isinstance(value, int) else Estimate(*value), "")
        for name, value in values.items()
    ]
    return Part(numbers, {}, 1, 1, details=details or {})


def states(n):
    return {"states": n * ["active"]}


CASES = {
    "The model gives a datum log p(x) = -89.04 ± 0.33 nats on average; the ELBO is -93.77 ± 0.36.": {
        "log_p": part(log_p=(-89.04, 0.33), elbo=(-93.77, 0.36))
    },
    "To send a datum costs 93.8 nats: 25.0 for z and 68.8 for what z leaves open.": {
        "rate_distortion": part(rate=(25.0, 0.1), distortion=(68.8, 0.3), bits_a_value=(0.2, 0.1))
    },
    "All 20 latent units are used.": {"units": part(states(20), n_active=20)},
    "7 of 20 latent units are used.": {"units": part(states(20), n_active=7)},
    "Of the gap between log p(x) and the ELBO about 75 % is the encoder's, the rest its family's.": {
        "amortization": part(gap=(4.0, 0.1), amortization=(3.0, 0.1))
    },
    "The encoder's q(z|x) is as good as the posterior itself.": {
        "amortization": part(gap=(-0.001, 0.1), amortization=(0.0, 0.1))
    },
    "Annealing finds a log p(x) that is 1.2 nats higher than that of importance sampling, which misses that "
    "much.": {"annealing": part(difference=(1.24, 0.3))},
    "Annealing finds no more than importance sampling does, within its error.": {
        "annealing": part(difference=(0.1, 0.3))
    },
    "": {
        "log_p": Missing("not measured yet", "Not measured yet."),
        "images": part(squared_error=(0.1, 0.1)),
        "rate_distortion": part(rate=(25.0, 0.1), distortion=(-68.8, 0.3)),
    },
}


@pytest.mark.parametrize("sentence", CASES)
def test_each_sentence(sentence):
    assert reading(CASES[sentence]) == sentence


def test_one_datum_has_no_error_to_be_above():
    found = reading({"annealing": part(difference=(0.4, float("nan")))})
    assert found == "Annealing finds no more than importance sampling does, within its error."


def test_the_sentences_follow_each_other():
    cases = [parts for parts in CASES.values() if "log_p" in parts or "amortization" in parts]
    assert reading(cases[2] | cases[0]).startswith("The model gives a datum")
