"""Places of textured planes, drawn as known cameras see them."""

import cv2
import numpy as np
from matchmove_world import texture

from cyclorama.core.camera import Camera
from cyclorama.core.reference import Reference

WALL = [(np.array([0.35, 0, 1, -6.0]), (-99, 99))]
BOARDS = [(np.array([0.0, 0, 1, -4]), (-1.5, -0.4)), (np.array([-0.4, 0, 1, -3.2]), (0.6, 1.3))]
PLACE = [*WALL, (np.array([0.0, 1, 0, -1.0]), (-99, 99)), *BOARDS]
"""Planes n x = d within a range of x: a wall; a place of a wall, a floor and two boards nearer than it."""
LARGE_SHEET = texture((900, 900), 6, blur=2.0)


def place_seen(view: Camera, frame: int, planes: list[tuple[np.ndarray, tuple[float, float]]]) -> Reference:
    """Textured planes as a camera sees them."""
    h, w = view.hw
    px = np.stack([x.ravel() + 0.5 for x in np.meshgrid(np.arange(w), np.arange(h))], 1)
    rays = view.unproject(px, np.ones(h * w)) - view.center
    depth, at = np.full(h * w, np.inf), np.zeros((h * w, 2))
    for number, (n, (left, right)) in enumerate(planes):
        with np.errstate(divide="ignore"):
            t = -(view.center @ n[:3] + n[3]) / (rays @ n[:3])
        p = view.center + rays * np.nan_to_num(t, posinf=1e6, neginf=-1e6)[:, None]
        nearer = (t > 0) & (t < depth) & (p[:, 0] > left) & (p[:, 0] < right)
        depth[nearer] = t[nearer]
        flat = p[:, [0, 2]] if n[1] else p[:, [0, 1]]
        at[nearer] = (flat * 50 + [450 + 90 * number, 450 - 110 * number])[nearer]
    u, v = at.astype(np.float32).reshape(h, w, 2).transpose(2, 0, 1)
    return Reference(cv2.remap(LARGE_SHEET, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), frame, f"view {frame}")
