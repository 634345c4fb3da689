"""The one display curve, against the figures of IEC 61966-2-1:1999 (sRGB)."""

import numpy as np
import pytest

from cyclorama.core.display import code8_from_linear, display_from_linear, linear_from_code8, linear_from_display

CODES = np.arange(256, dtype=np.uint8)


@pytest.mark.parametrize(
    ("code", "linear"),
    [
        (0, 0.0),
        (1, 1 / 255 / 12.92),  # IEC 61966-2-1, 5.2: the linear segment below 0.04045
        (10, 10 / 255 / 12.92),  # 0.0392, the last code on it
        (11, 0.0033465358),  # ((11/255 + .055) / 1.055) ** 2.4
        (119, 0.1844749945),
        (188, 0.5028864580),
        (255, 1.0),
    ],
)
def test_known_values(code: int, linear: float) -> None:
    assert linear_from_code8(np.array([code], np.uint8))[0] == pytest.approx(linear, rel=2e-6)
    assert display_from_linear(np.array([linear]))[0] * 255 == pytest.approx(code, abs=1e-4)


def test_every_8_bit_code_comes_back() -> None:
    picture = np.stack([CODES, CODES[::-1], CODES], -1)[None]
    linear = linear_from_code8(picture)
    assert linear.dtype == np.float32
    assert linear.shape == picture.shape
    assert np.array_equal(code8_from_linear(linear), picture)
    assert np.array_equal(np.round(display_from_linear(linear) * 255), picture)


def test_codes_rise_with_light_and_clip_outside() -> None:
    assert (np.diff(linear_from_code8(CODES)) > 0).all()
    assert code8_from_linear(np.array([-1.0, 1.5, 100.0, np.nan, np.inf], np.float32)).tolist() == [0, 255, 255, 0, 255]
    light = np.linspace(0, 1, 20001, dtype=np.float32)
    exact = np.round(display_from_linear(light).astype(float) * 255)
    assert np.abs(code8_from_linear(light) - exact).max() <= 1
    assert (code8_from_linear(light) == exact).mean() > 0.995


def test_the_curve_is_odd_and_unclipped() -> None:
    values = np.array([-0.5, -0.001, 0.0, 0.5, 4.0], np.float32)
    back = display_from_linear(linear_from_display(values))
    assert np.allclose(back, values, atol=1e-6)
    assert linear_from_display(np.array([-0.5]))[0] == -linear_from_display(np.array([0.5]))[0]


def test_arrays_in_any_layout() -> None:
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    for view in (picture[::2], picture[:, ::-1], picture.transpose(1, 0, 2)):
        assert np.array_equal(code8_from_linear(linear_from_code8(view)), view)
