"""What befalls a run from outside: it is told in one sentence, nothing is lost, and the same command goes on."""

import json
import random
import re
import shutil
import signal
from pathlib import Path

import pytest
from fault_child import SEGMENT, Blow, Ended, Hardship, cyc
from typer.testing import CliRunner

import cyclorama.job
from cyclorama.cli import app
from cyclorama.ending import end_job, ended_before
from cyclorama.folder import job_folder, left_in, shot_folder
from cyclorama.media import video_writer
from cyclorama.media.output import Move
from cyclorama.report import Report

EVERY = 2
GO_ON = "run the same command again"
KEY = ("key", "good.mp4", "--matte", "matte")
COMMANDS: dict[str, tuple[object, ...]] = {
    "ProRes": (*KEY, "-o", "out/o.mov"),
    "PNG": (*KEY, "-o", "out/%04d.png", "--work", "out/work", "--sheet", "out/sheets"),
    "VP9": (*KEY, "-o", "out/o.webm"),
    "H.264": (
        *("replace", "good.mp4", "--matte", "matte", "--camera", "camera.json", "--reference", "place.png"),
        *("-o", "out/o.mp4", "--layers", "out/l%d.exr"),
    ),
}
_RANDOM = random.Random(7)
KILLS = [(name, _RANDOM.random()) for name in (*COMMANDS, *COMMANDS, "PNG", "H.264")]
"""Ten: what runs, and how far through its moments it is killed."""
Files = dict[str, bytes]


@pytest.fixture(scope="session")
def scene_files(good_files: Path) -> Path:
    pose = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    frames = [{"frame": i, "fx": 64, "fy": 64, "cx": 32, "cy": 24, "camera_to_world": pose} for i in range(12)]
    facts = {"convention": "opencv camera_to_world, pixels", "width": 64, "height": 48, "fps": 24, "frames": frames}
    (good_files / "camera.json").write_text(json.dumps(facts))
    return good_files


@pytest.fixture
def scene(scene_files: Path, tmp_path: Path) -> Path:
    for name in ("good.mp4", "camera.json", "place.png"):
        shutil.copy2(scene_files / name, tmp_path / name)
    shutil.copytree(scene_files / "matte", tmp_path / "matte")
    (tmp_path / "out").mkdir()
    return tmp_path


def made(scene: Path) -> Files:
    """What lies in ``out`` but reports, which say how long it took."""
    files = {str(p.relative_to(scene / "out")): p for p in sorted((scene / "out").rglob("*")) if p.is_file()}
    return {name: p.read_bytes() for name, p in files.items() if "report" not in name and "stages" not in name}


_SOLO: dict[tuple[object, ...], tuple[Files, int]] = {}


def solo(scene: Path, command: tuple[object, ...]) -> tuple[Files, int]:
    """What a run makes that nothing befalls, and the number of its moments."""
    if command not in _SOLO:
        ended = cyc(scene, *command, hardship=Hardship(every=EVERY))
        assert ended.code == 0, ended.stderr
        _SOLO[command] = made(scene), ended.moments
        shutil.rmtree(scene / "out")
        (scene / "out").mkdir()
    return _SOLO[command]


def here(scene: Path, *arguments: object) -> Ended:
    """``cyc ...`` in this process, which is quicker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(scene)
        patch.setattr(cyclorama.job, "SAFE_EVERY", EVERY)
        patch.setattr(video_writer, "_LONGEST", SEGMENT)
        result = CliRunner().invoke(app, list(map(str, arguments)))
    return Ended(result.exit_code, result.stderr, 0.0, 0.0, stdout=result.stdout)


def output_of(scene: Path, command: tuple[object, ...]) -> Path:
    return scene / str(command[command.index("-o") + 1])


def goes_on(scene: Path, command: tuple[object, ...]) -> Ended:
    """Runs again, to the files of a run that nothing befell, without making anew what is done."""
    wanted, _ = solo_of(command)
    left = left_in(job_folder(output_of(scene, command)))
    ended = here(scene, *command)
    assert ended.code == 0, ended.stderr
    if left.done and not left.ending:
        assert f"note: {left.done} of 12 frames were done before" in ended.stderr
    assert made(scene) == wanted
    return ended


def solo_of(command: tuple[object, ...]) -> tuple[Files, int]:
    return _SOLO[command]


def told(ended: Ended, code: int, kind: str) -> str:
    last = ended.stderr.splitlines()[-1]
    assert ended.code == code, (ended.code, ended.stderr[-800:])
    assert last.startswith(f"error[{kind}]: ")
    assert "Traceback" not in ended.stderr
    return last


@pytest.mark.parametrize(("name", "share"), KILLS, ids=[f"{name} at {share:.2f}" for name, share in KILLS])
def test_killed(scene: Path, name: str, share: float) -> None:
    command = COMMANDS[name]
    wanted, moments = solo(scene, command)
    moment = 1 + int(share * moments)
    ended = cyc(scene, *command, hardship=Hardship(every=EVERY, blow=Blow(moment, signal.SIGKILL)))
    assert ended.code == -signal.SIGKILL
    output = output_of(scene, command)
    if "%" not in output.name and output.exists():
        assert output.read_bytes() == wanted[output.name]
    if job_folder(output).exists():
        goes_on(scene, command)
    else:
        assert made(scene) == wanted


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("share", [0.1, 0.6])
def test_stopped(scene: Path, number: int, code: int, share: float) -> None:
    command = COMMANDS["ProRes"]
    _, moments = solo(scene, command)
    blow = Blow(1 + int(share * moments), number)
    sentence = told(cyc(scene, *command, hardship=Hardship(every=EVERY, blow=blow)), code, "interrupted")
    left = left_in(job_folder(output_of(scene, command)))
    assert (left.words + "; " + GO_ON if left.is_worth_keeping else "nothing was written") in sentence
    assert not list((scene / "out").glob("*.mov"))
    goes_on(scene, command)


def test_a_disk_that_fills_in_the_middle(scene: Path) -> None:
    command = COMMANDS["ProRes"]
    files, _ = solo(scene, command)
    room = int(0.7 * len(files["o.mov"]))
    sentence = told(cyc(scene, *command, hardship=Hardship(every=EVERY, most_bytes=room)), 3, "machine")
    assert "disk or the quota is full" in sentence
    assert f"frames are done; {GO_ON}" in sentence
    goes_on(scene, command)


@pytest.mark.parametrize("megabytes", [12, 20])
def test_too_little_memory(scene: Path, megabytes: int) -> None:
    command = COMMANDS["PNG"]
    solo(scene, command)
    sentence = told(cyc(scene, *command, hardship=Hardship(most_memory=megabytes << 20)), 3, "machine")
    assert "memory" in sentence
    goes_on(scene, command)


def test_a_folder_that_may_only_be_read(scene: Path) -> None:
    (scene / "out").chmod(0o555)
    ended = cyc(scene, *COMMANDS["ProRes"], hardship=Hardship(obeys=True))
    assert "may write" in told(ended, 3, "machine")
    assert not list((scene / "out").iterdir())


@pytest.mark.parametrize("gone", ["out/.o.mov.cyc", "out"])
def test_folders_that_go_in_the_middle(scene: Path, gone: str) -> None:
    command = COMMANDS["ProRes"]
    _, moments = solo(scene, command)
    told(cyc(scene, *command, hardship=Hardship(every=EVERY, blow=Blow(moments // 2, scene / gone))), 3, "machine")
    (scene / "out").mkdir(exist_ok=True)
    assert not list((scene / "out").iterdir())
    goes_on(scene, command)


def test_two_runs_on_one_folder(scene: Path) -> None:
    command = COMMANDS["PNG"]
    solo(scene, command)
    with shot_folder(scene / "out" / "%04d.png", None):
        assert "another run" in told(here(scene, *command), 4, "busy")
    with shot_folder(scene / "out" / "other.mov", scene / "out" / "work"):
        assert "another run" in told(here(scene, *command), 4, "busy")
    goes_on(scene, command)


def test_other_settings_and_another_plate_start_anew(scene: Path) -> None:
    """What is left of one job is never mixed with another."""
    command = COMMANDS["ProRes"]
    _, moments = solo(scene, command)
    other = (*command, "--premultiplied")
    solo(scene, other)
    stopped = Hardship(every=EVERY, blow=Blow(int(0.6 * moments), signal.SIGKILL))
    cyc(scene, *command, hardship=stopped)
    assert left_in(job_folder(scene / "out" / "o.mov")).done
    told(here(scene, *command, "--frames", "3:99"), 2, "input")
    assert left_in(job_folder(scene / "out" / "o.mov")).done  # a slip of the hand takes nothing away
    ended = here(scene, *other)
    assert "were done before" not in ended.stderr
    assert "begun anew" in ended.stderr
    assert made(scene) == solo_of(other)[0]
    (scene / "out" / "o.mov").unlink()
    cyc(scene, *command, hardship=stopped)
    shutil.copy(scene / "good.mp4", scene / "copy.mp4")
    shutil.copy(scene / "copy.mp4", scene / "good.mp4")
    ended = here(scene, *command)
    assert (ended.code, "were done before" in ended.stderr) == (0, False)
    assert made(scene) == solo_of(command)[0]


def test_a_record_without_its_file_is_not_done(scene: Path) -> None:
    command = COMMANDS["PNG"]
    _, moments = solo(scene, command)
    cyc(scene, *command, hardship=Hardship(every=EVERY, blow=Blow(int(0.5 * moments), signal.SIGKILL)))
    job = job_folder(scene / "out" / "%04d.png")
    assert left_in(job).done > 4
    (job / "shot" / "0004.png").write_bytes(b"something else")
    ended = here(scene, *command)
    found = re.search(r"note: (\d+) of 12", ended.stderr)
    assert ended.code == 0
    assert found
    assert int(found[1]) == 4
    assert made(scene) == solo_of(command)[0]


@pytest.mark.parametrize("came", ["before the first", "between two names", "after the first", "after all"])
def test_killed_while_it_publishes(tmp_path: Path, came: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moves = [Move(tmp_path / f"{i}.new", tmp_path / f"{i}.png") for i in range(3)]
    for move in moves:
        move.temporary.write_text(move.final.name)
    with monkeypatch.context() as patch:
        patch.setattr("cyclorama.ending.move_all", lambda *_, **__: None)
        end_job(tmp_path, moves, {tmp_path / "page.html": "page"}, Report({"a": 1}, {}), overwrite=False)
    if came == "between two names":
        moves[0].final.hardlink_to(moves[0].temporary)
    for move in {"after the first": moves[:1], "after all": moves}.get(came, []):
        move.temporary.rename(move.final)
    assert ended_before(tmp_path, overwrite=False) == {"a": 1}
    assert [m.final.read_text() for m in moves] == ["0.png", "1.png", "2.png"]
    assert (tmp_path / "page.html").read_text() == "page"
    assert not list(tmp_path.glob("*.new"))
    moves[1].final.unlink()
    assert ended_before(tmp_path, overwrite=False) is None  # the user took it away: it is to be made again
