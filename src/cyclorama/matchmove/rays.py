"""Rays of pictures, and the turn between two bundles of them."""

import numpy as np

from cyclorama.core.arrays import Array

_TURN_STEPS = 5


def rays_of(plane: Array) -> Array:
    """Unit rays (n, 3) through places (n, 2) on the picture plane, in focal lengths from the middle."""
    rays = np.concatenate([plane, np.ones((len(plane), 1))], 1)
    return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True))


def turned(p: Array, q: Array) -> tuple[Array, Array]:
    """The turn that brings rays ``p`` (m, 3) nearest to ``q`` (Kabsch 1976, refitted to the half that agrees best), and
    what is left of every match, radians: parallax, or a focal length that is wrong."""
    chosen = np.ones(len(p), bool)
    rotation, left = np.eye(3), np.zeros(len(p))
    for _ in range(_TURN_STEPS):
        u, _, vt = np.linalg.svd(q[chosen].T @ p[chosen])
        rotation = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt
        left = np.linalg.norm(q - p @ rotation.T, axis=1)
        chosen = left <= np.median(left) * 1.5 + 1e-12
    return rotation, left
