"""Video frames of floating-point values (EXR in a mov, FFV1, raw video), which FFmpeg's scaler would clip."""

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.media.film import DecodedFrame
from cyclorama.media.layouts import FLOAT, plane_sizes

_TOP = 65504.0
"""What infinity becomes: the largest value of EXR's usual floats."""


def float_values(frame: DecodedFrame, hw: tuple[int, int]) -> Array:
    """h w 3 float32 as stored, NaN made 0, at the size ``hw``."""
    match = FLOAT.fullmatch(frame.layout)
    assert match is not None
    dtype, (height, width) = np.dtype("<f2" if match[2] == "16" else "<f4"), frame.hw
    sizes = plane_sizes(frame.layout, frame.hw)
    planes = [np.ascontiguousarray(p[:, :row]).view(dtype) for p, (_, row) in zip(frame.planes, sizes)]
    if len(planes) == 3:
        stored = np.stack([planes[i] for i in (2, 0, 1)], -1)
    else:
        stored = planes[0].reshape(height, width, -1)
        stored = stored[..., :3] if stored.shape[2] >= 3 else np.repeat(stored[..., :1], 3, 2)
    values = np.nan_to_num(stored.astype(np.float32), nan=0.0, posinf=_TOP, neginf=-_TOP)
    if hw == frame.hw:
        return values
    larger = hw[0] > height or hw[1] > width
    return cv2.resize(values, hw[::-1], interpolation=cv2.INTER_CUBIC if larger else cv2.INTER_AREA)
