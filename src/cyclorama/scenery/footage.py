"""A clip as the place: which of its frames is on screen when, and where they stand."""

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.place import Footage, Shown, Wall
from cyclorama.scenery.bend import bend_of, sight_row
from cyclorama.scenery.fill import fill_holes
from cyclorama.scenery.look_up import look_up

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


def wall_of(clip_hw: tuple[int, int], path: CameraPath, frame: int, distance: float | None) -> tuple[Wall, float]:
    """Where the frames of a clip stand: a wall before the camera of ``frame``, ``distance`` away in the path's unit
    (None: at infinity), that covers its picture; and how much larger than that it was made, so that the other cameras
    of ``path`` see less of its border: at most ``MOST_ENLARGED``.

    Nothing in a clip that moves is stretched over a ground that way.
    """
    camera, inverse_depth = path[frame], 0.0 if distance is None else 1.0 / distance
    h, w = camera.hw
    down, across = camera.overscan_px
    sides = np.array(clip_hw[::-1]) * max((h + 2 * down) / clip_hw[0], (w + 2 * across) / clip_hw[1])
    upright = Wall(camera.pinhole, inverse_depth, float(frame))
    enlarged = min(max(1.0, *(_beyond(upright, other, sides) for other in path.cameras)), MOST_ENLARGED)
    hw = round(sides[1] * enlarged), round(sides[0] * enlarged)
    px_from_cam = camera.px_from_cam.copy()
    px_from_cam[:2, 2] += np.array([hw[1] - w, hw[0] - h]) / 2
    return Wall(Camera(hw, px_from_cam, camera.world_from_camera), inverse_depth, float(frame)), enlarged


def _beyond(wall: Wall, other: Camera, sides: Array) -> float:
    """How many times as large as ``sides`` (width, height) about the picture of its camera the wall must be for
    ``other`` to see nothing beside it; infinite where it looks away."""
    h, w = other.hw
    along = np.linspace(0, 1, _ALONG_A_SIDE)
    ends = np.array([[0, 0], [w, 0], [w, h], [0, h], [0, 0]], np.float64)
    border = np.concatenate([a + along[:, None] * (b - a) for a, b in pairwise(ends)])
    seen = np.concatenate([other.straightened(border), np.ones((len(border), 1))], 1)
    seen = seen @ (_to_wall(wall, other)[0] @ np.linalg.inv(other.px_from_cam)).T
    if not (seen[:, 2] > 0).all():
        return np.inf
    away = np.abs(seen[:, :2] / seen[:, 2:] - np.array(wall.camera.hw[::-1]) / 2)
    return float((2 * away / sides).max())


def _to_wall(wall: Wall, camera: Camera) -> tuple[Array, Array]:
    """From places (x, y, 1) on the picture plane of ``camera``: to homogeneous pixels of the wall, 3 x 3, the third
    positive before both cameras; and to the wall's inverse depth there, (3,)."""
    own = wall.camera
    ray_from_camera = own.camera_from_world[:3, :3] @ camera.world_from_camera[:3, :3]
    offset = own.camera_from_world[:3, :3] @ (camera.center - own.center)
    before = 1 - wall.inverse_depth * offset[2]  # of its distance from its own camera
    onto = before * np.eye(3)
    onto[:, 2] += wall.inverse_depth * offset
    return own.px_from_cam @ onto @ ray_from_camera, wall.inverse_depth * ray_from_camera[2] / max(before, 1e-6)


def draw_footage(footage: Footage, camera: Camera, frame: int) -> SetFrame:
    """What the clip shows at ``frame`` of the plate, as ``camera`` sees it."""
    picture = footage.picture(frame)
    if footage.wall is None:
        return SetFrame(_fitted(picture, camera.hw), np.zeros(camera.hw, np.float32), np.ones(camera.hw, np.float32))
    own = footage.wall.camera
    if picture.shape[0] > own.hw[0]:
        picture = _fitted(picture, own.hw)
    to_wall, depth = _to_wall(footage.wall, camera)
    to_wall = np.diag([picture.shape[1] / own.hw[1], picture.shape[0] / own.hw[0], 1.0]) @ to_wall
    if camera.lens.is_straight:
        plane_from_px = np.linalg.inv(camera.px_from_cam)
        to_wall, depth = to_wall @ plane_from_px, depth @ plane_from_px
    u, v, inverse_depth, covered = (np.empty(camera.hw, np.float32) for _ in range(4))
    ways = (to_wall.astype(np.float32), depth.astype(np.float32), bend_of(camera))
    bare = _places(ways, picture.shape[:2], (u, v), inverse_depth, covered)
    color = look_up(picture, u, v)
    if bare and covered.any():
        fill_holes(color, covered == 0)
    return SetFrame(color, inverse_depth, covered)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _places(ways, hw, uv, inverse_depth, covered):  # type: ignore[no-untyped-def]
    """Where each pixel looks in the picture on the wall, as ``cv2.remap`` counts (centres at whole numbers), the wall's
    inverse depth there, and 1 where the picture covers it. Returns whether something is uncovered."""
    (m, d, bend), (us, vs), half = ways, uv, np.float32(0.5)
    h, w = us.shape
    right, bottom = np.float32(hw[1]), np.float32(hw[0])
    p, q = np.empty(w, np.float32), np.empty(w, np.float32)
    num = np.float32(0)
    for y in range(h):
        if len(bend.table):
            sight_row((0, y), bend, p, q)
        else:
            for x in range(w):
                p[x], q[x] = np.float32(x) + half, np.float32(y) + half
        for x in range(w):
            z = m[2, 0] * p[x] + m[2, 1] * q[x] + m[2, 2]
            k = np.float32(1.0) / max(z, np.float32(1e-6))
            u = (m[0, 0] * p[x] + m[0, 1] * q[x] + m[0, 2]) * k
            v = (m[1, 0] * p[x] + m[1, 1] * q[x] + m[1, 2]) * k
            inside = (z > 0) & (u >= 0) & (u <= right) & (v >= 0) & (v <= bottom)
            us[y, x], vs[y, x] = u - half, v - half
            inverse_depth[y, x] = max(np.float32(0.0), d[0] * p[x] + d[1] * q[x] + d[2])
            covered[y, x] = np.float32(1.0) if inside else np.float32(0.0)
            num += covered[y, x]
    return num < h * w


def _fitted(picture: Array, hw: tuple[int, int]) -> Array:
    if picture.shape[:2] == hw:
        return picture
    way = cv2.INTER_AREA if picture.shape[0] > hw[0] else cv2.INTER_CUBIC
    return np.maximum(cv2.resize(picture, hw[::-1], interpolation=way), 0)
