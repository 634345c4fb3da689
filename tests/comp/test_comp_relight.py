"""The relight layer keeps the plate's detail, follows the light's colour, and holds still."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from cyclorama.comp import flatten, from_panorama, gain_field, read_place, relit, relit_gain, with_key
from cyclorama.comp.light_surfaces import Moment
from cyclorama.comp.relight import BRIGHTEST_STOPS, DARKEST_STOPS
from cyclorama.comp.relight_normals import inflated_normals
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import Camera
from cyclorama.core.layers import Foreground, Layers
from cyclorama.core.lighting import LUMINANCE, Lighting, Relighting, even_directions, studio

HW = (240, 320)
CAMERA = Camera.from_focal(hw=HW, focal_px=300)
UP = np.array([0.0, -1.0, 0.0])
DIRECTIONS = even_directions(300)
RNG = np.random.default_rng(5)
_DETAIL_PX, _FLOOR, _AGREES = 6.0, 0.002, 0.03


def slanted(level: float, slope: tuple[float, float, float], tint: tuple[float, float, float] = (0, 0, 0)) -> Lighting:
    whites = 2.0 ** ((level + DIRECTIONS @ slope)[:, None] + tint)
    return Lighting.of_whites(whites, DIRECTIONS, None, (1.0, "a test"))


def figure(shift: float = 0.0) -> np.ndarray:
    """Alpha of a head, a body and an arm, soft by a pixel, h w float32."""
    big = np.zeros((HW[0] * 4, HW[1] * 4), np.uint8)
    dx = round(4 * shift)
    cv2.circle(big, (640 + dx, 200), 110, 255, -1)
    cv2.ellipse(big, (640 + dx, 640), (190, 360), 0, 0, 360, 255, -1)
    cv2.line(big, (700 + dx, 480), (1000 + dx, 300), 255, 70)
    return cv2.resize(big, HW[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def actor(shift: float = 0.0) -> Foreground:
    """Cloth of many colours with detail of every size, from near black to near white."""
    rng = np.random.default_rng(1)
    paint = sum(cv2.resize(rng.random((HW[0] // s, HW[1] // s, 3)), HW[::-1]) / 3 for s in (2, 8, 24))
    color = (0.9 * np.clip(paint, 0, 1) ** 2.2).astype(np.float32)
    alpha = figure(shift)
    return Foreground(color * alpha[..., None], alpha)


def _lit_place(room: np.ndarray) -> Lighting:
    camera = CAMERA.resized((60, 80))
    far = np.full((60, 80), 0.2, np.float32)
    ones, alpha = np.ones((60, 80), np.float32), cv2.resize(figure(), (80, 60), interpolation=cv2.INTER_AREA)
    return read_place((Moment(SetFrame(room.astype(np.float32), far, ones), camera, alpha),))


def _panorama() -> np.ndarray:
    sky = np.full((32, 64, 3), 0.3, np.float32)
    sky[8:12, 14:18] = (90, 70, 40)
    return sky


DUSK = np.linspace(0.02, 0.5, 80)[None, :, None] * np.ones((60, 1, 1)) * [1.3, 0.9, 0.5]
PATHS = {
    "read from the place": lambda: _lit_place(DUSK),
    "a panorama": lambda: from_panorama(_panorama(), _lit_place(DUSK), np.eye(3)),
    "the user's word": lambda: with_key(_lit_place(DUSK), np.array([-1.0, -0.7, -0.4]), 0.35, 0.2),
    "a steep light": lambda: slanted(-0.5, (-1.0, 0.4, 0.6), (0.5, -0.05, -0.6)),
}


SUNSET = np.where(np.arange(HW[1])[None, :, None] < 160, (2.2, 1.5, 0.9), (0.25, 0.3, 0.45)) * np.ones((*HW, 1))


def creased() -> np.ndarray:
    """Normals of crumpled cloth: anywhere within 60 degrees of the camera, h w 3."""
    across = cv2.resize(RNG.normal(size=(24, 32, 2)), HW[::-1])
    return np.dstack([across, np.full(HW, 0.8)]).astype(np.float32) / np.hypot(1, across.max())


def repainted(one: Foreground, strength: float = 1.0) -> np.ndarray:
    """A half of him in the evening sun, the other in its shade, with another program's own brush."""
    lit = one.color / np.maximum(one.alpha, 1e-6)[..., None] * SUNSET
    return (cv2.GaussianBlur(lit, (0, 0), 3) * RNG.uniform(1 - strength, 1 + strength, (*HW, 1))).astype(np.float32)


FIELDS = {
    **{n: lambda a, n=n: gain_field(a, CAMERA, Relighting(studio(UP), PATHS[n](), 1.0)) for n in PATHS},
    "normals of a pass": lambda a: gain_field(
        a, CAMERA, Relighting(studio(UP), PATHS["a steep light"](), 1.0), creased()
    ),
    "a relit clip": lambda a: relit_gain(a, repainted(a, 0.4), 1.0),
    "a relit clip of half the size": lambda a: relit_gain(a, cv2.resize(repainted(a), (160, 120)), 0.7),
}


def detail(color: np.ndarray, core: np.ndarray) -> np.ndarray:
    log = np.log(np.maximum(color @ LUMINANCE, 0) + _FLOOR)
    weight = core.astype(np.float64)
    low = cv2.GaussianBlur(log * weight, (0, 0), _DETAIL_PX) / (cv2.GaussianBlur(weight, (0, 0), _DETAIL_PX) + 1e-9)
    return np.asarray(log - low)


@pytest.mark.parametrize("path", sorted(FIELDS))
def test_the_high_frequencies_are_the_plates_own(path: str) -> None:
    despilled = actor()
    field = FIELDS[path](despilled)
    lit, core = relit(despilled, field), despilled.alpha > 0.99
    assert np.abs(lit - despilled.color).max() > 0.05  # it does something
    apart = np.abs(detail(lit, core) - detail(despilled.color, core))[core]
    assert np.quantile(apart, 0.95) < _AGREES


@pytest.mark.parametrize("tint", [(0.5, -0.05, -0.6), (-0.3, 0.05, 0.4)])
def test_a_neutral_patch_takes_the_colour_of_the_light_alone(tint: tuple[float, float, float]) -> None:
    alpha = figure()
    grey = Foreground(np.repeat(0.3 * alpha[..., None], 3, 2), alpha)
    lit = relit(grey, gain_field(grey, CAMERA, Relighting(slanted(0, (0, 0, 0)), slanted(-1, (0.8, 0, 0), tint), 1)))
    shown = np.log2(lit[alpha > 0.99])
    assert np.allclose(shown - shown @ LUMINANCE[:, None], np.array(tint) - np.array(tint) @ LUMINANCE, atol=0.03)


def test_light_from_the_left_is_brighter_on_the_left() -> None:
    alpha = figure()
    grey = Foreground(np.repeat(0.3 * alpha[..., None], 3, 2), alpha)
    lit = relit(grey, gain_field(grey, CAMERA, Relighting(studio(UP), slanted(0, (-1, 0, 0)), 1.0)))
    body = lit[140:180, :, 1]
    left, right = body[:, 115:130].mean(), body[:, 190:205].mean()
    assert left > 1.3 * right
    assert left > 0.3 > right


def test_an_even_light_of_the_stages_own_changes_nothing() -> None:
    despilled = actor()
    field = gain_field(despilled, CAMERA, Relighting(studio(UP), studio(UP), 1.0))
    assert np.allclose(relit(despilled, field), despilled.color, atol=1e-5)


def test_gains_are_bounded() -> None:
    for level in (-14.0, 12.0):
        field = gain_field(actor(), CAMERA, Relighting(studio(UP), slanted(level, (1, 0, 0)), 1.0))
        assert np.isfinite(field).all()
        assert field.min() >= 2**DARKEST_STOPS - 1e-4
        assert field.max() <= 2**BRIGHTEST_STOPS + 1e-4


@pytest.mark.parametrize("shot", ["black", "nothing", "cut"])
def test_odd_actors_are_lit_without_a_crash(shot: str) -> None:
    alpha = figure()
    if shot == "nothing":
        alpha = np.zeros_like(alpha)
    color = np.repeat(0.2 * alpha[..., None], 3, 2)
    one = Foreground(0 * color if shot == "black" else color, alpha)
    if shot == "cut":
        one = Foreground(np.ascontiguousarray(color[60:150, 130:200]), np.ascontiguousarray(alpha[60:150, 130:200]))
    lit = relit(one, gain_field(one, CAMERA, Relighting(studio(UP), slanted(-1, (1, 1, 0)), 1.0)))
    assert np.isfinite(lit).all()
    assert (lit[one.alpha == 0] == 0).all()


def test_an_actor_that_moves_by_a_pixel_does_not_flicker() -> None:
    light = Relighting(studio(UP), slanted(-0.5, (-0.8, 0.3, 0)), 1.0)
    fields = [gain_field(actor(s), CAMERA, light)[..., :3] for s in np.arange(0, 3, 0.25)]
    steps = [np.abs(np.log2(b / a)).max() for a, b in pairwise(fields)]
    assert max(steps) < 0.06  # of a quarter of a pixel
    assert np.mean(steps) < 0.03


def test_a_relit_actor_that_moves_by_a_pixel_does_not_flicker() -> None:
    shifted = [actor(s) for s in np.arange(0, 3, 0.25)]
    fields = [relit_gain(a, repainted(a, 0.0), 1.0)[..., :3] for a in shifted]
    inside = cv2.resize(figure(), fields[0].shape[1::-1], interpolation=cv2.INTER_AREA) > 0.5
    steps = [np.abs(np.log2(b / a))[inside].max() for a, b in pairwise(fields)]
    assert max(steps) < 0.06  # of a quarter of a pixel
    assert np.mean(steps) < 0.04


def test_a_disc_swells_to_a_half_sphere() -> None:
    y, x = np.mgrid[:64, :64] + 0.5 - 32
    alpha = (np.hypot(x, y) < 24).astype(np.float32)
    normal, inside = inflated_normals(alpha), np.hypot(x, y) < 20
    wanted = np.stack([x / 24, y / 24, np.sqrt(np.maximum(1 - (x**2 + y**2) / 24**2, 0))], -1)
    assert np.degrees(np.arccos(np.clip((normal * wanted).sum(-1)[inside], -1, 1))).mean() < 6
    assert np.allclose(np.linalg.norm(normal, axis=-1), 1, atol=1e-4)


def test_an_outline_goes_on_beyond_the_frame() -> None:
    alpha = np.zeros((64, 64), np.float32)
    alpha[20:, 20:44] = 1
    normal = inflated_normals(alpha)
    assert abs(normal[62, 32, 1]) < 0.15
    assert normal[62, 22, 0] < -0.5 < 0.5 < normal[62, 41, 0]


def test_flatten_relights_the_actor_and_never_the_place() -> None:
    despilled = actor()
    place = RNG.random((*HW, 3), np.float32)
    plane = np.ones(HW, np.float32)
    field = gain_field(despilled, CAMERA, Relighting(studio(UP), slanted(-1, (1, 0, 0)), 1.0))
    dark = flatten(Layers(SetFrame(place, plane, plane), (despilled,), field))
    plain = flatten(Layers(SetFrame(place, plane, plane), (despilled,), None))
    bare, solid = despilled.alpha == 0, despilled.alpha == 1
    assert np.array_equal(dark[bare], place[bare])
    assert np.array_equal(plain[solid], despilled.color[solid])
    assert np.allclose(dark[solid], relit(despilled, field)[solid])
