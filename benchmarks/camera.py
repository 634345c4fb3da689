"""Solved cameras against the truth: ``camera.py FOLDER ... [--only NAME] [--colmap]``.

A FOLDER holds cases with a screen (``plate.mp4``, ``meta.json``; ``camera.json`` and ``depth/`` where the truth is
known; ``location.mp4`` with ``alpha/`` besides in some), or is a clip of ordinary footage (``rgb/``, ``mask/``,
``poses.json``). Screens with markers are solved alone, others with their three references; every one with the focal
length unknown and, where it is known, given.

  rot_deg, trans_dir_deg, focal_pct   as score.py
  path_pct    distance of the centres after the best similarity, of the length of the path (clips)
  error, 95   reprojection error of the solve, pixels;  cpu_s: of tracking (mattes among it) and solving

``--colmap``: pycolmap's incremental pipeline on the same pictures, and fed with our tracks.
"""

import argparse
import json
import resource
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from camera_figures import Truth, figures
from cyclorama.core.arrays import Array
from cyclorama.core.camera import CameraPath
from cyclorama.core.clip import Clip
from cyclorama.core.reference import Reference
from cyclorama.matchmove import Matchmove, find_camera
from cyclorama.matting import ScreenKey, analyse_screen
from cyclorama.media import Notes, open_clip, open_matte, read_picture

_FIGURES = ("rot_deg", "trans_dir_deg", "path_pct", "focal_pct")
_SMALL = 480
"""Longer side of the mattes that pycolmap's masks are made of."""


@dataclass(frozen=True)
class Shot:
    """One row of the table before it is solved."""

    name: str
    clip: Clip
    actor: Callable[[int, Array], Array]
    references: tuple[Reference, ...]
    truth: Truth | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="folders of cases, or clips")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--colmap", action="store_true", help="pycolmap beside")
    words = parser.parse_args()
    print("| case | focal | by | model | " + " | ".join(_FIGURES) + " | error | 95 | tracks | cpu_s |")
    print("|---" * 12 + "|")
    for folder in words.folders:
        for shot in _shots(folder, words.only):
            focal = shot.truth and float(shot.truth.path[0].px_from_cam[0, 0])
            for given in (None,) if focal is None else (None, focal):
                _print_rows(shot, given, colmap=words.colmap)


def _shots(folder: Path, only: str) -> Iterator[Shot]:
    if (folder / "poses.json").exists():
        if only in folder.name:
            yield _footage(folder.name, folder / "rgb", folder / "mask", Truth.of_clip(folder))
        return
    cases = sorted(p.parent for p in folder.glob("*/meta.json"))
    if not cases:
        sys.exit(f"{folder}: no case is there (a folder with a meta.json)")
    for case in cases:
        if only in case.name:
            yield _screen(case)
            if (case / "location.mp4").exists():
                shot = _footage(f"{case.name}/location", case / "location.mp4", case / "alpha", None)
                truth = Truth.of_case(case, shot.clip.hw, shot.clip.num_frames)
                yield Shot(shot.name, shot.clip, shot.actor, (), truth)


def _screen(case: Path) -> Shot:
    clip, meta = open_clip(case / "plate.mp4", notes=Notes()), json.loads((case / "meta.json").read_text())
    key = ScreenKey(analyse_screen(clip))
    references: tuple[Reference, ...] = ()
    if not meta.get("markers"):
        files = [(next((case / "refs").glob(f"{name}.*")), at) for name, at in meta["references"].items()]
        references = tuple(Reference(read_picture(f, notes=Notes()), int(at), f.name) for f, at in files)
    truth = Truth.of_case(case, clip.hw, clip.num_frames)
    return Shot(case.name, clip, lambda index, frame: key.foreground(index, frame).alpha, references, truth)


def _footage(name: str, pictures: Path, mattes: Path, truth: Truth | None) -> Shot:
    clip, matte = open_clip(pictures, notes=Notes()), open_matte(mattes, notes=Notes())
    return Shot(name, clip, lambda index, _: matte.alpha(index), (), truth)


def _print_rows(shot: Shot, focal_px: float | None, *, colmap: bool) -> None:
    begin = _cpu_s()
    found = find_camera(shot.clip, shot.actor, shot.references, focal_px=focal_px)
    known = "-" if focal_px is None else "given"
    _print(shot, known, f"ours ({found.source})", found.path, _cpu_s() - begin, found)
    if not colmap or shot.references:
        return
    from camera_colmap import colmap_camera

    small = shot.clip.proxy(_SMALL)
    mattes = [shot.actor(i, small.frame(i)) for i in range(small.num_frames)]
    for name, tracks in (("pycolmap", None), ("pycolmap, our tracks", found.tracks)):
        begin = _cpu_s()
        path = colmap_camera(shot.clip, mattes, focal_px, tracks)
        _print(shot, known, name, path, _cpu_s() - begin, None)


def _print(shot: Shot, known: str, name: str, path: CameraPath | None, seconds: float, found: Matchmove | None) -> None:
    scores = {} if path is None or shot.truth is None else figures(shot.truth, path)
    cells = [shot.name, known, name]
    solve = None if found is None else found.solve
    cells.append("not solved" if path is None else "-" if solve is None else solve.model)
    cells += [f"{scores[n]:.3f}" if n in scores else "-" for n in _FIGURES]
    cells += ["-"] * 3 if solve is None else [f"{solve.median_px:.2f}", f"{solve.p95_px:.2f}", f"{solve.num_tracks}"]
    print("| " + " | ".join([*cells, f"{seconds:.1f}"]) + " |", flush=True)


def _cpu_s() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


if __name__ == "__main__":
    main()
