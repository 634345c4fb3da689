"""Runs ``cyc`` in a child of its own and says how it ended, how long it took and how much memory it held."""

import ctypes
import multiprocessing
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

LIMIT_S = 10.0
"""Of a refusal, in seconds of the processor, which other work on the machine does not stretch."""
_HUNG_S = 90.0
LIMIT_MB = 500.0
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["cyclorama.cli", "cyclorama.keyjob", "cyclorama.project", "typer._adapters"])


@dataclass(frozen=True)
class Ended:
    """``code``: as a shell sees it, negative for a signal; None when it hung. ``seconds``: of the processor."""

    code: int | None
    stderr: str
    seconds: float
    megabytes: float
    moments: int = 0
    stdout: str = ""


@dataclass(frozen=True)
class Blow:
    """What befalls a run at one of its moments, which are counted: frames that are written, files that are synced,
    moved or removed. ``what``: the number of a signal, or a folder that is removed."""

    moment: int
    what: int | Path


@dataclass(frozen=True)
class Hardship:
    """``most_bytes``: the largest file that may be written, as on a disk that fills; ``most_memory``: bytes beyond
    those that are held at the start; ``obeys``: permissions hold for root too. ``every``: frames are made safe so
    often, and segments end after 5."""

    most_bytes: int | None = None
    most_memory: int | None = None
    obeys: bool = False
    blow: Blow | None = None
    every: int | None = None


NONE = Hardship()
SEGMENT = 5


def cyc(folder: Path, *arguments: object, most_bytes: int | None = None, hardship: Hardship = NONE) -> Ended:
    """``cyc ...`` in ``folder``."""
    if most_bytes is not None:
        hardship = Hardship(most_bytes=most_bytes)
    ours, theirs = _SERVER.Pipe(duplex=False)
    log = folder.parent / f"{folder.name}.stderr"
    process = _SERVER.Process(target=_run, args=(theirs, folder, log, [str(a) for a in arguments], hardship))
    process.start()
    theirs.close()
    process.join(_HUNG_S)
    if process.is_alive():
        process.kill()
        process.join()
        return Ended(None, log.read_text(), _HUNG_S, 0.0)
    try:
        seconds, megabytes, moments = ours.recv()
    except EOFError:  # it died by a signal
        seconds, megabytes, moments = 0.0, 0.0, 0
    return Ended(process.exitcode, log.read_text(), seconds, megabytes, moments)


_COUNTED = ("fsync", "replace", "rename", "link", "unlink", "rmdir")


def _count_moments(blow: Blow | None) -> list[int]:
    """How many have been, in a list of one."""
    from cyclorama.media import Together

    seen = [0]

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            seen[0] += 1
            if blow is not None and seen[0] == blow.moment:
                if isinstance(blow.what, Path):
                    shutil.rmtree(blow.what)
                else:
                    os.kill(os.getpid(), blow.what)
            return function(*given, **named)

        return call

    for name in _COUNTED:
        setattr(os, name, counted(getattr(os, name)))
    Together.write = counted(Together.write)  # type: ignore[method-assign]
    return seen


def _obey_permissions() -> None:
    """Give up root's right to write everywhere (capset(2); CAP_DAC_OVERRIDE is bit 1)."""
    kernel = ctypes.CDLL(None)
    head, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert kernel.capget(head, data) == 0
    for number in (0, 1):  # effective, permitted
        data[number] &= ~2
    assert kernel.capset(head, data) == 0


def _make_hard(hardship: Hardship) -> None:
    if hardship.most_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hardship.most_bytes, hardship.most_bytes))
    if hardship.most_memory is not None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + hardship.most_memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    if hardship.every is not None:
        import cyclorama.job
        from cyclorama.media import video_writer

        cyclorama.job.SAFE_EVERY, video_writer._LONGEST = hardship.every, SEGMENT
    if hardship.obeys:
        _obey_permissions()


def _run(pipe: Connection, folder: Path, log: Path, arguments: list[str], hardship: Hardship) -> None:
    os.chdir(folder)
    stream = log.open("w")
    os.dup2(stream.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.argv = ["cyc", *arguments]
    moments = _count_moments(hardship.blow)
    _make_hard(hardship)
    from cyclorama.cli import main

    try:
        main()
    finally:
        sys.stderr.flush()
        used = resource.getrusage(resource.RUSAGE_SELF)
        pipe.send((used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, moments[0]))
