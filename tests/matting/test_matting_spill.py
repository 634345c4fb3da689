"""The screen's light on the actor, made by its own model and taken off again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from cyclorama.matting.spill import REFLECTION, bounce_gain, despill, measure_bounce

GREEN, BLUE = (0.05, 0.45, 0.07), (0.04, 0.07, 0.40)
SKIN, WHITE, GREY, BLACK = (0.26, 0.15, 0.11), (0.8, 0.8, 0.8), (0.06, 0.06, 0.06), (0.01, 0.01, 0.01)


def lit(reflectance, beta: float, screen=GREEN) -> np.ndarray:
    """A matt surface under white light and the bounce of a screen."""
    s = np.array(screen) / sum(screen)
    return (np.array(reflectance) * (1 + beta * s)).astype(np.float32)


@njit
def _despill(rgb, k, gain, reflection, solid, hue):  # type: ignore[no-untyped-def]
    return despill(rgb, k, gain, reflection, solid, hue)


def cleaned(rgb, beta: float, screen=GREEN, solid: float = 1.0) -> np.ndarray:
    k = int(np.argmax(screen))
    other = screen[2] if k == 1 else screen[1]
    hue = (np.float32(screen[0] / screen[k]), np.float32(other / screen[k]), np.float32(0.1))
    gain = bounce_gain(beta, screen)
    pixel = tuple(np.float32(c) for c in rgb)
    return np.array(_despill(pixel, k, tuple(gain), np.float32(REFLECTION * screen[k]), np.float32(solid), hue))


@pytest.mark.parametrize("screen", [GREEN, BLUE], ids=["green", "blue"])
@pytest.mark.parametrize("beta", [0.0, 0.1, 0.2, 0.4])
def test_the_bounce_is_read_from_what_is_neutral(screen, beta: float) -> None:
    rng = np.random.default_rng(3)
    grey = np.stack([lit(GREY, beta, screen) * rng.uniform(0.7, 1.4) for _ in range(400)])
    skin = np.stack([lit(SKIN, beta, screen) * rng.uniform(0.5, 1.4) for _ in range(1600)])
    assert measure_bounce(np.concatenate([grey, skin]), screen) == pytest.approx(beta, abs=0.02)


def test_skin_alone_and_painted_things_tell_of_no_bounce() -> None:
    skin = np.tile(lit(SKIN, 0.3), (1000, 1))
    shirt = np.tile(np.array((0.03, 0.2, 0.05), np.float32), (1000, 1))
    assert measure_bounce(skin, GREEN) == 0.0
    assert measure_bounce(shirt, GREEN) == 0.0
    assert measure_bounce(np.zeros((0, 3), np.float32), GREEN) == 0.0


@pytest.mark.parametrize("beta", [0.1, 0.3])
def test_skin_comes_back_as_under_a_neutral_wall(beta: float) -> None:
    wanted = np.array(SKIN) * (1 + beta / 3)
    np.testing.assert_allclose(cleaned(lit(SKIN, beta), beta), wanted, rtol=1e-4)


@pytest.mark.parametrize("thing", [WHITE, GREY, BLACK], ids=["white", "grey", "black"])
@pytest.mark.parametrize("believed", [0.0, 0.2, 0.45])
def test_what_is_neutral_never_turns_to_the_complement(thing, believed: float) -> None:
    red, green, blue = cleaned(thing, believed)
    assert green >= 0.94 * (red + blue) / 2


def test_a_painted_thing_keeps_its_hue_and_a_reflection_does_not() -> None:
    shirt = np.array((0.03, 0.22, 0.11), np.float32)
    mirror = np.array(GREEN, np.float32) * 0.6 + 0.01
    assert cleaned(shirt, 0.0)[1] > 0.9 * shirt[1]
    assert cleaned(shirt, 0.0, solid=0.0)[1] < 0.6 * shirt[1]
    red, green, blue = cleaned(mirror, 0.0)
    assert green <= max(red, blue) + 1e-6


colours = st.tuples(*[st.floats(0, 1, width=32)] * 3)


@given(colours, st.floats(0, 0.45), st.sampled_from([GREEN, BLUE]))
@settings(deadline=None)
def test_the_screens_channel_is_never_raised_above_what_the_gain_gives_the_others(rgb, beta: float, screen) -> None:
    k = int(np.argmax(screen))
    out = cleaned(rgb, beta, screen)
    assert np.isfinite(out).all()
    assert (out >= 0).all()
    assert out[k] <= rgb[k] + 1e-6


@given(colours, st.floats(0, 0.45))
@settings(deadline=None)
def test_despill_is_continuous(rgb, beta: float) -> None:
    near = tuple(min(1.0, c + 1e-4) for c in rgb)
    assert np.abs(cleaned(rgb, beta) - cleaned(near, beta)).max() < 0.01
