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
from cyclorama.media.headers import kind_of
from cyclorama.media.timecode import text_of_exr
from cyclorama.media.wire import ANSWERED, Message

_DAMAGED = "the EXR is damaged or cut off; copy or render it again"
_FILES = Path("/proc/self/fd")
_BYTES_PER_PIXEL = 64
"""That a picture may take: four channels of 32 bits, four times over."""


def codes(asked: Message, host: Host) -> Message:
    """The codes of a picture of ``pixels`` pixels, as OpenCV's ``flags`` say."""
    path = Path(asked.text("path"))
    host.allow(_BYTES_PER_PIXEL * asked.whole("pixels", 1, MAX_PICTURE_PIXELS))
    damaged = InputError(f"{path}: the picture is damaged or of a variant that cannot be read; export it again as PNG")
    try:
        with reading(path, "cannot be read; copy it again"):
            found = _read(path, asked.whole("flags", -1, 1 << 16))
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from None
        raise damaged from None
    if found is None or found.dtype not in (np.uint8, np.uint16, np.float32, np.float64):
        raise damaged
    return Message(ANSWERED, {"shape": found.shape, "dtype": found.dtype.name}, (np.ascontiguousarray(found),))


def _read(path: Path, flags: int) -> Array | None:
    with path.open("rb") as file:
        if kind_of(file.read(16)) == "HDR" and _FILES.is_dir():  # of its bytes OpenCV would make a file first
            return cv2.imread(str(_FILES / str(file.fileno())), flags)
        file.seek(0)
        return cv2.imdecode(np.frombuffer(file.read(), np.uint8), flags)


def exr_header(asked: Message, host: Host) -> Message:
    """What the header of the first part says."""
    host.tick()
    header = _header(Path(asked.text("path")))
    rate, code, reel = (header.get(name) for name in ("framesPerSecond", "timeCode", "reelName"))
    stated = header.get("chromaticities")
    facts = {
        "hw": window_hw(np.array(header["displayWindow"], np.int64)),
        "data_hw": window_hw(np.array(header["dataWindow"], np.int64)),
        "rate": [rate.numerator, rate.denominator] if isinstance(rate, Fraction) and rate > 0 else [],
        "timecode": "" if code is None else text_of_exr(code),
        "reel": reel if isinstance(reel, str) else "",
        "chromaticities": [] if stated is None else [float(number) for number in stated],
        "texts": [[name, value] for name, value in header.items() if isinstance(value, str)],
    }
    return Message(ANSWERED, facts)


def _header(path: Path) -> dict[str, Any]:
    require_file(path)
    try:
        with OpenEXR.File(str(path), header_only=True) as file:
            return dict(file.header())
    except (RuntimeError, ValueError):
        raise InputError(f"{path}: {_DAMAGED}") from None


def exr_planes(asked: Message, host: Host) -> Message:
    """Full-resolution channels of the first part, float32, in the display window (0 outside the data): those of the
    first of ``wanted`` that are all there, every one where nothing is wanted."""
    path = Path(asked.text("path"))
    header = _header(path)
    data, display = (np.array(header[name], np.int64) for name in ("dataWindow", "displayWindow"))
    pixels = max(require_pixels(path, window_hw(data)), require_pixels(path, window_hw(display)))
    host.allow(_BYTES_PER_PIXEL * pixels + 12 * pixels * len(header.get("channels", ())))
    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            found = file.channels()
            names, wanted = sorted(found), asked.facts["wanted"]
            chosen = next((w for w in wanted if set(w) <= set(names)), []) if wanted else list(found)
            planes = [_placed(np.array(found[name].pixels, np.float32), data, display) for name in chosen]
    except (RuntimeError, ValueError):
        raise InputError(f"{path}: {_DAMAGED}") from None
    return Message(ANSWERED, {"names": names, "chosen": chosen, "hw": window_hw(display)}, tuple(planes))


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
