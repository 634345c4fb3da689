"""Any plate as a clip."""

import os
from fractions import Fraction
from pathlib import Path

from cyclorama.core.errors import InputError
from cyclorama.media.curves import Colour
from cyclorama.media.gate import require_file
from cyclorama.media.notes import Notes
from cyclorama.media.pictures import PICTURE_SUFFIXES, refuse_other_pictures
from cyclorama.media.sequence import SequenceClip, is_pattern, list_frames, require_one_size, sequence_facts
from cyclorama.media.video import VideoClip, probe_video

ClipReader = VideoClip | SequenceClip
"""A ``core.clip.Clip`` with ``close()``, usable in a ``with``."""


def open_clip(
    path: Path,
    *,
    notes: Notes,
    rate: Fraction | None = None,
    colour: Colour | None = None,
    stream: int | None = None,
) -> ClipReader:
    """A video file or numbered pictures (PNG, JPEG, TIFF, WebP, HDR, EXR; a folder or ``NAME%04d.png``) as a clip.

    ``rate``: frames per second of a folder, over what its headers state (24 when neither does); a video keeps its own.
    ``colour``: what code values mean, over the tags; of EXR its primaries alone. ``stream``: which of several
    videos in a file, from 0. ``InputError`` for anything that is not whole and readable; ``MachineError`` when this
    machine cannot.
    """
    path = Path(os.path.abspath(path))
    if path.is_dir() or is_pattern(path):
        frames = list_frames(path)
        require_one_size(frames)
        if rate is not None and rate <= 0:
            raise InputError(f"the rate must be more than 0 frames a second, got {rate}")
        if stream is not None:
            raise InputError(f"{path}: --stream chooses among the videos in a file, and this is a folder; leave it out")
        return SequenceClip(frames, sequence_facts(frames, rate, notes), notes, colour=colour)
    if path.suffix.lower() in PICTURE_SUFFIXES:
        raise InputError(f"{path}: a plate must be a video or a folder of frames, this is one picture; give its folder")
    refuse_other_pictures(require_file(path))
    facts = probe_video(path, notes, colour=colour, stream=stream)
    if rate is not None and rate != facts.index.rate:
        raise InputError(
            f"{path}: --rate is for folders, which state none; this video has {facts.index.rate} frames a second"
        )
    return VideoClip(facts)
