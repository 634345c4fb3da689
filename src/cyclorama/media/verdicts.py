"""How the end of a process that read a file, and its answers, read to the user."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cyclorama.core.errors import CycloramaError, InputError, MachineError
from cyclorama.media.nursery import NO_MEMORY
from cyclorama.media.wire import Message, WireError

_REMEDY = "the file is damaged or very unusual: export it again, for example as ProRes or PNG"
_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGSYS)
_LONGEST = 2000


def ended(path: Path, code: int, where: str) -> InputError:
    """``code``: as ``os.waitstatus_to_exitcode`` says it. ``where``: empty, or words such as ``at frame 3``."""
    if -code in _CRASHES:
        return _verdict(path, f"crashed ({signal.Signals(-code).name})", where, _REMEDY)
    remedy = "close other programs, which may need the memory, and run again; or export the file again"
    if code == -signal.SIGKILL:
        return _verdict(path, "was killed", where, remedy)
    if code == NO_MEMORY:
        return _verdict(path, "needed more memory than it may have", where, _REMEDY)
    return _verdict(path, f"ended by itself ({code})", where, _REMEDY)


def too_slow(path: Path, limit_s: float, where: str) -> InputError:
    return _verdict(path, f"took more than {limit_s:g} s", where, _REMEDY)


def senseless(path: Path, where: str) -> InputError:
    remedy = "the file is damaged or made to do harm: export it again where it came from"
    return _verdict(path, "gave an answer that makes no sense", where, remedy)


@contextmanager
def sensible(path: Path, where: str) -> Iterator[None]:
    """Answers about ``path`` are read here."""
    try:
        yield
    except WireError:
        raise senseless(path, where) from None


def refusal(answer: Message, path: Path, where: str) -> Exception:
    """What a refusal is here. ``WireError`` where it is none."""
    kind = answer.text("kind")
    text = re.sub(r"[\x00-\x1f\x7f]", " ", answer.text("text"))[:_LONGEST] if kind != "bug" else answer.text("text")
    kinds: dict[str, type[CycloramaError]] = {"input": InputError, "machine": MachineError}
    if kind in kinds:
        return kinds[kind](text)
    if kind != "memory":
        return RuntimeError(text)
    limit = answer.facts.get("limit")
    if type(limit) is int and limit > 0:
        return _verdict(path, f"needed more than {limit >> 20} MB", where, _REMEDY)
    return MachineError(f"{path}: not enough memory or threads to read it; close other programs and run again")


def _verdict(path: Path, deed: str, where: str, remedy: str) -> InputError:
    return InputError(f"{path}: its decoder {deed}{' ' if where else ''}{where}; {remedy}")
