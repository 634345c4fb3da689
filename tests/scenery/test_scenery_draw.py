"""Drawing against warps that can be worked out."""

import cv2
import numpy as np
import pytest

from cyclorama.core.backdrop import Backdrop, View
from cyclorama.core.camera import Camera, rigid
from cyclorama.scenery import draw
from cyclorama.scenery.draw import time_weights
from cyclorama.scenery.fill import fill_holes

HW, FOCAL = (96, 128), 120.0
MARGIN = 10


def picture(seed: int, hw: tuple[int, int] = HW, blur: float = 3.0) -> np.ndarray:
    soft = cv2.GaussianBlur(np.random.default_rng(seed).random((*hw, 3), np.float32), (0, 0), blur)
    return ((soft - soft.min()) / (soft.max() - soft.min())).astype(np.float32) * 0.9 + 0.05


def camera(x: float = 0.0, y: float = 0.0, z: float = 0.0, yaw_deg: float = 0.0, hw: tuple[int, int] = HW) -> Camera:
    turn = cv2.Rodrigues(np.array([0, np.radians(yaw_deg), 0]))[0]
    return Camera.from_focal(hw=hw, focal_px=FOCAL, world_from_camera=rigid(turn, np.array([x, y, z])))


def view(image: np.ndarray, inverse_depth: float | np.ndarray, at: Camera, time: float = 0.0) -> View:
    return View(image, np.broadcast_to(np.float32(inverse_depth), at.hw).astype(np.float32), at, time)


def warped(image: np.ndarray, source_from_target: np.ndarray) -> np.ndarray:
    """By a homography on pixel positions whose centres are at one half; bicubic like the drawing."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    index = np.linalg.inv(half) @ source_from_target @ half
    return cv2.warpPerspective(image, index, image.shape[1::-1], flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)


def inner(array: np.ndarray) -> np.ndarray:
    return array[MARGIN:-MARGIN, MARGIN:-MARGIN]


@pytest.mark.parametrize("depth", ["infinite", "plane", "rough"])
def test_from_its_own_camera_a_view_is_its_picture(depth: str) -> None:
    rough = np.random.default_rng(1).uniform(0.1, 1.0, HW).astype(np.float32)
    values = {"infinite": 0.0, "plane": 0.4, "rough": rough}[depth]
    image, at = picture(0, blur=1.0), camera(0.3, -0.1, 0.5, 12)
    drawn = draw(Backdrop("layers", (view(image, values, at),)), at, 0.0)
    assert np.abs(drawn.color - image).max() < 1e-3
    assert (drawn.coverage == 1).all()
    assert np.allclose(drawn.inverse_depth, values, atol=1e-4)


@pytest.mark.parametrize("moved", [(0.25, 0, 0, 0), (-0.1, 0.15, 0, 0), (0, 0, 0.6, 0), (0.2, 0.05, -0.3, 4)])
def test_a_plane_seen_from_elsewhere_is_the_analytic_warp(moved: tuple[float, float, float, float]) -> None:
    """A wall at depth 4 before the reference: H = K (R - t n' / d) K^-1."""
    image, source, target = picture(2), camera(), camera(*moved)
    drawn = draw(Backdrop("layers", (view(image, 0.25, source),)), target, 0.0)
    t_from_s = target.camera_from_world @ source.world_from_camera
    plane = t_from_s[:3, :3] + np.outer(t_from_s[:3, 3], [0, 0, 0.25])
    homography = target.px_from_cam @ plane @ np.linalg.inv(source.px_from_cam)
    wanted = warped(image, np.linalg.inv(homography))
    known = cv2.erode(warped(np.ones_like(image), np.linalg.inv(homography))[..., 0], np.ones((5, 5))) > 0.99
    error = np.abs(drawn.color - wanted).max(-1)[known]
    assert known.mean() > 0.7
    assert error.max() < 0.02
    assert error.mean() < 0.002
    assert drawn.coverage[known].all()


def test_a_far_panorama_turns_by_a_homography_wherever_the_camera_is() -> None:
    image, target = picture(3, (120, 200)), camera(7.0, -3.0, 11.0, 9)
    source = camera(hw=(120, 200))
    drawn = draw(Backdrop("panorama", (view(image, 0.0, source),)), target, 0.0)
    rotation = source.camera_from_world[:3, :3] @ target.world_from_camera[:3, :3]
    back = source.px_from_cam @ rotation @ np.linalg.inv(target.px_from_cam)
    wanted = warped(np.pad(image, ((0, 0), (0, 0), (0, 0))), back)[: HW[0], : HW[1]]
    assert np.abs(inner(drawn.color) - inner(wanted)).max() < 0.02
    assert not drawn.inverse_depth.any()
    assert drawn.coverage.all()


def test_the_nearer_surface_is_in_front() -> None:
    """A board at depth 2 before a wall at depth 8; the camera goes right by .4: board 24 px left, wall 6 px."""
    image = np.full((*HW, 3), 0.2, np.float32)
    inverse_depth = np.full(HW, 1 / 8, np.float32)
    board = (slice(30, 70), slice(60, 90))
    image[board], inverse_depth[board] = (0.9, 0.1, 0.1), 0.5
    image[30:70, 48:52] = (0.1, 0.9, 0.1)  # a stripe on the wall, which the board comes to hide
    drawn = draw(Backdrop("layers", (view(image, inverse_depth, camera()),)), camera(0.4), 0.0)
    red = drawn.color[..., 0] > 0.55
    assert np.array_equal(np.flatnonzero(red[50]), np.arange(36, 66))
    assert not (drawn.color[30:70, :, 1] > 0.5).any()
    assert np.allclose(drawn.inverse_depth[32:68, 38:64], 0.5, atol=1e-4)
    assert np.allclose(drawn.inverse_depth[:28, :110], 1 / 8, atol=1e-4)


def test_what_one_view_hides_another_shows() -> None:
    """The second view saw the wall behind the board's old place: it is drawn from there, and not from the board."""
    wall, at = picture(4), (camera(), camera(0.4))
    board = (slice(30, 70), slice(60, 90))
    first, depth = wall.copy(), np.full(HW, 1 / 8, np.float32)
    first[board], depth[board] = (0.9, 0.1, 0.1), 0.5
    half = np.array([[1, 0, 6.0], [0, 1, 0], [0, 0, 1]])  # target to source: the wall goes 6 px left
    second, second_depth = warped(wall, half), np.full(HW, 1 / 8, np.float32)
    moved = (slice(30, 70), slice(36, 66))
    second[moved], second_depth[moved] = (0.9, 0.1, 0.1), 0.5
    drawn = draw(Backdrop("layers", (view(first, depth, at[0], 0), view(second, second_depth, at[1], 10))), at[1], 2.0)
    revealed = (slice(34, 66), slice(68, 82))  # behind the board for the first view
    assert np.abs(drawn.color[revealed] - second[revealed]).max() < 0.02
    assert np.abs(inner(drawn.color) - inner(second))[:, :90].mean() < 0.01


def test_what_no_view_saw_is_filled_from_what_is_around_it() -> None:
    image = np.full((*HW, 3), 0.3, np.float32)
    image[:, :, 2] = np.linspace(0.2, 0.8, HW[0], dtype=np.float32)[:, None]
    drawn = draw(Backdrop("panorama", (view(image, 0.0, camera()),)), camera(yaw_deg=20), 0.0)
    assert set(np.unique(drawn.coverage)) == {0, 1}
    assert drawn.coverage[30:66, :80].all()
    assert not drawn.coverage[:, 100:].any()  # 120 tan 20 = 43.7 px, more at the border
    assert drawn.color.min() > 0.2 - 1e-3
    assert drawn.color.max() < 0.8 + 1e-3
    assert np.isfinite(drawn.color).all()
    assert np.abs(drawn.color[..., :2] - 0.3).max() < 1e-3
    filled = drawn.color[:, 100:108, 2]
    assert filled[-20:].mean() > filled[:20].mean() + 0.05  # a continuation, not one flat colour


def test_filling_keeps_what_is_known() -> None:
    values, hole = picture(5), np.zeros(HW, bool)
    hole[20:60, 30:90] = True
    filled = values.copy()
    fill_holes(filled, hole)
    assert np.array_equal(filled[~hole], values[~hole])
    assert (filled[hole].min(0) >= values.min((0, 1)) - 1e-4).all()
    assert (filled[hole].max(0) <= values.max((0, 1)) + 1e-4).all()
    spoilt = values.copy()
    spoilt[hole] = 1e3
    fill_holes(spoilt, hole)
    assert np.allclose(spoilt, filled, atol=1e-5)  # what lay in the hole says nothing
    with pytest.raises(ValueError, match="must have something to fill its holes from, got none"):
        fill_holes(values, np.ones(HW, bool))


def test_the_nearest_reference_in_time_counts_most() -> None:
    views = tuple(view(picture(i), 0.0, camera(), t) for i, t in enumerate((0.0, 12.0, 23.0)))
    for time in (0.0, 5.0, 6.0, 11.5, 30.0):
        weights = time_weights(Backdrop("still", views), time)
        assert sum(weights) == pytest.approx(1)
        order = np.argsort([abs(v.time - time) for v in views], kind="stable")
        assert all(np.diff(np.array(weights)[order]) <= 1e-12)
    sharp, soft = (Backdrop("still", views, falloff) for falloff in (3.0, 1.0))
    assert time_weights(sharp, 12.0)[1] > 0.99
    assert time_weights(sharp, 6.0)[0] == pytest.approx(time_weights(sharp, 6.0)[1])
    assert time_weights(soft, 3.0)[0] < time_weights(sharp, 3.0)[0]
    own = draw(Backdrop("still", views), camera(), 12.0).color
    assert np.abs(own - views[1].image).max() < 5e-3


def test_drawing_is_the_same_every_time_and_changes_nothing() -> None:
    rough = np.random.default_rng(6).uniform(0.1, 1.0, HW).astype(np.float32)
    backdrop = Backdrop("layers", tuple(view(picture(i), rough, camera(0.1 * i), 5.0 * i) for i in range(3)))
    before = [(v.image.copy(), v.inverse_depth.copy()) for v in backdrop.views]
    one, other = (draw(backdrop, camera(0.13, 0.02, 0.1), 4.0) for _ in range(2))
    for name in ("color", "inverse_depth", "coverage"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
        assert getattr(one, name).dtype == np.float32
        assert getattr(one, name).shape[:2] == HW
    for (image, depth), kept in zip(before, backdrop.views):
        assert np.array_equal(image, kept.image)
        assert np.array_equal(depth, kept.inverse_depth)
