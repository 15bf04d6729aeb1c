"""The numbers of a report read out: a few sentences for its head."""

from scratchvae.evaluation.report.words import percent, text_of


def reading(parts):
    """What the sections that are measured say, in sentences; empty if none says anything.

    Parameters
    ----------
    parts : dict of str to Part or Missing
    """
    known = {name: part for name, part in parts.items() if part.numbers}
    sentences = [sentence(known[name]) for name, sentence in SENTENCES.items() if name in known]
    return " ".join(filter(None, sentences))


def _log_p(part):
    log_p, elbo = (text_of(part.number(name).value) for name in ("log_p", "elbo"))
    return f"The model gives a datum log p(x) = {log_p} nats on average; the ELBO is {elbo}."


def _rate_distortion(part):
    if all(number.name != "bits_a_value" for number in part.numbers):
        return None  # a density is no message
    rate, distortion = (part.number(name).value.value for name in ("rate", "distortion"))
    return (
        f"To send a datum costs {rate + distortion:.1f} nats: {rate:.1f} for z and {distortion:.1f} for "
        "what z leaves open."
    )


def _units(part):
    n = part.number("n_active").value
    total = len(part.details["states"])
    return f"All {total} latent units are used." if n == total else f"{n} of {total} latent units are used."


def _amortization(part):
    gap, amortization = (part.number(name).value.value for name in ("gap", "amortization"))
    if gap <= 0:
        return "The encoder's q(z|x) is as good as the posterior itself."
    share = min(max(amortization / gap, 0), 1)
    return (
        f"Of the gap between log p(x) and the ELBO about {percent(share)} is the encoder's, the rest its "
        "family's."
    )


def _annealing(part):
    value, error = part.number("difference").value
    if not value > 2 * error:
        return "Annealing finds no more than importance sampling does, within its error."
    return (
        f"Annealing finds a log p(x) that is {value:.1f} nats higher than that of importance sampling, which "
        "misses that much."
    )


SENTENCES = {
    "log_p": _log_p,
    "amortization": _amortization,
    "annealing": _annealing,
    "rate_distortion": _rate_distortion,
    "units": _units,
}
