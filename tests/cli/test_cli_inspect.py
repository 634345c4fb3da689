"""``cyc inspect``: what it tells of a made-up plate and of ordinary footage, and what it refuses."""

import json
from pathlib import Path

from cli_help import Case, cyc, listing, refused


def test_a_plate_in_words(case: Case) -> None:
    ran = cyc("inspect", case.plate)
    assert ran.exit_code == 0, ran.stderr
    assert "screen: green" in ran.stdout


def test_as_json_and_nothing_is_written(case: Case) -> None:
    before = listing(case.folder)
    ran = cyc("inspect", case.plate, "--json")
    report = json.loads(ran.stdout.splitlines()[-1])
    assert listing(case.folder) == before
    assert report["media"]["frames"] == 8
    assert report["screen"]["colour"] == "green"
    assert 20 < report["screen"]["share_percent"] < 100
    assert all(t["what"] and t["remedy"] for t in report["troubles"])


def test_ordinary_footage_has_no_screen(case: Case) -> None:
    ran = cyc("inspect", case.folder / "truth", "--json")
    report = json.loads(ran.stdout.splitlines()[-1])
    assert report["screen"] is None
    assert "--matte" in report["troubles"][0]["remedy"]


def test_a_named_colour_that_is_not_there(case: Case, tmp_path: Path) -> None:
    assert "#0000ff" in refused(tmp_path, case.plate, "--screen", "#0000ff", command="inspect")
    assert "none.mp4" in refused(tmp_path, tmp_path / "none.mp4", command="inspect")
