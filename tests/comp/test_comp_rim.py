"""The rim: the place mirrored at the actor's edge, and nowhere else."""

import cv2
import numpy as np
import pytest

from cyclorama.comp import flatten, rim_field, spread, with_rim
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.layers import Foreground, Layers
from cyclorama.core.lighting import LUMINANCE

HW = (240, 320)
GREY = np.full((*HW, 3), 0.2, np.float32)


def body() -> np.ndarray:
    """A disc of 80 pixels radius: its relief is half a ball."""
    big = np.zeros((HW[0] * 4, HW[1] * 4), np.uint8)
    cv2.circle(big, (640, 480), 320, 255, -1)
    return cv2.resize(big, HW[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def rim(place: np.ndarray, strength: float = 1.0) -> np.ndarray:
    return spread(rim_field(body(), place, strength), HW)


def test_a_ball_mirrors_an_even_place_at_its_edge() -> None:
    """By half of the fourth power of one less the cosine, times the place."""
    across = rim(GREY)[120, 160:, 1] / 0.2
    for px in (20, 40, 56, 68):
        assert across[px] == pytest.approx(0.5 * (1 - np.sqrt(1 - (px / 80) ** 2)) ** 4, abs=0.015)
    assert across[76] > 0.05 > 5e-4 > across[30]


def test_the_rim_is_the_light_of_its_side() -> None:
    place = GREY.copy()
    place[:, :160] = (0.8, 0.2, 0.0)
    field = rim(place)
    left, right = field[120, 86], field[120, 233]
    assert left @ LUMINANCE > right @ LUMINANCE
    assert left[0] > 2 * left[1] > 2 * left[2]
    assert np.ptp(right) < 0.5 * right.mean()


@pytest.mark.parametrize("level", [0.0, 1e6])
def test_a_black_place_has_no_rim_and_no_lamp_outshines_white(level: float) -> None:
    field = rim(np.full((*HW, 3), level, np.float32))
    assert field.max() == pytest.approx(0, abs=1e-6) if level == 0 else 0.05 < field.max() <= 0.5


def test_strength_weighs_it() -> None:
    assert np.allclose(rim(GREY, 0.5), 0.5 * rim(GREY), atol=1e-6)


def test_nobody_and_somebody_everywhere_have_no_rim() -> None:
    for alpha in (np.zeros(HW, np.float32), np.ones(HW, np.float32)):
        assert np.abs(spread(rim_field(alpha, GREY, 1.0), HW) * alpha[..., None]).max() < 0.05


def test_the_middle_of_the_actor_keeps_the_plates_detail() -> None:
    """d = log(luminance + 0.002) of black cloth, away from the rim."""
    alpha, rng = body(), np.random.default_rng(3)
    cloth = 0.02 * rng.random((*HW, 1), np.float32) * alpha[..., None] * np.ones(3, np.float32)
    layers = Layers(SetFrame(GREY, alpha, alpha), (Foreground(cloth, alpha),))
    lit = flatten(with_rim(layers, rim_field(alpha, GREY, 1.0)))
    y, x = np.mgrid[: HW[0], : HW[1]] + 0.5
    inner = np.hypot(x - 160, y - 120) < 40
    change = np.log(lit @ LUMINANCE + 0.002) - np.log(cloth @ LUMINANCE + 0.002)
    assert np.quantile(np.abs(change[inner]), 0.95) < 0.03
    assert change[np.abs(np.hypot(x - 160, y - 120) - 77) < 1].min() > 0.25


def test_it_adds_to_a_wrap_of_another_size_and_leaves_the_place() -> None:
    alpha = body()
    actors = (Foreground(np.zeros((*HW, 3), np.float32), alpha),)
    bare = Layers(SetFrame(GREY, alpha, alpha), actors)
    wrap = Layers(SetFrame(GREY, alpha, alpha), actors, wrap=np.full((200, 267, 3), 0.1, np.float32))
    field = rim_field(alpha, GREY, 1.0)
    alone, both = flatten(with_rim(bare, field)), flatten(with_rim(wrap, field))
    assert np.allclose(both - alone, 0.1 * alpha[..., None], atol=2e-3)
    assert np.array_equal(alone[alpha == 0], GREY[alpha == 0])
    assert with_rim(bare, None) is bare
