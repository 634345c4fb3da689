"""Many shots, and looking after what was stopped."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from fault_child import Blow, Hardship, cyc
from test_processes import COMMANDS, GO_ON, here, made, scene, scene_files, solo  # noqa: F401  fixtures

from cyclorama.batch_shots import read_shots
from cyclorama.core.errors import InputError
from cyclorama.folder import held
from cyclorama.memory import available_bytes, needed_bytes

SHOTS = """
[all]
camera = "camera.json"
no-relight = true

[[shot]]
name = "first"
plate = "good.mp4"
matte = "matte"
reference = ["place.png"]

[[shot]]
name = "broken"
plate = "cut.mp4"
matte = "matte"
reference = "place.png"
"""


def test_a_batch_isolates_lists_and_goes_on(scene: Path) -> None:  # noqa: F811
    (scene / "shots.toml").write_text(SHOTS)
    (scene / "cut.mp4").write_bytes((scene / "good.mp4").read_bytes()[:500])
    first = here(scene, "batch", "shots.toml", "-o", "out", "--at-once", "2")
    last = first.stderr.splitlines()[-1]
    assert first.code == 2, first.stderr
    assert last.startswith("error[input]: 1 of 2 shots failed: broken; see ")
    facts = json.loads((scene / "out" / "batch.json").read_text())
    assert [s["state"] for s in facts["shots"]] == ["done", "failed"]
    assert "cut off" in facts["shots"][1]["sentence"]
    page = (scene / "out" / "batch.html").read_text()
    assert page.count("<img") == 1
    assert "cut off" in page
    output = scene / "out" / "first.mp4"
    before = output.stat().st_mtime_ns
    shutil.copy(scene / "good.mp4", scene / "cut.mp4")
    second = here(scene, "batch", "shots.toml", "-o", "out")
    assert second.code == 0, second.stderr
    facts = json.loads((scene / "out" / "batch.json").read_text())
    assert [s["state"] for s in facts["shots"]] == ["was done before", "done"]
    assert output.stat().st_mtime_ns == before
    assert output.read_bytes() == (scene / "out" / "broken.mp4").read_bytes()


def test_shots_of_a_folder_are_paired_by_name(tmp_path: Path) -> None:
    for folder in ("plates", "references/two", "mattes/two"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("plates/one.mp4", "plates/two.mov", "references/one.png", "references/two/b.png"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "references/two/a.png").write_bytes(b"x")
    one, two = read_shots(tmp_path)
    assert (one.name, two.name) == ("one", "two")
    assert [Path(w).name for w in one.words] == ["one.mp4", "one.png"]
    assert [Path(w).name for w in two.words] == ["two.mov", "a.png", "b.png", "two"]
    assert one.output(Path("f")) == Path("f/one.mp4")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no shots"),
        ("[[shot]]\nmatte='a'", "has no plate"),
        ("[[shot]]\nplate='a.mp4'\n[[shot]]\nplate='b/a.mp4'", "two shots are named 'a'"),
        ("[[shot]]\nplate='a.mp4'\nname='../b'", "name of a shot"),
        ("shot = 3", "[[shot]] tables"),
        ("nonsense", "cannot be read as TOML"),
    ],
)
def test_lists_that_cannot_be(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "shots.toml").write_text(text)
    with pytest.raises(InputError) as error:
        read_shots(tmp_path / "shots.toml")
    assert words in str(error.value)


def test_memory_grows_with_the_frame(scene_files: Path) -> None:  # noqa: F811
    small, unknown = needed_bytes(scene_files / "good.mp4"), needed_bytes(scene_files / "none.mp4")
    assert 1e8 < small < 1e9 < unknown
    assert available_bytes() > 1e8


def test_stopped_jobs_are_listed_and_cleaned(scene: Path) -> None:  # noqa: F811
    command = COMMANDS["ProRes"]
    _, moments = solo(scene, command)
    blow = Blow(int(0.6 * moments), signal.SIGTERM)
    assert GO_ON in cyc(scene, *command, hardship=Hardship(every=2, blow=blow)).stderr
    listed = here(scene, "jobs", "--json")
    assert listed.code == 0
    job = json.loads(listed.stdout.splitlines()[-1])["jobs"][0]
    assert job["output"] == str(scene / "out" / "o.mov")
    assert (job["state"], job["frames"]) == ("stopped", 12)
    assert 0 < job["done"] <= 12
    assert job["go_on"] == f"cd {scene} && cyc {' '.join(map(str, command))}"
    lock = os.open(scene / job["folder"], os.O_RDONLY)
    assert held(lock)
    assert ": running" in here(scene, "jobs", "out", "--clean").stdout
    os.close(lock)
    assert ": removed" in here(scene, "jobs", "out", "--clean").stdout
    assert not list((scene / "out").iterdir())
    assert "no unfinished jobs" in here(scene, "jobs").stdout
