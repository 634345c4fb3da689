"""A level ground, a wall at its end and a pillar before it, seen by cameras in a row: depths and pictures exact."""

import numpy as np

from cyclorama.core.backdrop import Backdrop, View
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.ground import GroundPlane
from cyclorama.core.standing import Standing

HW, FOCAL = (108, 192), 190.0
EYE = 1.5
"""The cameras' height over the ground; the world's y is down, 0 at the cameras."""
GROUND = GroundPlane(np.array([0.0, -1, 0]), -EYE)
HEIGHT, FEET = 1.7, np.array([0.1, EYE, 4.0])
NUM_FRAMES = 9
DARK, BRIGHT, PALE = (0.05, 0.05, 0.1), (0.6, 0.5, 0.4), (0.8, 0.9, 1.0)
"""Linear colours of the pillar, the ground and the wall."""


def camera(x: float) -> Camera:
    return Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=rigid(np.eye(3), np.array([x, 0, 0])))


PATH = CameraPath(tuple(camera(0.08 * (i - 4)) for i in range(NUM_FRAMES)))


def view(index: int, *, pillar_z: float | None = 2.2, pillar_top: float = -2.0) -> View:
    """What frame ``index`` sees; the pillar is flat, 0.24 wide, from ``pillar_top`` down to the ground."""
    own, (h, w) = PATH[index], HW
    u, v = np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5)
    rays = own.unproject(np.stack([u.ravel(), v.ravel()], 1), np.ones(h * w)) - own.center
    inverse, image = np.full(h * w, 1 / 10.0), np.tile(np.float32(PALE), (h * w, 1))
    ground = rays[:, 1] / EYE
    image[ground > inverse], inverse = BRIGHT, np.maximum(inverse, ground)
    if pillar_z is not None:
        at = own.center + pillar_z * rays
        on = (np.abs(at[:, 0]) < 0.12) & (at[:, 1] > pillar_top) & (1 / pillar_z > inverse)
        image[on], inverse[on] = DARK, 1 / pillar_z
    return View(image.reshape(h, w, 3), inverse.reshape(h, w).astype(np.float32), own, float(index))


def backdrop(**pillar: float | None) -> Backdrop:
    return Backdrop("layers", tuple(view(i, **pillar) for i in (0, 4, 8)), ground=GROUND)


def standing() -> Standing:
    return Standing(np.tile(FEET, (NUM_FRAMES, 1)), HEIGHT, GROUND)


def actor(index: int) -> np.ndarray:
    """Alpha of a flat figure 0.5 wide."""
    corners = FEET + np.array([[-0.25, 0, 0], [0.25, -HEIGHT, 0]])
    (left, bottom), (right, top) = np.round(PATH[index].project(corners)[0]).astype(int)
    alpha = np.zeros(HW, np.float32)
    alpha[top:bottom, left:right] = 1
    return alpha
