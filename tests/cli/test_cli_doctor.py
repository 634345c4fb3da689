"""``cyc doctor``: what it tells of a sound machine, and of one that lacks something."""

import json
from pathlib import Path

import pytest
from cli_help import cyc

from cyclorama import doctor
from cyclorama.doctor import Diagnosis, Finding, examine


def test_a_sound_machine_in_words() -> None:
    ran = cyc("doctor")
    assert ran.exit_code == 0
    assert "libx264" in ran.stdout
    assert "kernel cache" in ran.stdout


def test_as_json() -> None:
    ran = cyc("doctor", "--json")
    report = json.loads(ran.stdout.splitlines()[-1])
    assert report["event"] == "report"
    assert report["ok"] is True
    groups = {f["group"] for f in report["findings"]}
    assert groups == {"machine", "libraries", "codecs", "extras", "GPU"}
    assert all(f["remedy"] for f in report["findings"] if f["state"] != "ok" and f["group"] != "GPU")


def test_without_the_encoder_the_main_job_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_encodes", lambda name: name != "libx264")
    ran = cyc("doctor", "--json")
    assert ran.exit_code == 3
    report, error = (json.loads(line) for line in ran.stdout.splitlines()[-2:])
    assert report["ok"] is False
    assert (error["kind"], error["exit_code"]) == ("machine", 3)
    assert "libx264" in error["message"]


def test_an_optional_encoder_is_only_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_encodes", lambda name: name != "libvpx-vp9")
    found = next(f for f in examine().findings if f.name == "libvpx-vp9")
    assert found.state == "absent"
    assert "WebM" in found.detail


def test_a_library_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_LIBRARIES", ("numpy", "surely-not-installed"))
    assert [f.name for f in examine().broken] == ["surely-not-installed"]


def test_opencv_by_any_of_its_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_BUILDS", {"opencv": ("not-this-one", "numpy")})
    assert "opencv" not in [f.name for f in examine().broken]


def test_a_folder_that_may_not_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    found = {f.name: f for f in examine(tmp_path).findings}
    assert found["work folder"].state == "broken"
    assert "Permission denied" in found["work folder"].detail
    assert found["kernel cache"].state == "absent"
    assert "NUMBA_CACHE_DIR" in found["kernel cache"].remedy


def test_the_verdict_names_all_that_is_broken() -> None:
    found = Diagnosis((Finding("x", "a", "broken", ""), Finding("x", "b", "ok", ""), Finding("x", "c", "broken", "")))
    assert "a, c" in found.verdict
    assert Diagnosis(()).verdict == ""
