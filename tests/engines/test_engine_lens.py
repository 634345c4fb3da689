"""A place drawn through the lens of the plate's camera locks to that camera, and to no other."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from cyclorama.core.backdrop import Backdrop, View
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.clip import ArrayClip
from cyclorama.core.lens import STRAIGHT, Lens
from cyclorama.matchmove import SlipCheck, check_slip
from cyclorama.scenery import draw

HW, NUM_FRAMES, WALL = (270, 480), 10, 5.0
BARREL = Lens(-0.15)


def camera(frame: float, lens: Lens = STRAIGHT, hw: tuple[int, int] = HW) -> Camera:
    """It pans by a degree a frame and more, and nears the wall."""
    turn = cv2.Rodrigues(np.array([0.01 * np.sin(frame), np.radians(1.2 * (frame - 5)), 0.004 * frame]))[0]
    pose = rigid(turn, np.array([0.01 * frame, 0, 0.03 * frame]))
    return replace(Camera.from_focal(hw=hw, focal_px=480.0, world_from_camera=pose), lens=lens)


@pytest.fixture(scope="module")
def backdrop() -> Backdrop:
    """Detail of several sizes on a wall, seen wide."""
    rng, hw = np.random.default_rng(3), (460, 760)
    layers = [
        cv2.resize(rng.random((hw[0] // s, hw[1] // s, 3), np.float32), hw[::-1], interpolation=cv2.INTER_CUBIC)
        for s in (3, 6, 12)
    ]
    image = np.clip(sum(layers) / 3, 0, 1).astype(np.float32)
    return Backdrop("layers", (View(image, np.full(hw, 1 / WALL, np.float32), camera(5.0, hw=hw), 5.0),))


def checked(backdrop: Backdrop, drawn: Lens, held: Lens) -> SlipCheck:
    frames = np.stack([draw(backdrop, camera(i, drawn), float(i)).color for i in range(NUM_FRAMES)])
    path = CameraPath(tuple(camera(i, held) for i in range(NUM_FRAMES)))
    return check_slip(ArrayClip(frames), path, lambda _, frame: np.zeros(frame.shape[:2], np.float32))


def test_what_is_drawn_through_a_lens_locks_to_it(backdrop: Backdrop) -> None:
    straight, bent = checked(backdrop, STRAIGHT, STRAIGHT), checked(backdrop, BARREL, BARREL)
    assert bent.verdict == "locks"
    assert bent.slip_px[0] < 0.1
    assert bent.slip_px[1] < 1.3 * straight.slip_px[1] + 0.03
    assert checked(backdrop, STRAIGHT, BARREL).slip_px[0] > 3 * bent.slip_px[0]
