"""A given matte made true at its edges."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclorama.core.clip import ArrayClip
from cyclorama.matting.given import GivenKey
from cyclorama.matting.refine import RefinedKey, analyse_matte, outline_of, refined_alpha

HW = (180, 240)


@dataclass(frozen=True)
class Held:
    values: np.ndarray

    @property
    def num_frames(self) -> int:
        return len(self.values)

    @property
    def hw(self) -> tuple[int, int]:
        return self.values.shape[1], self.values.shape[2]

    def alpha(self, index: int) -> np.ndarray:
        return self.values[index]


def texture(seed: int, mean: tuple[float, float, float], spread: float) -> np.ndarray:
    grain = np.random.default_rng(seed).normal(0, 1, (*HW, 1)).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 3)[..., None]
    return np.clip(np.array(mean, np.float32) * (1 + spread * grain / grain.std()), 0.001, None).astype(np.float32)


def shot(seed: int = 0, actor=(0.5, 0.25, 0.15), place=(0.1, 0.2, 0.3)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Plate, true alpha and the actor's premultiplied colour: a head with strands, textured on both sides."""
    fine = 4
    canvas = np.zeros((HW[0] * fine, HW[1] * fine), np.uint8)
    cv2.ellipse(canvas, (480, 400), (200, 240), 0, 0, 360, 255, -1)
    rng = np.random.default_rng(seed)
    for turn in np.linspace(0.2, 2.9, 22):
        x, y = 480 + 190 * np.cos(turn), 400 - 230 * np.sin(turn)
        tip = (int(x + rng.uniform(8, 30) * np.cos(turn)), int(y - rng.uniform(8, 30) * np.sin(turn)))
        cv2.line(canvas, (int(x), int(y)), tip, 255, 3)
    alpha = cv2.GaussianBlur(canvas, (0, 0), 4).astype(np.float32) / 255
    alpha = cv2.resize(alpha, HW[::-1], interpolation=cv2.INTER_AREA)
    front, back = texture(seed + 1, actor, 0.2), texture(seed + 2, place, 0.3)
    color = alpha[..., None] * front
    noise = rng.normal(0, 0.002, (*HW, 3)).astype(np.float32)
    return color + (1 - alpha[..., None]) * back + noise, alpha, color


def disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def damaged(alpha: np.ndarray, kind: str) -> np.ndarray:
    binary = (alpha > 0.5).astype(np.float32)
    if kind == "eroded":
        return cv2.erode(binary, disc(2))
    if kind == "dilated":
        return cv2.dilate(binary, disc(2))
    if kind == "blocky":
        small = cv2.resize(binary, (HW[1] // 6, HW[0] // 6), interpolation=cv2.INTER_AREA) > 0.5
        return cv2.resize(small.astype(np.float32), HW[::-1], interpolation=cv2.INTER_NEAREST)
    return binary


def error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.square(a - b).mean())


# The share of the matte's squared error that may be left.
@pytest.mark.parametrize(("kind", "left"), [("binary", 0.2), ("eroded", 0.2), ("dilated", 0.25), ("blocky", 0.2)])
@pytest.mark.parametrize("seed", [0, 10])
def test_a_damaged_matte_is_repaired(kind, left, seed):
    plate, truth, _ = shot(seed)
    bad = damaged(truth, kind)
    assert error(refined_alpha(plate, bad), truth) < left * error(bad, truth)


def test_the_actors_colour_gets_better_too():
    plate, truth, color = shot(3)
    alphas = Held(damaged(truth, "dilated")[None])
    refined, given_only = (key(alphas).foreground(0, plate) for key in (RefinedKey, GivenKey))
    assert error(refined.color, color) < 0.2 * error(given_only.color, color)


def test_a_true_soft_matte_hardly_changes():
    plate, truth, _ = shot(4)
    got = refined_alpha(plate, truth)
    assert error(got, truth) < 0.05 * error((truth > 0.5).astype(np.float32), truth)
    assert np.abs(got - truth).mean() < 1e-3


def test_a_sound_matte_is_told_from_one_that_is_off():
    plate, truth, _ = shot(4)
    off = np.roll(truth, (1, 2), (0, 1))
    clip = ArrayClip(np.stack([plate, plate]))
    right, wrong = (analyse_matte(clip, Held(np.stack([matte, matte]))) for matte in (truth, off))
    assert right.sound > 0.9
    assert wrong.sound < 0.3
    np.testing.assert_allclose(right.foreground(0, plate).alpha, truth, atol=0.05)
    assert error(wrong.foreground(0, plate).alpha, truth) < 0.6 * error(off, truth)


def test_a_binary_matte_right_to_the_pixel_keeps_all_but_its_edge():
    plate, truth, _ = shot(2)
    for kind, sound in (("binary", True), ("eroded", False), ("dilated", False), ("blocky", False)):
        bad = damaged(truth, kind)
        key = analyse_matte(ArrayClip(plate[None]), Held(bad[None]))
        assert (key.sound > 0.5) == sound
        assert error(key.foreground(0, plate).alpha, truth) < 0.4 * error(bad, truth)


def test_where_both_sides_look_alike_the_given_matte_stays():
    truth = shot(5)[1]
    even = np.random.default_rng(0).normal(0.2, 0.002, (*HW, 3)).astype(np.float32)
    binary = damaged(truth, "binary")
    got = refined_alpha(even, binary)
    far = np.abs(outline_of(binary, 3.0).depth) > 2.6  # the edge softens, and stays where it was
    np.testing.assert_allclose(got[far], binary[far], atol=0.12)
    assert ((got > 0.5) != (binary > 0.5)).mean() < 5e-4


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_matte_without_an_outline_stays_to_the_bit(value):
    plate = shot()[0]
    alpha = np.full(HW, value, np.float32)
    got = RefinedKey(Held(alpha[None])).foreground(0, plate)
    np.testing.assert_array_equal(got.alpha, alpha)
    np.testing.assert_array_equal(got.color, plate * value)


def test_far_from_the_outline_nothing_changes():
    plate, truth, _ = shot(6)
    bad = damaged(truth, "blocky")
    got = refined_alpha(plate, bad, band=0.02)
    far = np.abs(outline_of(bad, 3.6).depth) > 3.6
    assert far.mean() > 0.8
    np.testing.assert_array_equal(got[far], bad[far])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["binary", "eroded", "blocky"]))
def test_noise_on_a_still_shot_does_not_make_it_flicker(seed, kind):
    plate, truth, _ = shot(7)
    bad = damaged(truth, kind)
    band = outline_of(bad, 0.016 * HW[0]).band > 0
    rng = np.random.default_rng(seed)
    noisy = [plate * (1 + rng.normal(0, 0.01, plate.shape).astype(np.float32)) for _ in range(2)]
    first, second = (refined_alpha(picture, bad) for picture in noisy)
    assert np.abs(first - second)[band].mean() < 0.01


def test_a_proxy_gives_the_same_matte_smaller():
    plate, truth, _ = shot(8)
    small = cv2.resize(plate, (HW[1] // 2, HW[0] // 2), interpolation=cv2.INTER_AREA)
    key = RefinedKey(Held(damaged(truth, "dilated")[None]))
    whole, half = key.foreground(0, plate), key.foreground(0, small)
    assert half.alpha.shape == (HW[0] // 2, HW[1] // 2)
    reduced = cv2.resize(whole.alpha, half.alpha.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(half.alpha - reduced).mean() < 5e-3


def test_black_and_bright_plates_stay_finite():
    truth = shot()[1]
    for plate in (
        np.zeros((*HW, 3), np.float32),
        np.full((*HW, 3), 60.0, np.float32),
        -0.01 * np.ones((*HW, 3), np.float32),
    ):
        got = RefinedKey(Held(damaged(truth, "binary")[None])).foreground(0, plate)
        assert np.isfinite(got.color).all()
        assert got.alpha.min() >= 0
        assert got.alpha.max() <= 1


def test_what_must_hold_is_said():
    alphas = Held(shot()[1][None])
    with pytest.raises(ValueError, match="band must be above 0"):
        RefinedKey(alphas, band=0.0)
    with pytest.raises(ValueError, match=r"sound must be 0\.\.1, got 2"):
        RefinedKey(alphas, 2)
    with pytest.raises(ValueError, match="must have the clip's 2 frames, got 1"):
        analyse_matte(ArrayClip(np.stack([shot()[0]] * 2)), alphas)
    with pytest.raises(IndexError, match=r"frame must be 0\.\.0, got 1"):
        RefinedKey(alphas).foreground(1, shot()[0])
