"""The mattes that a job keeps: ``matte/%04d.png`` of one layer, ``matte/1/%04d.png`` ... of several."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cyclorama.core.arrays import Array
from cyclorama.media import OutputSpec, open_matte_writer
from cyclorama.media.writers import SequenceWriter


class MatteFolder:
    """One writer a layer under ``kept``, numbered from 0; nothing without one (None)."""

    def __init__(self, kept: Path | None, spec: OutputSpec) -> None:
        self._kept, self._spec = kept, replace(spec, first_frame=0)
        self._folders: list[Path] = []
        self._writers: list[SequenceWriter[Array]] = []

    def write(self, index: int, alphas: Sequence[Array]) -> None:
        """``alphas``: of every layer, as many at every frame."""
        if self._kept is not None and not self._writers:
            names = [str(i + 1) for i in range(len(alphas))] if len(alphas) > 1 else ["."]
            self._folders = [self._kept / "matte" / name for name in names]
            self._writers = [open_matte_writer(f / "%04d.png", self._kept, self._spec) for f in self._folders]
        for writer, alpha in zip(self._writers, alphas):
            writer.write(index, alpha)

    def close(self) -> None:
        for writer in self._writers:
            writer.close()

    def older(self) -> int:
        """Mattes of earlier runs that these will not replace."""
        if self._kept is None:
            return 0
        there = {p for p in (self._kept / "matte").glob("**/*.png") if p.stem.isdecimal()}
        return len(there - {p for writer in self._writers for p in writer.finals})

    def publish(self) -> None:
        for folder, writer in zip(self._folders, self._writers):
            folder.mkdir(parents=True, exist_ok=True)
            writer.publish(overwrite=True)

    def abort(self) -> None:
        for writer in self._writers:
            writer.abort()
