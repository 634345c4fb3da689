"""What cannot be done ends in one sentence and the right exit code, and leaves nothing behind."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_help import Case, Ran, listing, refused, replace

from cyclorama.core.errors import MachineError
from cyclorama.engines.geometry import GeometryEngine


@pytest.fixture
def scene(case: Case, tmp_path: Path) -> Path:
    """A folder with a plate and what can be wrong with it."""
    shutil.copy(case.plate, tmp_path / "plate.mp4")
    (tmp_path / "text.mp4").write_text("this is a letter, not a film\n" * 50)
    (tmp_path / "text.png").write_text("this is a letter, not a picture\n" * 50)
    for share in (40, 80):
        data = case.plate.read_bytes()
        (tmp_path / f"cut{share}.mp4").write_bytes(data[: len(data) * share // 100])
    data = (case.folder / "refs" / "begin.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    (tmp_path / "short").mkdir()
    for index in range(5):
        shutil.copy(case.folder / "binary" / f"{index:04d}.png", tmp_path / "short")
    shutil.copytree(case.folder / "place", tmp_path / "street")
    (tmp_path / "bad.json").write_text('{"frames": 3}')
    (tmp_path / "taken.mp4").write_bytes(b"an older take")
    return tmp_path


BEGIN = "--reference=CASE/refs/begin.png"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["HERE/none.mp4", BEGIN], "there is no such file"),
        (["HERE/text.mp4", BEGIN], "cannot be read as a video"),
        (["HERE/cut40.mp4", BEGIN], "cut off"),
        (["HERE/cut80.mp4", BEGIN], "cut off"),
        (["HERE/plate.mp4", "--reference=HERE/none.jpg@0"], "there is no such file"),
        (["HERE/plate.mp4", "--reference=HERE/text.png"], "text.png"),
        (["HERE/plate.mp4", "--reference=HERE/cut.png"], "cut.png"),
        (["HERE/plate.mp4", BEGIN + "@8"], "its last frame is 7"),
        (["HERE/plate.mp4", BEGIN + "@1.5s"], "0.333s"),
        (["HERE/plate.mp4", BEGIN + "@101%"], "0% to 100%"),
        (["HERE/plate.mp4", BEGIN, "--matte=HERE/short"], "8 frames of 214x120, got 5"),
        (["HERE/plate.mp4", BEGIN, "--matte=HERE/none"], "there is no such file"),
        (["HERE/plate.mp4", BEGIN, "--engine=dream"], "choose one of geometry"),
        (["HERE/plate.mp4", BEGIN, "--frames=5:9"], "0:8"),
        (["HERE/plate.mp4", BEGIN, "--frames=3"], "A:B"),
        (["HERE/plate.mp4", BEGIN, "--screen=mauve"], "green, blue or #rrggbb"),
        (["HERE/plate.mp4", BEGIN, "--camera=HERE/bad.json"], "no camera.json"),
        (["HERE/plate.mp4", BEGIN, "--camera=HERE/none.json"], "cannot be read"),
        (["HERE/street", BEGIN], "--matte"),
    ],
)
def test_wrong_inputs(scene: Path, case: Case, arguments: list[str], words: str) -> None:
    arguments = [a.replace("HERE", str(scene)).replace("CASE", str(case.folder)) for a in arguments]
    assert words in refused(scene, *arguments, "-o", scene / "new" / "shot.mp4", "--work", scene / "work")


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("taken.mp4", "--overwrite"),
        ("shot.wmv", ".mp4"),
        ("shot", "suffix"),
        ("new/shot.png", "%04d"),
        ("plate.mp4", "must not replace"),
        ("street/%04d.png", "--overwrite"),
        ("text.png/shot.mp4", "a folder is needed"),
    ],
)
def test_wrong_outputs(scene: Path, case: Case, output: str, words: str) -> None:
    plate = scene / "plate.mp4"
    assert words in refused(scene, plate, *case.references, "-o", scene / output)


@pytest.mark.parametrize("focal", ["0", "-50", "nan"])
def test_a_focal_length_is_a_positive_number(case: Case, scene: Path, focal: str) -> None:
    before = listing(scene)
    ran = replace(case.plate, *case.references, "-o", scene / "shot.mp4", f"--focal={focal}")
    assert ran.exit_code == 2
    assert "positive number of pixels or NUMBERmm" in ran.stderr
    assert listing(scene) == before


def test_a_forgotten_reference_is_one_line_too(case: Case, scene: Path) -> None:
    command = [sys.executable, "-m", "cyclorama", "replace", str(case.plate), "-o", str(scene / "shot.mp4")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert ran.stderr.startswith("error[input]: ")
    assert "--reference" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize("plate", ["cut40.mp4", "street"])
def test_a_take_that_exists_outlives_a_failed_run(scene: Path, case: Case, plate: str) -> None:
    refused(scene, scene / plate, *case.references, "-o", scene / "taken.mp4", "--overwrite")
    assert (scene / "taken.mp4").read_bytes() == b"an older take"


@pytest.mark.parametrize("output", ["taken.mp4", "frames/%d.png"])
def test_a_run_that_breaks_off_leaves_the_output_alone(
    case: Case, scene: Path, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = GeometryEngine.render

    def breaks(self, shot, backdrop, index):  # type: ignore[no-untyped-def]
        if index == 5:
            raise MachineError("the disk is full; free some space")
        return render(self, shot, backdrop, index)

    monkeypatch.setattr(GeometryEngine, "render", breaks)
    arguments = (case.plate, case.references[0], *case.fixed, "-o", scene / output, "--overwrite")
    before = listing(scene)
    ran = replace(*arguments)
    assert (ran.exit_code, len(ran.errors)) == (3, 1), ran.stderr
    assert "free some space; no frame is done" in ran.errors[0]
    assert "run the same command again" in ran.errors[0]
    files = {name: data for name, data in listing(scene).items() if data is not None and ".cyc/" not in name}
    assert files == {name: data for name, data in before.items() if data is not None}


def test_an_unforeseen_error_says_so_and_leaves_nothing(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GeometryEngine, "render", lambda *_: 1 / 0)
    ran = replace(case.plate, case.references[0], *case.fixed, "-o", tmp_path / "shot.mp4")
    assert (ran.exit_code, len(ran.errors)) == (1, 1)
    assert ran.errors[0].startswith("error[bug]: ZeroDivisionError")
    assert "--debug" in ran.errors[0]
    assert not listing(tmp_path)


def test_errors_as_json(tmp_path: Path, case: Case) -> None:
    ran: Ran = replace(tmp_path / "none.mp4", case.references[0], "-o", tmp_path / "shot.mp4", "--json")
    event = json.loads(ran.stdout.splitlines()[-1])
    assert (event["event"], event["kind"], event["exit_code"]) == ("error", "input", 2)
    assert ran.errors == [f"error[input]: {event['message']}"]
