"""The depth of the references that the settings name: from files, or guessed by a model."""

from dataclasses import replace

from cyclorama.core.depth import DepthPicture
from cyclorama.core.errors import InputError
from cyclorama.core.reference import Reference
from cyclorama.depth_model import open_depth_model
from cyclorama.depth_words import DepthSettings
from cyclorama.media import read_depth


def read_depths(given: DepthSettings, num_references: int) -> tuple[DepthPicture, ...]:
    """One for each reference, in the order given, or none. ``InputError`` for another number."""
    if given.depth and len(given.depth) != num_references:
        raise InputError(
            f"--depth must be given once for each --reference, in the same order, got {len(given.depth)} for "
            f"{num_references}"
        )
    out = []
    for argument in given.depth:
        values, levels = read_depth(argument.file)
        out.append(DepthPicture(values, argument.sense, levels, argument.file.name))
    return tuple(out)


def with_guessed_depth(references: tuple[Reference, ...], settings: DepthSettings) -> tuple[Reference, ...]:
    """The references that have no depth with what the ``--depth-model`` makes of them, where one is named."""
    if settings.depth_model is None:
        if settings.depth_device != "cpu":
            raise InputError("--depth-device speaks of a --depth-model, and none is asked for")
        return references
    if all(r.depth is not None for r in references):
        return references
    model = open_depth_model(settings.depth_model, settings.depth_device)
    return tuple(r if r.depth is not None else replace(r, depth=model.depth_of(r.image, r.name)) for r in references)
