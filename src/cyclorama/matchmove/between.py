"""A camera path from a few known poses: smooth motion between, held outside."""

from dataclasses import replace

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.matchmove.bundle import rotation_from_vector, vector_from_rotation


def path_between(cameras: list[Camera], frames: list[int], num_frames: int) -> CameraPath:
    """Cameras at ``frames`` (increasing), every frame between by a smooth curve through them, the first and last held.

    All have the lens of the middle one. Rotation vectors are taken relative to the middle pose, so that the curve does
    not depend on the world's axes.
    """
    if len(cameras) != len(frames) or sorted(set(frames)) != list(frames):
        raise ValueError(f"cameras and increasing frames must pair up, got {len(cameras)} and {frames}")
    if len(frames) == 1:
        return CameraPath((cameras[0],) * num_frames)
    middle = cameras[len(cameras) // 2]
    base = middle.world_from_camera[:3, :3]
    turns = np.stack([vector_from_rotation(base.T @ c.world_from_camera[:3, :3]) for c in cameras])
    log_focals = np.log([[c.px_from_cam[0, 0]] for c in cameras])
    values = np.concatenate([turns, np.stack([c.center for c in cameras]), log_focals], 1)
    path = []
    for row in curve_through(np.asarray(frames, float), values, num_frames):
        world_from_camera = np.eye(4)
        world_from_camera[:3, :3] = base @ rotation_from_vector(row[:3])
        world_from_camera[:3, 3] = row[3:6]
        focal = float(np.exp(row[6]))
        straight = Camera.from_focal(hw=middle.hw, focal_px=focal, world_from_camera=world_from_camera)
        path.append(replace(straight, lens=middle.lens))
    return CameraPath(tuple(path))


def curve_through(times: Array, values: Array, num_frames: int) -> Array:
    """``values`` (k, m) at increasing frames ``times`` (k,), every frame between, (num_frames, m); held outside."""
    if len(times) == 1:
        return np.repeat(values, num_frames, 0)
    at = np.clip(np.arange(num_frames), times[0], times[-1])
    return np.asarray(_curve(times, values)(at))


def _curve(times: Array, values: Array) -> PchipInterpolator | CubicSpline:
    """Three poses: the parabola through them, which is the smoothest; more: monotone between neighbours (Fritsch and
    Carlson 1980), which never overshoots."""
    if len(times) == 3:
        return CubicSpline(times, values, bc_type="not-a-knot")
    return PchipInterpolator(times, values)
