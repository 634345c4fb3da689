"""Media made by code, for the tests of this folder."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

EXACT = Interpolation.BILINEAR | Interpolation.ACCURATE_RND
EXACT |= Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP


def smooth_frames(num: int, hw: tuple[int, int], seed: int = 0) -> np.ndarray:
    """t h w 3 uint8: a drifting texture without hard edges, codes 30..225."""
    noise = np.random.default_rng(seed).uniform(0, 255, (hw[0] + num, hw[1] + num, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 4)
    soft = (soft - soft.min()) / (soft.max() - soft.min()) * 195 + 30
    return np.stack([soft[i : i + hw[0], i : i + hw[1]] for i in range(num)]).round().astype(np.uint8)


def textured_frames(num: int, hw: tuple[int, int]) -> np.ndarray:
    """A moving scene: soft shading, a fine moving weave on its right half."""
    y, x = np.mgrid[: hw[0], : hw[1]]
    frames = []
    for i in range(num):
        grey = 120 + 60 * np.sin((x + 3 * i) / 37) + 30 * np.cos(y / 23)
        grey = grey + 12 * np.sin((x + 3 * i) / 3) * np.sin(y / 4) * (x > hw[1] / 2)
        frames.append(np.stack([grey, grey * 0.8 + 20, grey * 0.7 + 40], -1))
    return np.array(frames).clip(0, 255).round().astype(np.uint8)


def write_video(
    path: Path,
    frames: np.ndarray,
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    pts: list[int] | None = None,
    time_base: Fraction = Fraction(1, 24),
    matrix: Colorspace | None = Colorspace.ITU709,
    options: dict[str, str] | None = None,
    setup: Callable[[av.VideoStream], None] | None = None,
    container_options: dict[str, str] | None = None,
    source_format: str = "rgb24",
) -> Path:
    """Encode rgb24 / rgb48le / gray codes with tags. ``matrix`` None: untagged, BT.601."""
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=24, options=options or {"crf": "10"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = time_base
        if matrix is not None:
            stream.codec_context.colorspace = {1: 1, 5: 6, 9: 9}[int(matrix)]
            stream.codec_context.color_range = 1
        if setup:
            setup(stream)
        for i, codes in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(codes, format=source_format)
            if pix_fmt != source_format:
                frame = frame.reformat(
                    format=pix_fmt,
                    dst_colorspace=matrix or Colorspace.ITU601,
                    dst_color_range=ColorRange.MPEG,
                    interpolation=EXACT,
                )
            frame.pts, frame.time_base = (pts[i] if pts else i), time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
