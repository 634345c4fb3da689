"""Damaged mattes of path-traced stages, refined, against their truth."""

from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from cyclorama.core.clip import ArrayClip
from cyclorama.core.display import linear_from_code8
from cyclorama.matting.refine import analyse_matte

STAGE = Path(__file__).parents[2].parent / "shared" / "stage"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not STAGE.exists(), reason="no shared footage beside the checkout"),
]


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


def mse(a: np.ndarray, b: np.ndarray) -> float:
    return 1e3 * float(np.square(a - b).mean())


@pytest.mark.parametrize(
    "case", ["corridor_push", "night_static", "park_handheld", "room_pan", "street_arc", "street_truck"]
)
def test_stage_mattes(case):
    with av.open(str(STAGE / case / "truth.mp4")) as container:
        codes = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    chosen = [0, 12]
    clip = ArrayClip(linear_from_code8(np.stack([codes[n] for n in chosen])))
    files = sorted((STAGE / case / "alpha").glob("*.png"))
    truth = np.stack([cv2.imread(str(files[n]), cv2.IMREAD_GRAYSCALE) for n in chosen]).astype(np.float32) / 255
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    binary = (truth > 0.5).astype(np.float32)
    eroded, dilated = (np.stack([change(a, disc) for a in binary]) for change in (cv2.erode, cv2.dilate))

    def refined(mattes: np.ndarray) -> float:
        key = analyse_matte(clip, Held(mattes))
        return float(np.mean([mse(key.foreground(n, clip.frame(n)).alpha, truth[n]) for n in range(2)]))

    assert refined(truth) < 0.05
    assert refined(binary) < 1.6 * mse(binary, truth)  # dark on dark is where it may lose
    assert refined(eroded) < 0.5 * mse(eroded, truth)
    assert refined(dilated) < 0.4 * mse(dilated, truth)
