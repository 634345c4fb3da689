"""Keys against the truth: ``matte.py FOLDER [--only NAME] [--no-closed-form]``.

Every case: the key of the plate against ``alpha/`` and ``actor/``, and beside it what a user would key with instead.

  matte_mse, matte_sad   x 1e3 / x 1e-3 a frame, as score.py;  matte_grad: Rhemann et al. 2009 (x 1e-3)
  psnr_edge, psnr_actor  the keyed foreground and the true actor, both over the true place, 8-bit sRGB: where
                         0.02 < alpha < 0.98 grown by 2 px, and where alpha > 0.95
  spill                  mean excess of the screen's channel over the mean of the others inside the actor (alpha >
                         0.95), linear, ours less the truth's: above 0 spill is left, below it too much was taken
  flicker                mean over pixels whose true alpha never changes of the standard deviation of alpha over time;
  flicker_in             the same inside the actor alone
"""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from cases import cases_in, table
from cyclorama.core.arrays import Array
from cyclorama.core.clip import Clip, iterate
from cyclorama.core.display import code8_from_linear, linear_from_display
from cyclorama.matting import ScreenKey, analyse_screen
from cyclorama.media import Notes, open_clip
from rivals import CHROMAKEYS, Keyed, closed_form_key, ffmpeg_key, plain_key

NAMES = ("matte_mse", "matte_sad", "matte_grad", "psnr_edge", "psnr_actor", "spill", "flicker", "flicker_in")


@dataclass(frozen=True)
class Truth:
    """A case in memory: frames t h w ..., linear; alpha t h w."""

    alpha: Array
    actor: Array
    place: Array

    @classmethod
    def of(cls, case: Path) -> "Truth":
        alpha = [cv2.imread(str(p), cv2.IMREAD_GRAYSCALE) for p in sorted((case / "alpha").glob("*.png"))]
        actor = [cv2.imread(str(p), cv2.IMREAD_UNCHANGED) for p in sorted((case / "actor").glob("*.png"))]
        rgba = np.stack([cv2.cvtColor(a, cv2.COLOR_BGRA2RGBA) for a in actor]).astype(np.float32) / 255
        place = np.stack(list(iterate(open_clip(case / "place.mp4", notes=Notes()))))
        return cls(np.stack(alpha).astype(np.float32) / 255, linear_from_display(rgba[..., :3]) * rgba[..., 3:], place)


def scores(keyed: Iterable[Keyed], truth: Truth, k: int) -> dict[str, float]:
    """Every figure of one key on one case; ``k``: the screen's channel."""
    alphas, rows = [], []
    for index, (color, alpha) in enumerate(keyed):
        alphas.append(alpha)
        rows.append(_frame_scores(color, alpha, index, truth, k))
    found = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    ours = np.stack(alphas)
    still = np.ptp(truth.alpha, axis=0) < 0.002
    inside = still & (truth.alpha[0] > 0.5)
    over_time = ours.std(0)
    found["flicker"] = float(over_time[still].mean())
    found["flicker_in"] = float(over_time[inside].mean()) if inside.any() else 0.0
    return found


def _frame_scores(color: Array, alpha: Array, index: int, truth: Truth, k: int) -> dict[str, float]:
    true, actor, place = truth.alpha[index], truth.actor[index], truth.place[index]
    edge = cv2.dilate(((true > 0.02) & (true < 0.98)).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    inside = true > 0.95
    i, j = (c for c in range(3) if c != k)

    def over(premultiplied: Array, a: Array) -> Array:
        return code8_from_linear(premultiplied + (1 - a)[..., None] * place).astype(np.float32)

    error = ((over(color, alpha) - over(actor, true)) ** 2).mean(2)
    excess = [(c[..., k] - (c[..., i] + c[..., j]) / 2)[inside].mean() for c in (color, actor)]
    return {
        "matte_mse": 1e3 * float(((alpha - true) ** 2).mean()),
        "matte_sad": 1e-3 * float(np.abs(alpha - true).sum()),
        "matte_grad": 1e-3 * float(((_gradient(alpha) - _gradient(true)) ** 2).sum()),
        "psnr_edge": _psnr(error[edge]),
        "psnr_actor": _psnr(error[inside]),
        "spill": float(excess[0] - excess[1]),
    }


def _gradient(alpha: Array) -> Array:
    smooth = cv2.GaussianBlur(alpha, (0, 0), 1.4)
    return np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))


def _psnr(error: Array) -> float:
    return 10 * float(np.log10(255**2 / max(float(error.mean()), 1e-6)))


def _ours(clip: Clip, key: ScreenKey) -> Iterable[Keyed]:
    for index, plate in enumerate(iterate(clip)):
        foreground = key.foreground(index, plate)
        yield foreground.color, foreground.alpha


def run(case: Path, *, closed_form: bool) -> dict[str, dict[str, float]]:
    """Figures of every key on one case."""
    clip, truth = open_clip(case / "plate.mp4", notes=Notes()), Truth.of(case)
    key = ScreenKey(analyse_screen(clip))
    k = 1 if key.model.screen == "green" else 2
    codes = [code8_from_linear(frame) for frame in iterate(clip)]
    found = {"ours": scores(_ours(clip, key), truth, k)}
    rows = [scores(ffmpeg_key(codes, key.model.rgb, setting), truth, k) for setting in CHROMAKEYS]
    found["ffmpeg"] = max(rows, key=lambda row: row["psnr_edge"])
    found["plain"] = scores(plain_key(codes, key.model.rgb), truth, k)
    if closed_form:
        found["closed form"] = scores(closed_form_key(codes, key), truth, k)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder of cases")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--no-closed-form", action="store_true", help="leave pymatting out")
    words = parser.parse_args()
    closed_form = not words.no_closed_form
    if closed_form and find_spec("pymatting") is None:
        print("pymatting is not here, and its closed form is left out (pip install pymatting)", flush=True)
        closed_form = False
    rows = {c.name: run(c, closed_form=closed_form) for c in cases_in(words.folder) if words.only in c.name}
    for key in next(iter(rows.values())):
        title = {"ffmpeg": "ffmpeg chromakey + despill, best of five", "plain": "plain colour difference"}.get(key, key)
        print(f"\n{title}\n\n{table({case: found[key] for case, found in rows.items()}, NAMES)}", flush=True)


if __name__ == "__main__":
    main()
