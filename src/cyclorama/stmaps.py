"""STMaps as files: those of a camera written, and a crew's read as the lens of a camera."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cyclorama.core.camera import CameraPath
from cyclorama.core.errors import InputError
from cyclorama.matchmove import CameraShot
from cyclorama.matchmove.stmap import Direction, lens_of_map, overscan_of, stmap, with_lens
from cyclorama.media import publish
from cyclorama.media.exr import read_exr_data, write_exr_data
from cyclorama.media.gate import writing
from cyclorama.stmap_settings import StmapArgument

_WAYS: tuple[Direction, ...] = ("undistort", "distort")
_STRAIGHT_SIZE = "cycloramaStraightSize"
"""Attribute of the files that we write: the size of the straight picture."""


def with_given_lens(path: CameraPath, given: StmapArgument) -> tuple[CameraPath, str]:
    """The cameras through the lens of a map, and what was found, in a sentence. ``InputError`` for a map that is no
    lens of theirs."""
    if any(not camera.lens.is_straight for camera in path.cameras):
        raise InputError(f"{given.file}: the camera file holds a lens already; leave --stmap out")
    first = path[0].px_from_cam
    if any(not np.allclose(camera.px_from_cam, first, rtol=1e-6) for camera in path.cameras):
        raise InputError(f"{given.file}: one STMap is for one focal length and this camera zooms; leave --stmap out")
    planes, attributes = read_exr_data(given.file)
    if not {"R", "G"} <= planes.keys():
        raise InputError(
            f"{given.file}: an STMap must hold channels R and G, got {sorted(planes)}; render it with them"
        )
    size = re.fullmatch(r"(\d+)x(\d+)", attributes.get(_STRAIGHT_SIZE, ""))
    straight = (int(size[2]), int(size[1])) if size else None
    try:
        found = lens_of_map(np.stack([planes["R"], planes["G"]], -1), path[0], given.direction, straight)
        path = with_lens(path, found.lens)
    except InputError as error:
        raise InputError(f"{given.file}: {error}") from None
    verb = "straightens the plate" if given.direction == "undistort" else "bends straight pictures"
    return path, (
        f"the lens was fitted to {given.file.name}, taken as a map that {verb}: k1 {found.lens.k1:.6f}, k2 "
        f"{found.lens.k2:.6f}, at most {found.misfit_px:.3f} px off"
    )


@dataclass(frozen=True)
class MapFiles:
    """The maps of a camera, to be written into ``folder``: one of each way, or where focal length or lens change one a
    frame."""

    folder: Path
    shot: CameraShot

    @property
    def overscan(self) -> tuple[int, int]:
        """Down and across."""
        return overscan_of(self.shot.path)

    @property
    def _is_one(self) -> bool:
        numbers = np.column_stack([self.shot.intrinsics, self.shot.lenses])
        return bool((numbers == numbers[0]).all())

    def names(self) -> Iterator[tuple[Path, int, Direction]]:
        """Every file, the place of its frame in the shot, and its way."""
        for place, number in enumerate(self.shot.frames[:1] if self._is_one else self.shot.frames):
            for way in _WAYS:
                yield self.folder / (f"{way}.exr" if self._is_one else f"{way}.{number:04d}.exr"), place, way

    def require_free(self) -> None:
        """``InputError`` when the folder is none or a file is there."""
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(f"{self.folder}: the STMaps need a folder and this is none; choose another name")
        taken = next((file for file, *_ in self.names() if file.exists()), None)
        if taken is not None:
            raise InputError(
                f"{taken}: it exists already; choose another folder or allow it to be replaced (--overwrite)"
            )

    def write(self, *, overwrite: bool) -> None:
        """Each appears under its name when it is whole."""
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        h, w = self.shot.path.hw
        down, across = self.overscan
        size = {_STRAIGHT_SIZE: f"{w + 2 * across}x{h + 2 * down}"}
        for file, place, way in self.names():
            values = stmap(self.shot.path[place], way, self.overscan)
            temporary = self.folder / f".{os.getpid()}.{file.name}"
            with writing(file):
                try:
                    write_exr_data(temporary, {"R": values[..., 0], "G": values[..., 1]}, size)
                    publish(temporary, file, overwrite)
                finally:
                    temporary.unlink(missing_ok=True)

    def sentence(self) -> str:
        """What someone who uses them must know."""
        h, w = self.shot.path.hw
        down, across = self.overscan
        wide, high = w + 2 * across, h + 2 * down
        if not down and not across:
            return f"the STMaps are for straight pictures of the plate's size, {w}x{h}: they show all of the plate"
        return (
            f"the STMaps are for straight pictures of {wide}x{high}, {across} pixels more on the left and right and "
            f"{down} more above and below: render with a film back {wide / w:.6f} times as wide and {high / h:.6f} "
            "times as high"
        )
