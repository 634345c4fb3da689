"""What no picture shows: ``fill.py FOLDER [--only CASE] [--references begin,end] [--sheets DIR]``.

The place of every case, with its own camera (``camera.json``) or the solved one, drawn with what is made up and, for
comparison, with the smooth filling alone. Inside the part that is made up: psnr against the truth; the mean slope of
grey as a share of the truth's there (1: as sharp); and coherence in
time: the mean difference (0..255) between each frame and the next, warped onto it by camera and drawn depth, inside and
outside that part. ``--sheets``: pictures of the worst frame, smooth, made up, truth, mask, side by side.
"""

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from cases import cases_in, table
from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop, SetFrame
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.display import code8_from_linear
from cyclorama.core.reference import Reference
from cyclorama.matchmove import find_camera, read_camera, triangulate_references
from cyclorama.media import ClipReader, MatteClip, Notes, open_clip, open_matte, read_picture
from cyclorama.scenery import build_backdrop, complete_backdrop, draw

FIGURES = (
    "made_percent",
    "psnr_smooth",
    "psnr_made",
    "sharp_smooth",
    "sharp_made",
    "warped_smooth",
    "warped_made",
    "warped_shown",
    "cpu_s",
    "views",
)
GIVEN_UNIT = 4.0
"""Metres to the actor, as the program assumes of a given camera."""
SAME_DEPTH = 0.03
"""Of the nearest inverse depth: a pixel whose surface the next frame hides is not compared."""


@dataclass(frozen=True)
class Case:
    """``truth``: the place without the actor, or with him where ``alpha`` tells where he is."""

    folder: Path
    truth: ClipReader
    alpha: MatteClip | None
    path: CameraPath
    references: tuple[Reference, ...]

    def matte(self, index: int) -> Array:
        return np.zeros(self.truth.hw, np.float32) if self.alpha is None else self.alpha.alpha(index)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder of cases")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--references", default="middle", help="their names, with commas")
    parser.add_argument("--sheets", type=Path, help="pictures of the worst frames go here")
    words = parser.parse_args()
    rows = {}
    for folder in cases_in(words.folder):
        if words.only in folder.name:
            case = opened(folder, words.references.split(","))
            rows[folder.name] = scores(case, words.sheets)
    print(table(rows, FIGURES), flush=True)


def opened(folder: Path, names: list[str]) -> Case:
    times = json.loads((folder / "meta.json").read_text())["references"]
    pictures = [next((folder / "refs").glob(name + ".*")) for name in names]
    references = tuple(Reference(read_picture(p, notes=Notes()), times[n], n) for n, p in zip(names, pictures))
    clean = (folder / "place.mp4").exists()
    truth = open_clip(folder / ("place.mp4" if clean else "truth.mp4"), notes=Notes())
    alpha = None if clean else open_matte(folder / "alpha", notes=Notes())
    camera = folder / "camera.json"
    if camera.exists():
        path = read_camera(camera, hw=truth.hw, num_frames=truth.num_frames)
    else:
        footage = open_clip(folder / "footage.mp4", notes=Notes())
        matte = open_matte(folder / "alpha", notes=Notes())
        path = find_camera(footage, lambda index, _: matte.alpha(index), references).path
    return Case(folder, truth, alpha, path, references)


def scores(case: Case, sheets: Path | None) -> dict[str, float]:
    """All figures of one case."""
    many = len(case.references) > 1
    depths = triangulate_references(case.references, case.path).depths if many else np.zeros(0)
    unit = GIVEN_UNIT if (case.folder / "camera.json").exists() else 1.0
    smooth = build_backdrop(case.references, case.path, depths, unit=unit)
    complete_backdrop(smooth, CameraPath(case.path.cameras[:2]))  # compiled before the clock runs
    begin = time.process_time()
    made = complete_backdrop(smooth, case.path)
    out = {"cpu_s": time.process_time() - begin, "views": float(len(made.made))}
    shares = []
    for name, backdrop in (("smooth", smooth), ("made", made)):
        errors, inside, outside, slopes, last = [], [], [], [], None
        for index in range(len(case.path)):
            frame = draw(backdrop, case.path[index], float(index))
            bare = (frame.coverage == 0) & (case.matte(index) == 0)
            shares.append(float(bare.mean()))
            drawn, true = codes(frame.color), codes(case.truth.frame(index))
            errors.append(((drawn - true)[bare] ** 2).mean(-1))
            slopes.append(np.column_stack([slope(drawn, bare), slope(true, bare)]))
            if last is not None:
                a, b = warped(last, frame, case.path[index - 1], case.path[index])
                inside.append(a)
                outside.append(b)
            last = frame
        mean = np.concatenate(errors).mean() if sum(map(len, errors)) else np.nan
        out |= {f"psnr_{name}": float(10 * np.log10(255**2 / mean)), f"warped_{name}": mean_of(inside)}
        made_slope, true_slope = np.concatenate(slopes).sum(0)
        out[f"sharp_{name}"] = float(made_slope / true_slope) if true_slope else np.nan
        out["warped_shown"] = mean_of(outside)
    if sheets is not None:
        sheets.mkdir(parents=True, exist_ok=True)
        worst = int(np.argmax(shares[len(case.path) :]))
        cv2.imwrite(str(sheets / f"{case.folder.name}.png"), sheet(case, smooth, made, worst))
    return {"made_percent": 100 * float(np.mean(shares)), **out}


def codes(color: Array) -> Array:
    return code8_from_linear(color).astype(np.float32)


def slope(picture: Array, where: Array) -> Array:
    """Of grey, at pixels well inside ``where``."""
    grey = picture.mean(-1)
    inner = cv2.erode(where.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))[inner]


def mean_of(parts: list[Array]) -> float:
    whole = np.concatenate(parts)
    return float(whole.mean()) if len(whole) else np.nan


def warped(one: SetFrame, two: SetFrame, at: Camera, then: Camera) -> tuple[Array, Array]:
    """Differences of ``two``, warped onto ``one``, where both were made up, and where both were shown."""
    (h, w), least = at.hw, 1e-6
    y, x = np.mgrid[:h, :w]
    depth = 1 / np.maximum(one.inverse_depth.ravel().astype(np.float64), least)
    points = at.unproject(np.stack([x.ravel(), y.ravel()], 1) + 0.5, depth)
    px, there = then.project(points)
    u, v = px.T.reshape(2, h, w).astype(np.float32) - 0.5
    seen = (u > 1) & (v > 1) & (u < w - 2) & (v < h - 2)
    gap = cv2.remap(two.inverse_depth, u, v, cv2.INTER_NEAREST) - 1 / np.maximum(there.reshape(h, w), least)
    seen &= np.abs(gap) < SAME_DEPTH * float(one.inverse_depth.max()) + least
    moved = cv2.remap(two.color, u, v, cv2.INTER_CUBIC)
    error = np.abs(codes(np.maximum(moved, 0)) - codes(one.color)).mean(-1)
    made = cv2.remap(1 - two.coverage, u, v, cv2.INTER_LINEAR)
    return error[seen & (made == 1) & (one.coverage == 0)], error[seen & (made == 0) & (one.coverage == 1)]


def sheet(case: Case, smooth: Backdrop, made: Backdrop, index: int) -> Array:
    frames = [draw(replace(b), case.path[index], float(index)) for b in (smooth, made)]
    mask = np.repeat(np.where(frames[1].coverage == 0, 255, 0).astype(np.uint8)[..., None], 3, 2)
    pictures = [code8_from_linear(f.color) for f in frames]
    return np.concatenate([*pictures, code8_from_linear(case.truth.frame(index)), mask], 1)[..., ::-1]


if __name__ == "__main__":
    main()
