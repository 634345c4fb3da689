"""The ground under the actor, and how long a unit of the solve is.

Two things show the floor: points on it, and the feet of an upright actor. Where the camera travels, only points join
the solve's unit to the floor; where it does not, its unit is free and is made a metre. A length that is known, the
actor's or the camera's height, gives the scale.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.clip import Clip
from cyclorama.core.ground import GroundPlane

USUAL_HEIGHT_M = 1.75
MOST_TILT_DEG = 35.0
"""The floor's normal is at most so far from the cameras' mean up."""
_LEAST_POINTS = 10
_FLOOR_SHARE = 0.02  # of the distance: so near a plane a point is on it
_BELOW = 0.1  # of the points may lie below a floor
_TRIALS = 400
_ROUNDS = 6
_OUTLYING = 3.0  # medians of the distance from the plane
_SOLID = 0.5
_EDGE = 0.01  # of the picture's height: a figure that comes so near its edge is cut off there
_SPECK = 0.002  # of the picture: less is no actor
_LEAST_SIGHTS = 3
_UPRIGHT_SPREAD, _TILT_SPREAD = np.radians(3.0), np.radians(8.0)
"""Standard deviations: of an actor from the vertical, over the whole shot, and of a camera's tilt."""

Known = Literal["floor points", "feet"]


class Figures:
    """The actor's head and feet in every frame, read off the mattes as they are asked for; stands in for ``actor``."""

    def __init__(self, actor: Callable[[int, Array], Array], hw: tuple[int, int], num_frames: int) -> None:
        self.feet, self.heads = (np.full((num_frames, 2), np.nan) for _ in range(2))
        """(t, 2) pixels of the plate; NaN where the picture cuts them off or there is no actor."""
        self.cut = np.zeros(num_frames, bool)
        """(t,) whether the picture's lower border cuts the actor off."""
        self.covered = np.full(num_frames, np.nan)
        """(t,) share of the picture that is actor."""
        self._actor, self._hw = actor, hw

    def __call__(self, index: int, frame: Array) -> Array:
        alpha = self._actor(index, frame)
        self.covered[index] = float(alpha.mean())
        self.feet[index], self.heads[index], self.cut[index] = self._ends(alpha)
        return alpha

    @property
    def seen(self) -> tuple[Array, Array, Array, Array]:
        """Everything that was read off: ``feet``, ``heads``, ``cut``, ``covered``."""
        return self.feet, self.heads, self.cut, self.covered

    def see(self, feet: Array, heads: Array, cut: Array, covered: Array) -> None:
        """Know what was ``seen`` before."""
        self.feet, self.heads, self.cut, self.covered = (x.copy() for x in (feet, heads, cut, covered))

    def look(self, proxy: Clip, frames: Sequence[int]) -> "Figures":
        """See what was not seen yet of some frames of a proxy of the plate. Returns those alone, whatever else was seen
        before."""
        for index in frames:
            if np.isnan(self.covered[index]):
                self(index, proxy.frame(index))
        alone = Figures(self._actor, self._hw, len(self.covered))
        for known, here in zip(self.seen, alone.seen):
            here[list(frames)] = known[list(frames)]
        return alone

    def _ends(self, alpha: Array) -> tuple[Array, Array, bool]:
        nowhere = np.full(2, np.nan)
        count, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > _SOLID).astype(np.uint8))
        if count < 2:
            return nowhere, nowhere, False
        largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
        h, w = alpha.shape
        top, height = int(stats[largest, cv2.CC_STAT_TOP]), int(stats[largest, cv2.CC_STAT_HEIGHT])
        if stats[largest, cv2.CC_STAT_AREA] < _SPECK * h * w:
            return nowhere, nowhere, False
        margin, band = max(1, round(_EDGE * h)), max(1, round(0.03 * height))
        scale = np.array([self._hw[1] / w, self._hw[0] / h])

        def end(rows: slice, y: float) -> Array:
            return np.array([float(np.nonzero(labels[rows] == largest)[1].mean()) + 0.5, y]) * scale

        bottom = top + height
        cut = bottom > h - margin
        feet = nowhere if cut else end(slice(bottom - band, bottom), bottom)
        head = nowhere if top < margin else end(slice(top, top + band), top)
        return feet, head, cut


@dataclass(frozen=True)
class Ground:
    """The plane ``normal . X = offset`` of the world, ``normal`` (3,) of length 1 and up; ``metres_per_unit`` None when
    no length is known; ``camera_height``: of the first camera over it, in units of the solve; ``actor_height`` in
    units, NaN where he was never seen whole; ``known`` by what."""

    normal: Array
    offset: float
    camera_height: float
    actor_height: float
    metres_per_unit: float | None
    known: Known

    @property
    def plane(self) -> GroundPlane:
        return GroundPlane(self.normal, self.offset)

    def where(self, camera: Camera, px: Array) -> Array:
        """Points (n, 3) of the ground seen at pixels (n, 2); NaN above the horizon."""
        return self.plane.where(camera, px)


@dataclass(frozen=True)
class NoGround:
    """Why there is none."""

    reason: str


def find_ground(
    path: CameraPath,
    points: Array,
    figures: Figures,
    *,
    actor_height_m: float | None = None,
    camera_height_m: float | None = None,
) -> Ground | NoGround:
    """From the solve's ``points`` (p, 3) and the actor's feet. A height in metres gives the scale; the camera's is that
    of the first frame and goes before the actor's."""
    up = _up(path, figures)
    travels = float(np.ptp(path.centers, axis=0).max()) > 1e-9
    plane = _floor(points, path, up) if travels else None
    if plane is not None:
        ground = _measured(plane[0], plane[1], path, figures, "floor points")
        return _scaled(ground, actor_height_m, camera_height_m)
    if travels:
        return NoGround("no points on the floor were solved, and the actor's feet alone do not give the solve's unit")
    return _below_a_turning_camera(path, figures, up, actor_height_m, camera_height_m)


def height_on(plane: GroundPlane, path: CameraPath, figures: Figures) -> float:
    """The actor's height on a plane, in units of the world; NaN where he is never seen whole on it."""
    return _measured(plane.normal, plane.offset, path, figures, "feet").actor_height


def _up(path: CameraPath, figures: Figures) -> Array:
    """The world's up (3,): at right angles to no upright actor's head and feet, near the cameras' own up."""
    own = -np.mean([c.world_from_camera[:3, 1] for c in path.cameras], axis=0)
    own /= np.linalg.norm(own)
    system = np.eye(3) / _TILT_SPREAD**2
    whole = _whole(figures)
    for index in whole:
        camera = path[index]
        ends = np.stack([figures.feet[index], figures.heads[index]])
        feet, head = camera.unproject(ends, np.ones(2)) - camera.center
        side = np.cross(feet, head)
        side /= np.linalg.norm(side)
        system += np.outer(side, side) / _UPRIGHT_SPREAD**2 / len(whole)  # who leans, leans in all frames
    up: Array = np.linalg.solve(system, own)
    return up / np.linalg.norm(up)


def _whole(figures: Figures) -> list[int]:
    """Frames that show the actor from head to feet."""
    seen = np.isfinite(figures.feet).all(1) & np.isfinite(figures.heads).all(1)
    return np.flatnonzero(seen & (figures.heads[:, 1] < figures.feet[:, 1])).tolist()


def _floor(points: Array, path: CameraPath, up: Array) -> tuple[Array, float] | None:
    """The level plane under the cameras that holds the most points and has hardly any below it (Fischler and Bolles
    1981)."""
    points = points[np.isfinite(points).all(1)]
    if len(points) < _LEAST_POINTS:
        return None
    near = _FLOOR_SHARE * np.linalg.norm(points - path.centers.mean(0), axis=1)
    random, least = np.random.default_rng(0), np.cos(np.radians(MOST_TILT_DEG))
    best, held = None, np.zeros(len(points), bool)
    for _ in range(_TRIALS):
        three = points[random.choice(len(points), 3, replace=False)]
        normal = np.cross(three[1] - three[0], three[2] - three[0])
        length = np.linalg.norm(normal)
        if length < 1e-12 or abs(normal @ up) < least * length:
            continue
        normal *= np.sign(normal @ up) / length
        height = (points - three[0]) @ normal
        on = np.abs(height) < near
        under = (height < -3 * near).mean()
        if on.sum() > held.sum() and under < _BELOW and ((path.centers - three[0]) @ normal > 0).all():
            best, held = normal, on
    if best is None or held.sum() < _LEAST_POINTS:
        return None
    return _fitted(points[held], best)


def _fitted(points: Array, normal: Array) -> tuple[Array, float] | None:
    """The plane of points near one, those of other things left out; None where they lie in a line."""
    sure = np.ones(len(points), bool)
    first = normal
    for _ in range(_ROUNDS):
        middle = points[sure].mean(0)
        normal = np.linalg.svd(points[sure] - middle)[2][-1]
        normal = normal * np.sign(normal @ first)
        height = np.abs((points - middle) @ normal)
        sure = height <= max(_OUTLYING * float(np.median(height)), 1e-9)
    if normal @ first < np.cos(np.radians(MOST_TILT_DEG)):
        return None
    return normal, float(normal @ middle)


def _measured(normal: Array, offset: float, path: CameraPath, figures: Figures, known: Known) -> Ground:
    """How high the first camera and the actor are over a plane, in units."""
    plain = Ground(normal, offset, float(normal @ path[0].center) - offset, np.nan, None, known)
    heights = []
    for index in _whole(figures):
        camera = path[index]
        feet = plain.where(camera, figures.feet[index][None])[0]
        ray = camera.unproject(figures.heads[index][None], np.ones(1))[0] - camera.center
        # The point of the actor's own vertical that is nearest the ray through his head.
        across = np.cross(ray, np.cross(normal, ray))
        if abs(normal @ across) > 1e-9 and np.isfinite(feet).all():
            heights.append(float((camera.center - feet) @ across / (normal @ across)))
    if len(heights) < _LEAST_SIGHTS:
        return plain
    return Ground(normal, offset, plain.camera_height, float(np.median(heights)), None, known)


def _scaled(ground: Ground, actor_height_m: float | None, camera_height_m: float | None) -> Ground:
    scale = None
    if camera_height_m is not None:
        scale = camera_height_m / ground.camera_height
    elif actor_height_m is not None and ground.actor_height > 0:
        scale = actor_height_m / ground.actor_height
    return Ground(ground.normal, ground.offset, ground.camera_height, ground.actor_height, scale, ground.known)


def _below_a_turning_camera(
    path: CameraPath, figures: Figures, up: Array, actor_height_m: float | None, camera_height_m: float | None
) -> Ground | NoGround:
    """A camera that stays where it is sees no distances: its unit is made a metre by the height that is known."""
    center = path[0].center
    if camera_height_m is not None:
        return _scaled(
            _measured(up, float(up @ center) - camera_height_m, path, figures, "feet"), None, camera_height_m
        )
    if actor_height_m is None:
        return NoGround("the camera does not travel, so it sees no distances; give --actor-height or --camera-height")
    whole = _whole(figures)
    if len(whole) < _LEAST_SIGHTS:
        return NoGround("the actor is seen from head to feet in too few frames; give --camera-height")
    unit = _measured(up, float(up @ center) - 1.0, path, figures, "feet")
    if not unit.actor_height > 0:
        return NoGround("the actor's feet are above the horizon: the camera's tilt is not known well enough")
    height = actor_height_m / unit.actor_height
    return Ground(up, float(up @ center) - height, height, actor_height_m, 1.0, "feet")
