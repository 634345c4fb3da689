"""Whether the background of a finished shot moves as the camera says: the proof of anybody's composite."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import CameraPath
from cyclorama.core.clip import Clip
from cyclorama.matchmove.bundle import SIGMA_PX
from cyclorama.matchmove.slip import Fit, cut_at_turns, fit_slip, rays
from cyclorama.matchmove.tracks import Tracks, track_features

ANALYSIS_LONG_SIDE = 1920
LOCK_PX = 0.2
"""Slip a frame up to which a background counts as locked; of a picture up to ``ANALYSIS_LONG_SIDE`` long."""
MIN_POINTS = 8
"""Points that a frame must show to be measured."""
_WINDOW = 60
"""Frames that are fitted at once; windows overlap by half."""
_MIN_SIGHTS = 4
_ILL = 2.0
"""A point that its fit misses by so many times the usual, over its sights, was ill followed and is not counted."""
_STRAY_PX = 1.0
"""One that it misses by so much besides goes its own way."""
_MANY_STRAYS = 0.3
_TIGHT_PX = 1.0
"""The pull toward no shift where the camera's move cannot tell it from depth."""
_SURE = 3.0
"""A drift of so many standard deviations is one."""
_POP = 2.0
"""A single step that all points share of so many times the limit is seen, however well the rest locks."""
_STILL = 0.1
"""Share of the camera's turn up to which a background counts as still."""
_BESIDE = 1e-3
"""Depth of a direction under which it is out of sight."""
_TURN_PX = 3.0
"""A turn that moves the picture by less says nothing of stillness."""

Verdict = Literal["locks", "slips", "still background", "unsure", "not measured"]


@dataclass(frozen=True)
class SlipCheck:
    """Per frame (t,), of the step from the frame before, in pixels of the shot; NaN where it was not measured, as in
    frame 0. ``median_px``, ``p95_px``: of the lengths by which points miss their predicted step; ``step_px`` (t, 2):
    what all points share of it, right and down; ``unsure_px``: one standard deviation of a drift a frame that depths
    could hide; ``num_points``.

    ``slip_px``: median and 95 % over all points and frames; ``stray``: share of the points that go their own way and,
    like those ill followed, are counted in nothing else; ``seen_px`` and ``turned_px``: how far a usual point goes from
    where it was first seen, and would by the camera's turn alone; ``travels``: whether the camera's centre moves;
    ``limit_px``: slip up to which the background counts as locked.
    """

    median_px: Array
    p95_px: Array
    step_px: Array
    unsure_px: Array
    num_points: Array
    slip_px: tuple[float, float]
    stray: float
    seen_px: float
    turned_px: float
    travels: bool
    limit_px: float

    @property
    def measured(self) -> Array:
        """(t,) bool."""
        return np.isfinite(self.median_px)

    @property
    def drift_px(self) -> tuple[float, float]:
        """The mean of the shared steps: right and down, pixels a frame."""
        if not self.measured.any():
            return np.nan, np.nan
        right, down = self.step_px[self.measured].mean(0).tolist()
        return right, down

    @property
    def jitter_px(self) -> float:
        """Root mean square of the shared steps about their mean."""
        if not self.measured.any():
            return np.nan
        return float(np.sqrt(self.step_px[self.measured].var(0).sum()))

    @property
    def worst(self) -> tuple[int, float]:
        """The frame whose shared step is longest, and that step's length in pixels."""
        length = np.nan_to_num(np.linalg.norm(self.step_px, axis=1))
        frame = int(length.argmax())
        return frame, float(length[frame])

    @property
    def verdict(self) -> Verdict:
        moves = self.seen_px > _STILL * self.turned_px
        if 2 * int(self.measured.sum()) < len(self.median_px) - 1 or not self.measured.any():
            return "not measured"
        if self.slip_px[0] > self.limit_px:
            return "slips" if moves or self.turned_px < _TURN_PX else "still background"
        if self.worst[1] > _POP * self.limit_px:
            return "slips"
        hidden = float(np.median(self.unsure_px[self.measured])) > self.limit_px
        flat = self.seen_px < _TURN_PX and (self.travels or self.turned_px > _TURN_PX)
        return "unsure" if hidden or flat or self.stray > _MANY_STRAYS else "locks"

    def sentence(self) -> str:
        """The verdict in one line."""
        slip = f"{self.slip_px[0]:.2f} px a frame (95 %: {self.slip_px[1]:.2f})"
        right, down = self.drift_px
        words = {
            "locks": f"the background locks to the camera: it slips {slip}",
            "slips": f"the background slips {slip}; drift {right:+.2f} right, {down:+.2f} down, "
            f"jitter {self.jitter_px:.2f}, most at frame {self.worst[0]}: {self.worst[1]:.2f}",
            "still background": f"still background behind a moving camera: a point goes {self.seen_px:.1f} px where "
            f"the camera's turn alone takes it {self.turned_px:.0f} px; it slips {slip}",
            "unsure": f"nothing slips visibly ({slip}), but a slip could hide: see the notes",
            "not measured": f"the slip cannot be measured: {int(self.measured.sum())} of "
            f"{max(0, len(self.median_px) - 1)} steps show {MIN_POINTS} features of the background",
        }
        return words[self.verdict]

    def notes(self) -> tuple[str, ...]:
        """What to know of the figures."""
        out = []
        if self.measured.any() and float(np.nanmax(self.unsure_px)) > self.limit_px:
            out.append(
                "a drift along this camera's move looks like other depths: one of "
                f"{float(np.nanmax(self.unsure_px)):.1f} px a frame could hide"
            )
        if self.stray > _MANY_STRAYS:
            out.append(
                f"{100 * self.stray:.0f} % of the features go their own way and are not counted: things that move, "
                "reflections, or a background in parts of which one slips"
            )
        if self.travels and self.seen_px < _TURN_PX:
            out.append("the camera travels and nothing moves: the background is far off, or a still picture")
        return tuple(out)


def check_slip(
    shot: Clip,
    path: CameraPath,
    actor: Callable[[int, Array], Array],
    progress: Callable[[int], None] = lambda _: None,
) -> SlipCheck:
    """Follows the background of a finished shot and holds it against the camera that it should move with.

    ``actor(index, frame)`` is the matte of a frame of any size of the shot, h w float32. ``ValueError`` when the camera
    has another length or size.
    """
    if (len(path), path.hw) != (shot.num_frames, shot.hw):
        raise ValueError(
            f"the camera must be of {shot.num_frames} frames of {shot.hw}, got {len(path)} frames of {path.hw}"
        )
    proxy = shot.proxy(ANALYSIS_LONG_SIDE)
    return slip_of(track_features(proxy, actor, progress), path.resized(proxy.hw), shot.hw[1] / proxy.hw[1])


def slip_of(tracks: Tracks, path: CameraPath, scale: float = 1.0) -> SlipCheck:
    """The slip of features that were followed. ``scale``: pixels of the shot in one of ``tracks``."""
    seen, turned = _excursions(tracks, path)
    steps = _Steps(tracks.num_frames)
    windows = _windows(tracks.num_frames)
    for whole, own in windows:
        inside = (tracks.frame >= whole.start) & (tracks.frame < whole.stop)
        part = tracks.keep(inside)
        shifted = Tracks(part.track, part.frame - whole.start, part.px, part.hw, len(whole))
        steps.add(shifted, CameraPath(path.cameras[whole.start : whole.stop]), whole.start, own)
    lengths = np.concatenate(steps.lengths) if steps.lengths else np.zeros(0)
    both = np.percentile(lengths, [50, 95]).tolist() if len(lengths) else (np.nan, np.nan)
    travel = float(np.linalg.norm(path.centers - path.centers[0], axis=1).max())
    return SlipCheck(
        median_px=steps.median * scale,
        p95_px=steps.p95 * scale,
        step_px=steps.shared * scale,
        unsure_px=steps.unsure * scale,
        num_points=steps.num_points,
        slip_px=(both[0] * scale, both[1] * scale),
        stray=steps.num_strays / max(1, steps.num_tracks),
        seen_px=seen * scale,
        turned_px=turned * scale,
        travels=travel > 1e-6 * max(1.0, float(np.abs(path.centers).max())),
        limit_px=LOCK_PX * scale,
    )


def _windows(num_frames: int) -> list[tuple[range, range]]:
    """Runs of frames to fit, and those of each whose step is taken from it: where it is nearest the middle."""
    half = _WINDOW // 2
    starts = list(range(0, max(1, num_frames - half), half))
    out = []
    for number, start in enumerate(starts):
        last = number == len(starts) - 1
        stop = num_frames if last else start + _WINDOW
        own = range(start + (half // 2 if number else 0), num_frames if last else start + half + half // 2)
        out.append((range(start, stop), own))
    return out


class _Steps:
    """What is gathered of every frame, in pixels of the tracks."""

    def __init__(self, num_frames: int) -> None:
        self.median, self.p95, self.unsure = (np.full(num_frames, np.nan) for _ in range(3))
        self.shared = np.full((num_frames, 2), np.nan)
        self.num_points = np.zeros(num_frames, np.int64)
        self.lengths: list[Array] = []
        self.num_strays = self.num_tracks = 0

    def add(self, tracks: Tracks, path: CameraPath, first: int, own: range) -> None:
        """Fits a window of which ``own`` frames (of the shot) are taken; ``first``: the window's own in the shot."""
        tracks = cut_at_turns(tracks, path)
        tracks = tracks.keep(np.bincount(tracks.track)[tracks.track] >= _MIN_SIGHTS) if len(tracks.track) else tracks
        if tracks.num_tracks < MIN_POINTS:
            return
        fit = fit_slip(tracks, path)
        misfit = _misfit(tracks, fit)
        fair = misfit <= max(_ILL * float(np.median(misfit)), SIGMA_PX)
        self.num_tracks += len(fair)
        self.num_strays += int((~fair & (misfit > _STRAY_PX)).sum())
        tracks = tracks.keep(fair[tracks.track])
        fit = fit_slip(tracks, path)
        unsure = fit.sigma_drift_px
        if unsure > LOCK_PX and _drift(fit) < _SURE * unsure:  # depths take what could be either
            fit = fit_slip(tracks, path, _TIGHT_PX)
        frame, miss = _misses(tracks, fit)
        for index in own:
            here = miss[frame == index - first]
            self.num_points[index] = len(here)
            if len(here) < MIN_POINTS:
                continue
            length = np.linalg.norm(here, axis=1)
            self.lengths.append(length)
            self.median[index], self.p95[index] = np.percentile(length, [50, 95])
            self.shared[index] = np.median(here, axis=0)
            self.unsure[index] = unsure


def _drift(fit: Fit) -> float:
    """Length of the mean shift a frame, pixels."""
    return float(np.linalg.norm(fit.shift[-1] - fit.shift[0]) / max(1, len(fit.shift) - 1))


def _misfit(tracks: Tracks, fit: Fit) -> Array:
    """(tracks,) root mean square distance from where the rigid world and its shift put a track, pixels."""
    square = ((fit.error - fit.shift[tracks.frame]) ** 2).sum(1)
    square[~fit.inside] = np.inf
    return np.sqrt(np.bincount(tracks.track, square) / np.bincount(tracks.track))


def _misses(tracks: Tracks, fit: Fit) -> tuple[Array, Array]:
    """Of every point seen in a frame and the one before: the frame (n,), and its step less the predicted one (n, 2)."""
    order = np.lexsort((tracks.frame, tracks.track))
    before, now = order[:-1], order[1:]
    pair = (tracks.track[before] == tracks.track[now]) & (tracks.frame[now] == tracks.frame[before] + 1)
    pair &= fit.inside[before] & fit.inside[now]
    return tracks.frame[now[pair]], (fit.error[now] - fit.error[before])[pair]


def _excursions(tracks: Tracks, path: CameraPath) -> tuple[float, float]:
    """How far from its first sight a usual track goes, and would by the camera's turn alone, were the point at
    infinity: pixels."""
    if not len(tracks.track):
        return 0.0, 0.0
    order = np.lexsort((tracks.frame, tracks.track))
    track, frame, px = tracks.track[order], tracks.frame[order], tracks.px[order]
    born = np.searchsorted(track, np.arange(tracks.num_tracks))[track]
    width = float(tracks.hw[1])
    turned = _turned(path, rays(path, frame[born], px[born]), frame, px[born], width)
    farthest = np.zeros((2, tracks.num_tracks))
    np.maximum.at(farthest[0], track, np.linalg.norm(px - px[born], axis=1))
    np.maximum.at(farthest[1], track, np.minimum(turned, width))
    return float(np.median(farthest[0])), float(np.median(farthest[1]))


def _turned(path: CameraPath, ray: Array, frame: Array, start: Array, width: float) -> Array:
    """How far from ``start`` (n, 2) each ``frame`` (n,) shows what lies at infinity along ``ray`` (n, 3): pixels,
    ``width`` where that is out of sight."""
    out = np.full(len(frame), width)
    for index in np.unique(frame):
        here, camera = np.flatnonzero(frame == index), path[int(index)]
        y = ray[here] @ camera.camera_from_world[:3, :3].T
        plane = y[:, :2] / np.maximum(y[:, 2:], _BESIDE)
        ahead = (y[:, 2] > _BESIDE) & (np.linalg.norm(plane, axis=1) < camera.lens.turn)
        at, _ = camera.project(camera.center + ray[here[ahead]])
        out[here[ahead]] = np.linalg.norm(at - start[here[ahead]], axis=1)
    return out
