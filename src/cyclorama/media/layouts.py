"""Layouts of decoded pictures that our kernels read, and how a frame of any other gets into one of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

PLANAR = re.compile(r"yuv[aj]?(420|422|440|444)p(?:(9|10|12|14|16)le)?")
GREY = re.compile(r"gray(?:(9|10|12|14|16)le)?")
SUBSAMPLING = {"420": (2, 2), "422": (2, 1), "440": (1, 2), "444": (1, 1)}
PACKED = {"rgb24": 3, "rgb48le": 6, "rgba": 4, "rgba64le": 8}
"""Bytes of a pixel."""
FLOAT = re.compile(r"(gbra?p|gray|ya|rgba?)f(16|32)le")
_FLOATS = {"gray": 1, "ya": 2, "rgb": 3, "rgba": 4}
"""Channels of a layout whose channels lie together."""
_DEEP = re.compile(r"(9|10|12|14|16)le$")
_REORDER = {"nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "yuyv422": "yuv422p", "uyvy422": "yuv422p"}
_REORDER |= {"ya8": "gray", "ya16le": "gray16le", "p010le": "yuv420p10le", "p210le": "yuv422p10le"}
_SHRINK = Interpolation.AREA | Interpolation.ACCURATE_RND
_ENLARGE = Interpolation.BICUBIC | Interpolation.ACCURATE_RND
_EXACT = (
    Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
)


def bits_of(name: str) -> int:
    """Significant bits of a layout's values."""
    floats = FLOAT.fullmatch(name)
    if floats is not None:
        return int(floats[2])
    if name in PACKED:
        return 8 if PACKED[name] < 6 else 16
    match = _DEEP.search(name)
    return int(match.group(1)) if match else 8


def is_float(name: str) -> bool:
    """Whether a format is of floating-point values, which FFmpeg's scaler would clip."""
    return FLOAT.fullmatch(name) is not None


def is_planar(name: str) -> bool:
    """Whether our kernels read the format as it is."""
    return bool(PLANAR.fullmatch(name) or GREY.fullmatch(name))


def plane_sizes(name: str, hw: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """(rows, bytes of a row without padding) of the colour planes of a format; none of one that is not read."""
    height, width = hw
    floats = FLOAT.fullmatch(name)
    if floats is not None:
        row = width * int(floats[2]) // 8
        return ((height, row),) * 3 if floats[1].startswith("gb") else ((height, row * _FLOATS[floats[1]]),)
    if name in PACKED:
        return ((height, PACKED[name] * width),)
    size = 2 if _DEEP.search(name) else 1
    match = PLANAR.fullmatch(name)
    if match is None:
        return ((height, size * width),) if GREY.fullmatch(name) else ()
    across, down = SUBSAMPLING[match.group(1)]
    chroma = (-(-height // down), -(-width // across) * size)
    return ((height, size * width), chroma, chroma)


@dataclass(frozen=True)
class Taken:
    """What is wanted of a frame: planes in a layout of ``plane_sizes``. ``shift_px``: what the scaler, which takes
    chroma to sit between two pixels, moved it to the right."""

    layout: str
    hw: tuple[int, int]
    planes: tuple[VideoPlane, ...]
    shift_px: float = 0.0


class Take(Protocol):
    """What is taken of every frame of a stream; ``facts`` make it again in another process."""

    @property
    def facts(self) -> dict[str, Any]: ...

    def __call__(self, frame: VideoFrame, reformatter: VideoReformatter) -> Taken: ...


@dataclass(frozen=True)
class TakeColour:
    """The colours at the size to deliver before turning, but floats at their own. ``left``: chroma of halved width sits
    on the left pixel."""

    hw: tuple[int, int]
    full_range: bool
    left: bool

    @property
    def facts(self) -> dict[str, Any]:
        return {"take": "colour", "hw": self.hw, "full_range": self.full_range, "left": self.left}

    def __call__(self, frame: VideoFrame, reformatter: VideoReformatter) -> Taken:
        name = frame.format.name
        if is_float(name):
            return _whole(frame)
        resized = (frame.height, frame.width) != self.hw
        target = self._target(frame, resized)
        if target == name and not resized:
            return _whole(frame)
        larger = self.hw[0] > frame.height or self.hw[1] > frame.width
        match = PLANAR.fullmatch(_REORDER.get(name, name))
        halved = match is not None and match.group(1) in ("420", "422")
        level = ColorRange.JPEG if self.full_range else ColorRange.MPEG
        scaled = reformatter.reformat(
            frame,
            width=self.hw[1],
            height=self.hw[0],
            format=target,
            interpolation=_EXACT if not resized else _ENLARGE if larger else _SHRINK,
            src_color_range=level,
            dst_color_range=level,
            threads=1,
        )
        return _whole(scaled, 0.5 * self.hw[1] / frame.width if resized and halved and self.left else 0.0)

    def _target(self, frame: VideoFrame, resized: bool) -> str:
        name = frame.format.name
        if frame.format.is_rgb or name == "pal8":
            return "rgb48le" if _is_deep(frame) else "rgb24"
        if not resized:
            return name if is_planar(name) else _REORDER.get(name, "yuv444p16le")
        match = PLANAR.fullmatch(_REORDER.get(name, name))
        grey = GREY.fullmatch(_REORDER.get(name, name))
        bits = match.group(2) if match else "16"
        return grey.group(0) if grey else f"yuv444p{bits}le" if bits else "yuv444p"


@dataclass(frozen=True)
class TakeMatte:
    """The alpha channel or the luma, as one grey plane or inside RGB: widening 8 bits to 16 in the scaler is not
    exact."""

    channel: Literal["alpha", "luma"]

    @property
    def facts(self) -> dict[str, Any]:
        return {"take": self.channel}

    def __call__(self, frame: VideoFrame, reformatter: VideoReformatter) -> Taken:
        name = frame.format.name
        if self.channel == "alpha":
            if name.startswith("yuva") and not name.endswith("be"):
                return _grey(frame, 3)
            target = "rgba64le" if _is_deep(frame) else "rgba"
            return _whole(reformatter.reformat(frame, format=target, threads=1))
        if frame.format.is_rgb or name == "pal8":
            target = "rgb48le" if _is_deep(frame) else "rgb24"
            return _whole(reformatter.reformat(frame, format=target, threads=1))
        planar = frame if is_planar(name) else reformatter.reformat(frame, format="yuv444p16le", threads=1)
        return _grey(planar, 0)


def take_of(facts: Mapping[str, Any]) -> Take:
    """What ``Take.facts`` told of."""
    if facts["take"] == "colour":
        height, width = facts["hw"]
        return TakeColour((height, width), facts["full_range"], facts["left"])
    return TakeMatte(facts["take"])


def _whole(frame: VideoFrame, shift_px: float = 0.0) -> Taken:
    hw = (frame.height, frame.width)
    count = len(plane_sizes(frame.format.name, hw))
    return Taken(frame.format.name, hw, tuple(frame.planes[:count]), shift_px)


def _grey(frame: VideoFrame, plane: int) -> Taken:
    match = _DEEP.search(frame.format.name)
    return Taken(f"gray{match.group(0) if match else ''}", (frame.height, frame.width), (frame.planes[plane],))


def _is_deep(frame: VideoFrame) -> bool:
    return any(component.bits > 8 for component in frame.format.components)
