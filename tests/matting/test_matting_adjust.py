"""The artist's hand on a key: what it changes, what it must leave alone, and what colour follows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matting_planes import HeldAlphas, HeldKey, disc, ramp

from cyclorama.core.keyed import Keyed
from cyclorama.core.layers import Foreground
from cyclorama.matting.adjust import AdjustedKey, MatteControls, edited_alpha
from cyclorama.matting.edge import grow, levels, soften
from cyclorama.matting.masks import ClipMask, PolygonMask

HW = (64, 96)
RED = np.array([0.6, 0.1, 0.05], np.float32)
SCREEN = np.array([0.05, 0.5, 0.1], np.float32)
SPILL = np.array([0.0, 0.08, 0.0], np.float32)


def red(alpha: np.ndarray, *, spill: bool = False) -> Foreground:
    """A red actor with that alpha; its spill is green."""
    told = (alpha[..., None] * SPILL).astype(np.float32) if spill else None
    return Foreground((alpha[..., None] * RED).astype(np.float32), alpha, told)


def plate_of(found: Foreground) -> np.ndarray:
    plate = found.color + (1 - found.alpha[..., None]) * SCREEN
    return plate.astype(np.float32)


def controls(**values: float) -> MatteControls:
    return MatteControls(**{name: Keyed.constant(value) for name, value in values.items()})


def adjusted(found: Foreground, *, garbage=(), holdout=(), **values: float) -> Foreground:  # type: ignore[no-untyped-def]
    key = AdjustedKey(HeldKey(found), controls(**values), found.alpha.shape, garbage, holdout)
    return key.foreground(0, plate_of(found))


def plane(values: np.ndarray) -> ClipMask:
    return ClipMask(HeldAlphas(values[None].astype(np.float32)))


def test_nothing_asked_for_is_the_key_itself() -> None:
    found = red(disc(HW, 20, 6))
    assert adjusted(found) is found
    assert controls().is_identity
    assert not controls(grow=0.1).is_identity


def test_only_frames_with_keys_off_their_usual_value_change() -> None:
    found = red(disc(HW, 20, 6))
    key = AdjustedKey(HeldKey(found), MatteControls(grow=Keyed((0, 10), (0.0, 2.0))), HW)
    plate = plate_of(found)
    assert key.foreground(0, plate) is found
    half, whole = key.foreground(5, plate).alpha, key.foreground(10, plate).alpha
    np.testing.assert_array_equal(half, grow(found.alpha, 1.0))
    np.testing.assert_array_equal(whole, grow(found.alpha, 2.0))


def test_the_controls_act_in_their_order() -> None:
    alpha = disc(HW, 20, 6)
    got = adjusted(red(alpha), clip_black=0.1, clip_white=0.8, grow=-1.2, soften=3.0).alpha
    wanted = soften(grow(levels(alpha, 0.1, 0.8), -1.2), 3.0)
    np.testing.assert_allclose(got, wanted, atol=2e-5)


@pytest.mark.parametrize("values", [{"grow": 1.7}, {"grow": -1.7}, {"soften": 14}, {"clip_white": 0.6}])
def test_the_colour_of_an_even_actor_follows_its_alpha(values: dict[str, float]) -> None:
    found = red(disc(HW, 20, 5))
    got = adjusted(found, **values)
    assert np.abs(got.alpha - found.alpha).max() > 0.2
    np.testing.assert_allclose(got.color, got.alpha[..., None] * RED, atol=2e-4)
    assert not got.color[got.alpha == 0].any()


def test_where_alpha_is_kept_so_is_the_colour_to_the_bit() -> None:
    alpha = disc(HW, 20, 3)
    rng = np.random.default_rng(0)
    found = Foreground(alpha[..., None] * rng.random((*HW, 3), np.float32), alpha, None)
    got = adjusted(found, grow=0.4, soften=2.0)
    kept = got.alpha == alpha
    assert 0.3 < kept.mean() < 0.99
    np.testing.assert_array_equal(got.color[kept], found.color[kept])


def test_soft_hair_keeps_its_own_colour_when_levels_lift_it() -> None:
    """Blond hair of alpha 0.4 around a red actor stays blond."""
    alpha, blond = disc(HW, 20, 1), np.array([0.7, 0.6, 0.3], np.float32)
    color = alpha[..., None] * RED
    alpha[2:12, 10:80] = 0.4
    color[2:12, 10:80] = 0.4 * blond
    got = adjusted(Foreground(color, alpha), clip_white=0.8)
    np.testing.assert_allclose(got.color[6, 40], 0.5 * blond, rtol=1e-4)


def test_pixels_are_those_of_the_plate_at_a_proxy_too() -> None:
    big, small = ramp(HW, 3, 16), ramp((32, 48), 1.5, 8)
    key = AdjustedKey(HeldKey(red(small)), controls(grow=4.0), HW)
    got = key.foreground(0, plate_of(red(small))).alpha
    wanted = edited_alpha(big, controls(grow=4.0).at(0), 1.0).reshape(32, 2, 48, 2).mean((1, 3))
    np.testing.assert_allclose(got, wanted, atol=0.02)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0, 2.0])
def test_despill_gives_spill_back_or_takes_more(strength: float) -> None:
    found = red(disc(HW, 20, 6), spill=True)
    got = adjusted(found, despill=strength)
    assert found.spill is not None
    assert got.spill is not None
    wanted = np.maximum(found.color + (1 - strength) * found.spill, 0)
    np.testing.assert_allclose(got.color, wanted, atol=1e-6)
    np.testing.assert_array_equal(got.alpha, found.alpha)
    if strength <= 1:
        np.testing.assert_allclose(got.color + got.spill, found.color + found.spill, atol=1e-6)


def test_despill_reaches_the_colour_that_a_grown_edge_gets() -> None:
    got = adjusted(red(disc(HW, 20, 2), spill=True), despill=0.0, grow=2.0)
    np.testing.assert_allclose(got.color, got.alpha[..., None] * (RED + SPILL), atol=2e-3)


def test_despill_needs_a_key_that_tells_its_spill() -> None:
    with pytest.raises(ValueError, match="tells none"):
        adjusted(red(disc(HW, 20)), despill=0.5)


def test_garbage_throws_away_and_soft_values_multiply() -> None:
    found = red(disc(HW, 30, 6), spill=True)
    garbage = np.zeros(HW, np.float32)
    garbage[:, :40], garbage[:, 40:50] = 1, 0.25
    got = adjusted(found, garbage=(plane(garbage),))
    np.testing.assert_allclose(got.alpha, found.alpha * (1 - garbage), atol=1e-7)
    np.testing.assert_allclose(got.color, found.color * (1 - garbage[..., None]), atol=1e-7)
    np.testing.assert_array_equal(got.color[:, 50:], found.color[:, 50:])
    assert got.spill is not None
    assert not got.spill[:, :40].any()


def test_holdout_keeps_solid_and_shows_the_plate_where_the_key_had_nothing() -> None:
    """A green shirt was keyed out as a hole; the holdout brings it back as it was shot."""
    alpha = disc(HW, 25, 2)
    alpha[28:36, 44:52] = 0
    found = red(alpha)
    mask = np.zeros(HW, np.float32)
    mask[24:40, 40:56] = 1
    got = adjusted(found, holdout=(plane(mask),))
    assert (got.alpha[mask == 1] == 1).all()
    np.testing.assert_array_equal(got.alpha[mask == 0], found.alpha[mask == 0])
    np.testing.assert_allclose(got.color[28:36, 44:52], plate_of(found)[28:36, 44:52], atol=1e-6)
    np.testing.assert_array_equal(got.color[24:28, 40:56], found.color[24:28, 40:56])


def test_garbage_has_the_last_word_over_holdout() -> None:
    everything = plane(np.ones(HW))
    got = adjusted(red(disc(HW, 20)), garbage=(everything,), holdout=(everything,))
    assert not got.alpha.any()
    assert not got.color.any()


def test_a_soft_holdout_is_a_floor_of_alpha() -> None:
    got = adjusted(red(disc(HW, 20, 8)), holdout=(plane(np.full(HW, 0.5)),))
    assert got.alpha.min() == pytest.approx(0.5)
    np.testing.assert_allclose(got.alpha, np.maximum(disc(HW, 20, 8), 0.5), atol=1e-6)


def test_polygons_reach_the_key_at_any_size() -> None:
    left = PolygonMask((0,), (((0.0, 0.0), (48.0, 0.0), (48.0, 64.0), (0.0, 64.0)),), HW)
    for hw in (HW, (32, 48)):
        found = red(np.ones(hw, np.float32))
        got = AdjustedKey(HeldKey(found), controls(), HW, (left,)).foreground(3, plate_of(found))
        np.testing.assert_allclose(got.alpha.mean(), 0.5, atol=1e-6)


@settings(deadline=None, max_examples=50)
@given(
    alpha=arrays(np.float32, (9, 12), elements=st.sampled_from([0.0, 1.0]) | st.floats(0, 1, width=32)),
    black=st.floats(0, 0.4),
    white=st.floats(0.5, 1),
    pixels=st.floats(-3, 3),
    wide=st.floats(0, 5),
    masked=st.booleans(),
)
def test_any_controls_leave_a_picture_that_can_be_composited(alpha, black, white, pixels, wide, masked) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    found = Foreground(alpha[..., None] * rng.random((9, 12, 3), np.float32), alpha)
    masks = (plane(rng.random((9, 12))),) if masked else ()
    kept = [found.color.copy(), alpha.copy()]
    values = {"clip_black": black, "clip_white": white, "grow": pixels, "soften": wide}
    got = adjusted(found, garbage=masks, holdout=masks, **values)
    assert got.alpha.min() >= 0
    assert got.alpha.max() <= 1
    assert np.isfinite(got.color).all()
    assert got.color.min() >= 0
    assert (got.color <= 1.01 * got.alpha[..., None] + 1e-4).all()  # no brighter than the brightest straight colour
    assert all(np.array_equal(a, b) for a, b in zip(kept, (found.color, alpha)))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"clip_black": 0.6, "clip_white": 0.5}, "black < white"),
        ({"clip_black": -0.1}, "0 <= black"),
        ({"clip_white": 1.1}, "white <= 1"),
        ({"soften": -1.0}, "soften must be 0 or more"),
        ({"despill": -1.0}, "despill must be 0 or more"),
    ],
)
def test_controls_that_cannot_be(values: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        controls(**values)


def test_clips_that_cross_between_two_keys_are_found() -> None:
    with pytest.raises(ValueError, match="at frame 10"):
        MatteControls(clip_black=Keyed((0, 10), (0.0, 0.6)), clip_white=Keyed((0, 20), (1.0, 0.0)))
