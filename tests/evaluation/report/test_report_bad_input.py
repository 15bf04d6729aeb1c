"""What does not fit is refused in words, before anything is measured or overwritten."""

import dataclasses

import numpy as np
import pytest
from reporting import SMALL, images, model

from scratchvae.data import as_dataset
from scratchvae.evaluation import ReportSettings, write_report


@pytest.mark.parametrize(
    "name", [field.name for field in dataclasses.fields(ReportSettings) if field.name != "seed"]
)
@pytest.mark.parametrize("value", [0, -1, 2.5, True, "many"])
def test_a_number_of_nothing(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a whole number of at least 1, not {value!r}"):
        ReportSettings(**{name: value})


def test_a_negative_seed():
    with pytest.raises(ValueError, match="seed must be a whole number of at least 0, not -1"):
        ReportSettings(seed=-1)


BAD = {
    "a test set of another width": (
        lambda: (model(), as_dataset(np.zeros((5, 8), np.uint8))),
        "array has 8 values a row, but the model has n_data=9",
    ),
    "labels out of range": (
        lambda: (model(n_classes=3), images(6, labels=np.arange(6))),
        "y must hold whole numbers from 0 to 2, for n_classes=3, but 3 of 6 labels are not",
    ),
    "no labels for a conditional model": (
        lambda: (model(n_classes=3), images(6)),
        "dots has no labels, which this conditional model needs",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_data_that_do_not_fit(what, tmp_path):
    make, message = BAD[what]
    with pytest.raises(ValueError, match=message):
        write_report(*make(), tmp_path / "report", settings=SMALL)
    assert not (tmp_path / "report").exists()


def test_a_prior_of_another_dimension_is_refused_where_the_model_is_made():
    from scratchvae.priors import MixturePrior

    with pytest.raises(ValueError, match="the prior is of 3 dimensions, but 2 are needed"):
        model(prior=MixturePrior(3, 4))


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (["logp"], "unknown section 'logp'; did you mean 'log_p'"),
        ("unit", "unknown section 'unit'; did you mean 'units'"),
        ([], "there is no section to write: name some of log_p, rate_distortion"),
    ],
)
def test_unknown_sections(sections, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        write_report(model(), images(6), tmp_path / "report", settings=SMALL, sections=sections)
    assert not (tmp_path / "report").exists()


def test_a_diverged_model_is_named(tmp_path):
    vae = model()
    vae.parameters["decoder.1.bias"] = np.nan
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=r"log p\(x\) is not finite for row \d+"):
        write_report(vae, images(6), tmp_path, settings=SMALL, sections=["log_p"])


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "report").write_text("in the way")
    with pytest.raises(OSError, match="is a file, not a folder"):
        write_report(model(), images(6), tmp_path / "report", settings=SMALL)


@pytest.fixture
def earlier(tmp_path):
    write_report(model(), images(12), tmp_path, settings=SMALL, sections=["log_p", "units"])
    return tmp_path


@pytest.mark.parametrize("other", ["model", "data", "settings"])
def test_a_report_on_something_else_is_not_overwritten(other, earlier):
    before = {path: path.read_bytes() for path in earlier.rglob("*.*")}
    vae = model(seed=2) if other == "model" else model()
    dataset = images(11) if other == "data" else images(12)
    settings = dataclasses.replace(SMALL, n_samples=31) if other == "settings" else SMALL
    message = (
        r"other settings, n_samples 30 \(now 31\)" if other == "settings" else "another model or other data"
    )
    with pytest.raises(ValueError, match=message):
        write_report(vae, dataset, earlier, settings=settings)
    assert {path: path.read_bytes() for path in earlier.rglob("*.*")} == before


def test_more_sections_are_added_to_a_report(earlier):
    report = write_report(model(), images(12), earlier, settings=SMALL, sections=["log_p", "units", "kl"])
    assert report.is_complete and list(report.parts) == ["log_p", "kl", "units"]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "3"])
def test_a_damaged_report_is_named(content, earlier):
    (earlier / "report.json").write_text(content)
    with pytest.raises(ValueError, match=r"report\.json is no report that can go on"):
        write_report(model(), images(12), earlier, settings=SMALL)


def test_damaged_results_are_named(earlier):
    path = earlier / "by_datum" / "log_p.npz"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"log_p\.npz is damaged"):
        write_report(model(), images(12), earlier, settings=SMALL)
