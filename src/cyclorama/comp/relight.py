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
from cyclorama.core.lighting import LUMINANCE, Relighting, even_directions

DARKEST_STOPS, BRIGHTEST_STOPS = -2.5, 1.5
_LONG_SIDE = 160  # cells of the field
_SMOOTH_PX, _SMOOTH_CELLS = 16.0, 1.2  # Gaussian of the field, the wider of the two: detail is what is finer
_LEAST = 1e-3
_SLOPE_STOPS = 0.9  # how far directions may differ from their mean: steeper, the field would be detail at the edge
_DIRECTIONS = even_directions(128)


def field_hw(hw: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of the small fields of a picture's light."""
    cell = max(1.0, max(hw) / _LONG_SIDE)
    return max(1, round(hw[0] / cell)), max(1, round(hw[1] / cell))


def gain_field(actor: Foreground, camera: Camera, relighting: Relighting) -> Array:
    """What an actor is multiplied by: h' w' 4 float32, small: the gain of red, green and blue, and of the luminance of
    what is there. Gains stay within -2.5 and 1.5 stops."""
    cell = max(1.0, max(actor.alpha.shape) / _LONG_SIDE)
    small = field_hw(actor.alpha.shape)[::-1]
    alpha = cv2.resize(actor.alpha, small, interpolation=cv2.INTER_AREA)
    color = cv2.resize(actor.color, small, interpolation=cv2.INTER_AREA)
    sigma = max(_SMOOTH_PX / cell, _SMOOTH_CELLS)
    stops = _stops(alpha, camera, relighting)
    weight = alpha + np.float32(_LEAST)
    field = np.empty((*alpha.shape, 4), np.float32)
    below = _blurred(weight, sigma)
    for c in range(3):
        field[..., c] = np.exp2(_blurred(stops[..., c] * weight, sigma) / below)
    shown = np.maximum(np.stack([_blurred(color[..., c], sigma) for c in range(3)], -1), 0) + _LEAST
    field[..., 3] = (shown * field[..., :3] @ LUMINANCE) / (shown @ LUMINANCE)
    return field


def _stops(alpha: Array, camera: Camera, relighting: Relighting) -> Array:
    normals = inflated_normals(alpha) * np.array([1, 1, -1], np.float32)
    world = normals @ camera.world_from_camera[:3, :3].T
    around = relighting.stops(_DIRECTIONS)
    mean = around.mean(0)
    steepest = float(np.abs((around - mean) @ LUMINANCE).max())
    stops = mean + (relighting.stops(world) - mean) * min(1.0, _SLOPE_STOPS / max(steepest, _LEAST))
    return np.asarray(np.clip(stops, DARKEST_STOPS, BRIGHTEST_STOPS), np.float32)


def _blurred(plane: Array, sigma: float) -> Array:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))
