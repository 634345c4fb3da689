"""Rim light: what lies around the actor in the picture is mirrored where his surface turns away from the camera.

Every surface reflects most at a grazing angle (Schlick 1994), cloth and skin too, and there it mirrors what lies behind
and beside him. The stage's own such light was the screen's, and is taken off with the spill.
"""

from dataclasses import replace

import cv2
import numpy as np

from cyclorama.comp.relight import field_hw
from cyclorama.comp.relight_normals import inflated_normals
from cyclorama.core.arrays import Array
from cyclorama.core.layers import Layers

_GRAZING = 4  # power of 1 - cosine: Schlick's is 5, less since a relief is rounder at its outline than a body
_AROUND = 0.2  # sigma of what is mirrored, of the picture's height: cloth and skin are rough
_LAMP = 1.0  # the most that is mirrored of anything: no lamp behind him outshines white at his edge
_LEAST = 1e-3


def rim_field(alpha: Array, place: Array, strength: float) -> Array:
    """What is added over an actor's alpha (h w): h' w' 3 float32, small, scene-linear. ``place``: h w 3."""
    h, w = field_hw(alpha.shape)
    small = cv2.resize(alpha, (w, h), interpolation=cv2.INTER_AREA)
    facing = inflated_normals(small)[..., 2]
    bare = 1 - small + np.float32(_LEAST)
    shown = np.clip(cv2.resize(place, (w, h), interpolation=cv2.INTER_AREA), 0, _LAMP) * bare[..., None]
    around = _blurred(shown, _AROUND * h) / _blurred(bare, _AROUND * h)[..., None]
    return np.asarray((strength * np.clip(1 - facing, 0, 1) ** _GRAZING)[..., None] * around, np.float32)


def with_rim(layers: Layers, rim: Array | None) -> Layers:
    """With a rim beside the wrap, which is added in the same way."""
    if rim is None:
        return layers
    if layers.wrap is None:
        return replace(layers, wrap=rim)
    wide, finer = sorted((rim, layers.wrap), key=lambda f: f.shape[0])
    spread = cv2.resize(wide, finer.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return replace(layers, wrap=np.asarray(spread + finer, np.float32))


def _blurred(plane: Array, sigma: float) -> Array:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))
