"""Made-up shots for training, drawn once at a small size and kept as files."""

import json
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import code8_from_linear
from cyclorama.synthetic import ShotSpec, render_frame

UNSEEN = 1_000_000
"""Seeds from here on are never trained on."""
_MOVES = ("static", "pan", "tilt", "truck", "dolly", "orbit", "handheld", "zoom", "truck+pan", "dolly+handheld")
_AMOUNTS = (0.3, 1.2)
_RATE = Fraction(6)  # few frames must still show the actor move
_OVERSAMPLING = 2  # the renderer takes one ray a pixel


def made_spec(seed: int, num_frames: int, hw: tuple[int, int]) -> ShotSpec:
    """The shot of a seed: its place, actor and camera move are picked by it; the screen is flat and bare."""
    rng = np.random.default_rng([seed, 808])
    return ShotSpec(
        seed=seed,
        num_frames=num_frames,
        hw=hw,
        rate=_RATE,
        place=str(rng.choice(("street", "room", "yard"))),
        actor=str(rng.choice(("stands", "turns", "walks"))),
        move=str(rng.choice(_MOVES)),
        amount=float(rng.uniform(*_AMOUNTS)),
        screen="flat",
        markers=False,
    )


def shot_file(folder: Path, seed: int, num_frames: int, hw: tuple[int, int]) -> Path:
    """The file of a seed's shot, drawn now if it is not there.

    An ``npz`` of uint8 sRGB codes ``truth``, ``place``, ``actor`` (premultiplied in linear light) t h w 3, uint8
    ``alpha`` t h w, float16 ``inverse_depth`` t h w (1/m), float32 ``px_from_cam`` and ``world_from_camera`` of every
    frame (for the size of the pictures), and ``words``, a JSON object of what the prompt may say.
    """
    path = folder / f"{num_frames}x{hw[0]}x{hw[1]}" / f"{seed:07d}.npz"
    return kept_arrays(path, lambda: _drawn(seed, num_frames, hw))


def kept_arrays(path: Path, make: Callable[[], dict[str, Array]]) -> Path:
    """An ``npz`` file that is there whole or not at all, made now if it is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **make())
        partial.rename(path)
    return path


def draw_shots(
    folder: Path, seeds: range, num_frames: int, hw: tuple[int, int], progress: Callable[[str, int, int], None]
) -> tuple[Path, ...]:
    """The files of all seeds."""
    files = []
    for count, seed in enumerate(seeds):
        progress("draw", count, len(seeds))
        files.append(shot_file(folder, seed, num_frames, hw))
    return tuple(files)


def _drawn(seed: int, num_frames: int, hw: tuple[int, int]) -> dict[str, Array]:
    spec = made_spec(seed, num_frames, (hw[0] * _OVERSAMPLING, hw[1] * _OVERSAMPLING))
    frames = [render_frame(spec, index) for index in range(num_frames)]
    scale = np.diag([1 / _OVERSAMPLING, 1 / _OVERSAMPLING, 1.0])
    return {
        "truth": np.stack([code8_from_linear(small(f.truth, hw)) for f in frames]),
        "place": np.stack([code8_from_linear(small(f.place, hw)) for f in frames]),
        "actor": np.stack([code8_from_linear(small(f.actor, hw)) for f in frames]),
        "alpha": np.stack([np.round(small(f.alpha, hw) * 255).astype(np.uint8) for f in frames]),
        "inverse_depth": np.stack([small(f.inverse_depth, hw).astype(np.float16) for f in frames]),
        "px_from_cam": np.stack([scale @ f.camera.px_from_cam for f in frames]).astype(np.float32),
        "world_from_camera": np.stack([f.camera.world_from_camera for f in frames]).astype(np.float32),
        "words": np.array(json.dumps({"place": spec.place, "actor": spec.actor, "move": spec.move})),
    }


def small(picture: Array, hw: tuple[int, int]) -> Array:
    """A picture (h w or h w c, float32) at a smaller size, by means over areas."""
    return cv2.resize(np.ascontiguousarray(picture, np.float32), hw[::-1], interpolation=cv2.INTER_AREA)
