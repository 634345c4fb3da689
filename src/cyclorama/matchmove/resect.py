"""The camera of every frame before the points that the keyframes solved."""

from dataclasses import dataclass, replace

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.matchmove.bundle import SIGMA_PX, Bundle, projected, rotation_from_vector, vector_from_rotation
from cyclorama.matchmove.bundle_kernels import camera_system, turn
from cyclorama.matchmove.tracks import Tracks
from cyclorama.matchmove.trust import RAYLEIGH_MEDIAN, own_noise_px

LEAST_SIGHTS = 6
"""A frame with fewer is not resected by itself: a few wrong ones would lead it astray."""
_WIDTHS = np.array([16.0, 4.0, 1.0])
"""Of the loss, one after the other (graduated non-convexity, Blake and Zisserman 1987, section 7)."""


@dataclass(frozen=True)
class Poses:
    """``rotations`` (n, 3, 3) cam_from_world, ``centers`` (n, 3), ``focals`` (n,) pixels."""

    rotations: Array
    centers: Array
    focals: Array

    def residuals_px(self, bundle: Bundle, sights: "Sights") -> Array:
        """Length of the reprojection error of every sight, (n,) pixels; infinite behind the camera."""
        frame = np.repeat(np.arange(sights.num_frames), sights.counts())
        zoom = np.log(self.focals / bundle.focal_px)
        there = replace(bundle, rotations=self.rotations, centers=self.centers, zoom=zoom)
        px, inside = projected(there, Tracks(sights.points, frame, sights.offset, (0, 0), sights.num_frames))
        return np.where(inside, np.linalg.norm(px - sights.offset, axis=1), np.inf)


@dataclass(frozen=True)
class Sights:
    """Known points in the pictures, frame by frame: those of frame c are ``starts[c]:starts[c + 1]`` of ``points``,
    ``offset`` (n, 2) from the picture's middle and ``scale`` (n,), 1 / sigma."""

    starts: Array
    points: Array
    offset: Array
    scale: Array

    @classmethod
    def of(cls, tracks: Tracks, weights: Array, point_of_track: Array) -> "Sights":
        """``point_of_track``: the point of each track, -1 where it has none."""
        chosen = np.flatnonzero(point_of_track[tracks.track] >= 0)
        order = chosen[np.argsort(tracks.frame[chosen], kind="stable")]
        starts = np.searchsorted(tracks.frame[order], np.arange(tracks.num_frames + 1))
        middle = np.array([tracks.hw[1] / 2, tracks.hw[0] / 2])
        return cls(starts, point_of_track[tracks.track[order]], tracks.px[order] - middle, weights[order] / SIGMA_PX)

    def weighed(self, error_px: Array, num_taken: int) -> "Sights":
        """The same, each frame's by its own noise: ``error_px`` (n,) are the errors that are left where each frame
        fitted ``num_taken`` parameters."""
        frame = np.repeat(np.arange(self.num_frames), self.counts())
        unit = error_px * self.scale
        all_noise = float(np.median(unit)) / RAYLEIGH_MEDIAN if len(unit) else 1.0
        own = own_noise_px(unit, frame, self.num_frames, all_noise, num_taken)
        return replace(self, scale=self.scale * (max(all_noise, 1e-6) / np.maximum(own, 1e-6))[frame])

    @property
    def num_frames(self) -> int:
        return len(self.starts) - 1

    def counts(self) -> Array:
        """(n,) sights of each frame."""
        return np.diff(self.starts)


def resect(bundle: Bundle, sights: Sights, key: Array, columns: Array) -> Poses:
    """The keyframes ``key`` keep their cameras; the others start between them and come to rest on what they see.
    ``columns`` of a camera's derivatives may move."""
    poses = _interpolated(bundle, sights.num_frames, key)
    counts = sights.counts()
    for index in np.setdiff1d(np.arange(sights.num_frames), key):
        if counts[index] < LEAST_SIGHTS:
            continue
        own = slice(sights.starts[index], sights.starts[index + 1])
        at = sights.points[own]
        points = (bundle.directions[at], bundle.rho[at], bundle.shared, sights.offset[own], sights.scale[own])
        start = (poses.rotations[index], poses.centers[index], poses.focals[index])
        poses.rotations[index], poses.centers[index], poses.focals[index] = pose(*start, *points, columns, _WIDTHS)
    return poses


def _interpolated(bundle: Bundle, num_frames: int, key: Array) -> Poses:
    frames = np.arange(num_frames)
    centers = np.stack([np.interp(frames, key, bundle.centers[:, k]) for k in range(3)], 1)
    focals = np.exp(np.interp(frames, key, np.log(bundle.focals)))
    rotations = np.empty((num_frames, 3, 3))
    for index in frames:
        k = int(np.clip(np.searchsorted(key, index, "right") - 1, 0, max(len(key) - 2, 0)))
        if len(key) == 1:
            rotations[index] = bundle.rotations[0]
            continue
        share = np.clip((index - key[k]) / (key[k + 1] - key[k]), 0, 1)
        turn = vector_from_rotation(bundle.rotations[k + 1] @ bundle.rotations[k].T)
        rotations[index] = rotation_from_vector(turn * share) @ bundle.rotations[k]
    return Poses(rotations, centers, focals)


def pose(rotation, center, focal, directions, rho, shared, offset, scale, columns, widths):  # type: ignore[no-untyped-def]
    """One camera, from a start: rotation, centre, focal length."""
    moved = _pose_steps(rotation, center, focal, directions, rho, shared, offset, scale, columns, widths)
    u, _, vt = np.linalg.svd(moved[0])
    return u @ vt, moved[1], moved[2]


@njit(cache=True, nogil=True)
def _pose_steps(rotation, center, focal, directions, rho, shared, offset, scale, columns, widths):  # type: ignore[no-untyped-def]
    """Gauss-Newton under Cauchy losses of ever smaller width; the start, where that is better at the end."""
    rot, cen, length = rotation.copy(), center.copy(), focal
    h, g = np.zeros((7, 7)), np.zeros(7)
    for width in widths:
        for _ in range(8):
            camera_system(rot, cen, length, directions, rho, shared, offset, scale / width, columns, h, g)
            for a in range(7):
                h[a, a] = h[a, a] * (1.0 + 1e-6) + 1e-9
            step = -np.linalg.solve(h, g)
            turn(rot, step, rot)
            for a in range(3):
                cen[a] += step[3 + a]
            length = length * np.exp(min(max(step[6], -0.3), 0.3))
            if (step * step).sum() < 1e-16:
                break
    before = camera_system(rotation, center, focal, directions, rho, shared, offset, scale, columns, h, g)
    after = camera_system(rot, cen, length, directions, rho, shared, offset, scale, columns, h, g)
    return (rot, cen, length) if after < before else (rotation.copy(), center.copy(), focal)
