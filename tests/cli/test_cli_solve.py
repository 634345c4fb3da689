"""``cyc solve``: the camera that comes out, what it says of it, and what it refuses."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from cli_help import Case, Ran, cyc, listing, pictures, refused

from cyclorama.camera_words import FocalLength
from cyclorama.core.errors import InputError
from cyclorama.matchmove import read_camera, read_shot


@pytest.fixture(scope="module")
def solved(case: Case, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """The folder of one run with everything on, and what it printed."""
    folder = tmp_path_factory.mktemp("solved")
    more = ("--work", folder / "work", "--json", "--actor-height=1.8")
    ran = cyc("solve", case.plate, "-o", folder / "camera.nk", *more)
    assert ran.exit_code == 0, ran.stderr
    return folder, ran


def test_the_camera_is_the_true_one(case: Case, solved: tuple[Path, Ran]) -> None:
    truth = read_shot(case.folder / "camera.json").path
    found = read_camera(solved[0] / "camera.nk", hw=(120, 214), num_frames=8)
    a, b = (p[0].camera_from_world @ p[7].world_from_camera for p in (truth, found))
    assert np.degrees(np.linalg.norm(cv2.Rodrigues(a[:3, :3].T @ b[:3, :3])[0])) < 1.0
    cosine = a[:3, 3] @ b[:3, 3] / np.linalg.norm(a[:3, 3]) / np.linalg.norm(b[:3, 3])
    assert np.degrees(np.arccos(cosine)) < 10


def test_only_what_was_asked_for_is_left(solved: tuple[Path, Ran]) -> None:
    kept = {"work/camera.json", "work/report.json", "work/report.html", "work/tracks.png"}
    assert set(listing(solved[0])) == {"camera.nk", "work"} | kept
    ours, theirs = read_shot(solved[0] / "work" / "camera.json"), read_shot(solved[0] / "camera.nk")
    assert (theirs.first_frame, theirs.rate) == (1, ours.rate)
    assert np.allclose(ours.path.centers, theirs.path.centers, atol=1e-6)


def test_json_lines(solved: tuple[Path, Ran]) -> None:
    events = [json.loads(line) for line in solved[1].stdout.splitlines()]
    assert [events[0]["event"], {e["event"] for e in events[1:-1]}] == ["start", {"progress"}]
    report = {k: v for k, v in events[-1].items() if k != "event"}
    assert report == json.loads((solved[0] / "work" / "report.json").read_text())
    assert (report["status"], report["frames"], report["size"], report["format"]) == ("done", 8, [214, 120], "nuke")
    camera = report["camera"]
    assert (camera["source"], camera["model"]) == ("plate", "full")
    assert camera["focal_mm"] == pytest.approx(camera["focal_px"] / 214 * 36, abs=0.01)
    assert camera["error_median_px"] < 0.3
    assert camera["tracks"] > 20
    frames = report["per_frame"]
    assert [f["frame"] for f in frames] == list(range(8))
    assert all(f["median_px"] < 0.5 and f["p95_px"] >= f["median_px"] and f["tracks"] >= 8 for f in frames)
    assert "normal" in report["ground"] or report["ground"]["reason"]
    assert set(report["seconds"]) == {"key", "camera", "write"}


def test_the_report_is_one_self_contained_page(solved: tuple[Path, Ran]) -> None:
    page = (solved[0] / "work" / "report.html").read_text()
    assert not [word for word in ("http", "<script", "url(") if word in page]
    assert page.count("data:image/jpeg;base64,") == 1
    assert page.count("<polyline") == 6
    assert "fewest tracks in a frame" in page
    sheet = cv2.imread(str(solved[0] / "work" / "tracks.png"))
    assert sheet.shape[0] > 2 * 120


def test_words_for_people(case: Case, tmp_path: Path) -> None:
    ran = cyc("solve", case.plate, "-o", tmp_path / "a.json", "--focal=38mm", "--film-back=36")
    assert ran.exit_code == 0, ran.stderr
    assert "full from the plate, 38.0 mm (226 px), error 0." in ran.stdout
    focals = [c.px_from_cam[0, 0] for c in read_shot(tmp_path / "a.json").path.cameras]
    assert focals == pytest.approx([38 / 36 * 214] * len(focals))
    assert "--overwrite" in refused(tmp_path, case.plate, "-o", tmp_path / "a.json", command="solve")
    assert cyc("solve", case.plate, "-o", tmp_path / "a.json", "--overwrite").exit_code == 0


def test_ordinary_footage_with_its_matte(case: Case, tmp_path: Path) -> None:
    ran = cyc("solve", case.folder / "truth", f"--matte={case.folder}/binary", "-o", tmp_path / "model", "--json")
    assert ran.exit_code == 0, ran.stderr
    report = json.loads(ran.stdout.splitlines()[-1])
    assert (report["camera"]["model"], report["format"]) == ("full", "colmap")
    assert sorted(p.name for p in (tmp_path / "model").iterdir()) == ["cameras.txt", "images.txt", "points3D.txt"]


@pytest.fixture
def scene(case: Case, tmp_path: Path) -> Path:
    """A flat green plate, its mattes, a matte of all, one frame, and an older camera."""
    for name in ("flat", "all", "one", "black"):
        (tmp_path / name).mkdir()
    for index, alpha in enumerate(pictures(case.folder / "alpha")):
        share = (alpha / 255.0)[..., None]
        flat = np.array([20, 200, 30]) * (1 - share) + np.array([120, 90, 150]) * share
        cv2.imwrite(str(tmp_path / "flat" / f"{index:04d}.png"), flat.round().astype(np.uint8))
        cv2.imwrite(str(tmp_path / "all" / f"{index:04d}.png"), np.full_like(alpha, 255))
        cv2.imwrite(str(tmp_path / "black" / f"{index:04d}.png"), np.zeros((*alpha.shape, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "one" / "0000.png"), flat.round().astype(np.uint8))
    (tmp_path / "taken.json").write_text("an older camera")
    return tmp_path


@pytest.mark.parametrize(
    ("plate", "more", "words"),
    [
        ("flat", [], "the camera cannot be solved: its background shows too little"),
        ("black", ["--matte=CASE/binary"], "markers on the screen"),
        ("black", [], "no green or blue screen"),
        ("flat", ["--matte=HERE/all"], "the matte covers the whole picture"),
        ("one", [], "one frame shows no camera move"),
        ("flat", ["--matte=HERE/one"], "8"),
        ("flat", ["-o", "HERE/taken.json"], "--overwrite"),
        ("flat", ["-o", "HERE/camera.fbx"], "no camera format is called .fbx"),
        ("flat", ["-o", "HERE/flat", "--format=nuke"], "must not replace the input"),
        ("flat", ["--actor-height=0"], "--actor-height must be a positive number"),
        ("flat", ["--camera-height=nan"], "--camera-height must be a positive number"),
        ("flat", ["--film-back=-1"], "--film-back must be a positive number"),
        ("flat", ["--first-frame=-2"], "--first-frame must be 0 or more"),
        ("flat", ["--reference=HERE/flat/0000.png"], "give two or more"),
        ("flat", ["--screen=mauve"], "green, blue or #rrggbb"),
    ],
)
def test_refusals(case: Case, scene: Path, plate: str, more: list[str], words: str) -> None:
    more = [m.replace("HERE", str(scene)).replace("CASE", str(case.folder)) for m in more]
    output = [] if "-o" in more else ["-o", scene / "new.json"]
    assert words in refused(scene, scene / plate, *output, *more, command="solve")


@pytest.mark.parametrize("text", ["nan", "0", "-35mm", "35cm", "wide", "0mm", "inf"])
def test_focal_lengths_that_cannot_be(case: Case, tmp_path: Path, text: str) -> None:
    ran = cyc("solve", case.plate, "-o", tmp_path / "a.json", f"--focal={text}")
    assert ran.exit_code == 2
    assert "positive number of pixels or NUMBERmm" in " ".join(ran.stderr.split()).replace("│ ", "")
    assert not listing(tmp_path)


@pytest.mark.parametrize(
    ("text", "px"), [("1200", 1200.0), ("1200px", 1200.0), ("35mm", 35 / 24 * 1920), (".5mm", 40.0), ("50 mm", 4000.0)]
)
def test_focal_lengths(text: str, px: float) -> None:
    assert FocalLength.parse(text).px(1920, 24.0) == pytest.approx(px)
    with pytest.raises(InputError):
        FocalLength.parse(text + "x")


def test_references_in_place_of_markers(case: Case, scene: Path) -> None:
    ran = cyc("solve", scene / "flat", *case.references, "-o", scene / "a.json", "--work", scene / "w")
    assert ran.exit_code == 0, ran.stderr
    assert "from the references" in ran.stdout
    report = json.loads((scene / "w" / "report.json").read_text())
    assert report["camera"]["source"] == "references"
    assert {f["median_px"] for f in report["per_frame"]} == {None}
    assert "no tracks were solved" in (scene / "w" / "report.html").read_text()


def test_help_shows_examples() -> None:
    words = " ".join(cyc("solve", "--help").stdout.split())
    for part in ("cyc solve plate.mp4 -o camera.nk --work work/", "--actor-height", "--focal"):
        assert part in words
    assert "solve" in cyc("--help").stdout
