"""The ground of a place from its depth, and the place put under the actor's feet."""

from dataclasses import replace

import numpy as np
import pytest
from pillar_world import EYE, GROUND, HW, PATH, backdrop, camera, view

from cyclorama.core.backdrop import Backdrop, View
from cyclorama.core.camera import Camera
from cyclorama.core.ground import GroundPlane
from cyclorama.scenery import Move, draw, find_plane, guessed_plane, moved, spot_of


def test_the_ground_is_found_among_wall_and_pillar() -> None:
    found = find_plane(backdrop().views)
    assert found is not None
    assert np.degrees(np.arccos(found.normal @ GROUND.normal)) < 0.2
    assert found.offset == pytest.approx(GROUND.offset, rel=0.01)
    assert found.confidence > 0.5


def test_the_ground_in_rough_depth() -> None:
    random = np.random.default_rng(3)
    rough = tuple(
        replace(v, inverse_depth=(v.inverse_depth * random.normal(1, 0.03, HW)).astype(np.float32))
        for v in backdrop().views
    )
    found = find_plane(rough)
    assert found is not None
    assert np.degrees(np.arccos(found.normal @ GROUND.normal)) < 1
    assert found.offset == pytest.approx(GROUND.offset, rel=0.03)


@pytest.mark.parametrize("inverse", [0.0, 0.2], ids=["at infinity", "a wall"])
def test_where_there_is_no_ground_none_is_found(inverse: float) -> None:
    flat = View(np.zeros((*HW, 3), np.float32), np.full(HW, inverse, np.float32), camera(0), 0.0)
    assert find_plane((flat,)) is None


def test_a_table_over_the_ground_is_no_ground() -> None:
    """A level sheet that fills the middle, with the true ground seen below it on both sides."""
    own = view(4, pillar_z=None)
    inverse = own.inverse_depth.copy()
    table = (np.arange(HW[0]) + 0.5 - HW[0] / 2) / (190.0 * 0.7)
    inverse[70:, 60:130] = np.maximum(table[70:, None], inverse[70:, 60:130])
    found = find_plane((replace(own, inverse_depth=inverse),))
    assert found is not None
    assert found.offset == pytest.approx(-EYE, rel=0.02)


def test_the_planes_own_words() -> None:
    px = np.array([[96.0, 80.0], [20.0, 100.0], [96.0, 10.0]])
    points = GROUND.where(camera(0.3), px)
    assert np.abs(GROUND.height(points[:2])).max() < 1e-9
    assert np.isnan(points[2]).all()
    assert GROUND.horizon(camera(0.3), 50.0) == pytest.approx(HW[0] / 2)
    with pytest.raises(ValueError, match="length 1"):
        GroundPlane(np.array([0.0, -2, 0]), 1)


FEET = np.array([70.0, 95.0])


@pytest.mark.parametrize(("zoom", "deep"), [(1.0, 4.0), (1.7, 2.5)])
def test_the_place_comes_under_the_feet(zoom: float, deep: float) -> None:
    """Spot to feet, in the picture and in depth; the ground remains a plane that is found again where it was put."""
    place = Backdrop("planes", (view(4),), ground=GROUND)
    spot = spot_of(place.views[0], PATH[4], (0.6, 0.8), GROUND)
    assert spot.px == pytest.approx([0.6 * HW[1], 0.8 * HW[0]])
    assert spot.drop == pytest.approx(0.3 * HW[0])
    move = Move(PATH[4], spot, FEET, zoom, deep / spot.depth)
    put = moved(place, move)
    assert put.ground is not None
    point = put.ground.where(PATH[4], FEET[None])
    assert PATH[4].project(point)[1][0] == pytest.approx(deep)
    again = find_plane(put.views)
    assert again is not None
    assert again.normal @ put.ground.normal > 0.9999
    assert again.offset == pytest.approx(put.ground.offset, rel=0.02)
    horizon = put.ground.horizon(PATH[4], FEET[0])
    assert FEET[1] - horizon == pytest.approx(zoom * spot.drop)
    drawn = draw(put, PATH[4], 4.0)
    for x, y in ((5, 3), (-20, -30), (30, 6)):
        there = np.round(spot.px + np.array([x, y]) / zoom).astype(int)
        here = FEET.astype(int) + np.array([x, y])
        assert drawn.color[here[1], here[0]] == pytest.approx(view(4).image[there[1], there[0]], abs=0.02)
    for x, y in ((5, 3), (20, -1), (30, 6)):
        here = FEET.astype(int) + np.array([x, y])
        point = put.ground.where(PATH[4], here[None] + 0.5)
        assert 1 / drawn.inverse_depth[here[1], here[0]] == pytest.approx(PATH[4].project(point)[1][0], rel=0.05)


def test_the_feet_do_not_slide_on_the_ground() -> None:
    """A mark of the ground under the feet is under them in every frame of a move."""
    own = view(4, pillar_z=None)
    image = own.image.copy()
    image[84:88, 113:117] = (1, 0, 0)
    place = Backdrop("planes", (replace(own, image=image),), ground=GROUND)
    spot = spot_of(place.views[0], PATH[4], (115 / HW[1], 86 / HW[0]), GROUND)
    put = moved(place, Move(PATH[4], spot, FEET, 1.2, 3.0 / spot.depth))
    feet = PATH[4].unproject(FEET[None], np.array([3.0]))
    for index in range(len(PATH)):
        red = draw(put, PATH[index], 4.0).color @ np.array([1.0, -0.8, -0.8])
        rows, columns = np.nonzero(red > 0.5)
        seen = np.array([columns.mean() + 0.5, rows.mean() + 0.5])
        assert np.abs(seen - PATH[index].project(feet)[0][0]).max() < 1.2, index


def test_the_least_zoom_fills_the_frame_and_less_does_not() -> None:
    place = Backdrop("planes", (view(4),), ground=GROUND)
    spot = spot_of(place.views[0], PATH[4], (0.6, 0.8), GROUND)
    least = spot.least_zoom(FEET, HW)
    assert least > 1.3
    whole, lacking = (
        draw(moved(place, Move(PATH[4], spot, FEET, z, 1.0)), PATH[4], 4.0).coverage.mean() for z in (least, 1.0)
    )
    assert whole > 0.995
    assert lacking < 0.9


def test_the_pictures_own_pixels_are_used_when_it_is_enlarged() -> None:
    place = Backdrop("planes", (view(4),), ground=GROUND)
    fine = np.random.default_rng(0).random((3 * HW[0], 3 * HW[1], 3), np.float32)
    spot = spot_of(place.views[0], PATH[4], (0.5, 0.8), GROUND)
    put = moved(place, Move(PATH[4], spot, FEET, 2.0, 1.0), (fine,))
    assert put.views[0].camera.hw == (2 * HW[0], 2 * HW[1])
    huge = moved(place, Move(PATH[4], spot, FEET, 9.0, 1.0), (fine,))
    assert huge.views[0].camera.hw == fine.shape[:2]


def test_a_large_picture_without_depth_shows_its_ground_as_a_small_one_does() -> None:
    """A tiled floor up to its horizon, larger than it is looked at."""
    camera = Camera.from_focal(hw=(720, 1280), focal_px=1000)
    v, u = np.mgrid[:720, :1280] + 0.5
    down = np.maximum(v - 360, 1e-3)
    tiles = (np.floor(3 * 1000 / down) + np.floor(3 * (u - 640) / down)) % 2
    image = np.repeat(np.where(v < 360, 0.8, 0.2 + 0.3 * tiles)[..., None], 3, 2).astype(np.float32)
    plane = guessed_plane(View(image, np.zeros((720, 1280), np.float32), camera, 0.0), 4.0)
    assert plane.normal @ [0, -1, 0] > 0.95
    assert plane.confidence == 0
