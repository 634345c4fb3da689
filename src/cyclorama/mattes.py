"""The masks that a job keeps: ``matte/%04d.png`` of one layer, ``matte/1/%04d.png`` ... of several; ``filled/``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cyclorama.core.arrays import Array
from cyclorama.media import OutputSpec, open_matte_writer
from cyclorama.media.output import Move, move_all
from cyclorama.media.writers import SequenceWriter

MATTE, FILLED = "matte", "filled"
"""The folders in the kept folder."""
_WAITING = "masks-"
Masks = Mapping[str, Sequence[Array]]
"""Of one frame, by folder: h w float32, 0..1, of every layer."""


class MaskFolder:
    """One writer a layer under ``kept``, numbered from 0; nothing without one (None). A ``ClipWriter``; until they are
    published they wait in ``folder``."""

    def __init__(self, kept: Path | None, folder: Path, spec: OutputSpec) -> None:
        self._kept, self._folder, self._spec = kept, folder, replace(spec, first_frame=0)
        self._writers: dict[str, SequenceWriter[Array]] = {}

    def _writer(self, place: str) -> SequenceWriter[Array]:
        """``place``: ``matte`` or, of several layers, ``matte-1``."""
        assert self._kept is not None
        if place not in self._writers:
            pattern = self._kept / place.replace("-", "/") / "%04d.png"
            self._writers[place] = open_matte_writer(pattern, self._folder, self._spec, f"{_WAITING}{place}")
        return self._writers[place]

    def found(self, limit: int) -> int:
        if self._kept is None:
            return limit
        places = [path.name.removeprefix(_WAITING) for path in self._folder.glob(f"{_WAITING}*")]
        return min((self._writer(place).found(limit) for place in places), default=0)

    def take(self, count: int) -> None:
        for writer in self._writers.values():
            writer.take(count)

    def write(self, index: int, masks: Masks, /) -> None:
        """``masks``: of the same folders, as many in each, at every frame."""
        if self._kept is None:
            return
        for name, layers in masks.items():
            for layer, mask in enumerate(layers, 1):
                self._writer(f"{name}-{layer}" if len(layers) > 1 else name).write(index, mask)

    def seal(self) -> None:
        for writer in self._writers.values():
            writer.seal()

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()

    def older(self, name: str) -> int:
        """Masks of earlier runs in the folder ``name`` that these will not replace."""
        if self._kept is None:
            return 0
        there = {p for p in (self._kept / name).glob("**/*.png") if p.stem.isdecimal()}
        return len(there - {p for writer in self._writers.values() for p in writer.finals})

    def moves(self) -> tuple[Move, ...]:
        every = (move for writer in self._writers.values() for move in writer.moves())
        return tuple(replace(move, replaces=True) for move in every)

    def publish(self, *, overwrite: bool) -> None:
        move_all(self.moves(), overwrite=overwrite)
        self.abort()

    def drop(self) -> None:
        return None

    def abort(self) -> None:
        for writer in self._writers.values():
            writer.abort()
