"""The key of made-up places: boxes on a plain under a sun, and rooms with a lamp, whose light is known."""

import numpy as np
import pytest

from cyclorama.comp import Moment, read_key, with_found
from cyclorama.comp.place_key import FoundKey
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import Camera, rigid
from cyclorama.core.ground import GroundPlane
from cyclorama.core.lighting import LUMINANCE, Lighting, even_directions
from cyclorama.core.standing import Standing

HW, FOCAL = (108, 192), 150.0
EYES, TALL = 1.5, 1.75
UP = np.array([0.0, -1.0, 0.0])
GROUND = GroundPlane(UP, -EYES)
STANDING = Standing(np.array([[0.0, EYES, 5.0]]), TALL, GROUND)
CAMERAS = tuple(
    Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=rigid(np.eye(3), np.array([x, 0, 0])))
    for x in (-0.4, 0, 0.4)
)
BOXES = tuple(
    (np.array([x, EYES - tall / 2, z]), np.array([wide, tall, wide]) / 2)
    for x, z, wide, tall in ((-2.2, 5, 0.6, 1.2), (1.6, 4.6, 0.3, 1.6), (2.8, 7, 0.9, 0.9), (-1.2, 8, 0.7, 1.4))
)
DEEP = 60.0


def met(origins: np.ndarray, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far along every ray (n, 3) a box or the ground is, and the normal there."""
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.where(rays[:, 1] > 1e-9, (EYES - origins[:, 1]) / rays[:, 1], np.inf)
        normal = np.broadcast_to(UP, rays.shape).copy()
        for middle, half in BOXES:
            a, b = (middle - half - origins) / rays, (middle + half - origins) / rays
            enter, leave = np.minimum(a, b).max(1), np.maximum(a, b).min(1)
            nearer = (enter < leave) & (enter > 1e-6) & (enter < far)
            face = np.eye(3)[np.minimum(a, b).argmax(1)] * -np.sign(rays)
            far, normal = np.where(nearer, enter, far), np.where(nearer[:, None], face, normal)
    return far, normal


def plain(camera: Camera, sun: np.ndarray | None, *, stripes: bool = False) -> Moment:
    """Paint in patches; ``sun``: unit, towards it, four times the sky; ``stripes``: painted where shadows could be."""
    v, u = np.mgrid[: HW[0], : HW[1]] + 0.5
    rays = camera.unproject(np.stack([u.ravel(), v.ravel()], 1), np.ones(u.size)) - camera.center
    far, normal = met(np.broadcast_to(camera.center, rays.shape), rays)
    shown = np.minimum(far, DEEP)
    points = camera.center + shown[:, None] * rays
    light = np.full(len(rays), 0.3)
    if sun is not None:
        facing = np.maximum(normal @ sun, 0)
        blocked = np.isfinite(met(points + 1e-3 * normal, np.broadcast_to(sun, rays.shape))[0])
        light += 1.2 * facing * ~blocked
    patch = np.floor(points / 0.45).astype(int) @ [7, 3, 11] % 97
    paint = 0.25 * 2.0 ** np.random.default_rng(3).normal(0, 0.3, 97)[patch]
    if stripes:
        paint = paint * np.where((points[:, 0] * 2 + points[:, 2]) % 2.2 < 0.5, 0.25, 1.0)
    color = np.repeat((paint * light)[:, None], 3, 1).reshape(*HW, 3).astype(np.float32)
    inverse = np.where(far < DEEP, 1 / shown, 0).reshape(HW).astype(np.float32)
    return Moment(SetFrame(color, inverse, np.ones(HW, np.float32), GROUND), camera, np.zeros(HW, np.float32))


def toward(right: float, rise: float, ahead: float) -> np.ndarray:
    found = np.array([right, -rise, ahead])
    return found / np.linalg.norm(found)


def degrees(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b, -1, 1))))


@pytest.mark.parametrize("sun", [toward(0.6, 0.8, -0.3), toward(-0.7, 0.6, 0.2), toward(0.2, 0.7, 0.7)])
def test_the_sun_is_read_from_the_shadows_that_boxes_cast(sun: np.ndarray) -> None:
    found = read_key(tuple(plain(c, sun) for c in CAMERAS), STANDING)
    assert found is not None
    assert degrees(found.direction, sun) < 10  # the backs of the boxes are not seen, nor known to cast
    assert found.spread < 0.12
    assert 0.4 < found.share < 0.9  # 0.6 to 0.8 in truth


def test_no_sun_is_read_where_none_shines() -> None:
    assert read_key(tuple(plain(c, None) for c in CAMERAS), STANDING) is None


def test_black_stripes_on_the_ground_are_no_shadows() -> None:
    assert read_key(tuple(plain(c, None, stripes=True) for c in CAMERAS), STANDING) is None


def test_a_place_without_depth_tells_no_key() -> None:
    moment = plain(CAMERAS[1], toward(0.6, 0.8, -0.3))
    flat = SetFrame(moment.place.color, np.zeros(HW, np.float32), moment.place.coverage, GROUND)
    assert read_key((Moment(flat, CAMERAS[1], moment.alpha),), STANDING) is None


def room(camera: Camera, lamp: np.ndarray | None, *, carpet: bool = False) -> Moment:
    """A floor and a wall 9 before the first camera, painted in patches, under a lamp at a point of the world.
    ``carpet``: half of the floor is three stops darker, and red."""
    v, u = np.mgrid[: HW[0], : HW[1]] + 0.5
    rays = camera.unproject(np.stack([u.ravel(), v.ravel()], 1), np.ones(u.size)) - camera.center
    floor = rays[:, 1] > EYES / 9
    far = np.where(floor, EYES / np.maximum(rays[:, 1], 1e-9), 9.0)
    points = camera.center + far[:, None] * rays
    light = np.ones(len(rays))
    if lamp is not None:
        away = lamp - points
        apart = np.linalg.norm(away, axis=1)
        cosine = np.where(floor, -away[:, 1], -away[:, 2]) / apart
        light = 0.2 + 6.0 * np.maximum(cosine, 0) / apart**2
    patch = np.floor(points / 0.4).astype(int) @ [7, 3, 11] % 97
    paint = 0.1 * 2.0 ** np.random.default_rng(4).normal(0, 0.3, 97)[patch]
    color = np.repeat((paint * light)[:, None], 3, 1)
    if carpet:
        color[floor & (points[:, 2] < 6)] *= [0.25, 0.1, 0.1]
    place = SetFrame(color.reshape(*HW, 3).astype(np.float32), (1 / far).reshape(HW).astype(np.float32),
                     np.ones(HW, np.float32), GROUND)  # fmt: skip
    return Moment(place, camera, np.zeros(HW, np.float32))


@pytest.mark.parametrize("lamp", [(-1.5, -1.2, 4.0), (2.0, -1.0, 5.5), (0.3, -1.3, 3.0)])
def test_a_rooms_lamp_is_read_from_the_floor(lamp: tuple[float, float, float]) -> None:
    found = read_key(tuple(room(c, np.array(lamp)) for c in CAMERAS), STANDING)
    assert found is not None
    away = np.array(lamp) - STANDING.feet[0]
    assert degrees(found.direction, away / np.linalg.norm(away)) < 15
    assert found.spread < 0.35
    assert found.share > 0.5


@pytest.mark.parametrize("carpet", [False, True])
def test_an_even_floor_tells_no_lamp(carpet: bool) -> None:
    assert read_key(tuple(room(c, None, carpet=carpet) for c in CAMERAS), STANDING) is None


def test_a_key_that_was_found_keeps_level_and_colour() -> None:
    even = even_directions(64)
    read = Lighting.of_whites(0.5 * np.tile([1.2, 1.0, 0.7], (64, 1)), even, None, (0.5, "read"))
    light = with_found(read, FoundKey(toward(0.6, 0.8, 0), 0.1, 0.7), UP)
    assert light.mean == pytest.approx(read.mean, rel=0.02)
    assert light.key is not None
    assert light.key.color[0] > light.key.color[2]
    up, down = (2.0 ** light.stops(d * toward(0.6, 0.8, 0)) @ LUMINANCE for d in (1, -1))
    assert up > 3 * down
    assert 0 < light.key.softness < 0.4
