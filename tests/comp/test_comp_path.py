"""The light along a path through a corridor of many paints, lit by a window."""

import cv2
import numpy as np
import pytest

from cyclorama.comp import Moment, path_stops
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import Camera, rigid
from cyclorama.core.lighting import LUMINANCE

HW, FOCAL = (72, 128), 95.0
LEFT, RIGHT, CEILING, FLOOR, END = -1.6, 1.6, -1.4, 1.3, 16.0
WINDOW_AT, WINDOW_M = 5.0, 1.2


def paint(points: np.ndarray, wall: np.ndarray, seed: int) -> np.ndarray:
    """Reflectance, n 3: patches of a third of a metre, of a stop or so about a seventh."""
    cells = np.floor(points * 3).astype(np.int64) @ [73856093, 19349663, 83492791] + wall * 7919 + seed * 104729
    stops = np.random.default_rng(seed).normal(0, 0.7, (4096, 1)) + np.random.default_rng(9).normal(0, 0.15, (4096, 3))
    return np.asarray(0.14 * 2.0 ** stops[cells % 4096])


def lit(points: np.ndarray, stops: float) -> np.ndarray:
    """Stops of light that falls near the window, n 3, a little cool."""
    fall = np.exp(-(((points[:, 2] - WINDOW_AT) / WINDOW_M) ** 2))[:, None]
    return np.asarray(fall * stops * np.array([0.9, 1.0, 1.15]))


def corridor(camera: Camera, stops: float, seed: int) -> SetFrame:
    v, u = np.mgrid[: HW[0], : HW[1]] + 0.5
    rays = camera.unproject(np.stack([u.ravel(), v.ravel()], 1), np.ones(u.size)) - camera.center
    with np.errstate(divide="ignore"):
        sides = [(LEFT - camera.center[0]) / rays[:, 0], (RIGHT - camera.center[0]) / rays[:, 0]]
        sides += [(CEILING - camera.center[1]) / rays[:, 1], (FLOOR - camera.center[1]) / rays[:, 1]]
    sides.append((END - camera.center[2]) / rays[:, 2])
    ways = np.where(np.array(sides) > 1e-6, sides, np.inf)
    wall, depth = ways.argmin(0), ways.min(0)
    points = camera.center + rays * depth[:, None]
    color = 0.5 * paint(points, wall, seed) * 2.0 ** lit(points, stops)
    ones = np.ones(HW, np.float32)
    return SetFrame(color.reshape(*HW, 3).astype(np.float32), (1 / depth).reshape(HW).astype(np.float32), ones)


def walker(camera: Camera, feet: np.ndarray) -> np.ndarray:
    """The alpha of who is 1.75 m high and stands there."""
    ends, _ = camera.project(np.array([feet, feet - [0, 1.75, 0]]))
    half = 0.12 * (ends[0, 1] - ends[1, 1])
    alpha = np.zeros(HW, np.float32)
    corners = [ends[1] - [half, 0], ends[0] + [half, 0]]
    (left, top), (right, bottom) = (np.round(c).astype(int).tolist() for c in corners)
    cv2.rectangle(alpha, (left, top), (right, bottom), 1.0, -1)
    return alpha


def walk(stops: float, seed: int, depths: np.ndarray, camera_z: np.ndarray) -> tuple[Moment, ...]:
    made = []
    for depth, z in zip(depths, camera_z):
        camera = Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=rigid(np.eye(3), np.array([0, 0, z])))
        made.append(Moment(corridor(camera, stops, seed), camera, walker(camera, np.array([0.2, FLOOR, depth]))))
    return tuple(made)


ALONG, STILL = np.linspace(9.0, 3.5, 7), np.zeros(7)


def wanted(depths: np.ndarray, stops: float) -> np.ndarray:
    at = lit(np.stack([0 * depths, 0 * depths, depths], 1), stops) @ LUMINANCE
    return np.asarray(at - at.mean())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("camera_z", [STILL, ALONG - 5.5], ids=["still camera", "leading camera"])
def test_who_walks_past_a_window_gets_brighter_there(seed: int, camera_z: np.ndarray) -> None:
    found = path_stops(walk(2.5, seed, ALONG, camera_z)) @ LUMINANCE
    true = wanted(ALONG, 2.5)
    assert np.corrcoef(found, true)[0, 1] > 0.85
    assert np.ptp(found) > 0.3 * np.ptp(true)
    assert np.abs(found - true).max() < 0.75 * np.abs(true).max()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("camera_z", [STILL, ALONG - 5.5], ids=["still camera", "leading camera"])
def test_an_even_place_of_many_paints_changes_nothing(seed: int, camera_z: np.ndarray) -> None:
    assert np.abs(path_stops(walk(0.0, seed, ALONG, camera_z))).max() < 0.15


def test_who_stays_where_he_is_keeps_one_light() -> None:
    assert not path_stops(walk(2.5, 0, np.full(7, 5.0), np.linspace(-1, 1, 7))).any()
