"""A clip as the place: which of its frames is on screen when, and where they stand."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop, SetFrame, View
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.place import Footage, Shown

SEAM_S = Fraction(1)
"""How long the end of a clip that comes round fades into its beginning, at most."""
MOST_ENLARGED = 1.25
"""Times that a clip is enlarged at most, so that its border stays outside the picture."""
_ALONG_A_SIDE = 9  # places looked at along each side of a picture
_SEAM_SHARE = Fraction(1, 4)  # of the clip, where that is shorter


def seam_s(clip_s: Sequence[Fraction]) -> Fraction:
    """The length of the seam of a clip with these timestamps, in seconds."""
    return min(SEAM_S, _SEAM_SHARE * _length(clip_s))


def screening(plate_s: Sequence[Fraction], clip_s: Sequence[Fraction], *, loops: bool) -> tuple[Shown, ...]:
    """What of a clip is on screen at every frame of a plate, from their timestamps (seconds, the first 0).

    As a player shows it: the last frame whose time has come. A shorter clip that ``loops`` begins again while its end
    fades out over ``seam_s``; else its last frame stays.
    """
    length, seam = _length(clip_s), seam_s(clip_s)
    period = length - seam
    if not loops or plate_s[-1] < length:
        return tuple(Shown(_on_screen(clip_s, t)) for t in plate_s)
    out = []
    for t in plate_s:
        turn = int(t // period)
        inside = t - turn * period
        if turn and inside < seam:
            last = _on_screen(clip_s, inside + period)
            out.append(Shown(_on_screen(clip_s, inside), turn, last, 1.0 - float(inside / seam)))
        else:
            out.append(Shown(_on_screen(clip_s, inside), turn))
    return tuple(out)


def _length(clip_s: Sequence[Fraction]) -> Fraction:
    """The last frame stays as long as the others do on average."""
    last = len(clip_s) - 1
    return clip_s[-1] + (clip_s[-1] / last if last else Fraction(1, 24))


def _on_screen(clip_s: Sequence[Fraction], t: Fraction) -> int:
    return max(0, bisect_right(clip_s, t) - 1)


def backdrop_of(
    clip_hw: tuple[int, int], path: CameraPath, frame: int, distance: float | None
) -> tuple[Backdrop, float]:
    """Where the frames of a clip stand: a wall before the camera of ``frame``, ``distance`` away in the path's unit
    (None: at infinity), that covers its picture; and how much larger than that it was made, so that the other cameras
    of ``path`` see less of its border: at most ``MOST_ENLARGED``.

    Nothing in a clip that moves is stretched over a ground that way.
    """
    camera, inverse_depth = path[frame], 0.0 if distance is None else 1.0 / distance
    h, w = camera.hw
    down, across = camera.overscan_px
    cover = max((h + 2 * down) / clip_hw[0], (w + 2 * across) / clip_hw[1])
    sides = np.array([clip_hw[1], clip_hw[0]]) * cover
    beyond = max(_beyond(camera.pinhole, other, inverse_depth, sides) for other in path.cameras)
    enlarged = min(max(1.0, beyond), MOST_ENLARGED)
    hw = round(sides[1] * enlarged), round(sides[0] * enlarged)
    px_from_cam = camera.px_from_cam.copy()
    px_from_cam[:2, 2] += np.array([hw[1] - w, hw[0] - h]) / 2
    stands = Camera(hw, px_from_cam, camera.world_from_camera)
    view = View(np.zeros((*hw, 3), np.float32), np.full(hw, inverse_depth, np.float32), stands, float(frame))
    return Backdrop("planes" if inverse_depth else "panorama", (view,)), enlarged


def _beyond(camera: Camera, other: Camera, inverse_depth: float, sides: Array) -> float:
    """How many times as large as ``sides`` (width, height) about the picture of ``camera`` a wall must be for
    ``other`` to see nothing beside it; infinite where it looks away."""
    h, w = other.hw
    along = np.linspace(0, 1, _ALONG_A_SIDE)
    ends = np.array([[0, 0], [w, 0], [w, h], [0, h], [0, 0]], np.float64)
    border = np.concatenate([a + along[:, None] * (b - a) for a, b in pairwise(ends)])
    wall = camera.world_from_camera[:3, 2] * inverse_depth  # n / d: the wall is where (x - center) . n = d
    rays = np.concatenate([other.straightened(border), np.ones((len(border), 1))], 1)
    rays = rays @ np.linalg.inv(other.px_from_cam).T @ other.world_from_camera[:3, :3].T
    offset = other.center - camera.center
    seen = rays * (1 - offset @ wall) + np.outer(rays @ camera.world_from_camera[:3, 2], offset) * inverse_depth
    seen = seen @ camera.world_from_camera[:3, :3]
    if not (seen[:, 2] > 0).all():
        return np.inf
    px = seen @ camera.px_from_cam.T
    away = np.abs(px[:, :2] / px[:, 2:] - np.array([camera.hw[1], camera.hw[0]]) / 2)
    return float((2 * away / sides).max())


def still_of(footage: Footage, frame: int) -> Backdrop:
    """The place at one frame of the plate: the backdrop with what the clip shows then."""
    if footage.backdrop is None:
        raise ValueError("a clip that already moves as the plate's camera does stands nowhere; draw it with draw_clip")
    view = footage.backdrop.views[0]
    image = _fitted(footage.picture(frame), view.camera.hw)
    return replace(footage.backdrop, views=(replace(view, image=image),))


def draw_clip(footage: Footage, camera: Camera, frame: int) -> SetFrame:
    """A clip that already moves as the plate's camera does, frame for frame."""
    picture = _fitted(footage.picture(frame), camera.hw)
    return SetFrame(picture, np.zeros(camera.hw, np.float32), np.ones(camera.hw, np.float32))


def _fitted(picture: Array, hw: tuple[int, int]) -> Array:
    if picture.shape[:2] == hw:
        return picture
    way = cv2.INTER_AREA if picture.shape[0] > hw[0] else cv2.INTER_CUBIC
    return np.maximum(cv2.resize(picture, hw[::-1], interpolation=way), 0)
