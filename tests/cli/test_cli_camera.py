"""``cyc camera``: one file in, another out; what was assumed is said, what cannot be is refused and leaves nothing."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from cli_help import Case, cyc, listing, refused, replace

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.matchmove import camera_json, read_shot
from cyclorama.matchmove.camera_axes import rotation_about


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A folder with a camera of 8 frames that pans and trucks to the right."""
    poses = [rigid(rotation_about("Y", 10 + x), np.array([x / 10, -0.2, 0.3])) for x in range(8)]
    cameras = [Camera.from_focal(hw=(120, 214), focal_px=200, world_from_camera=pose) for pose in poses]
    (tmp_path / "camera.json").write_text(camera_json(CameraPath(tuple(cameras)), Fraction(24)))
    return tmp_path


def test_from_every_format_to_the_next(scene: Path) -> None:
    """The camera goes round and comes home."""
    steps = ["a.nk", "b.chan", "transforms.json", "model", "c.py", "d.txt", "home.json"]
    before = scene / "camera.json"
    for name in steps:
        extra = ["--rate=24"] if before.name == "model" else []
        ran = cyc("camera", before, "-o", scene / name, *extra)
        assert ran.exit_code == 0, ran.stderr
        assert f"{name}: 8 frames in" in ran.stdout
        before = scene / name
    truth, found = read_shot(scene / "camera.json"), read_shot(before)
    assert (found.rate, found.first_frame, found.path.hw) == (truth.rate, truth.first_frame, truth.path.hw)
    for ours, real in zip(found.path.cameras, truth.path.cameras):
        assert np.allclose(ours.world_from_camera, real.world_from_camera, atol=1e-6)
        assert np.allclose(ours.px_from_cam, real.px_from_cam, rtol=1e-6)
    assert not [p for p in scene.iterdir() if p.name.startswith(".")]


def test_what_was_assumed_is_said(scene: Path) -> None:
    ran = cyc("camera", scene / "camera.json", "-o", scene / "a.nk")
    assert "note: frame 0 of the input is frame 1 of the output (--first-frame)" in ran.stderr
    assert "note: the film back was taken to be 36 mm wide (--film-back)" in ran.stderr
    ran = cyc(
        "camera", scene / "camera.json", "-o", scene / "b.nk", "--first-frame=1001", "--film-back=24.89", "--json"
    )
    facts = json.loads(ran.stdout.splitlines()[-1])
    assert (facts["first_frame"], facts["format"], facts["size"], facts["frames"]) == (1001, "nuke", [214, 120], 8)
    assert facts["assumed"] == ["frame 0 of the input is frame 1001 of the output (--first-frame)"]
    assert " haperture 24.89\n" in (scene / "b.nk").read_text()
    assert " first_frame 1001\n" in (scene / "b.nk").read_text()


def test_a_format_over_that_of_the_name(scene: Path) -> None:
    assert cyc("camera", scene / "camera.json", "-o", scene / "m", "--format=colmap-binary").exit_code == 0
    assert sorted(p.name for p in (scene / "m").iterdir()) == ["cameras.bin", "images.bin", "points3D.bin"]
    # the other form over it: the first would be read in its place, so it goes
    assert cyc("camera", scene / "camera.json", "-o", scene / "m", "--overwrite").exit_code == 0
    assert sorted(p.name for p in (scene / "m").iterdir()) == ["cameras.txt", "images.txt", "points3D.txt"]


def test_sizes_and_rates_that_the_input_lacks(scene: Path) -> None:
    (scene / "bare.chan").write_text("1 0 0 0 0 0 0 45\n2 0 0 1 0 0 0 45\n")
    out = scene / "new.json"
    assert "--size" in refused(scene, scene / "bare.chan", "-o", out, command="camera")
    assert "--rate" in refused(scene, scene / "bare.chan", "-o", out, "--size=1920x1080", command="camera")
    ran = cyc("camera", scene / "bare.chan", "-o", out, "--size=1920x1080", "--rate=23.976")
    assert ran.exit_code == 0, ran.stderr
    assert (str(read_shot(out).rate), read_shot(out).path.hw) == ("24000/1001", (1080, 1920))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["HERE/none.json", "-o", "HERE/a.nk"], "cannot be read"),
        (["HERE/camera.json", "-o", "HERE/a.fbx"], "no camera format is called .fbx"),
        (["HERE/camera.json", "-o", "HERE/a.nk", "--format=fbx"], "choose one of json"),
        (["HERE/camera.json", "-o", "HERE/taken.nk"], "--overwrite"),
        (["HERE/camera.json", "-o", "HERE/camera.json", "--overwrite"], "must not replace the input"),
        (["HERE/camera.json", "-o", "HERE/none/a.nk"], "must exist"),
        (["HERE/camera.json", "-o", "HERE/model"], "--overwrite"),
        (["HERE/camera.json", "-o", "HERE/model/", "--format=nuke", "--overwrite"], "must be a file"),
        (["HERE/camera.json", "-o", "HERE/taken.nk", "--format=colmap", "--overwrite"], "must be a folder"),
        (["HERE/camera.json", "-o", "HERE/a.nk", "--film-back=0"], "film back"),
        (["HERE/camera.json", "-o", "HERE/a.nk", "--first-frame=-1"], "0 or more"),
        (["HERE/camera.json", "-o", "HERE/a.nk", "--rate=fast"], "frames a second"),
        (["HERE/camera.json", "-o", "HERE/a.nk", "--rate=30"], "leave --rate out"),
        (["HERE/camera.json", "-o", "HERE/a.nk", "--size=1920"], "WIDTHxHEIGHT"),
        (["HERE/camera.json", "-o", "HERE/a.nk", "--size=1920x1080"], "leave --size out"),
        (["HERE/nan.json", "-o", "HERE/a.nk"], "finite"),
    ],
)
def test_refusals(scene: Path, arguments: list[str], words: str) -> None:
    (scene / "taken.nk").write_text("an older camera")
    (scene / "nan.json").write_text((scene / "camera.json").read_text().replace('"fx": ', '"fx": NaN, "was": ', 1))
    (scene / "model").mkdir()
    (scene / "model" / "cameras.bin").write_bytes(b"an older model")
    arguments = [a.replace("HERE", str(scene)) for a in arguments]
    if "--rate=fast" in arguments or "--size=1920" in arguments:
        ran = cyc("camera", *arguments)
        assert ran.exit_code == 2
        assert words in " ".join(ran.stderr.split())
        assert "a.nk" not in listing(scene)
        return
    assert words in refused(scene, *arguments, command="camera")


@pytest.mark.long
def test_a_shot_with_a_camera_from_nuke(case: Case, tmp_path: Path) -> None:
    """``cyc replace`` takes what ``cyc camera`` reads."""
    assert cyc("camera", case.folder / "camera.json", "-o", tmp_path / "camera.nk").exit_code == 0
    common = [case.plate, *case.references[::2], f"--matte={case.folder}/binary", "--frames=0:2"]
    kept = tmp_path / "work" / "camera.json"
    ran = replace(*common, f"--camera={tmp_path}/camera.nk", "-o", tmp_path / "a.mp4", "--work", kept.parent)
    assert ran.exit_code == 0, ran.stderr
    truth = read_shot(case.folder / "camera.json").path
    assert np.allclose(read_shot(kept).path.centers, truth.centers, atol=1e-9)
    (tmp_path / "bad.chan").write_text("1 0 0 0 0 0 0 45\n")
    bad = replace(*common, f"--camera={tmp_path}/bad.chan", "-o", tmp_path / "b.mp4")
    assert (bad.exit_code, "holds 1 cameras and the plate has 8 frames" in bad.stderr) == (2, True)
