"""Every camera format: there and back, known answers by hand, and what each refuses."""

import json
import re
import struct
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from camera_cases import (
    BENDS,
    CENTRED,
    HW,
    NAMES,
    RATE,
    SAYS_RATE,
    SQUARE,
    any_path,
    needs,
    require_same,
    upright,
    written,
)
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.errors import InputError, MachineError
from cyclorama.core.lens import Lens
from cyclorama.matchmove import FORMATS, read_camera, read_shot, usd, write_camera
from cyclorama.matchmove.camera_axes import angles_of, rotation_about, rotation_from_angles

every_format = pytest.mark.parametrize("name", NAMES)


def test_every_format_is_tried() -> None:
    assert set(NAMES) == set(FORMATS)


@every_format
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), num_frames=st.integers(1, 5), first=st.sampled_from([None, 0, 1, 1001]))
def test_there_and_back(tmp_path: Path, name: str, seed: int, num_frames: int, first: int | None) -> None:
    needs(name)
    truth = any_path(name, seed, num_frames)
    found = read_shot(written(tmp_path, name, truth, first_frame=first, film_back_mm=24.89))
    require_same(found.path, truth)
    assert found.first_frame == (FORMATS[name].first_frame if first is None else first)
    assert found.rate == (RATE if name in SAYS_RATE else None)


@pytest.mark.parametrize("name", sorted(BENDS))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), num_frames=st.integers(1, 4), still=st.booleans())
def test_there_and_back_with_a_lens(tmp_path: Path, name: str, seed: int, num_frames: int, still: bool) -> None:
    """What the camera that came back sees is where it was, to a millionth of a pixel."""
    truth = any_path(name, seed, num_frames, still, bent=True)
    found = read_shot(written(tmp_path, name, truth)).path
    require_same(found, truth)
    rng = np.random.default_rng(seed)
    px, depth = rng.uniform([0, 0], [HW[1], HW[0]], (20, 2)), rng.uniform(2, 20, 20)
    for ours, real in zip(found.cameras, truth.cameras):
        assert np.abs(ours.project(real.unproject(px, depth))[0] - px).max() < 1e-6


@every_format
def test_a_lens_that_a_format_lacks_is_no_reason_to_refuse(tmp_path: Path, name: str) -> None:
    needs(name)
    truth = any_path(name, bent=True)
    found = read_shot(written(tmp_path, name, truth)).path
    assert (FORMATS[name].lens != "none") == (name in BENDS)
    require_same(found, truth if name in BENDS else CameraPath(tuple(c.pinhole for c in truth.cameras)))


@every_format
def test_a_camera_that_stands_still(tmp_path: Path, name: str) -> None:
    needs(name)
    truth = any_path(name, 7, 6, still=True)
    assert truth.is_locked_off
    require_same(read_shot(written(tmp_path, name, truth)).path, truth)


@every_format
def test_a_camera_for_a_plate(tmp_path: Path, name: str) -> None:
    needs(name)
    truth = any_path(name)
    file = written(tmp_path, name, truth)
    require_same(read_camera(file, hw=HW, num_frames=4), truth)
    half = read_camera(file, hw=(540, 960), num_frames=4)
    require_same(half, truth.resized((540, 960)))
    with pytest.raises(InputError, match="holds 4 cameras and the plate has 5 frames"):
        read_camera(file, hw=HW, num_frames=5)
    with pytest.raises(InputError, match="shapes must agree"):
        read_camera(file, hw=(1920, 1080), num_frames=4)


angle = st.one_of(st.floats(-400, 400), st.sampled_from([0.0, 90.0, -90.0, 180.0, 89.9999999, 90.0000001, 270.0]))


@given(st.tuples(angle, angle, angle), st.sampled_from(["XYZ", "YXZ", "ZXY", "XZY", "YZX", "ZYX"]))
@example((90.0, 30.0, 40.0), "YXZ")
def test_angles_are_exact_also_where_axes_fall_together(degrees: tuple[float, float, float], product: str) -> None:
    turn = rotation_from_angles(degrees, product)
    assert np.abs(rotation_from_angles(angles_of([turn], product)[0], product) - turn).max() < 1e-12


def test_angles_do_not_jump_by_a_turn() -> None:
    found = angles_of([rotation_about("Y", a) for a in range(0, 720, 20)], "YXZ")
    assert np.allclose(np.diff(found[:, 1]), 20)


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
        _refused(tmp_path, f"camera model {model} is more than radial; undistort")
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


# What a format cannot hold is refused and not bent.


@every_format
def test_what_a_format_cannot_hold(tmp_path: Path, name: str) -> None:
    uneven, beside = any_path("json"), any_path("nuke")
    for limit, path, words in ((SQUARE, uneven, "square pixels only"), (CENTRED, beside, "principal point")):
        if name in limit:
            with pytest.raises(InputError, match=words) as refusal:
                written(tmp_path, name, path)
            assert "\n" not in str(refusal.value)
            assert not (tmp_path / NAMES[name]).exists()
    skewed = Camera(HW, np.array([[900, 5, 960], [0, 900, 540], [0, 0, 1.0]]), np.eye(4))
    with pytest.raises(InputError, match="fx, fy, cx, cy alone and frame 0"):
        written(tmp_path, name, CameraPath((skewed,)))


@every_format
def test_a_rate_that_must_be_said(tmp_path: Path, name: str) -> None:
    file = tmp_path / NAMES[name]
    if name in {"json", "nuke", "usd", "blender", "after-effects"}:
        with pytest.raises(InputError, match="add --rate"):
            write_camera(file, any_path(name), None, format_name=name)
    else:
        write_camera(file, any_path(name), None, format_name=name)
        assert read_shot(file).rate is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"film_back_mm": 0}, "film back must be a positive width"),
        ({"film_back_mm": float("nan")}, "film back must be a positive width"),
        ({"first_frame": -1}, "0 or more"),
        ({"format_name": "fbx"}, "choose one of json"),
    ],
)
def test_options_that_make_no_sense(tmp_path: Path, options: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        write_camera(tmp_path / "a.nk", any_path("nuke"), RATE, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("file", ["a.fbx", "a.abc", "noending"])
def test_a_name_that_is_no_camera(tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_text("?")
    with pytest.raises(InputError, match=r"NAME\.nk"):
        read_shot(tmp_path / file)


@every_format
def test_no_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / NAMES[name]
    if name.startswith("colmap"):
        file.mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        read_shot(file)


# Bad input: a good file, spoilt in one place.

Spoil = Callable[[str], str]


def _swap(old: str, new: str, count: int = 1) -> Spoil:
    def spoil(text: str) -> str:
        assert re.search(old, text)
        return re.sub(old, new, text, count=count)

    return spoil


def _pose(new: str) -> Callable[[str], str]:
    def spoil(text: str) -> str:
        data = json.loads(text)
        key = "camera_to_world" if "camera_to_world" in data["frames"][1] else "transform_matrix"
        m = np.array(data["frames"][1][key])
        data["frames"][1][key] = {
            "nan": m * np.nan,
            "zero": m * [[0], [0], [0], [1]],
            "mirrored": m @ np.diag([1, 1, -1, 1]),
            "rows": m[:3],
        }[new].tolist()
        return json.dumps(data)

    return spoil


def _data(change: Callable[[dict], object]) -> Spoil:
    def spoil(text: str) -> str:
        data = json.loads(text)
        change(data)
        return json.dumps(data)

    return spoil


N = r"-?[\d.]+(?:e-?\d+)?"
BAD = [
    ("json", _data(lambda d: d.update(convention="opengl")), "convention must be"),
    ("json", _data(lambda d: d["frames"][2].update(frame=7)), "frame 2 is missing"),
    ("json", _data(lambda d: d.update(fps=0)), "frames a second"),
    ("transforms", _pose("nan"), "finite"),
    ("transforms", _pose("zero"), "orthonormal"),
    ("transforms", _pose("mirrored"), "right-handed"),
    ("transforms", _pose("rows"), "4 x 4, got 3 x 4"),
    ("transforms", _data(lambda d: d.update(k3=0.1, w=1920)), "its lens is more than k1, k2"),
    ("transforms", _data(lambda d: d.update(k1=-900.0, w=1920)), "show every pixel of the picture once"),
    ("json", _data(lambda d: d["frames"][1].update(k1=float("nan"))), "must be finite"),
    ("nuke", _swap(r" name Cyc", " cyclorama_k1 {-900}\n name Cyc"), "show every pixel of the picture once"),
    ("transforms", _data(lambda d: d.update(camera_model="OPENCV_FISHEYE")), "camera model"),
    ("transforms", _data(lambda d: d["frames"][1].update(fl_x=0)), "focal lengths must be positive"),
    ("transforms", _data(lambda d: d["frames"].pop(1)), "frame 1 is missing"),
    ("transforms", _data(lambda d: d["frames"][1].update(file_path="images/0000.png")), "frame 0 is there twice"),
    ("transforms", _data(lambda d: d["frames"][1].pop("file_path")), "lacks 'file_path'"),
    ("transforms", _data(lambda d: d["frames"][1].update(file_path="pic.png")), "no frame number"),
    ("chan", _swap(rf"\n2 ({N})", "\n2 nan"), "finite"),
    ("chan", _swap(rf"\n2 .* ({N})\n", "\n2 0 0 0 0 0 0 0\n"), "field of view"),
    ("chan", _swap(rf"\n2 .* ({N})\n", "\n2 0 0 0 0 0 0\n"), "8 columns, got 7"),
    ("chan", _swap(r"\n2 .*\n", "\n"), "frame 2 is missing"),
    ("chan", _swap(r"\n2 (\S+ \S+ \S+) \S+", r"\n2 \1 inf"), "finite"),
    ("chan", _swap(r"at 24000/1001", "at 24000/0"), "Fraction"),
    ("transforms", _data(lambda d: (d["frames"][1].pop("fl_x"), d.update(camera_angle_x=0))), "finite"),
    ("json", _data(lambda d: d["frames"][1]["camera_to_world"][0].__setitem__(0, 1e300)), "orthonormal"),
    ("chan", _swap(r"\n2 ", "\n2.5 "), "whole numbers"),
    ("nuke", _swap(r"haperture \S+", "haperture 0"), "haperture must be positive"),
    ("nuke", _swap(rf"focal \{{\{{curve x1 {N}", "focal {{curve x1 0"), "focal lengths must be positive"),
    ("nuke", _swap(rf"x2 {N}", "x2 nan"), "finite"),
    ("nuke", _swap(rf" x2 {N}", "", 0), "frame 2 is missing"),
    ("nuke", _swap(rf" x2 {N}", ""), "frame 2 is missing"),
    ("nuke", _swap(r"rot_order ZXY", "rot_order ABC"), "rot_order"),
    ("nuke", _swap(r"rot_order ZXY", "rot_order ZXY\n useMatrix true"), "useMatrix"),
    ("nuke", _swap(r"rot_order ZXY", "rot_order ZXY\n win_scale {2 2}"), "win_scale must be 1 1"),
    ("nuke", _swap(r"focal \{.*\}", "focal {{parent.other.focal * 2}}"), "expression"),
    ("nuke", _swap(r"Camera2 \{", "Grade {"), "0 cameras"),
    ("nuke", _swap(r"1080 1 plate", "1080 2 plate"), "square"),
    ("nuke", _swap(r"\}\n$", ""), "not closed"),
    ("blender", _swap(r"import bpy\n", "import bpy (\n"), "no Python"),
    ("blender", _swap(r"FRAMES = ", "FRAMES = list or "), "Blender script of ours"),
    ("blender", _swap(r"FILM_BACK_MM = \S+", "FILM_BACK_MM = 0"), "film back"),
    ("blender", _swap(r"= \[\n.*\n", "= [\n (0, 0, 0, 0, 0, 0, 0, 20, 0, 0),\n"), "zero norm"),
    ("blender", _swap(r"= \[\n.*\n", "= [\n (0, 0, 0, 1, 0, 0, 0, 0, 0, 0),\n"), "focal lengths must be"),
    ("after-effects", _swap(r"(Zoom\r?\n.*\n\t0\t)\S+", r"\g<1>0"), "focal lengths must be"),
    ("after-effects", _swap(r"\t1\t\S+\t\S+\t\S+\t\r?\n", ""), "different frames|missing"),
    ("after-effects", _swap(r"Transform\tPosition", "Transform\tX Rotation"), "X Rotation"),
    ("after-effects", _swap(r"Source Pixel Aspect Ratio\t1", "Source Pixel Aspect Ratio\t2"), "square"),
    ("after-effects", _swap(r"^Adobe", "Adope"), "begin"),
    ("after-effects", _swap(r"Camera Options", "Camera"), "lacks"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "spoil", "words"), BAD)
def test_bad_input(tmp_path: Path, name: str, spoil: Spoil, words: str) -> None:
    file = written(tmp_path, name, any_path(name))
    read_shot(file)
    file.write_text(spoil(file.read_text()))
    _refused(file, words)


def _refused(file: Path, words: str) -> None:
    with pytest.raises(InputError, match=words) as refusal:
        read_shot(file)
    sentence = str(refusal.value)
    assert sentence.startswith(f"{file}: ")
    assert "\n" not in sentence
    assert len(sentence) < len(str(file)) + 450


@pytest.mark.parametrize(
    ("part", "spoil", "words"),
    [
        ("cameras", _swap("PINHOLE", "OPENCV_FISHEYE"), "must have 8 parameters|radial"),
        ("cameras", _swap(rf"PINHOLE 1920 1080 {N} {N}", "PINHOLE 1920 1080 0 0"), "focal lengths must be positive"),
        ("cameras", _swap(rf"PINHOLE 1920 1080 {N}", "PINHOLE 1920 1080 nan"), "finite"),
        ("cameras", _swap(r"\n2 PINHOLE", "\n9 PINHOLE"), "lacks 2"),
        ("images", _swap(rf"\n1 {N} {N} {N} {N}", "\n1 0 0 0 0"), "length 1"),
        ("images", _swap(rf"\n1 {N}", "\n1 nan"), "length 1"),
        ("images", _swap(r"0002\.png", "0009.png"), "frame 2 is missing"),
        ("images", _swap(r" 0002\.png", ""), "COLMAP model"),
    ],
)
def test_bad_colmap_text(tmp_path: Path, part: str, spoil: Spoil, words: str) -> None:
    folder = written(tmp_path, "colmap", any_path("colmap"))
    file = folder / f"{part}.txt"
    file.write_text(spoil(file.read_text()))
    _refused(folder, words)


@pytest.mark.parametrize("part", ["cameras", "images"])
@pytest.mark.parametrize("share", [0, 0.3, 0.7, 0.99])
def test_colmap_binary_cut_off(tmp_path: Path, part: str, share: float) -> None:
    folder = written(tmp_path, "colmap-binary", any_path("colmap"))
    data = (folder / f"{part}.bin").read_bytes()
    (folder / f"{part}.bin").write_bytes(data[: int(share * len(data))])
    _refused(folder, "cut off")


def test_colmap_in_both_forms_is_not_guessed(tmp_path: Path) -> None:
    folder = written(tmp_path, "colmap", any_path("colmap"))
    write_camera(folder, any_path("colmap"), RATE, format_name="colmap-binary")
    _refused(folder, "remove one of them")


@pytest.mark.parametrize("name", ["chan", "nuke", "blender", "after-effects", "json"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01", b"hello {world\n", b"[1, 2]"])
def test_what_is_none_at_all(tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / NAMES[name]
    file.write_bytes(content)
    with pytest.raises(InputError) as refusal:
        read_shot(file, size=HW)
    assert "this is no" in str(refusal.value)


def test_rates_that_no_decimal_holds(tmp_path: Path) -> None:
    for rate in (Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25), Fraction(25, 2), Fraction(48)):
        for name in SAYS_RATE - {"usd"}:
            write_camera(tmp_path / NAMES[name], any_path(name), rate, format_name=name)
            assert read_shot(tmp_path / NAMES[name]).rate == rate


def test_a_convention_may_name_units_beside_its_axes(tmp_path: Path) -> None:
    file = tmp_path / "camera.json"
    pose = np.eye(4).tolist()
    frame = {"frame": 0, "fx": 400.0, "fy": 400.0, "cx": 200.0, "cy": 100.0, "camera_to_world": pose}
    data = {"convention": "opencv camera_to_world, metres, pixels", "width": 400, "height": 200, "frames": [frame]}
    file.write_text(json.dumps(data))
    assert len(read_camera(file, hw=(200, 400), num_frames=1)) == 1
