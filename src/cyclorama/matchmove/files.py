"""Our own camera file: ``camera.json``.

``{"convention", "width", "height", "fps", "frames": [{"frame", "fx", "fy", "cx", "cy", "camera_to_world": 4 x 4}]}``:
OpenCV axes, pixels (the centre of the picture at width/2, height/2). Scale and origin are free where two references or
more show how far the place is; with one, the unit is taken for metres.
"""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from cyclorama.core.camera import Camera, CameraPath, camera_record
from cyclorama.core.lens import Lens
from cyclorama.matchmove.camera_axes import CameraShot, camera_at, ordered, rate_of, reading, require_rate, size_of

_CONVENTION = "opencv camera_to_world, pixels"
_AXES = "opencv"
"""How a convention begins whose axes are ours; what it says of units beside is taken as it stands."""


def camera_json(path: CameraPath, rate: Fraction, first_frame: int = 0) -> str:
    """The text of the file."""
    record = camera_record(path, float(rate))
    for frame in record["frames"]:  # type: ignore[attr-defined]
        frame["frame"] += first_frame
    return json.dumps(record, indent=1)


def write(shot: CameraShot, film_back_mm: float) -> str:  # noqa: ARG001  pixels: no film back
    return camera_json(shot.path, require_rate(shot, "camera.json"), shot.first_frame)


def read(file: Path, size: tuple[int, int] | None) -> CameraShot:  # noqa: ARG001  the file says its size
    """``InputError`` when the file is no camera.json. ``convention`` and ``fps`` may be left out."""
    with reading(file, "camera.json", "width, height and frames of fx, fy, cx, cy, camera_to_world"):
        data = json.loads(file.read_text())
        if not str(data.get("convention", _CONVENTION)).lower().startswith(_AXES):
            raise ValueError(f"its convention must be {_CONVENTION!r}, got {data['convention']!r}")
        hw = size_of(data["width"], data["height"])
        frames = data["frames"]
        first, order = ordered([int(f.get("frame", index)) for index, f in enumerate(frames)])
        cameras = tuple(_camera(frames[i], int(i), hw) for i in order)
        return CameraShot(CameraPath(cameras), rate_of(float(data["fps"])) if "fps" in data else None, first)


def _camera(frame: dict[str, Any], index: int, hw: tuple[int, int]) -> Camera:
    k = [frame[name] for name in ("fx", "fy", "cx", "cy")]
    lens = Lens(float(frame.get("k1", 0.0)), float(frame.get("k2", 0.0)))
    return camera_at(frame.get("frame", index), hw, k, np.asarray(frame["camera_to_world"], np.float64), lens)
