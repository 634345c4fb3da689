"""Any plate as a clip."""

import os
from fractions import Fraction
from pathlib import Path

from cyclorama.core.errors import InputError
from cyclorama.media.notes import Notes
from cyclorama.media.pictures import PICTURE_SUFFIXES
from cyclorama.media.sequence import SequenceClip, is_pattern, list_frames, require_one_size
from cyclorama.media.video import VideoClip, probe_video

ClipReader = VideoClip | SequenceClip
"""A ``core.clip.Clip`` with ``close()``, usable in a ``with``."""


def open_clip(path: Path, *, notes: Notes, rate: Fraction | None = None) -> ClipReader:
    """A video file or numbered pictures (PNG, JPEG, TIFF, WebP, HDR, EXR; a folder or ``NAME%04d.png``) as a clip.

    ``rate``: frames per second of a folder, which states none (24 when not given); a video keeps its own.
    ``InputError`` for anything that is not whole and readable; ``MachineError`` when this machine cannot.
    """
    path = Path(os.path.abspath(path))
    if path.is_dir() or is_pattern(path):
        frames = list_frames(path)
        require_one_size(frames)
        if rate is None:
            words = f"The folder {path.name}" if path.is_dir() else path.name
            notes.add("time", f"{words} states no frame rate; 24 frames a second is taken.")
        elif rate <= 0:
            raise InputError(f"the rate must be more than 0 frames a second, got {rate}")
        return SequenceClip(frames, rate or Fraction(24), notes)
    if path.suffix.lower() in PICTURE_SUFFIXES:
        raise InputError(f"{path}: a plate must be a video or a folder of frames, this is one picture; give its folder")
    return VideoClip(probe_video(path, notes))
