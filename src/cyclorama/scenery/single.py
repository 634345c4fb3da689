"""One picture of a place without depth: a ground, walls where its lines prove them, a backdrop, the sky."""

from dataclasses import dataclass

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera
from cyclorama.core.display import code8_from_linear
from cyclorama.scenery.single_box import Box, evidence_of, fitted_box, frame_of
from cyclorama.scenery.single_lines import LINES_LONG_SIDE, Directions, directions_of, segments_of
from cyclorama.scenery.single_sky import lowest_row, sky_of

CAMERA_HEIGHT = 0.375
"""Of the usual distance of an actor: 1.5 m, the height of eyes, where he is 4 m away."""
_BACKDROP = 16.0
"""Camera heights to a backdrop of which nothing is known: 24 m."""
_CEILING_ENDS = np.sin(np.radians(12.0))  # above the horizon; of a street that is seen along, the sky goes lower
_BLUE = 1.2  # times the red
_SKYLINE = 0.7  # of the height: a sky that reaches further down leaves a skyline, and no ground to stand on
_FAR_WORDS = "one picture without depth: little is below its sky, and all of it was taken to be far away"
_AGAINST_THE_SKY = np.sin(np.radians(3.0))
_PLUMB = np.cos(np.radians(20.0))  # an axis of the world so near the cameras' own down is plumb


@dataclass(frozen=True)
class Single:
    """``inverse_depth`` h w float32 of the picture, looked at small; ``ground`` h w bool: where it is ground; ``words``
    for the report."""

    inverse_depth: Array
    ground: Array
    words: str


def single_place(image: Array, camera: Camera, unit: float) -> Single:
    """From the picture (h w 3 float32 scene-linear) that ``camera`` sees; ``unit``: how far an actor usually is."""
    scale = min(1.0, LINES_LONG_SIDE / max(camera.hw))
    hw = (round(camera.hw[0] * scale), round(camera.hw[1] * scale))
    small = code8_from_linear(cv2.resize(image, hw[::-1], interpolation=cv2.INTER_AREA) if scale < 1 else image)
    seen = camera.resized(hw)
    sky = _sky(small)
    segments = segments_of(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    directions = directions_of(segments, seen.px_from_cam, hw, -_plumb(camera))
    if _is_ceiling(sky, small, directions, seen):
        sky = np.zeros(hw, bool)
    directions, lowered = _below_the_sky(directions, seen, lowest_row(sky))
    evidence = evidence_of(segments, directions, seen.px_from_cam)
    box = fitted_box(evidence, ceiling=not sky.any()) if directions.up_seen else None
    if box is None:
        box = Box(back=0.0 if sky.any() or lowered else 1 / _BACKDROP)
    rays = _rays(seen) @ frame_of(directions).T
    values = box.inverse_depth(rays)
    far = lowered and lowest_row(sky) > _SKYLINE
    if far:
        values = np.zeros(hw)
    ground = (rays[..., 1] > 0) & (values <= rays[..., 1]) & ~sky & (not far)
    values = np.where(sky, 0, np.maximum(values, 0)) / (CAMERA_HEIGHT * unit)
    words = _FAR_WORDS if far else _words(directions, box, bool(sky.any()), lowered)
    return Single(values.astype(np.float32), ground, words)


def _sky(picture: Array) -> Array:
    """Small pictures are enlarged to find it: what an edge is goes by pixels."""
    h, w = picture.shape[:2]
    scale = LINES_LONG_SIDE / max(h, w)
    large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR) if scale > 1 else picture
    return np.asarray(cv2.resize(sky_of(large).astype(np.uint8), (w, h), interpolation=cv2.INTER_NEAREST) > 0)


def _plumb(camera: Camera) -> Array:
    """Down (3,) of the camera: the axis of the world that is nearest its own, for worlds stand upright."""
    axes = camera.camera_from_world[:3, :3]
    nearest = int(np.argmax(np.abs(axes[1])))
    down = axes[:, nearest] * np.sign(axes[1, nearest])
    return np.asarray(down if down[1] > _PLUMB else [0.0, 1.0, 0.0])


def _rays(camera: Camera) -> Array:
    """h w 3, of length 1 along the optical axis."""
    h, w = camera.hw
    px = np.stack(np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5), -1).reshape(-1, 2)
    straight = camera.straightened(px)
    return np.asarray(
        (np.column_stack([straight, np.ones(h * w)]) @ np.linalg.inv(camera.px_from_cam).T).reshape(h, w, 3)
    )


def _is_ceiling(sky: Array, picture: Array, directions: Directions, camera: Camera) -> bool:
    """Whether a bright part above is not blue and ends far above a horizon that lines prove: an open sky reaches down
    to it somewhere."""
    if not sky.any() or not directions.depth_seen:
        return False
    red, _, blue = picture[sky].mean(0)
    lowest = np.linalg.inv(camera.px_from_cam) @ [camera.hw[1] / 2, lowest_row(sky) * camera.hw[0], 1.0]
    return bool(blue < _BLUE * red and lowest @ directions.up > _CEILING_ENDS * np.linalg.norm(lowest))


def _below_the_sky(directions: Directions, camera: Camera, lowest: float) -> tuple[Directions, bool]:
    """The horizon no higher than the sky's lower end; what lines say is believed up to a few degrees against it."""
    middle = np.linalg.inv(camera.px_from_cam) @ [camera.hw[1] / 2, lowest * camera.hw[0], 1.0]
    turn = middle / np.linalg.norm(middle)
    if turn @ directions.up > (-_AGAINST_THE_SKY if directions.depth_seen else 0):
        return directions, False
    up = directions.up - (directions.up @ turn) * turn
    up /= np.linalg.norm(up)
    ahead = np.array([0.0, 0.0, 1.0])
    depth = ahead - (ahead @ up) * up
    return Directions(up, depth / np.linalg.norm(depth), directions.up_seen, False), True


def _words(directions: Directions, box: Box, sky: bool, lowered: bool) -> str:
    if directions.depth_seen:
        horizon = "where its lines vanish"
    elif lowered:
        horizon = "at the lower end of its sky"
    else:
        horizon = "as its upright lines say" if directions.up_seen else "level with the camera"
    walls = [name for name in ("left", "right", "ceiling") if getattr(box, name)]
    parts = ["a ground", *(f"a {w} wall" if w != "ceiling" else "a ceiling" for w in walls)]
    parts += [f"a backdrop {1 / box.back:.0f} camera heights away"] if box.back else ["what is above it at infinity"]
    parts += ["the sky at infinity"] if sky and box.back else []
    return f"one picture without depth: its horizon was taken {horizon}, the place as {', '.join(parts)}"
