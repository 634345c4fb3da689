"""A 360 degree panorama: found, prepared, drawn.

An equirectangular picture holds more pixels than the plate shows (aliasing) and, towards its poles, more still: it is
brought down to the plate's pixels a radian once, and every row is averaged along itself over 1 / cos(latitude), so that
what is left can be sampled with one bicubic look-up a pixel anywhere.
"""

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.display import code8_from_linear
from cyclorama.core.place import Sphere
from cyclorama.scenery.bend import bend_of, sight_row
from cyclorama.scenery.look_up import look_up

_SHAPE = 0.01  # by how much, as a share, a panorama's width may differ from twice its height
_ENDS = 3.0  # times the step beside them: ends that differ more do not meet
_FAR = 0.35  # of the difference between columns a third of the picture apart: the same
_POLE = 0.85  # of the spread of the middle rows: a first or last row that varies more is no single point
_NOTHING = 1.0  # code values: differences that say nothing
_SPARE = 1.25  # pixels a radian kept, over those in the middle of the plate: towards its corners it has more
_ONE_SIZE = 1.2  # a lens that zooms less is served by one size of the picture
_PAD = 2  # pixels around a sphere's picture, for the bicubic kernel


def is_panorama(image: Array) -> bool:
    """Whether a picture, h w 3 float32 scene-linear, is a whole equirectangular panorama: twice as wide as high, its
    ends meet, and its first and last rows vary less than the others."""
    h, w = image.shape[:2]
    if h < 8 or abs(w / (2 * h) - 1) > _SHAPE:
        return False
    codes = code8_from_linear(image).astype(np.float32)

    def apart(one: Array, two: Array) -> float:
        return float(np.abs(one - two).mean())

    ends = apart(codes[:, 0], codes[:, -1])
    beside = (apart(codes[:, 0], codes[:, 1]) + apart(codes[:, -2], codes[:, -1])) / 2
    far = apart(codes, np.roll(codes, w // 3, axis=1))
    spread = codes.std(1).mean(1)
    poles, usual = float(max(spread[0], spread[-1])), float(np.median(spread[h // 4 : -(h // 4)]))
    meets = ends <= _ENDS * beside + _NOTHING and ends <= _FAR * far
    return far > _NOTHING and meets and poles <= _POLE * usual + _NOTHING


def build_sphere(image: Array, path: CameraPath, frame: int, look_at_deg: tuple[float, float] = (0.0, 0.0)) -> Sphere:
    """The sphere of an equirectangular ``image`` (h w 3 float32 scene-linear), at a size for ``path``.

    At ``frame`` the camera looks, upright, at ``look_at_deg``: degrees to the right of the picture's middle, and above.
    """
    focals = [float(c.px_from_cam[0, 0]) for c in path.cameras]
    images = [_sized(image, _width_for(max(focals)))]
    while _width_for(min(focals)) * _ONE_SIZE < images[-1].shape[1]:
        images.append(_sized(images[-1], images[-1].shape[1] // 2))
    yaw, pitch = np.radians(look_at_deg)
    turn = cv2.Rodrigues(np.array([0, yaw, 0]))[0] @ cv2.Rodrigues(np.array([pitch, 0, 0]))[0]
    world_from_camera = path[frame].world_from_camera[:3, :3]
    return Sphere(tuple(_for_sampling(i) for i in images), _orthonormal(world_from_camera @ turn.T))


def px_per_degree(width: int) -> float:
    """Of an equirectangular picture."""
    return width / 360


def _width_for(focal_px: float) -> float:
    return _SPARE * 2 * np.pi * focal_px


def _sized(image: Array, width: float) -> Array:
    h = max(2 * _PAD, round(width / 2))
    if 2 * h >= image.shape[1]:
        return image
    return cv2.resize(image, (2 * h, h), interpolation=cv2.INTER_AREA)


def _orthonormal(matrix: Array) -> Array:
    """Cameras from files are right to four digits."""
    u, _, v = np.linalg.svd(matrix)
    return np.asarray(u @ v)


def _for_sampling(image: Array) -> Array:
    """Every row averaged over 1 / cos(latitude) pixels, and around the picture what follows it on the sphere."""
    h, w = image.shape[:2]
    out = np.empty((h + 2 * _PAD, w + 2 * _PAD, 3), np.float32)
    _average_rows(np.ascontiguousarray(image), out[_PAD:-_PAD, _PAD:-_PAD])
    body = out[:, _PAD:-_PAD]
    body[:_PAD] = np.roll(body[_PAD : 2 * _PAD][::-1], w // 2, axis=1)  # over a pole lies the other side
    body[-_PAD:] = np.roll(body[-2 * _PAD : -_PAD][::-1], w // 2, axis=1)
    out[:, :_PAD], out[:, -_PAD:] = out[:, -2 * _PAD : -_PAD], out[:, _PAD : 2 * _PAD]
    return out


@njit(cache=True, nogil=True)
def _average_rows(image, out):  # type: ignore[no-untyped-def]
    h, w, num = image.shape
    sums = np.zeros(w + 1)
    for y in range(h):
        latitude = ((y + 0.5) / h - 0.5) * np.pi
        width = min(float(w), 1 / np.cos(latitude))
        for c in range(num):
            for x in range(w):
                sums[x + 1] = sums[x] + image[y, x, c]
            for x in range(w):
                out[y, x, c] = (_until(sums, x + 0.5 + width / 2) - _until(sums, x + 0.5 - width / 2)) / width


@njit(cache=True, nogil=True)
def _until(sums, at):  # type: ignore[no-untyped-def]
    """The sum of a row that repeats, from 0 up to the place ``at``."""
    w = len(sums) - 1
    turns = np.floor(at / w)
    at -= turns * w
    i = min(int(at), w - 1)
    return turns * sums[w] + sums[i] + (at - i) * (sums[i + 1] - sums[i])


def draw_sphere(sphere: Sphere, camera: Camera) -> SetFrame:
    """The sphere as ``camera`` sees it, wherever it stands."""
    size = float(np.log2(max(1.0, (sphere.images[0].shape[1] - 2 * _PAD) / _width_for(camera.px_from_cam[0, 0]))))
    level = min(int(size), len(sphere.images) - 1)
    coarser = size - level if level + 1 < len(sphere.images) else 0.0
    color = _sampled(sphere.images[level], sphere, camera)
    if coarser > 0.02:
        color = cv2.addWeighted(color, 1 - coarser, _sampled(sphere.images[level + 1], sphere, camera), coarser, 0)
    return SetFrame(color, np.zeros(camera.hw, np.float32), np.ones(camera.hw, np.float32))


def _sampled(image: Array, sphere: Sphere, camera: Camera) -> Array:
    """Bicubic."""
    sphere_from_camera = sphere.world_from_sphere.T @ camera.world_from_camera[:3, :3]
    plane = (
        sphere_from_camera if not camera.lens.is_straight else sphere_from_camera @ np.linalg.inv(camera.px_from_cam)
    )
    u, v = np.empty(camera.hw, np.float32), np.empty(camera.hw, np.float32)
    size = (image.shape[0] - 2 * _PAD, image.shape[1] - 2 * _PAD)
    _places(plane.astype(np.float32), bend_of(camera), size, u, v)
    return look_up(image, u, v)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _places(r, bend, size, us, vs):  # type: ignore[no-untyped-def]
    """Where each pixel looks in the padded picture, as ``cv2.remap`` counts (centres at whole numbers)."""
    h, w = us.shape
    around, down = np.float32(size[1] / (2 * np.pi)), np.float32(size[0] / np.pi)
    u0 = np.float32(size[1] / 2 + _PAD - 0.5)
    v0 = np.float32(size[0] / 2 + _PAD - 0.5)
    p, q = np.empty(w, np.float32), np.empty(w, np.float32)
    for y in range(h):
        if len(bend.table):
            sight_row((0, y), bend, p, q)
        else:
            for x in range(w):
                p[x] = np.float32(x) + np.float32(0.5)
                q[x] = np.float32(y) + np.float32(0.5)
        for x in range(w):
            a = r[0, 0] * p[x] + r[0, 1] * q[x] + r[0, 2]
            b = r[1, 0] * p[x] + r[1, 1] * q[x] + r[1, 2]
            c = r[2, 0] * p[x] + r[2, 1] * q[x] + r[2, 2]
            us[y, x] = u0 + around * _angle(a, c)
            vs[y, x] = v0 + down * _angle(b, np.sqrt(a * a + c * c))


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def _angle(y, x):  # type: ignore[no-untyped-def]
    """arctan2 without branches, so that it runs several pixels at a time; the series of Abramowitz and Stegun (1964,
    4.4.49), 2e-8 off and in float32 3e-7."""
    far, near = max(abs(x), abs(y)), min(abs(x), abs(y))
    t = near / max(far, np.float32(1e-30))
    s = t * t
    z = np.float32(0.0028662257)
    z = z * s - np.float32(0.0161657367)
    z = z * s + np.float32(0.0429096138)
    z = z * s - np.float32(0.0752896400)
    z = z * s + np.float32(0.1065626393)
    z = z * s - np.float32(0.1420889944)
    z = z * s + np.float32(0.1999355085)
    z = z * s - np.float32(0.3333314528)
    angle = t + t * s * z
    angle = np.float32(np.pi / 2) - angle if abs(y) > abs(x) else angle
    angle = np.float32(np.pi) - angle if x < 0 else angle
    return -angle if y < 0 else angle
