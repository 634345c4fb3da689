"""Mattes from elsewhere: pictures, clips and polygons, at the plate's size and at proxies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matting_planes import HeldAlphas

from cyclorama.matting.masks import ClipMask, PolygonMask, united

SQUARE = ((10.0, 5.0), (20.0, 5.0), (20.0, 15.0), (10.0, 15.0))
HW = (24, 32)


def test_a_polygon_on_pixel_borders_is_exact() -> None:
    wanted = np.zeros(HW, np.float32)
    wanted[5:15, 10:20] = 1
    np.testing.assert_allclose(PolygonMask((0,), (SQUARE,), HW).plane(7, HW), wanted, atol=1e-6)
    np.testing.assert_allclose(PolygonMask((0,), (SQUARE[::-1],), HW).plane(7, HW), wanted, atol=1e-6)


def test_a_border_inside_a_pixel_covers_its_share() -> None:
    moved = tuple((x + 0.25, y + 0.5) for x, y in SQUARE)
    plane = PolygonMask((0,), (moved,), HW).plane(0, HW)
    np.testing.assert_allclose(plane[10, [9, 10, 11, 19, 20, 21]], [0, 0.75, 1, 1, 0.25, 0], atol=1e-6)
    np.testing.assert_allclose(plane[[4, 5, 6, 14, 15, 16], 15], [0, 0.5, 1, 1, 0.5, 0], atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(
    corners=st.lists(st.tuples(st.floats(2, 30), st.floats(2, 22)), min_size=3, max_size=3),
    scale=st.sampled_from([1.0, 0.5, 0.25]),
)
def test_a_triangle_covers_its_area_at_every_size(corners: list[tuple[float, float]], scale: float) -> None:
    (ax, ay), (bx, by), (cx, cy) = corners
    area = abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2 * scale * scale
    hw = (int(HW[0] * scale), int(HW[1] * scale))
    plane = PolygonMask((0,), (tuple(corners),), HW).plane(0, hw)
    assert plane.min() >= 0
    assert plane.max() <= 1
    assert plane.sum() == pytest.approx(area, abs=0.1 + 28 * scale / 16)  # one scan line of 16 a row, 28 pixels wide


def test_corners_move_linearly_between_keys_and_are_held_outside() -> None:
    right = tuple((x + 8, y) for x, y in SQUARE)
    mask = PolygonMask((10, 14), (SQUARE, right), HW)
    for frame, shift in ((0, 0), (10, 0), (11, 2), (13, 6), (14, 8), (90, 8)):
        wanted = np.zeros(HW, np.float32)
        wanted[5:15, 10 + shift : 20 + shift] = 1
        np.testing.assert_allclose(mask.plane(frame, HW), wanted, atol=1e-6)


def test_what_lies_outside_the_frame_is_cut() -> None:
    plane = PolygonMask((0,), (((-50.0, -50.0), (90.0, -50.0), (90.0, 90.0), (-50.0, 90.0)),), HW).plane(0, HW)
    np.testing.assert_allclose(plane, 1, atol=1e-6)
    away = tuple((x + 500, y) for x, y in SQUARE)
    assert not PolygonMask((0,), (away,), HW).plane(0, HW).any()


def test_an_outline_that_crosses_itself_is_even_odd() -> None:
    twice = ((2.0, 2.0), (12.0, 2.0), (12.0, 12.0), (2.0, 12.0)) * 2
    assert not PolygonMask((0,), (twice,), HW).plane(0, HW).any()


@pytest.mark.parametrize(
    ("frames", "polygons", "words"),
    [
        ((0,), (SQUARE[:2],), r"3 or more corners, got \[2\]"),
        ((0, 4), (SQUARE, SQUARE[:3]), r"same 3 or more corners, got \[3, 4\]"),
        ((4, 0), (SQUARE, SQUARE), "increasing frames"),
        ((), (), "increasing frames"),
    ],
)
def test_polygons_that_cannot_be(frames, polygons, words) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=words):
        PolygonMask(frames, polygons, HW)


def test_one_picture_is_for_every_frame_and_a_clip_for_its_own() -> None:
    values = np.random.default_rng(0).random((3, *HW), np.float32)
    np.testing.assert_array_equal(ClipMask(HeldAlphas(values[:1])).plane(99, HW), values[0])
    np.testing.assert_array_equal(ClipMask(HeldAlphas(values)).plane(2, HW), values[2])
    small = ClipMask(HeldAlphas(values)).plane(1, (12, 16))
    np.testing.assert_allclose(small[0, 0], values[1, :2, :2].mean(), atol=1e-6)


def test_several_masks_are_united() -> None:
    assert united((), 0, HW) is None
    a, b = (ClipMask(HeldAlphas(np.full((1, *HW), v, np.float32))) for v in (0.2, 0.7))
    np.testing.assert_array_equal(united((a, b), 0, HW), np.full(HW, 0.7, np.float32))
