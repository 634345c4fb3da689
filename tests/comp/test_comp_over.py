"""Over, against its equation."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cyclorama.comp import flatten
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.layers import Foreground, Layers

HW = (3, 4)
ONES = np.ones(HW, np.float32)


def layers(color: np.ndarray, alpha: np.ndarray, place: np.ndarray, gain: np.ndarray | None = None) -> Layers:
    return Layers(SetFrame(place, ONES, ONES), (Foreground(color, alpha),), gain)


def test_known_answers() -> None:
    """Half-covered grey actor over a place: C = g F a + (1 - a) B, in linear light, unclipped."""
    alpha = np.array([[0.0, 0.5, 1.0]], np.float32)
    actor = np.array([0.8, 0.4, 0.2], np.float32) * alpha[..., None]  # premultiplied
    place = np.broadcast_to(np.array([0.1, 0.3, 2.0], np.float32), actor.shape).copy()
    plain = flatten(layers(actor, alpha, place))
    assert np.allclose(plain, [[[0.1, 0.3, 2.0], [0.45, 0.35, 1.1], [0.8, 0.4, 0.2]]], atol=1e-6)
    gain = np.array(
        [[[2, 1, 0.5, 1.5]]], np.float32
    )  # above a black of .002: colour 1.604 .402 .101, its luminance set to 1.5 times that of .802 .402 .202
    lit = flatten(layers(actor, alpha, place, gain))
    own, bright = 0.2126 * 0.802 + 0.7152 * 0.402 + 0.0722 * 0.202, 0.2126 * 1.604 + 0.7152 * 0.402 + 0.0722 * 0.101
    straight = np.array([1.604, 0.402, 0.101]) * 1.5 * own / bright - 0.002
    assert np.allclose(lit[0], [[0.1, 0.3, 2.0], straight / 2 + [0.05, 0.15, 1.0], straight], atol=1e-5)


colors = arrays(np.float32, (*HW, 3), elements=st.floats(0, 8, width=32))
alphas = arrays(np.float32, HW, elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1, width=32))
gains = st.floats(0.0625, 16, width=32)


@settings(deadline=None, max_examples=60)
@given(straight=colors, alpha=alphas, place=colors, gain=gains)
def test_what_is_no_actor_is_the_place_and_what_is_actor_is_kept(straight, alpha, place, gain) -> None:  # type: ignore[no-untyped-def]
    color = straight * alpha[..., None]
    kept = [a.copy() for a in (color, alpha, place)]
    field = np.full((2, 2, 4), gain, np.float32)
    plain, lit = flatten(layers(color, alpha, place)), flatten(layers(color, alpha, place, field))
    for picture in (plain, lit):
        assert picture.dtype == np.float32
        assert np.array_equal(picture[alpha == 0], place[alpha == 0])
    assert np.array_equal(plain[alpha == 1], color[alpha == 1])
    black = 0.002 * alpha[..., None]
    assert np.allclose(lit - plain, np.maximum(gain * (color + black) - black, 0) - color, rtol=1e-4, atol=1e-3)
    assert all(np.array_equal(a, b) for a, b in zip(kept, (color, alpha, place)))
