"""What no camera file may hold, and bad camera files: one sentence each."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from camera_cases import (
    CENTRED,
    HW,
    NAMES,
    RATE,
    SQUARE,
    any_path,
    require_refused,
    written,
)

from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.errors import InputError
from cyclorama.matchmove import read_shot, write_camera

every_format = pytest.mark.parametrize("name", NAMES)


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
    require_refused(file, words)


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
    require_refused(folder, words)


@pytest.mark.parametrize("part", ["cameras", "images"])
@pytest.mark.parametrize("share", [0, 0.3, 0.7, 0.99])
def test_colmap_binary_cut_off(tmp_path: Path, part: str, share: float) -> None:
    folder = written(tmp_path, "colmap-binary", any_path("colmap"))
    data = (folder / f"{part}.bin").read_bytes()
    (folder / f"{part}.bin").write_bytes(data[: int(share * len(data))])
    require_refused(folder, "cut off")


def test_colmap_in_both_forms_is_not_guessed(tmp_path: Path) -> None:
    folder = written(tmp_path, "colmap", any_path("colmap"))
    write_camera(folder, any_path("colmap"), RATE, format_name="colmap-binary")
    require_refused(folder, "remove one of them")


@pytest.mark.parametrize("name", ["chan", "nuke", "blender", "after-effects", "json"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01", b"hello {world\n", b"[1, 2]"])
def test_what_is_none_at_all(tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / NAMES[name]
    file.write_bytes(content)
    with pytest.raises(InputError) as refusal:
        read_shot(file, size=HW)
    assert "this is no" in str(refusal.value)
