"""The plate that costs a key most: a close head on an even screen with thin moving strands wide around it."""

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import code8_from_linear, linear_from_display
from speed_setup import HW
from speed_stage import noise_texture

_OVER = 4  # the picture is drawn this many times larger and averaged down
_STRANDS = 900
_POINTS = 14  # of a strand's line
_NOISE = 3.0  # standard deviation of the sensor's noise in 8-bit codes, as on the other plates
_HEAD = (640.0, 390.0, 150.0, 190.0)  # centre x, y and half axes of the head, pixels
_SHIFT_BITS = 4  # fractional bits of OpenCV's coordinates
_SCREEN, _SKIN, _HAIR = (52, 168, 66), (188, 142, 120), (74, 50, 38)  # sRGB codes


def _linear(codes: tuple[int, int, int]) -> Array:
    return linear_from_display(np.array(codes) / 255)


class Hair:
    """Strands grow out of the whole outline of the head and wave, each at its own pace; all is mixed in linear light,
    as a lens does."""

    def __init__(self) -> None:
        random = np.random.default_rng(5)
        self._root = random.uniform(-np.pi, np.pi, _STRANDS)
        self._length = random.uniform(0.45, 1.5, _STRANDS)  # in half axes of the head
        self._bend, self._phase = random.uniform(-0.5, 0.5, _STRANDS), random.uniform(0, 2 * np.pi, _STRANDS)
        self._pace = random.uniform(0.15, 0.35, _STRANDS)  # radians a frame
        self._wide = random.random(_STRANDS) < 0.3  # 2 of the 4 subpixels of a pixel, else 1
        self._shade = noise_texture(HW, 6)[..., None]
        y, x = np.mgrid[: HW[0], : HW[1]].astype(np.float32)
        lamp = 1.08 - 0.16 * np.hypot(x / HW[1] - 0.35, y / HW[0] - 0.4)
        self._screen = lamp[..., None] * _linear(_SCREEN)

    def frame(self, index: int) -> Array:
        """h w 3 uint8, sRGB."""
        skin, hair = self._covered(index)
        picture = self._screen + hair[..., None] * (_linear(_HAIR) * (1 + 0.25 * self._shade) - self._screen)
        picture += skin[..., None] * (_linear(_SKIN) * (1 + 0.12 * self._shade) - picture)
        noise = np.random.default_rng(2000 + index).standard_normal(picture.shape, np.float32)
        return cv2.convertScaleAbs(np.maximum(code8_from_linear(picture) + _NOISE * noise, 0))

    def _covered(self, index: int) -> tuple[Array, Array]:
        """How much of every pixel skin and clothes cover, and hair: two of h w float32, 0..1."""
        x, y, across, along = _HEAD
        x += 12 * np.sin(index / 11)
        large = (_OVER * HW[0], _OVER * HW[1])
        skin, hair = np.zeros(large, np.uint8), np.zeros(large, np.uint8)
        _ellipse(skin, (x, y + 20), (0.82 * across, 0.86 * along))
        _ellipse(skin, (x, y + 2.2 * along), (2.0 * across, 1.1 * along))
        _ellipse(hair, (x, y), (across, along))
        t = np.linspace(0, 1, _POINTS)
        sway = np.sin(self._phase + self._pace * index)
        turn = self._root[:, None] + (self._bend + 0.35 * sway)[:, None] * t * t
        reach = 0.97 + self._length[:, None] * t
        lines = np.stack([x + across * reach * np.cos(turn), y + along * reach * np.sin(turn)], -1)
        for line, wide in zip(_subpixels(lines), self._wide):
            cv2.polylines(hair, [line], False, 255, 2 if wide else 1, cv2.LINE_AA, _SHIFT_BITS)
        return _averaged(skin), _averaged(hair)


def _subpixels(points: Array) -> Array:
    """Pixels to OpenCV's fixed-point coordinates of the larger picture; a pixel's centre is at .5 here."""
    return np.round((_OVER * points - 0.5) * 2**_SHIFT_BITS).astype(np.int32)


def _ellipse(mask: Array, center: tuple[float, float], axes: tuple[float, float]) -> None:
    at = _subpixels(np.array(center)).tolist()
    half = [round(_OVER * a * 2**_SHIFT_BITS) for a in axes]
    cv2.ellipse(mask, at, half, 0, 0, 360, 255, -1, cv2.LINE_AA, _SHIFT_BITS)


def _averaged(mask: Array) -> Array:
    return cv2.resize(mask, HW[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
