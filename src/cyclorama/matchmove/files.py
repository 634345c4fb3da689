"""Camera files: ``camera.json``.

``{"width", "height", "fps", "frames": [{"frame", "fx", "fy", "cx", "cy", "camera_to_world": 4 x 4}]}``: OpenCV axes,
pixels (the centre of the picture at width/2, height/2). Scale and origin are free where two references or more show
how far the place is; with one, the unit is taken for metres.
"""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np

from cyclorama.core.camera import Camera, CameraPath, camera_record
from cyclorama.core.errors import InputError


def camera_json(path: CameraPath, rate: Fraction) -> str:
    """The text of the file."""
    return json.dumps(camera_record(path, float(rate)), indent=1)


def read_camera(file: Path, *, hw: tuple[int, int], num_frames: int) -> CameraPath:
    """The camera of a plate of ``hw`` and ``num_frames``. ``InputError`` when the file does not hold one for it."""
    try:
        data = json.loads(file.read_text())
        size = (int(data["height"]), int(data["width"]))
        if min(size) < 1:
            raise ValueError(f"width and height must be 1 or more, got {size[1]}x{size[0]}")
        cameras = tuple(_camera(frame, size) for frame in data["frames"])
    except OSError as error:
        raise InputError(f"{file}: the camera cannot be read ({error.strerror}); give a camera.json") from None
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{file}: this is no camera.json ({error}); it must hold width, height and frames of fx, fy, cx, cy, "
            "camera_to_world"
        ) from None
    if len(cameras) != num_frames:
        raise InputError(
            f"{file}: holds {len(cameras)} cameras and the plate has {num_frames} frames; export it for the whole plate"
        )
    if abs(size[1] / size[0] - hw[1] / hw[0]) > 0.01 * hw[1] / hw[0]:
        sizes = f"{size[1]}x{size[0]} and the plate is {hw[1]}x{hw[0]}"
        raise InputError(f"{file}: is for {sizes}: their shapes must agree; export it for this plate")
    return CameraPath(cameras).resized(hw)


def _camera(frame: dict[str, object], hw: tuple[int, int]) -> Camera:
    fx, fy, cx, cy = (float(frame[name]) for name in ("fx", "fy", "cx", "cy"))  # type: ignore[arg-type]
    px_from_cam = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    return Camera(hw, px_from_cam, np.asarray(frame["camera_to_world"], np.float64))
