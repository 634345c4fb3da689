"""Masks carried through made-up shots, whose truth is known."""

import cv2
import numpy as np
import pytest

from cyclorama.core.clip import ArrayClip
from cyclorama.core.display import linear_from_code8
from cyclorama.core.errors import InputError
from cyclorama.matting.carry import CarriedMattes, carry_masks

HW = (168, 240)


def texture(seed: int, hw: tuple[int, int], tint: tuple[float, float, float], spread: float) -> np.ndarray:
    """Codes 0..255 of smooth coloured noise around a tint."""
    noise = np.random.default_rng(seed).normal(0, 1, (*hw, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return np.clip(np.array(tint) + spread * smooth / smooth.std(), 0, 255).astype(np.float32)


def blob(frame: int, speed: tuple[float, float], start: tuple[float, float] = (80.0, 84.0)) -> np.ndarray:
    """A lobed disc (x, y of its middle moves by ``speed`` a frame), antialiased."""
    y, x = np.mgrid[: HW[0], : HW[1]].astype(np.float32) + 0.5
    dx, dy = x - (start[0] + speed[0] * frame), y - (start[1] + speed[1] * frame)
    radius = 40 + 6 * np.cos(3 * np.arctan2(dy, dx))
    return np.clip(radius - np.hypot(dx, dy) + 0.5, 0, 1).astype(np.float32)


def shot(
    frames: int, speed=(2.0, -0.6), pan=(-1.3, 0.4), tints=((150, 90, 80), (90, 110, 100)), noise=1.5
) -> tuple[ArrayClip, np.ndarray]:
    """A textured blob over a textured wall, both moving; and its truth, t h w."""
    rng = np.random.default_rng(5)
    wall, skin = texture(1, (240, 400), tints[1], 30), texture(2, (240, 400), tints[0], 30)
    truth = np.stack([blob(t, speed) for t in range(frames)])
    pictures = []
    for t in range(frames):
        moved = [
            cv2.warpAffine(p, np.float32([[1, 0, vx * t - 60], [0, 1, vy * t - 60]]), HW[::-1])
            for p, (vx, vy) in ((wall, pan), (skin, speed))
        ]
        picture = moved[0] + truth[t][..., None] * (moved[1] - moved[0]) + rng.normal(0, noise, (*HW, 3))
        pictures.append(np.clip(np.rint(picture), 0, 255).astype(np.uint8))
    return ArrayClip(linear_from_code8(np.stack(pictures))), truth


def overlaps(got: CarriedMattes, truth: np.ndarray) -> list[float]:
    pairs = [(got.alpha(t) > 0.5, truth[t] > 0.5) for t in range(len(truth))]
    return [float((a & b).sum() / max((a | b).sum(), 1)) for a, b in pairs]


def test_a_moving_actor_before_a_moving_wall_is_followed():
    plate, truth = shot(14)
    got = carry_masks(plate, {0: truth[0]})
    assert (got.num_frames, got.hw) == (14, HW)
    assert min(overlaps(got, truth)) > 0.95
    assert min(got.confidence) > 0.5
    assert all(len(p) < 8000 for p in got.packed)


def test_backwards_is_as_good_and_frames_are_read_in_blocks(monkeypatch):
    plate, truth = shot(8)
    monkeypatch.setattr("cyclorama.matting.carry._BLOCK", 3)
    assert min(overlaps(carry_masks(plate, {7: truth[7]}), truth)) > 0.95


def test_an_actor_of_the_walls_colour_is_told_by_motion():
    plate, truth = shot(10, tints=((110, 110, 105), (110, 110, 105)))
    assert min(overlaps(carry_masks(plate, {0: truth[0]}), truth)) > 0.9


def test_a_second_mask_pulls_and_given_masks_come_back_as_they_were():
    plate, truth = shot(12)
    wrong = truth[0].copy()
    wrong[:, :80] = 0  # half of the actor is not painted
    alone = overlaps(carry_masks(plate, {0: wrong}), truth)
    both = carry_masks(plate, {0: wrong, 8: truth[8]})
    mended = overlaps(both, truth)
    assert np.mean(mended[5:]) > np.mean(alone[5:]) + 0.2
    assert min(mended[7:]) > 0.95
    np.testing.assert_allclose(both.alpha(8), truth[8], atol=0.5 / 255 + 1e-6)
    np.testing.assert_allclose(both.alpha(0), wrong, atol=0.5 / 255 + 1e-6)


def test_a_still_shot_does_not_flicker():
    plate, truth = shot(1)
    still = ArrayClip(np.repeat(plate.frames, 5, axis=0))
    got = carry_masks(still, {0: truth[0]})
    for t in range(2, 5):
        np.testing.assert_array_equal(got.alpha(t), got.alpha(1))
    assert min(overlaps(got, np.repeat(truth, 5, axis=0))) > 0.97


def test_grain_moves_a_still_edge_little():
    plate, truth = shot(8, speed=(0, 0), pan=(0, 0), noise=3)
    got = carry_masks(plate, {0: truth[0]})
    changed = [np.mean((got.alpha(t) > 0.5) != (got.alpha(t - 1) > 0.5)) for t in range(2, 8)]
    assert max(changed) < 0.003


def test_an_actor_who_leaves_is_gone_and_says_so():
    plate, truth = shot(14, speed=(18.0, 0.0), pan=(0.5, 0.0))
    assert truth[-1].sum() == 0
    got = carry_masks(plate, {0: truth[0]})
    assert got.alpha(13).mean() < 0.005
    assert got.confidence[13] == 0


def test_the_same_twice():
    plate, truth = shot(4)
    first, second = (carry_masks(plate, {1: truth[1]}) for _ in range(2))
    assert first == second


def test_a_large_plate_is_carried_at_a_proxy_and_enlarged(monkeypatch):
    plate, truth = shot(5)
    monkeypatch.setattr("cyclorama.matting.carry._LONG_SIDE", 160)
    got = carry_masks(plate, {0: truth[0]})
    assert got.alpha(4).shape == HW
    assert min(overlaps(got, truth)) > 0.93


def test_progress_ends_at_the_whole():
    plate, truth = shot(6)
    seen: list[tuple[int, int]] = []
    carry_masks(plate, {1: truth[1], 4: truth[4]}, progress=lambda done, steps: seen.append((done, steps)))
    assert [done for done, _ in seen] == list(range(1, seen[0][1] + 1))


def test_masks_that_cannot_be_used():
    plate, truth = shot(2)
    for masks, words in (
        ({}, "no mask is given"),
        ({2: truth[0]}, r"frame 2 lies outside the shot; its frames are 0\.\.1"),
        ({-1: truth[0]}, r"frame -1 lies outside"),
        ({0: truth[0][:-1]}, r"plate's size, 168 x 240 float32, got 167 x 240 float32"),
        ({0: np.zeros(HW, np.float32)}, "shows no actor"),
        ({0: np.ones(HW, np.float32)}, "white all over"),
        ({0: 255 * truth[0]}, "values from 0 to 1"),
        ({0: truth[0] * np.float32(np.nan)}, "values from 0 to 1"),
    ):
        with pytest.raises(InputError, match=words):
            carry_masks(plate, masks)


def test_outside_the_shot_is_an_error():
    plate, truth = shot(1)
    with pytest.raises(IndexError, match=r"frame must be 0\.\.0, got 1"):
        carry_masks(plate, {0: truth[0]}).alpha(1)


@pytest.mark.parametrize("hw", [(8, 8), (10, 97), (4, 200), (14, 160), (97, 6)])
def test_small_and_thin_pictures_are_carried_too(hw: tuple[int, int]) -> None:
    frames = np.random.default_rng(2).uniform(0, 1, (3, *hw, 3)).astype(np.float32)
    mask = np.zeros(hw, np.float32)
    mask[: hw[0] // 2] = 1
    carried = carry_masks(ArrayClip(frames), {0: mask})
    assert carried.alpha(2).shape == hw
