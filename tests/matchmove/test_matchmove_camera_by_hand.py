"""Camera files whose content is known by hand, ours and those of other programs."""

import json
import re
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from camera_cases import (
    HW,
    any_path,
    require_refused,
    upright,
    written,
)

from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.errors import InputError, MachineError
from cyclorama.core.lens import Lens
from cyclorama.matchmove import read_shot, usd

# Known answers. A camera 1 to the right, 2 up and 3 forward; panned 30 degrees right, tilted 10 up, rolled 5 clockwise.
PANNED = upright(30, 10, 5, at=(1, -2, 3))


def test_json_by_hand(tmp_path: Path) -> None:
    data = json.loads(written(tmp_path, "json", CameraPath((upright(at=(1, -2, 3)),))).read_text())
    assert data["frames"][0]["camera_to_world"] == [[1, 0, 0, 1], [0, 1, 0, -2], [0, 0, 1, 3], [0, 0, 0, 1]]


def test_chan_by_hand(tmp_path: Path) -> None:
    text = written(tmp_path, "chan", CameraPath((upright(at=(1, -2, 3)), PANNED))).read_text()
    first, second = (list(map(float, line.split())) for line in text.splitlines() if line[0] != "#")
    fov = np.degrees(2 * np.arctan(540 / 1600))
    assert np.allclose(first, [1, 1, 2, -3, 0, 0, 0, fov])
    assert np.allclose(second, [2, 1, 2, -3, 10, -30, -5, fov])


def test_chan_of_another_program(tmp_path: Path) -> None:
    """Nothing but numbers: one unit to the right, looking along -z, 90 degrees high."""
    file = tmp_path / "other.chan"
    file.write_text("1001\t1\t0\t0\t0\t0\t0\t90\n1002\t1\t0\t0\t0\t-90\t0\t90\n")
    shot = read_shot(file, size=HW)
    assert (shot.first_frame, shot.rate) == (1001, None)
    assert np.allclose(shot.path[0].world_from_camera, upright(at=(1, 0, 0)).world_from_camera)
    assert np.allclose(shot.path[1].world_from_camera, upright(90, at=(1, 0, 0)).world_from_camera)
    assert np.allclose(shot.path[0].px_from_cam, [[540, 0, 960], [0, 540, 540], [0, 0, 1]])
    with pytest.raises(InputError, match="--size"):
        read_shot(file)


def test_nuke_by_hand(tmp_path: Path) -> None:
    text = written(tmp_path, "nuke", CameraPath((PANNED,)), film_back_mm=24.0).read_text()
    assert "rot_order ZXY" in text
    for knob, values in {
        "translate": [1, 2, -3],
        "rotate": [10, -30, -5],
        "focal": [20],
        "win_translate": [0, 0],
    }.items():
        found = re.search(rf"^ {knob} \{{(.*)\}}$", text, re.MULTILINE)
        assert found
        assert np.allclose(list(map(float, found[1].split())), values), knob
    assert " haperture 24.0\n vaperture 13.5\n" in text


def test_nuke_of_another_program(tmp_path: Path) -> None:
    """Curves as Nuke packs them: keys that follow each other without their x; knobs left out; other nodes around."""
    file = tmp_path / "other.nk"
    file.write_text(
        'version 13.2 v8\nRoot {\n inputs 0\n name "a {b"\n format "1920 1080 0 0 1920 1080 1 HD_1080"\n fps 25\n}\n'
        "set cut_paste_input [stack 0]\npush $cut_paste_input\n"
        "Camera3 {\n inputs 0\n translate {{curve x11 1 s0 1 x13 1} 2 {curve i x11 0 1 2}}\n"
        ' rot_order XYZ\n rotate {90 {"curve x11 0 90 180"} 0}\n focal 24.576\n'
        ' addUserKnob {20 User l {a b}}\n label "it\'s [value x]"\n name Camera1\n selected true\n}\n'
        "Grade {\n white {2 1 1 1}\n}\n"
    )
    shot = read_shot(file)
    assert (shot.first_frame, shot.rate, shot.path.hw) == (11, 25, HW)
    assert np.allclose(shot.path.centers, [[1, -2, 0], [1, -2, -1], [1, -2, -2]])
    assert np.allclose(shot.path[1].px_from_cam, [[1920, 0, 960], [0, 1920, 540], [0, 0, 1]])
    # x first, so it looks straight up along its y; then turned by 90 about y: up stays up
    assert np.allclose(shot.path[1].world_from_camera[:3, 2], [0, -1, 0], atol=1e-12)
    assert np.allclose(shot.path[1].world_from_camera[:3, 0], [0, 0, 1], atol=1e-12)


def test_transforms_by_hand(tmp_path: Path) -> None:
    data = json.loads(written(tmp_path, "transforms", CameraPath((upright(at=(1, -2, 3)),) * 2)).read_text())
    assert [data[n] for n in ("fl_x", "fl_y", "cx", "cy", "w", "h")] == [1600, 1600, 960, 540, 1920, 1080]
    assert data["frames"][1]["file_path"] == "images/0001.png"
    # right is x; the camera's up is the world's z; it looks along its -z, which is the world's y
    assert data["frames"][0]["transform_matrix"] == [[1, 0, 0, 1], [0, 0, -1, 3], [0, 1, 0, 2], [0, 0, 0, 1]]


def test_transforms_of_another_program(tmp_path: Path) -> None:
    """The old form: an angle alone, the frames in any order and without their pictures' endings."""
    pose = [[1, 0, 0, 0.5], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
    frames = [{"file_path": f"./train/r_{n}", "transform_matrix": pose} for n in (10, 9, 8)]
    frames[0]["transform_matrix"] = [[1, 0, 0, 7], *pose[1:]]
    file = tmp_path / "scene.json"
    file.write_text(json.dumps({"camera_angle_x": np.pi / 2, "frames": frames}))
    shot = read_shot(file, size=HW)
    assert (shot.first_frame, shot.rate) == (8, None)
    assert shot.path.centers.tolist() == [[0.5, 0, 0], [0.5, 0, 0], [7, 0, 0]]
    assert np.allclose(shot.path[0].px_from_cam, [[960, 0, 960], [0, 960, 540], [0, 0, 1]])


def test_colmap_by_hand(tmp_path: Path) -> None:
    """Half a turn about y: camera_from_world sends the world's z to -z; a zoom makes a camera of its own."""
    cameras = (upright(180, at=(1, 0, 0)), upright(180, at=(1, 0, 0), focal=1700), upright(180, at=(1, 0, 0)))
    folder = written(tmp_path, "colmap", CameraPath(cameras))
    lines = [line for line in (folder / "images.txt").read_text().splitlines() if not line.startswith("#")]
    number, *pose, camera, name = lines[0].split()
    assert (number, camera, name, lines[1]) == ("1", "1", "0000.png", "")
    assert np.allclose(np.abs(list(map(float, pose))), [0, 0, 1, 0, 1, 0, 0])
    listed = [line for line in (folder / "cameras.txt").read_text().splitlines() if not line.startswith("#")]
    assert listed == ["1 PINHOLE 1920 1080 1600.0 1600.0 960.0 540.0", "2 PINHOLE 1920 1080 1700.0 1700.0 960.0 540.0"]
    assert [line.split()[8] for line in lines[::2]] == ["1", "2", "1"]


def test_colmap_with_points_and_other_models(tmp_path: Path) -> None:
    """As COLMAP writes them: observations, ids and images in any order, a lens without its bend."""
    (tmp_path / "cameras.txt").write_text("# a\n7 SIMPLE_RADIAL 1920 1080 1600 960 540 0\n")
    (tmp_path / "images.txt").write_text(
        "# b\n9 1 0 0 0 0 0 -2 7 shot/b 0012.png\n10.5 20.5 -1 3 4 88\n4 1 0 0 0 -1 0 0 7 shot/b 0011.png\n\n"
    )
    shot = read_shot(tmp_path)
    assert shot.first_frame == 11
    assert shot.path.centers.tolist() == [[1, 0, 0], [0, 0, 2]]
    assert shot.path[0].px_from_cam.tolist() == [[1600, 0, 960], [0, 1600, 540], [0, 0, 1]]
    binary = tmp_path / "binary"
    binary.mkdir()
    (binary / "cameras.bin").write_bytes(struct.pack("<QIiQQ3d", 1, 7, 0, 1920, 1080, 1600, 960, 540))
    image = struct.pack("<I7dI", 3, 1, 0, 0, 0, -1, 0, 0, 7) + b"0005.png\0" + struct.pack("<Qddq", 1, 1.5, 2.5, -1)
    (binary / "images.bin").write_bytes(struct.pack("<Q", 1) + image)
    found = read_shot(binary)
    assert found.first_frame == 5
    assert np.array_equal(found.path[0].world_from_camera, shot.path[0].world_from_camera)


def bent(lens: Lens, camera: Camera) -> Camera:
    return replace(camera, lens=lens)


def test_colmap_with_a_lens_by_hand(tmp_path: Path) -> None:
    """The smallest model that holds the lens."""
    wide = np.array([[1600, 0, 960], [0, 1500, 540], [0, 0, 1.0]])
    cameras = (bent(Lens(-0.1, 0.02), upright()), Camera(HW, wide, np.eye(4), Lens(-0.1)), upright())
    folder = written(tmp_path, "colmap", CameraPath(cameras))
    listed = [line for line in (folder / "cameras.txt").read_text().splitlines() if not line.startswith("#")]
    assert listed == [
        "1 RADIAL 1920 1080 1600.0 960.0 540.0 -0.1 0.02",
        "2 OPENCV 1920 1080 1600.0 1500.0 960.0 540.0 -0.1 0.0 0.0 0.0",
        "3 PINHOLE 1920 1080 1600.0 1600.0 960.0 540.0",
    ]


@pytest.mark.parametrize(
    ("model", "params", "lens"),
    [
        ("SIMPLE_RADIAL", "1600 960 540 -0.1", Lens(-0.1)),
        ("RADIAL", "1600 960 540 -0.1 0.02", Lens(-0.1, 0.02)),
        ("OPENCV", "1600 1600 960 540 -0.1 0.02 0 0", Lens(-0.1, 0.02)),
        ("FULL_OPENCV", "1600 1600 960 540 -0.1 0.02 0 0 0 0 0 0", Lens(-0.1, 0.02)),
        ("OPENCV", "1600 1600 960 540 -0.1 0.02 0.001 0", None),
        ("FULL_OPENCV", "1600 1600 960 540 -0.1 0.02 0 0 0.01 0 0 0", None),
        ("OPENCV_FISHEYE", "1600 1600 960 540 0 0 0 0", None),
        ("FOV", "1600 1600 960 540 0.1", None),
    ],
)
def test_lenses_of_colmap(tmp_path: Path, model: str, params: str, lens: Lens | None) -> None:
    (tmp_path / "cameras.txt").write_text(f"1 {model} 1920 1080 {params}\n")
    (tmp_path / "images.txt").write_text("1 1 0 0 0 0 0 0 1 0000.png\n\n")
    if lens is None:
        require_refused(tmp_path, f"camera model {model} is more than radial; undistort")
    else:
        found = read_shot(tmp_path).path[0]
        assert found.lens == lens
        assert found.px_from_cam.tolist() == [[1600, 0, 960], [0, 1600, 540], [0, 0, 1]]


def test_transforms_with_a_lens_by_hand(tmp_path: Path) -> None:
    """At the top where all frames share it, else in every frame."""
    one, other = (bent(lens, upright()) for lens in (Lens(-0.1, 0.02), Lens(-0.05)))
    data = json.loads(written(tmp_path, "transforms", CameraPath((one, one))).read_text())
    assert (data["k1"], data["k2"], "k1" in data["frames"][0]) == (-0.1, 0.02, False)
    data = json.loads(written(tmp_path, "transforms", CameraPath((one, other))).read_text())
    assert "k1" not in data
    assert [f["k1"] for f in data["frames"]] == [-0.1, -0.05]


def test_nuke_with_a_lens_by_hand(tmp_path: Path) -> None:
    """Knobs of a tab of ours, before the node's end."""
    path = CameraPath((bent(Lens(-0.1, 0.02), upright()), bent(Lens(-0.05, 0.02), upright())))
    text = written(tmp_path, "nuke", path).read_text()
    assert (
        " addUserKnob {20 Cyclorama}\n addUserKnob {7 cyclorama_k1 R -1 1}\n"
        " cyclorama_k1 {{curve x1 -0.1 x2 -0.05}}\n addUserKnob {7 cyclorama_k2 R -1 1}\n cyclorama_k2 {0.02}\n"
        " name CycloramaCamera\n}\n"
    ) in text
    assert "cyclorama_k1" not in written(tmp_path, "nuke", CameraPath((upright(),))).read_text()


def test_after_effects_by_hand(tmp_path: Path) -> None:
    """Before the composition's middle by its zoom: the layer there is seen pixel for pixel."""
    text = written(tmp_path, "after-effects", CameraPath((upright(30, at=(0, 0, -16)),))).read_bytes().decode()
    assert text.startswith("Adobe After Effects 8.0 Keyframe Data\r\n\r\n\tUnits Per Second\t23.976")
    assert text.endswith("\r\nEnd of Keyframe Data\r\n")
    assert "Transform\tPosition\r\n\tFrame\tX pixels\tY pixels\tZ pixels\t\r\n\t0\t960.0\t540.0\t-1600.0\t" in text
    assert "Camera Options\tZoom\r\n\tFrame\tpixels\t\r\n\t0\t1600.0\t" in text
    found = re.search(r"Transform\tOrientation\r\n.*\r\n\t0\t(\S+)\t(\S+)\t(\S+)\t", text)
    assert found
    assert np.allclose(list(map(float, found.groups())), [0, 30, 0])


def test_usd_by_hand(tmp_path: Path) -> None:
    """Centimetres, y up, row vectors; nothing is needed to write it."""
    text = written(tmp_path, "usd", CameraPath((upright(at=(1, -2, 3)),)), film_back_mm=24.0).read_text()
    assert text.startswith("#usda 1.0\n")
    for line in ('upAxis = "Y"', "metersPerUnit = 0.01", "startTimeCode = 1", "horizontalAperture = 24.0", "1: 20.0,"):
        assert line in text
    found = re.search(r"xformOp:transform\.timeSamples = \{\s*1: (.*),", text)
    assert found
    rows = np.array(eval(found[1]))
    assert rows.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [100, 200, -300, 1]]


def test_blender_by_hand(tmp_path: Path) -> None:
    """Upright in a z-up world is a quarter turn about x."""
    text = written(tmp_path, "blender", CameraPath((upright(at=(1, -2, 3)),)), film_back_mm=24.0).read_text()
    row = re.search(r"^    \((.*)\),$", text, re.MULTILINE)
    assert row
    half = np.sqrt(0.5)
    assert np.allclose(list(map(float, row[1].split(","))), [1, 3, 2, half, half, 0, 0, 20, 0, 0])


def test_blender_turns_the_short_way(tmp_path: Path) -> None:
    """A pan of two turns: no two frames have quaternions of opposite signs."""
    path = CameraPath(tuple(upright(pan) for pan in range(0, 720, 30)))
    text = written(tmp_path, "blender", path).read_text()
    rows = np.array([list(map(float, r.split(","))) for r in re.findall(r"^    \((.*)\),$", text, re.MULTILINE)])
    assert ((rows[1:, 3:7] * rows[:-1, 3:7]).sum(1) > 0.9).all()


def test_reading_usd_without_the_package_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    file = written(tmp_path, "usd", any_path("usd"))
    monkeypatch.setattr(usd, "import_module", absent)
    with pytest.raises(MachineError, match=r"usd-core; install it: pip install 'cyclorama\[usd\]'"):
        read_shot(file)
