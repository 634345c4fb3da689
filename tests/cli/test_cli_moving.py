"""Places that are no pictures with depth: clips and panoramas, from end to end."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from cli_help import Case, cyc, pictures, refused, replace

from cyclorama.core.reference import Reference
from cyclorama.fitting import fit_references
from cyclorama.media import Notes

pytestmark = pytest.mark.slow


def away_from_the_actor(case: Case) -> np.ndarray:
    return np.stack([cv2.dilate(a, np.ones((9, 9))) for a in pictures(case.folder / "alpha")]) == 0


def world(hw: tuple[int, int]) -> np.ndarray:
    """A smooth panorama, h w 3 uint8."""
    lat = ((np.arange(hw[0]) + 0.5) / hw[0] - 0.5)[:, None] * np.pi
    lon = ((np.arange(hw[1]) + 0.5) / hw[1] - 0.5)[None] * 2 * np.pi
    ray = np.stack(np.broadcast_arrays(np.cos(lat) * np.sin(lon), np.sin(lat), np.cos(lat) * np.cos(lon)), -1)
    return np.asarray(127 + 90 * np.sin(4 * ray + np.array([0.3, 1.1, 2.0]))).astype(np.uint8)


def report_of(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "report.json").read_text())
    return found


def run(case: Case, folder: Path, *words: str) -> dict[str, object]:
    ran = replace(case.plate, *case.fixed, *words, "-o", folder / "s" / "%04d.png", "--work", folder / "work")
    assert ran.exit_code == 0, ran.stderr
    return report_of(folder / "work")


def test_a_clip_that_is_camera_true_is_used_as_it_is(case: Case, tmp_path: Path) -> None:
    report = run(case, tmp_path, f"--reference=footage:{case.folder}/place", "--no-relight")
    place, shot = (pictures(f).astype(int) for f in (case.folder / "place", tmp_path / "s"))
    assert np.abs(place - shot)[away_from_the_actor(case)].max() <= 1
    assert report["place"]["kind"] == "footage"  # type: ignore[index]
    assert not report["warnings"]


def test_a_clip_is_drawn_by_the_camera(case: Case, tmp_path: Path) -> None:
    """Frames of one colour each come in order, begin again with a seam, and run at the plate's rate."""
    (tmp_path / "clip").mkdir()
    for index in range(4):
        cv2.imwrite(str(tmp_path / "clip" / f"{index}.png"), np.full((60, 107, 3), 40 + 50 * index, np.uint8))
    report = run(case, tmp_path, f"--reference={tmp_path}/clip/%d.png", "--no-relight")
    shown = [
        float(np.median(frame[here]))
        for frame, here in zip(pictures(tmp_path / "s"), away_from_the_actor(case), strict=True)
    ]
    assert shown == [40, 90, 140, 190, 90, 140, 190, 90]  # a seam of one frame, which is wholly the end's
    assert "begins again 2 times" in str(report["assumed"])


def test_a_shorter_clip_holds_its_last_frame_on_request(case: Case, tmp_path: Path) -> None:
    (tmp_path / "clip").mkdir()
    for index in range(2):
        cv2.imwrite(str(tmp_path / "clip" / f"{index}.png"), np.full((60, 107, 3), 40 + 50 * index, np.uint8))
    report = run(case, tmp_path, f"--reference=hold:{tmp_path}/clip", "--no-relight")
    here = away_from_the_actor(case)
    assert [np.median(f[h]) for f, h in zip(pictures(tmp_path / "s"), here)] == [40] + [90] * 7
    assert "its last frame is held" in str(report["assumed"])


def test_the_actor_takes_the_course_of_the_clips_light(case: Case, tmp_path: Path) -> None:
    """A lamp that flashes on every other frame; a run of some frames shows what the whole run does."""
    (tmp_path / "clip").mkdir()
    for index, picture in enumerate(pictures(case.folder / "place")):
        dark = (255 * (0.35 * (picture / 255.0) ** 2.2) ** (1 / 2.2)).round().astype(np.uint8)
        cv2.imwrite(str(tmp_path / "clip" / f"{index}.png"), dark if index % 2 else picture)
    words = [*case.fixed, f"--reference=footage:{tmp_path}/clip", "--relight=1"]
    ran = replace(case.plate, *words, "-o", tmp_path / "s" / "%04d.png", "--work", tmp_path / "work")
    assert ran.exit_code == 0
    course = np.array(json.loads((tmp_path / "work" / "lighting.json").read_text())["course"])
    steps = np.where(np.arange(7) % 2, -1.0, 1.0)[:, None] * np.log2(0.35)
    assert np.diff(course, axis=0) == pytest.approx(steps * np.ones(3), abs=0.3)
    shown = pictures(tmp_path / "s")
    for folder, more in (("part", []), ("still", ["--steady-light"])):
        ran = replace(case.plate, *words, *more, "--frames=4:6", "-o", tmp_path / folder / "%04d.png")
        assert ran.exit_code == 0
    assert np.array_equal(pictures(tmp_path / "part"), shown[4:6])
    actor = np.stack([cv2.erode(a, np.ones((5, 5))) for a in pictures(case.folder / "alpha")])[4:6] == 255
    levels = [[f[a].mean() for f, a in zip(s, actor)] for s in (shown[4:6], pictures(tmp_path / "still"))]
    assert levels[0][1] < 0.75 * levels[0][0]
    assert levels[1][1] > 0.9 * levels[1][0]


def test_a_panorama_is_found_and_can_be_looked_at(case: Case, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "round.png"), world((256, 512)))
    report = run(case, tmp_path, f"--reference={tmp_path}/round.png")
    assert report["place"]["kind"] == "sphere"  # type: ignore[index]
    assert "flat:" in str(report["assumed"])
    assert not report["warnings"]
    turned = run(case, tmp_path / "turned", f"--reference=pano:{tmp_path}/round.png", "--look-at=120,-10")
    assert "flat:" not in str(turned["assumed"])
    one, two = pictures(tmp_path / "s"), pictures(tmp_path / "turned" / "s")
    assert np.abs(one.astype(int) - two)[away_from_the_actor(case)].mean() > 20
    flat = run(case, tmp_path / "flat", f"--reference=flat:{tmp_path}/round.png")
    assert flat["place"]["kind"] != "sphere"  # type: ignore[index]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--reference=pano:PICTURE"], "twice as wide as high"),
        (["--reference=loop:PICTURE"], "is for a clip"),
        (["--reference=footage:PICTURE"], "is for a clip"),
        (["--reference=flat:CLIP"], "is for one picture"),
        (["--reference=pano:CLIP"], "is for one picture"),
        (["--reference=CLIP", "--reference=PICTURE"], "must be the only reference, got 2"),
        (["--reference=PICTURE", "--reference=pano:PICTURE"], "must be the only reference, got 2"),
        (["--reference=footage:SHORT"], "must have its 8 frames, got 5"),
        (["--reference=footage:SQUARE"], "must have its shape, 214x120, got 100x100"),
        (["--reference=footage:CLIP@3"], "leave the time out"),
        (["--reference=CLIP@9"], "its last frame is 7"),
        (["--reference=PICTURE", "--look-at=90"], "--look-at turns a 360 panorama"),
        (["--reference=HERE/none.mp4"], "there is no such file"),
        (["--reference=HERE/none/%04d.png"], "there is no such folder"),
        (["--reference=HERE/letter.mp4"], "cannot be read as a video"),
    ],
)
def test_what_cannot_be_the_place(case: Case, tmp_path: Path, words: list[str], sentence: str) -> None:
    (tmp_path / "letter.mp4").write_text("this is a letter, not a film\n" * 50)
    for name, num, hw in (("short", 5, (120, 214)), ("square", 8, (100, 100))):
        (tmp_path / name).mkdir()
        for index in range(num):
            cv2.imwrite(str(tmp_path / name / f"{index}.png"), np.zeros((*hw, 3), np.uint8))
    names = {"PICTURE": case.folder / "refs" / "begin.png", "CLIP": case.folder / "place", "HERE": tmp_path}
    names |= {"SHORT": tmp_path / "short", "SQUARE": tmp_path / "square"}
    for name, path in names.items():
        words = [w.replace(name, str(path)) for w in words]
    assert sentence in refused(tmp_path, case.plate, *words, "-o", tmp_path / "new" / "shot.mp4")


def test_a_solve_says_that_a_clip_is_no_picture(case: Case, tmp_path: Path) -> None:
    words = [case.plate, f"--reference={case.folder}/place", f"--reference={case.folder}/refs/end.png"]
    ran = cyc("solve", *words, "-o", tmp_path / "c.json")
    assert ran.exit_code == 2
    assert "a picture is needed" in ran.errors[0]


def test_references_are_made_to_fit(case: Case, tmp_path: Path) -> None:
    """In the wrong order, one on its head, one darker, one of another size, and one of one colour: all told, all put
    right."""
    begin, middle, end = (cv2.imread(str(case.folder / "refs" / f"{n}.png")) for n in ("begin", "middle", "end"))
    dark = (255 * (0.5 * (middle / 255.0) ** 2.2) ** (1 / 2.2)).round().astype(np.uint8)
    large = cv2.resize(begin, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    given = {"end": end[::-1, ::-1], "begin": large, "middle": dark, "grey": np.full((90, 160, 3), 90, np.uint8)}
    words = []
    for name, picture in given.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
        words.append(f"--reference={tmp_path}/{name}.png")
    report = run(case, tmp_path, *words, "--no-relight")
    told = " ".join(report["assumed"])  # type: ignore[arg-type]
    assert "end.png stands on its head" in told
    assert "grey.png is of one colour" in told
    assert "the exposure of the references was matched" in told
    assert "begin.png@0" in told
    place, shot = (pictures(f).astype(int) for f in (case.folder / "place", tmp_path / "s"))
    gain = np.median(shot[away_from_the_actor(case)] / np.maximum(place[away_from_the_actor(case)], 1.0))
    assert np.abs(shot / gain - place)[away_from_the_actor(case)].mean() < 10


def test_one_reference_of_one_colour_is_told() -> None:
    notes = Notes()
    grey = Reference(np.full((60, 80, 3), 0.3, np.float32), 0, "grey.png")
    assert fit_references((grey,), (60, 80), notes, timed=False).references[0] is grey
    assert "grey.png is of one colour" in notes.texts()[0]


def test_a_reference_of_another_place_is_told(case: Case, tmp_path: Path) -> None:
    noise = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 1, (360, 642, 3)).astype(np.float32), (0, 0), 4)
    cv2.imwrite(str(tmp_path / "other.png"), np.clip(127 + 40 * noise / noise.std(), 0, 255).astype(np.uint8))
    report = run(case, tmp_path, *case.references[:2], f"--reference={tmp_path}/other.png@7")
    told = " ".join(report["assumed"])  # type: ignore[arg-type]
    assert "other.png does not fit: it shares most with" in told
    assert "other.png was left out" in told
