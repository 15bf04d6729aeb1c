"""The benchmark of signal to noise, on few draws: which slopes it finds, and what it keeps."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parent.parent.parent / "benchmarks" / "signal_to_noise.py"
spec = importlib.util.spec_from_file_location("signal_to_noise", PATH)
benchmark = importlib.util.module_from_spec(spec)
spec.loader.exec_module(benchmark)


def test_the_signal_falls_by_the_plain_gradient_and_rises_by_the_other():
    """Rainforth et al. (2018): -1/2 for the encoder, +1/2 for the decoder; Tucker et al. (2019): +1/2."""
    lines = benchmark.measure((16, 64, 256), 300, seed=1)
    for name, (_, theory) in benchmark.LINES.items():
        assert lines[name]["slope"] == pytest.approx(theory, abs=0.1)
    assert lines["encoder, dreg"]["ratio"][-1] > 100 * lines["encoder, iwae"]["ratio"][-1]


def test_the_ratio_is_that_of_a_known_mean_and_covariance(rng):
    draws = [3.0, 4.0] + [1.0, 2.0] * rng.standard_normal((100_000, 2))
    found, error = benchmark.ratio_and_error(draws, draws)
    assert found == pytest.approx(5 / np.sqrt(5), abs=4 * error)
    assert error < 0.02
    without_signal = rng.standard_normal((1000, 2))
    assert benchmark.ratio(without_signal, without_signal) < 0.1


def test_the_slope_is_that_of_the_line_from_sixteen_on():
    samples = np.array([1, 4, 16, 64, 256])
    assert benchmark.slope(samples, 3 * samples**0.5) == pytest.approx(0.5)
    assert benchmark.slope(samples, [9, 9, 4, 2, 1]) == pytest.approx(-0.5)


def test_it_keeps_a_table_and_a_figure(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "RESULTS", tmp_path)
    monkeypatch.setattr(benchmark, "FIGURE", tmp_path / "figure.png")
    monkeypatch.setattr(benchmark, "SAMPLES", (16, 32))
    table = benchmark.run(40, seed=0, shown=False)
    assert table == (tmp_path / "signal_to_noise.md").read_text().rstrip("\n")
    assert table.splitlines()[0] == "| gradient | K = 16 | K = 32 | slope | in theory |"
    assert (tmp_path / "figure.png").read_bytes()[:4] == b"\x89PNG"
    assert set(json.loads((tmp_path / "signal_to_noise.json").read_text())["lines"]) == set(benchmark.LINES)


def test_the_kept_slopes_are_those_of_the_theory():
    for name, line in benchmark.kept()["lines"].items():
        assert line["slope"] == pytest.approx(benchmark.LINES[name][1], abs=0.05)
