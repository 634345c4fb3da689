"""Folders of real cases become files of shots."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from cyclorama.core.errors import InputError
from cyclorama.diffusion.samples import plain_sample, read_shot
from cyclorama.training_folders import folder_shots


def write_case(folder: Path) -> None:
    """Six frames: a white box walks over a grey place that brightens."""
    for name in ("truth", "alpha", "refs"):
        (folder / name).mkdir(parents=True)
    for index in range(6):
        place = np.full((24, 32, 3), 60 + 20 * index, np.uint8)
        alpha = np.zeros((24, 32), np.uint8)
        alpha[8:16, 4 * index : 4 * index + 8] = 255
        truth = np.where(alpha[..., None] > 0, 250, place).astype(np.uint8)
        cv2.imwrite(str(folder / "truth" / f"{index:04d}.png"), truth)
        cv2.imwrite(str(folder / "alpha" / f"{index:04d}.png"), alpha)
        if index in (0, 5):
            cv2.imwrite(str(folder / "refs" / f"{'begin' if index == 0 else 'end'}.png"), place)
    meta = {"references": {"begin": 0, "end": 5}, "subject": "a box"}
    (folder / "meta.json").write_text(json.dumps(meta))


def test_a_case_becomes_a_shot_with_its_references_at_their_times(tmp_path: Path) -> None:
    write_case(tmp_path / "cases" / "box")
    told: list[tuple[str, int, int]] = []
    (file,) = folder_shots(tmp_path / "cases", tmp_path / "kept", (3, 24, 32), lambda *words: told.append(words))
    assert told == [("read", 0, 1)]
    shot = read_shot(file)
    assert shot.truth.shape == (3, 24, 32, 3)
    assert shot.place_frames.tolist() == [0, 2]
    assert shot.prompt.caption == "a box"
    assert abs(int(shot.place[1, 0, 0, 0]) - 160) <= 1
    sample = plain_sample(shot)
    inside = sample.alpha > 0.99
    assert np.abs(sample.foreground[inside] - sample.truth[inside]).max() < 0.01
    before = file.stat().st_mtime_ns
    folder_shots(tmp_path / "cases", tmp_path / "kept", (3, 24, 32), lambda *_: None)
    assert file.stat().st_mtime_ns == before


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no cases"):
        folder_shots(tmp_path, tmp_path / "kept", (3, 24, 32), lambda *_: None)


@pytest.mark.parametrize("text", ["{", "[]", '{"references": []}', "\udcff"])
def test_what_tells_nothing_of_the_pictures_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "meta.json").write_text(text, errors="surrogateescape")
    with pytest.raises(InputError, match="must be JSON that names the frames"):
        folder_shots(tmp_path, tmp_path / "kept", (3, 24, 32), lambda *_: None)
