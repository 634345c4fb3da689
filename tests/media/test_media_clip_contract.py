"""What every clip must do, whatever is behind it."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from media_footage import smooth_frames

from cyclorama.core.clip import ArrayClip, Clip, iterate
from cyclorama.core.display import linear_from_code8
from cyclorama.media import Notes, open_clip

NUM, HW = 30, (96, 128)


@pytest.fixture(scope="module", params=["array", "video", "folder"])
def clip(request: pytest.FixtureRequest, plate: Path, tmp_path_factory: pytest.TempPathFactory) -> Clip:
    frames = smooth_frames(NUM, HW)
    if request.param == "array":
        return ArrayClip(linear_from_code8(frames))
    if request.param == "video":
        return open_clip(plate, notes=Notes())
    folder = tmp_path_factory.mktemp("folder")
    for i, codes in enumerate(frames):
        cv2.imwrite(str(folder / f"frame.{i + 8}.png"), codes[..., ::-1])  # 8 9 10: natural order matters
    return open_clip(folder, notes=Notes(), rate=Fraction(24))


def test_facts(clip: Clip) -> None:
    assert isinstance(clip, Clip)
    assert (clip.num_frames, clip.hw, clip.rate) == (NUM, HW, Fraction(24))
    assert clip.timestamps_s == tuple(Fraction(i, 24) for i in range(NUM))


def test_frames_are_the_linear_pictures(clip: Clip) -> None:
    truth = linear_from_code8(smooth_frames(NUM, HW))
    for i, frame in enumerate(iterate(clip)):
        assert frame.shape == (*HW, 3)
        assert frame.dtype == np.float32
        assert np.abs(frame - truth[i]).mean() < 0.015, i


def test_any_order_equals_in_order(clip: Clip) -> None:
    frames = list(iterate(clip))
    for i in [*np.random.default_rng(0).permutation(NUM), 5, 5, NUM - 1, 0]:
        np.testing.assert_array_equal(clip.frame(int(i)), frames[i])


@pytest.mark.parametrize("index", [-1, NUM, NUM + 100])
def test_outside_is_an_index_error(clip: Clip, index: int) -> None:
    with pytest.raises(IndexError, match=r"0\.\.29"):
        clip.frame(index)


def test_frames_are_fresh(clip: Clip) -> None:
    before = clip.frame(3).copy()
    clip.frame(3)[:] = 9.0
    np.testing.assert_array_equal(clip.frame(3), before)


def test_proxy(clip: Clip) -> None:
    small = clip.proxy(64)
    assert (small.hw, small.num_frames, small.timestamps_s) == ((48, 64), NUM, clip.timestamps_s)
    for i in (0, 17, 4):
        full = cv2.resize(clip.frame(i), (64, 48), interpolation=cv2.INTER_AREA)
        assert np.abs(small.frame(i) - full).mean() < 0.01
    assert clip.proxy(128).hw == HW
    assert clip.proxy(4000).hw == HW
    with pytest.raises(IndexError):
        small.frame(NUM)
