"""``cyc key``: what comes out, what it says, and what it refuses."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
from cli_help import Case, Ran, cyc, listing, pictures, refused

from cyclorama.core.display import linear_from_display
from cyclorama.core.errors import MachineError
from cyclorama.keyjob import Tally
from cyclorama.matting import ScreenKey
from cyclorama.media import Notes, open_clip, open_matte

SHEETS = {"sheets/contact.png", *(f"sheets/{i:04d}.png" for i in (0, 1, 3, 4, 6, 7))}


@pytest.fixture(scope="module")
def keyed(case: Case, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """The folder of one run with everything on, and what it printed."""
    folder = tmp_path_factory.mktemp("keyed")
    more = ("--sheet", folder / "sheets", "--work", folder / "work", "--json")
    ran = cyc("key", case.plate, "-o", folder / "actor.mov", *more)
    assert ran.exit_code == 0, ran.stderr
    return folder, ran


def test_only_what_was_asked_for_is_left(keyed: tuple[Path, Ran]) -> None:
    work = {"work", "work/matte", "work/report.html", "work/report.json"}
    mattes = {f"work/matte/{i:04d}.png" for i in range(8)}
    assert set(listing(keyed[0])) == {"actor.mov", "sheets"} | SHEETS | work | mattes


def test_the_matte_is_the_truth(case: Case, keyed: tuple[Path, Ran]) -> None:
    truth = pictures(case.folder / "alpha") / 255
    matte = open_matte(keyed[0] / "actor.mov", notes=Notes())
    kept = pictures(keyed[0] / "work" / "matte") / 65535
    for index in range(8):
        assert np.abs(matte.alpha(index) - truth[index]).mean() < 0.01
        assert np.abs(matte.alpha(index) - kept[index]).max() < 0.002
    matte.close()


def test_json_lines(keyed: tuple[Path, Ran]) -> None:
    events = [json.loads(line) for line in keyed[1].stdout.splitlines()]
    assert [events[0], {e["event"] for e in events[1:-1]}] == [{"event": "start"}, {"progress"}]
    report = events[-1]
    assert (report["event"], report["status"], report["frames"], report["size"]) == ("report", "done", 8, [214, 120])
    assert report["alpha"] == "straight"
    assert report["screen"]["colour"] == "green"
    assert 1 < report["matte"]["actor_percent"] < 60
    assert 0 < report["matte"]["partial_percent"] < 20
    assert report["matte"]["flicker_percent"] < 5
    assert set(report["seconds"]) == {"key", "check"}
    assert any("ProRes 4444, straight alpha" in text for text in report["assumed"])
    assert report == {"event": "report", **json.loads((keyed[0] / "work" / "report.json").read_text())}
    assert not keyed[1].stderr


def test_the_report_is_one_self_contained_page(keyed: tuple[Path, Ran]) -> None:
    page = (keyed[0] / "work" / "report.html").read_text()
    assert not [word for word in ("http", "<script", "url(", "<polyline") if word in page]
    assert page.count("data:image/jpeg;base64,") == 5
    for words in ("uncertain", "<td>partial_percent", "<td>srgb"):
        assert words in page


def test_exr_frames_of_a_range(case: Case, keyed: tuple[Path, Ran], tmp_path: Path) -> None:
    """Premultiplied scene-linear frames, numbered from 0, the same actor as in the video."""
    ran = cyc("key", case.plate, "-o", tmp_path / "exr" / "%03d.exr", "--frames", "2:4")
    assert ran.exit_code == 0, ran.stderr
    assert "premultiplied" in ran.stderr
    assert sorted(listing(tmp_path / "exr")) == ["000.exr", "001.exr"]
    rgba = OpenEXR.File(str(tmp_path / "exr" / "000.exr")).channels()["RGBA"].pixels.astype(np.float32)
    assert np.abs(rgba[..., 3] - pictures(keyed[0] / "work" / "matte")[2] / 65535).max() < 0.001
    assert not rgba[rgba[..., 3] == 0].any()
    with open_clip(keyed[0] / "actor.mov", notes=Notes()) as clip:
        inside = rgba[..., 3] == 1
        assert np.abs(rgba[inside][:, :3] - clip.frame(2)[inside]).mean() < 0.01


def test_straight_and_premultiplied_frames_are_one_actor(case: Case, tmp_path: Path) -> None:
    found = {}
    for word in ("straight", "premultiplied"):
        ran = cyc("key", case.plate, "-o", tmp_path / word / "%d.png", f"--{word}", "--frames", "0:1")
        assert f"{word} alpha" in ran.stderr
        found[word] = pictures(tmp_path / word)[0].astype(float) / 65535
    straight, flat = found["straight"], found["premultiplied"]
    assert np.abs(straight[..., :3] * straight[..., 3:] - flat[..., :3]).max() < 2e-4
    assert np.array_equal(straight[..., 3], flat[..., 3])


def test_the_matte_alone(case: Case, keyed: tuple[Path, Ran], tmp_path: Path) -> None:
    ran = cyc("key", case.plate, "-o", tmp_path / "%04d.png", "--only-matte")
    assert ran.exit_code == 0, ran.stderr
    assert np.array_equal(pictures(tmp_path), pictures(keyed[0] / "work" / "matte"))


def test_a_given_matte(case: Case, tmp_path: Path) -> None:
    """Ordinary footage: the matte is kept as it is, and the sheets show no screen."""
    given = ("--matte", case.folder / "binary", "--sheet", tmp_path / "sheets", "--json")
    ran = cyc("key", case.plate, "-o", tmp_path / "actor" / "%04d.png", *given)
    assert ran.exit_code == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1])["screen"] is None
    assert np.array_equal(pictures(tmp_path / "actor")[..., 3] // 257, pictures(case.folder / "binary"))
    assert set(listing(tmp_path / "sheets")) == {Path(s).name for s in SHEETS}


def test_overwrite(case: Case, tmp_path: Path) -> None:
    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets" / "contact.png").write_text("an older sheet")
    asked = (case.plate, "-o", tmp_path / "a.mov", "--frames", "0:1", "--sheet", tmp_path / "sheets")
    assert "--overwrite" in refused(tmp_path, *asked, command="key")
    assert cyc("key", *asked, "--overwrite").exit_code == 0
    assert sorted(listing(tmp_path)) == ["a.mov", "sheets", "sheets/0000.png", "sheets/contact.png"]
    assert cv2.imread(str(tmp_path / "sheets" / "contact.png")) is not None
    (tmp_path / "sheets" / "0000.png").unlink()
    (tmp_path / "sheets" / "contact.png").unlink()
    assert "a.mov: it exists already" in refused(tmp_path, *asked, command="key")


@pytest.fixture
def scene(case: Case, tmp_path: Path) -> Path:
    shutil.copy(case.plate, tmp_path / "plate.mp4")
    shutil.copytree(case.folder / "plate", tmp_path / "frames")
    (tmp_path / "letter").write_text("this is a letter")
    return tmp_path


@pytest.mark.parametrize(
    ("output", "more", "words"),
    [
        ("actor.mp4", [], "needs an alpha channel; name it NAME.mov"),
        ("actor", [], "needs an alpha channel"),
        ("actor.png", [], "%04d"),
        ("matte.mov", ["--only-matte"], "16-bit grey frames; name it NAME%04d.png"),
        ("m/%04d.exr", ["--only-matte"], "NAME%04d.png"),
        ("m/%04d.png", ["--only-matte", "--straight"], "leave out --straight"),
        ("plate.mov", ["--frames=9:"], "holds no frames"),
        ("a.mov", ["--screen=mauve"], "green, blue or #rrggbb"),
        ("a.mov", ["--screen=blue"], "no screen of"),
        ("w/matte/%d.png", ["--only-matte", "--work=HERE/w"], "the mattes of --work go there"),
        ("a/%d.png", ["--sheet=HERE/a"], "folder of their own"),
        ("a/%d.png", ["--sheet=HERE/letter"], "a folder is needed"),
        ("a.mov", ["--sheet=HERE/binary", "--matte=HERE/binary"], "folder of their own"),
    ],
)
def test_what_cannot_be_done(case: Case, scene: Path, output: str, more: list[str], words: str) -> None:
    shutil.copytree(case.folder / "binary", scene / "binary")
    more = [m.replace("HERE", str(scene)) for m in more]
    assert words in refused(scene, scene / "plate.mp4", "-o", scene / output, *more, command="key")


def test_a_plate_without_a_screen(case: Case, scene: Path) -> None:
    shutil.rmtree(scene / "frames")
    shutil.copytree(case.folder / "place", scene / "frames")
    assert "--matte" in refused(scene, scene / "frames", "-o", scene / "a.mov", command="key")


@pytest.mark.parametrize("output", ["a.mov", "a/%d.png", "a/%d.exr"])
def test_a_run_that_breaks_off_leaves_nothing(
    case: Case, tmp_path: Path, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreground = ScreenKey.foreground

    def breaks(self, index, plate):  # type: ignore[no-untyped-def]
        if index == 5:
            raise MachineError("the disk is full; free some space")
        return foreground(self, index, plate)

    monkeypatch.setattr(ScreenKey, "foreground", breaks)
    asked = ("-o", tmp_path / output, "--sheet", tmp_path / "s", "--work", tmp_path / "w")
    assert "free some space" in refused(tmp_path, case.plate, *asked, kind="machine", code=3, command="key")


@pytest.mark.parametrize(("alpha", "words"), [(0.999, "nearly the whole picture"), (0.0, "hardly anything")])
def test_a_key_that_cannot_be_right_is_told(alpha: float, words: str) -> None:
    tally = Tally()
    tally.add(0, np.full((9, 16), alpha, np.float32))
    assert [words in text for text in tally.warnings()] == [True]
    tally.add(1, np.full((9, 16), 0.5, np.float32))
    assert not tally.warnings()


def test_help_shows_examples_and_every_format() -> None:
    ran = cyc("key", "--help")
    words = " ".join(ran.stdout.split())
    for part in ("cyc key plate.mp4 -o actor.mov", "--only-matte", "--premultiplied", "ProRes 4444", "NAME%04d.exr"):
        assert part in words
    assert "key" in cyc("--help").stdout


def test_colour_is_the_actors_own(case: Case, tmp_path: Path) -> None:
    """Inside the actor the plate's own colour stays, but for the screen's light."""
    assert cyc("key", case.plate, "-o", tmp_path / "%d.png", "--frames", "0:1").exit_code == 0
    found = linear_from_display(pictures(tmp_path)[0][..., 2::-1] / 65535)
    with open_clip(case.plate, notes=Notes()) as clip:
        plate = clip.frame(0)
    inside = cv2.erode(pictures(case.folder / "alpha")[0], np.ones((7, 7))) == 255
    assert np.abs(found - plate)[inside][:, [0, 2]].max() < 0.01
    assert (found <= plate + 0.01)[inside].all()
