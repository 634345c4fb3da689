"""What other programs see through the cameras that we write: their own readers where they are installed, else the
arithmetic that they document. All of them must see the same points at the same pixels as we do."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from camera_cases import HW, any_path, require_same, written

from cyclorama.core.camera import Camera, CameraPath
from cyclorama.matchmove import read_shot
from cyclorama.matchmove.camera_axes import Y_UP, Z_UP

H, W = HW


def seen(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Points of our world before the camera, and their pixels."""
    rng = np.random.default_rng(3)
    px = rng.uniform([0, 0], [W, H], (20, 2))
    return camera.unproject(px, rng.uniform(2, 20, 20)), px


def pixels_from_window(window: np.ndarray) -> np.ndarray:
    """x, y from -1 to 1 across the picture, y up, to pixels."""
    return (window[:, :2] * [1, -1] + 1) / 2 * [W, H]


with_and_without_a_lens = pytest.mark.parametrize("bent", [False, True], ids=["straight", "bent"])


@with_and_without_a_lens
@pytest.mark.parametrize("name", ["colmap", "colmap-binary"])
def test_pycolmap(tmp_path: Path, name: str, bent: bool) -> None:
    pycolmap = pytest.importorskip("pycolmap")
    truth = any_path(name, bent=bent)
    model = pycolmap.Reconstruction(str(written(tmp_path, name, truth)))
    images = sorted(model.images.values(), key=lambda image: image.name)
    assert [image.name for image in images] == [f"{n:04d}.png" for n in range(4)]
    for image, camera in zip(images, truth.cameras):
        points, px = seen(camera)
        assert np.abs(image.cam_from_world().matrix() - camera.camera_from_world[:3]).max() < 1e-9
        assert np.abs(np.stack([image.project_point(p) for p in points]) - px).max() < 1e-6


@with_and_without_a_lens
@pytest.mark.parametrize("form", ["text", "binary"])
def test_a_model_that_pycolmap_wrote(tmp_path: Path, form: str, bent: bool) -> None:
    pycolmap = pytest.importorskip("pycolmap")
    truth = any_path("colmap", bent=bent)
    model = pycolmap.Reconstruction(str(written(tmp_path, "colmap", truth)))
    (tmp_path / "theirs").mkdir()
    getattr(model, f"write_{form}")(str(tmp_path / "theirs"))
    require_same(read_shot(tmp_path / "theirs").path, truth)


def test_usd_core(tmp_path: Path) -> None:
    pytest.importorskip("pxr")
    from pxr import Usd, UsdGeom

    truth = any_path("usd")
    stage = Usd.Stage.Open(str(written(tmp_path, "usd", truth, first_frame=1001)))
    assert (stage.GetStartTimeCode(), stage.GetEndTimeCode()) == (1001, 1004)
    assert stage.GetTimeCodesPerSecond() == pytest.approx(24000 / 1001, rel=1e-12)
    metres = UsdGeom.GetStageMetersPerUnit(stage)
    for index, camera in enumerate(truth.cameras):
        frustum = UsdGeom.Camera(stage.GetDefaultPrim()).GetCamera(1001 + index).frustum
        view = np.array(frustum.ComputeViewMatrix() * frustum.ComputeProjectionMatrix())
        points, px = seen(camera)
        clip = np.column_stack([points @ Y_UP.T / metres, np.ones(len(points))]) @ view
        assert np.abs(pixels_from_window(clip[:, :3] / clip[:, 3:]) - px).max() < 1e-6 * W


def test_usd_of_another_program(tmp_path: Path) -> None:
    """A z-up stage in metres, the camera under a moving parent, its aperture in tenths of a metre, no size."""
    pytest.importorskip("pxr")
    file = tmp_path / "other.usda"
    file.write_text(
        '#usda 1.0\n(\n    metersPerUnit = 1\n    upAxis = "Z"\n    startTimeCode = 10\n    endTimeCode = 11\n)\n'
        'def Xform "rig"\n{\n    double3 xformOp:translate.timeSamples = { 10: (0, 0, 2), 11: (0, 5, 2) }\n'
        '    uniform token[] xformOpOrder = ["xformOp:translate"]\n'
        '    def Camera "cam"\n    {\n        float focalLength = 0.5\n        float horizontalAperture = 0.36\n'
        "        float verticalAperture = 0.2025\n        double xformOp:rotateX = 90\n"
        '        uniform token[] xformOpOrder = ["xformOp:rotateX"]\n    }\n}\n'
    )
    shot = read_shot(file, size=HW)
    assert (shot.first_frame, shot.rate) == (10, 24)
    assert np.allclose(shot.path.centers, [[0, -2, 0], [0, -2, 5]])
    assert np.allclose(shot.path[0].world_from_camera[:3, :3], np.eye(3))
    assert np.allclose(shot.path[0].px_from_cam[[0, 1], [0, 1]], 0.5 / 0.36 * W, rtol=1e-6)


@pytest.mark.parametrize("name", ["chan", "nuke", "blender", "after-effects"])
def test_square_pixels_are_still_square_after_usd(tmp_path: Path, name: str) -> None:
    """USD's 32 bits are no reason to refuse a camera that it gave back."""
    pytest.importorskip("pxr")
    for seed in range(10):
        truth = any_path(name, seed)
        back = read_shot(written(tmp_path, "usd", truth, film_back_mm=24.89)).path
        require_same(read_shot(written(tmp_path, name, back)).path, truth)


def test_bad_usd(tmp_path: Path) -> None:
    pytest.importorskip("pxr")
    file = written(tmp_path, "usd", any_path("usd"))
    good = file.read_text()
    number = r"-?[\d.e-]+"
    for pattern, new, words in (
        (r'def Camera "Camera"', 'def Xform "Camera"', "0 cameras"),
        ('"perspective"', '"orthographic"', "orthographic"),
        (r"horizontalAperture = \S+", "horizontalAperture = 0", "apertures must be positive"),
        (rf"(focalLength.timeSamples = \{{\s*1:) {number}", r"\1 0", "focal lengths must be positive"),
        (rf"\(\({number}", "((7.5", "orthonormal"),
        (rf"\(\({number}", "((nan", "finite"),
        (rf"\(\(({number}), ({number}), ({number}), 0.0\)", "((0.0, 0.0, 0.0, 0.0)", "orthonormal"),
        ("endTimeCode = 4", "endTimeCode = 0", "forward"),
        ("#usda 1.0", "#usda", "USD cannot open it"),
    ):
        assert re.search(pattern, good), pattern
        file.write_text(re.sub(pattern, new, good, count=1))
        with pytest.raises(ValueError, match=words) as refusal:
            read_shot(file)
        assert str(refusal.value).startswith(f"{file}: this is no USD camera") or words == "orthographic"
        assert "\n" not in str(refusal.value)


def test_blender_itself(tmp_path: Path) -> None:
    """Blender keeps 32 bits."""
    bpy = pytest.importorskip("bpy")
    from bpy_extras.object_utils import world_to_camera_view
    from mathutils import Vector

    truth = any_path("blender")
    file = written(tmp_path, "blender", truth, first_frame=1001)
    exec(compile(file.read_text(), str(file), "exec"), {})
    scene = bpy.context.scene
    assert (scene.frame_start, scene.frame_end) == (1001, 1004)
    assert scene.render.fps / scene.render.fps_base == pytest.approx(24000 / 1001, rel=1e-6)
    for index, camera in enumerate(truth.cameras):
        scene.frame_set(1001 + index)
        points, px = seen(camera)
        views = [world_to_camera_view(scene, scene.camera, Vector(p)) for p in (points @ Z_UP.T).tolist()]
        assert np.abs([[v.x * W - x, (1 - v.y) * H - y] for v, (x, y) in zip(views, px)]).max() < 0.05


def test_nuke_as_documented(tmp_path: Path) -> None:
    """The camera's matrix is T Ry Rx Rz; a picture is haperture wide; the window moves by half widths."""
    for seed in range(5):
        camera = any_path("nuke", seed, 1)[0]
        text = written(tmp_path, "nuke", CameraPath((camera,)), film_back_mm=24.576).read_text()
        lines = re.findall(r"^ (\w+) \{?([-\d. e]+)\}?$", text, re.MULTILINE)
        knobs = {name: [float(word) for word in words.split()] for name, words in lines}
        rx, ry, rz = np.radians(knobs["rotate"])
        (cx, sx), (cy, sy), (cz, sz) = ((np.cos(a), np.sin(a)) for a in (rx, ry, rz))
        turn = (
            np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
            @ np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
            @ np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
        )
        points, px = seen(camera)
        x, y, z = ((points @ Y_UP.T - knobs["translate"]) @ turn).T
        zoom = 2 * knobs["focal"][0] / knobs["haperture"][0]
        u, v = zoom * x / -z - knobs["win_translate"][0], zoom * y / -z - knobs["win_translate"][1]
        assert np.abs(np.column_stack([(1 + u) * W / 2, H / 2 - v * W / 2]) - px).max() < 1e-6


def test_after_effects_as_documented(tmp_path: Path) -> None:
    """The composition's pixels; orientation Rx Ry Rz; a thing ``zoom`` away is seen in its own size."""
    for seed in range(5):
        camera = any_path("after-effects", seed, 1)[0]
        rows = written(tmp_path, "after-effects", CameraPath((camera,))).read_text().splitlines()
        place, orientation, zoom = (
            np.array([float(word) for word in row.split()[1:]]) for row in rows if re.match(r"\t0\t", row)
        )
        (cx, sx), (cy, sy), (cz, sz) = ((np.cos(a), np.sin(a)) for a in np.radians(orientation))
        turn = (
            np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
            @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
            @ np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
        )
        points, px = seen(camera)
        in_comp = points * 100 + [W / 2, H / 2, 0]
        x, y, z = ((in_comp - place) @ turn).T
        assert np.abs(np.column_stack([W / 2 + zoom * x / z, H / 2 + zoom * y / z]) - px).max() < 1e-6


@with_and_without_a_lens
def test_nerfstudio_as_documented(tmp_path: Path, bent: bool) -> None:
    """x right, y up, looking along -z; fl_x, fl_y, cx, cy in pixels; the lens as OpenCV documents it."""
    truth = any_path("transforms", bent=bent)
    data = json.loads(written(tmp_path, "transforms", truth).read_text())
    for frame, camera in zip(data["frames"], truth.cameras):
        points, px = seen(camera)
        pose = np.linalg.inv(np.array(frame["transform_matrix"]))
        x, y, z = (points @ Z_UP.T @ pose[:3, :3].T + pose[:3, 3]).T
        a, b = x / -z, -y / -z
        factor = 1 + frame.get("k1", 0) * (a * a + b * b) + frame.get("k2", 0) * (a * a + b * b) ** 2
        found = np.column_stack([frame["cx"] + frame["fl_x"] * a * factor, frame["cy"] + frame["fl_y"] * b * factor])
        assert np.abs(found - px).max() < 1e-6
