"""A panorama drawn against directions that can be worked out."""

import cv2
import numpy as np
import pytest

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.lens import Lens
from cyclorama.scenery import build_sphere, draw, is_panorama

HW, FOCAL = (90, 160), 120.0
MIDDLE = (HW[0] // 2, HW[1] // 2)


def camera(yaw_deg: float = 0.0, pitch_deg: float = 0.0, focal: float = FOCAL, lens: Lens | None = None) -> Camera:
    yaw, pitch = np.radians([yaw_deg, pitch_deg])
    turn = cv2.Rodrigues(np.array([0, yaw, 0]))[0] @ cv2.Rodrigues(np.array([pitch, 0, 0]))[0]
    px_from_cam = np.array([[focal, 0, HW[1] / 2], [0, focal, HW[0] / 2], [0, 0, 1]])
    return Camera(HW, px_from_cam, rigid(turn, np.array([3.0, -1.0, 2.0])), lens or Lens())


def directions(hw: tuple[int, int]) -> np.ndarray:
    """Unit vectors of an equirectangular picture: x right, y down, z at its middle."""
    lat = ((np.arange(hw[0]) + 0.5) / hw[0] - 0.5)[:, None] * np.pi
    lon = ((np.arange(hw[1]) + 0.5) / hw[1] - 0.5)[None] * 2 * np.pi
    return np.stack(np.broadcast_arrays(np.cos(lat) * np.sin(lon), np.sin(lat), np.cos(lat) * np.cos(lon)), -1)


def world(rays: np.ndarray) -> np.ndarray:
    """A smooth colour of every direction."""
    unit = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    return (0.5 + 0.4 * np.sin(5 * unit + np.array([0.3, 1.1, 2.0]))).astype(np.float32)


def seen(at: Camera) -> np.ndarray:
    h, w = HW
    u, v = np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5)
    rays = at.unproject(np.stack([u.ravel(), v.ravel()], 1), np.ones(h * w)) - at.center
    return world(rays).reshape(h, w, 3)


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (180, 0), (-179.5, 30), (77, 89), (10, -88), (300, -20)])
@pytest.mark.parametrize("lens", [Lens(), Lens(-0.1, 0.02)])
def test_every_direction_is_where_the_camera_sees_it(yaw: float, pitch: float, lens: Lens) -> None:
    """Over the seam and the poles too; wherever the camera stands."""
    path = CameraPath((camera(), camera(yaw, pitch, lens=lens)))
    drawn = draw(build_sphere(world(directions((512, 1024))), path, 0), path[1], 1.0)
    assert np.abs(drawn.color - seen(path[1])).max() < 2e-3
    assert drawn.coverage.all()
    assert not drawn.inverse_depth.any()


@pytest.mark.parametrize(("look_at", "ray"), [((90, 0), (1, 0, 0)), ((180, 0), (0, 0, -1)), ((0, 45), (0, -1, 1))])
def test_it_looks_first_where_it_is_told(look_at: tuple[float, float], ray: tuple[float, float, float]) -> None:
    """However the camera itself is turned at that frame."""
    path = CameraPath((camera(), camera(33, -12)))
    sphere = build_sphere(world(directions((512, 1024))), path, 1, look_at)
    drawn = draw(sphere, path[1], 1.0).color[MIDDLE[0] - 1 : MIDDLE[0] + 1, MIDDLE[1] - 1 : MIDDLE[1] + 1].mean((0, 1))
    assert np.abs(drawn - world(np.array(ray, float))).max() < 2e-3


def test_what_is_right_in_the_picture_is_right_in_the_shot() -> None:
    image = np.zeros((256, 512, 3), np.float32)
    image[:, 270:300] = (1, 0, 0)
    image[100:110, 200:256] = (0, 1, 0)
    path = CameraPath((camera(),))
    drawn = draw(build_sphere(image, path, 0), path[0], 0.0).color
    assert drawn[:, 85:, 0].max() > 0.9
    assert drawn[:, :80, 0].max() < 0.01
    assert drawn[: HW[0] // 2, :, 1].max() > 0.9
    assert drawn[HW[0] // 2 :, :, 1].max() < 0.01


@pytest.mark.parametrize("pitch", [0, 60, -85])
def test_a_fine_panorama_does_not_alias(pitch: float) -> None:
    """Noise far finer than the plate's pixels averages out, towards the poles too, and never crawls."""
    image = np.random.default_rng(0).random((1024, 2048, 3)).astype(np.float32)
    path = CameraPath((camera(0, pitch, 60.0), camera(0.2, pitch, 60.0)))
    sphere = build_sphere(image, path, 0, (0, pitch))
    one, two = (draw(sphere, c, 0.0).color for c in path.cameras)
    assert one[:, 60:100].std() < 0.3 / 3
    assert np.abs(one - two).mean() < 0.02
    assert abs(float(one.mean()) - 0.5) < 0.01


def test_a_zoom_takes_a_size_for_each_focal_length() -> None:
    image = world(directions((1024, 2048)))
    path = CameraPath(tuple(camera(5 * i, focal=f) for i, f in enumerate((40.0, 75.0, 110.0, 320.0))))
    sphere = build_sphere(image, path, 0)
    assert len(sphere.images) > 2
    for index, at in enumerate(path.cameras):
        assert np.abs(draw(sphere, at, float(index)).color - seen_from(sphere.world_from_sphere, at)).max() < 0.012


def seen_from(turn: np.ndarray, at: Camera) -> np.ndarray:
    moved = rigid(turn.T @ at.world_from_camera[:3, :3], np.zeros(3))
    return seen(Camera(HW, at.px_from_cam, moved))


@pytest.mark.parametrize("light", [0.8, 500.0])
def test_bright_light_stays_and_does_not_ring(light: float) -> None:
    """A lamp on a wall: nothing beside it is darker than half the wall."""
    image = np.full((256, 512, 3), 0.2, np.float32)
    image[124:132, 250:262] = light
    path = CameraPath((camera(1.7, 0.6),))
    sphere = build_sphere(image, CameraPath((camera(),)), 0)
    drawn = draw(sphere, path[0], 0.0).color
    assert drawn.max() > 0.9 * light
    assert drawn.min() > 0.1


def picture(hw: tuple[int, int], seed: int = 0) -> np.ndarray:
    soft = cv2.GaussianBlur(np.random.default_rng(seed).random((*hw, 3), np.float32), (0, 0), 4.0)
    return ((soft - soft.min()) / (soft.max() - soft.min())).astype(np.float32)


def test_a_panorama_is_told_from_a_picture() -> None:
    round_about = world(directions((128, 256)))
    assert is_panorama(round_about)
    assert not is_panorama(round_about[:, :200])
    assert not is_panorama(np.ascontiguousarray(round_about[32:96, 64:192]))
    assert not is_panorama(picture((128, 256)))
    assert not is_panorama(np.full((128, 256, 3), 0.4, np.float32))
    noisy = np.clip(round_about + np.random.default_rng(1).normal(0, 0.02, round_about.shape), 0, 1)
    assert is_panorama(noisy.astype(np.float32))
