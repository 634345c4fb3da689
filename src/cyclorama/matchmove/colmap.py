"""COLMAP models: a folder of ``cameras``, ``images`` and ``points3D``, as ``.txt`` or as ``.bin``.

OpenCV axes; an image holds camera_from_world as a unit quaternion (w, x, y, z) and a translation; pixels, the upper
left pixel's centre at 0.5, 0.5. Binary files are little-endian. Source: COLMAP documentation, "Output Format". The
frame's number is in the image's name; the models that are written hold no points. The lens is that of COLMAP's models
RADIAL and OPENCV, whose k1 and k2 are ours.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from cyclorama.core.arrays import Array
from cyclorama.core.camera import CameraPath, rigid, rigid_inverse
from cyclorama.core.errors import InputError
from cyclorama.core.lens import Lens
from cyclorama.matchmove.camera_axes import CameraShot, camera_at, number_in, ordered, reading, size_of

PARTS = ("cameras", "images", "points3D", "rigs", "frames")
"""What a model's files are called; COLMAP has written the last two since version 3.12 and does without them."""
_MODELS = (  # the name and the number of parameters of every model, by its id
    ("SIMPLE_PINHOLE", 3),
    ("PINHOLE", 4),
    ("SIMPLE_RADIAL", 4),
    ("RADIAL", 5),
    ("OPENCV", 8),
    ("OPENCV_FISHEYE", 8),
    ("FULL_OPENCV", 12),
    ("FOV", 5),
    ("SIMPLE_RADIAL_FISHEYE", 4),
    ("RADIAL_FISHEYE", 5),
    ("THIN_PRISM_FISHEYE", 12),
)
_ONE_FOCAL = {"SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL"}
_RADIAL = {*_ONE_FOCAL, "PINHOLE", "OPENCV", "FULL_OPENCV"}  # of one or two radial terms where their others are 0
_NORM_TOLERANCE = 1e-3  # a quaternion further from length 1 is no rotation


@dataclass(frozen=True)
class _Image:
    name: str
    quaternion: tuple[float, ...]
    translation: tuple[float, ...]
    camera: int


@dataclass(frozen=True)
class _Intrinsics:
    model: str
    hw: tuple[int, int]
    params: tuple[float, ...]

    @property
    def k(self) -> tuple[float, float, float, float]:
        """fx, fy, cx, cy."""
        fx, *rest = self.params[: self._num_pinhole]
        cx, cy = rest[-2:]
        return fx, (fx if len(rest) == 2 else rest[0]), cx, cy

    @property
    def lens(self) -> Lens:
        """``ValueError`` for one that is not ours."""
        k1, k2, *others = (*self.params[self._num_pinhole :], 0.0, 0.0)
        if self.model not in _RADIAL or any(others):
            raise ValueError(
                f"the lens of its camera model {self.model} is more than radial; undistort the images first"
            )
        return Lens(k1, k2)

    @property
    def _num_pinhole(self) -> int:
        return 3 if self.model in _ONE_FOCAL else 4


def write_text(shot: CameraShot, film_back_mm: float) -> dict[str, bytes]:  # noqa: ARG001  pixels: no film back
    """The files of a model, by name."""
    ids, cameras = _shared(shot)
    h, w = shot.path.hw
    lines = [f"{i} {c.model} {w} {h} {_words(c.params)}" for c, i in cameras.items()]
    head = "# Cyclorama: OpenCV axes, camera_from_world; pixels, the upper left pixel's centre at 0.5 0.5\n"
    images = "".join(
        f"{n} {_words(q)} {_words(t)} {i} {name}\n\n" for n, (q, t, i, name) in enumerate(_images(shot, ids), 1)
    )
    return {
        "cameras.txt": (f"{head}# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]\n" + "\n".join(lines) + "\n").encode(),
        "images.txt": (f"{head}# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME\n{images}").encode(),
        "points3D.txt": f"{head}# no points\n".encode(),
    }


def write_binary(shot: CameraShot, film_back_mm: float) -> dict[str, bytes]:  # noqa: ARG001  pixels: no film back
    """The files of a model, by name."""
    ids, cameras = _shared(shot)
    h, w = shot.path.hw
    numbers = {name: number for number, (name, _) in enumerate(_MODELS)}
    camera_list = b"".join(
        struct.pack(f"<iiQQ{len(c.params)}d", i, numbers[c.model], w, h, *c.params) for c, i in cameras.items()
    )
    images = b"".join(
        struct.pack("<i7di", n, *q, *t, i) + name.encode() + b"\0" + struct.pack("<Q", 0)
        for n, (q, t, i, name) in enumerate(_images(shot, ids), 1)
    )
    return {
        "cameras.bin": struct.pack("<Q", len(cameras)) + camera_list,
        "images.bin": struct.pack("<Q", len(ids)) + images,
        "points3D.bin": struct.pack("<Q", 0),
    }


def read(folder: Path, size: tuple[int, int] | None) -> CameraShot:  # noqa: ARG001  the model says its size
    """``InputError`` when the folder holds no model, or one that is no pinhole camera of every frame."""
    with reading(folder, "COLMAP model", "cameras and images as .txt or .bin, one image for every frame"):
        kinds = [s for s in (".txt", ".bin") if (folder / f"images{s}").is_file()]
        if len(kinds) != 1:
            raise InputError(
                "holds a model as .txt and one as .bin; remove one of them"
                if kinds
                else "the camera cannot be read (the folder holds no images.txt or images.bin); give a COLMAP model"
            )
        read_cameras, read_images = (_text_cameras, _text_images) if kinds == [".txt"] else (_bin_cameras, _bin_images)
        cameras = dict(read_cameras((folder / f"cameras{kinds[0]}").read_bytes()))
        images = list(read_images((folder / f"images{kinds[0]}").read_bytes()))
        first, order = ordered([number_in(image.name) for image in images])
        path = tuple(
            camera_at(image.name, c.hw, c.k, _pose(image), c.lens)
            for image in (images[i] for i in order)
            for c in [cameras[image.camera]]
        )
        return CameraShot(CameraPath(path), None, first)


def _shared(shot: CameraShot) -> tuple[list[int], dict[_Intrinsics, int]]:
    """The camera of every frame, and the cameras that differ with their ids from 1."""
    cameras: dict[_Intrinsics, int] = {}
    numbers = zip(shot.intrinsics.tolist(), shot.lenses.tolist())
    ids = [cameras.setdefault(_model(shot.path.hw, k, lens), len(cameras) + 1) for k, lens in numbers]
    return ids, cameras


def _model(hw: tuple[int, int], k: list[float], lens: list[float]) -> _Intrinsics:
    """The smallest model that holds these."""
    if not any(lens):
        return _Intrinsics("PINHOLE", hw, tuple(k))
    fx, fy, cx, cy = k
    if fx == fy:
        return _Intrinsics("RADIAL", hw, (fx, cx, cy, *lens))
    return _Intrinsics("OPENCV", hw, (*k, *lens, 0.0, 0.0))


def _images(shot: CameraShot, ids: list[int]) -> Iterator[tuple[list[float], list[float], int, str]]:
    """Quaternion w x y z, translation, camera and name of every frame."""
    for number, camera, i in zip(shot.frames, shot.path.cameras, ids):
        pose = camera.camera_from_world
        x, y, z, w = Rotation.from_matrix(pose[:3, :3]).as_quat().tolist()
        yield [w, x, y, z], pose[:3, 3].tolist(), i, f"{number:04d}.png"


def _pose(image: _Image) -> Array:
    w, x, y, z = image.quaternion
    if not abs(np.linalg.norm(image.quaternion) - 1) < _NORM_TOLERANCE:
        raise ValueError(f"{image.name}: its quaternion must have length 1, got {list(image.quaternion)}")
    return rigid_inverse(rigid(Rotation.from_quat([x, y, z, w]).as_matrix(), np.array(image.translation)))


def _words(numbers: tuple[float, ...] | list[float]) -> str:
    return " ".join(map(repr, numbers))


def _text_lines(data: bytes) -> list[str]:
    return [line.strip() for line in data.decode().splitlines() if not line.lstrip().startswith("#")]


def _text_cameras(data: bytes) -> Iterator[tuple[int, _Intrinsics]]:
    for line in filter(None, _text_lines(data)):
        number, model, width, height, *params = line.split()
        if len(params) != dict(_MODELS).get(model, len(params)):
            raise ValueError(f"{model} must have {dict(_MODELS)[model]} parameters, got {len(params)}")
        yield int(number), _Intrinsics(model, size_of(int(width), int(height)), tuple(map(float, params)))


def _text_images(data: bytes) -> Iterator[_Image]:
    """Two lines an image: its pose, and its points, which may be an empty line."""
    lines = iter(_text_lines(data))
    for line in lines:
        if not line:
            continue
        _, *numbers, camera, name = line.split(maxsplit=9)
        if len(numbers) != 7:
            raise ValueError(f"an image must have 10 fields, got {len(numbers) + 3}")
        next(lines, None)
        values = tuple(map(float, numbers))
        yield _Image(name, values[:4], values[4:], int(camera))


class _Bytes:
    """Little-endian values one after the other. ``ValueError`` when the file ends before them."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, form: str) -> tuple[float, ...]:
        end = self._at + struct.calcsize("<" + form)
        if end > len(self._data):
            raise ValueError("the file is cut off")
        values = struct.unpack_from("<" + form, self._data, self._at)
        self._at = end
        return values

    def count(self) -> int:
        return int(self.take("Q")[0])

    def word(self) -> str:
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise ValueError("the file is cut off")
        word, self._at = self._data[self._at : end].decode(), end + 1
        return word

    def skip(self, size: int) -> None:
        self._at += size
        if self._at > len(self._data):
            raise ValueError("the file is cut off")


def _bin_cameras(data: bytes) -> Iterator[tuple[int, _Intrinsics]]:
    values = _Bytes(data)
    for _ in range(values.count()):
        number, model, width, height = values.take("iiQQ")
        if not 0 <= model < len(_MODELS):
            raise ValueError(f"the camera model {int(model)} is not known; write the model as a PINHOLE")
        name, num_params = _MODELS[int(model)]
        yield int(number), _Intrinsics(name, size_of(width, height), values.take(f"{num_params}d"))


def _bin_images(data: bytes) -> Iterator[_Image]:
    values = _Bytes(data)
    for _ in range(values.count()):
        _, *pose, camera = values.take("i7di")
        name = values.word()
        values.skip(values.count() * struct.calcsize("<ddq"))  # x, y and the point's id of every observation
        yield _Image(name, tuple(pose[:4]), tuple(pose[4:]), int(camera))
