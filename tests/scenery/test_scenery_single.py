"""One picture without depth: made-up places whose horizon, walls and depth are known."""

import cv2
import numpy as np
import pytest

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.display import linear_from_code8
from cyclorama.core.reference import Reference
from cyclorama.scenery import build_backdrop, draw
from cyclorama.scenery.single import CAMERA_HEIGHT, single_place
from cyclorama.scenery.single_box import Box
from cyclorama.scenery.single_lines import directions_of, segments_of
from cyclorama.scenery.single_sky import lowest_row, sky_of

HW, FOCAL = (360, 640), 520.0
UP = np.array([0.0, -1.0, 0.0])
LEFT, RIGHT, TOP, END = 2.0, 3.0, 2.5, 14.0
"""Of a corridor, in camera heights."""


def camera(pitch_deg: float = 0.0, yaw_deg: float = 0.0, x: float = 0.0) -> Camera:
    turn = (
        cv2.Rodrigues(np.array([0, np.radians(yaw_deg), 0]))[0]
        @ cv2.Rodrigues(np.array([np.radians(pitch_deg), 0, 0]))[0]
    )
    return Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=rigid(turn, np.array([x, 0.0, 0.0])))


def rays(view: Camera) -> np.ndarray:
    px = np.stack([a.ravel() + 0.5 for a in np.meshgrid(np.arange(HW[1]), np.arange(HW[0]))], 1)
    return view.unproject(px, np.ones(len(px))) - view.center


def corridor(view: Camera, *, roof: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Panelled walls, slabs and a tiled end: picture, linear, and inverse depth in camera heights."""
    ray, aside = rays(view), view.center[0]
    surfaces = [ray[:, 1], -ray[:, 0] / (LEFT + aside), ray[:, 0] / (RIGHT - aside), ray[:, 2] / END]
    if roof:
        surfaces.append(-ray[:, 1] / TOP)
    inverse = np.stack(surfaces)
    which = inverse.argmax(0)
    nearest = inverse.max(0)
    x, y, z = (ray / nearest[:, None]).T
    x = x + aside
    shade = np.array([90, 150, 170, 120, 70])[which]
    shade = np.where((which == 4) & ((z % 2 < 0.15) | (np.abs(x % 1) < 0.06)), 150, shade)  # beams
    shade = np.where((which == 0) & ((z % 3 < 0.12) | (np.abs(x % 1.5) < 0.05)), 40, shade)  # slabs
    wall = (which == 1) | (which == 2)
    shade = np.where(
        wall & ((z % 2 < 0.1) | (np.abs(y + 0.4) < 0.04) | (y > 0.85)), 60, shade
    )  # panels, rails, skirting
    shade = np.where((which == 3) & ((x % 1 < 0.08) | (y % 0.7 < 0.06)), 30, shade)
    if not roof:
        shade = np.where(wall & (y < -1.5) | (which == 3) & (y < -1.2), 0, shade)
    colour = np.repeat(shade[:, None], 3, 1)
    if not roof:
        sky = shade == 0
        colour = np.where(sky[:, None], [150, 200, 250], colour)
        nearest = np.where(sky, 0, nearest)
    picture = colour.reshape(*HW, 3).astype(np.uint8)
    return linear_from_code8(picture), nearest.reshape(HW)


def horizon_row(up: np.ndarray, view: Camera) -> float:
    line = np.linalg.inv(view.px_from_cam).T @ up
    return float(-(line[0] * HW[1] / 2 + line[2]) / line[1])


@pytest.mark.parametrize(("pitch", "yaw"), [(0, 0), (6, 4), (-8, -6)])
def test_vanishing_points_give_the_horizon_and_the_depth(pitch: float, yaw: float) -> None:
    view = camera(pitch, yaw)
    grey = cv2.cvtColor((np.clip(corridor(view)[0], 0, 1) ** 0.45 * 255).astype(np.uint8), cv2.COLOR_RGB2GRAY)
    found = directions_of(segments_of(grey), view.px_from_cam, HW, UP)
    assert found.up_seen
    assert found.depth_seen
    turn = view.camera_from_world[:3, :3]
    assert found.depth @ (turn @ [0, 0, 1]) > np.cos(np.radians(1.0))
    assert found.up @ (turn @ UP) > np.cos(np.radians(1.5))


@pytest.mark.parametrize(("pitch", "yaw"), [(0, 0), (4, 6)])
def test_a_corridor_is_a_box(pitch: float, yaw: float) -> None:
    view = camera(pitch, yaw)
    image, inverse = corridor(view)
    unit = 1 / CAMERA_HEIGHT
    found = single_place(image, view, unit)
    assert "a left wall, a right wall, a ceiling" in found.words
    relative = np.abs(found.inverse_depth / inverse - 1)
    assert np.median(relative) < 0.22  # lines say which wall a thing is on, and that leaves room
    assert (relative < 0.35).mean() > 0.85


def test_a_street_has_a_sky_and_no_ceiling() -> None:
    view = camera(3)
    image, inverse = corridor(view, roof=False)
    found = single_place(image, view, 1 / CAMERA_HEIGHT)
    assert "ceiling" not in found.words
    assert "the sky at infinity" in found.words
    sky = inverse == 0
    assert (found.inverse_depth[sky] == 0).mean() > 0.95
    assert (found.inverse_depth[~sky] > 0).mean() > 0.95


@pytest.mark.parametrize("seed", [0, 1])
def test_where_no_line_tells_it_is_a_level_ground_and_a_backdrop(seed: int) -> None:
    """As high as eyes are, whatever the unit; level with a world that stands upright."""
    noise = np.random.default_rng(seed).random((*HW, 3), np.float32)
    image = cv2.GaussianBlur(noise, (0, 0), 2)
    image = np.clip((image - 0.5) * 6 + 0.5, 0, 1)
    for view in (camera(), camera(-10), camera(6)):
        found = single_place(image, view, 4.0)
        assert "level with the camera" in found.words
        assert found.ground[-1].all()
        expected = rays(view)[:, 1].reshape(HW) / (4 * CAMERA_HEIGHT)
        assert np.allclose(found.inverse_depth[found.ground], expected[found.ground], rtol=1e-4)
        above = found.inverse_depth[~found.ground]
        assert np.median(above) == pytest.approx(1 / (16 * 4 * CAMERA_HEIGHT), rel=0.05)


def test_the_sea_is_level_to_its_horizon_and_what_is_above_is_far() -> None:
    image = np.zeros((*HW, 3), np.float32)
    image[:230] = [0.4, 0.6, 0.9]
    image[230:] = [0.02, 0.05, 0.1]
    found = single_place(image, camera(), 4.0)
    assert (found.inverse_depth[:229] == 0).all()
    rows = np.arange(240, HW[0])
    assert np.allclose((rows + 0.5 - 230) / found.inverse_depth[240:, 300], 4 * CAMERA_HEIGHT * FOCAL, rtol=0.1)


def test_a_skyline_has_no_ground() -> None:
    image = np.full((*HW, 3), [0.8, 0.3, 0.3], np.float32)
    heights = np.random.default_rng(0).integers(300, 330, HW[1] // 16).repeat(16)
    image[np.arange(HW[0])[:, None] > heights] = 0.01
    assert not single_place(image, camera(), 4.0).inverse_depth.any()


def test_sky() -> None:
    picture = np.full((200, 300, 3), 60, np.uint8)
    picture[:90] = [120, 170, 240]
    picture[40:90, 100:103] = 60  # a mast before it
    sky = sky_of(picture)
    assert lowest_row(sky) == pytest.approx(0.45, abs=0.02)
    assert sky[:85, :95].all()
    assert not sky[45:, 101].any()
    assert not sky[93:].any()
    assert not sky_of(np.ascontiguousarray(picture[::-1])).any()  # dark above and bright below: none


def test_a_box_is_its_nearest_walls() -> None:
    place = np.array([[[0, 0.5, 1.0], [-1.0, 0, 1], [1.0, 0, 1], [0, -0.5, 1], [0, 0, 1]]])
    box = Box(left=1 / 2, right=1 / 4, ceiling=1 / 3, back=1 / 10)
    assert np.allclose(box.inverse_depth(place), [[0.5, 0.5, 0.25, 0.5 / 3, 0.1]])
    assert (Box().inverse_depth(place) >= 0).all()


def test_a_place_of_one_picture_moves_with_true_parallax() -> None:
    """A truck past a corridor, against the picture that its camera sees, and better than a still."""
    views = [camera(0, 0, 0.15 * i) for i in range(3)]
    image, _ = corridor(views[0])
    backdrop = build_backdrop(
        (Reference(image, 0, "one"),), CameraPath(tuple(views)), np.zeros(0), unit=1 / CAMERA_HEIGHT
    )
    assert backdrop.kind == "planes"
    wanted = corridor(views[2])[0]
    drawn = draw(backdrop, views[2], 2.0).color
    seen = (slice(None), slice(0, 480))
    assert np.abs(drawn - wanted)[seen].mean() < 0.7 * np.abs(image - wanted)[seen].mean()


def test_the_same_picture_gives_the_same_place() -> None:
    image, _ = corridor(camera(3, 4))
    one, two = (single_place(image, camera(3, 4), 4.0) for _ in range(2))
    assert np.array_equal(one.inverse_depth, two.inverse_depth)
