"""The actor's hair: thin curves around the skull, drawn with the share of each pixel that they cover."""

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera
from cyclorama.synthetic.body_pass import Surroundings, bounce, key_on
from cyclorama.synthetic.figure import HeadFrame
from cyclorama.synthetic.light import dome
from cyclorama.synthetic.noise import entry_kernel, kernel
from cyclorama.synthetic.solids import Solids

NUM_STRANDS, _NUM_POINTS = 1500, 7
_WIDTH_M = 1.5e-3
CLEAR, STAGE, SPILL, PLACE, WEIGHT = 0, 1, 4, 7, 10
_NUM_CHANNELS = 11


def grow_hair(rng: np.random.Generator, length_m: float) -> Array:
    """Strands in the head's frame (right, forward, up), ``(strands, points, 3)`` metres from the skull's middle."""
    direction = rng.normal(size=(4 * NUM_STRANDS, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    scalp = direction[:, 2] - 0.8 * direction[:, 1] > 0.05
    direction = direction[scalp & (direction[:, 2] > -0.55)][:NUM_STRANDS]
    root = direction * np.array([0.100, 0.106, 0.104]) + np.array([0.0, -0.012, 0.008])
    count = len(direction)
    length = length_m * rng.uniform(0.35, 1.0, (count, 1, 1)) * np.where(rng.random((count, 1, 1)) < 0.12, 1.45, 1.0)
    s = np.linspace(0, 1, _NUM_POINTS)[None, :, None]
    out = direction * np.array([1.0, 0.9, 0.95]) + rng.normal(0, 0.34, direction.shape)
    fall = np.array([0.0, -0.25, -1.0]) * rng.uniform(0.25, 0.95, (count, 1, 1))
    curl = rng.normal(0, 0.10, (count, 1, 3)) * np.sin(
        s * rng.uniform(2, 9, (count, 1, 1)) + rng.uniform(0, 6, (count, 1, 1))
    )
    points = root[:, None] + length * (0.75 * s * out[:, None] * (1 - 0.45 * s) + 0.85 * s * s * fall + curl * s)
    apart = np.linalg.norm(points, axis=2, keepdims=True)
    pushed: Array = points * np.maximum(1.0, 0.106 / apart)  # out of the skull
    return pushed


def place_hair(strands: Array, head: HeadFrame, time_s: float) -> Array:
    """The strands in the world at a time; their tips swing a little."""
    s = np.linspace(0, 1, strands.shape[1])[None, :, None] ** 2
    swing = np.array([np.sin(5.1 * time_s), 0.6 * np.sin(4.3 * time_s + 1.0), 0.0]) * 0.012
    moved: Array = (strands + swing * s) @ head.axes.T + head.center
    return moved


@kernel
def _add_segment(ends: Array, color: Array, body: Array, out: Array) -> None:
    """One straight piece. ``ends``: 2 x 3, pixel x, y and depth; ``color``: 9 colours, then its width in pixels."""
    ax, ay, bx, by = ends[0, 0], ends[0, 1], ends[1, 0], ends[1, 1]
    length = np.hypot(bx - ax, by - ay) + 1e-9
    tx, ty = (bx - ax) / length, (by - ay) / length
    for row in range(max(0, int(min(ay, by) - 1.5)), min(out.shape[1], int(max(ay, by) + 1.5) + 1)):
        for column in range(max(0, int(min(ax, bx) - 1.5)), min(out.shape[2], int(max(ax, bx) + 1.5) + 1)):
            x, y = column + 0.5 - ax, row + 0.5 - ay
            along, across = x * tx + y * ty, abs(x * ty - y * tx)
            if across >= 1.0:
                continue
            inside = min(length, along + 0.5) - max(0.0, along - 0.5)  # of the pixel's length along the strand
            cover = min(0.9, color[9] * (1.0 - across) * inside)
            if cover <= 0.0:
                continue
            side = 0 if 1.0 / ends[0, 2] > body[row, column, 11] - 4e-3 else 1
            cell = out[side, row, column]
            cell[CLEAR] *= 1.0 - cover
            cell[WEIGHT] += cover
            for channel in range(9):
                cell[1 + channel] += cover * color[channel]


@kernel
def _strand_color(albedo: Array, parts: Array, around: Surroundings, points: Array, color: Array) -> None:
    """Light on a strand: the dome, the key by the sine to its tangent, the screen through its edge."""
    middle = len(points) // 2
    point = (points[middle, 0], points[middle, 1], points[middle, 2])
    tx, ty, tz = points[-1, 0] - points[0, 0], points[-1, 1] - points[0, 1], points[-1, 2] - points[0, 2]
    size = np.sqrt(tx * tx + ty * ty + tz * tz) + 1e-9
    cx, cy, cz = points[0, 0] - parts[0, 0], points[0, 1] - parts[0, 1], tz / size
    flat = np.sqrt(cx * cx + cy * cy + 0.01)
    normal = (0.8 * cx / flat, 0.8 * cy / flat, 0.6)
    nobody = Solids(around.solids.shape, around.solids.surface, around.solids.bound[:0])
    stage_key, _ = key_on(parts[:1], nobody, around.stage_light, point, normal)
    place_key, _ = key_on(parts[:1], around.solids, around.place_light, point, normal)
    seen = bounce(normal, point[2]) + 0.25
    for channel in range(3):
        a = 1.3 * albedo[channel]
        up = 0.4 + 0.2 * cz
        color[channel] = a * (stage_key * around.stage_light.key[channel] + dome(around.stage_light, up, channel))
        color[3 + channel] = around.paint[channel] * (0.5 * a + 0.02) * seen
        color[6 + channel] = a * (place_key * around.place_light.key[channel] + dome(around.place_light, up, channel))


@entry_kernel
def _draw_strands(world: Array, px: Array, albedo: Array, scene: tuple[Array, Surroundings, Array], out: Array) -> None:
    parts, around, body = scene
    color = np.zeros(10)
    for strand in range(len(world)):
        _strand_color(albedo, parts, around, world[strand], color)
        count = px.shape[1] - 1
        for k in range(count):
            depth = px[strand, k, 2]
            if depth > 0.05:
                color[9] = px[strand, k, 3] * (1.15 - 0.9 * k / count)
                _add_segment(px[strand, k : k + 2], color, body, out)


def draw_hair(
    world: Array, albedo: tuple[float, ...], camera: Camera, scene: tuple[Array, Surroundings, Array]
) -> Array:
    """Draws ``world`` strands; ``scene`` is the figure's table, its surroundings and the body's picture.

    Returns ``2 h w 11`` float32, in front of the body and behind it: the share left clear, the mean colours (stage,
    spill, place) premultiplied, and the sum of weights.
    """
    pixels, depth = camera.project(world.reshape(-1, 3))
    width = _WIDTH_M * camera.px_from_cam[0, 0] / np.maximum(depth, 0.05)
    px = np.concatenate([pixels, depth[:, None], width[:, None]], 1).reshape(*world.shape[:2], 4)
    out = np.zeros((2, *camera.hw, _NUM_CHANNELS), np.float32)
    out[..., CLEAR] = 1.0
    _draw_strands(world, px, np.array(albedo), scene, out)
    cover = 1.0 - out[..., CLEAR : CLEAR + 1]
    out[..., STAGE:WEIGHT] *= cover / np.maximum(out[..., WEIGHT:], 1e-6)
    return out
