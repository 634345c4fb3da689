"""Where results may go, and how they appear there: whole, at once, or not at all."""

import errno
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from cyclorama.core.clip import Clip
from cyclorama.core.errors import InputError, MachineError
from cyclorama.media.formats import LEAST_BYTES, SEQUENCE_SUFFIXES, SHOT_CODECS, codec_of
from cyclorama.media.gate import writing
from cyclorama.media.tags import ShotTags
from cyclorama.media.timecode import Timecode

_NUMBER = re.compile(r"%(?:0(\d))?d")


@dataclass(frozen=True)
class OutputSpec:
    """What is written: (height, width), nominal rate, and the exact time of every frame in seconds, the first 0; what
    the file says of its shot. ``first_frame``: the number of the first file of a sequence."""

    hw: tuple[int, int]
    rate: Fraction
    timestamps_s: tuple[Fraction, ...]
    timecode: str | None = None
    tags: ShotTags = field(default_factory=ShotTags)
    first_frame: int = 0

    def __post_init__(self) -> None:
        times = self.timestamps_s
        if not times or times[0] != 0 or any(b <= a for a, b in pairwise(times)):
            raise ValueError(f"timestamps_s must start at 0 and increase, got {[float(t) for t in times[:5]]} ...")

    @classmethod
    def of_clip(cls, clip: Clip, start: int = 0, stop: int | None = None) -> "OutputSpec":
        """Frames ``start`` to ``stop`` (exclusive) of a clip, with the timecode of the first of them, the clip's tags
        and, of a sequence, its frame numbers."""
        times = clip.timestamps_s[start:stop]
        if not times:
            raise InputError(f"the frame range must lie in 0..{clip.num_frames - 1}, got {start}..{stop}")
        timecode = getattr(clip, "timecode", None)
        if timecode and start:
            counted = Timecode.parse(timecode, clip.rate)
            timecode = counted and str(counted.later(start))
        tags, first_frame = getattr(clip, "tags", ShotTags()), getattr(clip, "first_frame", None)
        number = 0 if first_frame is None else first_frame + start
        return cls(clip.hw, clip.rate, tuple(t - times[0] for t in times), timecode, tags, number)

    @property
    def num_frames(self) -> int:
        return len(self.timestamps_s)


def is_sequence(output: Path) -> bool:
    """Whether the name is a pattern such as ``shot/%04d.png``."""
    return output.suffix.lower() in SEQUENCE_SUFFIXES


def sequence_paths(pattern: Path, num_frames: int, first: int = 0) -> tuple[Path, ...]:
    """The files of a numbered sequence. ``InputError`` when the name has not exactly one ``%04d`` or ``%d``."""
    found = list(_NUMBER.finditer(pattern.name))
    if len(found) != 1 or pattern.name.count("%") != 1:
        raise InputError(f"{pattern}: the name of a sequence must hold one frame number such as %04d, got {len(found)}")
    width = int(found[0].group(1) or 0)
    before, after = pattern.name[: found[0].start()], pattern.name[found[0].end() :]
    return tuple(pattern.with_name(f"{before}{first + i:0{width}d}{after}") for i in range(num_frames))


def check_output_free(
    output: Path, *, overwrite: bool, inputs: Sequence[Path], num_frames: int = 1, first_frame: int = 0
) -> None:
    """Refuse, before any work, an output that cannot or must not be written. ``InputError`` or ``MachineError``."""
    if output.suffix.lower() not in SHOT_CODECS:
        codec_of(output, None)
    targets = sequence_paths(output, num_frames, first_frame) if is_sequence(output) else (output,)
    if not output.parent.is_dir():
        raise InputError(f"{output}: the folder {output.parent} must exist; create it first (mkdir -p {output.parent})")
    for path in inputs:
        same = any(target.exists() and path.exists() and target.samefile(path) for target in targets)
        if same or (is_sequence(output) and path.is_dir() and output.parent.samefile(path)):
            raise InputError(f"{output}: the output must not replace or join the input {path}; choose another name")
    taken = next((target for target in targets if target.exists() or target.is_symlink()), None)
    if taken is not None and taken.is_dir():
        raise InputError(f"{taken}: the output must be a file, this is a folder; choose another name")
    if taken is not None and taken.exists() and not taken.is_file():
        raise InputError(f"{taken}: the output must be a file, this is a pipe or a device; choose another name")
    if taken is not None and not overwrite:
        raise InputError(f"{taken}: it exists already; choose another name or allow it to be replaced (--overwrite)")
    if not os.access(output.parent, os.W_OK | os.X_OK):
        raise MachineError(
            f"{output.parent}: this user may not write here; change its permissions or choose another place"
        )


def check_space(output: Path, spec: OutputSpec, codec: str | None) -> None:
    """``MachineError`` when the disk has less room than the frames need at the very least."""
    known = SHOT_CODECS.get(output.suffix.lower(), ("",))
    least = LEAST_BYTES.get(codec or known[0], 0.0) * spec.hw[0] * spec.hw[1] * spec.num_frames
    least *= 1 if is_sequence(output) else 2  # the segments of a video lie beside what they are joined into
    with writing(output):
        free = shutil.disk_usage(output.parent).free
    if least > free:
        raise MachineError(
            f"{output}: {spec.num_frames} frames need some {least / 1e9:.1f} GB and the disk has {free / 1e9:.1f} GB; "
            "free some space, choose another place or a smaller --codec"
        )


@dataclass(frozen=True)
class Move:
    """A finished file and the name that it gets. ``replaces``: it may stand in for an older one whatever is asked."""

    temporary: Path
    final: Path
    replaces: bool = False


def move_all(moves: Sequence[Move], *, overwrite: bool) -> None:
    """All of them, or none where a name is taken that may not be: ``InputError``."""
    taken = next((m.final for m in moves if not (overwrite or m.replaces) and m.final.exists()), None)
    if taken is not None:
        raise _taken(taken)
    for move in moves:
        if move.replaces:
            with writing(move.final):
                move.final.parent.mkdir(parents=True, exist_ok=True)
        publish(move.temporary, move.final, overwrite or move.replaces)


def publish(temporary: Path, final: Path, overwrite: bool) -> None:
    """Move a finished file to its name so that it is there whole or not at all, also after a power cut.

    From another file system it is copied first. Without ``overwrite`` an existing ``final`` is left alone:
    ``InputError``.
    """
    with writing(final):
        if temporary.stat().st_dev != final.parent.stat().st_dev:
            near = final.parent / f".{final.name}.{os.getpid()}"
            try:
                shutil.copyfile(temporary, near)
                _publish(near, final, overwrite)
            finally:
                near.unlink(missing_ok=True)
            temporary.unlink()
        else:
            _publish(temporary, final, overwrite)


def _publish(temporary: Path, final: Path, overwrite: bool) -> None:
    _sync(temporary)
    if overwrite:
        os.replace(temporary, final)
    else:
        _move_new(temporary, final)
    _sync(final.parent)


def _taken(final: Path) -> InputError:
    return InputError(f"{final}: it appeared while the work ran; choose another name or allow it to be replaced")


def _move_new(temporary: Path, final: Path) -> None:
    try:
        os.link(temporary, final)
    except FileExistsError:
        raise _taken(final) from None
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS):
            raise
        if final.exists():  # a file system without links: the check and the move are two steps
            raise _taken(final) from None
        os.rename(temporary, final)
        return
    os.unlink(temporary)


def synced(files: Sequence[Path], folder: Path) -> None:
    """Make files of a folder, and their names, outlast a power cut."""
    with writing(folder):
        for path in files:
            _sync(path)
        if files:
            _sync(folder)


def cleared(folder: Path, *, keep: Sequence[Path] = (), gone: bool = False) -> None:
    """Make a folder hold the files of ``keep`` alone; or remove it."""
    if gone:
        shutil.rmtree(folder, ignore_errors=True)
        return
    with writing(folder):
        folder.mkdir(exist_ok=True)
        for path in set(folder.iterdir()) - set(keep):
            path.unlink()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
