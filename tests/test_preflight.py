"""The measures of a plate, on planes whose truth is known, and the trouble that they mean."""

import math
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclorama.core.arrays import Array
from cyclorama.core.display import linear_from_code8
from cyclorama.preflight import blur_of, grain_of, look_of, screen_look
from cyclorama.trouble import troubles_of


def bars(sigma: float) -> Array:
    """Slanted bars whose edges are Gaussian steps."""
    plane = np.zeros((360, 640), np.float32)
    for x in range(0, 640, 80):
        plane[:, x : x + 40] = 160
    turned = cv2.warpAffine(plane, cv2.getRotationMatrix2D((320, 180), 17, 1.2), (640, 360))
    blurred: Array = cv2.GaussianBlur(turned, (0, 0), sigma) + 40
    return blurred


@pytest.mark.parametrize("sigma", [1.0, 3.0, 8.0])
def test_grain_is_the_noise_that_was_put_in(sigma: float) -> None:
    noise = np.random.default_rng(3).normal(0, sigma, (360, 640)).astype(np.float32)
    assert grain_of(bars(2.0) + noise) == pytest.approx(sigma, rel=0.2)


def test_a_clean_picture_has_no_grain() -> None:
    assert grain_of(np.full((90, 120), 100, np.float32)) < 0.01


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0])
def test_blur_is_that_of_the_edges(sigma: float) -> None:
    assert blur_of(bars(sigma)) == pytest.approx(sigma, rel=0.3)


def test_blur_of_nothing_is_unknown() -> None:
    assert math.isnan(blur_of(np.full((90, 120), 100, np.float32)))


@settings(max_examples=15, deadline=None)
@given(st.integers(3, 70), st.integers(3, 70))
def test_any_size_is_measured(height: int, width: int) -> None:
    look = look_of(np.full((height, width, 3), 0.2, np.float32))
    assert 0 <= look.grain < 0.1
    assert (look.clipped, look.crushed) == (0, 0)


def test_clipping_is_counted() -> None:
    codes = np.full((50, 50, 3), 128, np.uint8)
    codes[:10, :, 1] = 255
    codes[-5:] = 0
    look = look_of(linear_from_code8(codes))
    assert (look.clipped, look.crushed) == (pytest.approx(0.2), pytest.approx(0.1))


def test_a_ramp_of_two_stops_on_the_screen() -> None:
    light = 0.2 * 2 ** np.linspace(-1, 1, 400, dtype=np.float32)
    picture = np.zeros((100, 400, 3), np.float32)
    picture[..., 1] = light
    seen = np.zeros((100, 400), bool)
    seen[50:] = True
    look = screen_look(picture, seen, 1)
    assert look.share == pytest.approx(0.5)
    assert look.stops == pytest.approx(2 * 0.9, abs=0.05)
    assert look.clipped == 0


def sound() -> dict[str, Any]:
    """The facts of a plate without a fault."""
    return {
        "media": {
            "frames": 48,
            "size": [1920, 1080],
            "rate": "24",
            "seconds": 2.0,
            "variable_rate": False,
            "codec": "prores",
            "pixels": "yuv422p10le",
            "bits_a_pixel": 4.0,
        },
        "picture": {
            "grain": 1.0,
            "blur_px": 0.8,
            "blur_worst_px": 1.0,
            "clipped_percent": 0.0,
            "crushed_percent": 0.0,
        },
        "screen": {
            "colour": "green",
            "code": "#3cb64c",
            "share_percent": 70.0,
            "stops": 0.5,
            "clipped_percent": 0.0,
            "noise_percent": 2.0,
            "wrinkles": 0.02,
            "even": True,
            "bounce": 0.1,
            "marker_px": 16.0,
            "ends_inside": False,
            "bars": False,
        },
    }


def test_a_sound_plate_has_no_trouble() -> None:
    assert troubles_of(sound()) == ()


@pytest.mark.parametrize(
    ("group", "name", "value", "word"),
    [
        ("media", "bits_a_pixel", 0.01, "compressed"),
        ("media", "pixels", "yuv420p", "4:2:0"),
        ("media", "variable_rate", True, "varies"),
        ("media", "frames", 1, "one frame"),
        ("media", "size", [320, 240], "small"),
        ("picture", "grain", 12.0, "grainy"),
        ("picture", "blur_px", 3.0, "soft"),
        ("picture", "blur_worst_px", 5.0, "motion"),
        ("screen", "clipped_percent", 40.0, "overexposed"),
        ("screen", "noise_percent", 20.0, "noisy"),
        ("screen", "stops", 3.0, "uneven"),
        ("screen", "even", False, "wrinkles"),
        ("screen", "bounce", 0.6, "green light"),
        ("screen", "share_percent", 5.0, "5.0 %"),
        ("screen", "marker_px", None, "no markers"),
    ],
)
def test_each_fault_is_told_alone(group: str, name: str, value: object, word: str) -> None:
    facts = sound()
    facts[group][name] = value
    (trouble,) = troubles_of(facts)
    assert word in trouble.what
    assert trouble.remedy


def test_the_worst_comes_first() -> None:
    facts = {**sound(), "screen": None}
    facts["media"]["size"] = [320, 240]
    first, second = troubles_of(facts)
    assert "no green or blue screen" in first.what
    assert "small" in second.what
