"""Made-up camera paths in every format, for the tests of camera files."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.errors import InputError
from cyclorama.core.lens import STRAIGHT, Lens
from cyclorama.matchmove import read_shot, write_camera
from cyclorama.matchmove.camera_axes import rotation_about

HW = (1080, 1920)
RATE = Fraction(24000, 1001)
NAMES = {
    "json": "camera.json",
    "transforms": "transforms.json",
    "colmap": "text",
    "colmap-binary": "binary",
    "chan": "camera.chan",
    "nuke": "camera.nk",
    "usd": "camera.usda",
    "blender": "camera.py",
    "after-effects": "camera.txt",
}
SQUARE = {"chan", "nuke", "blender", "after-effects"}
CENTRED = {"chan", "after-effects"}
BENDS = {"json", "transforms", "colmap", "colmap-binary", "nuke"}
"""Formats that hold a lens."""
SAYS_RATE = set(NAMES) - {"colmap", "colmap-binary"}


def needs(name: str) -> None:
    """Skips a test whose format is read by a package that is absent."""
    if name == "usd":
        pytest.importorskip("pxr")


def any_lens(rng: np.random.Generator, px_from_cam: np.ndarray) -> Lens:
    """Of up to a tenth of barrel or a third of pincushion in the corner that is farthest off."""
    corners = np.array([[x, y, 1] for x in (0, HW[1]) for y in (0, HW[0])]) @ np.linalg.inv(px_from_cam).T
    far = np.linalg.norm(corners[:, :2], axis=1).max()
    return Lens(rng.uniform(-0.1, 0.3) / far**2, rng.uniform(-0.01, 0.05) / far**4)


def any_path(name: str, seed: int = 0, num_frames: int = 4, still: bool = False, bent: bool = False) -> CameraPath:
    """Turned any way, far off, zooming, its middle off the picture's; as far as the format can hold that. ``bent``:
    through lenses that bend."""
    rng = np.random.default_rng(seed)
    cameras = []
    for index in range(num_frames):
        if not (still and index):
            fx = rng.uniform(300, 6000)
            fy = fx if name in SQUARE else fx * rng.uniform(0.8, 1.2)
            off = (0.0, 0.0) if name in CENTRED else rng.uniform(-200, 200, 2)
            u, _, vt = np.linalg.svd(rng.normal(size=(3, 3)))
            turn = u @ vt * np.sign(np.linalg.det(u @ vt))
            k = np.array([[fx, 0, HW[1] / 2 + off[0]], [0, fy, HW[0] / 2 + off[1]], [0, 0, 1]])
            place = rng.uniform(-50, 50, 3)
            lens = any_lens(rng, k) if bent else STRAIGHT
        cameras.append(Camera(HW, k, rigid(turn, place), lens))
    return CameraPath(tuple(cameras))


def upright(
    pan: float = 0, tilt: float = 0, roll: float = 0, at: tuple[float, float, float] = (0, 0, 0), focal: float = 1600
) -> Camera:
    """Panned to the right, tilted up and rolled clockwise by degrees; ``at`` is right, down and forward."""
    turn = rotation_about("Y", pan) @ rotation_about("X", tilt) @ rotation_about("Z", roll)
    return Camera.from_focal(hw=HW, focal_px=focal, world_from_camera=rigid(turn, np.array(at, float)))


def written(folder: Path, name: str, path: CameraPath, **options: object) -> Path:
    file = folder / NAMES[name]
    write_camera(file, path, RATE, format_name=name, **options)  # type: ignore[arg-type]
    return file


def require_same(found: CameraPath, truth: CameraPath) -> None:
    """To 1e-6: of the picture's width, which is 1e-6 of what a camera sees, and of the largest distance."""
    assert len(found) == len(truth)
    assert found.hw == truth.hw
    far = max(1.0, np.abs(truth.centers).max())
    for ours, real in zip(found.cameras, truth.cameras):
        assert np.abs(ours.px_from_cam - real.px_from_cam).max() < 1e-6 * truth.hw[1]
        assert np.abs(ours.world_from_camera[:3, :3] - real.world_from_camera[:3, :3]).max() < 1e-6
        assert np.abs(ours.center - real.center).max() < 1e-6 * far
        assert (ours.lens.k1, ours.lens.k2) == pytest.approx((real.lens.k1, real.lens.k2), abs=1e-12)


def require_refused(file: Path, words: str) -> None:
    """Reading it is refused in one sentence that names it."""
    with pytest.raises(InputError, match=words) as refusal:
        read_shot(file)
    sentence = str(refusal.value)
    assert sentence.startswith(f"{file}: ")
    assert "\n" not in sentence
    assert len(sentence) < len(str(file)) + 450
