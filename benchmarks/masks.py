"""Masks carried through real clips: ``masks.py FOLDER``. Given: the first true mask; then the middle one too."""

import argparse
import time
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from cases import cases_in, table
from cyclorama.core.arrays import Array
from cyclorama.core.clip import ArrayClip
from cyclorama.core.display import linear_from_code8
from cyclorama.matting.carry import carry_masks


def overlap(alpha: Array, truth: Array) -> float:
    """Intersection over union of what is above one half; 1 where both are empty."""
    a, b = alpha > 0.5, truth > 0.5
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 1.0


def run_case(case: Path, frames: tuple[int, ...], plate: ArrayClip, truth: list[Array]) -> dict[str, Any]:
    """IoU over the frames that were not given, seconds a frame, and how the confidence goes with the IoU."""
    begin = time.perf_counter()
    got = carry_masks(plate, {frame: truth[frame] for frame in frames})
    seconds = time.perf_counter() - begin
    scores = {i: overlap(got.alpha(i), truth[i]) for i in range(plate.num_frames) if i not in frames}
    worst = min(scores, key=lambda i: scores[i])
    packed = sum(len(p) for p in got.packed) / plate.num_frames / 1e3
    print(f"{case.name} {frames}: {np.mean(list(scores.values())):.3f}", flush=True)
    return {
        "iou": float(np.mean(list(scores.values()))),
        "worst": scores[worst],
        "worst_frame": worst,
        "s_per_frame": seconds / plate.num_frames,
        "kb_per_frame": packed,
        "confidence": float(np.mean(got.confidence)),
        "confidence_r": float(np.corrcoef(list(scores.values()), [got.confidence[i] for i in scores])[0, 1]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of cases with footage.mp4 and alpha/")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--first", action="store_true", help="the first mask alone")
    words = parser.parse_args()
    one: dict[str, dict[str, Any]] = {}
    two: dict[str, dict[str, Any]] = {}
    for case in cases_in(words.folder):
        if words.only not in case.name or not (case / "footage.mp4").exists():
            continue
        with av.open(str(case / "footage.mp4")) as container:
            codes = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
        truth = [cv2.imread(str(p), cv2.IMREAD_GRAYSCALE) / np.float32(255) for p in sorted(case.glob("alpha/*.png"))]
        plate = ArrayClip(linear_from_code8(codes))
        one[case.name] = run_case(case, (0,), plate, truth)
        if not words.first:
            two[case.name] = run_case(case, (0, len(truth) // 2), plate, truth)
    names = ("iou", "worst", "worst_frame", "s_per_frame", "kb_per_frame", "confidence", "confidence_r")
    print(f"\nmask of the first frame\n\n{table(one, names)}", flush=True)
    if two:
        print(f"\nmasks of the first and the middle frame\n\n{table(two, names)}", flush=True)


if __name__ == "__main__":
    main()
