"""Surfaces from two and three pictures: planes between cameras, and what only one picture shows."""

import cv2
import numpy as np
import pytest

from cyclorama.core.camera import Camera, rigid
from cyclorama.scenery.candidates import carried, finer, plane_map, tell
from cyclorama.scenery.mapping import mapping
from cyclorama.scenery.stereo import surfaces

HW, FOCAL = (96, 160), 150.0
SHEET = cv2.GaussianBlur(np.random.default_rng(3).random((900, 900, 3), np.float32), (0, 0), 1.3)
SHEET = (SHEET - SHEET.min()) / (SHEET.max() - SHEET.min())
POLE_HALF = 0.12  # of a thing 2.4 away: fifteen pixels across


def camera(x: float, yaw_deg: float = 0.0, hw: tuple[int, int] = HW) -> Camera:
    turn = cv2.Rodrigues(np.array([0, np.radians(yaw_deg), 0]))[0]
    return Camera.from_focal(hw=hw, focal_px=FOCAL, world_from_camera=rigid(turn, np.array([x, 0.02 * x, 0])))


def seen(view: Camera) -> tuple[np.ndarray, np.ndarray]:
    """A level ground, a wall behind it and a post: picture 0..1 and inverse depth, by casting rays."""
    h, w = view.hw
    px = np.stack([x.ravel() + 0.5 for x in np.meshgrid(np.arange(w), np.arange(h))], 1)
    rays = view.unproject(px, np.ones(h * w)) - view.center
    depth, at = np.full(h * w, np.inf), np.zeros((h * w, 2))
    for n, axes, shift in (
        ((0, 0, 1, -6.0), (0, 1), 0),
        ((0, 1, 0, -1.0), (0, 2), 300),
        ((0, 0, 1, -2.4), (0, 1), 600),
    ):
        t = -(view.center @ n[:3] + n[3]) / (rays @ np.array(n[:3]))
        p = view.center + rays * t[:, None]
        nearer = (t > 0) & (t < depth)
        if shift == 600:
            nearer &= (np.abs(p[:, 0] - 0.1) < POLE_HALF) & (p[:, 1] < 1.0)
        depth[nearer] = t[nearer]
        at[nearer] = (p[:, axes] * 55 + 100 + shift)[nearer]
    u, v = at.astype(np.float32).reshape(h, w, 2).transpose(2, 0, 1)
    return cv2.remap(SHEET, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), (1 / depth).reshape(h, w)


CAMERAS = [camera(-0.6, 5), camera(0.0), camera(0.6, -5)]


@pytest.fixture(scope="module")
def found() -> tuple[list[np.ndarray], list[np.ndarray]]:
    pictures, truth = zip(*(seen(c) for c in CAMERAS))
    return surfaces(list(pictures), CAMERAS, nearest=0.6), list(truth)


def test_depth_is_that_of_the_place(found: tuple[list[np.ndarray], list[np.ndarray]]) -> None:
    for planes, real in zip(*found):
        error = np.abs(planes[..., 0] - real)
        assert np.median(error) < 0.002  # of parallax between the outer pictures: a third of a pixel
        assert (error > 0.02).mean() < 0.08


def test_the_ground_goes_on_where_one_picture_alone_shows_it(found: tuple[list[np.ndarray], list[np.ndarray]]) -> None:
    """The lower corner of the first picture is outside both others."""
    planes, real = found[0][0], found[1][0]
    px, depth = np.array([[4.5, 92.5]]), 1 / real[92:93, 4]
    point = CAMERAS[0].unproject(px, depth)
    for other in CAMERAS[1:]:
        u = other.project(point)[0][0, 0]
        assert not 0 < u < HW[1]
    assert np.median(np.abs(planes[88:, :8, 0] - real[88:, :8])) < 0.02


def test_a_post_stands_before_the_wall(found: tuple[list[np.ndarray], list[np.ndarray]]) -> None:
    planes, real = found[0][1], found[1][1]
    pole = np.abs(real - 1 / 2.4) < 1e-3
    pole[60:] = False
    assert 400 < pole.sum() < 1200
    assert (np.abs(planes[..., 0] - real)[pole] < 0.02).mean() > 0.8


def test_the_same_pictures_give_the_same_surfaces(found: tuple[list[np.ndarray], list[np.ndarray]]) -> None:
    again = surfaces([seen(c)[0] for c in CAMERAS], CAMERAS, nearest=0.6)
    assert all(np.array_equal(a, b) for a, b in zip(found[0], again))


def test_pictures_of_other_sizes() -> None:
    cameras = [camera(-0.3, hw=(90, 150)), camera(0.3)]
    pictures, truth = zip(*(seen(c) for c in cameras))
    for planes, real in zip(surfaces(list(pictures), cameras, nearest=0.6), truth):
        inverse_depth = planes[..., 0]
        assert inverse_depth.shape == real.shape
        assert np.median(np.abs(inverse_depth - real)) < 0.004


def test_a_plane_told_to_another_camera_is_the_same_plane() -> None:
    one, two = camera(0.3, 8), camera(-0.2, -4)
    normal = np.array([0.1, 0.3, 0.25])  # normal @ point = 1 in the world
    planes = []
    for view in (one, two):
        r, t = view.world_from_camera[:3, :3], view.center
        p = np.linalg.inv(view.px_from_cam).T @ (r.T @ normal) / (1 - normal @ t)
        u, v = np.meshgrid(np.arange(HW[1]) + 0.5, np.arange(HW[0]) + 0.5)
        planes.append(
            np.stack([p[0] * u + p[1] * v + p[2], np.full(HW, p[0]), np.full(HW, p[1])], -1).astype(np.float32)
        )
    planes[0][planes[0][..., 0] < 0] = 0
    told = np.full((*HW, 3), -1, np.float32)
    tell(planes[0], *mapping(one, two), plane_map(one, two), told)
    came = told[..., 0] > 0.01
    assert came.mean() > 0.3
    assert np.allclose(told[came], planes[1][came], atol=1e-4)


def test_a_sure_plane_is_carried_along_its_slope() -> None:
    planes, sure = np.zeros((9, 9, 3), np.float32), np.zeros((9, 9), np.bool_)
    planes[4, 4], sure[4, 4] = (0.5, 0.02, -0.01), True
    out = np.empty((8, 9, 9, 3), np.float32)
    carried(planes, sure, out)
    assert np.allclose(out[0, 4, 8], (0.5 + 4 * 0.02, 0.02, -0.01))
    assert np.allclose(out[4, 6, 6], (0.5 + 2 * 0.02 - 2 * 0.01, 0.02, -0.01))
    assert out[0, 3, 8, 0] == -1


def test_finer_planes_continue_the_coarse_ones() -> None:
    v, u = np.mgrid[:20, :30] + 0.5
    planes = np.stack([0.2 + 0.01 * u + 0.004 * v, np.full_like(u, 0.01), np.full_like(u, 0.004)], -1).astype(
        np.float32
    )
    out = np.empty((40, 60, 3), np.float32)
    finer(planes, np.zeros((20, 30, 3), np.float32), np.zeros((40, 60, 3), np.float32), out)
    v, u = np.mgrid[:40, :60] + 0.5
    assert np.allclose(out[..., 0], 0.2 + 0.005 * u + 0.002 * v, atol=1e-5)
    assert np.allclose(out[..., 1], 0.005)
