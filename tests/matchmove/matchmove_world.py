"""Made-up worlds seen by known cameras, for the tests of this folder."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.lens import STRAIGHT, Lens
from cyclorama.matchmove.tracks import Tracks

HW = (135, 240)
FOCAL = 230.0
MIDDLE_Z = 5.0


def facing(yaw: float, pitch: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """world_from_camera rotation, radians: right, up, clockwise."""
    turns = [cv2.Rodrigues(np.array(v, float))[0] for v in ((0, yaw, 0), (pitch, 0, 0), (0, 0, roll))]
    return turns[0] @ turns[1] @ turns[2]


def camera(
    rotation: np.ndarray, center: tuple[float, float, float], focal_px: float = FOCAL, lens: Lens = STRAIGHT
) -> Camera:
    pinhole = Camera.from_focal(hw=HW, focal_px=focal_px, world_from_camera=rigid(rotation, np.array(center, float)))
    return replace(pinhole, lens=lens)


def _orbit(t: float) -> Camera:
    a = np.radians(36) * t
    return camera(facing(-a, 0.05 * t), (MIDDLE_Z * np.sin(a), 0.3 * t, MIDDLE_Z * (1 - np.cos(a))))


def _dolly_zoom(t: float) -> Camera:
    """What lies at 5 keeps its size."""
    z = 2.0 * t
    return camera(facing(0.02 * np.sin(5 * t)), (0.1 * np.sin(4 * t), 0, z), FOCAL * (MIDDLE_Z - z) / MIDDLE_Z)


MOVES: dict[str, Callable[[float], Camera]] = {
    "locked": lambda _: camera(np.eye(3), (0, 0, 0)),
    "pan": lambda t: camera(facing(0.35 * t, 0.06 * np.sin(5 * t)), (0, 0, 0)),
    "truck": lambda t: camera(facing(0.02 * np.sin(9 * t)), (1.4 * t, 0.05 * np.sin(7 * t), 0)),
    "dolly": lambda t: camera(facing(0, 0.01 * np.sin(9 * t)), (0.05 * np.sin(6 * t), 0, 1.2 * t)),
    "orbit": _orbit,
    "zoom": lambda t: camera(np.eye(3), (0, 0, 0), FOCAL * 2 ** (t * t * (3 - 2 * t))),
    "pan zoom": lambda t: camera(facing(0.7 * t, 0.06 * np.sin(5 * t)), (0, 0, 0), FOCAL * 1.6**t),
    "dolly zoom": _dolly_zoom,
}


def path(move: str, num_frames: int) -> CameraPath:
    return CameraPath(tuple(MOVES[move](i / (num_frames - 1)) for i in range(num_frames)))


def handheld(num_frames: int, seed: int = 0, shake_deg: float = 0.3, sway: float = 0.02) -> CameraPath:
    """A truck by hand: every frame shakes by itself."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, num_frames)
    turns = 0.1 * np.stack([np.sin(5 * t), t, 0 * t], 1) + np.radians(shake_deg) * rng.standard_normal((num_frames, 3))
    centers = np.stack([1.4 * t, 0 * t, 0.3 * t], 1) + sway * rng.standard_normal((num_frames, 3))
    return CameraPath(tuple(camera(facing(*a), tuple(c)) for a, c in zip(turns, centers)))


def world_points(num: int = 100, seed: int = 0) -> np.ndarray:
    """Points in the air, on a floor, and on a wall."""
    rng = np.random.default_rng(seed)
    air = np.stack([rng.uniform(-4, 4, num // 2), rng.uniform(-2, 1, num // 2), rng.uniform(3, 9, num // 2)], 1)
    floor = np.stack([rng.uniform(-3, 3, num // 4), np.ones(num // 4), rng.uniform(2.5, 9, num // 4)], 1)
    wall = np.stack([rng.uniform(-6, 6, num // 4), rng.uniform(-3, 1, num // 4), np.full(num // 4, 9.0)], 1)
    return np.concatenate([air, floor, wall])


def wall_points(slope: float, num: int = 110) -> np.ndarray:
    """Points on one flat wall: a screen with markers and nothing else."""
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-5, 9, num), rng.uniform(-2.5, 2.5, num)
    return np.stack([x, y, MIDDLE_Z + slope * x], 1)


def tracks_of(
    cameras: CameraPath,
    points: np.ndarray | None = None,
    *,
    noise_px: float = 0.1,
    outliers: float = 0.1,
    seed: int = 1,
) -> Tracks:
    """What a tracker would find: points where they are inside the picture, with noise, some plainly wrong."""
    rng = np.random.default_rng(seed)
    points = world_points() if points is None else points
    track, frame, px = [], [], []
    for index, view in enumerate(cameras.cameras):
        at, depth = view.project(points)
        inside = (depth > 0.1) & (at > 0).all(1) & (at < [HW[1], HW[0]]).all(1)
        for number in np.flatnonzero(inside):
            track.append(number)
            frame.append(index)
            px.append(at[number] + noise_px * rng.standard_normal(2))
    wrong = rng.random(len(px)) < outliers
    out = np.array(px)
    out[wrong] += rng.uniform(-25, 25, (int(wrong.sum()), 2))
    tracks = Tracks(np.array(track), np.array(frame), out, HW, len(cameras))
    return tracks.keep(np.bincount(tracks.track)[tracks.track] >= 3)


def rolling_tracks(move: str, num_frames: int, readout: float, *, noise_px: float = 0.1, seed: int = 1) -> Tracks:
    """The points of the world as a shutter sees them that takes ``readout`` of a frame from the first row to the
    last."""
    rng = np.random.default_rng(seed)
    rows = np.linspace(0, HW[0], 9)  # between them what is seen goes evenly
    track, frame, px = [], [], []
    for index in range(num_frames):
        times = (index + readout * (rows / HW[0] - 0.5)) / (num_frames - 1)
        at, depth = (np.stack(x) for x in zip(*(MOVES[move](t).project(world_points()) for t in times)))
        for number in np.flatnonzero((depth > 0.1).all(0)):
            late = at[:, number, 1] - rows  # 0 where the row that is read is the row that shows the point
            row = np.interp(0, -late, rows)
            seen = np.array([np.interp(row, rows, at[:, number, k]) for k in (0, 1)])
            if (seen > 0).all() and (seen < [HW[1], HW[0]]).all():
                track.append(number)
                frame.append(index)
                px.append(seen + noise_px * rng.standard_normal(2))
    tracks = Tracks(np.array(track), np.array(frame), np.array(px), HW, num_frames)
    return tracks.keep(np.bincount(tracks.track)[tracks.track] >= 3)


def rotation_errors_deg(found: CameraPath, truth: CameraPath) -> np.ndarray:
    """Of the rotation relative to frame 0."""
    errors = []
    for ours, real in zip(found.cameras, truth.cameras):
        a, b = ((p[0].camera_from_world @ c.world_from_camera)[:3, :3] for p, c in ((found, ours), (truth, real)))
        errors.append(np.degrees(np.linalg.norm(cv2.Rodrigues(a.T @ b)[0])))
    return np.array(errors)


def translation_errors_deg(found: CameraPath, truth: CameraPath, *, least: float = 0.25) -> np.ndarray:
    """Angle between the translations relative to frame 0, seen from it, where the true one is ``least`` or more."""
    errors = []
    for ours, real in zip(found.cameras, truth.cameras):
        a, b = ((p[0].camera_from_world @ c.world_from_camera)[:3, 3] for p, c in ((found, ours), (truth, real)))
        if np.linalg.norm(b) >= least:
            errors.append(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))))
    return np.array(errors)


def picture_errors_px(found: CameraPath, truth: CameraPath, frames: np.ndarray) -> np.ndarray:
    """Of where the world's points are seen, (n,) along an axis, root mean square; the worlds are laid on each other by
    the cameras of ``frames``."""
    turns = [t.world_from_camera[:3, :3] @ f.world_from_camera[:3, :3].T for f, t in zip(found.cameras, truth.cameras)]
    u, _, vt = np.linalg.svd(np.mean(np.array(turns)[frames], 0))
    turn = u @ vt
    ours, real = found.centers[frames].mean(0), truth.centers[frames].mean(0)
    a, b = (found.centers[frames] - ours) @ turn.T, truth.centers[frames] - real
    scale = (a * b).sum() / max((a * a).sum(), 1e-12) or 1.0
    points = world_points()
    there = (points - real) / scale @ turn + ours
    errors = []
    for f, t in zip(found.cameras, truth.cameras):
        (at, depth), (seen, _) = t.project(points), f.project(there)
        inside = (depth > 0.5) & (at > 0).all(1) & (at < [HW[1], HW[0]]).all(1)
        errors.append(np.sqrt(((seen - at)[inside] ** 2).mean()))
    return np.array(errors)


def texture(hw: tuple[int, int], seed: int, blur: float = 1.5) -> np.ndarray:
    """h w 3 float32 scene-linear, full of corners."""
    noise = np.random.default_rng(seed).random((*hw, 3), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), blur)
    return np.clip((soft - 0.5) * 4 * blur * 0.15 + 0.25, 0.01, 1).astype(np.float32)
