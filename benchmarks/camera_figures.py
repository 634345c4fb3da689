"""Figures of a solved camera against the true one."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.matchmove import read_camera

_PARALLAX_PX = 2.0
"""Frames whose true parallax at the median depth is less say nothing of the direction of travel."""


@dataclass(frozen=True)
class Truth:
    """``depth``: the place's median depth, infinite where it is not known."""

    path: CameraPath
    depth: float

    @classmethod
    def of_case(cls, case: Path, hw: tuple[int, int], num_frames: int) -> "Truth | None":
        """None where a case has no true camera."""
        if not (case / "camera.json").exists():
            return None
        depths = [float(np.median(np.load(f).astype(np.float32))) for f in sorted((case / "depth").glob("*.npy"))]
        path = read_camera(case / "camera.json", hw=hw, num_frames=num_frames)
        return cls(path, float(np.median(depths)) if depths else np.inf)

    @classmethod
    def of_clip(cls, clip: Path) -> "Truth":
        """Of a clip with ``poses.json``: one focal length, a pose a frame."""
        data = json.loads((clip / "poses.json").read_text())
        k = np.array([[data["fx"], 0, data["cx"]], [0, data["fy"], data["cy"]], [0, 0, 1]])
        hw = (int(data["height"]), int(data["width"]))
        poses = (np.array(f["c2w_opencv"]) for f in data["frames"])
        return cls(CameraPath(tuple(Camera(hw, k, _orthonormal(p)) for p in poses)), np.inf)


def _orthonormal(pose: Array) -> Array:
    u, _, vt = np.linalg.svd(pose[:3, :3])
    out = pose.copy()
    out[:3, :3] = u @ vt
    return out


def figures(truth: Truth, found: CameraPath) -> dict[str, float]:
    """As ``score.py`` of the cases: ``rot_deg`` of the rotation relative to frame 0, ``trans_dir_deg`` between
    translations relative to frame 0, ``focal_pct``; and ``path_pct``, the root mean square distance of the centres
    after the best similarity (Umeyama 1991) over the length of the true path."""
    real, ours = (_relative(p) for p in (truth.path, found))
    rotation, direction = [], []
    for a, b, camera in zip(real[1:], ours[1:], truth.path.cameras[1:]):
        rotation.append(_angle(float((np.trace(a[:3, :3].T @ b[:3, :3]) - 1) / 2)))
        lengths = np.linalg.norm(a[:3, 3]), np.linalg.norm(b[:3, 3])
        if camera.px_from_cam[0, 0] * lengths[0] / truth.depth >= _PARALLAX_PX:
            cosine = a[:3, 3] @ b[:3, 3] / (lengths[0] * lengths[1]) if lengths[1] > 1e-9 else 0.0
            direction.append(_angle(float(cosine)))
    scale = truth.path.hw[1] / found.hw[1]
    focal = [
        abs(b.px_from_cam[0, 0] * scale / a.px_from_cam[0, 0] - 1) for a, b in zip(truth.path.cameras, found.cameras)
    ]
    out = {"rot_deg": float(np.mean(rotation)), "focal_pct": 100 * float(np.mean(focal))}
    if direction:
        out["trans_dir_deg"] = float(np.mean(direction))
    length = float(np.linalg.norm(np.diff(truth.path.centers, axis=0), axis=1).sum())
    if length > 1e-6 and np.isinf(truth.depth):
        out["path_pct"] = 100 * _aligned(truth.path.centers, found.centers) / length
    return out


def _angle(cosine: float) -> float:
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _relative(path: CameraPath) -> list[Array]:
    return [path[0].camera_from_world @ c.world_from_camera for c in path.cameras]


def _aligned(real: Array, ours: Array) -> float:
    """Root mean square distance after the best similarity of ``ours`` (n, 3) to ``real``."""
    a, b = real - real.mean(0), ours - ours.mean(0)
    u, values, vt = np.linalg.svd(a.T @ b)
    sign = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    size = float((b**2).sum())
    scale = float((values * sign).sum()) / size if size > 0 else 0.0
    return float(np.sqrt(((a - scale * b @ (u * sign @ vt).T) ** 2).sum(1).mean()))
