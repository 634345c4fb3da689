"""The feet below the picture's border: where the head and the frames before say."""

import numpy as np
import pytest

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.ground import GroundPlane
from cyclorama.footing import footing_on
from cyclorama.matchmove import Figures

HW, FOCAL, NUM_FRAMES = (90, 160), 110.0, 16
EYE, HEIGHT = 1.4, 1.8
GROUND = GroundPlane(np.array([0.0, -1, 0]), -EYE)


def path(rise: float) -> CameraPath:
    """A camera that stands, and tilts up in steps of so many degrees from the middle of the shot on."""
    turns = np.radians(rise) * np.maximum(np.arange(NUM_FRAMES) - NUM_FRAMES // 2, 0)
    poses = [np.array([[1, 0, 0], [0, np.cos(t), -np.sin(t)], [0, np.sin(t), np.cos(t)]]) for t in turns]
    return CameraPath(
        tuple(Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=rigid(p, np.zeros(3))) for p in poses)
    )


def feet_at(index: int) -> np.ndarray:
    return np.array([-0.2 + 0.02 * index, EYE, 4.2])


def figures(cameras: CameraPath) -> Figures:
    def alpha(index: int, _: np.ndarray) -> np.ndarray:
        ends = feet_at(index) + np.array([[-0.2, 0, 0], [0.2, -HEIGHT, 0]])
        (left, bottom), (right, top) = np.round(cameras[index].project(ends)[0]).astype(int)
        out = np.zeros(HW, np.float32)
        out[max(0, top) : max(0, bottom), left:right] = 1
        return out

    found = Figures(alpha, HW, NUM_FRAMES)
    for index in range(NUM_FRAMES):
        found(index, np.zeros((*HW, 3), np.float32))
    return found


def test_feet_that_the_picture_cuts_off_are_below_it() -> None:
    cameras = path(0.8)
    seen = figures(cameras)
    assert seen.cut.any()
    assert not seen.cut.all()
    found = footing_on(GROUND, cameras, seen)
    assert found is not None
    wanted = np.stack([feet_at(i) for i in range(NUM_FRAMES)])
    assert np.abs(found.standing.feet - wanted).max() < 0.3
    assert (found.seen[~seen.cut] == 1).all()
    rows = [cameras[int(i)].project(found.standing.feet[i][None])[0][0, 1] for i in np.flatnonzero(seen.cut)]
    assert min(rows) > HW[0] - 2


def test_the_less_is_seen_of_him_the_less_is_known() -> None:
    cameras = path(6.0)
    found = footing_on(GROUND, cameras, figures(cameras))
    assert found is not None
    assert found.seen[0] == 1
    assert found.seen[-1] == 0
    assert (np.diff(found.seen) <= 1e-9).all()


@pytest.mark.parametrize("offset", [1.0, -9.0])
def test_feet_on_no_ground_are_nowhere(offset: float) -> None:
    cameras = path(0.0)
    seen = figures(cameras)
    if offset < 0:
        seen.feet[:] = np.nan
    assert footing_on(GroundPlane(GROUND.normal, offset), cameras, seen) is None
