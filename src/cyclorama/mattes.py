"""The mattes that a job keeps: ``matte/%04d.png`` of one layer, ``matte/1/%04d.png`` ... of several."""

from pathlib import Path

from cyclorama.core.layers import Foreground
from cyclorama.media import OutputSpec, open_matte_writer


class MatteFolder:
    """One writer a layer under ``kept``; nothing without one (None)."""

    def __init__(self, kept: Path | None, spec: OutputSpec, num_layers: int) -> None:
        names = [str(i + 1) for i in range(num_layers)] if num_layers > 1 else ["."]
        self._folders = [] if kept is None else [kept / "matte" / name for name in names]
        self._writers = [open_matte_writer(f / "%04d.png", kept, spec) for f in self._folders if kept is not None]

    def write(self, index: int, actors: tuple[Foreground, ...]) -> None:
        for writer, actor in zip(self._writers, actors):
            writer.write(index, actor.alpha)

    def close(self) -> None:
        for writer in self._writers:
            writer.close()

    def publish(self) -> None:
        for folder, writer in zip(self._folders, self._writers):
            folder.mkdir(parents=True, exist_ok=True)
            writer.publish(overwrite=True)

    def abort(self) -> None:
        for writer in self._writers:
            writer.abort()
