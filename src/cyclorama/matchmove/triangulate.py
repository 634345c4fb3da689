"""Points of tracks that several pictures see: from the pair of rays on which most observations agree."""

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.matchmove.scene import Scene, project

MAX_PAIRS = 40  # of rays that are tried for one point


def triangulated(
    scene: Scene, known: Array, posed: Array, sights: tuple[Array, Array, Array], error_px: float, angle: float
) -> tuple[Array, Array, Array]:
    """Points (p, 3), which of them are known (p,), and which observations agree with them (m,).

    Known points that their observations still bear out are kept; the others are sought anew among the pictures
    ``posed`` (n,). ``sights`` are starts (p + 1,), picture (m,) and offset (m, 2). An observation agrees within
    ``error_px``; a point needs two pictures that see it under ``angle`` radians or more.
    """
    points, known = scene.points.copy(), known.copy()
    agree = np.zeros(len(sights[1]), bool)
    rays = np.zeros((len(agree), 3))
    _rays(scene.rotations, scene.focal, scene.k1, scene.group, posed, sights[1], sights[2], rays)
    _all_points(*scene.views, points, known, posed, *sights, rays, error_px, np.cos(angle), agree)
    return points, known, agree


@njit(cache=True, nogil=True)
def _rays(rotations, focal, k1, group, posed, picture, offset, rays):  # type: ignore[no-untyped-def]
    """Unit directions in the world in which observations lie; Newton's steps undo the lens."""
    for i in range(len(picture)):
        c = picture[i]
        if not posed[c]:
            continue
        f, k = focal[group[c]], k1[group[c]]
        a, b = offset[i, 0] / f, offset[i, 1] / f
        seen = np.hypot(a, b)
        r = seen
        for _ in range(8):
            r -= (r * (1 + k * r * r) - seen) / max(1 + 3 * k * r * r, 0.1)
        share = r / seen if seen > 0 else 1.0
        ray = rotations[c].T @ np.array([a * share, b * share, 1.0])
        rays[i] = ray / np.sqrt((ray * ray).sum())


@njit(cache=True, nogil=True)
def _all_points(  # type: ignore[no-untyped-def]
    rotations, centers, focal, k1, group, points, known, posed, starts, picture, offset, rays, error, cosine, agree
):
    for p in range(len(points)):
        begin, end = starts[p], starts[p + 1]
        views = (rotations, centers, focal, k1, group)
        span = (picture[begin:end], offset[begin:end], rays[begin:end], posed)
        if known[p]:
            num = _agreeing(views, points[p], span, error, agree[begin:end])
            known[p] = num >= 2 and _wide(span, agree[begin:end], cosine)
        if not known[p]:
            known[p] = _sought(views, points[p], span, error, cosine, agree[begin:end])
        if not known[p]:
            agree[begin:end] = False


@njit(cache=True, nogil=True)
def _agreeing(views, point, span, error, agree):  # type: ignore[no-untyped-def]
    rotations, centers, focal, k1, group = views
    picture, offset, _, posed = span
    num = 0
    for i in range(len(picture)):
        c = picture[i]
        agree[i] = False
        if posed[c]:
            u, v = project(rotations[c], centers[c], focal[group[c]], k1[group[c]], point)
            agree[i] = np.hypot(u - offset[i, 0], v - offset[i, 1]) < error
            num += agree[i]
    return num


@njit(cache=True, nogil=True)
def _wide(span, agree, cosine):  # type: ignore[no-untyped-def]
    picture, _, rays, _ = span
    for i in range(len(picture)):
        if agree[i]:
            for k in range(i):
                if agree[k] and _dot(rays[i], rays[k]) < cosine:
                    return True
    return False


@njit(cache=True, nogil=True)
def _sought(views, point, span, error, cosine, agree):  # type: ignore[no-untyped-def]
    centers = views[1]
    picture, _, rays, posed = span
    num = len(picture)
    step = max(1, num * (num - 1) // 2 // MAX_PAIRS)
    best, count = 1, 0
    trial, found = np.zeros(num, np.bool_), np.zeros(3)
    for i in range(num):
        for k in range(i):
            count += 1
            if not (posed[picture[i]] and posed[picture[k]]) or count % step or picture[i] == picture[k]:
                continue
            between = _dot(rays[i], rays[k])
            if between > cosine:
                continue
            _middle(centers[picture[i]], rays[i], centers[picture[k]], rays[k], between, point)
            here = _agreeing(views, point, span, error, trial)
            if here > best:
                best, found[:] = here, point
    if best < 2:
        return False
    _agreeing(views, found, span, error, agree)
    refined, sound = _nearest(centers, picture, rays, agree)
    if sound and _agreeing(views, refined, span, error, trial) >= best:
        found[:] = refined
    point[:] = found
    return _agreeing(views, point, span, error, agree) >= 2 and _wide(span, agree, cosine)


@njit(cache=True, nogil=True)
def _dot(a, b):  # type: ignore[no-untyped-def]
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@njit(cache=True, nogil=True)
def _middle(one, ray, two, other, between, point):  # type: ignore[no-untyped-def]
    """Half way between two rays, where they are nearest to each other."""
    along = other_along = 0.0
    for k in range(3):
        along += (two[k] - one[k]) * ray[k]
        other_along += (two[k] - one[k]) * other[k]
    sine = 1.0 - between * between
    s, t = (along - between * other_along) / sine, (between * along - other_along) / sine
    for k in range(3):
        point[k] = (one[k] + s * ray[k] + two[k] + t * other[k]) / 2


@njit(cache=True, nogil=True)
def _nearest(centers, picture, rays, chosen):  # type: ignore[no-untyped-def]
    """The point nearest to the chosen rays, least squares; whether there is one."""
    left, right = np.zeros((3, 3)), np.zeros(3)
    for i in range(len(picture)):
        if chosen[i]:
            across = np.eye(3) - np.outer(rays[i], rays[i])
            left += across
            right += across @ centers[picture[i]]
    if abs(np.linalg.det(left)) < 1e-12:
        return right, False
    return np.linalg.solve(left, right), True
