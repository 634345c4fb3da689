"""``cyc replace`` from end to end on a tiny made-up shot."""

import json
import re
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from cli_help import Case, Ran, listing, pictures, replace

from cyclorama.core.display import code8_from_linear
from cyclorama.matchmove import read_camera
from cyclorama.media import Notes, open_clip

pytestmark = pytest.mark.slow
Whole = tuple[Path, Ran]


def test_the_place_is_behind_the_actor(case: Case, whole: Whole) -> None:
    """Against the truth: the actor's own pixels stay, and the set is the place and not the stage."""
    finished, truth, plate = (
        pictures(folder).astype(float) for folder in (whole[0] / "shot", case.folder / "place", case.folder / "plate")
    )
    alpha = pictures(case.folder / "alpha")
    assert finished.shape == truth.shape
    ring = np.stack([cv2.dilate(a, np.ones((9, 9))) for a in alpha])
    place = ring == 0
    assert np.abs(finished - truth)[place].mean() < 8
    assert np.abs(plate - truth)[place].mean() > 40
    inside = np.stack([cv2.erode(a, np.ones((7, 7))) for a in alpha]) == 255
    gain = finished[inside].mean(0) / plate[inside].mean(0)
    assert np.abs(finished - gain * plate)[inside].mean() < 6
    assert np.corrcoef(finished[inside].ravel(), plate[inside].ravel())[0, 1] > 0.97


def test_json_lines(whole: Whole) -> None:
    events = [json.loads(line) for line in whole[1].stdout.splitlines()]
    assert events[0] == {"event": "start"}
    assert [e["event"] for e in events].count("report") == 1
    assert {e["event"] for e in events[1:-1]} == {"progress"}
    assert {"stage", "done", "total", "seconds_left"} <= events[1].keys()
    report = events[-1]
    assert report["event"] == "report"
    assert (report["status"], report["frames"], report["size"]) == ("done", 8, [214, 120])
    assert report["place"]["reference_frames"] == [0, 4, 7]
    assert report["place"]["kind"] == "layers"
    assert set(report["seconds"]) >= {"references", "key", "camera", "place", "render", "check"}
    assert not whole[1].stderr


def test_only_what_was_asked_for_is_left(whole: Whole) -> None:
    frames = [f"{i:04d}.png" for i in range(8)]
    wanted = {"shot", "work", "work/camera.json", "work/film.json", "work/lighting.json", "work/matte"}
    wanted |= {"work/report.html", "work/report.json"}
    wanted |= {"work/stages"} | {f"work/stages/{n}" for s in ("camera", "place") for n in (f"{s}.npz", f"{s}.json")}
    wanted |= {f"work/stages/{s}-000000.json" for s in ("camera", "place")}
    wanted |= {"work/filled"} | {f"{folder}/{f}" for folder in ("shot", "work/matte", "work/filled") for f in frames}
    assert set(listing(whole[0])) == wanted
    filled = pictures(whole[0] / "work" / "filled")
    assert filled.dtype == np.uint16
    assert set(np.unique(filled)) <= {0, 65535}
    percent = json.loads((whole[0] / "work" / "report.json").read_text())["place"]["uncovered_percent"]
    assert np.allclose(100 * (filled > 0).mean((1, 2)), percent, atol=1)


def test_the_work_folder_can_be_read_on_its_own(case: Case, whole: Whole) -> None:
    work = whole[0] / "work"
    path = read_camera(work / "camera.json", hw=(120, 214), num_frames=8)
    truth = read_camera(case.folder / "camera.json", hw=(120, 214), num_frames=8)
    moved, meant = path[7].center - path[0].center, truth[7].center - truth[0].center
    ours, real = (p[0].world_from_camera[:3, :3].T @ m for p, m in ((path, moved), (truth, meant)))
    assert ours @ real / np.linalg.norm(ours) / np.linalg.norm(real) > np.cos(np.radians(25))  # a tiny plate
    mattes = pictures(work / "matte")
    assert mattes.dtype == np.uint16
    error = np.abs(mattes / 65535 - pictures(case.folder / "alpha") / 255)
    assert error.mean() < 0.01
    facts = json.loads((work / "report.json").read_text())
    assert facts == {k: v for k, v in json.loads(whole[1].stdout.splitlines()[-1]).items() if k != "event"}


def test_the_report_is_one_self_contained_page(whole: Whole) -> None:
    page = (whole[0] / "work" / "report.html").read_text()
    assert "http" not in page
    assert "<script" not in page
    assert "url(" not in page
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', page)
    assert len(sources) == 3  # plate, matte, finished
    assert all(s.startswith("data:image/jpeg;base64,") for s in sources)
    assert page.count("<polyline") == 6
    for stage in ("camera", "place", "render"):
        assert f"<td>{stage}<td>" in page


def test_a_range_is_those_frames_of_the_whole_shot(case: Case, whole: Whole, tmp_path: Path) -> None:
    ran = replace(case.plate, *case.references, "-o", tmp_path / "%04d.png", "--frames", "2:5")
    assert ran.exit_code == 0, ran.stderr
    assert sorted(listing(tmp_path)) == ["0000.png", "0001.png", "0002.png"]
    assert np.array_equal(pictures(tmp_path), pictures(whole[0] / "shot")[2:5])


def test_a_run_goes_on_from_the_camera_of_another(case: Case, whole: Whole, tmp_path: Path) -> None:
    camera = whole[0] / "work" / "camera.json"
    ran = replace(case.plate, *case.references, "-o", tmp_path / "%d.png", "--frames", "6:", "--camera", camera)
    assert ran.exit_code == 0, ran.stderr
    assert np.array_equal(pictures(tmp_path), pictures(whole[0] / "shot")[6:])


def test_mp4_out(case: Case, tmp_path: Path) -> None:
    output = tmp_path / "shot.mp4"
    output.write_text("an older take")
    given = (case.plate, case.references[0], *case.fixed)
    ran = replace(*given, "-o", output, "--overwrite")
    assert ran.exit_code == 0, ran.stderr
    assert sorted(listing(tmp_path)) == ["shot.mp4"]
    assert "8 frames" in ran.stdout
    with open_clip(output, notes=Notes()) as clip:
        assert (clip.num_frames, clip.hw, clip.rate) == (8, (120, 214), Fraction(24))
        seen = np.stack([code8_from_linear(clip.frame(i))[..., ::-1] for i in range(8)])
    assert replace(*given, "-o", tmp_path / "png" / "%d.png").exit_code == 0
    error = seen.astype(float) - pictures(tmp_path / "png")
    assert 10 * np.log10(255**2 / (error**2).mean()) > 30


@pytest.mark.parametrize("matte", ["binary", pytest.param("alpha", marks=pytest.mark.long)])
def test_the_place_comes_from_the_references(case: Case, tmp_path: Path, matte: str) -> None:
    """Noise over the plate outside the matte leaves every output pixel unchanged; under a soft edge, where the actor's
    colour is told from what is behind it, the plate may speak; so it may where the actor's own light is read from it,
    which is off."""
    noise = np.random.default_rng(0)
    alphas = pictures(case.folder / matte)
    (tmp_path / "noisy").mkdir()
    for index, (plate, alpha) in enumerate(zip(pictures(case.folder / "plate"), alphas)):
        outside = alpha == 0
        plate[outside] = noise.integers(0, 256, (int(outside.sum()), 3))
        cv2.imwrite(str(tmp_path / "noisy" / f"{index:04d}.png"), plate)
    taken = []
    for plate in (case.folder / "plate", tmp_path / "noisy"):
        output = tmp_path / f"of_{plate.name}"
        given = [f"--camera={case.folder}/camera.json", f"--matte={case.folder / matte}"]
        ran = replace(plate, *case.references[::2], "-o", output / "%04d.png", *given)
        assert ran.exit_code == 0, ran.stderr
        taken.append(pictures(output))
    fixed = (alphas == 0) | (alphas == 255)
    assert fixed.all() == (matte == "binary")
    differs = (taken[0] != taken[1]).any(-1) & fixed
    assert not differs.any(), f"{differs.sum()} pixels changed, in frames {np.unique(np.nonzero(differs)[0]).tolist()}"
    assert (taken[0] != pictures(case.folder / "plate")).any(-1)[alphas == 0].mean() > 0.9


@pytest.mark.long
def test_the_unit_and_the_origin_of_a_given_camera_are_free(case: Case, tmp_path: Path) -> None:
    """A camera file in centimetres from elsewhere is the same camera."""
    data = json.loads((case.folder / "camera.json").read_text())
    turn = np.linalg.qr(np.random.default_rng(2).standard_normal((3, 3)))[0]
    turn *= np.linalg.det(turn)
    for frame in data["frames"]:
        pose = np.array(frame["camera_to_world"])
        pose[:3] = turn @ pose[:3]
        pose[:3, 3] = 100 * pose[:3, 3] + np.array([500.0, -3, 7])
        frame["camera_to_world"] = pose.tolist()
    (tmp_path / "other.json").write_text(json.dumps(data))
    taken = []
    for name, camera in (("one", case.folder / "camera.json"), ("two", tmp_path / "other.json")):
        given = ["--camera", camera, "--matte", case.folder / "binary", "--frames", "1:4"]
        ran = replace(case.plate, *case.references[::2], "-o", tmp_path / name / "%d.png", *given)
        assert ran.exit_code == 0, ran.stderr
        taken.append(pictures(tmp_path / name).astype(float))
    assert np.abs(taken[0] - taken[1]).mean() < 0.5


def test_a_focal_length_in_millimetres_of_a_36_mm_film_back(case: Case, tmp_path: Path) -> None:
    ran = replace(case.plate, *case.references[:1], "-o", tmp_path / "a.mp4", "--focal=38mm", "--frames=0:1", "--json")
    assert ran.exit_code == 0, ran.stderr
    facts = json.loads(ran.stdout.splitlines()[-1])
    assert facts["camera"]["focal_px"] == pytest.approx(38 / 36 * 214, abs=0.01)
    assert facts["settings"]["focal"] == {"value": 38.0, "unit": "mm"}
