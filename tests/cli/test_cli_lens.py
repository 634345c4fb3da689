"""The lens in the commands: STMaps out and in, and what formats without a lens say."""

import json
import shutil
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
from cli_help import Case, cyc, refused, replace

from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.lens import STRAIGHT, Lens
from cyclorama.matchmove import camera_json, read_shot

LENS = Lens(-0.11, 0.02)


def camera_file(file: Path, lens: Lens = LENS, focals: tuple[float, ...] = (200.0, 200.0)) -> Path:
    k = [np.array([[f, 0, 107.0], [0, f, 60], [0, 0, 1]]) for f in focals]
    file.write_text(camera_json(CameraPath(tuple(Camera((120, 214), m, np.eye(4), lens) for m in k)), Fraction(24)))
    return file


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    camera_file(tmp_path / "camera.json")
    camera_file(tmp_path / "straight.json", STRAIGHT)
    camera_file(tmp_path / "zoom.json", STRAIGHT, (200.0, 220.0))
    return tmp_path


def map_of(file: Path) -> tuple[np.ndarray, dict]:
    with OpenEXR.File(str(file), separate_channels=True) as opened:
        assert set(opened.channels()) == {"R", "G"}
        planes = [opened.channels()[name].pixels for name in "RG"]
        assert all(plane.dtype == np.float32 for plane in planes)
        return np.stack(planes, -1), dict(opened.header())


def test_maps_of_a_camera(scene: Path) -> None:
    ran = cyc("camera", scene / "camera.json", "-o", scene / "a.nk", f"--write-stmaps={scene}/maps", "--json")
    assert ran.exit_code == 0, ran.stderr
    assert sorted(p.name for p in (scene / "maps").iterdir()) == ["distort.exr", "undistort.exr"]
    undistort, header = map_of(scene / "maps" / "undistort.exr")
    wide, high = map(int, header["cycloramaStraightSize"].split("x"))
    assert undistort.shape[:2] == (high, wide)
    assert (wide - 214) % 2 == (high - 120) % 2 == 0
    assert wide > 214
    assert map_of(scene / "maps" / "distort.exr")[0].shape[:2] == (120, 214)
    told = " ".join(json.loads(ran.stdout.splitlines()[-1])["assumed"])
    assert f"straight pictures of {wide}x{high}" in told
    assert f"film back {wide / 214:.6f} times as wide" in told


@pytest.mark.parametrize("way", ["undistort", "distort"])
def test_a_map_of_a_crew_is_the_lens_of_a_camera(scene: Path, way: str) -> None:
    """Out of one camera, into another that knows no lens."""
    assert cyc("camera", scene / "camera.json", "-o", scene / "a.json", f"--write-stmaps={scene}/maps").exit_code == 0
    ran = cyc("camera", scene / "straight.json", "-o", scene / "b.json", f"--stmap={scene}/maps/{way}.exr")
    assert ran.exit_code == 0, ran.stderr
    assert f"the lens was fitted to {way}.exr" in ran.stderr
    for camera in read_shot(scene / "b.json").path.cameras:
        assert (camera.lens.k1, camera.lens.k2) == pytest.approx((LENS.k1, LENS.k2), abs=1e-4)
    shutil.copy(scene / "maps" / f"{way}.exr", scene / "lens.exr")
    assert "which way it goes" in " ".join(
        cyc("camera", scene / "straight.json", "-o", scene / "c.json", f"--stmap={scene}/lens.exr").stderr.split()
    )
    again = cyc("camera", scene / "straight.json", "-o", scene / "c.json", f"--stmap={way}:{scene}/lens.exr")
    assert again.exit_code == 0, again.stderr
    assert read_shot(scene / "c.json").path[0].lens == read_shot(scene / "b.json").path[0].lens


def test_maps_of_a_zoom_are_one_a_frame(scene: Path) -> None:
    camera_file(scene / "bent.json", LENS, (200.0, 220.0))
    out = ["camera", scene / "bent.json", "-o", scene / "a.json", f"--write-stmaps={scene}/maps"]
    assert cyc(*out, "--first-frame=1001").exit_code == 0
    names = [f"{way}.{number}.exr" for way in ("distort", "undistort") for number in (1001, 1002)]
    assert sorted(p.name for p in (scene / "maps").iterdir()) == names
    one, other = (map_of(scene / "maps" / f"undistort.{n}.exr")[0] for n in (1001, 1002))
    assert one.shape == other.shape
    assert np.abs(one - other).max() > 1e-4


@pytest.mark.parametrize(
    ("name", "words"),
    [("a.nk", "knobs of its tab Cyclorama"), ("a.chan", "not in a .chan"), ("a.py", "not in a Blender script")],
)
def test_formats_without_a_lens_say_so(scene: Path, name: str, words: str) -> None:
    ran = cyc("camera", scene / "camera.json", "-o", scene / name, "--json")
    (warning,) = json.loads(ran.stdout.splitlines()[-1])["warnings"]
    assert words in warning
    assert "--write-stmaps" in warning
    again = cyc("camera", scene / "straight.json", "-o", scene / name, "--overwrite", "--json")
    assert json.loads(again.stdout.splitlines()[-1])["warnings"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["HERE/camera.json", "--stmap=HERE/maps/undistort.exr"], "holds a lens already"),
        (["HERE/zoom.json", "--stmap=HERE/maps/undistort.exr"], "this camera zooms"),
        (["HERE/straight.json", "--stmap=distort:HERE/maps/undistort.exr"], "must have the plate's 214x120"),
        (["HERE/straight.json", "--stmap=undistort:HERE/maps/distort.exr"], "miss it by up to"),
        (["HERE/straight.json", "--stmap=undistort:HERE/none.exr"], "no such file"),
        (["HERE/straight.json", "--stmap=undistort:HERE/camera.json"], "damaged"),
        (["HERE/straight.json", "--stmap=undistort:HERE/grey.exr"], "channels R and G"),
        (["HERE/straight.json", "--write-stmaps=HERE/maps"], "--overwrite"),
        (["HERE/straight.json", "--write-stmaps=HERE/camera.json"], "need a folder"),
    ],
)
def test_refusals(scene: Path, arguments: list[str], words: str) -> None:
    assert cyc("camera", scene / "camera.json", "-o", scene / "x.json", f"--write-stmaps={scene}/maps").exit_code == 0
    OpenEXR.File({}, {"Y": np.zeros((120, 214), np.float32)}).write(str(scene / "grey.exr"))
    asked = [a.replace("HERE", str(scene)) for a in arguments]
    assert words in refused(scene, *asked, "-o", scene / "new.json", command="camera")


def test_an_stmap_without_a_camera(case: Case, tmp_path: Path) -> None:
    common = [case.plate, *case.references, "--stmap=undistort:x.exr"]
    assert "add --camera" in refused(tmp_path, *common, "-o", tmp_path / "a.mp4")


def test_a_shot_through_the_lens_of_a_map(case: Case, tmp_path: Path) -> None:
    """The place is drawn bent, the kept camera says how, and the check knows it."""
    truth = read_shot(case.folder / "camera.json")
    bent = CameraPath(tuple(Camera(c.hw, c.px_from_cam, c.world_from_camera, LENS) for c in truth.path.cameras))
    (tmp_path / "bent.json").write_text(camera_json(bent, Fraction(24)))
    maps = f"--write-stmaps={tmp_path}/maps"
    assert cyc("camera", tmp_path / "bent.json", "-o", tmp_path / "again.json", maps).exit_code == 0
    common = [case.plate, *case.references[::2], f"--matte={case.folder}/binary", "--frames=1:2", "--no-relight"]
    given = [f"--camera={case.folder}/camera.json", f"--stmap={tmp_path}/maps/undistort.exr"]
    for name, asked in (("map", given), ("straight", given[:1])):
        ran = replace(*common, *asked, "-o", tmp_path / name / "%04d.png", "--work", tmp_path / f"{name}.work")
        assert ran.exit_code == 0, ran.stderr
    pictures = {n: cv2.imread(str(next((tmp_path / n).iterdir()))).astype(int) for n in ("map", "straight")}
    assert np.abs(pictures["map"] - pictures["straight"]).mean() > 1
    kept = json.loads((tmp_path / "map.work" / "report.json").read_text())
    assert kept["camera"]["k1"] == pytest.approx(LENS.k1, abs=1e-4)
    assert read_shot(tmp_path / "map.work" / "camera.json").path[0].lens.k1 == pytest.approx(LENS.k1, abs=1e-4)
    checked = cyc("check", case.folder / "truth", *given, "--json")
    assert checked.exit_code == 0, checked.stderr
    assert "the lens was fitted to" in " ".join(json.loads(checked.stdout.splitlines()[-1])["assumed"])
