"""What a job was made from, as one short text: settings, inputs, this version of the program."""

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import Any

import cyclorama
from cyclorama.media import is_pattern
from cyclorama.media.safe import stamp
from cyclorama.report import plain

_ENDS_BYTES = 1 << 20
"""Read at the head and at the tail of a file."""
_NOT_OF_FRAMES = ("overwrite",)
"""Settings that change no picture."""


def fingerprint(settings: Any, inputs: Iterable[Path], *, without: Collection[str] = ()) -> str:
    """Of settings (a dataclass; fields of ``without`` left out) and the files and folders that they name.
    ``ValueError`` when ``without`` names no field."""
    unknown = set(without) - {f.name for f in fields(settings)}
    if unknown:
        raise ValueError(f"settings have no fields {sorted(unknown)}")
    chosen = {k: plain(v) for k, v in asdict(settings).items() if k not in (*_NOT_OF_FRAMES, *without)}
    facts = [_program(), chosen, [_of_path(path) for path in inputs]]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def fingerprint_of(words: Sequence[str], inputs: Iterable[Path]) -> str:
    """Of the words of a command and its inputs."""
    facts = [_program(), list(words), [_of_path(path) for path in inputs]]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


@cache
def _program() -> list[Any]:
    """The version, and the source itself, so that a changed program never goes on with the work of another."""
    root = Path(cyclorama.__file__).parent
    return [cyclorama.__version__, [_stat_of(path, root) for path in sorted(root.rglob("*.py"))]]


def _of_path(path: Path) -> list[Any]:
    """What tells a file or folder from another; of one that cannot be read, that: who needs it will say so."""
    try:
        return _looked_at(path)
    except OSError as error:
        return [str(path.absolute()), error.errno]


def _looked_at(path: Path) -> list[Any]:
    folder = path.parent if is_pattern(path) else path
    if folder.is_dir():
        files = sorted(Path(parent, name) for parent, _, names in os.walk(folder) for name in names if name[0] != ".")
        return [str(path.absolute()), [_stat_of(file, folder) for file in files]]
    size, changed = stamp(path)
    return [str(path.absolute()), size, changed, _ends(path, size)]


def _stat_of(file: Path, root: Path) -> list[Any]:
    return [str(file.relative_to(root)), *stamp(file)]


def _ends(path: Path, size: int) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(_ENDS_BYTES))
        file.seek(max(0, size - _ENDS_BYTES))
        digest.update(file.read(_ENDS_BYTES))
    return digest.hexdigest()
