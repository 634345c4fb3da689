"""Whether ``cyc check`` tells truth: ``check.py FOLDER`` of path-traced stage cases (``truth.mp4``, ``alpha/``,
``camera.json``). The truth as it is; shifted by a known number of pixels a frame, as a drift to the right, as one up
and to the left, and as a jitter of steps of that length in any direction; and its middle frame held still."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cases import cases_in
from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.clip import ArrayClip
from cyclorama.matchmove import SlipCheck, check_slip, read_camera
from cyclorama.media import Notes, open_clip, open_matte

AMOUNTS_PX = (1, 2, 5)
DRIFTS = {"right": (1.0, 0.0), "up left": (-0.8, -0.6)}
JITTER_REACH_PX = (46.0, 34.0)
"""A jitter that would stray further from its place turns back."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of cases")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    words = parser.parse_args()
    print("| case | added px a frame | slip median | 95 % | drift right, down | jitter | unsure | points | verdict |")
    print("|---" * 9 + "|")
    for case in cases_in(words.folder):
        if words.only in case.name:
            for name, check in _checks(case):
                print(f"| {case.name} | {name} | {_cells(check)} |", flush=True)


def _cells(check: SlipCheck) -> str:
    right, down = check.drift_px
    points, unsure = int(np.median(check.num_points[1:])), float(np.nanmedian(check.unsure_px))
    figures = (f"{v:.3f}" for v in check.slip_px)
    return " | ".join(
        [*figures, f"{right:+.3f} {down:+.3f}", f"{check.jitter_px:.3f}", f"{unsure:.3f}", f"{points}", check.verdict]
    )


def _checks(case: Path) -> Iterator[tuple[str, SlipCheck]]:
    shot = open_clip(case / "truth.mp4", notes=Notes())
    matte = open_matte(case / "alpha", notes=Notes())
    path = read_camera(case / "camera.json", hw=shot.hw, num_frames=shot.num_frames)
    pictures = [shot.frame(i) for i in range(shot.num_frames)]
    alphas = [matte.alpha(i) for i in range(shot.num_frames)]
    shot.close()
    yield "none", _checked(pictures, alphas, path, np.zeros((len(path), 2)))
    frames = np.arange(len(path)) - (len(path) - 1) / 2
    for amount in AMOUNTS_PX:
        for name, direction in DRIFTS.items():
            shifts = amount * frames[:, None] * np.array(direction)
            yield f"{amount} {name}", _checked(pictures, alphas, path, shifts)
        yield f"{amount} jitter", _checked(pictures, alphas, path, _jitter(amount, len(path)))
    middle = len(path) // 2
    still = [pictures[middle]] * len(path), [alphas[middle]] * len(path)
    yield "still", _checked(*still, path, np.zeros((len(path), 2)))


def _jitter(amount: float, num: int) -> Array:
    """(num, 2): steps of one length in any direction."""
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, num)
    shifts = np.zeros((num, 2))
    for index, angle in enumerate(angles.tolist()[1:], 1):
        step = amount * np.array([np.cos(angle), np.sin(angle)])
        ahead = shifts[index - 1] + step
        shifts[index] = ahead if (np.abs(ahead) <= JITTER_REACH_PX).all() else shifts[index - 1] - step
    return shifts


def _checked(pictures: list[Array], alphas: list[Array], path: CameraPath, shifts: Array) -> SlipCheck:
    """The check of a shot whose pictures are moved by ``shifts`` (t, 2), cut to what all of them show."""
    (h, w), margin = path.hw, np.ceil(np.abs(shifts).max(0)).astype(int)
    size = (int(w - 2 * margin[0]), int(h - 2 * margin[1]))

    def moved(picture: Array, shift: Array) -> Any:
        if not shifts.any():
            return picture
        to = np.hstack([np.eye(2), (shift - margin)[:, None]])
        return np.clip(cv2.warpAffine(picture, to, size, flags=cv2.INTER_CUBIC), 0, None)

    cut = np.zeros((3, 3))
    cut[:2, 2] = margin
    cameras = (Camera(size[::-1], c.px_from_cam - cut, c.world_from_camera, c.lens) for c in path.cameras)
    clip = ArrayClip(np.stack([moved(p, s) for p, s in zip(pictures, shifts)]))
    mattes = [moved(a, s) for a, s in zip(alphas, shifts)]
    return check_slip(clip, CameraPath(tuple(cameras)), lambda index, _: mattes[index])


if __name__ == "__main__":
    main()
