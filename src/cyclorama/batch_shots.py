"""The shots of a batch: from a ``shots.toml``, or from a folder that pairs files by name."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclorama.core.errors import InputError
from cyclorama.media import is_picture
from cyclorama.media.gate import refuse_special

_PLATES, _REFERENCES, _MATTES = "plates", "references", "mattes"


@dataclass(frozen=True)
class BatchShot:
    """``words``: what ``cyc replace`` is told, without the output; ``suffix``: of the output's name."""

    name: str
    words: tuple[str, ...]
    suffix: str = ".mp4"

    def __post_init__(self) -> None:
        if not self.name or self.name.startswith((".", "-")) or "/" in self.name or "%" in self.name:
            raise InputError(f"the name of a shot becomes a file's: letters and numbers, got '{self.name}'")

    def output(self, folder: Path) -> Path:
        """``NAME.mp4``, or frames in a folder of their own."""
        frames = self.suffix in (".png", ".exr")
        return folder / self.name / f"%04d{self.suffix}" if frames else folder / f"{self.name}{self.suffix}"


def read_shots(path: Path) -> tuple[BatchShot, ...]:
    """``InputError`` where there are none, or two of one name."""
    shots = tuple(_paired(path) if path.is_dir() else _listed(path))
    if not shots:
        raise InputError(f"{path}: it names no shots; give [[shot]] tables, or a folder with {_PLATES}/")
    names = [shot.name for shot in shots]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{path}: two shots are named '{twice}'; give each a name of its own")
    return shots


def _listed(path: Path) -> Iterator[BatchShot]:
    try:
        refuse_special([path])
        data = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; check the path") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as TOML ({error}); correct it") from None
    tables, shared = data.get("shot", []), data.get("all", {})
    if not isinstance(tables, list) or not isinstance(shared, dict) or not all(isinstance(t, dict) for t in tables):
        raise InputError(f"{path}: shots are [[shot]] tables and what they share is [all]; correct it")
    for number, own in enumerate(tables, 1):
        table = shared | own
        plate = table.pop("plate", None)
        if not isinstance(plate, str):
            raise InputError(f"{path}: shot {number} has no plate; write plate = 'FILE'")
        if "output" in table:
            raise InputError(f"{path}: shot {number} has an output; a batch names them itself: leave it out (see name)")
        name, suffix = str(table.pop("name", Path(plate).stem)), str(table.pop("suffix", ".mp4"))
        yield BatchShot(name, (plate, *(word for key, value in table.items() for word in _option(key, value))), suffix)


def _option(key: str, value: Any) -> Iterator[str]:
    """``key = value`` as the words of a command."""
    flag = "--" + key.replace("_", "-")
    if isinstance(value, bool):
        yield flag if value else flag.replace("--", "--no-", 1)
        return
    for one in value if isinstance(value, list) else [value]:
        yield f"{flag}={one}"


def _paired(folder: Path) -> Iterator[BatchShot]:
    """``plates/NAME.mp4`` or ``plates/NAME/``; ``references/NAME.jpg`` or several in ``references/NAME/``, in order;
    ``mattes/NAME.mp4`` or ``mattes/NAME/``, where the plate has one."""
    for plate in _visible(folder / _PLATES):
        name = plate.stem if plate.is_file() else plate.name
        words = [f"--reference={picture.absolute()}" for picture in _references(folder / _REFERENCES, name)]
        words += [f"--matte={p.absolute()}" for p in _named(folder / _MATTES, name)]
        yield BatchShot(name, (str(plate.absolute()), *words))


def _references(folder: Path, name: str) -> list[Path]:
    for found in _named(folder, name):
        return [p for p in _visible(found) if _is_reference(p)] if found.is_dir() else [found]
    return []


def _is_reference(path: Path) -> bool:
    try:
        return is_picture(path)
    except InputError:  # the shot will say what is wrong with it
        return True


def _named(folder: Path, name: str) -> list[Path]:
    return [p for p in _visible(folder) if (p.stem if p.is_file() else p.name) == name][:1]


def _visible(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if not p.name.startswith(".")) if folder.is_dir() else []
