"""Blender: a Python script that makes the camera (Scripting, Open, Run).

A z-up world, one unit a metre, cameras looking along -z; the lens and the film back in millimetres, fitted to the
width; shifts in widths of the picture, which move the window, so the principal point goes the other way. Source:
Blender API, ``bpy.types.Camera``. It holds square pixels. Only scripts of ours are read, as data: none of it is run.
"""

import ast
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.matchmove.camera_axes import (
    Z_UP,
    CameraShot,
    camera_at,
    from_opengl_pose,
    opengl_pose,
    reading,
    require_rate,
    require_square,
    size_of,
)

_NAMES = ("WIDTH", "HEIGHT", "RATE", "FIRST_FRAME", "FILM_BACK_MM", "FRAMES")
_SCRIPT = '''\
"""A camera for Blender, written by Cyclorama: z up, one unit a metre."""

import bpy

WIDTH, HEIGHT = {width}, {height}
RATE = {rate}  # frames a second: numerator, denominator
FIRST_FRAME = {first}
FILM_BACK_MM = {film_back!r}  # its width
# of every frame: location x y z, rotation as a quaternion w x y z, lens in mm, shift x y
FRAMES = [
{frames}
]


def make_camera():
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.render.resolution_percentage = 100
    scene.render.pixel_aspect_x = scene.render.pixel_aspect_y = 1
    scene.render.fps = max(1, round(RATE[0] / RATE[1]))
    scene.render.fps_base = scene.render.fps * RATE[1] / RATE[0]
    scene.frame_start, scene.frame_end = FIRST_FRAME, FIRST_FRAME + len(FRAMES) - 1
    lens = bpy.data.cameras.new("Cyclorama")
    lens.sensor_fit, lens.sensor_width, lens.sensor_height = "HORIZONTAL", FILM_BACK_MM, FILM_BACK_MM * HEIGHT / WIDTH
    camera = bpy.data.objects.new("Cyclorama", lens)
    camera.rotation_mode = "QUATERNION"
    scene.collection.objects.link(camera)
    scene.camera = camera
    for frame, values in enumerate(FRAMES, FIRST_FRAME):
        camera.location, camera.rotation_quaternion = values[:3], values[3:7]
        lens.lens, lens.shift_x, lens.shift_y = values[7:]
        for owner, name in (
            (camera, "location"),
            (camera, "rotation_quaternion"),
            (lens, "lens"),
            (lens, "shift_x"),
            (lens, "shift_y"),
        ):
            owner.keyframe_insert(name, frame=frame)
    scene.frame_set(FIRST_FRAME)


make_camera()
'''


def write(shot: CameraShot, film_back_mm: float) -> str:
    require_square(shot, "a Blender script")
    rate = require_rate(shot, "a Blender script")
    h, w = shot.path.hw
    fx, _, cx, cy = shot.intrinsics.T
    poses = [opengl_pose(camera.world_from_camera, Z_UP) for camera in shot.path.cameras]
    turns = Rotation.from_matrix(np.stack([p[:3, :3] for p in poses])).as_quat()[:, [3, 0, 1, 2]]
    # q and -q are one turn: from frame to frame the nearer one is taken, so that what lies between is no spin
    turns[1:] *= np.cumprod(np.where((turns[1:] * turns[:-1]).sum(1) < 0, -1.0, 1.0))[:, None]
    lens = np.column_stack([fx * film_back_mm / w, (w / 2 - cx) / w, (cy - h / 2) / w])
    rows = np.column_stack([np.stack([p[:3, 3] for p in poses]), turns, lens]).tolist()
    return _SCRIPT.format(
        width=w,
        height=h,
        rate=(rate.numerator, rate.denominator),
        first=shot.first_frame,
        film_back=film_back_mm,
        frames="\n".join(f"    ({', '.join(map(repr, row))})," for row in rows),
    )


def read(file: Path, size: tuple[int, int] | None) -> CameraShot:  # noqa: ARG001  the script says its size
    """``InputError`` when the script is none of ours."""
    with reading(file, "Blender script of ours", f"the values {', '.join(_NAMES)} as cyc camera writes them"):
        try:
            values = _assigned(ast.parse(file.read_text()))
        except SyntaxError as error:
            raise ValueError(f"line {error.lineno} is no Python") from None
        hw = size_of(values["WIDTH"], values["HEIGHT"])
        rate, first, film = values["RATE"], int(values["FIRST_FRAME"]), float(values["FILM_BACK_MM"])
        if not film > 0 or min(rate) <= 0:
            raise ValueError(f"film back and rate must be positive, got {film} and {rate}")
        cameras = (_camera(number, row, hw, film) for number, row in enumerate(values["FRAMES"], first))
        return CameraShot(CameraPath(tuple(cameras)), Fraction(*rate), first)


def _assigned(tree: ast.Module) -> dict[str, Any]:
    """Names of the script's top that are given plain values."""
    found: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], ast.literal_eval(node.value)
            if isinstance(target, ast.Tuple):
                found |= dict(zip((n.id for n in target.elts if isinstance(n, ast.Name)), value))
            elif isinstance(target, ast.Name):
                found[target.id] = value
    return found


def _camera(number: int, row: tuple[float, ...], hw: tuple[int, int], film_back_mm: float) -> Camera:
    h, w = hw
    x, y, z, qw, qx, qy, qz, lens, shift_x, shift_y = map(float, row)
    f = lens / film_back_mm * w
    world = rigid(Rotation.from_quat([qx, qy, qz, qw]).as_matrix(), np.array([x, y, z]))
    k = (f, f, w / 2 - shift_x * w, h / 2 + shift_y * w)
    return camera_at(number, hw, k, from_opengl_pose(world, Z_UP))
