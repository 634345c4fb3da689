"""The shot folder: where a job works, and what it leaves.

``OUT.cyc/`` beside the output holds unfinished files while the job runs and goes when it ends; one job at a time may
hold it. What is worth keeping (camera, mattes, report) goes to the folder of ``--work``.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cyclorama.core.errors import BusyError, InputError, MachineError
from cyclorama.media import is_sequence, publish
from cyclorama.media.gate import writing


@dataclass(frozen=True)
class ShotFolder:
    """``job``: unfinished files. ``kept``: the user's folder for results, or None."""

    job: Path
    kept: Path | None

    def keep(self, name: str, text: str) -> None:
        """A result as a whole file in the kept folder; nothing without one."""
        if self.kept is not None:
            write_whole(self.kept / name, text, self.kept)


def write_whole(final: Path, data: str | bytes, folder: Path) -> None:
    """A file that appears under its name only when it is whole; ``folder`` is on its file system."""
    temporary = folder / f".{final.name}.{os.getpid()}"
    with writing(final):
        try:
            temporary.write_bytes(data.encode() if isinstance(data, str) else data)
            publish(temporary, final, overwrite=True)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def shot_folder(output: Path, work: Path | None, *others: Path) -> Iterator[ShotFolder]:
    """Make and hold the folders of a job, ``others`` among them; whatever was made and is empty or unfinished goes
    again at the end.

    ``BusyError`` when another run holds the job, ``InputError`` or ``MachineError`` when a folder cannot be made.
    """
    job = output.parent / (re.sub(r"%0?\d*d", "#", output.name) + ".cyc")
    wanted = [*([output.parent] if is_sequence(output) else []), *others, *([work] if work else []), job]
    with ExitStack() as stack:
        for folder in wanted:
            for missing in _make(folder):
                stack.callback(_remove_empty, missing)
        lock = os.open(job, os.O_RDONLY)
        stack.callback(os.close, lock)
        _hold(lock, job)
        stack.callback(shutil.rmtree, job, ignore_errors=True)
        yield ShotFolder(job, work)


def _make(folder: Path) -> list[Path]:
    """Make a folder and its parents; returns those that were made, the outermost first."""
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{folder}: a folder is needed there and a file has that name; choose another name") from None
    except OSError as error:
        raise MachineError(f"{folder}: cannot be made ({error.strerror}); choose a place where you may write") from None
    return missing[::-1]


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _hold(lock: int, job: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BusyError(f"{job}: another run is making this output; wait for it or choose another output") from None
