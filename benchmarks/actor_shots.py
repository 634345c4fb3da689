"""Made-up plates of one actor over flat green, for ``actor_camera.py``: drawn once, kept in a folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from cyclorama.core.camera import CameraPath
from cyclorama.core.clip import ArrayClip
from cyclorama.core.display import code8_from_linear, linear_from_code8
from cyclorama.matchmove import read_camera
from cyclorama.synthetic import ShotSpec, draw_actor
from cyclorama.synthetic.world import build_world

STANDING = ("static", "pan", "truck", "dolly", "orbit", "handheld")
HW = (216, 384)
_GREEN = np.array([0.0, 1.0, 0.0], np.float32)


@dataclass(frozen=True)
class ActorShot:
    """``plate``: the actor over flat green; ``alpha`` t h w uint8; ``path``: the true camera; ``distance``: to the
    actor in the middle frame, in the path's unit; ``depth``: of the place behind at ``grid``, in the same."""

    name: str
    actor: str
    move: str
    plate: ArrayClip
    alpha: np.ndarray
    path: CameraPath
    distance: float
    depth: np.ndarray


def grid(hw: tuple[int, int]) -> np.ndarray:
    """Pixels (20, 2) at which the place's motion is looked at."""
    h, w = hw
    return np.stack(np.meshgrid(np.linspace(0.1, 0.9, 5) * w, np.linspace(0.1, 0.9, 4) * h), 2).reshape(-1, 2)


def specs(first_seed: int, per_move: int) -> list[tuple[ShotSpec, bool]]:
    """A shot of a standing actor per move and repetition, and as many again of half that number that walk or turn;
    with each, whether it is played backwards."""
    out = []
    for repeat in range(per_move):
        for k, move in enumerate(STANDING):
            rng = np.random.default_rng([first_seed, repeat, k])
            actors = ["stands"] if repeat % 2 else ["stands", ("walks", "turns")[(k + repeat // 2) % 2]]
            for actor in actors:
                spec = ShotSpec(
                    seed=first_seed + 100 * repeat + k,
                    num_frames=int(rng.integers(24, 37)),
                    hw=HW,
                    actor=actor,
                    move=move,
                    amount=float(rng.uniform(0.35, 1.2)),
                    screen="flat",
                    noise=0,
                )
                out.append((spec, bool(rng.integers(2)) and actor == "stands"))
    return out


def load(spec: ShotSpec, backwards: bool, folder: Path) -> ActorShot:
    """The shot from ``folder``, drawn first where it is not there."""
    name = f"{spec.actor}-{spec.move}-{spec.seed}{'-back' if backwards else ''}"
    file = folder / f"{name}-{spec.num_frames}-{spec.hw[1]}.npz"
    if not file.exists():
        frames = [draw_actor(spec, i) for i in range(spec.num_frames)]
        colors = np.stack([code8_from_linear(c + (1 - a[..., None]) * _GREEN) for c, a in frames])
        alpha = np.stack([np.round(np.clip(a, 0, 1) * 255).astype(np.uint8) for _, a in frames])
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(file, colors=colors, alpha=alpha)
    with np.load(file) as kept:
        colors, alpha = kept["colors"], kept["alpha"]
    cameras = build_world(spec).path().cameras
    if backwards:
        colors, alpha, cameras = colors[::-1], alpha[::-1], cameras[::-1]
    plate = ArrayClip(linear_from_code8(colors), spec.rate)
    path = CameraPath(tuple(cameras))
    distance = float(path[len(path) // 2].project(np.array([[0.0, 0.0, 0.9]]))[1][0])
    return ActorShot(name, spec.actor, spec.move, plate, alpha, path, distance, np.full(20, 2 * distance))


_STAGE_MOVES = {"corridor_push": "dolly", "night_static": "static", "park_handheld": "handheld", "room_pan": "pan",
                "street_arc": "orbit", "street_truck": "truck"}  # fmt: skip
_STAGE_DISTANCE_M = {"street_arc": 3.6, "street_truck": 3.4}
"""Where the true cameras of all frames see the actor's middle in one point; else it is taken to be 4 m away."""


def stage_shots(folder: Path) -> Iterator[ActorShot]:
    """Path-traced cases as flat plates: their actor as shot, free of the screen."""
    for case in sorted(p.parent for p in folder.glob("*/camera.json")):
        names = sorted(p.name for p in (case / "actor").glob("*.png"))
        rgba = np.stack([cv2.imread(str(case / "actor" / n), cv2.IMREAD_UNCHANGED) for n in names])
        path = read_camera(case / "camera.json", hw=rgba.shape[1:3], num_frames=len(rgba))
        plate = ArrayClip(linear_from_code8(np.ascontiguousarray(rgba[..., 2::-1])), Fraction(24))
        x, y = grid(path.hw).astype(int).T
        depth = np.load(case / "depth" / "middle.npy").astype(np.float64)[y, x]
        distance = _STAGE_DISTANCE_M.get(case.name, 4.0)
        yield ActorShot(case.name, "stage", _STAGE_MOVES[case.name], plate, rgba[..., 3], path, distance, depth)
