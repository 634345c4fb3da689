"""Grain, sharpness and shutter read from pictures of known ones."""

import cv2
import numpy as np
import pytest

from cyclorama.comp import missing_grain, read_grain, read_sharpness, read_shutter
from cyclorama.comp.grain import grain_of
from cyclorama.core.arrays import Array
from cyclorama.core.display import display_from_linear, linear_from_display
from cyclorama.core.film import Grain

HW = (240, 400)
ALL, NOBODY = np.ones(HW, bool), np.zeros(HW, np.float32)
FINE = 4  # pixels drawn for one of the picture
RNG = np.random.default_rng(1)


def slope() -> Array:
    """Dark to bright, scene-linear."""
    return linear_from_display(np.linspace(0.2, 0.8, HW[1])[None, :, None] * np.ones((HW[0], 1, 3)) * [1, 0.95, 0.9])


def wanted(grain: Grain, levels: tuple[float, ...]) -> Array:
    return np.stack([np.interp(levels, grain.levels, s) for s in np.transpose(grain.sigma)], 1)


@pytest.mark.parametrize("size", [(0.0, 0.0), (0.6, 1.0), (1.1, 1.6)])
def test_grain_is_read_as_it_was_made(size: tuple[float, float]) -> None:
    made = Grain((0.2, 0.8), ((0.02, 0.015, 0.02), (0.008, 0.006, 0.01)), size, 0.6)
    frames = [slope() + grain_of(slope(), NOBODY, made, i) for i in range(4)]
    read = read_grain(frames[::2], [ALL] * 2, frames[1::2])
    assert read is not None
    inner = slice(2, 6)  # levels that the slope has
    assert np.allclose(np.array(read.sigma)[inner], wanted(made, read.levels)[inner], rtol=0.15)
    assert read.size_px == pytest.approx(size, abs=max(0.15 * size[1], 0.25 if size[1] < 0.3 else 0))
    assert read.shared == pytest.approx(0.6, abs=0.06)


def test_what_is_added_makes_the_variances_agree() -> None:
    own = Grain((0.5,), ((0.006, 0.006, 0.006),), (0.5, 0.5), 0.5)
    plate = Grain((0.5,), ((0.015, 0.015, 0.012),), (0.8, 1.0), 0.7)
    grainy = slope() + grain_of(slope(), NOBODY, own, 99)
    has, goal = (read_grain([slope() + grain_of(slope(), NOBODY, g, 5)], [ALL]) for g in (own, plate))
    assert goal is not None
    lack = missing_grain(goal, has, 1.0)
    assert lack is not None
    done = read_grain([grainy + grain_of(grainy, NOBODY, lack, 7)], [ALL])
    assert done is not None
    assert np.allclose(np.array(done.sigma)[2:6], np.array(goal.sigma)[2:6], rtol=0.15)
    assert missing_grain(has or goal, goal, 1.0) is None
    assert missing_grain(goal, has, 0.0) is None
    assert missing_grain(goal, None, 1.0) is None


def test_grain_lives_and_comes_again() -> None:
    grain = Grain((0.5,), ((0.02, 0.02, 0.02),), (0.6, 0.6), 0.3)
    first, second, again = (grain_of(slope(), NOBODY, grain, i) for i in (3, 4, 3))
    assert np.array_equal(first, again)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.02
    whole = grain_of(slope(), np.ones(HW, np.float32), grain, 3)
    assert not whole.any()


def test_a_picture_without_grain_has_none() -> None:
    rounded = linear_from_display(np.round(display_from_linear(slope()) * 255) / 255)
    read = read_grain([rounded], [ALL])
    assert read is not None
    assert np.max(read.sigma) < 0.4 / 255
    standing = slope() + grain_of(slope(), NOBODY, Grain((0.5,), ((0.02, 0.02, 0.02),), (0.6, 0.6), 0.3), 3)
    frozen = read_grain([standing], [ALL], [standing])
    assert frozen is not None
    assert np.max(frozen.sigma) < 1e-4
    assert read_grain([slope()], [~ALL]) is None


def boxes(blur_px: float, seed: int, frame: int = 0, shutter: float = 0.0) -> Array:
    """Turned boxes under a Gaussian, a little noise; every other one goes 6.7 px a frame while the shutter is open."""
    shown = np.zeros((HW[0] * FINE, HW[1] * FINE), np.float32)
    times = frame + np.linspace(-0.5, 0.5, 7) * shutter if shutter else np.array([frame])
    for time in times:
        random, picture = np.random.default_rng(seed), np.full_like(shown, 0.3)
        for i in range(30):
            middle = random.random(2) * HW[::-1] + (np.array([6, 3]) * time if i % 2 else 0)
            box = ((middle * FINE).tolist(), (FINE * (random.random(2) * 40 + 12)).tolist(), random.random() * 180)
            cv2.fillPoly(picture, [cv2.boxPoints(box).astype(np.int32)], float(random.random()))
        shown += picture / len(times)
    small = cv2.resize(cv2.GaussianBlur(shown, (0, 0), blur_px * FINE), HW[::-1], interpolation=cv2.INTER_AREA)
    noisy = display_from_linear(small) + 0.003 * RNG.standard_normal(HW)
    return np.repeat(linear_from_display(noisy)[..., None], 3, 2)


@pytest.mark.parametrize("sigma", [0.7, 1.2, 2.0])
def test_blur_is_read_within_a_tenth(sigma: float) -> None:
    read = read_sharpness([boxes(sigma, seed) for seed in (1, 2)], [ALL] * 2)
    assert read is not None
    assert read.sigma_px == pytest.approx(np.sqrt(sigma**2 + 1 / 12), rel=0.1)  # a pixel's own box among it


def test_no_edges_no_sharpness() -> None:
    assert read_sharpness([slope()] * 2, [ALL] * 2) is None
    assert read_shutter([slope()] * 4, [slope()] * 4, [ALL] * 4) is None


@pytest.mark.parametrize("shutter", [0.0, 0.5])
def test_the_shutter_is_read(shutter: float) -> None:
    frames = [[boxes(0.6, seed, frame, shutter) for seed in (1, 2, 3, 4)] for frame in (0, 1)]
    read = read_shutter(*frames, [ALL] * 4)
    assert read is not None
    assert read.share == pytest.approx(shutter, abs=0.12)
    assert read.is_sure == (shutter > 0)
