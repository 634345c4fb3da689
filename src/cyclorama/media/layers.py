"""A finished shot's layers in files: all of them in multi-layer EXR, or the keyed actor alone."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.layers import Layers
from cyclorama.media.exr import write_exr_planes
from cyclorama.media.foreground import ForegroundSettings, ForegroundWriter, open_foreground_writer
from cyclorama.media.gate import writing
from cyclorama.media.layer_scripts import LayerNames, blender_script, nuke_script, script_paths
from cyclorama.media.notes import Notes
from cyclorama.media.output import OutputSpec, publish
from cyclorama.media.sound import Sound
from cyclorama.media.writers import ClipWriter, SequenceWriter, exr_attributes, note_sequence

_FIELDS: tuple[tuple[str, Callable[[Layers], Array | None]], ...] = (
    ("shadow", lambda layers: layers.shadow),
    ("relight", lambda layers: layers.laid_gain),
)
"""What may lie beside the actors and the place: channels ``NAME.R G B`` of any size over the whole picture."""

Finished = tuple[Array, Layers]
"""The finished picture, h w 3 float32 scene-linear, and what it was made of, the actors relit already."""


def planes_of(finished: Finished) -> dict[str, Array]:
    """The channels of one multi-layer EXR: ``R G B`` the finished picture; ``actor.R G B A`` (of several ``actor1``,
    ``actor2``, ...) the relit actors, premultiplied; ``place.R G B`` the set whole; ``inverse_depth.V`` (a fourth
    channel of ``place`` would be an alpha to Blender); and where they are switched on ``shadow.R G B``, what the place
    is multiplied by, ``relight.R G B``, what the actors were multiplied by, and ``wrap.R G B`` and ``grain.R G B``,
    which are added: actor + (1 - alpha) place shadow + wrap + grain is the picture, before vignette and aberration."""
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
    for name, light in (("wrap", _wrap(layers)), ("grain", layers.grain)):
        if light is not None:
            planes |= {f"{name}.{channel}": light[..., c] for c, channel in enumerate("RGB")}
    return planes


def _wrap(layers: Layers) -> Array | None:
    """The wrap as it is added, h w 3."""
    if layers.wrap is None:
        return None
    alpha = layers.joint.alpha
    return np.asarray(cv2.resize(layers.wrap, alpha.shape[::-1]) * alpha[..., None])


class LayersWriter:
    """Every layer in one EXR a frame, and beside them scripts that put the picture together again."""

    def __init__(self, pattern: Path, folder: Path, spec: OutputSpec) -> None:
        header = exr_attributes(spec)
        self._names: LayerNames | None = None

        def save(index: int, path: Path, finished: Finished) -> None:
            planes = planes_of(finished)
            self._names = self._names or LayerNames.of_channels(list(planes))
            write_exr_planes(path, planes, header(index))

        self._pattern, self._spec, self._folder = pattern, spec, folder
        self._frames = SequenceWriter(pattern, folder, spec, save)

    def write(self, index: int, finished: Finished, /) -> None:
        self._frames.write(index, finished)

    def close(self) -> None:
        self._frames.close()

    def publish(self, *, overwrite: bool) -> None:
        self._frames.publish(overwrite=overwrite)
        for path, script in zip(script_paths(self._pattern), (nuke_script, blender_script)):
            text = script(self._pattern, self._spec, self._names or LayerNames((), ()))
            temporary = self._folder / path.name
            with writing(path):
                temporary.write_text(text, encoding="utf-8")
            publish(temporary, path, overwrite)

    def abort(self) -> None:
        self._frames.abort()


class ActorWriter:
    """The relit actors as one, with alpha."""

    def __init__(self, inner: ForegroundWriter) -> None:
        self._inner = inner

    def write(self, index: int, finished: Finished, /) -> None:
        self._inner.write(index, finished[1].joint)

    def close(self) -> None:
        self._inner.close()

    def publish(self, *, overwrite: bool) -> None:
        self._inner.publish(overwrite=overwrite)

    def abort(self) -> None:
        self._inner.abort()


def open_layers_writer(
    output: Path, folder: Path, spec: OutputSpec, *, notes: Notes, sound: Sound | None = None
) -> ClipWriter[Finished]:
    """The writer for a name: ``%04d.exr``, every layer in one file (half, ZIP) and the scripts of ``script_paths``;
    ``.mov``, ``.mkv``, ``.webm`` or ``%04d.png``, the keyed actor alone. ``InputError`` for another name."""
    if output.suffix.lower() != ".exr":
        actor = open_foreground_writer(output, folder, spec, notes=notes, sound=sound, settings=ForegroundSettings())
        return ActorWriter(actor)
    note_sequence(sound, spec, notes)
    return LayersWriter(output, folder, spec)


class LayeredWriter:
    """A finished shot and, where they are asked for, its layers, as one output."""

    def __init__(self, shot: ClipWriter[Array], layers: ClipWriter[Finished] | None) -> None:
        self._shot, self._layers = shot, layers

    def write(self, index: int, finished: Finished, /) -> None:
        self._shot.write(index, finished[0])
        if self._layers is not None:
            self._layers.write(index, finished)

    def close(self) -> None:
        self._shot.close()
        if self._layers is not None:
            self._layers.close()

    def publish(self, *, overwrite: bool) -> None:
        if self._layers is not None:
            self._layers.publish(overwrite=overwrite)
        self._shot.publish(overwrite=overwrite)

    def abort(self) -> None:
        self._shot.abort()
        if self._layers is not None:
            self._layers.abort()
