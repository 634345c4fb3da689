"""What the actor's limbs are made of, as kernels: coordinates stay with the limb, so that texture moves with it."""

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.synthetic.noise import clamp01, fractal, kernel, smooth

Vector = tuple[float, float, float]
_SKIN, _CLOTH, _STRIPED, _HAIR, _FACE = 0.0, 1.0, 2.0, 3.0, 4.0


@kernel
def _limb_coordinates(part: Array, point: Vector) -> Vector:
    """Metres in the limb's own axes: along its side, to its front (axis x side), along its axis."""
    ax, ay, az = part[3] - part[0], part[4] - part[1], part[5] - part[2]
    size = np.sqrt(ax * ax + ay * ay + az * az) + 1e-9
    ax, ay, az = ax / size, ay / size, az / size
    sx, sy, sz = part[12], part[13], part[14]
    x, y, z = point[0] - part[0], point[1] - part[1], point[2] - part[2]
    fx, fy, fz = ay * sz - az * sy, az * sx - ax * sz, ax * sy - ay * sx
    return x * sx + y * sy + z * sz, x * fx + y * fy + z * fz, x * ax + y * ay + z * az


@kernel
def _face_tone(side: float, front: float, up: float) -> float:
    """Darkness of eyes, brows and mouth."""
    if front < 0.0:
        return 0.0
    across = abs(side) - 0.033
    eye = 1.0 - smooth(0.7, 1.3, np.hypot(across / 0.014, (up - 0.052) / 0.008))
    brow = 1.0 - smooth(0.7, 1.3, np.hypot(across / 0.019, (up - 0.076) / 0.005))
    mouth = 1.0 - smooth(0.7, 1.3, np.hypot(side / 0.024, (up + 0.030) / 0.006))
    return max(0.85 * eye, 0.7 * brow, 0.45 * mouth)


@kernel
def material_color(part: Array, point: Vector) -> Vector:
    """Albedo of a limb at a point of its surface, linear."""
    side, front, up = _limb_coordinates(part, point)
    material, radius = part[11], max(part[6], part[7])
    around = np.arctan2(front, side) * radius
    tone = 0.0
    if material == _HAIR:
        tone = 0.9 * fractal(around * 4.0, up * 0.5, 40.0, 0.002, 3)
    elif material in (_FACE, _SKIN):
        tone = 0.12 * fractal(around, up, 30.0, 0.004, 5)
    else:
        fold = fractal(around + 0.6 * up, up, 9.0, 0.01, 8)
        weave = fractal(around, up, 110.0, 0.002, 9)
        tone = 0.35 * fold + 0.22 * weave
    gain = max(0.2, 1.0 + tone)
    r, g, b = part[8] * gain, part[9] * gain, part[10] * gain
    if material == _STRIPED:
        stripe = smooth(0.35, 0.45, abs((up / 0.075) % 1.0 - 0.5))
        light = 0.75 * gain * stripe
        r, g, b = (
            r * (1.0 - stripe) + 0.72 * light,
            g * (1.0 - stripe) + 0.68 * light,
            b * (1.0 - stripe) + 0.60 * light,
        )
    elif material == _FACE:
        dark = clamp01(_face_tone(side, front, up))
        r, g, b = r * (1.0 - dark) + 0.03 * dark, g * (1.0 - dark * 1.05) + 0.02 * dark, b * (1.0 - dark) + 0.02 * dark
        r *= 1.0 + 0.12 * (1.0 - dark)
    return r, g, b
