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
_ROUGH = 0.5  # of a mirror's light at grazing angles, for cloth, skin and hair
_AROUND = 0.2  # sigma of what is mirrored, of the picture's height: cloth and skin are rough
_LAMP = 1.0  # the most that is mirrored of anything: no lamp behind him outshines white at his edge
_COARSER = 4
_LEAST = 1e-3


def rim_field(alpha: Array, place: Array, strength: float) -> Array:
    """What is added over an actor's alpha (h w): h' w' 3 float32, small, scene-linear. ``place``: h w 3."""
    h, w = field_hw(alpha.shape)
    small = cv2.resize(alpha, (w, h), interpolation=cv2.INTER_AREA)
    facing = inflated_normals(small)[..., 2]
    around = _around(small, cv2.resize(place, (w, h), interpolation=cv2.INTER_NEAREST))
    return np.asarray((strength * _ROUGH * np.clip(1 - facing, 0, 1) ** _GRAZING)[..., None] * around, np.float32)


def _around(alpha: Array, place: Array) -> Array:
    """The place without what he hides, blurred: h w 3, from pictures h w. It is so smooth that few cells hold it."""
    h, w = alpha.shape
    bare = np.asarray(1 + _LEAST - alpha, np.float32)
    shown = np.asarray(np.dstack([np.clip(place, 0, _LAMP) * bare[..., None], bare]), np.float32)
    coarse = cv2.resize(shown, (max(1, w // _COARSER), max(1, h // _COARSER)), interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(coarse, (0, 0), _AROUND * coarse.shape[0], borderType=cv2.BORDER_REPLICATE)
    light = np.asarray(smooth[..., :3] / smooth[..., 3:], np.float32)
    return np.asarray(cv2.resize(light, (w, h), interpolation=cv2.INTER_LINEAR))


def with_rim(layers: Layers, rim: Array | None) -> Layers:
    """With a rim beside the wrap, which is added in the same way."""
    if rim is None:
        return layers
    if layers.wrap is None:
        return replace(layers, wrap=rim)
    wide, finer = sorted((rim, layers.wrap), key=lambda f: f.shape[0])
    spread = cv2.resize(wide, finer.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return replace(layers, wrap=np.asarray(spread + finer, np.float32))
