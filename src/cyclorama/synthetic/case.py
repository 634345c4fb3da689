"""Writes a shot as a folder of pictures with its truths beside them."""

import json
from pathlib import Path

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import CameraPath, camera_record
from cyclorama.core.display import code8_from_linear
from cyclorama.core.errors import MachineError
from cyclorama.synthetic.shot import RenderedFrame, SyntheticShot, reference_frames, render_frame
from cyclorama.synthetic.spec import ShotSpec

_FAR_M = 1000.0


def write_case(shot: SyntheticShot | ShotSpec, folder: Path) -> None:
    """Writes ``plate/``, ``truth/``, ``place/``, ``alpha/``, ``actor/`` (``%04d.png``), ``refs/begin|middle|end.png``,
    ``depth/begin|middle|end.npy`` (float16 metres), ``camera.json`` and ``meta.json``.

    Pictures are 8-bit sRGB; ``actor`` is straight RGBA, alpha 8-bit grey. A spec instead of a shot is drawn frame by
    frame, never whole in memory. ``MachineError`` when a file cannot be written.
    """
    spec = shot if isinstance(shot, ShotSpec) else shot.spec
    for name in ("plate", "truth", "place", "alpha", "actor", "refs", "depth"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    cameras = []
    for index in range(spec.num_frames):
        frame = render_frame(shot, index) if isinstance(shot, ShotSpec) else _frame_of(shot, index)
        cameras.append(frame.camera)
        _write_frame(frame, folder, f"{index:04d}.png")
        for name in (n for n, i in reference_frames(spec.num_frames).items() if i == index):
            _write_picture(folder / "refs" / f"{name}.png", frame.place)
            with np.errstate(divide="ignore"):
                depth = np.minimum(1.0 / frame.inverse_depth, _FAR_M)
            np.save(folder / "depth" / f"{name}.npy", depth.astype(np.float16))
    (folder / "camera.json").write_text(json.dumps(camera_record(CameraPath(tuple(cameras)), float(spec.rate))))
    (folder / "meta.json").write_text(json.dumps(_meta(spec), indent=1))


def _meta(spec: ShotSpec) -> dict[str, object]:
    return {
        "set": spec.place,
        "actor": spec.actor,
        "move": spec.move,
        "markers": spec.markers,
        "frames": spec.num_frames,
        "width": spec.hw[1],
        "height": spec.hw[0],
        "fps": float(spec.rate),
        "seed": spec.seed,
        "references": reference_frames(spec.num_frames),
        "screen": spec.screen,
        "note": "made by cyclorama.synthetic; depth along the optical axis, metres; camera.json in OpenCV axes, metres",
    }


def _frame_of(shot: SyntheticShot, index: int) -> RenderedFrame:
    return RenderedFrame(
        plate=shot.plate.frames[index],
        truth=shot.truth.frames[index],
        place=shot.place.frames[index],
        shadowed=shot.place.frames[index],
        actor=shot.actor[index],
        alpha=shot.alpha[index],
        inverse_depth=shot.inverse_depth[index],
        camera=shot.path[index],
    )


def _write_frame(frame: RenderedFrame, folder: Path, name: str) -> None:
    for kind, picture in (("plate", frame.plate), ("truth", frame.truth), ("place", frame.place)):
        _write_picture(folder / kind / name, picture)
    alpha8 = np.round(np.clip(frame.alpha, 0, 1) * 255).astype(np.uint8)
    straight = frame.actor / np.maximum(frame.alpha[..., None], 1e-4)
    _write(folder / "alpha" / name, alpha8)
    _write(folder / "actor" / name, np.dstack([code8_from_linear(straight)[..., ::-1], alpha8]))


def _write_picture(path: Path, linear: Array) -> None:
    _write(path, np.ascontiguousarray(code8_from_linear(linear)[..., ::-1]))


def _write(path: Path, codes: Array) -> None:
    if not cv2.imwrite(str(path), codes):
        raise MachineError(f"could not write {path}; is the folder writable and the disk not full?")
