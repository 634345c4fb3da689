"""The light that a rough mirror throws to the eye: sources weighed by the facets that turn it there.

All in the ground's own frame: z is the height over it, float32. A source is a small disc that faces the ground's point.
"""

import numpy as np
from numba import njit

_PI = np.float32(np.pi)
_FAINT = np.float32(1e-3)  # of what is mirrored: sources that add less are not looked after


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def lobe(sources, p, eye, squared, out):  # type: ignore[no-untyped-def]
    """``out`` n: how much each source (4 x n: x y z, area) weighs in the light that the ground's point ``p`` sends
    along the unit direction ``eye``: D / (4 cos) times its solid angle (Walter et al. 2007, eq. 20 and 33; 1 in all
    where sources are all around). ``squared``: of the roughness. Returns the sum."""
    px, py, ex, ey, ez = p[0], p[1], eye[0], eye[1], eye[2]
    one, none, total = np.float32(1.0), np.float32(0.0), np.float32(0.0)
    scale = squared / (_PI * np.float32(4.0) * ez)
    for j in range(sources.shape[1]):
        x, y, z, area = sources[0, j] - px, sources[1, j] - py, sources[2, j], sources[3, j]
        far = x * x + y * y + z * z
        inverse = one / np.sqrt(far)
        hx, hy, hz = x * inverse + ex, y * inverse + ey, z * inverse + ez
        steep = hz * hz / (hx * hx + hy * hy + hz * hz)
        facets = steep * (squared - one) + one
        weight = scale / (facets * facets) * area / (far + area) if z > none else none
        out[j] = weight
        total += weight
    return total


@njit(cache=True, nogil=True)
def gathered(sources, light, points, eyes, squared, out):  # type: ignore[no-untyped-def]
    """``out`` n x (c + 1): the ``light`` (c x m) of the sources that ground points (n x 3) mirror to the eye, and the
    share of the lobe that is known."""
    weights = np.empty(sources.shape[1], np.float32)
    num = light.shape[0]
    for i in range(len(points)):
        total = lobe(sources, points[i], eyes[i], squared, weights)
        whole = max(total, np.float32(1.0))
        for c in range(num):
            out[i, c] = _dot(light[c], weights) / whole
        out[i, num] = min(total, np.float32(1.0))


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _dot(a, b):  # type: ignore[no-untyped-def]
    total = np.float32(0.0)
    for j in range(len(a)):
        total += a[j] * b[j]
    return total


@njit(cache=True, nogil=True)
def hidden(sources, light, where, card, sight, out):  # type: ignore[no-untyped-def]
    """What an actor hides of the sources and adds himself. ``light`` m: luminance of the sources. ``where``: ground
    points n x 3, the directions to the eye n x 3 and the roughness squared. ``card``: his alpha and how far behind the
    card each cell stands (rows x columns each), his cells as sources (4 x k) and their light (3 x k). ``sight`` (4,):
    a cell's size, the card's distance from the camera, the camera's height, the first row's height. The frame: x across
    the view, y along it, from the feet. ``out`` n x 5: the share of what is mirrored that he hides, what is mirrored at
    all, and his own light (3)."""
    points, eyes, squared = where
    alpha, behind, cells, colors = card
    weights, own = np.empty(sources.shape[1], np.float32), np.empty(cells.shape[1], np.float32)
    for i in range(len(points)):
        total = lobe(sources, points[i], eyes[i], squared, weights)
        whole = max(total, np.float32(1.0))
        mirrored = _dot(light, weights)
        out[i, 0] = _lost(sources, light, weights, points[i], (alpha, behind, sight, _FAINT * mirrored))
        out[i, 1] = mirrored / whole
        lobe(cells, points[i], eyes[i], squared, own)
        for c in range(3):
            out[i, 2 + c] = _dot(colors[c], own)


@njit(cache=True, nogil=True)
def _lost(sources, light, weights, p, card):  # type: ignore[no-untyped-def]
    """The share that the actor hides, of the sources that count."""
    alpha, behind, sight, faint = card
    lost, every = np.float32(0.0), np.float32(0.0)
    first = _behind_at(behind, sight, p)
    for j in range(len(weights)):
        seen = weights[j] * light[j]
        if seen <= faint:
            continue
        every += seen
        x, y, z = sources[0, j] - p[0], sources[1, j] - p[1], sources[2, j]
        if y > 0:
            lost += seen * _met(alpha, behind, sight, (p[0], p[1], x, y, z, first))
    return lost / every if every > 0 else every


@njit(cache=True, nogil=True)
def _behind_at(behind, sight, p):  # type: ignore[no-untyped-def]
    """How far behind the card the foot stands that is seen over the ground's point ``p``."""
    reach = sight[1] + p[1]
    if reach <= 0:
        return np.float32(0.0)
    return _read(behind, p[0] * sight[1] / reach / sight[0], np.float32(0.0))


@njit(cache=True, nogil=True)
def _met(alpha, behind, sight, ray):  # type: ignore[no-untyped-def]
    """The actor's alpha where a ray meets him: his surface is looked for twice."""
    x, y, dx, dy, dz, back = ray
    for step in range(2):
        t = (back - y) / dy
        if t <= 0 or t >= 1:
            return np.float32(0.0)
        scale = sight[1] / (sight[1] + back)
        across = (x + t * dx) * scale / sight[0]
        over = (sight[2] + (t * dz - sight[2]) * scale - sight[3]) / sight[0]
        if step == 0:
            back = _read(behind, across, over)
    return _read(alpha, across, over)


@njit(cache=True, nogil=True)
def _read(field, across, over):  # type: ignore[no-untyped-def]
    """Bilinear; ``across`` from the middle column, ``over`` from the first row, in cells. 0 outside, but below the
    first row what is in it."""
    rows, columns = field.shape
    u = across + np.float32(0.5) * columns - np.float32(0.5)
    v = max(over, np.float32(0.0))
    if not (u >= 0 and u < columns - 1 and v < rows - 1):
        return np.float32(0.0)
    i, j = int(v), int(u)
    s, t = u - np.float32(j), v - np.float32(i)
    low = field[i, j] + s * (field[i, j + 1] - field[i, j])
    high = field[i + 1, j] + s * (field[i + 1, j + 1] - field[i + 1, j])
    return low + t * (high - low)
