"""What a cloud of blobs takes of the light that falls on points of the place."""

import numpy as np
from numba import njit

_VARIANCE = np.float32(0.25)  # of a blob's size squared: of the Gaussian that it is; a size apart they add to 1
_PEAK = np.float32(7 / 8 / (2 * np.pi))  # of what stands for a Gaussian of variance 1, so that its sum is 1
_WIDEST = np.float32(4.0)  # sigmas: further off, nothing is blocked
_TOP = np.float32(0.2)  # of the area that a body shows from the side: what it shows from above


@njit(cache=True, nogil=True)
def surfaces_of(rays, inverse_depth, center, plane, near, tolerance, points, normals):  # type: ignore[no-untyped-def]
    """The point and the normal (h w 3, world) that every ray shows; a normal of 0 where it meets nothing within reach.
    ``plane``: normal and offset of the ground (4,); what the depth shows so near to it, or none at all, is on it.
    ``near``: feet and reach (4,)."""
    h, w, _ = rays.shape
    eye = center[0] * plane[0] + center[1] * plane[1] + center[2] * plane[2] - plane[3]
    none = np.float32(0.0)
    for y in range(h):
        for x in range(w):
            rx, ry, rz, inverse = rays[y, x, 0], rays[y, x, 1], rays[y, x, 2], inverse_depth[y, x]
            normals[y, x, 0] = normals[y, x, 1] = normals[y, x, 2] = none
            fall = -(rx * plane[0] + ry * plane[1] + rz * plane[2])
            on_ground = fall > np.float32(1e-6) and (inverse <= none or eye - fall / inverse < tolerance)
            if not on_ground and inverse <= none:
                continue
            depth = eye / fall if on_ground else np.float32(1.0) / inverse
            px, py, pz = center[0] + depth * rx, center[1] + depth * ry, center[2] + depth * rz
            dx, dy, dz = px - near[0], py - near[1], pz - near[2]
            if dx * dx + dy * dy + dz * dz > near[3] * near[3]:
                continue
            points[y, x, 0], points[y, x, 1], points[y, x, 2] = px, py, pz
            if on_ground:
                normals[y, x, 0], normals[y, x, 1], normals[y, x, 2] = plane[0], plane[1], plane[2]
            else:
                normals[y, x, 0], normals[y, x, 1], normals[y, x, 2] = _normal(rays, inverse_depth, y, x)


@njit(cache=True, nogil=True)
def _normal(rays, inverse_depth, y, x):  # type: ignore[no-untyped-def]
    """Of what the neighbours show, towards the camera."""
    h, w = inverse_depth.shape
    tiny, none = np.float32(1e-9), np.float32(0.0)
    x0, x1, y0, y1 = max(x - 1, 0), min(x + 1, w - 1), max(y - 1, 0), min(y + 1, h - 1)
    left, right = np.float32(1.0) / max(inverse_depth[y, x0], tiny), np.float32(1.0) / max(inverse_depth[y, x1], tiny)
    above, below = np.float32(1.0) / max(inverse_depth[y0, x], tiny), np.float32(1.0) / max(inverse_depth[y1, x], tiny)
    ax = rays[y, x1, 0] * right - rays[y, x0, 0] * left
    ay = rays[y, x1, 1] * right - rays[y, x0, 1] * left
    az = rays[y, x1, 2] * right - rays[y, x0, 2] * left
    bx = rays[y1, x, 0] * below - rays[y0, x, 0] * above
    by = rays[y1, x, 1] * below - rays[y0, x, 1] * above
    bz = rays[y1, x, 2] * below - rays[y0, x, 2] * above
    nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    length = np.sqrt(nx * nx + ny * ny + nz * nz)
    if length < np.float32(1e-12):
        return none, none, none
    if nx * rays[y, x, 0] + ny * rays[y, x, 1] + nz * rays[y, x, 2] > none:
        length = -length
    return nx / length, ny / length, nz / length


@njit(cache=True, nogil=True)
def occlude(blobs, points, normals, up, near, out):  # type: ignore[no-untyped-def]
    """``out`` h w: how much of an even dome the blobs (6 x n) hide from every point: solid angles times cosine (form
    factors), softly added up. ``up`` (3,): along which the body stands; ``near``: feet and reach (4,), which fades out.
    What is finer than the points lie apart is not told."""
    h, w, _ = points.shape
    for y in range(h):
        for x in range(w):
            out[y, x] = 0.0
            if _within(points[y, x], normals[y, x], near):
                total = _hidden(blobs, points[y, x], normals[y, x], up, _apart(points, normals, y, x))
                out[y, x] = (np.float32(1.0) - np.exp(-total)) * _near(points[y, x], normals[y, x], up, near)


@njit(cache=True, nogil=True)
def _near(p, n, up, near):  # type: ignore[no-untyped-def]
    """0..1: a fade over the last third of the reach; upright things are within reach at half of it."""
    x, y, z = p[0] - near[0], p[1] - near[1], p[2] - near[2]
    reach = near[3] if n[0] * up[0] + n[1] * up[1] + n[2] * up[2] > np.float32(0.7) else np.float32(0.5) * near[3]
    left = np.float32(1.0) - np.sqrt(x * x + y * y + z * z) / reach
    return min(max(np.float32(3.0) * left, np.float32(0.0)), np.float32(1.0))


@njit(cache=True, nogil=True, fastmath=True)
def _hidden(blobs, p, n, up, apart):  # type: ignore[no-untyped-def]
    total, one, none = np.float32(0.0), np.float32(1.0), np.float32(0.0)
    px, py, pz, nx, ny, nz, ux, uy, uz = p[0], p[1], p[2], n[0], n[1], n[2], up[0], up[1], up[2]
    for i in range(blobs.shape[1]):
        dx, dy, dz = blobs[0, i] - px, blobs[1, i] - py, blobs[2, i] - pz
        rise = max(dx * nx + dy * ny + dz * nz, none)
        squared = dx * dx + dy * dy + dz * dz + apart
        over = dx * ux + dy * uy + dz * uz
        steep = over * over / squared
        area = blobs[4, i] * blobs[4, i] * (np.sqrt(max(one - steep, none)) + _TOP * np.sqrt(steep))
        total += blobs[3, i] * area * rise / (np.sqrt(squared) * (np.float32(np.pi) * squared + area))
    return total


@njit(cache=True, nogil=True)
def block(blobs, points, normals, key, near, out):  # type: ignore[no-untyped-def]
    """``out`` h w: how much of a key light the blobs (6 x n) hide from every point, 0..1. ``key`` 4 x 3: two unit
    axes across its direction, the unit direction towards it, and: the sigma of its directions in radians, the squared
    cosines between it and the view, and it and the body's up. ``near``: feet and reach (4,)."""
    h, w, _ = points.shape
    toward, one = key[2], np.float32(1.0)
    lean = np.sqrt(max(one - key[3, 2], np.float32(0.0))) + _TOP * np.sqrt(key[3, 2])
    seen = np.empty((5, blobs.shape[1]), np.float32)
    for i in range(blobs.shape[1]):
        for k in range(3):
            seen[k, i] = blobs[0, i] * key[k, 0] + blobs[1, i] * key[k, 1] + blobs[2, i] * key[k, 2]
        size, deep = blobs[4, i], max(blobs[4, i], blobs[5, i])
        seen[3, i] = _VARIANCE * size * np.sqrt(size * size * key[3, 1] + deep * deep * (one - key[3, 1]))
        seen[4, i] = blobs[3, i] * size * size * lean * _PEAK
    about = _about(seen)
    for y in range(h):
        for x in range(w):
            out[y, x] = 0.0
            p, n = points[y, x], normals[y, x]
            if _within(p, n, near) and n[0] * toward[0] + n[1] * toward[1] + n[2] * toward[2] > 0:
                out[y, x] = min(_blocked(seen, key, p, about, _apart(points, normals, y, x)), one)


@njit(cache=True, nogil=True)
def _about(seen):  # type: ignore[no-untyped-def]
    """A circle about all blobs as the key sees them, how far the furthest is, and the widest variance."""
    u, v = (seen[0].min() + seen[0].max()) / 2, (seen[1].min() + seen[1].max()) / 2
    radius = np.sqrt(((seen[0] - u) ** 2 + (seen[1] - v) ** 2).max())
    return np.array([u, v, radius, seen[2].max(), seen[3].max()], np.float32)


@njit(cache=True, nogil=True, fastmath=True)
def _blocked(seen, key, p, about, apart):  # type: ignore[no-untyped-def]
    """Gaussians, wider with the distance; (1 + q / 8)^-8 for exp(-q), which would take most of the time."""
    total, one, none = np.float32(0.0), np.float32(1.0), np.float32(0.0)
    u = p[0] * key[0, 0] + p[1] * key[0, 1] + p[2] * key[0, 2]
    v = p[0] * key[1, 0] + p[1] * key[1, 1] + p[2] * key[1, 2]
    s = p[0] * key[2, 0] + p[1] * key[2, 1] + p[2] * key[2, 2]
    spread = key[3, 0] * key[3, 0]
    furthest = about[3] - s
    beside = np.sqrt((about[0] - u) ** 2 + (about[1] - v) ** 2) - about[2]
    if furthest <= none or beside > _WIDEST * np.sqrt(about[4] + spread * furthest * furthest):
        return none
    for i in range(seen.shape[1]):
        du, dv, away = seen[0, i] - u, seen[1, i] - v, seen[2, i] - s
        variance = seen[3, i] + apart + spread * away * away
        share = one / (one + (du * du + dv * dv) / (np.float32(16.0) * variance))
        share *= share
        share *= share
        total += seen[4, i] / variance * share * share if away > none else none
    return total


@njit(cache=True, nogil=True)
def _apart(points, normals, y, x):  # type: ignore[no-untyped-def]
    """The square of half the distance to the point a row below or above, on the same flat surface; a hair at least."""
    h = len(points)
    other = y + 1 if y + 1 < h else y - 1
    p, q, n, m = points[y, x], points[other, x], normals[y, x], normals[other, x]
    if n[0] * m[0] + n[1] * m[1] + n[2] * m[2] < np.float32(0.9):
        return np.float32(1e-9)
    dx, dy, dz = p[0] - q[0], p[1] - q[1], p[2] - q[2]
    return np.float32(0.25) * (dx * dx + dy * dy + dz * dz) + np.float32(1e-9)


@njit(cache=True, nogil=True)
def _within(point, normal, near):  # type: ignore[no-untyped-def]
    if normal[0] == 0 and normal[1] == 0 and normal[2] == 0:
        return False
    x, y, z = point[0] - near[0], point[1] - near[1], point[2] - near[2]
    return x * x + y * y + z * z < near[3] * near[3]
