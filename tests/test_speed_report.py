"""The benchmark of speed: its parts, what it keeps, and what the README says of it."""

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.speed import __main__ as command
from benchmarks.speed import evaluation, fit_ours, fits, memory, parts, report, scale
from benchmarks.speed.networks import Network
from benchmarks.speed.report import Report
from benchmarks.speed.rounds import Timing
from benchmarks.speed.tables import Plan, Row, Sweep, Table, from_json, slope, to_json

ROOT = Path(__file__).parent.parent
SMALL = Network(12, (6,), 2, "tanh", 10)
QUICK = Plan(1, quick=True)
TIMINGS = {"scratchvae": Timing((2.0, 4.0)), "peer": Timing((1.0, 8.0)), "products": Timing((2.0, 4.0))}
ABSENT = {"other": "it\nis not installed"}
TABLE = Table.of("step", "a step", TIMINGS, ABSENT, unit="ms", at_most={"peer": 1.2})
MEMORY = Table("memory", "training", "MB", (Row("scratchvae", (400e6,), at_most=350),), note="A note.")
SWEEP = Sweep("batch size", (10, 100, 1000, 10_000), (1.0, 2.0, 20.0, 200.0), (1e9, 1e10, 1e11, 1e12))
REPORT = Report({"machine": {"cores": "2"}}, (TABLE, MEMORY, SWEEP))


@pytest.fixture
def small(monkeypatch):
    """Tiny networks in the place of the published ones."""
    for module in (evaluation, memory):
        monkeypatch.setattr("benchmarks.speed.networks.NETWORKS", {"500": SMALL})
        if hasattr(module, "NETWORKS"):
            monkeypatch.setattr(module, "NETWORKS", {"500": SMALL})
    monkeypatch.setattr(scale, "NETWORK", SMALL)
    monkeypatch.setattr(scale, "BLOCK", 7)
    monkeypatch.setattr(scale, "ROWS", (10, 30))
    monkeypatch.setattr(scale, "N_DATA", 40)


# --- tables -------------------------------------------------------------------------------------


def test_a_table_has_ratios_within_rounds_and_says_what_is_asked():
    peer, products = TABLE.rows[1:]
    assert (peer.ratio, products.ratio) == (1.25, 1.0)
    assert [TABLE.is_met(row) for row in TABLE.rows] == [None, False, None]
    assert "peer" in str(TABLE)
    assert "NOT MET: at most 1.2" in str(TABLE)
    assert "other       left out: is not installed" in str(TABLE)


def test_without_a_ratio_the_value_is_held_against_what_is_asked():
    (row,) = MEMORY.rows
    assert (MEMORY.shown(row), MEMORY.is_met(row)) == ("400", False)
    assert "NOT MET: at most 350 MB" in str(MEMORY)
    assert MEMORY.is_met(dataclasses.replace(row, values=(349e6,)))


@pytest.mark.parametrize(("seconds", "shown"), [(2.5, "2,500"), (0.0123, "12.3"), (0.1, "100")])
def test_numbers_are_shown_as_people_write_them(seconds, shown):
    assert TABLE.shown(Row("x", (seconds,))) == shown


def test_a_slope_is_that_of_the_upper_half():
    assert SWEEP.slope == pytest.approx(1.0)
    assert SWEEP.slope_of_operations == pytest.approx(1.0)
    assert slope((1, 2), (1.0, 8.0)) == pytest.approx(3.0)
    assert slope((1, 10, 100), (5.0, 5.0, 5.0)) == pytest.approx(0.0)
    assert "batch size" in str(SWEEP)


@pytest.mark.parametrize("item", [TABLE, MEMORY, SWEEP], ids=["table", "memory", "sweep"])
def test_what_is_kept_is_read_again(item):
    assert from_json(json.loads(json.dumps(to_json(item)))) == item


def test_a_trial_run_is_short():
    assert QUICK.seconds < Plan().seconds
    assert (QUICK.rounds(5), Plan(15).rounds(5), Plan(3).rounds(5)) == (1, 5, 3)


# --- the report ---------------------------------------------------------------------------------


def test_a_report_is_written_and_read(tmp_path):
    REPORT.save(tmp_path, tmp_path)
    assert Report.load(tmp_path) == REPORT
    page = (tmp_path / "speed.md").read_text()
    assert "## A step" in page
    assert "| peer | 4,500 | 1.25 | **not met**: at most 1.2 |  |" in page
    assert "A note." in page
    for name in ("speed.png", "scale.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_the_readmes_table_holds_what_is_asked():
    lines = REPORT.readme().splitlines()
    assert "| a step | 3,000 ms | peer | 4,500 ms | 1.25 | **not met**: at most 1.2 |" in lines
    assert "| grows with the power | 1.00 |" in lines
    assert not any("products" in line for line in lines)


def test_the_table_goes_between_the_readmes_marks(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    for _ in range(2):
        report.into_readme(REPORT, readme)
        text = readme.read_text()
        assert text.startswith(f"before\n{report.BEGIN}\n\nMachine: cores 2.")
        assert text.endswith(f"</p>\n\n{report.END}\nafter\n")
        assert "old" not in text
    readme.write_text("no marks")
    with pytest.raises(ValueError, match="has no place for the table"):
        report.into_readme(REPORT, readme)


def test_the_readme_says_what_is_kept():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{report.BEGIN}\n\n{report.readme()}\n\n{report.END}" in text


def test_without_a_kept_run_the_readme_says_so(tmp_path):
    assert report.readme(tmp_path) == report.NOT_YET
    REPORT.save(tmp_path, tmp_path)
    assert report.readme(tmp_path) == REPORT.readme()


# --- the command --------------------------------------------------------------------------------


def test_parts_are_measured_printed_and_kept_in_a_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(command.PARTS, "step", lambda plan: [TABLE] if plan.quick else [])
    assert command.main(["step", "--quick", "--out", str(tmp_path)]) == 0
    assert str(TABLE) in capsys.readouterr().out
    kept = Report.load(tmp_path)
    assert kept.found == (TABLE,)
    assert set(kept.place) == {"machine", "linear algebra", "versions"}
    assert "pymc" in kept.place["versions"]


def test_a_part_by_itself_is_not_kept(monkeypatch):
    monkeypatch.setitem(command.PARTS, "step", lambda plan: [TABLE])
    monkeypatch.setattr(Report, "save", lambda *_: pytest.fail("a part is not the whole"))
    assert command.main(["step"]) == 0


def test_the_whole_is_kept_and_goes_into_the_readme(monkeypatch):
    done = []
    for name in command.PARTS:
        monkeypatch.setitem(command.PARTS, name, lambda plan: [TABLE])
    monkeypatch.setattr(Report, "save", lambda self, *_: done.append(len(self.found)))
    monkeypatch.setattr(command, "into_readme", done.append)
    command.main([])
    assert done[0] == len(parts.PARTS)
    assert isinstance(done[1], Report)


@pytest.mark.parametrize("argv", [["steps"], ["--rounds", "0"]])
def test_wrong_use_is_an_error(argv, capsys):
    with pytest.raises(SystemExit) as error:
        command.main(argv)
    assert error.value.code == 2
    assert "benchmarks.speed: error: " in capsys.readouterr().err


# --- evaluation, memory, scale ------------------------------------------------------------------


def test_evaluation_and_its_products_run():
    for make in (evaluation.ours, evaluation.products):
        make(SMALL, 30)(1)


def test_the_products_of_a_step_are_counted():
    """Encoder 12-6-4: two products of the first layer and three of the second; decoder 2-6-12: three each."""
    encoder, decoder = 2 * 12 * 6 + 3 * 6 * 4, 3 * (2 * 6 + 6 * 12)
    assert scale.operations_of(SMALL) == 2 * 10 * (encoder + decoder)
    assert scale.operations_of(SMALL, 5) == 2 * 10 * (encoder + 5 * decoder)


@pytest.mark.parametrize("by", scale.VALUES)
def test_a_sweep(by, small):
    found = scale.sweep(QUICK, by, (2, 4))
    assert (found.by, found.values) == (by, (2, 4))
    assert all(seconds > 0 for seconds in found.seconds)
    assert found.operations[1] > found.operations[0]


def test_rows_in_a_file(small, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "in_a_process", lambda *a: {"peak": 1e6, "first": 0.5, "step": 1e-3})
    sweep, table = scale.on_a_file(QUICK, tmp_path / "rows.npy")
    assert (sweep.values, sweep.operations[0]) == ((10, 30), scale.operations_of(SMALL))
    assert np.load(tmp_path / "rows.npy").shape == (30, 12)
    assert table.rows[1].values == ((tmp_path / "rows.npy").stat().st_size,)


def test_rows_for_which_there_is_no_room_are_left_out(tmp_path, monkeypatch):
    room = scale.SPARE + 500 * scale.NETWORK.n_data
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": room}))
    assert scale.sizes_that_fit((10, 500, 501), tmp_path) == ((10, 500), "No room on the disk for 501 rows.")


def test_training_on_a_file_in_this_process(small, tmp_path, monkeypatch):
    scale.write(tmp_path / "rows.npy", 30)
    found = memory.mapped(tmp_path / "rows.npy", 2)
    assert found["peak"] > 10e6
    assert found["step"] > 0


def test_memory_without_mnist(monkeypatch):
    def no_file(*_):
        raise OSError

    monkeypatch.setattr("scratchvae.data.load", no_file)
    data, valid, name = memory.images(60)
    assert (len(data), len(valid), data.x.dtype) == (60, 10, np.uint8)
    assert "MNIST is not here" in name


def test_memory_in_a_process_of_its_own(monkeypatch):
    monkeypatch.setattr(memory.sys, "executable", "false")
    with pytest.raises(RuntimeError, match="failed"):
        memory.in_a_process("train", 10)


# --- fits ---------------------------------------------------------------------------------------


def test_the_fewest_steps_whose_average_is_good():
    elbos = np.concatenate([np.full(1000, -10.0), np.full(2000, -1.0)])
    assert fits.steps_needed(elbos, -1.001) == 1500
    assert fits.steps_needed(elbos, -10.0) == fits.WINDOW
    assert fits.steps_needed(elbos, 0.0) is None


@pytest.mark.parametrize("family", fits.FAMILIES)
@pytest.mark.parametrize("problem", fits.PROBLEMS)
def test_our_steps_run(problem, family):
    assert fit_ours.steady(problem, family, 3, n_steps=2)["seconds"] > 0


def test_our_fit():
    found = fit_ours.fit("schools", "mean_field")
    assert found["converged"]
    assert found["elbo"] == pytest.approx(-31.6, abs=0.05)


def test_a_fit_beside_a_peer_that_is_there_and_one_that_is_not(monkeypatch):
    def answer(module, *arguments):
        if module == "fit_ours":
            return 2.0, {"elbo": -1.0, "steps": 1600, "seconds": 1e-3}
        steps = arguments[2]
        return 4.0, {"elbos": [-1.1] * steps if steps != "steady" else [], "seconds": 2e-3}

    monkeypatch.setattr(fits, "_answer", answer)
    monkeypatch.setattr(fits, "PEERS", {"here": ("json", "fit_json"), "away": ("no_such", "fit_no_such")})
    first, second = fits.part(QUICK)
    assert [(row.name, row.ratio) for row in first.rows] == [("scratchvae", None), ("here", 0.5)]
    assert first.rows[1].note == "500 steps of Adam at 0.03"
    assert first.absent == second.absent == {"away": "no_such is not installed"}
    assert second.rows[1].ratio == 0.5


def test_a_peer_that_does_not_get_there_is_left_out(monkeypatch):
    monkeypatch.setattr(fits, "PEERS", {"here": ("json", "fit_json")})
    monkeypatch.setattr(fits, "_answer", lambda *_: (1.0, {"elbos": [-9.0] * fits.LONG_RUN}))
    with pytest.raises(fits.FailedError, match="not within 0.2 nats"):
        fits.peer_command(Plan(), "here", "schools", "mean_field", -1.0)


def test_a_process_that_fails_is_an_error():
    with pytest.raises(fits.FailedError, match="No module named"):
        fits._answer("no_such_module")
