"""A finished shot's layers in files: all of them in multi-layer EXR, or the keyed actor alone."""

from pathlib import Path
from typing import Any

from cyclorama.core.arrays import Array
from cyclorama.core.layers import Layers
from cyclorama.media.exr import write_exr_planes
from cyclorama.media.foreground import open_foreground_writer
from cyclorama.media.notes import Notes
from cyclorama.media.output import Move, OutputSpec, move_all
from cyclorama.media.sound import Sound
from cyclorama.media.writers import ClipWriter, SequenceWriter, Through, exr_attributes, note_sequence

_WAITING = "layers"
"""The folder where they wait."""
Finished = tuple[Array, Layers]
"""The finished picture, h w 3 float32 scene-linear, and what it was made of, the actors relit already."""


def planes_of(finished: Finished) -> dict[str, Array]:
    """The channels of one multi-layer EXR: ``R G B`` the finished picture; ``actor.R G B A`` (of several ``actor1``,
    ``actor2``, ...) the relit actors, premultiplied; ``place.R G B`` the set whole; ``place.inverse_depth``."""
    picture, layers = finished
    planes = {name: picture[..., c] for c, name in enumerate("RGB")}
    planes |= {f"place.{name}": layers.place.color[..., c] for c, name in enumerate("RGB")}
    planes["place.inverse_depth"] = layers.place.inverse_depth
    for number, actor in enumerate(layers.actors, 1):
        name = "actor" if len(layers.actors) == 1 else f"actor{number}"
        planes |= {f"{name}.{channel}": actor.color[..., c] for c, channel in enumerate("RGB")}
        planes[f"{name}.A"] = actor.alpha
    return planes


def open_layers_writer(
    output: Path, folder: Path, spec: OutputSpec, *, notes: Notes, sound: Sound | None = None
) -> ClipWriter[Finished]:
    """The writer for a name: ``%04d.exr``, every layer in one file (half, ZIP); ``.mov``, ``.mkv``, ``.webm`` or
    ``%04d.png``, the keyed actor alone. ``InputError`` for another name."""
    if output.suffix.lower() != ".exr":
        actor = open_foreground_writer(output, folder, spec, notes=notes, sound=sound, name=_WAITING)
        return Through(actor, lambda finished: finished[1].joint)
    note_sequence(sound, spec, notes)
    header = exr_attributes(spec)

    def save(index: int, path: Path, finished: Finished) -> None:
        write_exr_planes(path, planes_of(finished), header(index))

    return SequenceWriter(output, folder, spec, save, _WAITING)


class Together:
    """Several outputs of the same frames as one; each is told all of an item."""

    def __init__(self, *writers: ClipWriter[Any]) -> None:
        self._writers = writers

    def found(self, limit: int) -> int:
        before = None
        while before != limit:  # what one cannot go on from, the others must not
            before = limit
            for writer in self._writers:
                limit = writer.found(limit)
        return limit

    def take(self, count: int) -> None:
        for writer in self._writers:
            writer.take(count)

    def write(self, index: int, item: Any, /) -> None:
        for writer in self._writers:
            writer.write(index, item)

    def seal(self) -> None:
        for writer in self._writers:
            writer.seal()

    def close(self) -> None:
        for writer in self._writers:
            writer.close()

    def moves(self) -> tuple[Move, ...]:
        return tuple(move for writer in self._writers for move in writer.moves())

    def publish(self, *, overwrite: bool) -> None:
        move_all(self.moves(), overwrite=overwrite)
        self.abort()

    def drop(self) -> None:
        for writer in self._writers:
            writer.drop()

    def abort(self) -> None:
        for writer in self._writers:
            writer.abort()


def layered_writer(shot: ClipWriter[Array], layers: ClipWriter[Finished] | None) -> ClipWriter[Finished]:
    """A finished shot and, where they are asked for, its layers, which are published first."""
    pictures: ClipWriter[Finished] = Through(shot, lambda finished: finished[0])
    return pictures if layers is None else Together(layers, pictures)
