"""A body on a floor before a wall, under light that is known: what it keeps off the place."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclorama.comp import flatten, shadow_field, spread
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import Camera, rigid
from cyclorama.core.ground import GroundPlane
from cyclorama.core.layers import Foreground, Layers
from cyclorama.core.lighting import KeyLight, Lighting, even_directions
from cyclorama.core.shadowing import Shadowing
from cyclorama.core.standing import Standing

HW, FOCAL = (180, 320), 220
EYES, AWAY, TALL = 1.5, 5.0, 1.75
CAMERA = Camera.from_focal(hw=HW, focal_px=FOCAL)
GROUND = GroundPlane(np.array([0.0, -1.0, 0.0]), -EYES)
FEET = np.array([0.0, EYES, AWAY])
HALF_WIDTH = 0.2
SUN = np.array([-0.6, -0.7, -0.4]) / np.linalg.norm([-0.6, -0.7, -0.4])
"""Towards it: from the upper left behind the camera; a shadow falls to the right and away."""


def actor(camera: Camera = CAMERA) -> np.ndarray:
    """A post as tall and wide as a body: alpha h w."""
    corners = FEET + np.array([[-HALF_WIDTH, -TALL, 0], [HALF_WIDTH, 0, 0]])
    (left, top), (right, bottom) = camera.project(corners)[0].round().astype(int)
    alpha = np.zeros(HW, np.float32)
    alpha[max(top, 0) : bottom, left:right] = 1
    return alpha


def place(wall: float = 40.0) -> SetFrame:
    """A white floor, and a wall across so far off."""
    v = (np.arange(HW[0]) + 0.5 - HW[0] / 2) / FOCAL / EYES
    inverse = np.repeat(np.maximum(v, 1 / wall)[:, None], HW[1], 1).astype(np.float32)
    return SetFrame(np.full((*HW, 3), 0.5, np.float32), inverse, np.ones(HW, np.float32), GROUND)


def sun(toward: np.ndarray = SUN, softness: float = 0.05, ambient: float = 0.4) -> Lighting:
    directions = even_directions(256)
    color = np.array([1.1, 1.0, 0.7])
    whites = ambient * np.array([0.8, 1.0, 1.3]) + np.maximum(directions @ toward, 0)[:, None] * color
    return Lighting.of_whites(whites, directions, KeyLight(tuple(toward), tuple(color), softness), (1, "made up"))


def field(light: Lighting, scene: SetFrame | None = None, **more: float) -> np.ndarray:
    """The layer at the size of the picture."""
    known = {"lit": 0.0, "strength": 1.0} | more
    shadowing = Shadowing(Standing(FEET[None], TALL, GROUND), light, np.ones(1), known["lit"], known["strength"])
    return spread(shadow_field(actor(), scene or place(), CAMERA, 0, shadowing), HW)


def at(layer: np.ndarray, *point: float) -> np.ndarray:
    """Red, green and blue where a point of the world is seen, given from the feet."""
    x, y = CAMERA.project(FEET[None] + point)[0][0].astype(int)
    return layer[y, x]


EVEN = replace(sun(), key=None)


def test_it_is_dark_at_the_feet_and_not_far_from_them() -> None:
    layer = field(EVEN)
    assert layer.min() >= 0
    assert layer.max() == 1
    darkness = [1 - at(layer, x, 0, 0).mean() for x in (0.3, 0.5, 0.8, 1.2)]
    assert all(a > b for a, b in pairwise(darkness))
    assert darkness[0] > 0.1
    assert (layer[: HW[0] // 2 - 4] > 0.99).all()
    assert np.ptp(layer, axis=2).max() < 1e-5


def test_the_dome_is_hidden_as_much_as_the_form_factor_of_a_post_says() -> None:
    """Beside an upright post seen under the angle phi its form factor from the floor is phi / (2 pi) sin^2 of how
    high it rises: a cosine-weighted wedge of the dome."""
    for away in (0.6, 1.0):
        wedge = 2 * np.arctan(HALF_WIDTH / away) / (2 * np.pi) * (TALL**2 / (TALL**2 + away**2))
        assert 1 - at(field(EVEN), 0, 0, -away).mean() == pytest.approx(wedge, rel=0.45)


def test_the_shadow_lies_along_the_key() -> None:
    layer = field(sun())
    for share in (0.3, 0.5, 0.7):
        point = share * TALL * np.array([0.0, -1, 0])
        reached = point + SUN * (point[1] / -SUN[1])
        reached[1] = 0
        light = sun()
        shaded = 2.0 ** light.stops(-SUN) / 2.0 ** light.stops(np.array([0.0, -1, 0]))
        np.testing.assert_allclose(at(layer, *reached), shaded, atol=0.15)
        assert (at(layer, -reached[0], 0, -reached[2]) > 0.8).all()


def test_the_shadow_has_the_colour_of_what_is_left() -> None:
    r, g, b = at(field(sun()), *(TALL / 2 * np.array([SUN[0] / SUN[1], 0, SUN[2] / SUN[1]])))
    assert r < g < b


def test_a_softer_key_has_a_fainter_edge_and_the_same_foot() -> None:
    hard, soft = (field(sun(softness=s)) for s in (0.02, 0.6))
    head, foot = (share * TALL * np.array([SUN[0] / SUN[1], 0, SUN[2] / SUN[1]]) for share in (0.85, 0.05))
    assert at(hard, *head)[1] < 0.65
    assert at(soft, *head)[1] > at(hard, *head)[1] + 0.2
    assert at(soft, *foot)[1] < 0.85


def test_the_shadow_climbs_a_wall() -> None:
    behind = field(sun(np.array([-0.2, -0.5, -0.84]) / np.linalg.norm([-0.2, -0.5, -0.84])), place(AWAY + 1.0))
    assert at(behind, 0.24, -1.0, 1.0)[1] < 0.7
    assert at(behind, -0.8, -1.0, 1.0)[1] > 0.9


def test_a_wall_close_behind_darkens_and_a_far_one_does_not() -> None:
    near, far = field(EVEN, place(AWAY + 0.4)), field(EVEN, place(AWAY + 3.0))
    assert at(near, 0.3, -0.4, 0.4)[1] < 0.95
    assert at(far, 0.3, -0.4, 3.0)[1] > 0.99


def test_what_the_key_does_not_reach_is_not_darkened_twice() -> None:
    middle = TALL / 2 * np.array([SUN[0] / SUN[1], 0, SUN[2] / SUN[1]])
    for seen, darker in ((0.5, True), (0.1, False)):
        scene = place()
        scene.color[:] = seen
        assert (at(field(sun(), scene, lit=0.5), *middle)[1] < 0.6) == darker
    dark = place()
    dark.color[:] = 0.1
    assert at(field(sun(), dark, lit=0.5), *middle)[1] == pytest.approx(at(field(EVEN), *middle)[1], abs=0.1)


@settings(deadline=None, max_examples=15)
@given(strength=st.floats(0.05, 1))
def test_strength_is_a_share(strength: float) -> None:
    whole, part = field(sun()), field(sun(), strength=strength)
    np.testing.assert_allclose(1 - part, strength * (1 - whole), atol=4e-3)


def test_it_stays_where_the_camera_goes() -> None:
    """The same ground point is as dark from a camera a step to the side."""
    moved = Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=rigid(np.eye(3), np.array([0.15, 0, 0])))
    shadowing = Shadowing(Standing(np.stack([FEET, FEET]), TALL, GROUND), sun(), np.ones(2), 0.0, 1.0)
    layers = [spread(shadow_field(actor(c), place(), c, i, shadowing), HW) for i, c in enumerate((CAMERA, moved))]
    for point in ([0.4, 0, 0.1], [0.6, 0, 0.4], [-0.5, 0, 0]):
        shown = []
        for camera, layer in zip((CAMERA, moved), layers):
            x, y = camera.project(FEET[None] + point)[0][0].astype(int)
            shown.append(layer[y, x, 1])
        assert shown[0] == pytest.approx(shown[1], abs=0.08)


def test_no_feet_no_actor_no_shadow() -> None:
    standing = Standing(np.stack([FEET, FEET]), TALL, GROUND)
    shadowing = Shadowing(standing, sun(), np.array([0.0, 1.0]), 0.0, 1.0)
    assert (shadow_field(actor(), place(), CAMERA, 0, shadowing) == 1).all()
    assert (shadow_field(0 * actor(), place(), CAMERA, 1, shadowing) == 1).all()
    assert shadow_field(actor(), place(), CAMERA, 1, shadowing).min() < 0.7


def test_the_place_takes_it_and_the_actor_does_not() -> None:
    alpha, rng = actor(), np.random.default_rng(1)
    man = Foreground(rng.random((*HW, 3), np.float32) * alpha[..., None], alpha)
    scene, layer = place(), np.full((9, 16, 3), 0.5, np.float32)
    plain, dark = (flatten(Layers(scene, (man,), shadow=s)) for s in (None, layer))
    assert (dark[alpha == 1] == plain[alpha == 1]).all()
    np.testing.assert_allclose(dark[alpha == 0], 0.5 * plain[alpha == 0])
    assert (scene.color == 0.5).all()
    nothing = flatten(Layers(scene, (man,), shadow=np.ones((1, 1, 3), np.float32)))
    assert (nothing == plain).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [({"strength": 0.0}, "above 0"), ({"seen": np.ones(2)}, "every frame"), ({"lit": -1.0}, "lit must be")],
)
def test_what_cannot_be(change: dict[str, object], words: str) -> None:
    good = Shadowing(Standing(FEET[None], TALL, GROUND), sun(), np.ones(1), 0.0, 1.0)
    with pytest.raises(ValueError, match=words):
        replace(good, **change)
