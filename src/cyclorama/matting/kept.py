"""Mattes of a learned model, kept on disk: it runs once, in order; then any frame can be read, as often as wanted.

The folder is open: ``000000.png`` and so on, 16-bit grey, linear alpha, which can be looked at and given back as a
matte. ``mattes.json`` says what they were made from and whether they are all there; files without it do not count.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cyclorama.core.arrays import Array, require_plane
from cyclorama.core.clip import Clip
from cyclorama.core.errors import InputError, MachineError
from cyclorama.matting.learned import NO_MASKS, Masks, MatteModel

_RECORD = "mattes.json"
_FORMAT = 1
_WHITE = 65535
_FAST = [cv2.IMWRITE_PNG_COMPRESSION, 1]


@dataclass(frozen=True)
class KeptMattes:
    """Alpha read from the folder that ``keep_mattes`` filled; an ``Alphas``. Reads are independent of one another."""

    folder: Path
    num_frames: int
    hw: tuple[int, int]

    def alpha(self, index: int) -> Array:
        """Frame ``index``: h w float32, 0..1. ``IndexError`` outside, ``InputError`` when its file is damaged."""
        if not 0 <= index < self.num_frames:
            raise IndexError(f"frame must be 0..{self.num_frames - 1}, got {index}")
        path = _frame(self.folder, index)
        codes = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
        if codes is None or codes.dtype != np.uint16 or codes.shape != self.hw:
            raise InputError(
                f"{path}: must be a 16-bit grey PNG of {self.hw[1]} x {self.hw[0]}; remove {self.folder / _RECORD} and "
                "run again"
            )
        return codes.astype(np.float32) / np.float32(_WHITE)


def keep_mattes(
    model: MatteModel,
    clip: Clip,
    folder: Path,
    *,
    source: str,
    masks: Masks = NO_MASKS,
    progress: Callable[[int], None] = lambda _: None,
) -> KeptMattes:
    """Run the model over the clip unless ``folder`` holds its mattes already; memory does not grow with the clip.

    ``source``: what the clip was made from; mattes of another source, model, weights or masks are made anew.
    ``progress`` is called with every frame's number. ``InputError`` when the folder holds other things,
    ``MachineError`` when it cannot be written.
    """
    made_from = _fingerprint(model, clip, source, masks)
    kept = KeptMattes(folder, clip.num_frames, clip.hw)
    with _writing(folder):
        record = _read_record(folder)
        others = record is None and folder.exists() and any(folder.iterdir())
    if record == _record(made_from, done=True) and _all_there(kept):
        return kept
    if others:
        raise InputError(f"{folder}: holds files that are no kept mattes; choose an empty folder")
    mattes = model.mattes(clip, masks)
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _write_record(folder, _record(made_from, done=False))
        for path in folder.glob(f"{'[0-9]' * 6}.png"):
            path.unlink()
    _write_all(kept, mattes, progress)
    with _writing(folder):
        _write_record(folder, _record(made_from, done=True))
    return kept


def _write_all(kept: KeptMattes, mattes: Iterator[Array], progress: Callable[[int], None]) -> None:
    num_made = 0
    for alpha in mattes:
        require_plane("alpha", alpha, kept.hw)
        with _writing(kept.folder):
            _write_frame(_frame(kept.folder, num_made), alpha)
        progress(num_made)
        num_made += 1
    if num_made != kept.num_frames:
        raise ValueError(f"a model must give {kept.num_frames} mattes, got {num_made}")


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{folder}: a folder is needed there and a file has that name; choose another name") from None
    except OSError as error:
        raise MachineError(f"{folder}: mattes cannot be kept there ({error.strerror}); choose another place") from None


def _fingerprint(model: MatteModel, clip: Clip, source: str, masks: Masks) -> str:
    facts = [model.name, model.fingerprint, source, clip.num_frames, list(clip.hw)]
    facts += [[index, hashlib.sha256((masks[index] > 0.5).tobytes()).hexdigest()] for index in sorted(masks)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _frame(folder: Path, index: int) -> Path:
    return folder / f"{index:06d}.png"


def _all_there(kept: KeptMattes) -> bool:
    return all(_frame(kept.folder, index).is_file() for index in range(kept.num_frames))


def _write_frame(path: Path, alpha: Array) -> None:
    codes = (alpha * np.float32(_WHITE) + np.float32(0.5)).astype(np.uint16)
    _, data = cv2.imencode(".png", codes, _FAST)
    path.write_bytes(data.tobytes())


def _read_record(folder: Path) -> dict[str, object] | None:
    """What the folder's record says; None when there is none. A damaged one is a record of nothing done."""
    path = folder / _RECORD
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_bytes())
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _record(made_from: str, *, done: bool) -> dict[str, object]:
    return {"format": _FORMAT, "made_from": made_from, "done": done}


def _write_record(folder: Path, record: dict[str, object]) -> None:
    temporary = folder / f".{_RECORD}.{os.getpid()}"
    temporary.write_text(json.dumps(record))
    temporary.replace(folder / _RECORD)
