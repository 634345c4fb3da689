"""The masks that a job keeps: ``matte/%04d.png`` of one layer, ``matte/1/%04d.png`` ... of several; ``filled/``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cyclorama.core.arrays import Array
from cyclorama.media import OutputSpec, open_matte_writer
from cyclorama.media.writers import SequenceWriter

MATTE, FILLED = "matte", "filled"
"""The folders in the kept folder."""
Masks = Mapping[str, Sequence[Array]]
"""Of one frame, by folder: h w float32, 0..1, of every layer."""


class MaskFolder:
    """One writer a layer under ``kept``, numbered from 0; nothing without one (None)."""

    def __init__(self, kept: Path | None, spec: OutputSpec) -> None:
        self._kept, self._spec = kept, replace(spec, first_frame=0)
        self._folders: dict[Path, SequenceWriter[Array]] = {}

    def write(self, index: int, masks: Masks) -> None:
        """``masks``: of the same folders, as many in each, at every frame."""
        if self._kept is None:
            return
        for name, layers in masks.items():
            for layer, mask in enumerate(layers):
                folder = self._kept / name / (str(layer + 1) if len(layers) > 1 else ".")
                if folder not in self._folders:
                    self._folders[folder] = open_matte_writer(folder / "%04d.png", self._kept, self._spec)
                self._folders[folder].write(index, mask)

    def close(self) -> None:
        for writer in self._folders.values():
            writer.close()

    def older(self, name: str) -> int:
        """Masks of earlier runs in the folder ``name`` that these will not replace."""
        if self._kept is None:
            return 0
        there = {p for p in (self._kept / name).glob("**/*.png") if p.stem.isdecimal()}
        return len(there - {p for writer in self._folders.values() for p in writer.finals})

    def publish(self) -> None:
        for folder, writer in self._folders.items():
            folder.mkdir(parents=True, exist_ok=True)
            writer.publish(overwrite=True)

    def abort(self) -> None:
        for writer in self._folders.values():
            writer.abort()
