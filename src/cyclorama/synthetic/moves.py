"""Camera moves: where the camera of every moment of a shot is."""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, rigid

MOVES = ("static", "pan", "tilt", "truck", "dolly", "orbit", "handheld", "zoom")
_START = np.array([0.0, -4.4, 1.45])
_TARGET = np.array([0.0, 0.0, 1.02])
_FOCAL_WIDTHS = 1.06
_SHAKE_HZ = np.array([0.23, 0.41, 0.67, 1.1, 1.7, 2.6, 3.9, 5.6])


@dataclass(frozen=True)
class Move:
    """What the camera does over a shot of ``duration_s``; ``hand`` 1 or -1 mirrors it.

    At ``amount`` 1: pan 24 deg, tilt 8 deg, truck 1.8 m, dolly 1.4 m, orbit 32 deg, zoom from 0.86 to 1.3 of the focal
    length, handheld about 1.5 cm and 0.4 deg of sway. ``shake``: 6 x 8 phases.
    """

    names: tuple[str, ...]
    amount: float
    duration_s: float
    hand: float
    shake: Array

    def camera(self, time_s: float, hw: tuple[int, int]) -> Camera:
        """The camera at a time of the shot (seconds from frame 0)."""
        t = time_s / self.duration_s if self.duration_s > 0 else 0.5
        step = (
            self.amount * (0.5 - 0.5 * np.cos(np.pi * t) if 0 < t < 1 else float(t >= 1)) * 0.5 + self.amount * 0.5 * t
        )
        step -= 0.5 * self.amount  # -amount / 2 .. amount / 2, eased at both ends
        position, yaw, pitch, focal = _START.copy(), 0.0, 0.0, _FOCAL_WIDTHS * hw[1]
        away = _TARGET - position
        pitch = float(np.arctan2(away[2], away[1]))
        if "truck" in self.names:
            position[0] += 1.8 * step * self.hand
        if "dolly" in self.names:
            position[1] += 1.4 * step
        if "orbit" in self.names:
            yaw = float(np.radians(32.0)) * step * self.hand
            c, s = np.cos(yaw), np.sin(yaw)
            arm = position[:2] - _TARGET[:2]
            position[:2] = _TARGET[:2] + np.array([[c, -s], [s, c]]) @ arm
        if "pan" in self.names:
            yaw -= float(np.radians(24.0)) * step * self.hand
        if "tilt" in self.names:
            pitch += float(np.radians(8.0)) * step
        if "zoom" in self.names:
            focal *= 1.06 * 1.5**step
        if "handheld" in self.names:
            sway = self._sway(time_s)
            position += 0.013 * sway[:3]
            yaw, pitch = yaw + 0.007 * sway[3], pitch + 0.006 * sway[4]
            return self._at(position, (yaw, pitch, 0.004 * sway[5]), focal, hw)
        return self._at(position, (yaw, pitch, 0.0), focal, hw)

    def _sway(self, time_s: float) -> Array:
        """Six smooth signals of about unit size whose power falls as 1/f^2: the drift and tremor of a shoulder."""
        waves = np.sin(2 * np.pi * _SHAKE_HZ * time_s + self.shake) / (_SHAKE_HZ + 0.25)
        total: Array = self.amount * waves.sum(1) * 0.75
        return total

    def _at(self, position: Array, turn: tuple[float, float, float], focal: float, hw: tuple[int, int]) -> Camera:
        yaw, pitch, roll = turn
        forward = np.array([-np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch), np.sin(pitch)])
        right = np.array([np.cos(yaw), np.sin(yaw), 0.0])
        down = np.cross(forward, right)
        c, s = np.cos(roll), np.sin(roll)
        rotation = np.stack([c * right + s * down, c * down - s * right, forward], 1)
        return Camera.from_focal(hw=hw, focal_px=focal, world_from_camera=rigid(rotation, position))
