"""Runs ``cyc replace`` over a folder of cases and scores every shot with the cases' own ``score.py``."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FIGURES = (
    "mse",
    "ssim",
    "psnr_actor",
    "psnr_set",
    "psnr_edge",
    "psnr_near",
    "slip_px",
    "slip_p90_px",
    "motion",
    "flicker",
)
MORE = ("rot_deg", "trans_dir_deg", "focal_pct", "matte_mse", "matte_sad")


def cases_in(folder: Path) -> list[Path]:
    """The case folders, those with a ``meta.json``, by name."""
    found = sorted(p.parent for p in folder.glob("*/meta.json"))
    if not found:
        sys.exit(f"{folder}: no case is there (a folder with a meta.json)")
    return found


def references_of(case: Path, only: Sequence[str] = ()) -> list[str]:
    """``--reference`` arguments of a case: every picture at its frame, or those that are named."""
    times = json.loads((case / "meta.json").read_text())["references"]
    words = []
    for name in only or times:
        frame = times[name]
        words += ["--reference", f"{next((case / 'refs').glob(name + '.*'))}@{frame}"]
    return words


def run_case(
    case: Path, plate: str, extra: Sequence[str], keep: Path | None = None, only: Sequence[str] = ()
) -> dict[str, Any]:
    """Makes the shot as a user would, PNG out, and returns its scores and seconds. ``only``: the references by name."""
    with tempfile.TemporaryDirectory() as scratch:
        out = (keep or Path(scratch)) / case.name
        out.mkdir(parents=True, exist_ok=True)
        work = out / "work"
        begin = time.perf_counter()
        words = ["replace", str(case / plate), *references_of(case, only), *extra, "--work", str(work), "--overwrite"]
        subprocess.run([sys.executable, "-m", "cyclorama", *words, "-o", str(out / "shot" / "%04d.png")], check=True)
        seconds = time.perf_counter() - begin
        return {"seconds": seconds, **_scores(case, out / "shot", work)}


def still_score(case: Path) -> dict[str, Any]:
    """The score of the middle reference held still behind the plate's actor, from the cases' own baselines."""
    with tempfile.TemporaryDirectory() as scratch:
        baselines = _bench(case) / "baselines.py"
        subprocess.run([sys.executable, str(baselines), "still", str(case), scratch], check=True)
        return score_shot(case, [scratch])


def _scores(case: Path, shot: Path, work: Path) -> dict[str, Any]:
    extra = ["--matte", str(work / "matte")]
    if (case / "camera.json").exists():
        extra += ["--camera", str(work / "camera.json")]
    return score_shot(case, [str(shot), *extra])


def _bench(case: Path) -> Path:
    return case.resolve().parent.parent / "bench"


def score_shot(case: Path, words: list[str]) -> dict[str, Any]:
    command = [sys.executable, str(_bench(case) / "score.py"), str(case), *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    scores: dict[str, Any] = json.loads(done.stdout)
    return scores


def table(rows: dict[str, dict[str, Any]], names: Sequence[str]) -> str:
    """Rows of figures with their mean, as Markdown."""
    lines = ["| case | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for case, scores in rows.items():
        lines.append(f"| {case} | " + " | ".join(_cell(scores.get(n)) for n in names) + " |")
    means = []
    for name in names:
        values = [s[name] for s in rows.values() if isinstance(s.get(name), (int, float))]
        means.append(_cell(sum(values) / len(values)) if values else "-")
    return "\n".join([*lines, "| **mean** | " + " | ".join(means) + " |"])


def _cell(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, (int, float)) else "-"
