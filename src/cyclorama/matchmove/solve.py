"""From tracks to cameras: the model by evidence, every frame, and how well each is known."""

from dataclasses import dataclass, replace

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.lens import STRAIGHT, Lens
from cyclorama.matchmove.bundle import FOCAL_SPREAD, SIGMA_PX, TOLERANCE, Bundle, residuals_px
from cyclorama.matchmove.keyframes import MIN_SHARED, MIN_TRACKS, enough, keyed, seeing
from cyclorama.matchmove.models import (
    MOVES,
    USUAL_FOCAL,
    Given,
    Model,
    bent,
    candidates,
    chosen,
    noise_px,
    unexplained,
    with_lens,
)
from cyclorama.matchmove.resect import Poses, Sights, resect
from cyclorama.matchmove.shutter import Readout, readout_of
from cyclorama.matchmove.smooth import Smoothed, grid_jacobians, smooth
from cyclorama.matchmove.tracks import Tracks
from cyclorama.matchmove.trust import own_noise_px
from cyclorama.matchmove.uncertainty import cameras_sigma_px, shared_sigmas

AGREES_PX = 3.0
"""An observation nearer than this agrees with the solve."""
_FOCAL = 7  # column of the derivatives
_ROOM = 1.05  # frames between the keyframes may be zoomed out a little more than these
_LEAST_NOISE_PX = 0.03
"""No tracker is better: what fits better had too few tracks to show its noise."""


@dataclass(frozen=True)
class Solve:
    """A solved camera: the path, the model that the evidence chose, the points ``(p, 3)`` that it saw (far ones
    apart), and the error: median and 95 % of the reprojection in pixels, number of tracks that agree.

    Of every frame (n,): ``residual_px``, median of the reprojection (0 where nothing is seen), ``num_seen``, number of
    observations that agree, and ``sigma_px``, one standard deviation of where the background lies in the picture.
    ``focal_sigma`` is one of log focal (0 where it was given); ``readout`` a rolling shutter that was seen."""

    path: CameraPath
    model: Model
    points: Array
    median_px: float
    p95_px: float
    num_tracks: int
    focal_sigma: float
    residual_px: Array
    num_seen: Array
    sigma_px: Array
    readout: Readout | None

    @property
    def measured_focal(self) -> bool:
        """Whether the pictures told the focal length (or it was given): otherwise it is what lenses usually have."""
        return self.focal_sigma < FOCAL_SPREAD / 2


def solve(
    tracks: Tracks,
    focal_px: float | None = None,
    weights: Array | None = None,
    *,
    lens: Lens | None = None,
    zoom: bool | None = None,
    wall: bool = True,
) -> Solve:
    """The camera of every frame. ``focal_px`` when it is known (the first frame's, where ``zoom``); ``weights`` (n,) of
    the observations; ``lens`` when it is known, else it is found where it shows. ``zoom`` when it is known whether the
    lens zooms; else it does where nothing else explains the pictures as well, or nothing but their size changes.
    ``wall``: whether all that is seen may be one plane, as a screen is.

    Raises ``ValueError`` when ``enough`` does not hold.
    """
    weights = np.ones(len(tracks.track)) if weights is None else weights
    _check(tracks, focal_px, weights)
    shot = keyed(tracks, weights)
    given = Given(shot.tracks, shot.weights, focal_px, lens or STRAIGHT, zoom=zoom, wall=wall, frames=shot.key)
    bundle, model, given = _solved(given, lens is None)
    noise = noise_px({model: bundle}, shot.tracks, _LEAST_NOISE_PX) / np.sqrt(unexplained(model, given))
    error = np.minimum(residuals_px(bundle, shot.tracks), AGREES_PX)
    own = SIGMA_PX / own_noise_px(error, shot.tracks.track, shot.tracks.num_tracks, noise)
    exact = replace(given, weights=given.weights * own[shot.tracks.track])
    sights = Sights.of(
        shot.whole, shot.whole_weights * np.append(own, 0)[shot.point_of_track][shot.whole.track], shot.point_of_track
    )
    last = exact.adjusted(bundle, model, TOLERANCE)
    if lens is None and not _shows_all(last.lens, exact.tracks.hw, float(np.min(last.focals))):
        return solve(tracks, focal_px, weights, lens=STRAIGHT, zoom=zoom, wall=wall)
    return _finish(last, model, exact, sights, shot.key)


def _shows_all(lens: Lens, hw: tuple[int, int], focal: float) -> bool:
    """Whether a lens that was found could have made the picture: it shows every pixel of it once, with room for frames
    between the keyframes whose focal length is a little shorter."""
    corner = np.hypot(*hw) / (2 * focal)
    return lens.is_straight or not np.isnan(lens.straightened(np.array([[_ROOM * corner, 0.0]]))).any()


def _check(tracks: Tracks, focal_px: float | None, weights: Array) -> None:
    if focal_px is not None and not (np.isfinite(focal_px) and focal_px > 0):
        raise ValueError(f"the focal length must be a positive number of pixels, got {focal_px}")
    if not np.isfinite(tracks.px).all():
        raise ValueError(f"tracks must be finite, got {int((~np.isfinite(tracks.px)).any(1).sum())} that are not")
    if weights.shape != tracks.track.shape or not (np.isfinite(weights) & (weights > 0)).all():
        least = float(weights.min(initial=np.inf))
        raise ValueError(f"weights must be {len(tracks.track)} positive numbers, got {len(weights)}, the least {least}")
    good = seeing(tracks)
    if not enough(tracks):
        raise ValueError(
            f"two frames and more than half of all must see {MIN_TRACKS} tracks that do not lie in one place, all tied "
            f"together by {MIN_SHARED} tracks that they share, got {int(good.sum())} such frames of {tracks.num_frames}"
        )


def _solved(given: Given, find_lens: bool) -> tuple[Bundle, Model, Given]:
    """The model and its solve; once more with the lens, where it shows one."""
    bundles = candidates(given)
    model = chosen(bundles, given)
    bundle, terms = with_lens(bundles[model], model, given) if find_lens else (bundles[model], 0)
    if terms == 0:
        return bundle, model, given
    given = replace(given, lens=bundle.lens, num_lens=terms)
    bundles = bent(given, bundles) | {model: bundle}
    model = chosen(bundles, given)
    return bundles[model], model, given


def _finish(bundle: Bundle, model: Model, given: Given, sights: Sights, key: Array) -> Solve:
    freedom = given.freedom(model)
    columns, own = freedom.columns(bundle.plane is not None)
    hw = given.tracks.hw
    poses = resect(bundle, sights, key, columns[:own])
    sights = sights.weighed(np.minimum(poses.residuals_px(bundle, sights), AGREES_PX), own)
    path = _known(poses, bundle, given, sights, key, model)
    near = bundle.rho > 1e-4
    travels = model in MOVES
    scale = float(np.median(1 / bundle.rho[near])) if travels and near.any() else 1.0
    cameras = [
        replace(Camera.from_focal(hw=hw, focal_px=float(f), world_from_camera=rigid(r.T, c / scale)), lens=bundle.lens)
        for r, c, f in zip(path.poses.rotations, path.poses.centers, path.poses.focals)
    ]
    error = residuals_px(bundle, given.tracks)
    errors = np.split(path.poses.residuals_px(bundle, sights), sights.starts[1:-1])
    sigmas = shared_sigmas(bundle, given.tracks, freedom, given.weights)
    return Solve(
        CameraPath(tuple(cameras)),
        model,
        bundle.directions[near] / bundle.rho[near, None] / scale if travels else np.zeros((0, 3)),
        float(np.median(error)),
        float(np.percentile(error, 95)),
        len(np.unique(given.tracks.track[error < AGREES_PX])),
        focal_sigma=0.0 if given.focal_px is not None else min(sigmas.get(_FOCAL, FOCAL_SPREAD), FOCAL_SPREAD),
        residual_px=np.array([np.median(e) if len(e) else 0.0 for e in errors]),
        num_seen=np.array([int((e < AGREES_PX).sum()) for e in errors]),
        sigma_px=np.minimum(path.sigma_px, np.hypot(*hw)),
        readout=readout_of(bundle, given.tracks, freedom, given.weights, key),
    )


def _known(poses: Poses, bundle: Bundle, given: Given, sights: Sights, key: Array, model: Model) -> Smoothed:
    """The path as far as it is known: smooth where it is not, and with the error that all cameras share."""
    freedom = given.freedom(model)
    columns, own = freedom.columns(bundle.plane is not None)
    if own == 0:
        still = 1 / np.sqrt(np.maximum(sights.counts(), 1)) / np.median(sights.scale)
        return Smoothed(poses, still, still)
    path = smooth(poses, bundle, sights, columns[:own], given.tracks.hw)
    jacobians = grid_jacobians(poses, bundle, sights, given.tracks.hw)[key]
    together = cameras_sigma_px(bundle, given.tracks, freedom, given.weights, jacobians)
    world = np.sqrt(np.maximum(together**2 - path.alone_px[key] ** 2, 0))
    world = np.interp(np.arange(sights.num_frames), key, world)
    return replace(path, sigma_px=np.hypot(path.sigma_px, world))


__all__ = ["USUAL_FOCAL", "Model", "Readout", "Solve", "enough", "solve"]
