"""The key with a given matte."""

from dataclasses import dataclass

import numpy as np
import pytest

from cyclorama.matting.given import GivenKey, foreground_color


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


def ramp(hw=(64, 96)) -> np.ndarray:
    x = np.arange(hw[1], dtype=np.float32)
    return np.broadcast_to(np.clip((x - 40) / 12, 0, 1), hw).astype(np.float32).copy()


def test_alpha_is_kept_to_the_bit():
    rng = np.random.default_rng(0)
    alpha = rng.uniform(0, 1, (2, 20, 30)).astype(np.float32)
    plate = rng.uniform(0, 1, (20, 30, 3)).astype(np.float32)
    np.testing.assert_array_equal(GivenKey(Held(alpha)).foreground(1, plate).alpha, alpha[1])


def test_the_true_colour_of_a_soft_edge_is_found():
    alpha = ramp()
    actor, background = np.array((0.6, 0.1, 0.2), np.float32), np.array((0.05, 0.4, 0.5), np.float32)
    plate = alpha[..., None] * actor + (1 - alpha[..., None]) * background
    got = foreground_color(plate.astype(np.float32), alpha)
    np.testing.assert_allclose(got.color, alpha[..., None] * actor, atol=2e-3)


def test_a_hard_matte_cuts_the_plate():
    alpha = (ramp() > 0.5).astype(np.float32)
    plate = np.random.default_rng(1).uniform(0, 1, (*alpha.shape, 3)).astype(np.float32)
    np.testing.assert_array_equal(foreground_color(plate, alpha).color, plate * alpha[..., None])


def test_a_smaller_plate_gets_a_smaller_matte():
    alpha = ramp()[None]
    got = GivenKey(Held(alpha)).foreground(0, np.full((32, 48, 3), 0.2, np.float32))
    assert got.alpha.shape == (32, 48)
    assert abs(float(got.alpha.mean()) - float(alpha.mean())) < 1e-3


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5])
def test_a_constant_matte(value):
    alpha = np.full((16, 24), value, np.float32)
    plate = np.full((16, 24, 3), 0.3, np.float32)
    got = foreground_color(plate, alpha)
    assert np.isfinite(got.color).all()
    if value in (0.0, 1.0):
        np.testing.assert_array_equal(got.color, plate * value)


def test_outside_the_matte_is_an_error():
    key = GivenKey(Held(ramp()[None]))
    with pytest.raises(IndexError, match=r"frame must be 0\.\.0, got 1"):
        key.foreground(1, np.zeros((64, 96, 3), np.float32))
