"""How files are named on the command line."""

import re
from pathlib import Path

_HASHES = re.compile(r"#{2,}")


def file_named(word: str | Path) -> Path:
    """The path; ``NAME####.exr``, as Nuke and its kin name numbered pictures, as ``NAME%04d.exr``. A file that is there
    by that very name is itself."""
    path = Path(word)
    found = _HASHES.findall(path.name)
    if len(found) != 1 or path.exists():
        return path
    from cyclorama.media.pictures import PICTURE_SUFFIXES  # slow to load, and not for the help

    if path.suffix.lower() not in PICTURE_SUFFIXES:
        return path
    return path.with_name(path.name.replace(found[0], f"%0{len(found[0])}d"))
