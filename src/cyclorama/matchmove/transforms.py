"""``transforms.json`` of nerfstudio and instant-ngp.

Cameras have OpenGL axes (x right, y up, looking along -z) in a z-up world; pixels, the centre of the picture at w/2,
h/2. Source: nerfstudio, "Data conventions"; instant-ngp, ``scripts/colmap2nerf.py``. What all frames share stands at
the top of the file; focal lengths, principal points and lenses that change stand in the frames, which nerfstudio alone
reads. The lens is OpenCV's, whose k1 and k2 are ours.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.lens import Lens
from cyclorama.matchmove.camera_axes import (
    Z_UP,
    CameraShot,
    camera_at,
    from_opengl_pose,
    number_in,
    opengl_pose,
    ordered,
    rate_of,
    reading,
    require_size,
    size_of,
)

_PINHOLES = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE")
_OTHER_TERMS = ("k3", "k4", "k5", "k6", "p1", "p2")


def write(shot: CameraShot, film_back_mm: float) -> str:  # noqa: ARG001  pixels: no film back
    h, w = shot.path.hw
    names = ("fl_x", "fl_y", "cx", "cy", *(() if shot.is_straight else ("k1", "k2")))
    k = np.column_stack([shot.intrinsics, shot.lenses])[:, : len(names)]
    fixed = bool((k == k[0]).all())
    data: dict[str, Any] = {"camera_model": "OPENCV", "w": w, "h": h}
    if shot.rate is not None:
        data["fps"] = float(shot.rate)
    if fixed:
        data |= dict(zip(names, k[0].tolist())) | {"camera_angle_x": 2 * float(np.arctan(w / (2 * k[0, 0])))}
    data["frames"] = [
        {
            "file_path": f"images/{number:04d}.png",
            **({} if fixed else dict(zip(names, row))),
            "transform_matrix": opengl_pose(camera.world_from_camera, Z_UP).tolist(),
        }
        for number, camera, row in zip(shot.frames, shot.path.cameras, k.tolist())
    ]
    return json.dumps(data, indent=1)


def read(file: Path, size: tuple[int, int] | None) -> CameraShot:
    """``InputError`` when the file is no transforms.json, or has a lens that is more than radial."""
    with reading(file, "transforms.json", "frames of file_path and transform_matrix, and fl_x or camera_angle_x"):
        data = json.loads(file.read_text())
        frames = data["frames"]
        first, order = ordered([number_in(frame["file_path"]) for frame in frames])
        cameras = tuple(_camera({**data, **frames[i]}, size) for i in order)
        rate = rate_of(float(data["fps"])) if "fps" in data else None
        return CameraShot(CameraPath(cameras), rate, first)


def _camera(frame: dict[str, Any], size: tuple[int, int] | None) -> Camera:
    name = frame["file_path"]
    h, w = size_of(frame["w"], frame["h"]) if "w" in frame and "h" in frame else require_size(size)
    if frame.get("camera_model", "OPENCV") not in _PINHOLES or frame.get("is_fisheye"):
        raise ValueError(f"{name}: the camera model must be one of {', '.join(_PINHOLES)}; undistort the pictures")
    if bent := [n for n in _OTHER_TERMS if float(frame.get(n, 0))]:
        raise ValueError(
            f"{name}: its lens is more than k1, k2 ({bent[0]} is {frame[bent[0]]}); undistort the pictures"
        )
    fx = float(frame["fl_x"]) if "fl_x" in frame else w / (2 * np.tan(float(frame["camera_angle_x"]) / 2))
    k = (fx, frame.get("fl_y", fx), frame.get("cx", w / 2), frame.get("cy", h / 2))
    lens = Lens(float(frame.get("k1", 0)), float(frame.get("k2", 0)))
    pose = from_opengl_pose(np.array(frame["transform_matrix"], np.float64), Z_UP)
    return camera_at(name, (h, w), k, pose, lens)
