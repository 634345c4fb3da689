"""What of an output is safe already: records of files that are whole and on the disk."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cyclorama.media.gate import writing
from cyclorama.media.output import synced

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def save_record(path: Path, facts: object, *, lasts: bool = True) -> None:
    """A JSON file that is there whole or not at all, also after a power cut where it ``lasts``. ``MachineError`` where
    it cannot be."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with writing(path):
        try:
            temporary.write_text(json.dumps(facts))
            synced([temporary] if lasts else [], path.parent)
            os.replace(temporary, path)
            synced([path] if lasts else [], path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def load_record(path: Path) -> object:
    """What ``save_record`` saved; None where nothing of the kind is there."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


@cache
def _boot() -> str | None:
    """What tells this start of the machine from every other; None where the system does not say."""
    try:
        return _BOOT.read_text().strip() or None
    except OSError:
        return None


@dataclass(frozen=True)
class Records:
    """Of stretches of frames, one file each in ``folder``: what is not recorded, or changed since, is not done.

    ``lasts``: they outlast a power cut; else they hold only until the machine is started anew, whatever ends the run,
    and nothing waits for the disk."""

    folder: Path
    kind: str
    lasts: bool = True

    def _path(self, start: int) -> Path:
        return self.folder / f"{self.kind}-{start:06d}.json"

    def add(self, start: int, stop: int, files: Sequence[Path]) -> None:
        """Frames ``start`` to ``stop`` are in ``files`` of the folder, which are made to last first."""
        boot = None if self.lasts else _boot()
        synced(files if boot is None else [], self.folder)
        with writing(self.folder):
            stamps = {path.name: stamp(path) for path in files}
        save_record(self._path(start), {"stop": stop, "files": stamps, "boot": boot}, lasts=boot is None)

    def stop_of(self, start: int) -> int | None:
        """Where the stretch from ``start`` ends; None when it is not done."""
        found = load_record(self._path(start))
        if not isinstance(found, dict) or found.get("boot") not in (None, _boot()):
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
