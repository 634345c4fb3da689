"""Compiles what builds, draws and lights a place, beside other work: ``python examples/warm.py``.

The first run of a new installation compiles for more than a minute, on one core. ``demo.py`` runs this on the other one
while it makes its sample shot and solves the camera; the compiled kernels are kept in the package's cache, and every
later run finds them.
"""

from dataclasses import replace

import cv2
import numpy as np

from cyclorama.comp import Moment, flatten, gain_field, read_gloss, shadow_field, with_film
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.film import Film
from cyclorama.core.ground import GroundPlane
from cyclorama.core.layers import Foreground, Layers
from cyclorama.core.lighting import KeyLight, Relighting, studio
from cyclorama.core.reference import Reference
from cyclorama.core.shadowing import Shadowing
from cyclorama.core.standing import Standing
from cyclorama.scenery import build_backdrop, complete_backdrop, draw, find_plane, find_unseen

HW, FOCAL, FRAMES = (96, 160), 150.0, 3


def main() -> None:
    """A wall seen by a camera that trucks along it, a little further than its three pictures."""
    rough = cv2.GaussianBlur(np.random.default_rng(0).random((HW[0], 2 * HW[1], 3), np.float32), (0, 0), 2)
    wall = cv2.normalize(rough, None, 0, 1, cv2.NORM_MINMAX)
    cameras = []
    for frame in range(-1, FRAMES + 1):
        pose = np.eye(4)
        pose[0, 3] = 0.1 * frame
        cameras.append(Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=pose))
    path = CameraPath(tuple(cameras))
    references = tuple(
        Reference(np.ascontiguousarray(wall[:, 15 * f + 20 : 15 * f + 20 + HW[1]]), f + 1, "") for f in range(FRAMES)
    )
    backdrop = complete_backdrop(build_backdrop(references, path, np.linspace(0.5, 2, 40)), path)
    find_unseen(backdrop, path, range(len(path)))
    find_plane(backdrop.views)
    light(draw(backdrop, path[0], 0.0), path)


def light(place: SetFrame, path: CameraPath) -> None:
    """Light, shadow, lens and film on a grey figure."""
    alpha = np.zeros(HW, np.float32)
    alpha[20:80, 70:90] = 1
    actor, up = Foreground(np.repeat(alpha[..., None], 3, 2) / 5, alpha), np.array([0.0, -1.0, 0.0])
    shone = replace(studio(up), key=KeyLight((0.6, -0.8, 0.0), (1.0, 1.0, 1.0), 0.5))
    standing = Standing(np.full((len(path), 3), [0.0, 0.3, 1.0]), 0.5, GroundPlane(up, -0.3))
    read_gloss((Moment(place, path[0], alpha),), standing.ground)
    shadow = shadow_field(alpha, place, path[0], 0, Shadowing(standing, shone, np.ones(len(path)), 0.5, 1.0))
    gain = gain_field(actor, path[0], Relighting(studio(up), shone, 1.0))
    layers = Layers(place, (actor,), gain, shadow=shadow)
    flatten(with_film(layers, Film(soften_px=0.6, wrap=0.1), path, 0))


if __name__ == "__main__":
    main()
