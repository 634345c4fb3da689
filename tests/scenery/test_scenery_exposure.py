"""Exposures of pictures whose gains are known."""

import cv2
import numpy as np
import pytest

from cyclorama.scenery import Seen, match_exposures

HW = (120, 180)
GAINS = np.array([[1.5, 1.5, 1.5], [1, 1, 1], [0.6, 0.7, 0.8]])


def place(seed: int = 0, top: float = 0.5) -> np.ndarray:
    soft = cv2.GaussianBlur(np.random.default_rng(seed).random((*HW, 3), np.float32), (0, 0), 4.0)
    return ((soft - soft.min()) / (soft.max() - soft.min()) * top + 0.02).astype(np.float32)


def seen(first: int, second: int, num: int = 200, wrong: int = 0) -> Seen:
    random = np.random.default_rng(first + 7 * second)
    px = random.uniform((5, 5), (HW[1] - 5, HW[0] - 5), (num, 2))
    other = px.copy()
    other[:wrong] = random.uniform((5, 5), (HW[1] - 5, HW[0] - 5), (wrong, 2))
    return Seen(first, second, px, other)


@pytest.mark.parametrize("anchor", [0, 1, 2])
@pytest.mark.parametrize("pairs", [((0, 1), (1, 2)), ((0, 1), (0, 2), (1, 2)), ((0, 2), (1, 2))])
def test_gains_come_back(anchor: int, pairs: tuple[tuple[int, int], ...]) -> None:
    """Also from pairs that join two pictures by a third, with a third of the matches wrong."""
    images = [(place() * g).astype(np.float32) for g in GAINS]
    found = match_exposures(images, [seen(i, j, 200, 60) for i, j in pairs], anchor)
    assert np.allclose(found.gains, GAINS[anchor] / GAINS, rtol=0.03)
    assert np.array_equal(found.gains[anchor], [1, 1, 1])
    assert found.changes


def test_equal_pictures_are_left_alone() -> None:
    noisy = [(place() + np.random.default_rng(i).normal(0, 0.01, (*HW, 3))).astype(np.float32) for i in range(2)]
    assert not match_exposures(noisy, [seen(0, 1)], 0).changes


def test_clipped_light_says_nothing() -> None:
    """Half the picture is blown in the brighter one: what is left tells the gain."""
    image = place(1, top=0.9)
    images = [image, np.minimum(image * 2, 1).astype(np.float32)]
    assert np.allclose(match_exposures(images, [seen(0, 1, 400)], 0).gains[1], 0.5, rtol=0.03)


def test_too_few_matches_and_another_light_change_nothing() -> None:
    images = [place(), (place() * 2).astype(np.float32)]
    assert not match_exposures(images, [seen(0, 1, 10)], 0).changes
    lamps = cv2.GaussianBlur(np.random.default_rng(5).normal(0, 1, HW).astype(np.float32), (0, 0), 12)
    night = (place() * np.exp(lamps / lamps.std())[..., None]).astype(np.float32)
    found = match_exposures([place(), night], [seen(0, 1)], 0)
    assert found.other_light == ((0, 1),)
    assert not found.changes


def test_a_picture_that_nothing_joins_keeps_its_own() -> None:
    images = [place(), (place() * 2).astype(np.float32), place(3)]
    gains = match_exposures(images, [seen(0, 1)], 0).gains
    assert np.allclose(gains[1], 0.5, rtol=0.03)
    assert np.array_equal(gains[2], [1, 1, 1])
    assert np.array_equal(match_exposures(images, [seen(0, 1)], 2).gains, np.ones((3, 3)))
