"""How much memory a shot needs, and how much there is."""

from pathlib import Path

from cyclorama.core.errors import CycloramaError
from cyclorama.media.film import video_hw
from cyclorama.media.pictures import picture_hw
from cyclorama.media.sequence import list_frames

_ALWAYS, _PER_PIXEL = 400e6, 300.0
"""Bytes that a shot of one reference holds, and those for every pixel of a frame: 0.7 GB at 1280x720, 3 GB at UHD."""
_UNKNOWN_PIXELS = 3840 * 2160
_SPARED = 0.9
"""Of what is free."""
_UNKNOWN_BYTES = 8e9


def needed_bytes(plate: Path) -> int:
    """A guess from the size of its frames; of a plate that cannot be read, that of a large one."""
    try:
        if plate.is_file():
            height, width = video_hw(plate)
            pixels = height * width or _UNKNOWN_PIXELS
        else:
            height, width = picture_hw(list_frames(plate)[0])
            pixels = height * width
    except CycloramaError:
        pixels = _UNKNOWN_PIXELS
    return int(_ALWAYS + _PER_PIXEL * pixels)


def available_bytes() -> int:
    """Memory that new processes can have."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return int(_UNKNOWN_BYTES)
    sizes = dict(line.split(":") for line in lines)
    return int(_SPARED * 1024 * int(sizes["MemAvailable"].split()[0]))
