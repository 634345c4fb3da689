"""How the actor darkens what is around: closed forms over its limbs, as kernels."""

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.synthetic.noise import clamp01, kernel, smooth

Vector = tuple[float, float, float]


@kernel
def _far(parts: Array, point: Vector, direction: Vector, size: float) -> bool:
    """True when the ray passes well clear of the ball in row 0 (the whole figure)."""
    x, y, z = parts[0, 0] - point[0], parts[0, 1] - point[1], parts[0, 2] - point[2]
    along = x * direction[0] + y * direction[1] + z * direction[2]
    miss = x * x + y * y + z * z - along * along
    radius = parts[0, 6] + 2.0 * size * max(0.0, along)
    return miss > radius * radius or along < -parts[0, 6]


@kernel
def shadow(parts: Array, point: Vector, direction: Vector, size: float) -> float:
    """How much of a light of angular radius ``size`` the figure leaves open along a unit ``direction``, 0..1.

    Per limb: the ray's closest approach to the limb's axis against the limb's radius there, over the penumbra's width.
    """
    if _far(parts, point, direction, size):
        return 1.0
    open_share = 1.0
    for index in range(1, len(parts)):
        part = parts[index]
        ex, ey, ez = part[3] - part[0], part[4] - part[1], part[5] - part[2]
        wx, wy, wz = point[0] - part[0], point[1] - part[1], point[2] - part[2]
        b = direction[0] * ex + direction[1] * ey + direction[2] * ez
        c = ex * ex + ey * ey + ez * ez + 1e-12
        d = direction[0] * wx + direction[1] * wy + direction[2] * wz
        e = ex * wx + ey * wy + ez * wz
        q = clamp01((e - d * b) / max(c - b * b, 1e-9))
        s = q * b - d
        if s < 0.0:
            s, q = 0.0, clamp01(e / c)
        x, y, z = wx + s * direction[0] - q * ex, wy + s * direction[1] - q * ey, wz + s * direction[2] - q * ez
        gap = np.sqrt(x * x + y * y + z * z) - part[6] - q * (part[7] - part[6])
        penumbra = size * s + 0.004
        open_share = min(open_share, smooth(-penumbra, penumbra, gap))
        if open_share <= 0.0:
            break
    return open_share


@kernel
def occlusion(parts: Array, point: Vector) -> float:
    """How much of the dome the figure leaves open for a point near it, 0..1: one ball per limb."""
    x, y, z = parts[0, 0] - point[0], parts[0, 1] - point[1], parts[0, 2] - point[2]
    reach = parts[0, 6] + 1.0
    apart = x * x + y * y + z * z
    if apart > reach * reach:
        return 1.0
    open_share = 1.0
    for index in range(1, len(parts)):
        part = parts[index]
        x = 0.5 * (part[0] + part[3]) - point[0]
        y = 0.5 * (part[1] + part[4]) - point[1]
        z = 0.5 * (part[2] + part[5]) - point[2]
        squared = 0.6 * (part[6] + part[7]) * max(part[6], part[7])
        open_share *= 1.0 - 0.6 * squared / (x * x + y * y + z * z + squared)
    return 1.0 + (open_share - 1.0) * (1.0 - smooth(0.5 * reach, reach, np.sqrt(apart)))
