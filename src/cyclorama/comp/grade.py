"""Black and white of the place brought towards the plate's, and what a lens does to the finished frame."""

from collections.abc import Sequence

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.film import Glass, Grade
from cyclorama.core.lighting import LUMINANCE

_BLACK, _WHITE = 1.0, 99.0  # percentiles
_MOST_STOPS = 1.0
_MOST_LIFT = 0.05
_LEAST_PIXELS = 400


def levels_of(pictures: Sequence[Array], where: Sequence[Array]) -> tuple[Array, float] | None:
    """Black, (3,), and the luminance of white over some pictures (h w 3 scene-linear) where looked at (h w bool)."""
    seen = np.concatenate([p[w] for p, w in zip(pictures, where)])
    if len(seen) < _LEAST_PIXELS:
        return None
    return np.percentile(seen, _BLACK, axis=0), float(np.percentile(seen @ LUMINANCE, _WHITE))


def grade_between(place: tuple[Array, float], plate: tuple[Array, float], strength: float) -> Grade | None:
    """That takes the place's black and white ``strength`` of the way to the plate's, at most a stop and a lift of 5 %.
    None at 0."""
    if strength == 0:
        return None
    black, white = place
    wanted, bright = plate
    ratio = (bright - wanted @ LUMINANCE) / max(white - black @ LUMINANCE, 1e-4)
    gain = float(2.0 ** (strength * np.clip(np.log2(max(ratio, 1e-4)), -_MOST_STOPS, _MOST_STOPS)))
    goal = black + strength * (wanted - black)
    red, green, blue = np.clip(goal - gain * black, -_MOST_LIFT, _MOST_LIFT).tolist()
    return Grade(gain, (red, green, blue))


def graded(color: Array, grade: Grade) -> Array:
    """``color``, h w 3 float32 scene-linear, fresh."""
    return np.asarray(color * np.float32(grade.gain) + np.array(grade.lift, np.float32))


def through_glass(picture: Array, glass: Glass) -> Array:
    """The finished frame, h w 3 float32 scene-linear, through the plate's lens: lateral colour, then the corners'
    darkening as cos^4 has it, 1 / (1 + k r^2)^2 with r 1 at the corners. Nothing but bars lies outside."""
    out = np.empty_like(picture)
    k = np.float32((1 - glass.vignette) ** -0.5 - 1)
    _glass(picture, k, np.float32(glass.aberration), out)
    return out


@njit(cache=True, nogil=True)
def _glass(picture, k, aberration, out):  # type: ignore[no-untyped-def]
    h, w, _ = picture.shape
    one, half = np.float32(1.0), np.float32(0.5)
    middle_x, middle_y = np.float32(w - 1) * half, np.float32(h - 1) * half
    corner = np.float32(w * w + h * h) / np.float32(4.0)
    for y in range(h):
        for x in range(w):
            dx, dy = np.float32(x) - middle_x, np.float32(y) - middle_y
            fall = one / (one + k * (dx * dx + dy * dy) / corner)
            fall *= fall
            out[y, x, 1] = picture[y, x, 1] * fall
            for c in range(0, 3, 2):
                if aberration == 0:
                    out[y, x, c] = picture[y, x, c] * fall
                    continue
                scale = one - aberration if c == 0 else one + aberration
                u = min(max(middle_x + dx * scale, np.float32(0.0)), np.float32(w - 1))
                v = min(max(middle_y + dy * scale, np.float32(0.0)), np.float32(h - 1))
                u0, v0 = int(u), int(v)
                u1, v1, fu, fv = min(u0 + 1, w - 1), min(v0 + 1, h - 1), u - np.float32(u0), v - np.float32(v0)
                top = picture[v0, u0, c] + fu * (picture[v0, u1, c] - picture[v0, u0, c])
                low = picture[v1, u0, c] + fu * (picture[v1, u1, c] - picture[v1, u0, c])
                out[y, x, c] = (top + fv * (low - top)) * fall
