"""What is done with a picture that is not trusted: OpenCV and OpenEXR decode it."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError
from cyclorama.media.gate import MAX_PICTURE_PIXELS, Host, reading, require_file, require_pixels
from cyclorama.media.headers import HeaderError, kind_of, read_header
from cyclorama.media.inks import jpeg_inks
from cyclorama.media.tiff import read_tiff
from cyclorama.media.timecode import text_of_exr
from cyclorama.media.wire import ANSWERED, Message

_DAMAGED = "the EXR is damaged or cut off; copy or render it again"
_PICTURES = ({"R", "G", "B"}, {"Y"}, {"A"})
_FILES = Path("/proc/self/fd")
_COLOUR = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH  # alpha dropped, grey and palette expanded, EXIF orientation applied
_FINEST_ASPECT = 1000
"""Denominator of a pixel's aspect, which headers hold as a float."""
_BYTES_PER_PIXEL = 64
"""That a picture may take: four channels of 32 bits, four times over."""


def codes(asked: Message, host: Host) -> Message:
    """The codes of a picture of ``pixels`` pixels, upright; ``want`` is ``colour`` (h w 3, or h w 4 of inks) or
    ``stored`` (h w or h w c, green in the middle, alpha last)."""
    path, wants_colour = Path(asked.text("path")), asked.text("want") == "colour"
    host.allow(_BYTES_PER_PIXEL * asked.whole("pixels", 1, MAX_PICTURE_PIXELS))
    with reading(path, "cannot be read; copy it again"), path.open("rb") as file:
        data = file.read()
        try:
            picture = _apart(data, wants_colour=wants_colour)
        except HeaderError as error:
            raise InputError(f"{path}: it {error}") from None
        found, cmyk, has_alpha = picture or _by_opencv(data, file.fileno(), path, wants_colour=wants_colour)
    facts = {"shape": found.shape, "dtype": found.dtype.name, "cmyk": cmyk, "has_alpha": has_alpha}
    return Message(ANSWERED, facts, (np.ascontiguousarray(found),))


def _apart(data: bytes, *, wants_colour: bool) -> tuple[Array, bool, bool] | None:
    """What OpenCV does not read right: (codes, whether they are inks, whether there is an alpha channel)."""
    kind = kind_of(data)
    if kind == "JPEG" and wants_colour:
        inks = jpeg_inks(data)
        return None if inks is None else (inks, True, False)
    if kind != "TIFF":
        return None
    found = read_tiff(data)
    if found is None:
        return None
    if wants_colour:
        return found.codes[..., :4] if found.cmyk else found.rgb, found.cmyk, found.has_alpha
    stored = found.codes if found.codes.shape[2] <= 4 else found.codes[..., [0, 1, 2, -1]]
    return (stored[..., 0] if stored.shape[2] == 1 else stored), found.cmyk, found.has_alpha


def _by_opencv(data: bytes, number: int, path: Path, *, wants_colour: bool) -> tuple[Array, bool, bool]:
    """``number``: of the open file."""
    flags = _COLOUR if wants_colour else cv2.IMREAD_UNCHANGED
    damaged = InputError(f"{path}: the picture is damaged or of a variant that cannot be read; export it again as PNG")
    try:
        if kind_of(data) == "HDR" and _FILES.is_dir():  # of its bytes OpenCV would make a file first
            found = cv2.imread(str(_FILES / str(number)), flags)
        else:
            found = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from None
        raise damaged from None
    if found is None or found.dtype not in (np.uint8, np.uint16, np.float32, np.float64):
        raise damaged
    if wants_colour:
        found = cv2.cvtColor(found, cv2.COLOR_BGR2RGB)
    return found, False, read_header(data).has_alpha


def exr_header(asked: Message, host: Host) -> Message:
    """What the header of the part says that is read."""
    host.tick()
    header, _ = _header(Path(asked.text("path")))
    rate, code, reel = (header.get(name) for name in ("framesPerSecond", "timeCode", "reelName"))
    stated = header.get("chromaticities")
    facts = {
        "hw": window_hw(np.array(header["displayWindow"], np.int64)),
        "data_hw": window_hw(np.array(header["dataWindow"], np.int64)),
        "rate": [rate.numerator, rate.denominator] if isinstance(rate, Fraction) and rate > 0 else [],
        "timecode": "" if code is None else text_of_exr(code),
        "reel": reel if isinstance(reel, str) else "",
        "aspect": _aspect(float(header.get("pixelAspectRatio", 1.0))),
        "channels": [channel.name for channel in header["channels"]],
        "chromaticities": [] if stated is None else [float(number) for number in stated],
        "texts": [[name, value] for name, value in header.items() if isinstance(value, str)],
    }
    return Message(ANSWERED, facts)


def _aspect(stated: float) -> list[int]:
    """Of a pixel, as a fraction; nothing where it is no number."""
    if not np.isfinite(stated) or stated <= 0:
        return []
    aspect = Fraction(stated).limit_denominator(_FINEST_ASPECT)
    return [aspect.numerator, aspect.denominator] if aspect else []


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """Of the part that is read, and its number: the first that holds a picture, else a grey one, else a matte."""
    require_file(path)
    try:
        with OpenEXR.File(str(path), header_only=True) as file:
            headers = [dict(part.header) for part in file.parts]
            there = [{channel.name for channel in header["channels"]} for header in headers]
            part = next((i for wanted in _PICTURES for i, names in enumerate(there) if wanted <= names), 0)
            return headers[part], part
    except (RuntimeError, ValueError):
        raise InputError(f"{path}: {_DAMAGED}") from None


def exr_planes(asked: Message, host: Host) -> Message:
    """Channels of ``names`` of the part that is read, full resolution, float32, in the display window (0 outside the
    data)."""
    path = Path(asked.text("path"))
    header, part = _header(path)
    data, display = (np.array(header[name], np.int64) for name in ("dataWindow", "displayWindow"))
    pixels = max(require_pixels(path, window_hw(data)), require_pixels(path, window_hw(display)))
    host.allow(_BYTES_PER_PIXEL * pixels + 12 * pixels * len(header.get("channels", ())))
    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            found = file.channels(part)
            names = asked.facts["names"]
            planes = [_placed(np.array(found[name].pixels, np.float32), data, display) for name in names]
    except (RuntimeError, ValueError, KeyError):
        raise InputError(f"{path}: {_DAMAGED}") from None
    return Message(ANSWERED, {"hw": window_hw(display)}, tuple(planes))


def window_hw(window: Array) -> tuple[int, int]:
    return int(window[1][1] - window[0][1] + 1), int(window[1][0] - window[0][0] + 1)


def _placed(pixels: Array, data: Array, display: Array) -> Array:
    if (data == display).all():
        return np.ascontiguousarray(pixels)
    low, high = np.maximum(data[0], display[0]), np.minimum(data[1], display[1]) + 1
    plane = np.zeros(window_hw(display), np.float32)
    if (high > low).all():
        (x0, y0), (x1, y1) = low - display[0], high - display[0]
        (u0, v0), (u1, v1) = low - data[0], high - data[0]
        plane[y0:y1, x0:x1] = pixels[v0:v1, u0:u1]
    return plane
