"""The report: its numbers are those of the functions, each has its error and its number of samples."""

import json
import re

import numpy as np
import pytest
from reporting import KEPT, SMALL, N, images, model

from scratchvae.evaluation import (
    amortization_gap,
    annealed_evidence_of_each,
    bidirectional_monte_carlo,
    evidence_of_each,
    kl_decomposition,
    latent_units,
    write_report,
)
from scratchvae.evaluation.report import SECTIONS, writing
from scratchvae.evaluation.statistics import mean_and_error
from scratchvae.importance import Estimate
from scratchvae.models import DecoderPosterior


def unrendered(drawn, path):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write_report(model(), images(), folder, settings=SMALL, model_file="run/best.npz")
    return folder


@pytest.fixture(scope="module")
def text(folder):
    return (folder / "report.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def found(folder):
    def forbidden(constant):
        raise AssertionError(f"JSON knows no {constant}")

    return json.loads((folder / "report.json").read_text(encoding="utf-8"), parse_constant=forbidden)


def number(found, section, name):
    entry = found["sections"][section]["numbers"][name]
    return Estimate(entry["value"], entry["standard_error"])


def test_the_files(folder, text):
    assert {path.name for path in folder.iterdir()} == {"report.md", "report.json", "figures", "by_datum"}
    assert {path.stem for path in (folder / "by_datum").iterdir()} == set(KEPT)
    shown = re.findall(r"\]\((figures/.*?\.png)\)", text)
    assert len(shown) == len(set(shown)) == 10
    assert {str(path.relative_to(folder)) for path in (folder / "figures").iterdir()} == set(shown)
    assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in shown)


def test_the_numbers_are_those_of_the_functions(found):
    vae, dataset = model(), images()
    evidence = evidence_of_each(vae, dataset, 30, seed=3)
    assert number(found, "log_p", "log_p") == pytest.approx(evidence.mean_log_p)
    assert number(found, "log_p", "elbo") == pytest.approx(evidence.mean_elbo)
    assert number(found, "log_p", "gap") == pytest.approx(mean_and_error(evidence.log_p - evidence.elbo))
    assert found["sections"]["log_p"]["numbers"]["bias"]["value"] == pytest.approx(evidence.bias)
    assert number(found, "log_p", "share_untrusted").value == evidence.share_untrusted
    assert number(found, "rate_distortion", "rate").value == pytest.approx(evidence.rate.mean())
    assert number(found, "rate_distortion", "distortion").value == pytest.approx(evidence.distortion.mean())
    bits = number(found, "rate_distortion", "bits_a_value")
    nats = 9 * np.log(2)  # of a bit for each of 9 values
    value, error = evidence.mean_elbo
    assert bits == pytest.approx((-value / nats, error / nats))
    parts = kl_decomposition(vae, dataset, n_draws=N, seed=3)
    for name in ("kl", "information", "marginal", "total_correlation", "dimensions"):
        assert number(found, "kl", name) == pytest.approx(getattr(parts, name))
    units = latent_units(vae, dataset)
    assert found["sections"]["units"]["numbers"]["n_active"]["value"] == units.n_active
    assert found["sections"]["units"]["details"]["kl"]["value"] == units.kl.value.tolist()


def test_the_numbers_on_a_part_of_the_data_are_those_of_the_functions(found):
    vae, dataset = model(), images()

    def chosen(n, stream):
        rng = np.random.default_rng(np.random.SeedSequence([3, 7, stream]))
        return dataset.subset(np.sort(rng.choice(N, n, replace=False)))

    gap = amortization_gap(vae, chosen(4, 1), n_steps=6, n_samples=30, seed=3)
    assert number(found, "amortization", "amortization") == pytest.approx(gap.amortization)
    assert number(found, "amortization", "approximation") == pytest.approx(gap.approximation)
    whole = gap.amortization.value + gap.approximation.value
    assert number(found, "amortization", "gap").value == pytest.approx(whole)
    annealed = annealed_evidence_of_each(
        vae, chosen(3, 2), n_chains=4, n_temperatures=6, n_leapfrog=2, seed=3
    )
    assert number(found, "annealing", "log_p") == pytest.approx(annealed.mean_log_p)
    sampled = evidence_of_each(vae, chosen(3, 2), 30, seed=3)
    assert number(found, "annealing", "log_p_importance") == pytest.approx(sampled.mean_log_p)
    above = mean_and_error(annealed.log_p - sampled.log_p)
    assert number(found, "annealing", "difference") == pytest.approx(above)


def test_the_bracket_is_that_of_the_function(found):
    options = {"n_chains": 4, "n_temperatures": 6, "n_leapfrog": 2, "seed": 3}
    caught = bidirectional_monte_carlo(DecoderPosterior(model(), np.zeros(9)), 3, **options)
    for name in ("lower", "upper"):
        assert number(found, "bracket", name) == pytest.approx(mean_and_error(getattr(caught, name)))
    assert number(found, "bracket", "gap") == pytest.approx(caught.gap)


def test_the_units_stand_by_their_activity(text, found):
    variance = found["sections"]["units"]["details"]["variance_of_mean"]["value"]
    rows = re.findall(r"^\| +(\d+) \| .* active +\|$", text, flags=re.MULTILINE)
    assert [int(unit) for unit in rows] == list(np.argsort(-np.array(variance)))


def test_reconstructions_are_measured_against_the_data(found):
    vae, x = model(), images().pixels(dtype="float64")
    squares = ((x - vae.reconstruct(x)) ** 2).mean(axis=1)
    assert number(found, "images", "squared_error").value == pytest.approx(squares.mean())
    variance = found["sections"]["images"]["numbers"]["variance"]["value"]
    assert variance == pytest.approx(x.var(axis=0).mean())
    explained = number(found, "images", "explained").value
    assert explained == pytest.approx(1 - squares.mean() / variance)


#: What is counted, or follows from the errors themselves.
WITHOUT_ERROR = {"noise", "bias", "n_active", "n_collapsed", "n_idle", "n_uncertain", "variance"}


def test_every_mean_has_its_standard_error(found):
    for section in found["sections"].values():
        for name, entry in section["numbers"].items():
            assert ("standard_error" in entry) != (name in WITHOUT_ERROR), name
            assert entry.get("standard_error", 1) is not None, name


def test_the_number_of_samples_stands_beside_every_figure_that_they_made(text):
    captions = dict(re.findall(r"\]\(figures/(\w+)\.png\)\n\n\*(.*?)\*\n", text))
    for name in ("log_p", "amortization", "annealing"):
        assert "30 importance samples" in captions[name]
    for name in ("rate_distortion", "kl"):
        assert re.search(r"\b(30|40) draws", captions[name])
    for name in ("annealing", "bracket"):
        assert "4 " in captions[name] and "6 temperatures" in captions[name]
    assert "log p(x), 30 importance samples" in text.split("## Summary")[1].split("## 1.")[0]


def test_data_binarization_and_seed_are_stated(text, found):
    assert text.startswith("# Evaluation of a VAE on dots (all)\n")
    assert "40 data of 9 values, of the split 'all' of dots." in text
    assert "**Binarization.** None: the data came as zeros and ones." in text
    assert "**Seed** of all noise here: 3." in text
    assert "from `run/best.npz`" in text
    assert "± is one standard error" in text
    assert found["settings"]["n_samples"] == 30 and found["settings"]["seed"] == 3
    assert found["data"] == {
        "name": "dots",
        "split": "all",
        "n_data": N,
        "n_values": 9,
        "image_shape": [3, 3],
        "binarized": "",
        "is_binary": True,
        "least": 0.0,
        "largest": 1.0,
    }


def test_every_section_asks_a_question_and_is_complete(text, found):
    for i, section in enumerate(SECTIONS.values(), start=1):
        assert f"\n## {i}. {section.TITLE}\n\n{section.QUESTION}\n" in text
    assert "partial" not in text.lower()
    assert not found["is_partial"] and found["unfinished"] == []
    assert {part["status"] for part in found["sections"].values()} == {"complete"}


def test_every_row_of_every_table_has_as_many_cells_as_its_head(text):
    """The bar of q(z|x) would end its cell."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) > 40 and any(r"q(z\|x)" in row for row in rows)
    for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1


def test_the_same_call_gives_the_same_text_elsewhere_and_again(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "save", unrendered)
    for _ in range(2):
        write_report(
            model(), images(), tmp_path / "again", settings=SMALL, model_file="run/best.npz", threads=1
        )
        for path in folder.iterdir():
            if path.is_file():
                assert path.read_bytes() == (tmp_path / "again" / path.relative_to(folder)).read_bytes()


def test_the_text_for_a_terminal(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "save", unrendered)
    report = write_report(model(), images(), tmp_path, settings=SMALL, sections=["units", "log_p"])
    assert list(report.parts) == ["log_p", "units"]
    said = str(report)
    assert "log p(x), 30 importance samples" in said and "active units of 2" in said
    assert all(line.endswith("(40 data)") for line in said.splitlines()[:3])
    assert said.splitlines()[-1] == f"report: {tmp_path / 'report.md'}"
    assert "PARTIAL" not in said
    assert said.isascii() and " +- " in said


def test_progress_is_told_of_every_section_that_keeps_results(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "save", unrendered)
    begun, done = [], []

    def progress(name, n):
        begun.append((name, n))
        return done.append

    write_report(model(), images(), tmp_path, settings=SMALL, progress=progress)
    assert begun == [("log_p", 40), ("kl", 40), ("amortization", 4), ("annealing", 3), ("bracket", 3)]
    assert sum(done) == 90
    write_report(model(), images(), tmp_path, settings=SMALL, progress=progress)
    assert len(begun) == 5  # the second time there is nothing to do
