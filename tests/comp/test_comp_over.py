"""Over and exposure, against their equations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cyclorama.comp import flatten, match_exposure
from cyclorama.comp.relight import METER_GREY
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.layers import Foreground, Layers

HW = (3, 4)
ONES = np.ones(HW, np.float32)


def layers(color: np.ndarray, alpha: np.ndarray, place: np.ndarray, gain: np.ndarray | None = None) -> Layers:
    return Layers(SetFrame(place, ONES, ONES), (Foreground(color, alpha),), gain)


def grey(level: float) -> np.ndarray:
    return np.full((8, 8, 3), level, np.float32)


def test_known_answers() -> None:
    """Half-covered grey actor over a place: C = g F a + (1 - a) B, in linear light, unclipped."""
    alpha = np.array([[0.0, 0.5, 1.0]], np.float32)
    actor = np.array([0.8, 0.4, 0.2], np.float32) * alpha[..., None]  # premultiplied
    place = np.broadcast_to(np.array([0.1, 0.3, 2.0], np.float32), actor.shape).copy()
    plain = flatten(layers(actor, alpha, place))
    assert np.allclose(plain, [[[0.1, 0.3, 2.0], [0.45, 0.35, 1.1], [0.8, 0.4, 0.2]]], atol=1e-6)
    lit = flatten(layers(actor, alpha, place, np.array([2, 1, 0.5], np.float32)))
    assert np.allclose(lit, [[[0.1, 0.3, 2.0], [0.85, 0.35, 1.05], [1.6, 0.4, 0.1]]], atol=1e-6)


colors = arrays(np.float32, (*HW, 3), elements=st.floats(0, 8, width=32))
alphas = arrays(np.float32, HW, elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1, width=32))
gains = arrays(np.float32, 3, elements=st.floats(0.0625, 16, width=32))


@settings(deadline=None, max_examples=60)
@given(straight=colors, alpha=alphas, place=colors, gain=gains)
def test_what_is_no_actor_is_the_place_and_what_is_actor_is_kept(straight, alpha, place, gain) -> None:  # type: ignore[no-untyped-def]
    color = straight * alpha[..., None]
    kept = [a.copy() for a in (color, alpha, place)]
    plain, lit = flatten(layers(color, alpha, place)), flatten(layers(color, alpha, place, gain))
    for picture in (plain, lit):
        assert picture.dtype == np.float32
        assert np.array_equal(picture[alpha == 0], place[alpha == 0])
    assert np.array_equal(plain[alpha == 1], color[alpha == 1])
    assert np.allclose(lit - plain, (gain - 1) * color, rtol=1e-4, atol=1e-3)
    assert all(np.array_equal(a, b) for a, b in zip(kept, (color, alpha, place)))


def test_a_place_as_bright_as_the_meter_expects_changes_nothing() -> None:
    assert match_exposure([grey(METER_GREY)]).gain == pytest.approx((1, 1, 1), abs=1e-3)


@settings(deadline=None, max_examples=40)
@given(low=st.floats(0.001, 4), more=st.floats(1.05, 4))
def test_a_brighter_place_never_darkens_the_actor(low: float, more: float) -> None:
    dark, bright = match_exposure([grey(low)]), match_exposure([grey(low * more)])
    assert all(b >= d for d, b in zip(dark.gain, bright.gain))
    assert dark.gain[1] == pytest.approx(dark.gain[0], rel=1e-5)
    assert (dark.gain[0] < 1) == (low < METER_GREY) or dark.gain[0] == pytest.approx(1, abs=1e-3)


def test_a_night_is_at_most_one_stop_and_a_warm_place_tints() -> None:
    assert match_exposure([grey(0)]).gain == pytest.approx((0.5, 0.5, 0.5))
    warm = match_exposure([grey(METER_GREY) * np.array([2, 1, 0.5], np.float32)]).gain
    assert warm[0] > 1.05 > 0.97 > warm[2]
    assert all(0.5 <= g <= 2 for g in match_exposure([grey(1e6) * np.array([1, 0, 0], np.float32)]).gain)


def test_light_is_of_the_shot() -> None:
    """One gain for all frames, whatever their order."""
    places = [grey(0.05), grey(0.1), grey(0.4)]
    assert match_exposure(places).gain == pytest.approx(match_exposure(places[::-1]).gain)
    single = [match_exposure([p]).gain[0] for p in places]
    assert min(single) < match_exposure(places).gain[0] < max(single)
    with pytest.raises(ValueError, match="at least one set frame, got none"):
        match_exposure([])
