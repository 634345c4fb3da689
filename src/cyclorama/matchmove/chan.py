"""Nuke's ``.chan``: a line a frame, ``frame tx ty tz rx ry rz vfov``.

A y-up world, cameras looking along -z; degrees; rotation order ZXY, which is Nuke's default for a camera: z is turned
first, so the matrix is Ry Rx Rz; the last column is the vertical field of view. Source: Blender manual, "Nuke Animation
(chan)"; Nuke user guide, "Applying Tracks to an Object". It holds square pixels and a centred lens; the size and the
rate stand in a comment, which only we read.
"""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.matchmove.camera_axes import (
    Y_UP,
    CameraShot,
    angles_of,
    camera_at,
    from_opengl_pose,
    opengl_pose,
    ordered,
    reading,
    require_centred,
    require_size,
    require_square,
    rotation_from_angles,
    size_of,
    whole_frame,
)

ZXY = "YXZ"
"""The product of rotations that Nuke calls ZXY."""
_COLUMNS = 8
_OURS = re.compile(r"# Cyclorama: (\d+)x(\d+)(?: at (\d+(?:/\d+)?) frames a second)?$")


def nuke_pose(shot: CameraShot) -> tuple[Array, Array]:
    """Translations (n, 3) and angles about x, y, z in degrees (n, 3), y up, rotation order ZXY."""
    poses = [opengl_pose(camera.world_from_camera, Y_UP) for camera in shot.path.cameras]
    return np.stack([p[:3, 3] for p in poses]), angles_of([p[:3, :3] for p in poses], ZXY)


def write(shot: CameraShot, film_back_mm: float) -> str:
    require_square(shot, "a .chan")
    require_centred(shot, "a .chan")
    h, w = shot.path.hw
    rate = "" if shot.rate is None else f" at {shot.rate} frames a second"
    fov = np.degrees(2 * np.arctan(h / (2 * shot.intrinsics[:, 1])))
    rows = np.column_stack([*nuke_pose(shot), fov]).tolist()
    head = (
        f"# Cyclorama: {w}x{h}{rate}\n"
        f"# y up, rotation order ZXY, degrees, vertical field of view; set horiz aperture {film_back_mm!r} and vert "
        f"aperture {film_back_mm * h / w!r} before the import\n"
        "# frame tx ty tz rx ry rz vfov\n"
    )
    return head + "".join(f"{n} {' '.join(map(repr, row))}\n" for n, row in zip(shot.frames, rows))


def read(file: Path, size: tuple[int, int] | None) -> CameraShot:
    """``InputError`` when the file is no .chan of a camera; ``size`` is for a file without our comment."""
    with reading(file, "camera as a .chan", "a line of frame tx ty tz rx ry rz vfov for every frame"):
        lines = file.read_text().splitlines()
        ours = next((m for line in lines if (m := _OURS.match(line))), None)
        hw = size_of(int(ours[1]), int(ours[2])) if ours else require_size(size)
        rows = [_row(line) for line in lines if line.strip() and not line.startswith("#")]
        first, order = ordered([whole_frame(row[0]) for row in rows])
        path = tuple(_camera(rows[i], hw) for i in order)
        return CameraShot(CameraPath(path), Fraction(ours[3]) if ours and ours[3] else None, first)


def _row(line: str) -> list[float]:
    row = [float(word) for word in line.split()]
    if len(row) != _COLUMNS:
        raise ValueError(f"a line must have {_COLUMNS} columns, got {len(row)}")
    return row


def _camera(row: list[float], hw: tuple[int, int]) -> Camera:
    frame, *pose, fov = row
    if not 0 < fov < 180:
        raise ValueError(f"frame {frame:g}: the field of view must lie between 0 and 180 degrees, got {fov}")
    focal = hw[0] / (2 * np.tan(np.radians(fov) / 2))
    world = rigid(rotation_from_angles(pose[3:], ZXY), np.array(pose[:3]))
    return camera_at(f"{frame:g}", hw, (focal, focal, hw[1] / 2, hw[0] / 2), from_opengl_pose(world, Y_UP))
