"""Real clips for training: folders with ``truth``, ``alpha/``, ``refs/`` and ``meta.json`` become files of shots."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import code8_from_linear
from cyclorama.core.errors import InputError
from cyclorama.media import Notes, open_clip, open_matte, read_picture
from cyclorama.training_shots import kept_arrays, small


def folder_shots(
    root: Path, keep: Path, size: tuple[int, int, int], progress: Callable[[str, int, int], None]
) -> tuple[Path, ...]:
    """The files of all cases under ``root`` at a size (frames, h, w), made where they are not there yet; what they hold
    is told by ``training_shots.shot_file``. The actor is cut out of the truth by its matte, so its light is the
    place's, and training perturbs it (PAI-Studio's pipeline). ``InputError`` where there is no case."""
    cases = sorted(path.parent for path in root.glob("*/meta.json"))
    if not cases:
        raise InputError(
            f"{root} holds no cases; each is a folder with truth.mp4 (or truth/), alpha/, refs/, meta.json"
        )
    files = []
    for count, case in enumerate(cases):
        progress("read", count, len(cases))
        path = keep / "x".join(map(str, size)) / f"{case.name}.npz"
        files.append(kept_arrays(path, partial(_read, case, size)))
    return tuple(files)


def _meta(case: Path) -> dict[str, Any]:
    try:
        found = json.loads((case / "meta.json").read_text())
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("references", {}), dict):
        raise InputError(f"{case / 'meta.json'}: must be JSON that names the frames of the pictures in refs/; mend it")
    return found


def _read(case: Path, size: tuple[int, int, int]) -> dict[str, Array]:
    """Frames evenly over the whole case; its references at the nearest of them."""
    num_frames, hw = size[0], (size[1], size[2])
    meta, notes = _meta(case), Notes()
    video = case / "truth.mp4" if (case / "truth.mp4").exists() else case / "truth"
    clip, matte = open_clip(video, notes=notes), open_matte(case / "alpha", notes=notes)
    try:
        last = clip.num_frames - 1
        frames = [round(last * k / max(1, num_frames - 1)) for k in range(num_frames)]
        truth = np.stack([small(clip.frame(i), hw) for i in frames])
        alpha = np.stack([small(matte.alpha(i), hw) for i in frames])
    finally:
        clip.close()
        matte.close()
    named = {path.stem: path for path in sorted((case / "refs").iterdir())}
    references = {name: frame for name, frame in meta.get("references", {}).items() if name in named}
    if not references:
        raise InputError(f"{case}: meta.json must name the frames of the pictures in refs/")
    place = np.stack([small(read_picture(named[name], notes=notes), hw) for name in references])
    times = np.array([round(frame / max(1, last) * (num_frames - 1)) for frame in references.values()])
    words = {"caption": str(meta.get("caption") or meta.get("subject") or case.name)}
    return {
        "truth": code8_from_linear(truth),
        "actor": code8_from_linear(truth * alpha[..., None]),
        "alpha": np.round(alpha * 255).astype(np.uint8),
        "place": code8_from_linear(place),
        "place_frames": times,
        "words": np.array(json.dumps(words)),
    }
