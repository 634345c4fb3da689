"""An actor as a body in the place: the matte as a card that stands at the feet, swollen to a relief, cut into blobs."""

import cv2
import numpy as np

from cyclorama.comp.relight_normals import inflated
from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera
from cyclorama.core.standing import Standing

_ROWS = 28  # cells of the card from the ground to the top of the head
_UP, _DOWN, _BESIDE = 1.2, 0.1, 0.7  # of the height: what of the card is looked at
_FINE = 6  # rows from the ground up that are kept apart; above, four cells make one blob
_FAINT = 0.02
_SHARP, _BLUR_MOST = 0.3, 8.0  # pixels of the small matte: half a cell, by which it is blurred before it is read
_TOES = 3  # cells over which what stands on the ground is one
_SHOE = 0.2  # of the height: what ends lower stands on the ground, so far off as the ground is seen there
_KNEE = 0.45  # of the height: from here up the body is over the feet
_MOST_BEHIND = 0.4  # of the height
_DEEPEST = 0.14  # of the height: half a body's depth at most

Blobs = np.ndarray
"""6 x n float32: world x y z, alpha, size across (of a cell), half depth along the view."""


def blobs(alpha: Array, camera: Camera, standing: Standing, index: int) -> Blobs | None:
    """The actor of frame ``index`` in the world; None where none is seen. ``alpha``: h w float32, of any size."""
    cell = standing.height / _ROWS
    feet, up = standing.feet[index], standing.ground.normal
    ahead = feet - camera.center
    ahead -= (ahead @ up) * up
    distance = float(np.linalg.norm(ahead))
    if distance < cell:
        return None
    ahead /= distance
    side = np.cross(ahead, up)
    columns, low, high = round(_BESIDE * _ROWS), round(_DOWN * _ROWS), round(_UP * _ROWS)
    across, over = (np.arange(-columns, columns) + 0.5) * cell, (np.arange(-low, high) + 0.5) * cell
    points = feet + across[None, :, None] * side + over[:, None, None] * up
    card = looked_up(alpha, camera, points)
    if card.max() < _FAINT:
        return None
    half_depth = np.minimum(np.sqrt(inflated(card)) * cell, _DEEPEST * standing.height)
    eye = float(standing.ground.height(camera.center))
    scale = 1 + set_back(card, over, (eye, distance, standing.height)) / distance
    points = camera.center + (points - camera.center) * scale[..., None]
    return _blobs_of(np.dstack([points, card, np.full_like(card, cell), half_depth]), low)


def looked_up(alpha: Array, camera: Camera, points: Array) -> Array:
    """A small picture, h w or h w c, where points (rows, columns, 3) of the world are seen."""
    px, depth = camera.project(points.reshape(-1, 3))
    h, w = alpha.shape[:2]
    px = px * [w / camera.hw[1], h / camera.hw[0]] - 0.5
    middle = points.shape[1] // 2
    tall = px.reshape(*points.shape[:2], 2)[:, middle, 1]
    sigma = abs(float(tall[-1] - tall[0])) / (len(tall) - 1) / 2
    if sigma > _SHARP:
        alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), min(sigma, _BLUR_MOST), borderType=cv2.BORDER_REPLICATE))
    px[(depth <= 0) | ~np.isfinite(px).all(1)] = -9
    px[:, 1] = np.minimum(px[:, 1], h - 1)  # legs that the picture cuts off go on as they were
    at = px.reshape(*points.shape[:2], 2).astype(np.float32)
    return np.asarray(cv2.remap(alpha, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderValue=0))


def set_back(card: Array, over: Array, sight: tuple[float, float, float]) -> Array:
    """How far behind the card its cells stand, as the card: what stands on the ground behind the nearer foot is where
    the ground is seen under it, and the body over the feet. ``over``: the rows' heights; ``sight``: how high the camera
    is and how far, and the actor's height."""
    eye, distance, height = sight
    cell = over[1] - over[0]
    filled = np.minimum(np.cumsum(card, 0), 1.0)
    lowest = over[0] - cell / 2 + cell * (1.0 - filled).sum(0)  # the height up to which a column is empty
    lowest = np.clip(cv2.blur(lowest[None], (_TOES, 1))[0], 0, None)
    behind = distance * lowest / np.maximum(eye - lowest, 0.1 * height)
    stands = np.clip(2 - lowest / (_SHOE / 2 * height), 0, 1)
    behind = np.minimum(behind, _MOST_BEHIND * height) * stands
    share = np.clip((_KNEE - over / height) / (_KNEE - _SHOE), 0, 1)
    return np.asarray(behind[None, :] * share[:, None])


def _blobs_of(cells: Array, low: int) -> Blobs:
    """Fine at the feet, of four cells above."""
    fine = low + _FINE
    coarse = cells[fine:]
    h, w = coarse.shape[0] // 2 * 2, coarse.shape[1] // 2 * 2
    four = coarse[:h, :w].reshape(h // 2, 2, w // 2, 2, 6)
    merged = four.mean((1, 3))
    weight = four[..., 3:4] + 1e-6
    merged[..., :3] = (four[..., :3] * weight).sum((1, 3)) / weight.sum((1, 3))
    merged[..., 4] *= 2
    merged[..., 5] = four[..., 5].max((1, 3))
    every = np.concatenate([cells[:fine].reshape(-1, 6), merged.reshape(-1, 6)])
    return np.ascontiguousarray(every[every[:, 3] > _FAINT].T, np.float32)
