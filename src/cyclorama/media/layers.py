"""A finished shot's layers in files: all of them in multi-layer EXR, or the keyed actor alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.layers import Layers
from cyclorama.media.exr import read_exr_data, write_exr_planes
from cyclorama.media.foreground import open_foreground_writer
from cyclorama.media.gate import writing
from cyclorama.media.layer_scripts import LayerNames, blender_script, nuke_script, script_paths
from cyclorama.media.notes import Notes
from cyclorama.media.output import Move, OutputSpec, move_all
from cyclorama.media.sound import Sound
from cyclorama.media.writers import ClipWriter, SequenceWriter, Through, exr_attributes, note_sequence

_FIELDS: tuple[tuple[str, Callable[[Layers], Array | None]], ...] = (
    ("shadow", lambda layers: layers.shadow),
    ("relight", lambda layers: layers.laid_gain),
)
"""What may lie beside the actors and the place: channels ``NAME.R G B`` of any size over the whole picture."""

_WAITING = "layers"
"""The folder where they wait."""
Finished = tuple[Array, Layers]
"""The finished picture, h w 3 float32 scene-linear, and what it was made of, the actors relit already."""


def planes_of(finished: Finished) -> dict[str, Array]:
    """The channels of one multi-layer EXR: ``R G B`` the finished picture; ``actor.R G B A`` (of several ``actor1``,
    ``actor2``, ...) the relit actors, premultiplied; ``place.R G B`` the set whole; ``inverse_depth.V`` (a fourth
    channel of ``place`` would be an alpha to Blender); and where they are switched on ``shadow.R G B``, what the place
    is multiplied by, ``reflection.R G B``, what is added to that, ``relight.R G B``, what the actors were multiplied
    by, and ``wrap.R G B`` and ``grain.R G B``, which are added: actor + (1 - alpha) (place shadow + reflection) + wrap
    + grain is the picture, before vignette and aberration."""
    picture, layers = finished
    planes = {name: picture[..., c] for c, name in enumerate("RGB")}
    planes |= {f"place.{name}": layers.place.color[..., c] for c, name in enumerate("RGB")}
    planes["inverse_depth.V"] = layers.place.inverse_depth
    for number, actor in enumerate(layers.actors, 1):
        name = "actor" if len(layers.actors) == 1 else f"actor{number}"
        planes |= {f"{name}.{channel}": actor.color[..., c] for c, channel in enumerate("RGB")}
        planes[f"{name}.A"] = actor.alpha
    for name, of in _FIELDS:
        field = of(layers)
        if field is not None:
            whole = cv2.resize(field, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
            planes |= {f"{name}.{channel}": whole[..., c] for c, channel in enumerate("RGB")}
    for name, light in (("reflection", _reflection(layers)), ("wrap", _wrap(layers)), ("grain", layers.grain)):
        if light is not None:
            planes |= {f"{name}.{channel}": light[..., c] for c, channel in enumerate("RGB")}
    return planes


def _reflection(layers: Layers) -> Array | None:
    """What comes and goes by it, h w 3."""
    if layers.reflection is None:
        return None
    place = layers.place.color
    size = (place.shape[1], place.shape[0])
    if layers.shadow is not None:
        place = place * cv2.resize(layers.shadow, size)
    kept, added = (cv2.resize(np.ascontiguousarray(half), size) for half in np.split(layers.reflection, 2, axis=2))
    return np.asarray(place * (kept - 1) + added)


def _wrap(layers: Layers) -> Array | None:
    """The wrap as it is added, h w 3."""
    if layers.wrap is None:
        return None
    alpha = layers.joint.alpha
    return np.asarray(cv2.resize(layers.wrap, alpha.shape[::-1]) * alpha[..., None])


class LayersWriter(SequenceWriter[Finished]):
    """Every layer in one EXR a frame, and beside them scripts that put the picture together again."""

    def __init__(self, pattern: Path, folder: Path, spec: OutputSpec) -> None:
        header = exr_attributes(spec)

        def save(index: int, path: Path, finished: Finished) -> None:
            write_exr_planes(path, planes_of(finished), header(index))

        super().__init__(pattern, folder, spec, save, _WAITING)
        self._scripts = [Move(folder / f"script-{path.name}", path) for path in script_paths(pattern)]
        self._pattern = pattern

    def close(self) -> None:
        super().close()
        first = super().moves()[0].temporary
        names = LayerNames.of_channels(list(read_exr_data(first)[0]))
        for move, script in zip(self._scripts, (nuke_script, blender_script)):
            with writing(move.final):
                move.temporary.write_text(script(self._pattern, self._spec, names), encoding="utf-8")

    def moves(self) -> tuple[Move, ...]:
        return (*super().moves(), *self._scripts)

    def abort(self) -> None:
        super().abort()
        for move in self._scripts:
            move.temporary.unlink(missing_ok=True)


def open_layers_writer(
    output: Path, folder: Path, spec: OutputSpec, *, notes: Notes, sound: Sound | None = None
) -> ClipWriter[Finished]:
    """The writer for a name: ``%04d.exr``, every layer in one file (half, ZIP) and the scripts of ``script_paths``;
    ``.mov``, ``.mkv``, ``.webm`` or ``%04d.png``, the keyed actor alone. ``InputError`` for another name."""
    if output.suffix.lower() != ".exr":
        actor = open_foreground_writer(output, folder, spec, notes=notes, sound=sound, name=_WAITING)
        return Through(actor, lambda finished: finished[1].joint)
    note_sequence(sound, spec, notes)
    return LayersWriter(output, folder, spec)


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
