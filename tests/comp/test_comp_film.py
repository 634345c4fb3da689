"""Lens and film laid on a frame: known answers, energy, and that a part which is off changes no bit."""

from dataclasses import replace

import numpy as np
import pytest

from cyclorama.comp import flatten, grade_between, levels_of, through_glass, with_film
from cyclorama.comp.grade import graded
from cyclorama.comp.lens_blur import out_of_focus, softened
from cyclorama.comp.motion_blur import moved_blur
from cyclorama.comp.wrap import wrap_of
from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.film import Bokeh, Film, Glass, Grade, Grain
from cyclorama.core.layers import Foreground, Layers
from cyclorama.media.layers import planes_of

HW = (90, 160)
RNG = np.random.default_rng(3)
GRAIN = Grain((0.2, 0.8), ((0.02, 0.02, 0.02), (0.01, 0.01, 0.01)), (0.6, 0.9), 0.5)


def actor(level: float = 0.1) -> Foreground:
    alpha = np.zeros(HW, np.float32)
    alpha[20:, 60:100] = 1
    alpha[20:, 59] = alpha[20:, 100] = 0.5
    return Foreground(np.repeat(level * alpha[..., None], 3, 2), alpha)


def layers(light: float | Array, level: float = 0.1, inverse_depth: float = 0.2) -> Layers:
    color = np.zeros((*HW, 3), np.float32) + np.float32(light)
    place = SetFrame(color, np.full(HW, inverse_depth, np.float32), np.ones(HW, np.float32))
    return Layers(place, (actor(level),))


def still() -> CameraPath:
    return CameraPath.locked_off(num_frames=3, hw=HW, focal_px=150)


def trucking(step: float) -> CameraPath:
    poses = (rigid(np.eye(3), np.array([step * i, 0, 0])) for i in range(3))
    return CameraPath(tuple(Camera.from_focal(hw=HW, focal_px=150, world_from_camera=p) for p in poses))


def test_all_off_is_bit_exact() -> None:
    plain = layers(RNG.random((*HW, 3), np.float32))
    off = with_film(plain, Film(), still(), 1)
    assert off.wrap is None
    assert off.grain is None
    assert off.place.color is plain.place.color
    assert np.array_equal(flatten(off), flatten(plain))
    assert softened(plain.place.color, 0.0) is plain.place.color


def test_a_dark_place_wraps_nothing() -> None:
    for dark in (layers(0.0), layers(0.09, level=0.1)):
        wrap = wrap_of(dark, 1.0)
        assert wrap is not None
        assert wrap.max() < 1e-6


def test_wrap_is_bounded_by_the_place_and_keeps_to_the_edge() -> None:
    bright = layers(4.0)
    plain, wrapped = flatten(bright), flatten(with_film(bright, Film(wrap=1.0), still(), 1))
    added = wrapped - plain
    assert added.min() >= 0
    assert wrapped.max() <= 4.0 + 1e-4
    assert added[50, 60, 0] > 0.1
    assert added[50, 80].max() < 1e-3 * added[50, 60].max()
    assert not added[:, :55].any()
    half = flatten(with_film(bright, Film(wrap=0.5), still(), 1)) - plain
    assert np.allclose(half, added / 2, atol=1e-5)


def test_a_place_in_shadow_wraps_as_the_darker_place_does() -> None:
    shadow = np.full((5, 7, 3), 0.25, np.float32)
    shaded, darker = replace(layers(4.0), shadow=shadow), layers(1.0)
    assert np.allclose(wrap_of(shaded, 1.0), wrap_of(darker, 1.0), atol=1e-5)


def test_a_dim_place_wraps_far_less_than_its_light_says() -> None:
    def share(light: float) -> float:
        wrap = wrap_of(layers(light, level=0.0), 0.1)
        assert wrap is not None
        return float(wrap.max()) / light

    assert share(2.0) > 10 * share(0.1)


def test_the_layers_rebuild_the_picture() -> None:
    place = RNG.random((*HW, 3), np.float32)
    filmed = with_film(layers(place), Film(wrap=0.4, grain=GRAIN, soften_px=0.8), still(), 1)
    picture = flatten(filmed)
    planes = planes_of((picture, filmed))
    for c in "RGB":
        rest = (1 - planes["actor.A"]) * planes[f"place.{c}"]
        rebuilt = planes[f"actor.{c}"] + rest + planes[f"wrap.{c}"] + planes[f"grain.{c}"]
        assert np.allclose(rebuilt, planes[c], atol=1e-5)
    off = planes_of((picture, replace(filmed, wrap=None, grain=None)))
    assert not any(n.startswith(("wrap", "grain")) for n in off)


def test_a_still_camera_blurs_nothing() -> None:
    place = layers(RNG.random((*HW, 3), np.float32)).place
    assert moved_blur(place, still(), 1, 0.5) is place.color
    assert moved_blur(place, trucking(0.001), 1, 0.5) is place.color


@pytest.mark.parametrize("index", [0, 1, 2])
def test_motion_blur_is_as_long_as_the_way(index: int) -> None:
    """150 px focal, 5 units off, 0.4 units a frame: 12 px a frame, 6 px in half of it."""
    color = np.zeros((*HW, 3), np.float32)
    color[:, 80] = 1
    place = layers(color, inverse_depth=0.2).place
    line = moved_blur(place, trucking(0.4), index, 0.5)[45, :, 0]
    assert line.sum() == pytest.approx(1, abs=0.15)
    places = np.arange(HW[1])
    middle = (line * places).sum() / line.sum()
    assert middle == pytest.approx(80, abs=0.6)
    assert (line > 0).sum() == pytest.approx(6, abs=1)
    far = replace(place, inverse_depth=np.full(HW, 0.01, np.float32))
    assert moved_blur(far, trucking(0.4), index, 0.5) is far.color


def test_bokeh_keeps_what_is_in_focus_and_the_light_of_what_is_not() -> None:
    color = RNG.random((*HW, 3), np.float32)
    sharp = SetFrame(color, np.full(HW, 0.2, np.float32), np.ones(HW, np.float32))
    assert np.array_equal(out_of_focus(sharp, 8.0, 0.2), color)
    point = np.zeros((*HW, 3), np.float32)
    point[45, 80] = 900
    far = out_of_focus(SetFrame(point, np.zeros(HW, np.float32), np.ones(HW, np.float32)), 12.0, 0.2)[..., 0]
    assert far.sum() == pytest.approx(900, rel=0.1)
    rows, columns = np.nonzero(far > 0.3 * far.max())
    assert np.ptp(columns) + 1 == pytest.approx(12, abs=3)
    assert np.ptp(rows) + 1 == pytest.approx(12, abs=3)


def test_what_is_sharp_before_what_is_soft_does_not_smear() -> None:
    near = np.zeros(HW, np.float32)
    near[:, 80:] = 0.2
    color = np.zeros((*HW, 3), np.float32)
    color[:, 80:] = 1
    out = out_of_focus(SetFrame(color, near, np.ones(HW, np.float32)), 10.0, 0.2)
    assert out[45, 70].max() < 0.05
    assert out[45, 84].min() > 0.9


def test_grade_brings_black_and_white_together() -> None:
    place = (np.array([0.02, 0.02, 0.02]), 0.9)
    plate = (np.array([0.04, 0.03, 0.02]), 0.6)
    assert grade_between(place, plate, 0.0) is None
    grade = grade_between(place, plate, 1.0)
    assert grade is not None
    assert np.allclose(graded(np.full((1, 1, 3), 0.02, np.float32), grade), plate[0], atol=1e-6)
    assert graded(np.full((1, 1, 3), 0.9, np.float32), grade)[0, 0].mean() == pytest.approx(0.6, abs=0.01)
    halfway = grade_between(place, plate, 0.5)
    assert halfway is not None
    assert grade.gain < halfway.gain < 1
    assert levels_of([np.zeros((*HW, 3), np.float32)], [np.zeros(HW, bool)]) is None


def test_glass() -> None:
    grey = np.ones((*HW, 3), np.float32)
    dark = through_glass(grey, Glass(0.4, 0.0))
    assert dark[0, 0, 0] == pytest.approx(0.6, abs=0.02)
    assert dark[45, 80, 1] == pytest.approx(1, abs=1e-3)
    assert np.array_equal(through_glass(grey, Glass(0.0, 0.0)), grey)
    line = np.zeros((*HW, 3), np.float32)
    line[:, 140] = 1
    parted = through_glass(line, Glass(0.0, 2 / 92))[45]
    centers = (parted * np.arange(HW[1])[:, None]).sum(0) / parted.sum(0)
    assert centers[0] - centers[1] == pytest.approx(60.5 * 2 / 92, abs=0.15)
    assert centers[2] - centers[1] == pytest.approx(-60.5 * 2 / 92, abs=0.15)


def test_all_at_once_in_order() -> None:
    film = Film(Grade(0.9, (0.01, 0.01, 0.01)), Bokeh(3.0, (0.3, 0.3, 0.3)), 0.5, 0.5, 0.2, GRAIN)
    shot = layers(RNG.random((*HW, 3), np.float32))
    once, again = (with_film(shot, film, trucking(0.4), 1) for _ in range(2))
    assert np.array_equal(flatten(once), flatten(again))
    assert np.array_equal(once.actors[0].color, shot.actors[0].color)
    assert np.isfinite(flatten(once)).all()
