"""STMaps as Foundry documents them: shares of the source from its lower left corner, pixel centres at one half."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.errors import InputError
from cyclorama.core.lens import STRAIGHT, Lens
from cyclorama.matchmove.stmap import lens_of_map, overscan_of, stmap, with_lens

HW, FOCAL = (90, 160), 150.0
BARREL, PINCUSHION = Lens(-0.12, 0.01), Lens(0.15)
WAYS = ("undistort", "distort")


def camera(lens: Lens, off: tuple[float, float] = (0.0, 0.0), focal: float = FOCAL) -> Camera:
    k = np.array([[focal, 0, HW[1] / 2 + off[0]], [0, 1.1 * focal, HW[0] / 2 + off[1]], [0, 0, 1]])
    return Camera(HW, k, np.eye(4), lens)


def overscanned(view: Camera) -> tuple[Camera, tuple[int, int]]:
    """The pinhole camera whose picture the maps are for."""
    down, across = overscan_of(CameraPath((view,)))
    k = np.array([[1, 0, across], [0, 1, down], [0, 0, 1]]) @ view.px_from_cam
    return Camera((HW[0] + 2 * down, HW[1] + 2 * across), k, view.world_from_camera), (down, across)


def sources(values: np.ndarray, source_hw: tuple[int, int]) -> np.ndarray:
    """Where a map takes its pixels from, x right and y down in pixels of the source."""
    return np.stack([values[..., 0] * source_hw[1], (1 - values[..., 1]) * source_hw[0]], -1)


@pytest.mark.parametrize("lens", [BARREL, PINCUSHION, Lens(-0.1, 0.08), STRAIGHT])
@pytest.mark.parametrize("off", [(0.0, 0.0), (9.0, -5.0)])
def test_both_ways_are_what_the_two_cameras_see(lens: Lens, off: tuple[float, float]) -> None:
    """A pixel and where its map takes it from show the same point of the world."""
    view = camera(lens, off)
    straight, overscan = overscanned(view)
    for way, own, source in (("undistort", straight, view), ("distort", view, straight)):
        values = stmap(view, way, overscan)
        assert values.shape == (*own.hw, 2)
        assert values.dtype == np.float32
        px = np.stack(np.meshgrid(np.arange(own.hw[1]) + 0.5, np.arange(own.hw[0]) + 0.5), -1).reshape(-1, 2)
        seen, _ = source.project(own.unproject(px, np.full(len(px), 3.0)))
        assert np.abs(sources(values, source.hw).reshape(-1, 2) - seen).max() < 1e-4


def test_the_corners_of_a_map_that_moves_nothing() -> None:
    values = stmap(camera(STRAIGHT), "undistort", (0, 0))
    assert values[-1, 0] == pytest.approx([0.5 / 160, 0.5 / 90], abs=1e-7)  # below on the left
    assert values[0, -1] == pytest.approx([159.5 / 160, 89.5 / 90], abs=1e-7)


def test_the_overscan_shows_all_of_the_plate_and_no_more() -> None:
    for view in (camera(BARREL), camera(BARREL, (9.0, -5.0)), camera(Lens(-0.1, 0.08)), camera(PINCUSHION)):
        sides = np.linspace(0, 1, 999)[:, None] * [HW[1], HW[0]]
        border = np.concatenate([np.where(mask, sides, end) for mask in ([1, 0], [0, 1]) for end in (0, [[160, 90]])])
        beyond = np.maximum(-view.straightened(border), view.straightened(border) - [160, 90]).max(0)
        down, across = overscan_of(CameraPath((view,)))
        assert (across, down) == tuple(np.ceil(np.maximum(beyond, 0)).astype(int))
    assert overscan_of(CameraPath((camera(BARREL), camera(PINCUSHION)))) == overscan_of(CameraPath((camera(BARREL),)))
    assert overscan_of(CameraPath((camera(PINCUSHION),))) == (0, 0)


def test_there_and_back_is_the_picture() -> None:
    """Straightened with one map and bent with the other, as a compositor does."""
    view = camera(BARREL)
    _, overscan = overscanned(view)
    plate = cv2.GaussianBlur(np.random.default_rng(0).random((*HW, 3), np.float32), (0, 0), 3)

    def taken(picture: np.ndarray, way: str) -> np.ndarray:
        at = sources(stmap(view, way, overscan), picture.shape[:2]).astype(np.float32) - 0.5  # type: ignore[arg-type]
        return cv2.remap(picture, at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)

    assert np.abs(taken(taken(plate, "undistort"), "distort") - plate)[2:-2, 2:-2].max() < 2e-3


@settings(max_examples=25, deadline=None)
@given(
    k1=st.floats(-0.12, 0.3),
    k2=st.floats(-0.02, 0.1),
    off=st.tuples(st.floats(-10, 10), st.floats(-10, 10)),
    way=st.sampled_from(WAYS),
    wide=st.booleans(),
)
def test_a_map_is_read_as_its_lens(k1: float, k2: float, off: tuple[float, float], way: str, wide: bool) -> None:
    view = camera(Lens(k1, k2), off)
    overscan = overscan_of(CameraPath((view,))) if wide else (0, 0)
    size = (HW[0] + 2 * overscan[0], HW[1] + 2 * overscan[1])
    found = lens_of_map(stmap(view, way, overscan), view.pinhole, way, size)  # type: ignore[arg-type]
    assert found.misfit_px < 1e-3
    border = np.array([[x, y] for x in (0.0, 80.0, 160.0) for y in (0.0, 45.0, 90.0)])
    again = with_lens(CameraPath((view.pinhole,)), found.lens)[0]
    assert np.abs(again.straightened(border) - view.straightened(border)).max() < 2e-3


def other_lens(factor: float) -> np.ndarray:
    """A map of an anamorphic lens: across and down bend differently by ``factor``."""
    straight = stmap(camera(STRAIGHT), "undistort", (0, 0)).astype(np.float64)
    bent = stmap(camera(BARREL), "undistort", (0, 0))
    return straight + (bent - straight) * [1.0, factor]


@pytest.mark.parametrize(
    ("values", "way", "words"),
    [
        (other_lens(1.3), "undistort", r"miss it by up to \d\.\d\d px, 0\.05 is allowed"),
        (stmap(camera(BARREL, (8, 0)), "undistort", (0, 0)), "undistort", "about this camera's principal point"),
        (np.round(stmap(camera(BARREL), "undistort", (0, 0)) * 1023) / 1023, "undistort", "32 bits"),
        (np.full((*HW, 2), np.nan, np.float32), "undistort", "point into the plate"),
        (np.full((*HW, 2), 7.0, np.float32), "undistort", "point into the plate"),
        (stmap(camera(BARREL), "undistort", (0, 0))[:45], "undistort", "160x90 pixels or more, got 160x45"),
        (stmap(camera(BARREL), "undistort", (3, 5)), "distort", "must have the plate's 160x90 pixels, got 170x96"),
    ],
)
def test_maps_that_are_no_lens_of_ours(values: np.ndarray, way: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as refusal:
        lens_of_map(values, camera(STRAIGHT), way, None)  # type: ignore[arg-type]
    assert "\n" not in str(refusal.value)


def test_an_almost_radial_map_is_taken_and_its_misfit_told() -> None:
    found = lens_of_map(other_lens(1.005), camera(STRAIGHT), "undistort", None)
    assert 0.001 < found.misfit_px < 0.05
    assert found.lens.k1 == pytest.approx(BARREL.k1, abs=2e-3)


def test_a_lens_that_is_none_of_the_camera() -> None:
    short = replace(camera(STRAIGHT), px_from_cam=np.array([[40.0, 0, 80], [0, 40, 45], [0, 0, 1]]))
    with pytest.raises(InputError, match="is none of this camera"):
        with_lens(CameraPath((short,)), Lens(-0.3))
