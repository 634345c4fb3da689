"""The floor and the scale from known cameras, points and figures."""

import cv2
import numpy as np
import pytest
from matchmove_world import FOCAL, HW, MOVES

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.matchmove import Figures, Ground, NoGround, find_ground

NUM_FRAMES = 8
FLOOR_Y = 0.9
"""The world's y is down: the floor is so far under the first camera."""
HEIGHT = 1.1
"""The actor's, in units."""
FEET = np.array([0.15, FLOOR_Y, 4.0])


def _level(move: str) -> CameraPath:
    """A move over the floor, the camera looking down a little."""
    down = cv2.Rodrigues(np.array([-0.08, 0, 0]))[0]
    poses = [MOVES[move](i / (NUM_FRAMES - 1)).world_from_camera for i in range(NUM_FRAMES)]
    cameras = [
        Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=rigid(p[:3, :3] @ down, 0.5 * p[:3, 3]))
        for p in poses
    ]
    return CameraPath(tuple(cameras))


def _figures(path: CameraPath, height: float = HEIGHT) -> Figures:
    """The matte of a figure box that stands on the floor, told frame by frame."""

    def actor(index: int, _: np.ndarray) -> np.ndarray:
        sides = FEET + np.array([[-0.1, 0, 0], [0.1, 0, 0], [0.1, -height, 0], [-0.1, -height, 0]])
        px = path[index].project(sides)[0]
        alpha = np.zeros(HW, np.uint8)
        cv2.fillPoly(alpha, [np.round((px - 0.5) * 16).astype(np.int32)], 1, shift=4)
        return alpha.astype(np.float32)

    figures = Figures(actor, HW, len(path))
    for index in range(len(path)):
        figures(index, np.zeros((*HW, 3), np.float32))
    return figures


def _points(floor: int = 60, wall: int = 60) -> np.ndarray:
    rng = np.random.default_rng(2)
    on = np.stack([rng.uniform(-3, 3, floor), np.full(floor, FLOOR_Y), rng.uniform(2.5, 8, floor)], 1)
    up = np.stack([rng.uniform(-5, 5, wall), rng.uniform(-3, FLOOR_Y, wall), np.full(wall, 8.0)], 1)
    return np.concatenate([on, up]) + 0.005 * rng.standard_normal((floor + wall, 3))


@pytest.mark.parametrize("move", ["truck", "dolly", "orbit"])
def test_the_floor_and_the_actors_height(move: str) -> None:
    path = _level(move)
    ground = find_ground(path, _points(), _figures(path), actor_height_m=1.76)
    assert isinstance(ground, Ground)
    assert ground.known == "floor points"
    assert np.degrees(np.arccos(-ground.normal[1])) < 0.5
    assert ground.camera_height == pytest.approx(FLOOR_Y, rel=0.02)
    assert ground.actor_height == pytest.approx(HEIGHT, rel=0.04)
    assert ground.metres_per_unit == pytest.approx(1.76 / HEIGHT, rel=0.04)
    feet = path[3].project(FEET[None])[0]
    assert np.linalg.norm(ground.where(path[3], feet)[0] - FEET) < 0.1
    assert np.isnan(ground.where(path[3], np.array([[HW[1] / 2, 2.0]]))).all()


def test_the_camera_s_height_goes_before_the_actor_s() -> None:
    path = _level("truck")
    ground = find_ground(path, _points(), _figures(path), actor_height_m=9.0, camera_height_m=1.8)
    assert isinstance(ground, Ground)
    assert ground.metres_per_unit == pytest.approx(1.8 / FLOOR_Y, rel=0.02)


def test_nothing_is_guessed_without_a_length() -> None:
    path = _level("truck")
    ground = find_ground(path, _points(), _figures(path))
    assert isinstance(ground, Ground)
    assert ground.metres_per_unit is None


def test_a_wall_is_no_floor() -> None:
    path = _level("truck")
    ground = find_ground(path, _points(floor=0, wall=120), _figures(path), actor_height_m=1.8)
    assert isinstance(ground, NoGround)
    assert "no points on the floor" in ground.reason


def test_a_shelf_above_the_floor_is_none() -> None:
    """A level plane with many points, and fewer on the true floor below it."""
    shelf = _points(floor=80, wall=0) * [1, 0.4, 1]
    path = _level("truck")
    ground = find_ground(path, np.concatenate([shelf, _points(floor=40)]), _figures(path), actor_height_m=1.8)
    assert isinstance(ground, Ground)
    assert ground.camera_height == pytest.approx(FLOOR_Y, rel=0.03)


def test_a_turning_camera_and_a_known_actor() -> None:
    """No distances are seen: the unit becomes the metre of the actor's height; the tilt is known roughly."""
    path = _level("pan")
    ground = find_ground(path, np.zeros((0, 3)), _figures(path), actor_height_m=HEIGHT)
    assert isinstance(ground, Ground)
    assert (ground.known, ground.metres_per_unit) == ("feet", 1.0)
    assert ground.camera_height == pytest.approx(FLOOR_Y, rel=0.35)
    given = find_ground(path, np.zeros((0, 3)), _figures(path), camera_height_m=1.5)
    assert isinstance(given, Ground)
    assert (given.metres_per_unit, given.camera_height) == (1.0, 1.5)
    bare = find_ground(path, np.zeros((0, 3)), _figures(path))
    assert isinstance(bare, NoGround)
    assert "--actor-height" in bare.reason


def test_an_actor_cut_off_by_the_picture_has_no_height() -> None:
    path = _level("truck")
    figures = _figures(path, height=4.0)
    assert np.isnan(figures.heads).all()
    assert np.isfinite(figures.feet).any()
    ground = find_ground(path, _points(), figures, actor_height_m=1.8)
    assert isinstance(ground, Ground)
    assert ground.metres_per_unit is None
    assert np.isnan(ground.actor_height)


def test_where_head_and_feet_are() -> None:
    path = _level("locked")
    figures = _figures(path)
    feet, head = (path[0].project((FEET - [0, y, 0])[None])[0][0] for y in (0, HEIGHT))
    assert np.abs(figures.feet[0] - feet).max() < 1.5
    assert np.abs(figures.heads[0] - head).max() < 1.5


def test_no_actor_and_no_feet() -> None:
    path = _level("pan")
    empty = Figures(lambda *_: np.zeros(HW, np.float32), HW, NUM_FRAMES)
    for index in range(NUM_FRAMES):
        empty(index, np.zeros((*HW, 3), np.float32))
    assert np.isnan(empty.feet).all()
    ground = find_ground(path, np.zeros((0, 3)), empty, actor_height_m=1.8)
    assert isinstance(ground, NoGround)
    assert "--camera-height" in ground.reason
