"""Runs ``cyc`` in a child of its own and says how it ended, how long it took and how much memory it held."""

import multiprocessing
import resource
import signal
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

LIMIT_S = 10.0
"""Of a refusal, in seconds of the processor, which other work on the machine does not stretch."""
_HUNG_S = 90.0
LIMIT_MB = 500.0
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["cyclorama.cli", "cyclorama.keyjob", "cyclorama.project"])


@dataclass(frozen=True)
class Ended:
    """``code``: as a shell sees it, negative for a signal; None when it hung. ``seconds``: of the processor."""

    code: int | None
    stderr: str
    seconds: float
    megabytes: float


def cyc(folder: Path, *arguments: object, most_bytes: int | None = None) -> Ended:
    """``cyc ...`` in ``folder``. ``most_bytes``: the largest file that it may write, as on a disk that fills."""
    ours, theirs = _SERVER.Pipe(duplex=False)
    log = folder.parent / f"{folder.name}.stderr"
    process = _SERVER.Process(target=_run, args=(theirs, folder, log, [str(a) for a in arguments], most_bytes))
    process.start()
    theirs.close()
    process.join(_HUNG_S)
    if process.is_alive():
        process.kill()
        process.join()
        return Ended(None, log.read_text(), _HUNG_S, 0.0)
    try:
        seconds, megabytes = ours.recv()
    except EOFError:  # it died by a signal
        seconds, megabytes = 0.0, 0.0
    return Ended(process.exitcode, log.read_text(), seconds, megabytes)


def _run(pipe: Connection, folder: Path, log: Path, arguments: list[str], most_bytes: int | None) -> None:
    import os

    os.chdir(folder)
    stream = log.open("w")
    os.dup2(stream.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.argv = ["cyc", *arguments]
    if most_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    from cyclorama.cli import main

    try:
        main()
    finally:
        sys.stderr.flush()
        used = resource.getrusage(resource.RUSAGE_SELF)
        pipe.send((used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))
