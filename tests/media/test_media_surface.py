"""Passes of normals and depth are read as they are stored: no colour is decoded."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from media_footage import write_video

from cyclorama.core.errors import InputError
from cyclorama.media import Notes, open_surface
from cyclorama.media.exr import write_exr_data

HW = (36, 64)
CODES = np.random.default_rng(3).integers(0, 256, (3, *HW, 3), np.uint8)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_pictures(tmp_path: Path, kind: type) -> None:
    scale = np.iinfo(kind).max // 255
    for index, codes in enumerate(CODES):
        stored = np.dstack([codes[..., ::-1], np.full(HW, 200)]).astype(kind) * kind(scale)
        assert cv2.imwrite(str(tmp_path / f"n.{index:03d}.png"), stored)  # its alpha is left out
    clip = open_surface(tmp_path, notes=Notes(), depth=False)
    assert (clip.num_frames, clip.hw, clip.whole_numbers) == (3, HW, True)
    for index in (2, 0):
        assert np.allclose(clip.values(index), CODES[index] / 255, atol=1e-6)
    with pytest.raises(IndexError):
        clip.values(3)


@pytest.mark.parametrize("names", ["RGB", "XYZ", "N.XYZ", "Layer.Normal.xyz"])
def test_exr_is_kept_as_it_is(tmp_path: Path, names: str) -> None:
    values = (CODES[0] / 100 - 1).astype(np.float32)
    values[0, 0] = np.nan
    base, letters = names[:-3], names[-3:]
    planes = {base + letter: np.ascontiguousarray(values[..., c]) for c, letter in enumerate(letters)}
    if base:
        planes |= {letter: np.zeros(HW, np.float32) for letter in "RGB"}
    write_exr_data(tmp_path / "n0001.exr", planes, {})
    clip = open_surface(tmp_path, notes=Notes(), depth=False)
    assert not clip.whole_numbers
    assert np.array_equal(clip.values(0), values, equal_nan=True)


def test_a_lossless_video(tmp_path: Path) -> None:
    video = write_video(tmp_path / "n.mkv", CODES, codec="ffv1", pix_fmt="bgr0", matrix=None, options={})
    clip = open_surface(video, notes=Notes(), depth=False)
    assert (clip.num_frames, clip.hw, clip.whole_numbers) == (3, HW, True)
    assert np.allclose(clip.values(1), CODES[1] / 255, atol=1e-4)
    clip.close()


def test_what_is_no_pass_of_normals(tmp_path: Path) -> None:
    write_exr_data(tmp_path / "n0.exr", {"Z": np.zeros(HW, np.float32)}, {})
    with pytest.raises(InputError, match=r"must hold channels X, Y and Z or R, G and B, got \['Z'\]"):
        open_surface(tmp_path, notes=Notes(), depth=False)
    with pytest.raises(InputError, match="there is no such file"):
        open_surface(tmp_path / "none.mp4", notes=Notes(), depth=False)


def test_all_frames_are_stored_alike(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "n0.tif"), CODES[0])
    cv2.imwrite(str(tmp_path / "n1.tif"), CODES[1].astype(np.float32))
    with pytest.raises(InputError, match=r"must be stored as n0\.tif is"):
        open_surface(tmp_path, notes=Notes(), depth=False).values(1)


def test_depth(tmp_path: Path) -> None:
    planes = [np.linspace(1, 4, HW[0] * HW[1], dtype=np.float32).reshape(HW) + i for i in range(2)]
    planes[1][:] = 0  # he is not there
    planes[1][0, 0] = np.inf
    for index, plane in enumerate(planes):
        write_exr_data(tmp_path / f"z{index}.exr", {"Z": plane}, {})
    clip = open_surface(tmp_path, notes=Notes(), depth=True)
    assert (clip.num_frames, clip.hw) == (2, HW)
    assert np.array_equal(clip.values(0), planes[0])
    assert np.isnan(clip.values(1)[0, 0])
    with pytest.raises(IndexError):
        clip.values(2)
    grey = np.repeat(CODES[..., :1], 3, 3)
    video = write_video(tmp_path / "z.mkv", grey, codec="ffv1", pix_fmt="bgr0", matrix=None, options={})
    clip = open_surface(video, notes=Notes(), depth=True)
    assert np.allclose(clip.values(2), grey[2, ..., 0] / 255, atol=1e-4)
    clip.close()
