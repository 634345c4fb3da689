"""``--stand-at``, ``--actor-height`` and ``--occlude`` from end to end on a tiny made-up shot."""

import json
from pathlib import Path

import numpy as np
import pytest
from cli_help import Case, pictures, refused, replace

pytestmark = pytest.mark.slow


def test_the_actor_stands_where_he_is_told(case: Case, tmp_path: Path) -> None:
    middle = f"--reference={case.folder}/refs/middle.png"
    told = ["--stand-at", "0.4,0.85", "--actor-height", "1.75", "--no-relight", "--no-film"]
    ran = replace(case.plate, middle, *case.fixed, *told, "-o", tmp_path / "s" / "%04d.png", "--work", tmp_path / "w")
    assert ran.exit_code == 0, ran.stderr
    report = json.loads((tmp_path / "w" / "report.json").read_text())
    actor = report["actor"]
    assert actor["stand_at"]["done"]
    assert actor["stand_at"]["zoom"] >= 1
    assert actor["metres_per_unit"] == 1
    assert actor["ground"]["normal"] is not None
    assert actor["hidden_percent"] == {}
    assert "not sure enough" in actor["before_the_actor"]
    assert any("enlarged" in text for text in report["assumed"])
    off = ["--no-relight", "--no-film"]
    plain = replace(case.plate, middle, *case.fixed, *off, "-o", tmp_path / "p" / "%04d.png")
    assert plain.exit_code == 0, plain.stderr
    moved, still, alpha = (pictures(p) for p in (tmp_path / "s", tmp_path / "p", case.folder / "binary"))
    assert np.array_equal(moved[alpha == 255], still[alpha == 255]), "the actor's pixels stay where they are"
    assert (moved != still)[alpha == 0].mean() > 0.2


def test_references_of_the_plates_own_camera_say_it_already(case: Case, tmp_path: Path) -> None:
    told = ["--stand-at", "0.4,0.85", "--actor-height", "1.75", "--occlude"]
    ran = replace(case.plate, *case.references, *case.fixed, *told, "-o", tmp_path / "s.mp4", "--work", tmp_path / "w")
    assert ran.exit_code == 0, ran.stderr
    report = json.loads((tmp_path / "w" / "report.json").read_text())
    assert any("--stand-at was left out: the references were taken by" in text for text in report["assumed"])
    assert not report["actor"]["stand_at"]["done"]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (["--stand-at", "0.5,0.1"], "above the ground's horizon"),
        (["--stand-at", "9000,20"], "outside the picture"),
        (["--stand-at", "0.5,0.9@50%"], "there is one"),
        (["--actor-height", "0"], "must be a positive number"),
    ],
)
def test_what_cannot_be(case: Case, tmp_path: Path, told: list[str], words: str) -> None:
    middle = f"--reference={case.folder}/refs/middle.png"
    assert words in refused(tmp_path, case.plate, middle, *case.fixed, *told, "-o", tmp_path / "s.mp4")


def test_what_is_no_place(case: Case, tmp_path: Path) -> None:
    middle = f"--reference={case.folder}/refs/middle.png"
    ran = replace(case.plate, middle, "--stand-at", "left", "-o", tmp_path / "s.mp4")
    assert ran.exit_code == 2
    assert "stands at X,Y" in ran.stderr
