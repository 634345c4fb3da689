"""Evidence from the background that other frames show, on made-up shots."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from cyclorama.core.clip import ArrayClip
from cyclorama.core.display import linear_from_code8
from cyclorama.matting.carry import carry_masks
from cyclorama.matting.carry_behind import Behind
from cyclorama.matting.carry_register import aligned, background_step, clear_of, start
from cyclorama.matting.flow import read_at

HW = (120, 180)


def noise(seed: int, hw: tuple[int, int], tint: tuple[int, int, int]) -> np.ndarray:
    smooth = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, (*hw, 3)).astype(np.float32), (0, 0), 2.0)
    return np.clip(np.array(tint) + 30 * smooth / smooth.std(), 0, 255).astype(np.float32)


def disc(x: float, y: float, radius: float) -> np.ndarray:
    grid = np.mgrid[: HW[0], : HW[1]] + 0.5
    return np.clip(radius - np.hypot(grid[1] - x, grid[0] - y) + 0.5, 0, 1).astype(np.float32)


def shot(truth: list[np.ndarray], pole: np.ndarray | None = None, pan: float = -1.0) -> ArrayClip:
    """An actor of one texture over a panning wall, and a pole before both that stands with the camera."""
    wall, skin = noise(1, (160, 400), (90, 110, 100)), noise(2, HW, (150, 90, 80))
    pictures = []
    for t, mask in enumerate(truth):
        back = cv2.warpAffine(wall, np.float32([[1, 0, pan * t - 60], [0, 1, -20]]), HW[::-1])
        picture = back + mask[..., None] * (skin - back)
        pictures.append(picture if pole is None else np.where(pole[..., None] > 0.5, 60, picture))
    return ArrayClip(linear_from_code8(np.rint(np.stack(pictures)).astype(np.uint8)))


def walking(frames: int, speed: float = 3.0) -> list[np.ndarray]:
    return [disc(50 + speed * t, 60, 22) for t in range(frames)]


def of(masks: list[np.ndarray]) -> Callable[[int], np.ndarray]:
    return lambda index: masks[index]


def test_the_actor_differs_and_the_background_agrees():
    truth = walking(24)
    found = Behind(shot(truth), of(truth)).evidence(12)
    assert found.shape == HW
    inner, outer = cv2.erode(truth[12], np.ones((7, 7))) > 0.5, cv2.dilate(truth[12], np.ones((7, 7))) < 0.5
    assert (found[inner] > 0).mean() > 0.85
    assert (found[outer] < 0).mean() > 0.95


def test_it_does_not_believe_the_masks_it_is_given():
    truth = walking(30)
    wrong = [np.where(np.arange(HW[1]) > 50 + 3 * t, 0, mask).astype(np.float32) for t, mask in enumerate(truth)]
    lost = (truth[15] > 0.9) & (wrong[15] < 0.5)
    assert (Behind(shot(truth), of(wrong)).evidence(15)[lost] > 0).mean() > 0.7


def test_frames_may_be_asked_for_in_any_order_and_are_read_few_times(monkeypatch):
    truth = walking(70, 1.0)
    plate = shot(truth)
    alone = Behind(plate, of(truth)).evidence(30)
    reads: list[int] = []
    frame = ArrayClip.frame
    monkeypatch.setattr(ArrayClip, "frame", lambda clip, index: reads.append(index) or frame(clip, index))
    walked = Behind(plate, of(truth))
    for index in (69, 50, 31, 30):
        last = walked.evidence(index)
    np.testing.assert_array_equal(last, alone)
    assert len(reads) <= 70


def test_one_frame_says_nothing():
    truth = walking(1)
    assert not Behind(shot(truth), of(truth)).evidence(0).any()


def test_a_limb_outside_the_mask_does_not_bend_the_background():
    flow = np.full((*HW, 2), (2.0, -1.0), np.float32)
    actor, limb = disc(90, 60, 20), disc(120, 60, 9)
    flow[(actor > 0) | (limb > 0)] = (-5, 3)
    found = background_step(flow, actor)
    np.testing.assert_allclose(found, np.broadcast_to((2.0, -1.0), found.shape), atol=0.3)


@pytest.mark.parametrize("off", [(1.0, 0.0), (-0.6, 1.4)])
def test_a_drifted_place_is_corrected_by_what_is_seen(off: tuple[float, float]):
    picture = noise(4, (HW[0] + 40, HW[1] + 40), (120, 120, 120)).mean(-1).astype(np.uint8)
    there = np.ascontiguousarray(picture[20:-20, 20:-20])
    true = start(HW) + np.float32((3.0, -2.0))
    here = read_at(picture, np.ascontiguousarray(true + 20))
    found = aligned(here, there, true + np.float32(off), clear_of(np.zeros(HW, np.float32)))
    inner = (slice(20, -20), slice(20, -20))
    assert np.abs(found - true)[inner].mean() < 0.2


def test_an_actor_who_was_behind_a_pole_is_found_again():
    truth = [disc(40 + 4 * t, 60, 14) for t in range(26)]
    pole = np.zeros(HW, np.float32)
    pole[:, 84:118] = 1  # wider than the actor
    seen = [mask * (1 - pole) for mask in truth]
    got = carry_masks(shot(truth, pole), {0: seen[0]})
    for t in (23, 25):
        a, b = got.alpha(t) > 0.5, seen[t] > 0.5
        assert (a & b).sum() / (a | b).sum() > 0.7
    assert got.confidence[25] == 0  # the way there led through nothing
