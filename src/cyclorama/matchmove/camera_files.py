"""Cameras in and out: which file is which, and the two verbs."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np

from cyclorama.core.camera import CameraPath
from cyclorama.core.errors import InputError
from cyclorama.matchmove import after_effects as ae
from cyclorama.matchmove import blender, chan, colmap, files, nuke, transforms, usd
from cyclorama.matchmove.camera_axes import FILM_BACK_MM, CameraShot

_SHAPE_TOLERANCE = 0.01  # by how much, as a share, a camera's picture may be wider or narrower than the plate


@dataclass(frozen=True)
class CameraFormat:
    """``write``: the text of the file, or the files of a folder by name. ``first_frame``: the number that its users
    give to the first frame. ``film_back``: whether the file holds one. ``lens``: whether k1 and k2 are in it
    for other programs, for us alone, or not."""

    name: str
    words: str
    suffixes: tuple[str, ...]
    first_frame: int
    film_back: bool
    lens: Literal["held", "ours", "none"]
    read: Callable[[Path, tuple[int, int] | None], CameraShot]
    write: Callable[[CameraShot, float], str | dict[str, bytes]]


FORMATS = {
    f.name: f
    for f in (
        CameraFormat("json", "camera.json", (".json",), 0, False, "held", files.read, files.write),
        CameraFormat("transforms", "transforms.json", (), 0, False, "held", transforms.read, transforms.write),
        CameraFormat("colmap", "a COLMAP text model", ("",), 0, False, "held", colmap.read, colmap.write_text),
        CameraFormat("colmap-binary", "a COLMAP binary model", (), 0, False, "held", colmap.read, colmap.write_binary),
        CameraFormat("chan", "a .chan", (".chan",), 1, True, "none", chan.read, chan.write),
        CameraFormat("nuke", "a Nuke script", (".nk",), 1, True, "ours", nuke.read, nuke.write),
        CameraFormat("usd", "USD", (".usda", ".usd"), 1, True, "none", usd.read, usd.write),
        CameraFormat("blender", "a Blender script", (".py",), 1, True, "none", blender.read, blender.write),
        CameraFormat("after-effects", "After Effects text", (".txt",), 0, False, "none", ae.read, ae.write),
    )
}
_MOST_BYTES = 256 << 20
"""Of a camera file: 10,000 frames take some 5 MB."""
_KINDS = "NAME.json, transforms.json, NAME.chan, NAME.nk, NAME.usda, NAME.py, NAME.txt or a folder (COLMAP)"


def format_of_output(file: Path, name: str | None = None) -> CameraFormat:
    """The format called ``name``, else the one that the file's name asks for. ``InputError`` for neither."""
    if name is not None:
        if name not in FORMATS:
            raise InputError(f"there is no camera format '{name}'; choose one of {', '.join(FORMATS)}")
        return FORMATS[name]
    if file.suffix.lower() == ".json" and file.stem.lower().startswith("transforms"):
        return FORMATS["transforms"]
    found = next((f for f in FORMATS.values() if file.suffix.lower() in f.suffixes), None)
    if found is None:
        raise InputError(f"{file}: no camera format is called {file.suffix}; write {_KINDS}")
    return found


def format_of_input(file: Path) -> CameraFormat:
    """By its name, and of JSON by what it holds. ``InputError`` when it can be none."""
    suffix = file.suffix.lower()
    if file.is_dir():
        return FORMATS["colmap"]
    if file.is_file() and file.stat().st_size > _MOST_BYTES:
        raise InputError(f"{file}: a camera file must hold at most {_MOST_BYTES >> 20} MB; give the camera alone")
    if suffix == ".json":
        return FORMATS["transforms" if _holds_transforms(file) else "json"]
    if suffix == ".usdc":
        return FORMATS["usd"]
    found = next((f for f in FORMATS.values() if suffix and suffix in f.suffixes), None)
    if found is None:
        raise InputError(f"{file}: no camera is read from a name that ends so; give {_KINDS}")
    return found


def _holds_transforms(file: Path) -> bool:
    """Whether the frames of a JSON are those of nerfstudio; what is none at all is left to our own reader."""
    try:
        data = json.loads(file.read_text())
        return any("transform_matrix" in frame for frame in data["frames"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def read_shot(file: Path, *, size: tuple[int, int] | None = None) -> CameraShot:
    """The cameras of any file that we read. ``size``: (height, width) of the picture, for files that do not say it."""
    return format_of_input(file).read(file, size)


def read_camera(file: Path, *, hw: tuple[int, int], num_frames: int) -> CameraPath:
    """The camera of a plate of ``hw`` and ``num_frames``; ``hw`` is the size also of a file that says none.
    ``InputError`` when the file does not hold one for it."""
    path = read_shot(file, size=hw).path
    if len(path) != num_frames:
        raise InputError(
            f"{file}: holds {len(path)} cameras and the plate has {num_frames} frames; export it for the whole plate"
        )
    size = path.hw
    if abs(size[1] / size[0] - hw[1] / hw[0]) > _SHAPE_TOLERANCE * hw[1] / hw[0]:
        sizes = f"{size[1]}x{size[0]} and the plate is {hw[1]}x{hw[0]}"
        raise InputError(f"{file}: is for {sizes}: their shapes must agree; export it for this plate")
    return path.resized(hw)


def write_camera(
    file: Path,
    path: CameraPath,
    rate: Fraction | None,
    *,
    first_frame: int | None = None,
    film_back_mm: float = FILM_BACK_MM,
    format_name: str | None = None,
) -> None:
    """Write a path to ``file``, a folder for COLMAP, in the format of its name or in ``format_name``.

    ``first_frame``: the number of the first frame, else what is usual in the format. ``film_back_mm``: its width.
    ``InputError`` when the format cannot hold the cameras.
    """
    kind = format_of_output(file, format_name)
    if not 0 < film_back_mm < float("inf"):
        raise InputError(f"the film back must be a positive width in millimetres, got {film_back_mm}")
    first = kind.first_frame if first_frame is None else first_frame
    if first < 0:
        raise InputError(f"the first frame's number must be 0 or more, got {first}")
    _require_plain(path)
    content = kind.write(CameraShot(path, rate, first), film_back_mm)
    if isinstance(content, str):
        file.write_bytes(content.encode())
        return
    file.mkdir(exist_ok=True)
    for name, data in content.items():
        (file / name).write_bytes(data)


def _require_plain(path: CameraPath) -> None:
    """No format of ours holds skewed pixels."""
    plain = [[0, 1], [1, 0], [2, 0], [2, 1]]
    for index, camera in enumerate(path.cameras):
        k = camera.px_from_cam
        if np.any([k[i, j] for i, j in plain]) or k[2, 2] != 1:
            raise InputError(f"camera files hold fx, fy, cx, cy alone and frame {index} has {k.tolist()}")
