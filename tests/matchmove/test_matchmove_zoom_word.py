"""The user's word on the lens, over what the pictures seem to say."""

import cv2
import numpy as np
import pytest
from matchmove_world import texture

from cyclorama.core.arrays import Array
from cyclorama.core.clip import ArrayClip
from cyclorama.matchmove.camera import find_camera

HW, N = (240, 400), 9


def growing_wall() -> ArrayClip:
    """A wall that grows by 3 % a frame about the picture's middle: a zoom, or a push towards it."""
    wall, middle = texture((480, 800), 8), np.array([200.0, 120.0])
    frames = []
    for grown in 1.03 ** np.arange(N):
        shift = middle - grown * np.array([400.0, 240.0])
        frames.append(cv2.warpAffine(wall, np.array([[grown, 0, shift[0]], [0, grown, shift[1]]]), HW[::-1]))
    return ArrayClip(np.maximum(np.stack(frames), 0).astype(np.float32))


def nobody(_: int, frame: Array) -> Array:
    return np.zeros(frame.shape[:2], np.float32)


def test_a_lens_that_does_not_zoom_is_not_made_to() -> None:
    plate = growing_wall()
    asked, denied = (find_camera(plate, nobody, (), focal_px=380.0, zoom=z) for z in (True, False))
    for found, zooms in ((asked, True), (denied, False)):
        assert found.solve is not None
        assert ("zoom" in found.solve.model) == zooms
        focals = [c.px_from_cam[0, 0] for c in found.path.cameras]
        assert focals[-1] / focals[0] == pytest.approx(1.03 ** (N - 1) if zooms else 1.0, rel=0.01)
