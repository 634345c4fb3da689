"""The pictures of the place that the settings name, each at its frame of the plate."""

from collections.abc import Sequence

from cyclorama.core.clip import Clip
from cyclorama.core.depth import DepthPicture
from cyclorama.core.reference import Reference
from cyclorama.media import Notes, read_picture
from cyclorama.reference_words import ReferenceArgument


def read_references(
    given: tuple[ReferenceArgument, ...], plate: Clip, notes: Notes, depths: Sequence[DepthPicture | None] = ()
) -> tuple[Reference, ...]:
    """By frame; ``depths``: of each that is given, or none at all. Untimed references are spread evenly; a single one
    is at the first frame until a solve places it."""
    last, spread = plate.num_frames - 1, max(1, len(given) - 1)
    out = []
    for index, argument in enumerate(given):
        image = read_picture(argument.picture, notes=notes)
        frame = int(last * index / spread + 0.5)
        if argument.moment is not None:
            frame = argument.moment.frame(plate.timestamps_s)
        depth = depths[index] if depths else None
        out.append(Reference(image, frame, str(argument.picture), depth=depth))
    return tuple(sorted(out, key=lambda r: r.frame))
