"""What of an output is safe already: records of files that are whole and on the disk."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cyclorama.media.gate import writing
from cyclorama.media.output import synced


def save_record(path: Path, facts: object) -> None:
    """A JSON file that is there whole or not at all, also after a power cut. ``MachineError`` where it cannot be."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with writing(path):
        try:
            temporary.write_text(json.dumps(facts))
            synced([temporary], path.parent)
            os.replace(temporary, path)
            synced([path], path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def load_record(path: Path) -> object:
    """What ``save_record`` saved; None where nothing of the kind is there."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


@dataclass(frozen=True)
class Records:
    """Of stretches of frames, one file each in ``folder``: what is not recorded, or changed since, is not done."""

    folder: Path
    kind: str

    def _path(self, start: int) -> Path:
        return self.folder / f"{self.kind}-{start:06d}.json"

    def add(self, start: int, stop: int, files: Sequence[Path]) -> None:
        """Frames ``start`` to ``stop`` are in ``files`` of the folder, which are made to outlast a power cut first."""
        synced(files, self.folder)
        with writing(self.folder):
            stamps = {path.name: stamp(path) for path in files}
        save_record(self._path(start), {"stop": stop, "files": stamps})

    def stop_of(self, start: int) -> int | None:
        """Where the stretch from ``start`` ends; None when it is not done."""
        found = load_record(self._path(start))
        if not isinstance(found, dict):
            return None
        try:
            whole = all(stamp(self.folder / name) == before for name, before in found["files"].items())
        except OSError:
            return None
        return int(found["stop"]) if whole else None

    def stretches(self, limit: int, start: int = 0) -> Iterator[tuple[int, int]]:
        """(start, stop) of all that is done from ``start`` on without a gap and ends at ``limit`` at the latest."""
        while (stop := self.stop_of(start)) is not None and stop <= limit:
            yield start, stop
            start = stop

    def files(self, start: int) -> list[Path]:
        """The record of a stretch that is done, and its files."""
        found = load_record(self._path(start))
        names = found["files"] if isinstance(found, dict) else ()
        return [self._path(start), *(self.folder / name for name in names)]


def stamp(path: Path) -> list[int]:
    """What tells a file from what it was before: its size and its time of change."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
