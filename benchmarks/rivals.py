"""What a user would key with instead: ffmpeg's chromakey and despill, a plain colour difference, pymatting.

A rival is a function: plate frames, 8-bit (h w 3 uint8, sRGB) -> (premultiplied linear colour h w 3, alpha h w) a frame.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import av.filter
import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import display_from_linear, linear_from_display
from cyclorama.matting import ScreenKey

Keyed = tuple[Array, Array]
CHROMAKEYS = ((0.06, 0.03), (0.08, 0.05), (0.1, 0.05), (0.12, 0.08), (0.16, 0.1))
"""Similarity and blend of ffmpeg's chromakey, from timid to bold."""


def ffmpeg_key(codes: list[Array], screen_rgb: tuple[float, float, float], setting: tuple[float, float]) -> list[Keyed]:
    """ffmpeg's ``chromakey`` then ``despill``; the colour is straight and is premultiplied here."""
    h, w = codes[0].shape[:2]
    code = "0x" + "".join(
        f"{int(round(float(c) * 255)):02x}" for c in display_from_linear(np.array(screen_rgb, np.float32))
    )
    graph = av.filter.Graph()
    source: Any = graph.add_buffer(width=w, height=h, format="yuv444p", time_base=Fraction(1, 24))
    kind = "green" if screen_rgb[1] > screen_rgb[2] else "blue"
    last = source
    for name, words in (
        ("chromakey", f"color={code}:similarity={setting[0]}:blend={setting[1]}"),
        ("format", "gbrap"),
        ("despill", f"type={kind}"),
        ("buffersink", ""),
    ):
        step = graph.add(name, words) if words else graph.add(name)
        last.link_to(step)
        last = step
    graph.configure()
    out = []
    for index, picture in enumerate(codes):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = index, Fraction(1, 24)
        source.push(frame.reformat(format="yuv444p", dst_colorspace="ITU709"))
        rgba = last.pull().reformat(format="rgba").to_ndarray().astype(np.float32) / 255
        out.append((linear_from_display(rgba[..., :3]) * rgba[..., 3:], rgba[..., 3].copy()))
    return out


def plain_key(codes: list[Array], screen_rgb: tuple[float, float, float]) -> list[Keyed]:
    """alpha = 1 - (k - max of the others) / that of one screen colour; un-mixed from that colour and limited by max."""
    k = 1 if screen_rgb[1] > screen_rgb[2] else 2
    i, j = (c for c in range(3) if c != k)
    screen = np.array(screen_rgb, np.float32)
    full = screen[k] - max(screen[i], screen[j])
    out = []
    for picture in codes:
        linear = linear_from_display(picture.astype(np.float32) / 255)
        alpha = np.clip(1 - (linear[..., k] - np.maximum(linear[..., i], linear[..., j])) / full, 0, 1)
        color = np.maximum(linear - (1 - alpha)[..., None] * screen, 0)
        color[..., k] = np.minimum(color[..., k], np.maximum(color[..., i], color[..., j]))
        out.append((color, alpha))
    return out


def closed_form_key(codes: list[Array], key: ScreenKey) -> Iterator[Keyed]:
    """pymatting's closed form and multilevel foreground from the trimap of our key, then the same despill as ``plain``.

    The trimap: our alpha, its open part grown by 2 px. ``ImportError`` without pymatting.
    """
    import pymatting

    k = 1 if key.model.screen == "green" else 2
    i, j = (c for c in range(3) if c != k)
    for index, picture in enumerate(codes):
        display = picture.astype(np.float64) / 255
        ours = key.foreground(index, linear_from_display(picture.astype(np.float32) / 255)).alpha
        trimap = np.where(ours >= 1, 1.0, np.where(ours <= 0, 0.0, 0.5))
        open_part = cv2.dilate((trimap == 0.5).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        trimap[open_part] = 0.5
        alpha = pymatting.estimate_alpha_cf(display, trimap)
        color = linear_from_display(pymatting.estimate_foreground_ml(display, alpha).astype(np.float32))
        color[..., k] = np.minimum(color[..., k], np.maximum(color[..., i], color[..., j]))
        yield color * alpha[..., None].astype(np.float32), alpha.astype(np.float32)
