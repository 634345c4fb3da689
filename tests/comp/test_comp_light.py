"""The light of made-up places whose light is known."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclorama.comp import Moment, actor_at, from_panorama, read_place, with_key
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import Camera
from cyclorama.core.ground import GroundPlane
from cyclorama.core.lighting import LUMINANCE, Lighting

HW = (54, 96)
CAMERA = Camera.from_focal(hw=HW, focal_px=70)
DISTANCE = 4.0
EYES, WALL, SIDE = 1.5, 8.0, 3.0
FLAT = np.zeros(HW, np.float32)


def box() -> tuple[np.ndarray, np.ndarray]:
    """Inverse depth and normals (towards the camera) of a corridor: floor, ceiling, two sides, an end."""
    v, u = np.mgrid[: HW[0], : HW[1]] + 0.5
    x, y = (u - HW[1] / 2) / 70, (v - HW[0] / 2) / 70
    floor, ceiling = np.maximum(y, 0) / EYES, np.maximum(-y, 0) / EYES
    left, right = np.maximum(-x, 0) / SIDE, np.maximum(x, 0) / SIDE
    planes = np.stack([floor, ceiling, left, right, np.full(HW, 1 / WALL)])
    normals = np.array([[0, -1, 0], [0, 1, 0], [1, 0, 0], [-1, 0, 0], [0, 0, -1.0]])
    return planes.max(0).astype(np.float32), normals[planes.argmax(0)]


def actor() -> np.ndarray:
    alpha = np.zeros(HW, np.float32)
    alpha[16:53, 44:52] = 1
    return alpha


def lit(level: float, slope: tuple[float, float, float], tint: tuple[float, float, float] = (0, 0, 0)) -> Lighting:
    """The light read from the corridor, painted in grey patches, under a light that is known, in stops."""
    inverse_depth, normals = box()
    paint = np.random.default_rng(2).uniform(-3.6, -2.2, (9, 16)).repeat(6, 0).repeat(6, 1)
    stops = (paint + level + normals @ slope)[..., None] + tint
    place = SetFrame((2.0**stops).astype(np.float32), inverse_depth, np.ones(HW, np.float32))
    return read_place((Moment(place, CAMERA, actor()),))


@settings(deadline=None, max_examples=25)
@given(low=st.floats(-3, 1), more=st.floats(0.2, 2))
def test_a_brighter_place_gives_more_light(low: float, more: float) -> None:
    assert lit(low, (0, 0, 0)).exposure < lit(low + more, (0, 0, 0)).exposure


def test_the_level_is_read_as_far_as_grey_paint_can_tell_it() -> None:
    """Towards a stage's level, as a place of one paint may be dark or its paint; this paint is paler than most, by half
    a stop."""
    read = [lit(level, (0, 0, 0)).exposure for level in (-2.0, -1.0, 0.0, 1.0)]
    assert all(0.6 < b - a < 1 for a, b in pairwise(read))
    assert read == pytest.approx([-1.25, -0.4, 0.45, 1.3], abs=0.3)


def test_lamplight_is_usually_dimmer_than_daylight() -> None:
    """The same level of grey in warm light, in neutral light, and in warm light under open sky."""
    ones, read = np.ones(HW, np.float32), []
    for warm, sky in ((0.25, False), (0.0, False), (0.25, True)):
        shown = (0.1 * 2.0 ** np.array([warm, 0, -warm]) * np.ones((*HW, 1))).astype(np.float32)
        if sky:
            shown[:6] = (0.3, 0.4, 0.6)
        read.append(read_place((Moment(SetFrame(shown, FLAT, ones), CAMERA, actor()),)).exposure)
    assert read[0] < read[1] - 0.15
    assert read[0] < read[2] - 0.1


@pytest.mark.parametrize("slope", [(-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0.8, -0.6, 0)])
def test_the_direction_is_read_from_what_faces_it(slope: tuple[float, float, float]) -> None:
    key = lit(0, slope).key
    assert key is not None
    assert key.direction @ np.array(slope) > 0.8 * np.linalg.norm(slope)


def test_an_even_place_has_no_key() -> None:
    assert lit(0, (0, 0, 0)).key is None


def test_the_light_of_a_grey_place_is_its_tint_and_paint_is_taken_for_paint() -> None:
    tint = np.array([0.3, 0.0, -0.4])
    white = np.log2(lit(0, (0, 0, 0), tuple(tint)).white)
    assert white[0] - white[2] > 0.3
    painted = np.log2(lit(0, (0, 0, 0), (1.5, -0.3, -1.5)).white)
    assert painted[0] - painted[2] < 0.4 * 3.0


def test_lamps_do_not_count_as_lit_walls() -> None:
    inverse_depth, _ = box()
    dark = np.full((*HW, 3), 0.02, np.float32)
    lamps = dark.copy()
    lamps[4:20:4, 60:90:6] = 1.0
    ones = np.ones(HW, np.float32)
    lights = [read_place((Moment(SetFrame(c, inverse_depth, ones), CAMERA, actor()),)).exposure for c in (dark, lamps)]
    assert abs(lights[1] - lights[0]) < 0.1


@pytest.mark.parametrize("level", [0.0, 1e6])
def test_a_place_that_tells_nothing_leaves_a_stages_level(level: float) -> None:
    ones = np.ones(HW, np.float32)
    blank = np.full((*HW, 3), level, np.float32)
    for depth in (box()[0], FLAT):
        light = read_place((Moment(SetFrame(blank, depth, ones), CAMERA, actor()),))
        assert np.isfinite(light.coefficients).all()
        assert (light.confidence == 0) == (level > 1)
    empty = read_place((Moment(SetFrame(blank, FLAT, 0 * ones), CAMERA, 0 * actor()),))
    assert empty.exposure == pytest.approx(0, abs=1e-6)
    with pytest.raises(ValueError, match="at least one moment, got none"):
        read_place(())


def test_without_depth_less_is_believed() -> None:
    """A picture alone: the same dark place, read more carefully."""
    ones, dark = np.ones(HW, np.float32), np.full((*HW, 3), 0.02, np.float32)
    known, guessed = (read_place((Moment(SetFrame(dark, d, ones), CAMERA, actor()),)) for d in (box()[0], FLAT))
    assert known.exposure < guessed.exposure < -0.3
    assert guessed.confidence < known.confidence


def panorama(sun: tuple[int, int] | None) -> np.ndarray:
    image = np.full((32, 64, 3), 0.5, np.float32)
    if sun is not None:
        image[sun[0] : sun[0] + 2, sun[1] : sun[1] + 2] = (100, 80, 50)
    return image


def test_an_even_panorama_is_an_even_light_at_the_level_that_was_read() -> None:
    read = lit(-1, (0, 0, 0))
    light = from_panorama(panorama(None), read, np.eye(3))
    assert light.exposure == pytest.approx(read.exposure)
    assert np.ptp(light.stops(np.eye(3))) < 0.02
    assert light.white == pytest.approx((1, 1, 1), abs=1e-3)
    assert light.key is None


@pytest.mark.parametrize(
    ("sun", "axis", "sign"), [((15, 15), 0, -1), ((15, 47), 0, 1), ((15, 31), 2, 1), ((1, 31), 1, -1)]
)
def test_the_sun_of_a_panorama_is_the_key(sun: tuple[int, int], axis: int, sign: int) -> None:
    light = from_panorama(panorama(sun), lit(0, (0, 0, 0)), np.eye(3))
    assert light.key is not None
    assert sign * light.key.direction[axis] > 0.9
    assert light.key.color[0] > light.key.color[1] > light.key.color[2]
    assert light.key.softness < 0.3
    toward = np.zeros(3)
    toward[axis] = sign
    assert light.stops(toward) @ LUMINANCE > light.stops(-toward) @ LUMINANCE + 0.3


def test_a_panorama_turns_with_the_world() -> None:
    turn = np.array([[0, 0, 1.0], [0, 1, 0], [-1, 0, 0]])  # its middle column lies along the world's x
    key = from_panorama(panorama((15, 31)), lit(0, (0, 0, 0)), turn).key
    assert key is not None
    assert key.direction[0] > 0.9


def test_the_users_word_stands_over_what_was_read() -> None:
    read = lit(-0.5, (1, 0, 0), (-0.3, 0, 0.3))
    told = with_key(read, np.array([-1.0, -1.0, 0.0]), 0.35, 0.2)
    assert told.key is not None
    assert told.key.direction == pytest.approx((-(0.5**0.5), -(0.5**0.5), 0))
    assert told.key.softness == 0.2
    assert told.white[0] > 1.1 > 0.9 > told.white[2]
    assert told.exposure == pytest.approx(read.exposure, abs=0.35)
    assert with_key(read, None, None, None).stops(np.eye(3)) == pytest.approx(read.stops(np.eye(3)), abs=1e-6)


def test_darkness_is_no_neutral_surface() -> None:
    """A warm ground under a black sky is a warm place."""
    warm = np.array([0.3, 0.0, -0.4])
    inverse_depth, normals = box()
    shown = np.where(normals[..., 1:2] < 0, 2.0 ** (warm - 3), 0.0005).astype(np.float32)
    place = SetFrame(shown, inverse_depth, np.ones(HW, np.float32))
    white = np.log2(read_place((Moment(place, CAMERA, actor()),)).white)
    assert white[0] - white[2] > 0.3


@pytest.mark.parametrize("junk", [0.0, 1 / 3000, 1 / 12])
def test_the_actor_stands_on_the_ground_whatever_is_seen_at_his_feet(junk: float) -> None:
    """Depth that is not known there, or is that of something behind, does not put him at the horizon."""
    inverse_depth, _ = box()
    broken = inverse_depth.copy()
    broken[45:53, 40:56] = junk
    ground = GroundPlane(np.array([0.0, -1.0, 0.0]), -EYES)
    color, whole, alpha = np.full((*HW, 3), 0.2, np.float32), np.ones(HW, np.float32), actor()
    alpha[50:] = 0
    wanted = actor_at(Moment(SetFrame(color, inverse_depth, whole, ground), CAMERA, alpha))
    found = actor_at(Moment(SetFrame(color, broken, whole, ground), CAMERA, alpha))
    np.testing.assert_array_equal(found[0], wanted[0])
    assert found[1] == pytest.approx(wanted[1], rel=1e-4)
    assert wanted[1] == pytest.approx(EYES * 70 / (49.5 - HW[0] / 2), rel=0.01)
