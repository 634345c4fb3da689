"""The relight layer: the place's light in place of the stage's, as a low-frequency gain in linear light.

The gain is of the light alone: it follows which way the actor's surface faces, never what is painted on it. Detail is
kept in the log domain: the luminance of a pixel changes by the gain of its surroundings, and only its colour by the
light's own (``over.flatten``), so that the high frequencies of the plate's logarithm stay the plate's.
"""

import cv2
import numpy as np

from cyclorama.comp.relight_normals import inflated_normals
from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera
from cyclorama.core.layers import Foreground
from cyclorama.core.lighting import BLACK, LUMINANCE, Relighting, even_directions

DARKEST_STOPS, BRIGHTEST_STOPS = -2.5, 1.5
_LONG_SIDE = 160  # cells of the field
_SMOOTH_PX, _SMOOTH_CELLS = 16.0, 1.2  # Gaussian of the field, the wider of the two: detail is what is finer
_LEAST = 1e-3
_SOLID, _HALF = 0.9, 0.5  # alpha of a pixel, share of a cell: from where darks count
_TOLD = 0.3  # length of the mean of a cell's normals from which they say where it faces
_SLOPE_STOPS = 0.9  # how far directions may differ from their mean: steeper, the field would be detail at the edge
_DIRECTIONS = even_directions(128)


def field_hw(hw: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of the small fields of a picture's light."""
    cell = cell_px(hw)
    return max(1, round(hw[0] / cell)), max(1, round(hw[1] / cell))


def cell_px(hw: tuple[int, ...]) -> float:
    """Side of a cell of ``field_hw``, in pixels of the picture."""
    return max(1.0, max(hw) / _LONG_SIDE)


def cells_of(picture: Array) -> Array:
    """A picture or plane at the size of ``field_hw``."""
    return np.asarray(cv2.resize(picture, field_hw(picture.shape[:2])[::-1], interpolation=cv2.INTER_AREA))


def smooth_cells(hw: tuple[int, ...]) -> float:
    """Sigma, in cells, of the Gaussian that parts the light of a picture from its detail."""
    return max(_SMOOTH_PX / cell_px(hw), _SMOOTH_CELLS)


def gain_field(actor: Foreground, camera: Camera, relighting: Relighting, normals: Array | None = None) -> Array:
    """What an actor is multiplied by: h' w' 4 float32, small: the gain of red, green and blue, and of the luminance of
    what is there. Gains stay within -2.5 and 1.5 stops, and nearer to 0 about darks that would fall to black.
    ``normals``: which way his surface faces, as ``core.passes`` gives them, in place of what his outline says."""
    alpha, color, sigma = cells_of(actor.alpha), cells_of(actor.color), smooth_cells(actor.alpha.shape)
    facing = inflated_normals(alpha) if normals is None else given_normals(normals, actor.alpha)
    stops = _stops(facing, camera, relighting)
    weight = alpha + np.float32(_LEAST)
    field = np.empty((*alpha.shape, 4), np.float32)
    below = blurred(weight, sigma)
    for c in range(3):
        field[..., c] = np.exp2(blurred(stops[..., c] * weight, sigma) / below)
    shown = np.maximum(np.stack([blurred(color[..., c], sigma) for c in range(3)], -1), 0) + _LEAST
    field[..., 3] = (shown * field[..., :3] @ LUMINANCE) / (shown @ LUMINANCE)
    return np.asarray(np.exp(above_black(np.log(field), actor)), np.float32)


def above_black(change: Array, actor: Foreground) -> Array:
    """A change of log(light + black) on the small cells, h' w' 4, that darkens less about darks of the actor which
    would fall to black: no detail is there."""
    if change[..., 3].min() >= 0:
        return change
    sigma = smooth_cells(actor.alpha.shape)
    reach = 2 * max(1, round(sigma)) + 1
    lacks = np.maximum(_darkest(actor, change.shape[:2]) - change[..., 3], 0).astype(np.float32)
    more = blurred(cv2.dilate(lacks, np.ones((reach, reach), np.uint8)), sigma)
    return np.asarray(change + np.minimum(more, np.maximum(-change[..., 3], 0))[..., None], np.float32)


def _darkest(actor: Foreground, cells: tuple[int, ...]) -> Array:
    """The least change of log(light + black) that leaves the darks of a cell above black: 0 or less, h' w'."""
    size = tuple((n + 1) // 2 for n in actor.alpha.shape[::-1])
    color, alpha = (cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in (actor.color, actor.alpha))
    solid = (alpha > _SOLID).astype(np.float32)
    light = np.maximum(cv2.transform(color, LUMINANCE[None].astype(np.float32)), 0)
    dark, share = (cv2.resize(p, cells[::-1], interpolation=cv2.INTER_AREA) for p in (solid / (light + BLACK), solid))
    return np.where(share > _HALF, np.log(np.maximum(BLACK * dark / np.maximum(share, _LEAST), _LEAST)), -np.inf)


def _stops(facing: Array, camera: Camera, relighting: Relighting) -> Array:
    world = (facing * np.array([1, 1, -1], np.float32)) @ camera.world_from_camera[:3, :3].T
    around = relighting.stops(_DIRECTIONS)
    mean = around.mean(0)
    steepest = float(np.abs((around - mean) @ LUMINANCE).max())
    stops = mean + (relighting.stops(world) - mean) * min(1.0, _SLOPE_STOPS / max(steepest, _LEAST))
    return np.asarray(np.clip(stops, DARKEST_STOPS, BRIGHTEST_STOPS), np.float32)


def given_normals(normals: Array, alpha: Array) -> Array:
    """Normals of another program on the small cells of an actor, where he has some; elsewhere those of his outline.
    ``alpha``: h w float32; ``normals``: h w 3, of any size of its aspect."""
    there = cells_of(alpha)
    own = cv2.resize(normals, there.shape[::-1], interpolation=cv2.INTER_AREA)
    length = np.linalg.norm(own, axis=-1, keepdims=True)
    told = length > _TOLD
    return np.asarray(np.where(told, own / np.maximum(length, _LEAST), inflated_normals(there)), np.float32)


def blurred(plane: Array, sigma: float) -> Array:
    """Of a plane of cells."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))
