"""Ctrl-C: what is done is kept and said to be partial, and the same call ends as if never stopped."""

import json

import pytest
from reporting import KEPT, SMALL, InterruptAt, images, model

from scratchvae.evaluation import write_report
from scratchvae.evaluation.report import SECTIONS

pytestmark = pytest.mark.usefixtures("one_at_a_time")


def written(folder, **options):
    return write_report(model(), images(12), folder, settings=SMALL, threads=1, **options)


def read(folder):
    return (folder / "report.md").read_text(encoding="utf-8"), json.loads(
        (folder / "report.json").read_text()
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory, one_at_a_time):
    folder = tmp_path_factory.mktemp("whole")
    written(folder)
    return folder


@pytest.mark.parametrize("name", KEPT)
def test_it_is_partial_and_goes_on_to_the_same_bytes(name, whole, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        written(tmp_path, progress=InterruptAt(name, calls=2))
    text, found = read(tmp_path)
    assert found["is_partial"] and found["unfinished"][0] == name
    part = found["sections"][name]
    assert (part["status"], part["done"]) == ("partial", 2)
    assert "> **This report is partial.**" in text
    total = {"log_p": 12, "kl": 12}.get(name, SMALL.n_fitted if name == "amortization" else SMALL.n_annealed)
    assert f"> **Partial.** 2 of {total} " in text and "a random sample of them" in text
    later = KEPT[KEPT.index(name) + 1 :]
    assert all(found["sections"][after]["status"] == "not measured yet" for after in later)
    rest = InterruptAt(None)
    written(tmp_path, progress=rest)
    assert rest.begun[0] == (name, total - 2)
    for path in whole.rglob("*.*"):
        if path.suffix != ".npz":
            assert path.read_bytes() == (tmp_path / path.relative_to(whole)).read_bytes()


def test_partial_evidence_is_that_of_the_data_that_are_done(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        written(tmp_path, progress=InterruptAt("log_p", calls=5))
    _, found = read(tmp_path)
    for name in ("log_p", "rate_distortion"):  # by the same draws
        assert (found["sections"][name]["done"], found["sections"][name]["total"]) == (5, 12)
    assert found["sections"]["kl"] == {
        "status": "not measured yet",
        "reason": "Not measured yet. The same command goes on from here.",
    }


def test_an_early_second_interruption_does_not_hide_what_the_first_run_found(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        written(tmp_path, progress=InterruptAt("amortization"))

    def at_once(name, n):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        written(tmp_path, progress=at_once)
    _, found = read(tmp_path)
    assert found["sections"]["log_p"]["status"] == "complete"
    assert found["sections"]["amortization"]["done"] == 1


def test_an_interruption_while_pictures_are_made_does_not_hide_it_either(tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        written(tmp_path, progress=InterruptAt("amortization"))

    def interrupted(work):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(SECTIONS["images"], "part", interrupted)
        written(tmp_path)
    _, found = read(tmp_path)
    statuses = {name: part["status"] for name, part in found["sections"].items()}
    assert statuses["images"] == statuses["annealing"] == "not measured yet"
    assert statuses["log_p"] == statuses["kl"] == "complete"
    assert found["sections"]["amortization"]["done"] == 1


def test_the_quick_sections_come_first(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        written(tmp_path, progress=InterruptAt("log_p"))
    _, found = read(tmp_path)
    assert found["sections"]["images"]["status"] == found["sections"]["units"]["status"] == "complete"


def test_nothing_is_done_yet(tmp_path):
    def at_once(name, n):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        written(tmp_path, sections=["kl", "annealing"], progress=at_once)
    text, found = read(tmp_path)
    assert {part["status"] for part in found["sections"].values()} == {"not measured yet"}
    assert "'log p(x) by annealing' (not measured yet)" in text


def test_a_killed_process_leaves_a_report_of_the_sections_before(tmp_path):
    """It is written after each section, so that more than Ctrl-C may happen."""

    def killed(name, n):
        if name == "kl":
            raise SystemExit
        return lambda n_done: None

    with pytest.raises(SystemExit):
        written(tmp_path, progress=killed)
    text, found = read(tmp_path)
    assert found["sections"]["log_p"]["status"] == "complete" and found["is_partial"]
    assert "'What the KL divergence is made of' (not measured yet)" in text
