"""Light as harmonics: what goes in comes out, and what cannot be is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclorama.core.lighting import LUMINANCE, KeyLight, Lighting, Relighting, even_directions, harmonics, studio

DIRECTIONS = even_directions(300)
UP = np.array([0.0, -1.0, 0.0])


def even(level: float, white: tuple[float, float, float] = (1, 1, 1)) -> Lighting:
    return Lighting.of_whites(np.full((300, 3), level) * white, DIRECTIONS, None, (0.5, "a test"))


def test_harmonics_are_orthonormal() -> None:
    basis = harmonics(even_directions(20000))
    assert np.allclose(basis.T @ basis * 4 * np.pi / 20000, np.eye(9), atol=2e-3)


@settings(deadline=None, max_examples=30)
@given(st.floats(-6, 3), st.floats(-1.2, 1.2), st.floats(-1.2, 1.2))
def test_what_white_shows_comes_back(level: float, across: float, along: float) -> None:
    wanted = np.repeat((level + DIRECTIONS @ [across, 0, along])[:, None], 3, 1)
    found = Lighting.of_whites(2.0**wanted, DIRECTIONS, None, (1.0, "a test")).stops(DIRECTIONS)
    assert np.sqrt(((found - wanted) ** 2).mean()) < 0.12  # order 2 holds a slope of 1.7 stops


def test_exposure_and_white_are_of_the_mean() -> None:
    white = np.array([1.2, 0.98, 0.6])
    light = even(0.25, tuple(white / (white @ LUMINANCE)))
    assert light.exposure == pytest.approx(-2, abs=1e-6)
    assert light.white == pytest.approx(tuple(white / (white @ LUMINANCE)))
    assert light.moved(1.5).exposure == pytest.approx(-0.5)


def test_json_and_back() -> None:
    key = KeyLight((0.6, -0.8, 0.0), (1.1, 1.0, 0.8), 0.3)
    place = Lighting.of_whites(2.0 ** (DIRECTIONS[:, :1] + [0.1, 0, -0.1]), DIRECTIONS, key, (0.7, "a test"))
    relighting = Relighting(studio(UP), place, 0.6, rim=False)
    text = relighting.json()
    assert Relighting.from_json(text) == relighting
    assert json.loads(text)["place"]["exposure"] == pytest.approx(place.exposure, abs=1e-3)


def test_the_light_of_a_frame_follows_the_course() -> None:
    steady = Relighting(even(1), even(0.5), 0.5)
    assert steady.at(7) is steady
    assert "course" not in json.loads(steady.json())
    moved = replace(steady, course=((0.0, 0.0, 0.0), (1.0, -1.0, 0.25)))
    assert Relighting.from_json(moved.json()) == moved
    assert not moved.at(1).course
    assert np.allclose(moved.at(0).stops(DIRECTIONS), steady.stops(DIRECTIONS))
    assert np.allclose(moved.at(1).stops(DIRECTIONS) - steady.stops(DIRECTIONS), [0.5, -0.5, 0.125])
    with pytest.raises(IndexError):
        moved.at(2)


def test_a_stage_is_a_little_brighter_from_above() -> None:
    stage = studio(UP)
    assert abs(stage.exposure) < 0.02
    assert stage.stops(UP)[0] > stage.stops(-UP)[0] + 0.4


def test_strength_is_a_share_of_the_stops() -> None:
    whole, half = Relighting(even(1), even(0.25), 1.0), Relighting(even(1), even(0.25), 0.5)
    assert np.allclose(whole.stops(DIRECTIONS), -2)
    assert np.allclose(half.stops(DIRECTIONS), -1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Lighting(((1.0, 1.0, 1.0),), None, 0.5, ""), "ambient must be finite 9 x 3 with a positive first row"),
        (lambda: Lighting(((0.0,) * 3,) * 9, None, 0.5, ""), "a positive first row"),
        (lambda: Lighting(((float("nan"),) * 3,) * 9, None, 0.5, ""), "must be finite"),
        (lambda: Lighting(((1.0,) * 3,) * 9, None, 2.0, ""), "confidence must be 0..1, got 2.0"),
        (lambda: KeyLight((1.0, 1.0, 0.0), (1, 1, 1), 0.5), "direction must be a unit vector"),
        (lambda: KeyLight((1.0, 0.0, 0.0), (1, 0, 1), 0.5), "color must be three numbers"),
        (lambda: KeyLight((1.0, 0.0, 0.0), (1, 1, 1), -1), "softness must be 0..1, got -1"),
        (lambda: Relighting(even(1), even(1), 0.0), "strength must be above 0 and at most 1"),
        (lambda: Relighting(even(1), even(1), 1.0, course=((0.0, 0.0),)), "a course must be three stops within 16"),  # type: ignore[arg-type]
        (lambda: Relighting(even(1), even(1), 1.0, course=((0, 0, float("nan")),)), "a course must be three stops"),
    ],
)
def test_refusals(make, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=words):
        make()
