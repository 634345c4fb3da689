"""``cyc jobs``: which jobs were stopped, how far they are, and how to go on."""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclorama.core.errors import InputError
from cyclorama.folder import Left, held, left_in

_MB = 1e6


@dataclass(frozen=True)
class StoppedJob:
    """``folder``: what it left; ``when``: it last did something, in seconds since 1970."""

    folder: Path
    left: Left
    is_running: bool
    when: float
    num_bytes: int
    removed: bool

    @property
    def facts(self) -> dict[str, Any]:
        told = self.left.facts
        return {
            "output": told.get("output"),
            "state": "running" if self.is_running else "removed" if self.removed else "stopped",
            "done": self.left.done,
            "frames": self.left.total,
            "when": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.when)),
            "bytes": self.num_bytes,
            "go_on": f"cd {told.get('folder')} && {told.get('command')}" if told.get("command") else None,
            "folder": str(self.folder),
        }

    def lines(self) -> Iterator[str]:
        facts = self.facts
        yield f"{facts['output'] or facts['folder']}: {facts['state']}, {self.left.words}, {facts['when']}"
        yield f"  {self.num_bytes / _MB:.1f} MB in {self.folder}"
        if facts["state"] == "stopped" and facts["go_on"]:
            yield f"  to go on: {facts['go_on']}"


@dataclass(frozen=True)
class JobsReport:
    """What was found below ``folder``, the latest first."""

    folder: Path
    jobs: tuple[StoppedJob, ...]

    @property
    def facts(self) -> dict[str, Any]:
        return {"folder": str(self.folder), "jobs": [job.facts for job in self.jobs]}

    @property
    def remarks(self) -> tuple[str, ...]:
        return ()

    def lines(self) -> Iterator[str]:
        if not self.jobs:
            yield f"{self.folder}: no unfinished jobs"
        for job in self.jobs:
            yield from job.lines()


def look_for_jobs(folder: Path, *, clean: bool) -> JobsReport:
    """The jobs in a folder and below it. ``clean``: what is left of those that do not run is removed."""
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; check the path")
    found = [
        _look(Path(parent, name), clean) for parent, names, _ in os.walk(folder) for name in names if _is_job(name)
    ]
    return JobsReport(folder, tuple(sorted(found, key=lambda job: -job.when)))


def _is_job(name: str) -> bool:
    return name.startswith(".") and name.endswith(".cyc")


def _look(folder: Path, clean: bool) -> StoppedJob:
    left = left_in(folder)
    files = [path for path in folder.rglob("*") if path.is_file()]
    when = max((path.stat().st_mtime for path in (*files, folder)), default=0.0)
    lock = os.open(folder, os.O_RDONLY)
    try:
        running = not held(lock)
        job = StoppedJob(folder, left, running, when, sum(p.stat().st_size for p in files), clean and not running)
        if job.removed:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
    return job
