"""The light on path-traced stages, against their truth: the true actor, the references with their depth."""

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from cyclorama.comp import gain_field, read_place, relit, rim_field, spread, up_of
from cyclorama.core.backdrop import Backdrop, View
from cyclorama.core.display import code8_from_linear, linear_from_code8
from cyclorama.core.layers import Foreground
from cyclorama.core.lighting import LUMINANCE, Relighting, studio
from cyclorama.lightjob import place_moments
from cyclorama.matchmove import read_camera

STAGE = Path(__file__).parents[2].parent / "shared" / "stage"
CASES = ("corridor_push", "night_static", "park_handheld", "room_pan", "street_arc", "street_truck")
_FRAMES, _WORST, _MEAN = (0, 12, 23), -0.1, 0.85  # dB above the actor as shot, with a fifth to spare
_AGREES = 0.03

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not STAGE.exists(), reason="no shared footage beside the checkout"),
]


def test_the_actor_looks_more_like_the_truth_and_keeps_his_detail() -> None:
    gains, apart = zip(*(better_by(STAGE / case) for case in CASES))
    assert min(gains) > _WORST, gains
    assert np.mean(gains) > _MEAN, gains
    assert max(apart) < _AGREES, apart


def better_by(case: Path) -> tuple[float, float]:
    """Decibels, and by how much what is finer than 6 px in log(luminance + 0.002) moves under the gain (95 %)."""
    pictures = {i: cv2.imread(str(case / "actor" / f"{i:04d}.png"), cv2.IMREAD_UNCHANGED) for i in _FRAMES}
    alphas = {i: p[..., 3].astype(np.float32) / 255 for i, p in pictures.items()}
    path = read_camera(case / "camera.json", hw=alphas[0].shape, num_frames=24)
    views = []
    for name, frame in json.loads((case / "meta.json").read_text())["references"].items():
        depth = np.load(case / "depth" / f"{name}.npy").astype(np.float32)
        image = linear_from_code8(np.ascontiguousarray(cv2.imread(str(case / "refs" / f"{name}.png"))[..., ::-1]))
        views.append(View(image, np.where(depth < 1e3, 1 / depth, 0).astype(np.float32), path[frame], float(frame)))
    moments = place_moments(Backdrop("layers", tuple(views)), path, lambda i: alphas[i])
    light = Relighting(studio(up_of(moments)), read_place(moments), 1.0)
    truth, places = frames_of(case / "truth.mp4"), frames_of(case / "place.mp4")
    found, apart = [], []
    for i in _FRAMES:
        color, core = linear_from_code8(np.ascontiguousarray(pictures[i][..., 2::-1])), alphas[i] > 0.95
        gain = gain_field(Foreground(color * alphas[i][..., None], alphas[i]), path[i], light)
        lit = relit(Foreground(color, np.ones_like(alphas[i])), gain)
        moved = detail(lit, core) - detail(color, core)
        apart.append(np.quantile(np.abs(moved[core]), 0.95))
        lit = np.clip(lit + spread(rim_field(alphas[i], linear_from_code8(places[i]), 1.0), core.shape), 0, 1)
        errors = [code8_from_linear(c)[core].astype(float) - truth[i][core] for c in (color, lit)]
        found.append(10 * np.log10((errors[0] ** 2).mean() / (errors[1] ** 2).mean()))
    return float(np.mean(found)), float(np.mean(apart))


def detail(color: np.ndarray, core: np.ndarray) -> np.ndarray:
    log, weight = np.log(np.maximum(color @ LUMINANCE, 0) + 0.002), core.astype(np.float64)
    low = cv2.GaussianBlur(log * weight, (0, 0), 6) / (cv2.GaussianBlur(weight, (0, 0), 6) + 1e-9)
    return np.asarray(log - low)


def frames_of(video: Path) -> list[np.ndarray]:
    with av.open(str(video)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
