"""The nouns check themselves once, say what must hold and what came, and cannot be changed."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from cyclorama.core.backdrop import Backdrop, View
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.clip import ArrayClip, Clip, proxy_hw
from cyclorama.core.errors import BusyError, InputError, MachineError
from cyclorama.core.layers import Foreground
from cyclorama.core.reference import Reference
from cyclorama.core.shot import Shot

CAMERA = Camera.from_focal(hw=(4, 6), focal_px=6.0)
PICTURE = np.zeros((4, 6, 3), np.float32)
PLANE = np.zeros((4, 6), np.float32)


class NoKey:
    def foreground(self, index: int, plate: np.ndarray) -> Foreground:
        raise AssertionError(index, plate)


def shot(num_frames: int, hw: tuple[int, int]) -> Shot:
    clip = ArrayClip(np.zeros((num_frames, *hw, 3), np.float32))
    return Shot(clip, NoKey(), CameraPath.locked_off(num_frames=3, hw=(4, 6), focal_px=6), None)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: View(PICTURE[..., :2], PLANE, CAMERA, 0), "image must be h w 3 float32, got 4 x 6 x 2 float32"),
        (lambda: View(PICTURE.astype(np.float64), PLANE, CAMERA, 0), "image must be h w 3 float32, got .*float64"),
        (lambda: View(PICTURE, PLANE[:3], CAMERA, 0), "inverse_depth must be 4 x 6 float32, got 3 x 6 float32"),
        (lambda: View(PICTURE[:3], PLANE, CAMERA, 0), r"image must have its camera's size \(4, 6\), got \(3, 6\)"),
        (lambda: Backdrop("still", ()), "must hold at least one view, got none"),
        (lambda: Foreground(PICTURE, PLANE[..., None]), "alpha must be 4 x 6 float32, got 4 x 6 x 1 float32"),
        (lambda: Foreground(PICTURE[0], PLANE), "color must be h w 3 float32, got 6 x 3 float32"),
        (lambda: ArrayClip(PICTURE), "frames must be t h w 3 float32, got 4 x 6 x 3 float32"),
        (lambda: Reference(PICTURE + np.float32(np.inf), 0, "sky.exr"), "image of sky.exr must be finite"),
        (lambda: shot(2, (4, 6)), r"must agree, got 2 frames of \(4, 6\) and 3 cameras of \(4, 6\)"),
        (lambda: shot(3, (6, 4)), r"must agree, got 3 frames of \(6, 4\) and 3 cameras of \(4, 6\)"),
    ],
)
def test_refusals_say_what_must_hold_and_what_came(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_pictures_in_nouns_cannot_be_written_to() -> None:
    view = View(PICTURE.copy(), PLANE.copy(), CAMERA, 0)
    clip = ArrayClip(np.zeros((2, 4, 6, 3), np.float32))
    for array in (view.image, view.inverse_depth, Reference(PICTURE.copy(), 0, "a").image, clip.frames):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(AttributeError):
        view.time = 2.0  # type: ignore[misc]
    assert shot(3, (4, 6)).relighting is None


def test_a_clip_in_memory_keeps_the_contract() -> None:
    frames = np.random.default_rng(0).random((3, 8, 16, 3), np.float32)
    clip = ArrayClip(frames, Fraction(24000, 1001))
    assert isinstance(clip, Clip)
    assert clip.timestamps_s == (0, Fraction(1001, 24000), Fraction(1001, 12000))
    mine = clip.frame(1)
    mine[:] = 0
    assert np.array_equal(clip.frame(1), frames[1])
    for outside in (-1, 3):
        with pytest.raises(IndexError, match=rf"frame must be 0..2, got {outside}"):
            clip.frame(outside)
    small = clip.proxy(8)
    assert (small.hw, small.num_frames, small.rate) == ((4, 8), 3, clip.rate)
    assert np.allclose(small.frame(0)[0, 0], frames[0, :2, :2].mean((0, 1)), atol=1e-6)
    assert clip.proxy(16) is clip


@pytest.mark.parametrize(
    ("hw", "long_side", "wanted"),
    [((1080, 1920), 960, (540, 960)), ((9, 16), 960, (9, 16)), ((720, 406), 100, (100, 56)), ((1, 4000), 10, (1, 10))],
)
def test_proxies_keep_the_shape_and_never_grow(hw: tuple[int, int], long_side: int, wanted: tuple[int, int]) -> None:
    assert proxy_hw(hw, long_side) == wanted


def test_exit_codes_of_errors() -> None:
    assert [(e.kind, e.exit_code) for e in (InputError, MachineError, BusyError)] == [
        ("input", 2),
        ("machine", 3),
        ("busy", 4),
    ]
