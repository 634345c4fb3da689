"""The screen key on path-traced stages, against their truth."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from cyclorama.core.clip import ArrayClip
from cyclorama.core.display import linear_from_code8
from cyclorama.matting.analyse import analyse_screen
from cyclorama.matting.key import ScreenKey

STAGE = Path(__file__).parents[2].parent / "shared" / "stage"
# 1e3 mean squared error of alpha that each case must stay under (measured, with a fifth to spare).
LIMITS = {
    "corridor_push": 0.9,
    "night_static": 0.7,
    "park_handheld": 1.4,
    "room_pan": 1.0,
    "street_arc": 0.9,
    "street_truck": 0.7,
}

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not STAGE.exists(), reason="no shared footage beside the checkout"),
]


@pytest.mark.parametrize("case", sorted(LIMITS))
def test_stage_matte(case):
    with av.open(str(STAGE / case / "plate.mp4")) as container:
        codes = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    clip = ArrayClip(linear_from_code8(codes))
    key = ScreenKey(analyse_screen(clip))
    assert (key.model.marker is None) == (case in ("park_handheld", "night_static"))
    assert not key.model.surround
    truths = sorted((STAGE / case / "alpha").glob("*.png"))
    assert len(truths) == clip.num_frames
    errors = []
    for index in range(0, clip.num_frames, 3):
        truth = cv2.imread(str(truths[index]), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
        errors.append(np.square(key.foreground(index, clip.frame(index)).alpha - truth).mean())
    assert 1e3 * float(np.mean(errors)) < LIMITS[case]
