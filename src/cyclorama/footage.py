"""Keys of ordinary footage: painted masks carried through the shot, and learned mattes."""

import sys

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError
from cyclorama.core.layers import Key
from cyclorama.fingerprint import fingerprint_of
from cyclorama.job import Job
from cyclorama.matting import (
    GivenKey,
    analyse_matte,
    carry_masks,
    keep_mattes,
    licence_notice,
    open_learned,
    require_licence,
    require_masks,
)
from cyclorama.retouch import Studio
from cyclorama.settings import KeySettings

_UNSURE = 0.8
"""Confidence of a carried mask under which a frame is named in the notes."""
_MOST_NAMED = 5


def carried_key(settings: KeySettings, job: Job, studio: Studio) -> Key:
    """Painted masks, carried to every frame and refined at their edges."""
    masks = painted_masks(settings, studio)
    carried = carry_masks(job.plate, masks, progress=lambda done, total: job.progress("masks", done, total))
    unsure = [index for index, sure in enumerate(carried.confidence) if sure < _UNSURE]
    if unsure:
        named = ", ".join(str(index) for index in unsure[:_MOST_NAMED]) + (", ..." if len(unsure) > _MOST_NAMED else "")
        job.notes.add(
            "input",
            f"The carried mask is unsure at {len(unsure)} frames ({named}); look there, and paint one (--mask).",
        )
    return analyse_matte(job.plate, carried)


def learned_key(settings: KeySettings, job: Job, studio: Studio) -> Key:
    """The mattes of a model, run once over the shot and kept in the job's folder. Its licence is told first."""
    name, weights = settings.matting or "", settings.weights or ""
    require_licence(name, commercial_only=settings.commercial_only)
    notice = licence_notice(name)
    print(f"note: {notice}", file=sys.stderr, flush=True)
    job.notes.add("input", notice)
    masks = painted_masks(settings, studio)
    require_masks(name, masks, job.plate)
    model = open_learned(name, weights, commercial_only=settings.commercial_only, device=settings.device)
    total = job.plate.num_frames
    mattes = keep_mattes(
        model,
        job.plate,
        (job.folder.kept or job.folder.job) / "learned",
        source=fingerprint_of((), (job.plate_path,)),
        masks=masks,
        progress=lambda index: job.progress("matte", index + 1, total),
    )
    return GivenKey(mattes)


def painted_masks(settings: KeySettings, studio: Studio) -> dict[int, Array]:
    """The painted masks by frame. ``InputError`` for two of one frame and for pictures that do not fit."""
    found: dict[int, Array] = {}
    for mask in settings.mask:
        if mask.frame in found:
            raise InputError(f"two masks are of frame {mask.frame}; give one of a frame")
        found[mask.frame] = studio.picture(mask.picture, "painted mask").alpha(0)
    return found
