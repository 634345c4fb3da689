"""Nuke scripts (``.nk``): a Camera2 node with a key at every frame, and a Root that says size, rate and frames.

A y-up world, cameras looking along -z; rotation order ZXY (``chan.py``); focal length and film back in millimetres. A
picture spans ``haperture``; ``vaperture`` is not used for it. ``win_translate`` is in half widths of the picture along
both axes and moves the window, so the principal point goes the other way. Source: Foundry, reference of the Camera
node; its unit and sign are those that the exporters of 3DEqualizer and AliceVision write. Nuke's camera has no lens:
``cyclorama_k1`` and ``cyclorama_k2`` are knobs of a tab of ours, which only we read; in Nuke the lens is an STMap.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import CameraPath, rigid
from cyclorama.core.errors import InputError
from cyclorama.core.lens import Lens
from cyclorama.matchmove.camera_axes import (
    Y_UP,
    CameraShot,
    camera_at,
    from_opengl_pose,
    ordered,
    rate_of,
    reading,
    require_rate,
    require_size,
    require_square,
    rotation_from_angles,
    size_of,
    whole_frame,
)
from cyclorama.matchmove.chan import nuke_pose

_NODE = re.compile(r"^[ \t]*(Root|Camera\d*)[ \t]*\{", re.MULTILINE)
_WORD = re.compile(r'"(?:\\.|[^"\\])*"|[^\s{}"]+')
_CURVE_WORD = re.compile(r"[a-wyzA-Z]([-+]?[\d.]+(e[-+]?\d+)?)?$")  # interpolation and slopes, between the keys
_PLAIN = {  # knobs that we do not follow, and what they must be
    "scaling": (1.0, 1.0, 1.0),
    "uniform_scale": (1.0,),
    "skew": (0.0, 0.0, 0.0),
    "pivot": (0.0, 0.0, 0.0),
    "win_scale": (1.0, 1.0),
    "winroll": (0.0,),
}
_ROTATION_ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
_HAPERTURE = 24.576  # Nuke's default, which its scripts leave out; and focal and rot_order
_FOCAL = 50.0
_ROT_ORDER = "ZXY"
_LENS = ("cyclorama_k1", "cyclorama_k2")

Knobs = dict[str, str]
Curve = dict[int, float] | float


def write(shot: CameraShot, film_back_mm: float) -> str:
    require_square(shot, "a Nuke script")
    rate = float(require_rate(shot, "a Nuke script"))
    h, w = shot.path.hw
    fx, _, cx, cy = shot.intrinsics.T
    translate, rotate = nuke_pose(shot)
    window = np.column_stack([2 * (w / 2 - cx) / w, 2 * (cy - h / 2) / w])
    first, last = shot.frames[0], shot.frames[-1]
    return (
        f"# Cyclorama: y up, degrees, film back {film_back_mm!r} mm wide; the plate's first frame is frame {first}\n"
        f"Root {{\n inputs 0\n first_frame {first}\n last_frame {last}\n fps {rate!r}\n"
        f' format "{w} {h} 0 0 {w} {h} 1 plate"\n}}\n'
        "Camera2 {\n inputs 0\n rot_order ZXY\n"
        f" translate {{{_curves(translate, first)}}}\n rotate {{{_curves(rotate, first)}}}\n"
        f" focal {{{_curves((fx * film_back_mm / w)[:, None], first)}}}\n"
        f" haperture {film_back_mm!r}\n vaperture {film_back_mm * h / w!r}\n"
        f" win_translate {{{_curves(window, first)}}}\n{_lens_knobs(shot)} name CycloramaCamera\n}}\n"
    )


def _lens_knobs(shot: CameraShot) -> str:
    if shot.is_straight:
        return ""
    curves = (_curves(column[:, None], shot.first_frame) for column in shot.lenses.T)
    return " addUserKnob {20 Cyclorama}\n" + "".join(
        f" addUserKnob {{7 {name} R -1 1}}\n {name} {{{curve}}}\n" for name, curve in zip(_LENS, curves)
    )


def read(file: Path, size: tuple[int, int] | None) -> CameraShot:
    """``InputError`` when the script holds no camera, more than one, or one that is not keyed at every frame."""
    with reading(file, "Nuke camera", "one Camera node of numbers or of curves with a key at every frame"):
        nodes = list(_nodes(file.read_text()))
        cameras = [knobs for kind, knobs in nodes if kind != "Root"]
        if len(cameras) != 1:
            raise ValueError(f"it holds {len(cameras)} cameras")
        root = next((knobs for kind, knobs in nodes if kind == "Root"), {})
        hw = _size(root) or require_size(size)
        return _shot(cameras[0], root, hw)


def _shot(knobs: Knobs, root: Knobs, hw: tuple[int, int]) -> CameraShot:
    _require_plain(knobs)
    order = knobs.get("rot_order", _ROT_ORDER)
    if order not in _ROTATION_ORDERS:
        raise ValueError(f"rot_order must be one of {', '.join(_ROTATION_ORDERS)}, got {order}")
    found = [
        *_values(knobs, "translate", (0.0,) * 3),
        *_values(knobs, "rotate", (0.0,) * 3),
        *_values(knobs, "focal", (_FOCAL,)),
        *_values(knobs, "haperture", (_HAPERTURE,)),
        *_values(knobs, "win_translate", (0.0, 0.0)),
        *(curve for name in _LENS for curve in _values(knobs, name, (0.0,))),
    ]
    frames = _frames(found, root)
    h, w = hw
    cameras = []
    for frame in frames:
        *pose, focal, film, u, v, k1, k2 = (c[frame] if isinstance(c, dict) else c for c in found)
        if not film > 0:
            raise ValueError(f"frame {frame}: haperture must be positive millimetres, got {film}")
        f = focal / film * w
        world = rigid(rotation_from_angles(pose[3:], order[::-1]), np.array(pose[:3]))
        k = (f, f, w / 2 - u * w / 2, h / 2 + v * w / 2)
        cameras.append(camera_at(frame, hw, k, from_opengl_pose(world, Y_UP), Lens(k1, k2)))
    return CameraShot(CameraPath(tuple(cameras)), _rate(root), frames[0])


def _frames(curves: list[Curve], root: Knobs) -> range:
    """The frames that every curve has a key at; of a camera that stands still, those of the Root."""
    keyed = [sorted(c) for c in curves if isinstance(c, dict)]
    if not keyed:
        return range(int(root.get("first_frame", 1)), int(root.get("last_frame", root.get("first_frame", 1))) + 1)
    first, _ = ordered(keyed[0])
    if any(keys != keyed[0] for keys in keyed):
        raise ValueError("its curves have keys at different frames, bake all of them at every frame")
    return range(first, first + len(keyed[0]))


def _require_plain(knobs: Knobs) -> None:
    if knobs.get("useMatrix") == "true":
        raise ValueError("useMatrix is on, bake the camera to translate and rotate")
    for name, usual in _PLAIN.items():
        if any(value != want for value, want in zip(_values(knobs, name, usual), usual)):
            raise ValueError(f"its {name} must be {' '.join(f'{v:g}' for v in usual)}, got {knobs[name]}")


def _size(root: Knobs) -> tuple[int, int] | None:
    words = root.get("format", "").split()
    if not words:
        return None
    if len(words) > 6 and float(words[6]) != 1:
        raise InputError(f"its pixels must be square, got a pixel aspect of {words[6]}; reformat the plate")
    return size_of(float(words[0]), float(words[1]))


def _rate(root: Knobs) -> Fraction | None:
    return rate_of(float(root["fps"])) if "fps" in root else None


def _curves(values: Array, first: int) -> str:
    """Every column as a number, or as a curve of a key a frame."""
    columns = []
    for column in values.T.tolist():
        still = all(value == column[0] for value in column)
        keys = " ".join(f"x{frame} {value!r}" for frame, value in enumerate(column, first))
        columns.append(repr(column[0]) if still else f"{{curve {keys}}}")
    return " ".join(columns)


def _nodes(script: str) -> Iterator[tuple[str, Knobs]]:
    """(class, knobs) of every Root and Camera node."""
    for match in _NODE.finditer(script):
        words = list(_words(script, match.end()))
        yield match[1], dict(zip(words[::2], words[1::2]))


def _words(script: str, start: int) -> Iterator[str]:
    """The words from ``start`` to the brace that closes the block; a braced or quoted word without its marks."""
    at = start
    while at < len(script):
        if script[at].isspace():
            at += 1
        elif script[at] == "}":
            return
        elif script[at] == "{":
            end = _closing(script, at)
            yield script[at + 1 : end]
            at = end + 1
        elif match := _WORD.match(script, at):
            yield match[0].strip('"')
            at = match.end()
        else:
            break
    raise ValueError("a brace or a quote is not closed")


def _closing(script: str, start: int) -> int:
    """Where the brace at ``start`` closes."""
    depth = 0
    for match in re.finditer(r"\\.|[{}]", script[start:]):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return start + match.start()
    raise ValueError("a brace is not closed")


def _values(knobs: Knobs, name: str, usual: tuple[float, ...]) -> list[Curve]:
    """The components of a knob; ``usual`` where the script leaves it out."""
    if name not in knobs:
        return list(usual)
    text = knobs[name] + "}"
    words = list(_words(text, 0))
    if len(words) == 1 and len(usual) > 1:
        words *= len(usual)  # one number stands for all of them
    if len(words) != len(usual):
        raise ValueError(f"{name} must have {len(usual)} values, got {len(words)}")
    return [_curve(word, name) for word in words]


def _curve(text: str, name: str) -> Curve:
    """A number, or the value of every key by its frame."""
    kind, *words = text.strip().strip('"').split()
    if kind != "curve":
        if words:
            raise ValueError(f"{name} must be a number or a curve, got the expression {text}")
        return float(kind)
    keys: dict[int, float] = {}
    frame = 1
    for word in words:
        if word.startswith("x"):
            frame = whole_frame(float(word[1:]))
        elif not _CURVE_WORD.match(word):
            keys[frame] = float(word)
            frame += 1
    if not keys:
        raise ValueError(f"the curve of {name} has no keys")
    return keys if len(keys) > 1 else next(iter(keys.values()))
