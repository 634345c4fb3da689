"""Video frames of floating-point values (EXR in a mov, FFV1, raw video), which FFmpeg's scaler would clip."""

import re

import cv2
import numpy as np
from av.video.frame import VideoFrame

from cyclorama.core.arrays import Array

_KIND = re.compile(r"(gbra?p|gray|ya|rgba?)f(16|32)le")
_TOP = 65504.0
"""What infinity becomes: the largest value of EXR's usual floats."""
_CHANNELS = {"gray": 1, "ya": 2, "rgb": 3, "rgba": 4}


def is_float(name: str) -> bool:
    """Whether a pixel format is of floats."""
    return _KIND.fullmatch(name) is not None


def float_values(frame: VideoFrame, hw: tuple[int, int]) -> Array:
    """h w 3 float32 as stored, NaN made 0, at the size ``hw``."""
    match = _KIND.fullmatch(frame.format.name)
    assert match is not None
    kind, size = match[1], (frame.height, frame.width)
    dtype = np.dtype("<f2" if match[2] == "16" else "<f4")
    planes = [np.frombuffer(p, np.uint8).reshape(p.height, p.line_size).view(dtype) for p in frame.planes]  # type: ignore[call-overload]
    if kind.startswith("gb"):
        stored = np.stack([planes[i][:, : size[1]] for i in (2, 0, 1)], -1)
    else:
        count = _CHANNELS[kind]
        stored = planes[0][:, : size[1] * count].reshape(*size, count)
        stored = stored[..., :3] if count >= 3 else np.repeat(stored[..., :1], 3, 2)
    values = np.nan_to_num(stored.astype(np.float32), nan=0.0, posinf=_TOP, neginf=-_TOP)
    if hw == size:
        return values
    larger = hw[0] > size[0] or hw[1] > size[1]
    return cv2.resize(values, hw[::-1], interpolation=cv2.INTER_CUBIC if larger else cv2.INTER_AREA)
