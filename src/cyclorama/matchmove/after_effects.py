"""After Effects keyframe data: text that is copied and pasted onto a camera (one node, auto-orient off).

The axes are ours; positions are pixels of the composition, whose middle is our origin; ``PIXELS_PER_UNIT`` to a unit.
Orientation is Rx Ry Rz in degrees, z turned first; zoom is the focal length in pixels. It holds square pixels and a
centred lens. Source: the text that After Effects copies ("Adobe After Effects 8.0 Keyframe Data"); it has no comments.
"""

from pathlib import Path

import numpy as np

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.errors import InputError
from cyclorama.matchmove.camera_axes import (
    CameraShot,
    angles_of,
    camera_at,
    ordered,
    rate_of,
    reading,
    require_centred,
    require_rate,
    require_square,
    rotation_from_angles,
    size_of,
    whole_frame,
)

PIXELS_PER_UNIT = 100.0
"""So that a place some metres deep has the size of a composition, as Blender's exporter has it."""
_HEAD = "Adobe After Effects 8.0 Keyframe Data"
_END = "End of Keyframe Data"
_ORIENTATION = "XYZ"
_SECTIONS = {
    "Transform\tPosition": "X pixels\tY pixels\tZ pixels",
    "Transform\tOrientation": "X degrees\tY degrees\tZ degrees",
    "Camera Options\tZoom": "pixels",
}
_UNKNOWN = ("X Rotation", "Y Rotation", "Rotation", "Point of Interest")  # of Transform: they turn the camera too


def write(shot: CameraShot, film_back_mm: float) -> str:  # noqa: ARG001  zoom is in pixels: no film back
    kind = "After Effects text"
    require_square(shot, kind)
    require_centred(shot, kind)
    h, w = shot.path.hw
    tables = (
        shot.path.centers * PIXELS_PER_UNIT + [w / 2, h / 2, 0],
        angles_of([camera.world_from_camera[:3, :3] for camera in shot.path.cameras], _ORIENTATION),
        shot.intrinsics[:, :1],
    )
    lines = [
        _HEAD,
        "",
        f"\tUnits Per Second\t{float(require_rate(shot, kind))!r}",
        f"\tSource Width\t{w}",
        f"\tSource Height\t{h}",
        "\tSource Pixel Aspect Ratio\t1",
        "\tComp Pixel Aspect Ratio\t1",
    ]
    for (name, columns), table in zip(_SECTIONS.items(), tables):
        lines += ["", name, f"\tFrame\t{columns}\t"]
        lines += ["\t" + "\t".join([str(n), *map(repr, row)]) + "\t" for n, row in zip(shot.frames, table.tolist())]
    return "\r\n".join([*lines, "", "", _END, ""])


def read(file: Path, size: tuple[int, int] | None) -> CameraShot:  # noqa: ARG001  the text says its size
    """``InputError`` when the text is no camera with a key of position, orientation and zoom at every frame."""
    with reading(file, "After Effects camera", "keys of Position, Orientation and Zoom at every frame"):
        lines = file.read_text().splitlines()
        if not lines or not lines[0].startswith("Adobe After Effects"):
            raise ValueError("it does not begin as After Effects keyframe data")
        head, sections = _sections(lines)
        if any(float(head.get(f"{of} Pixel Aspect Ratio", 1)) != 1 for of in ("Source", "Comp")):
            raise InputError("its pixels must be square; copy it from a composition of square pixels")
        hw = size_of(float(head["Source Width"]), float(head["Source Height"]))
        tables = [sections[name] for name in _SECTIONS]
        frames = [[whole_frame(row[0]) for row in table] for table in tables]
        first, _ = ordered(frames[0])
        if any(found != frames[0] for found in frames):
            raise ValueError("its keys of position, orientation and zoom are at different frames")
        cameras = (_camera(hw, *rows) for rows in zip(*tables))
        return CameraShot(CameraPath(tuple(cameras)), rate_of(float(head["Units Per Second"])), first)


def _camera(hw: tuple[int, int], position: list[float], orientation: list[float], zoom: list[float]) -> Camera:
    h, w = hw
    world = rigid(
        rotation_from_angles(orientation[1:], _ORIENTATION),
        (np.array(position[1:]) - [w / 2, h / 2, 0]) / PIXELS_PER_UNIT,
    )
    return camera_at(int(position[0]), hw, (zoom[1], zoom[1], w / 2, h / 2), world)


def _sections(lines: list[str]) -> tuple[dict[str, str], dict[str, list[list[float]]]]:
    """What stands before the first section, and the rows of every section that we know."""
    head: dict[str, str] = {}
    sections: dict[str, list[list[float]]] = {}
    name = None
    for line in lines[1:]:
        words = line.strip().split("\t")
        if not line.strip() or line.startswith(_END):
            continue
        if not line.startswith("\t"):
            name = "\t".join(words)
            if name.removeprefix("Transform\t") in _UNKNOWN:
                raise ValueError(f"it has keys of {words[-1]}, bake the camera to Position and Orientation alone")
            sections[name] = []
        elif name is None:
            head[words[0]] = words[-1]
        elif name in _SECTIONS and words[0] != "Frame":
            sections[name].append(_row(words, len(_SECTIONS[name].split("\t"))))
    return head, sections


def _row(words: list[str], num_values: int) -> list[float]:
    if len(words) != num_values + 1:
        raise ValueError(f"a key must have a frame and {num_values} values, got {len(words)} words")
    return [float(word) for word in words]
