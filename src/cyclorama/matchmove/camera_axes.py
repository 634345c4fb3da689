"""What the camera files share: axes, angles, frame numbers, and how a file that is no camera is refused.

Ours are OpenCV axes, x right, y down, z forward, for the camera and for the world. Other worlds are ours turned as a
whole, so that a camera upright here is upright there.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.errors import InputError
from cyclorama.core.lens import STRAIGHT, Lens

FILM_BACK_MM = 36.0
"""Width of the film back where nothing says another: a full-frame sensor, and Blender's own default."""
Y_UP = np.diag([1.0, -1.0, -1.0])
"""A y-up world (Nuke, USD, OpenGL: x right, y up, z back) from ours."""
Z_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
"""A z-up world (Blender, nerfstudio: x right, y forward, z up) from ours."""
_OPENGL = np.diag([1.0, -1.0, -1.0])  # a camera's own axes, x right, y up, looking along -z; its own inverse
_RATE_DENOMINATOR = 1001  # of 24000/1001 and its kin; a rate written as a decimal number is one of these fractions
_SAME = 1e-6  # of the picture's width, or of 1: more than 32-bit files (USD) make of equal numbers


@dataclass(frozen=True)
class CameraShot:
    """A path as a file holds it: frames a second (None when the file does not say) and the number of its first
    frame."""

    path: CameraPath
    rate: Fraction | None
    first_frame: int

    @property
    def frames(self) -> range:
        """The number of every frame."""
        return range(self.first_frame, self.first_frame + len(self.path))

    @property
    def intrinsics(self) -> Array:
        """fx, fy, cx, cy of every frame in pixels, (n, 4)."""
        return np.array([intrinsics(camera) for camera in self.path.cameras])

    @property
    def lenses(self) -> Array:
        """k1, k2 of every frame, (n, 2)."""
        return np.array([(camera.lens.k1, camera.lens.k2) for camera in self.path.cameras])

    @property
    def is_straight(self) -> bool:
        """Whether no camera's lens bends lines."""
        return all(camera.lens.is_straight for camera in self.path.cameras)


def intrinsics(camera: Camera) -> tuple[float, float, float, float]:
    """fx, fy, cx, cy in pixels."""
    k = camera.px_from_cam
    return float(k[0, 0]), float(k[1, 1]), float(k[0, 2]), float(k[1, 2])


def opengl_pose(world_from_camera: Array, world_from_ours: Array) -> Array:
    """4 x 4 of a camera that looks along its -z, y up, in the world that ``world_from_ours`` (3 x 3) turns ours to."""
    r, t = world_from_camera[:3, :3], world_from_camera[:3, 3]
    return rigid(world_from_ours @ r @ _OPENGL, world_from_ours @ t)


def from_opengl_pose(pose: Array, world_from_ours: Array) -> Array:
    """Inverse of ``opengl_pose``. The last row of ``pose`` is kept, so that ``Camera`` can judge it."""
    out = np.array(pose, np.float64)
    if out.shape != (4, 4):
        raise ValueError(f"a pose must be 4 x 4, got {' x '.join(map(str, out.shape))}")
    out[:3, :3] = world_from_ours.T @ out[:3, :3] @ _OPENGL
    out[:3, 3] = world_from_ours.T @ out[:3, 3]
    return out


def rotation_about(axis: str, degrees: float) -> Array:
    """3 x 3, right-handed, about ``X``, ``Y`` or ``Z``."""
    j, k = {"X": (1, 2), "Y": (2, 0), "Z": (0, 1)}[axis]
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    out = np.eye(3)
    out[j, j], out[j, k], out[k, j], out[k, k] = c, -s, s, c
    return out


def rotation_from_angles(degrees: Sequence[float], product: str) -> Array:
    """3 x 3 of the angles about x, y and z, multiplied as ``product`` reads: ``YXZ`` is Ry Rx Rz, z turned first."""
    out = np.eye(3)
    for axis in product:
        out = out @ rotation_about(axis, degrees["XYZ".index(axis)])
    return out


def angles_of(rotations: Sequence[Array], product: str) -> Array:
    """Inverse of ``rotation_from_angles`` for every frame, (n, 3): degrees about x, y and z, without jumps of a turn.

    Each angle is read from what the one before it leaves, so that it is exact also where two axes fall together.
    """
    i, j, k = ("XYZ".index(axis) for axis in product)
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    out = np.zeros((len(rotations), 3))
    for row, given in zip(out, rotations):
        r = nearest_rotation(given)
        row[i] = np.degrees(np.arctan2(-sign * r[j, k], r[k, k]))
        r = rotation_about(product[0], -row[i]) @ r
        row[j] = np.degrees(np.arctan2(sign * r[i, k], r[k, k]))
        row[k] = np.degrees(np.arctan2(sign * r[j, i], r[j, j]))
    return np.unwrap(out, period=360, axis=0)


def nearest_rotation(r: Array) -> Array:
    """The rotation next to a 3 x 3 that is one but for rounding."""
    u, _, vt = np.linalg.svd(r)
    return u @ vt


def camera_at(
    frame: object, hw: tuple[int, int], k: Sequence[float], world_from_camera: Array, lens: Lens = STRAIGHT
) -> Camera:
    """A camera of fx, fy, cx, cy. ``ValueError`` that names its ``frame`` when it is none."""
    fx, fy, cx, cy = map(float, k)
    try:
        return Camera(hw, np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]), world_from_camera, lens)
    except ValueError as error:
        raise ValueError(f"frame {frame}: {error}") from None


def ordered(numbers: Sequence[int]) -> tuple[int, Array]:
    """The first frame and the order that sorts them. ``ValueError`` unless they follow each other without gaps."""
    if not numbers:
        raise ValueError("it holds no frames")
    order = np.argsort(numbers, kind="stable")
    found = np.array(numbers)[order]
    for before, after in pairwise(found.tolist()):
        if after == before:
            raise ValueError(f"frame {before} is there twice")
        if after != before + 1:
            raise ValueError(f"frame {before + 1} is missing, every frame of the shot must be there")
    return int(found[0]), order


def number_in(name: str) -> int:
    """The frame's number in a picture's name: its last digits. ``ValueError`` without any."""
    digits = re.findall(r"\d+", Path(name).stem)
    if not digits:
        raise ValueError(f"the picture {name!r} has no frame number in its name")
    return int(digits[-1])


def whole_frame(number: float) -> int:
    """A frame's number that a file writes as a decimal."""
    if number != int(number):
        raise ValueError(f"frames must be whole numbers, got {number}")
    return int(number)


def size_of(width: float, height: float) -> tuple[int, int]:
    """(height, width). ``ValueError`` unless both are whole pixels."""
    if width != int(width) or height != int(height) or min(width, height) < 1:
        raise ValueError(f"width and height must be 1 or more whole pixels, got {width} x {height}")
    return int(height), int(width)


def rate_of(rate: float) -> Fraction:
    """Frames a second as a fraction. ``ValueError`` unless positive."""
    if not 0 < rate < float("inf"):
        raise ValueError(f"the frames a second must be a positive number, got {rate}")
    return Fraction(rate).limit_denominator(_RATE_DENOMINATOR)


def require_size(size: tuple[int, int] | None) -> tuple[int, int]:
    """The size given beside a file that holds none."""
    if size is None:
        raise InputError("the file does not say how large its picture is; add --size WIDTHxHEIGHT")
    return size


def require_rate(shot: CameraShot, kind: str) -> Fraction:
    """The rate for a file that must say it."""
    if shot.rate is None:
        raise InputError(f"{kind} must say the frames a second and the input does not; add --rate")
    return shot.rate


def require_square(shot: CameraShot, kind: str) -> None:
    """``InputError`` for pixels that are not square."""
    fx, fy = shot.intrinsics[:, 0], shot.intrinsics[:, 1]
    if (bad := np.abs(fx / fy - 1) > _SAME).any():
        frame = int(np.argmax(bad))
        raise InputError(
            f"{kind} holds square pixels only and frame {frame} has fx {fx[frame]:.9g} and fy {fy[frame]:.9g}; "
            "write a COLMAP, USD or JSON camera"
        )


def require_centred(shot: CameraShot, kind: str) -> None:
    """``InputError`` for a principal point beside the middle of the picture."""
    h, w = shot.path.hw
    off = np.abs(shot.intrinsics[:, 2:] - [w / 2, h / 2]).max(1)
    if (off > _SAME * w).any():
        frame = int(np.argmax(off))
        raise InputError(
            f"{kind} holds cameras whose principal point is the middle of the picture and that of frame {frame} is "
            f"{off[frame]:.3g} pixels off it; write a Nuke script, USD, Blender, COLMAP or JSON camera"
        )


@contextmanager
def reading(file: Path, kind: str, must: str) -> Iterator[None]:
    """What goes wrong while ``file`` is read becomes one sentence: it is no ``kind``, which must hold ``must``.

    Numbers that are none pass through the arithmetic without a word of numpy's: ``Camera`` refuses them.
    """
    try:
        with np.errstate(all="ignore"):
            yield
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    except OSError as error:
        raise InputError(f"{file}: the camera cannot be read ({error.strerror}); give a camera file") from None
    except KeyError as error:
        raise InputError(f"{file}: this is no {kind} (it lacks {error}); it must hold {must}") from None
    except (TypeError, ValueError, ArithmeticError, IndexError, AttributeError, RecursionError) as error:
        words = " ".join(str(error).split())
        raise InputError(f"{file}: this is no {kind} ({words}); it must hold {must}") from None
