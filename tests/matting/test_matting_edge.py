"""Levels, grow and soften: known answers and what must hold for any matte."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matting_planes import disc, ramp

from cyclorama.matting.edge import grow, levels, soften

HW = (48, 64)
MATTES = arrays(
    np.float32, (11, 13), elements=st.sampled_from([0.0, 1.0]) | st.floats(0, 1, width=32), fill=st.just(0.0)
)


def test_levels_are_linear_between_the_clips() -> None:
    alpha = np.array([[0.0, 0.2, 0.35, 0.5, 0.8, 1.0]], np.float32)
    np.testing.assert_allclose(levels(alpha, 0.2, 0.8), [[0, 0, 0.25, 0.5, 1, 1]], atol=1e-6)


@pytest.mark.parametrize("pixels", [0.1, 0.5, 1.0, 2.3, 5.0, -0.1, -0.7, -1.0, -3.6])
@pytest.mark.parametrize("width", [4.0, 9.0])
def test_an_upright_ramp_moves_by_just_as_much_and_keeps_its_width(pixels: float, width: float) -> None:
    wanted = ramp(HW, 2.2 + pixels, width)
    kinks = (np.abs(wanted - 0.5) > 0.5 - 1 / width) & (wanted > 0) & (wanted < 1)  # where a sample sees both pieces
    got = grow(ramp(HW, 2.2, width), pixels)
    np.testing.assert_allclose(got[~kinks], wanted[~kinks], atol=0.26 / width)
    middle = (wanted > 0.25) & (wanted < 0.75)
    np.testing.assert_allclose(got[middle], wanted[middle], atol=1e-5)


@pytest.mark.parametrize("degrees", [0, 7.5, 22.5, 30, 37.5, 45, 90, 133])
@pytest.mark.parametrize("pixels", [0.3, -0.6, 1.5, -4.0])
def test_a_ramp_in_any_direction_moves_within_a_hundredth(degrees: float, pixels: float) -> None:
    angle, width = np.radians(degrees), 12.0
    before = ramp(HW, 0, width, angle)
    after = grow(before, pixels)
    middle = np.zeros(HW, bool)
    middle[8:-8, 8:-8] = (np.abs(before - 0.5) < 0.1)[8:-8, 8:-8]
    moved = (after - before)[middle] * width
    np.testing.assert_allclose(moved, pixels, atol=0.01 * abs(pixels) + 1e-4)


@pytest.mark.parametrize("pixels", [0.25, 1.0, 2.5, -0.25, -1.0, -2.5])
def test_a_disc_grows_by_its_rim(pixels: float) -> None:
    got = grow(disc((80, 80), 20), pixels).sum()
    radius = np.sqrt(got / np.pi)
    assert radius == pytest.approx(20 + pixels, abs=0.03 + 0.03 * abs(pixels))


def test_a_step_covers_the_share_that_it_reaches() -> None:
    step = np.zeros((5, 8), np.float32)
    step[:, :4] = 1
    np.testing.assert_allclose(grow(step, 0.3)[2], [1, 1, 1, 1, 0.3, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(grow(step, -1.3)[2], [1, 1, 0.7, 0, 0, 0, 0, 0], atol=1e-6)


def test_hair_keeps_its_height_and_gets_wider() -> None:
    hair = np.zeros((40, 40), np.float32)
    hair[:, 20] = 0.4
    got = grow(hair, 0.5)[20]
    np.testing.assert_allclose(got[18:23], [0, 0.2, 0.4, 0.2, 0], atol=1e-6)
    assert grow(hair, -0.5)[20, 20] == pytest.approx(0.2)


def test_an_actor_that_the_frame_cuts_is_not_eaten_from_there() -> None:
    whole = np.ones((20, 20), np.float32)
    np.testing.assert_array_equal(grow(whole, -3.3), whole)
    np.testing.assert_array_equal(soften(whole, 5.0), whole)


@settings(deadline=None, max_examples=60)
@given(alpha=MATTES, pixels=st.floats(-4, 4), more=st.floats(0, 2))
def test_grow_is_monotone_and_bounded(alpha: np.ndarray, pixels: float, more: float) -> None:
    kept = alpha.copy()
    less, greater = grow(alpha, pixels), grow(alpha, pixels + more)
    np.testing.assert_array_equal(alpha, kept)
    assert (greater >= less - 1e-6).all()
    for got in (less, greater):
        assert got.dtype == np.float32
        assert got.min() >= max(alpha.min() - 1e-6, 0)
        assert got.max() <= min(alpha.max() + 1e-6, 1)


@settings(deadline=None, max_examples=30)
@given(alpha=MATTES, pixels=st.floats(0.01, 4))
def test_grow_of_the_rest_is_shrink(alpha: np.ndarray, pixels: float) -> None:
    np.testing.assert_allclose(grow(1 - alpha, pixels), 1 - grow(alpha, -pixels), atol=1e-6)


@pytest.mark.parametrize("pixels", [0.5, 1.0, 3.0, 8.0])
def test_a_hard_edge_becomes_as_wide_as_asked(pixels: float) -> None:
    """Its slope, taken as a density, has the variance of a ramp of that width."""
    step = np.zeros((8, 96), np.float32)
    step[:, :48] = 1
    density = -np.diff(soften(step, pixels)[4].astype(np.float64))
    place = np.arange(len(density))
    mean = (density * place).sum()
    assert mean == pytest.approx(47, abs=1e-3)
    width = np.sqrt(12 * (density * (place - mean) ** 2).sum())
    assert width == pytest.approx(pixels, rel=0.02)


def test_soften_keeps_what_no_edge_is_near() -> None:
    alpha = disc((120, 160), 40)
    alpha[:10, :10] = 0.3  # even, though soft
    got = soften(alpha, 4.0)
    near = (disc((120, 160), 52) > 0) & (disc((120, 160), 28) < 1)
    near[:20, :20] = True
    np.testing.assert_array_equal(got[~near], alpha[~near])
    np.testing.assert_array_equal(got[:3, :3], alpha[:3, :3])
    assert np.abs(got - alpha).max() > 0.1


@settings(deadline=None, max_examples=40)
@given(alpha=MATTES, pixels=st.floats(0, 12))
def test_soften_stays_in_range(alpha: np.ndarray, pixels: float) -> None:
    got = soften(alpha, pixels)
    assert got.min() >= alpha.min() - 1e-6
    assert got.max() <= alpha.max() + 1e-6
