"""Every kind of model has a report; where a section does not apply, it says why. And what to beware of."""

import dataclasses
import json

import numpy as np
import pytest
from reporting import SMALL, images, model

from scratchvae import reparam
from scratchvae.data import as_dataset, binarization
from scratchvae.distributions import LIKELIHOODS
from scratchvae.evaluation import bidirectional_monte_carlo, evidence_of_each, write_report
from scratchvae.evaluation.report import SECTIONS
from scratchvae.models import DecoderPosterior
from scratchvae.priors import PRIORS
from scratchvae.reparam.diagonal import Diagonal

TINY = dataclasses.replace(SMALL, n_fitted=2, n_steps=2, n_annealed=2, n_temperatures=3, n_draws=5)
SPECS = {"categorical": "categorical:3", "normal_fixed": "normal_fixed:0.5"}
KINDS = {
    **{f"likelihood {name}": {"likelihood": SPECS.get(name, name)} for name in LIKELIHOODS},
    **{f"prior {name}": {"prior": f"{name}:3"} for name in PRIORS if name != "standard_normal"},
    "prior coupling": {"prior": "coupling:2"},
    **{f"posterior {name}": {"posterior": name} for name in ("full_rank", "planar:2", "iaf:1", "coupling:2")},
    "conditional": {"n_classes": 3},
    "conditional flow": {"n_classes": 3, "posterior": "sylvester:1", "prior": "vamp:2"},
    "single": {"dtype": "float32"},
}


def rows_for(likelihood):
    dataset = images(12, labels=np.arange(12) % 3)
    if likelihood.startswith("normal"):
        x = dataset.x + 0.1 * np.random.default_rng(0).standard_normal(dataset.x.shape)
        return dataclasses.replace(dataset, x=x)
    return dataset


@pytest.mark.parametrize("kind", KINDS)
def test_every_model_has_all_sections(kind, tmp_path):
    vae = model(**KINDS[kind])
    report = write_report(vae, rows_for(vae.likelihood.spec), tmp_path, settings=TINY)
    assert report.is_complete
    assert {part.status for part in report.parts.values()} == {"complete"}
    for number, _ in report.summary:
        assert np.isfinite(np.asarray(number.value, float)).all(), number.name
    text = (tmp_path / "report.md").read_text()
    assert ("log p(x|y)" in text) == ("n_classes" in KINDS[kind])
    is_density = vae.likelihood.spec.startswith("normal")
    assert ("**Density.** The likelihood is a density" in text) == is_density
    assert ("bits" not in text.split("## 2.")[1].split("## 3.")[0]) == is_density
    assert ("To send a datum costs" in text) != is_density


def test_a_conditional_model_simulates_and_samples_data_of_each_label(tmp_path, monkeypatch):
    vae = model(n_classes=3)
    asked = []
    monkeypatch.setattr(type(vae), "sample_mean", lambda self, n, rng, y: asked.append(y) or np.zeros((n, 9)))
    sections = ["bracket", "images"]
    report = write_report(vae, rows_for("bernoulli"), tmp_path, settings=TINY, sections=sections)
    options = {name: getattr(TINY, name) for name in ("n_chains", "n_temperatures", "n_leapfrog", "seed")}
    caught = bidirectional_monte_carlo(lambda i: DecoderPosterior(vae, np.zeros(9), i), 2, **options)
    assert report.parts["bracket"].number("gap").value == pytest.approx(caught.gap)
    [labels] = asked
    np.testing.assert_array_equal(labels.reshape(3, 8), np.arange(3)[:, None] * np.ones((1, 8)))


def test_the_least_probable_data_are_drawn_above_the_most_probable(tmp_path):
    dataset = images(40)
    report = write_report(model(), dataset, tmp_path, settings=TINY, sections=["log_p"])
    figure = next(figure for figure in report.parts["log_p"].figures if figure.name == "extremes")
    [drawn] = figure.draw().axes[0].get_images()
    log_p = evidence_of_each(model(), dataset, TINY.n_samples, seed=TINY.seed).log_p
    sheet = np.asarray(drawn.get_array())
    for i, row in enumerate(np.argsort(log_p)[[0, 1, -2, -1]]):
        top, left = (0, 4 * i) if i < 2 else (4, 4 * (i + 6))
        np.testing.assert_array_equal(sheet[top : top + 3, left : left + 3].ravel(), dataset.x[row])


def test_where_densities_are_dear_q_is_that_of_some_data(tmp_path, monkeypatch):
    monkeypatch.setattr(SECTIONS["kl"], "FEW_DATA", 7)
    for folder, posterior, n in ((tmp_path / "flow", "iaf:1", 7), (tmp_path / "normal", "full_rank", 12)):
        vae = model(posterior=posterior)
        report = write_report(vae, images(12), folder, settings=TINY, sections=["kl"])
        assert report.parts["kl"].by == {"data_in_q(z)": n}
        assert f"5 draws against all {n} data" in (folder / "report.md").read_text()


class OneWay(Diagonal):
    """A map whose inverse nobody knows."""

    spec = None

    def inverse(self, lam, z):
        return reparam.Reparameterization.inverse(self, lam, z)


class NotNormal(reparam.Reparameterization):
    """The same, and it does not say that it is normal."""

    def __init__(self, n_latent):
        super().__init__(n_latent)
        self.inner, self.n_params = OneWay(n_latent), 2 * n_latent

    def forward(self, lam, eps):
        return self.inner.forward(lam, eps)

    def backward(self, cache, dz, dlog_det):
        return self.inner.backward(cache, dz, dlog_det)


def test_a_map_without_an_inverse_has_no_parts_of_kl_and_the_report_says_so(tmp_path):
    report = write_report(model(posterior=NotNormal(2)), images(12), tmp_path, settings=TINY)
    assert report.is_complete
    text, found = (tmp_path / "report.md").read_text(), json.loads((tmp_path / "report.json").read_text())
    assert found["sections"]["kl"]["status"] == "does not apply"
    assert "*The parts of KL are not known for this model: the map None has no inverse" in text
    assert found["sections"]["amortization"]["status"] == "complete"


def test_rows_that_are_no_images_are_measured_and_not_drawn(tmp_path):
    write_report(model(), as_dataset(images(20).x), tmp_path, settings=TINY, sections=["log_p", "images"])
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["log_p.png"]
    text = (tmp_path / "report.md").read_text()
    assert "The rows of these data are no images" in text and "squared error a value" in text


def test_a_single_datum_has_no_standard_error_and_says_so(tmp_path):
    report = write_report(model(), images(1), tmp_path, settings=TINY)
    assert report.is_complete
    assert "(one datum: no standard error)" in (tmp_path / "report.md").read_text()
    assert (
        json.loads((tmp_path / "report.json").read_text())["sections"]["log_p"]["numbers"]["log_p"][
            "standard_error"
        ]
        is None
    )


def test_few_samples_have_no_khat_and_the_report_says_so(tmp_path):
    settings = dataclasses.replace(TINY, n_samples=3)
    write_report(model(), images(12), tmp_path, settings=settings, sections=["log_p"])
    text = (tmp_path / "report.md").read_text()
    assert "say nothing of their own reliability: take 25 at least" in text
    assert "data with khat above" not in text and "khat of each datum" not in text


def test_how_gray_levels_became_bits_is_stated(tmp_path):
    gray = as_dataset(np.random.default_rng(0).integers(0, 256, (12, 3, 3)).astype(np.uint8))
    write_report(model(), binarization.fixed(gray, seed=7), tmp_path, settings=TINY, sections=["units"])
    how = "Each pixel drawn once, 1 with the probability that its gray level is, with the seed 7."
    text = (tmp_path / "report.md").read_text()
    assert f"**Binarization.** {how} The bits are the same in every run." in text


# --- what to beware of --------------------------------------------------------------------------


def warnings_of(vae, dataset, folder, sections, **settings):
    settings = dataclasses.replace(TINY, **settings)
    return write_report(vae, dataset, folder, settings=settings, sections=sections).warnings


@pytest.mark.parametrize(
    ("split", "word"),
    [("train", "is not held out"), ("train+valid", "not held out"), ("valid", "flatters it")],
)
def test_data_that_were_used_before_are_named(split, word, tmp_path):
    dataset = dataclasses.replace(images(12), split=split)
    [warning] = warnings_of(model(), dataset, tmp_path, ["images"])
    assert word in warning


def test_held_out_data_and_a_good_model_need_no_warning(tmp_path):
    dataset, vae = dataclasses.replace(images(40), split="test"), model()
    vae.parameters["encoder.1.weight"] = 0.0  # q is the prior, and the weights p(x|z) are bounded
    assert warnings_of(vae, dataset, tmp_path, ["log_p", "images"], n_samples=400) == []


def test_a_heavy_tail_is_warned_of(tmp_path):
    vae = model(likelihood="normal_fixed:1.0")
    vae.parameters["encoder.1.weight"] = 0.0
    vae.parameters["encoder.1.bias"] = np.array([0.0, 0.0, -2.5, -2.5])  # much narrower than the prior
    [warning] = warnings_of(vae, images(40), tmp_path, ["log_p"], n_samples=400)
    assert warning.startswith("khat is above its threshold for ")


def test_inactive_units_are_warned_of_with_advice(tmp_path):
    vae = model()
    vae.parameters["encoder.1.weight"] = 0.0
    vae.parameters["encoder.1.bias"] = 0.0
    [warning] = warnings_of(vae, images(40), tmp_path, ["units"])
    assert warning == "2 of 2 latent units are not active; see the advice."
    assert "**Advice.** No unit is active: the decoder does without z" in (tmp_path / "report.md").read_text()


def test_information_at_its_limit_is_warned_of(tmp_path):
    vae = model(likelihood="normal_fixed:1.0")
    vae.parameters["encoder.1.bias"] = np.array([0.0, 0.0, -12.0, -12.0])  # no two data overlap
    rows = as_dataset(np.random.default_rng(0).standard_normal((12, 9)))
    [warning] = warnings_of(vae, rows, tmp_path, ["kl"], n_draws=12)
    assert warning.startswith("The information is at the limit of what 12 data can show, log N = 2.48")


def test_many_units_are_a_table_of_some(tmp_path):
    vae = model()
    many = type(vae)(9, 50, (5,), seed=1)
    write_report(many, images(12), tmp_path, settings=TINY, sections=["units"])
    text = (tmp_path / "report.md").read_text()
    assert "20 more in report.json" in text
    assert (
        len(json.loads((tmp_path / "report.json").read_text())["sections"]["units"]["details"]["states"])
        == 50
    )
