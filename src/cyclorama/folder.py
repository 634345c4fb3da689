"""The job folder: where a job works, and what it leaves.

``.OUT.cyc/`` beside the output holds what is not finished; one job at a time may hold it. It goes when the job ends,
and stays when the job is stopped after something in it is done: the same job then goes on from there. What is worth
keeping besides (camera, mattes, report, results of expensive stages) goes to the folder of ``--work``.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclorama.core.errors import BusyError, InputError, MachineError
from cyclorama.interrupt import Terminated
from cyclorama.media import is_sequence, publish
from cyclorama.media.gate import writing
from cyclorama.media.safe import Records, load_record, save_record

JOB, END, TOLD, STAGES = "job.json", "end.json", "told", "stages"
"""In the job folder: what the job is; what it still has to publish; what is done of its frames; kept results."""
_TO_GO_ON_FROM = (KeyboardInterrupt, Terminated, MachineError, MemoryError)
_LEARNED = "learned"
"""Mattes of a model, which know themselves what they were made from."""


@dataclass(frozen=True)
class ShotFolder:
    """``job``: unfinished files. ``kept``: the user's folder for results, or None."""

    job: Path
    kept: Path | None

    @property
    def stages(self) -> Path:
        return (self.kept or self.job) / STAGES

    def keep(self, name: str, text: str) -> None:
        """A result as a whole file in the kept folder; nothing without one."""
        if self.kept is not None:
            write_whole(self.kept / name, text, self.kept)

    def is_of(self, made_from: str) -> bool:
        """Whether an earlier run of the same job left what is here."""
        return left_in(self.job).made_from == made_from

    def begin(self, made_from: str, facts: dict[str, Any]) -> None:
        """What was left of another job goes; of the same, it stays. ``facts``: for who looks at the folder."""
        with writing(self.job):
            for path in () if self.is_of(made_from) else self.job.iterdir():
                if path.name in (STAGES, _LEARNED):
                    continue
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        save_record(self.job / JOB, {**facts, "made_from": made_from})


@dataclass(frozen=True)
class Left:
    """What a job folder holds: of ``total`` frames ``done`` are safe, and ``results`` of stages; ``ending``: nothing is
    left but to publish. ``facts``: what the job said of itself."""

    facts: dict[str, Any]
    done: int
    results: int
    ending: bool

    @property
    def made_from(self) -> str | None:
        return self.facts.get("made_from")

    @property
    def total(self) -> int:
        return int(self.facts.get("frames", 0))

    @property
    def words(self) -> str:
        if self.ending:
            return "all frames are done and checked"
        if self.done:
            return f"{self.done} of {self.total} frames are done"
        return "no frame is done, what was found out of the shot is kept" if self.results else "nothing is done"

    @property
    def is_worth_keeping(self) -> bool:
        return self.ending or self.done > 0 or self.results > 0


def left_in(job: Path) -> Left:
    """What an earlier run left in its folder."""
    facts = load_record(job / JOB)
    done = max((stop for _, stop in Records(job, TOLD).stretches(1 << 40)), default=0)
    learned = load_record(job / _LEARNED / "mattes.json")
    results = len(list((job / STAGES).glob("*-000000.json"))) + (isinstance(learned, dict) and bool(learned["done"]))
    return Left(facts if isinstance(facts, dict) else {}, done, results, load_record(job / END) is not None)


def write_whole(final: Path, data: str | bytes, folder: Path) -> None:
    """A file that appears under its name only when it is whole; ``folder`` is on its file system."""
    temporary = folder / f".{final.name}.{os.getpid()}"
    with writing(final):
        try:
            temporary.write_bytes(data.encode() if isinstance(data, str) else data)
            publish(temporary, final, overwrite=True)
        finally:
            temporary.unlink(missing_ok=True)


def job_folder(output: Path) -> Path:
    """Where the job of an output works."""
    return output.parent / f".{re.sub(r'%0?[0-9]*d', '#', output.name)}.cyc"


@contextmanager
def shot_folder(output: Path, work: Path | None, *others: Path) -> Iterator[ShotFolder]:
    """Make and hold the folders of a job, ``others`` among them; whatever was made and is empty goes again at the end,
    and the job's own, unless something in it is done and the job was stopped, or the machine could not: the error then
    says how to go on. A request that is refused takes nothing away that an earlier run left.

    ``BusyError`` when another run holds the job, ``InputError`` or ``MachineError`` when a folder cannot be made.
    """
    job = job_folder(output)
    wanted = [*([output.parent] if is_sequence(output) else []), *others, *([work] if work else []), job]
    with ExitStack() as stack:
        for folder in wanted:
            for missing in _make(folder):
                stack.callback(_remove_empty, missing)
        _hold(stack, job)
        if work is not None:
            _hold(stack, work)
        before = left_in(job)
        try:
            yield ShotFolder(job, work)
        except BaseException as error:
            left = left_in(job)
            if left.ending or (left.is_worth_keeping and isinstance(error, _TO_GO_ON_FROM)):
                error.add_note(f"{left.words}; run the same command again to go on")
            elif not (left.is_worth_keeping and left.facts == before.facts):
                shutil.rmtree(job, ignore_errors=True)
            raise
        shutil.rmtree(job, ignore_errors=True)


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


def _hold(stack: ExitStack, folder: Path) -> None:
    lock = os.open(folder, os.O_RDONLY)
    stack.callback(os.close, lock)
    if not held(lock) or not folder.exists() or os.fstat(lock).st_ino != folder.stat().st_ino:
        raise BusyError(f"{folder}: another run works there; wait for it or choose another output or folder")


def held(lock: int) -> bool:
    """Take the lock of an open folder, unless another run has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
