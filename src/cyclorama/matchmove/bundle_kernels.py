"""The inner loops of the bundle adjustment: one observation and its derivatives, the cost, the normal equations.

``shared``, (7,): what all cameras have in common beside the focal length: k1, k2, plane a (3), readout, and 1 where the
points lie on the plane. Derivatives ``j`` (2, 17) are by rotation 3, centre 3, log focal of the camera 1, log focal of
all 1, k1, k2, plane 3, readout, and the point's tangent 2 and inverse distance 1.
"""

import numpy as np
from numba import njit

CAMERA, GLOBAL, POINT = 7, 7, 3  # columns of j
_BEHIND_COST = 50.0  # of a point behind the camera: as much as one very far off
_LEAST_DEPTH = 1e-6
_LEAST_SLOPE = 0.05  # of the seen radius by the straight one: less, and the lens folds the picture over


@njit(cache=True, nogil=True)
def tangents(m, basis):  # type: ignore[no-untyped-def]
    """Two unit vectors at right angles to ``m`` and each other, as the columns of ``basis``."""
    if abs(m[0]) < 0.7:
        x, y, z = 0.0, m[2], -m[1]  # m x e_x
    else:
        x, y, z = -m[2], 0.0, m[0]  # m x e_y
    norm = np.sqrt(x * x + y * y + z * z)
    x, y, z = x / norm, y / norm, z / norm
    basis[0, 0], basis[1, 0], basis[2, 0] = x, y, z
    basis[0, 1] = m[1] * z - m[2] * y
    basis[1, 1] = m[2] * x - m[0] * z
    basis[2, 1] = m[0] * y - m[1] * x


@njit(cache=True, nogil=True)
def _seen(rot, center, m, rho, focal, shared):  # type: ignore[no-untyped-def]
    """Camera coordinates, straight place, offset from the picture's middle in pixels, and whether it is in front."""
    d0, d1, d2 = m[0] - rho * center[0], m[1] - rho * center[1], m[2] - rho * center[2]
    x = rot[0, 0] * d0 + rot[0, 1] * d1 + rot[0, 2] * d2
    y = rot[1, 0] * d0 + rot[1, 1] * d1 + rot[1, 2] * d2
    z = rot[2, 0] * d0 + rot[2, 1] * d1 + rot[2, 2] * d2
    if z < _LEAST_DEPTH:
        return x, y, z, 0.0, 0.0, 0.0, 0.0, False
    px, py = x / z, y / z
    r2 = px * px + py * py
    grown = focal * (1.0 + r2 * (shared[0] + shared[1] * r2))
    inside = 1.0 + r2 * (3.0 * shared[0] + 5.0 * shared[1] * r2) > _LEAST_SLOPE
    return x, y, z, px, py, grown * px, grown * py, inside


@njit(cache=True, nogil=True)
def robust_cost(rotations, centers, focals, directions, rho, shared, starts, frames, offset, scale, lean):  # type: ignore[no-untyped-def]
    """Half the sum of squares under a Cauchy loss of scale 2."""
    total = 0.0
    for p in range(len(starts) - 1):
        for i in range(starts[p], starts[p + 1]):
            c = frames[i]
            _, _, _, _, _, u, v, inside = _seen(rotations[c], centers[c], directions[p], rho[p], focals[c], shared)
            if not inside:
                total += _BEHIND_COST
                continue
            ru = (u + shared[5] * lean[i, 0] - offset[i, 0]) * scale[i]
            rv = (v + shared[5] * lean[i, 1] - offset[i, 1]) * scale[i]
            total += 2.0 * np.log1p((ru * ru + rv * rv) / 4.0)
    return total


@njit(cache=True, nogil=True)
def observe(rot, center, focal, m, rho, basis, shared, lean, j):  # type: ignore[no-untyped-def]
    """Offset from the picture's middle in pixels of one point and its derivatives ``j``; whether it is in front."""
    x, y, z, px, py, u, v, inside = _seen(rot, center, m, rho, focal, shared)
    if not inside:
        return 0.0, 0.0, False
    r2 = px * px + py * py
    grown = focal * (1.0 + r2 * (shared[0] + shared[1] * r2))
    bent = 2.0 * focal * (shared[0] + 2.0 * shared[1] * r2)
    a00, a01, a11 = grown + bent * px * px, bent * px * py, grown + bent * py * py
    b00, b01, b10, b11 = a00 / z, a01 / z, a01 / z, a11 / z
    b02, b12 = -(b00 * px + b01 * py), -(b10 * px + b11 * py)
    j[0, 0], j[1, 0] = b02 * y - b01 * z, b12 * y - b11 * z  # e_x x X = (0, -z, y)
    j[0, 1], j[1, 1] = b00 * z - b02 * x, b10 * z - b12 * x  # e_y x X = (z, 0, -x)
    j[0, 2], j[1, 2] = b01 * x - b00 * y, b11 * x - b10 * y  # e_z x X = (-y, x, 0)
    j[0, 16], j[1, 16] = 0.0, 0.0
    for k in range(3):
        g = b00 * rot[0, k] + b01 * rot[1, k] + b02 * rot[2, k]
        h = b10 * rot[0, k] + b11 * rot[1, k] + b12 * rot[2, k]
        j[0, 3 + k], j[1, 3 + k] = -rho * g, -rho * h
        j[0, 16] -= g * center[k]
        j[1, 16] -= h * center[k]
    j[0, 6], j[1, 6] = u, v
    j[0, 7], j[1, 7] = u, v
    j[0, 8], j[1, 8] = focal * r2 * px, focal * r2 * py
    j[0, 9], j[1, 9] = focal * r2 * r2 * px, focal * r2 * r2 * py
    j[0, 13], j[1, 13] = lean[0], lean[1]
    for k in range(3):
        j[0, 10 + k], j[1, 10 + k] = m[k] * j[0, 16], m[k] * j[1, 16]
    for k in range(2):
        e0, e1, e2 = basis[0, k], basis[1, k], basis[2, k]
        f0 = rot[0, 0] * e0 + rot[0, 1] * e1 + rot[0, 2] * e2
        f1 = rot[1, 0] * e0 + rot[1, 1] * e1 + rot[1, 2] * e2
        f2 = rot[2, 0] * e0 + rot[2, 1] * e1 + rot[2, 2] * e2
        along = shared[6] * (shared[2] * e0 + shared[3] * e1 + shared[4] * e2)  # rho = a . m on the plane
        j[0, 14 + k] = b00 * f0 + b01 * f1 + b02 * f2 + along * j[0, 16]
        j[1, 14 + k] = b10 * f0 + b11 * f1 + b12 * f2 + along * j[1, 16]
    return u + shared[5] * lean[0], v + shared[5] * lean[1], True


@njit(cache=True, nogil=True)
def accumulate(  # type: ignore[no-untyped-def]
    rotations, centers, focals, directions, rho, shared, starts, frames, offset, scale, lean, columns, num_own, system
):
    """Normal equations of the chosen ``columns`` of j, of which the first ``num_own`` are a camera's own: of the
    symmetric ``h_cc`` the lower half."""
    h_cc, g_c, h_pp, g_p, h_cp, bases = system
    num, num_point = len(columns), h_pp.shape[1]
    first_shared = num_own * len(rotations) - num_own
    j, ja, at = np.zeros((2, 17)), np.zeros((2, num)), np.zeros(num, np.int64)
    for p in range(len(starts) - 1):
        tangents(directions[p], bases[p])
        for i in range(starts[p], starts[p + 1]):
            c = frames[i]
            u, v, inside = observe(
                rotations[c], centers[c], focals[c], directions[p], rho[p], bases[p], shared, lean[i], j
            )
            if not inside:
                continue
            ru, rv = (u - offset[i, 0]) * scale[i], (v - offset[i, 1]) * scale[i]
            loss = 1.0 / (1.0 + (ru * ru + rv * rv) / 4.0)
            for a in range(num):
                ja[0, a], ja[1, a] = j[0, columns[a]] * scale[i], j[1, columns[a]] * scale[i]
                at[a] = num_own * c + a if a < num_own else first_shared + a
            for a in range(14, 14 + num_point):
                j[0, a] *= scale[i]
                j[1, a] *= scale[i]
            for a in range(num):
                x, y = loss * ja[0, a], loss * ja[1, a]
                g_c[at[a]] += x * ru + y * rv
                for b in range(a + 1):
                    h_cc[at[a], at[b]] += x * ja[0, b] + y * ja[1, b]
                for b in range(num_point):
                    h_cp[p, b, at[a]] += x * j[0, 14 + b] + y * j[1, 14 + b]
            for a in range(num_point):
                x, y = loss * j[0, 14 + a], loss * j[1, 14 + a]
                g_p[p, a] += x * ru + y * rv
                for b in range(num_point):
                    h_pp[p, a, b] += x * j[0, 14 + b] + y * j[1, 14 + b]


@njit(cache=True, nogil=True)
def camera_system(rot, center, focal, directions, rho, shared, offset, scale, columns, h, g):  # type: ignore[no-untyped-def]
    """Normal equations ``h`` (7, 7), ``g`` (7,) of one camera before known points, and its robust cost."""
    j, basis, lean = np.zeros((2, 17)), np.zeros((3, 2)), np.zeros(2)
    h[:], g[:] = 0.0, 0.0
    total = 0.0
    for i in range(len(rho)):
        u, v, inside = observe(rot, center, focal, directions[i], rho[i], basis, shared, lean, j)
        if not inside:
            total += _BEHIND_COST
            continue
        ru, rv = (u - offset[i, 0]) * scale[i], (v - offset[i, 1]) * scale[i]
        square = (ru * ru + rv * rv) / 4.0
        total += 2.0 * np.log1p(square)
        weight = scale[i] / (1.0 + square)
        for a in columns:
            g[a] += weight * (j[0, a] * ru + j[1, a] * rv)
            for b in columns:
                h[a, b] += weight * scale[i] * (j[0, a] * j[0, b] + j[1, a] * j[1, b])
    return total


@njit(cache=True, nogil=True)
def turn(rot, w, out):  # type: ignore[no-untyped-def]
    """``out``: ``rot`` turned by the rotation vector ``w`` (Rodrigues' formula, column by column)."""
    x, y, z = w[0], w[1], w[2]
    square = x * x + y * y + z * z
    angle = np.sqrt(square)
    across = np.sin(angle) / angle if angle > 1e-8 else 1.0
    along = (1.0 - np.cos(angle)) / square if angle > 1e-8 else 0.5
    own = 1.0 - along * square
    for j in range(3):
        a, b, c = rot[0, j], rot[1, j], rot[2, j]
        dot = along * (x * a + y * b + z * c)
        out[0, j] = own * a + across * (y * c - z * b) + x * dot
        out[1, j] = own * b + across * (z * a - x * c) + y * dot
        out[2, j] = own * c + across * (x * b - y * a) + z * dot


@njit(cache=True, nogil=True)
def all_turned(rotations, vectors):  # type: ignore[no-untyped-def]
    """(n, 3, 3), each turned by its own of ``vectors`` (n, 3)."""
    out = np.empty_like(rotations)
    for c in range(len(rotations)):
        turn(rotations[c], vectors[c], out[c])
    return out
