"""USD cameras: ``.usda`` and ``.usd`` written as text, read by ``usd-core``.

A y-up world in centimetres (``metersPerUnit`` 0.01), cameras looking along -z; focal length and apertures are tenths of
a unit, which makes them millimetres; aperture offsets move the window, so the principal point goes the other way. A
stage's own up axis and unit are heeded when it is read. Source: OpenUSD, ``UsdGeomCamera``, ``GfCamera``. USD keeps
apertures and focal lengths in 32 bits (1 part in 10 million) and knows no picture size: that is an attribute of ours.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.errors import InputError, MachineError
from cyclorama.matchmove.camera_axes import (
    Y_UP,
    Z_UP,
    CameraShot,
    camera_at,
    from_opengl_pose,
    opengl_pose,
    ordered,
    rate_of,
    reading,
    require_rate,
    require_size,
    size_of,
    whole_frame,
)

_METRES_PER_UNIT = 0.01
_SIZE = "cyclorama:size"
_INSTALL = "pip install 'cyclorama[usd]'"


def write(shot: CameraShot, film_back_mm: float) -> str:
    h, w = shot.path.hw
    rate = float(require_rate(shot, "USD"))
    fx, fy, cx, cy = shot.intrinsics.T
    focal = fx * film_back_mm / w
    high = focal * h / fy
    poses = [opengl_pose(camera.world_from_camera, Y_UP) for camera in shot.path.cameras]
    first, last = shot.frames[0], shot.frames[-1]
    return f"""#usda 1.0
(
    defaultPrim = "Camera"
    doc = "Cyclorama: y up, centimetres; film back {film_back_mm!r} mm wide; the plate's first frame is {first}"
    endTimeCode = {last}
    framesPerSecond = {rate!r}
    metersPerUnit = {_METRES_PER_UNIT!r}
    startTimeCode = {first}
    timeCodesPerSecond = {rate!r}
    upAxis = "Y"
)

def Camera "Camera"
{{
    float2 clippingRange = (1, 1000000)
    custom int2 {_SIZE} = ({w}, {h})
    float focalLength.timeSamples = {_samples(focal, first)}
    float horizontalAperture = {film_back_mm!r}
    float horizontalApertureOffset.timeSamples = {_samples((w / 2 - cx) * film_back_mm / w, first)}
    token projection = "perspective"
    float verticalAperture.timeSamples = {_samples(high, first)}
    float verticalApertureOffset.timeSamples = {_samples((cy - h / 2) * high / h, first)}
    matrix4d xformOp:transform.timeSamples = {_matrices(poses, first)}
    uniform token[] xformOpOrder = ["xformOp:transform"]
}}
"""


def read(file: Path, size: tuple[int, int] | None) -> CameraShot:
    """``InputError`` when the stage does not hold one perspective camera; ``MachineError`` without usd-core."""
    with reading(file, "USD camera", "one perspective camera, unscaled"):
        file.open("rb").close()  # a file that is not there is our sentence, not USD's
        usd, geom, tf = _packages()
        try:
            stage = usd.Stage.Open(str(file))
        except tf.ErrorException:
            raise ValueError("USD cannot open it") from None
        cameras = [prim for prim in stage.Traverse() if prim.IsA(geom.Camera)]
        if len(cameras) != 1:
            raise ValueError(f"it holds {len(cameras)} cameras")
        return _shot(stage, geom.Camera(cameras[0]), size, usd.TimeCode, geom)


def _shot(stage: Any, camera: Any, size: tuple[int, int] | None, time_code: Any, geom: Any) -> CameraShot:
    own = camera.GetPrim().GetAttribute(_SIZE)
    hw = size_of(*own.Get()) if own and own.HasValue() else require_size(size)
    axes = {"Y": Y_UP, "Z": Z_UP}[str(geom.GetStageUpAxis(stage))]
    metres = float(geom.GetStageMetersPerUnit(stage))
    frames = _frames(stage, camera)
    cameras = tuple(_camera(camera, n, time_code(n), hw, (axes, metres)) for n in frames)
    return CameraShot(CameraPath(cameras), rate_of(float(stage.GetTimeCodesPerSecond())), frames[0])


def _camera(camera: Any, frame: int, time: Any, hw: tuple[int, int], world: tuple[Array, float]) -> Camera:
    h, w = hw
    axes, metres = world
    if str(camera.GetProjectionAttr().Get(time)) != "perspective":
        raise InputError("the camera is orthographic; give a perspective one")
    names = ("HorizontalAperture", "VerticalAperture", "FocalLength")
    wide, high, focal = (float(getattr(camera, f"Get{name}Attr")().Get(time)) for name in names)
    if not min(wide, high) > 0:
        raise ValueError(f"frame {frame}: the apertures must be positive, got {wide} x {high}")
    across, up = (
        float(getattr(camera, f"Get{name}ApertureOffsetAttr")().Get(time)) for name in ("Horizontal", "Vertical")
    )
    pose = np.array(camera.ComputeLocalToWorldTransform(time)).T
    pose[:3, 3] *= metres
    k = (focal * w / wide, focal * h / high, w / 2 - across * w / wide, h / 2 + up * h / high)
    return camera_at(frame, hw, k, from_opengl_pose(pose, axes))


def _frames(stage: Any, camera: Any) -> range:
    """The stage's frames; where it does not say them, those that the camera has samples at."""
    if stage.HasAuthoredTimeCodeRange():
        first, last = whole_frame(stage.GetStartTimeCode()), whole_frame(stage.GetEndTimeCode())
        if last < first:
            raise ValueError(f"its frames must go forward, got {first} to {last}")
        return range(first, last + 1)
    times = {t for a in camera.GetPrim().GetAttributes() for t in a.GetTimeSamples()}
    first, order = ordered([whole_frame(t) for t in times] or [1])
    return range(first, first + len(order))


def _packages() -> tuple[Any, Any, Any]:
    try:
        return import_module("pxr.Usd"), import_module("pxr.UsdGeom"), import_module("pxr.Tf")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "pxr":
            raise
        raise MachineError(f"reading USD needs the package usd-core; install it: {_INSTALL}") from None


def _samples(values: Array, first: int) -> str:
    lines = "".join(f"        {n}: {value!r},\n" for n, value in enumerate(values.tolist(), first))
    return f"{{\n{lines}    }}"


def _matrices(poses: list[Array], first: int) -> str:
    """Row vectors: the translation, in units of the stage, is the last row."""
    lines = ""
    for number, pose in enumerate(poses, first):
        m = pose.copy()
        m[:3, 3] /= _METRES_PER_UNIT
        rows = ", ".join(f"({', '.join(map(repr, row))})" for row in m.T.tolist())
        lines += f"        {number}: ({rows}),\n"
    return f"{{\n{lines}    }}"
