"""Depth pictures: what their values mean, and clean edges."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.depth import DepthPicture
from cyclorama.core.depth_sense import DepthSense
from cyclorama.core.reference import Reference
from cyclorama.scenery import build_backdrop, draw
from cyclorama.scenery.align import align
from cyclorama.scenery.align_views import fitted_to, given_depths

HW = (60, 90)


def true_depth() -> np.ndarray:
    """A floor that rises to a wall 12 away, and a post 3 away."""
    below = (np.arange(HW[0]) + 0.5 - HW[0] / 2) / (HW[0] / 2)
    inverse = np.repeat(np.maximum(below / 2, 1 / 12)[:, None], HW[1], 1)
    inverse[10:50, 40:46] = 1 / 3
    return (1 / inverse).astype(np.float32)


Z = true_depth()
WAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "metres": lambda z: z,
    "scaled": lambda z: 0.07 * z,
    "shifted": lambda z: 0.2 * z + 3,
    "inverse": lambda z: 5 / z + 0.4,
    "inverted depth": lambda z: 255 - 20 * z,
    "inverted inverse": lambda z: 2 - 3 / z,
}


def picture(values: np.ndarray, sense: DepthSense | None = None, *, levels: bool = False) -> DepthPicture:
    return DepthPicture(values.astype(np.float32), sense, levels, "depth.npy")


def reference(frame: int, depth: DepthPicture | None) -> Reference:
    return Reference(np.full((*HW, 3), 0.5, np.float32), frame, f"reference {frame}", depth=depth)


def sights(num: int = 80, seed: int = 3) -> np.ndarray:
    """Places in shares, and their depth; a quarter of them wrong."""
    random = np.random.default_rng(seed)
    y, x = random.integers(0, HW[0], num), random.integers(0, HW[1], num)
    depth = Z[y, x].astype(float)
    depth[: num // 4] *= random.uniform(0.3, 3, num // 4)
    return np.column_stack([(x + 0.5) / HW[1], (y + 0.5) / HW[0], depth])


@pytest.mark.parametrize("way", WAYS)
def test_points_tell_which_way_the_values_run(way: str) -> None:
    """Out of all conventions, with a quarter of the points wrong."""
    found, notes = given_depths([reference(0, picture(WAYS[way](Z)))], {0: sights()}, 1.0, [None])
    assert found[0] is not None
    assert np.allclose(found[0], 1 / Z, rtol=0.02, atol=1e-3)
    assert ("inverted" in notes[0]) == ("inverted" in way)


@settings(max_examples=25, deadline=None)
@given(slope=st.floats(0.01, 100), shift=st.floats(-5, 5), seed=st.integers(0, 99))
def test_any_scale_and_shift_is_found(slope: float, shift: float, seed: int) -> None:
    z = np.random.default_rng(seed).uniform(1.5, 30, 60)
    found = align(slope / z + shift, 1 / z, "inverse")
    assert found is not None
    assert found.inverse_depth(slope / z + shift) == pytest.approx(1 / z, abs=1e-6)


def test_depth_in_the_cameras_unit_is_kept_as_it_is() -> None:
    found = align(Z[::7, ::7].ravel() * 1.003, 1 / Z[::7, ::7].ravel())
    assert found is not None
    assert (found.slope, found.shift) == pytest.approx((1 / 1.003, 0), abs=1e-4)
    noisy = 1 / Z[::7, ::7].ravel() * np.random.default_rng(0).normal(1, 0.02, Z[::7, ::7].size)
    exact = align(Z[::7, ::7].ravel(), noisy)
    assert exact is not None
    assert (exact.slope, exact.shift) == (1, 0)


def test_pictures_of_another_scale_each_are_aligned_apart() -> None:
    depths = [picture(0.5 * Z), picture(3 / Z)]
    found, _ = given_depths(
        [reference(i, d) for i, d in enumerate(depths)], {0: sights(), 1: sights(seed=4)}, 1, [None] * 2
    )
    for inverse in found:
        assert inverse is not None
        assert np.allclose(inverse, 1 / Z, rtol=0.02, atol=1e-3)


def test_a_depth_picture_of_something_else_is_left_out_with_a_warning() -> None:
    other = picture(np.random.default_rng(1).random(HW))
    found, notes = given_depths([reference(0, other)], {0: sights()}, 1.0, [None])
    assert found[0] is None
    assert "depth.npy does not fit" in notes[0]


@pytest.mark.parametrize(
    ("depth", "words"),
    [
        (picture(Z), "metres along the optical axis, 4 m to the camera's unit"),
        (picture(np.round(255 * 1.5 / Z), levels=True), "larger is nearer"),
        (picture(np.round(20 * Z), levels=True), "larger is farther .its lower part"),
        (picture(1 / Z), "larger is nearer"),  # no metres: all of it within one
        (picture(30 / Z), "larger is nearer .its lower part"),
        (picture(Z, "depth"), "larger is farther .say"),
        (picture(Z, "inverse"), "larger is nearer .say"),
    ],
)
def test_what_one_picture_is_taken_as(depth: DepthPicture, words: str) -> None:
    found, notes = given_depths([reference(0, depth)], {}, 1.0, [None])
    assert found[0] is not None
    assert np.isfinite(found[0]).all()
    assert (found[0] >= 0).all()
    assert __import__("re").search(words, notes[0]), notes[0]


def test_metres_in_the_cameras_unit() -> None:
    found, _ = given_depths([reference(0, picture(Z, "metric"))], {}, 4.0, [None])
    assert np.allclose(found[0], 1 / Z)  # four metres are four units
    found, _ = given_depths([reference(0, picture(Z, "metric"))], {}, 1.0, [None])
    assert np.allclose(found[0], 4 / Z)


def test_relative_depth_of_one_picture_takes_its_scale_from_the_ground() -> None:
    ground = np.where(np.arange(HW[0])[:, None] > 40, 1 / Z, np.nan).astype(np.float32)
    ground[:, 38:48] = np.nan
    found, notes = given_depths([reference(0, picture(7 / Z + 1, "inverse"))], {}, 1.0, [ground])
    assert np.allclose(found[0], 1 / Z, rtol=0.01)
    assert "scale from the picture's ground" in notes[0]


def test_nothing_lies_between_two_surfaces() -> None:
    """A blurred edge, of a larger picture: every pixel has one of the two depths, and the edge stays in place."""
    image = np.zeros((80, 120, 3), np.float32)
    image[:, 61:] = 0.8
    blurred = np.full((40, 60), 0.1, np.float32)
    blurred[:, 31:] = 0.5
    blurred[:, 29:32] = [0.2, 0.3, 0.4]
    drawn = fitted_to(image, blurred)
    assert drawn.shape == (80, 120)
    assert np.isin(np.round(drawn, 4), np.float32([0.1, 0.5]).round(4)).all()
    assert (drawn[:, :56] == np.float32(0.1)).all()
    assert (drawn[:, 66:] == np.float32(0.5)).all()


def test_a_slant_stays_smooth_and_a_hole_is_continued() -> None:
    slant = np.repeat(np.linspace(0.1, 0.5, 60, dtype=np.float32)[:, None], 90, 1)
    finer = fitted_to(np.zeros((120, 180, 3), np.float32), slant)
    assert np.abs(np.diff(finer[:, 5])).max() < 0.6 * (0.4 / 59)
    holed = slant.copy()
    holed[20:30, 20:40] = np.nan
    whole = fitted_to(np.zeros((60, 90, 3), np.float32), holed)
    assert np.abs(whole - slant).max() < 0.06


def test_a_place_with_given_depth_is_drawn_by_it() -> None:
    """From beside the reference the post moves by its own depth, the wall by its own, and nothing lies between."""
    focal, shift = 80.0, 0.3
    cameras = [
        Camera.from_focal(hw=HW, focal_px=focal, world_from_camera=rigid(np.eye(3), np.array([x, 0.0, 0.0])))
        for x in (0.0, shift)
    ]
    depth = np.full(HW, 12, np.float32)
    depth[:, 40:50] = 3
    image = np.full((*HW, 3), 0.2, np.float32)
    image[:, 40:50] = 0.9
    given = Reference(image, 0, "one", depth=DepthPicture(depth, "metric", False, "d.npy"))
    backdrop = build_backdrop((given,), CameraPath(tuple(cameras)), np.zeros(0), unit=4.0)
    assert backdrop.kind == "layers"
    assert any("metres" in words for words in backdrop.assumed)
    drawn = draw(backdrop, cameras[1], 1.0)
    row, moved = drawn.color[30, :, 0], 8  # 80 x 0.3 / 3
    assert np.allclose(row[40 - moved : 50 - moved], 0.9, atol=0.1)
    assert np.allclose(row[: 40 - moved - 1], 0.2, atol=0.1)
    assert np.allclose(1 / drawn.inverse_depth[30, 40 - moved : 50 - moved], 3)
    assert np.allclose(1 / drawn.inverse_depth[30, : 40 - moved], 12)


def test_depth_that_does_not_fit_leaves_the_place_as_it_is_without() -> None:
    path = CameraPath(
        tuple(
            Camera.from_focal(hw=HW, focal_px=80, world_from_camera=rigid(np.eye(3), np.array([x, 0.0, 0])))
            for x in (0.0, 1)
        )
    )
    wrong = picture(np.random.default_rng(2).random(HW))
    backdrop = build_backdrop((reference(0, wrong),), path, np.zeros(0), sights={0: sights()})
    assert backdrop.kind == "planes"
    assert "does not fit" in backdrop.assumed[0]
