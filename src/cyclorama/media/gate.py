"""The input gate: what may be opened at all, and how FFmpeg's and the system's errors read to the user."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.error import DecoderNotFoundError, FFmpegError

from cyclorama.core.errors import InputError, MachineError

MAX_VIDEO_PIXELS = 8192 * 4320
MAX_PICTURE_PIXELS = 100_000_000
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,mxf,flv,asf,ogg,nut,ivf,gxf,dv,yuv4mpegpipe,"
    "h264,hevc,gif,apng,rm,wtv,dnxhd"
)
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}

_BYTES_PER_PIXEL = 8  # of four channels of 16 bits
_HELD_FRAMES = 48
"""By a decoder, at the most: references, those that wait for their turn, one for each thread (16 each)."""
_MEMORY = {errno.ENOMEM, errno.EAGAIN}  # FFmpeg says EAGAIN when it gets no memory or no thread
_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_PERMISSION = {errno.EACCES, errno.EPERM, errno.EROFS}


class MemoryShortError(MachineError):
    """No memory was to be had."""


class Host:
    """Who decodes. The one that is trusted with a file sets no limits and is not watched."""

    def tick(self) -> None:
        """A frame or a packet more is done."""

    def allow(self, num_bytes: int) -> None:
        """A file may need so much memory."""


def require_file(path: Path) -> Path:
    """The absolute path of a regular, readable, non-empty file, or ``InputError``."""
    path = Path(os.path.abspath(path))
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path}: there is no such file; check the path") from None
    except OSError as error:
        raise InputError(
            f"{path}: cannot be looked at ({error.strerror}); check the path and its permissions"
        ) from None
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path}: must be a regular file, got a {_kind_words(status.st_mode)}; give a file")
    if status.st_size == 0:
        raise InputError(f"{path}: the file is empty; copy or export it again")
    if not os.access(path, os.R_OK):
        raise MachineError(f"{path}: may not be read by this user; change its permissions")
    return path


def require_pixels(path: Path, hw: tuple[int, int]) -> int:
    """How many there are; ``InputError`` where a picture may not have so many."""
    height, width = hw
    if height < 1 or width < 1 or height * width > MAX_PICTURE_PIXELS:
        raise InputError(f"{path}: a picture must hold 1 to {MAX_PICTURE_PIXELS} pixels, got {width} x {height}")
    return height * width


def refuse_special(paths: Iterable[Path]) -> None:
    """``InputError`` for pipes and devices, which would be waited for or read for ever; what is not there may be."""
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise InputError(f"{path}: must be a regular file or a folder, got a {_kind_words(mode)}; give a file")


def _kind_words(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "folder"), (stat.S_ISFIFO, "pipe"), (stat.S_ISCHR, "device"), (stat.S_ISSOCK, "socket"))
    return next((words for test, words in kinds if test(mode)), "special file")


@contextmanager
def reading(path: Path, remedy: str) -> Iterator[None]:
    """Errors of FFmpeg and of the system while ``path`` is read become one sentence of ours."""
    try:
        yield
    except DecoderNotFoundError:
        raise MachineError(f"{path}: this FFmpeg has no decoder for it; convert it, for example to ProRes") from None
    except (FFmpegError, OSError, MemoryError) as error:
        raise _machine_error(error, path, "read") or InputError(f"{path}: {remedy}") from None


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Errors of FFmpeg and of the system while ``path`` is written become a ``MachineError``."""
    try:
        yield
    except (FFmpegError, OSError, MemoryError) as error:
        known = _machine_error(error, path, "write")
        raise known or MachineError(f"{path}: could not be written ({error}); check the disk") from None


def _machine_error(error: Exception, path: Path, verb: str) -> MachineError | None:
    code = getattr(error, "errno", None)
    if isinstance(error, MemoryError) or code in _MEMORY:
        return MemoryShortError(
            f"{path}: not enough memory or threads to {verb} it; close other programs and run again"
        )
    if code in _SPACE:
        return MachineError(f"{path}: the disk or the quota is full; free some space and run again")
    if code in _PERMISSION:
        return MachineError(f"{path}: this user may not {verb} here; change the permissions or choose another place")
    return None


def frames_bytes(hw: tuple[int, int]) -> int:
    """What decoding a video of that size may take."""
    return _HELD_FRAMES * _BYTES_PER_PIXEL * hw[0] * hw[1]


def open_container(path: Path) -> InputContainer:
    """A demuxer on a regular file that can open nothing else: no playlists, no network, no other files."""
    path = require_file(path)
    remedy = (
        "cannot be read as a video; it is not a video file, or it is cut off before its index "
        "(copy or export it again as mp4, mov or mkv)"
    )
    with reading(path, remedy):
        return av.open(str(path), mode="r", options=dict(_OPTIONS))
