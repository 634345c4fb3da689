"""The camera of a shot from whatever the plate and its references offer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.clip import Clip
from cyclorama.core.reference import Reference
from cyclorama.matchmove.actor_camera import ActorCamera, camera_from_actor
from cyclorama.matchmove.actor_evidence import ActorWord
from cyclorama.matchmove.actor_shake import refined_by_shake
from cyclorama.matchmove.between import path_between
from cyclorama.matchmove.match import MIN_MATCHES, components, features_of, match_features, match_references
from cyclorama.matchmove.pictures import mapped_better
from cyclorama.matchmove.solve import USUAL_FOCAL, Solve, enough, solve
from cyclorama.matchmove.tracks import Tracks, track_features

ANALYSIS_LONG_SIDE = 960
MAX_MEDIAN_PX = 1.5  # of 1000 pixels of width: a worse solve is nonsense
_UNSURE_PX = 5.0
_CLEARLY = 0.8
"""Share of the error of straight references under which they were taken through the plate's lens."""
_SHAPE_TOLERANCE = 0.01  # by how much, as a share, such pictures may be wider or narrower than the plate
_REFERENCE_WEIGHT = 0.5  # SIFT is about half as exact as a followed corner

Source = Literal["plate", "references", "actor", "given", "move", "none"]


@dataclass(frozen=True)
class Matchmove:
    """A shot's camera and where it came from: ``solve`` is its proof (none for a given or locked-off camera), of a
    picture of ``solve.path.hw``; ``tracks``: what was followed, in pixels of the plate (None where nothing was);
    ``actor``: what was made of the actor alone. ``unit``: how far the actor is, in the path's unit."""

    path: CameraPath
    source: Source
    solve: Solve | None
    notes: tuple[str, ...]
    tracks: Tracks | None = None
    actor: ActorCamera | None = None
    unit: float = 1.0


def find_camera(
    plate: Clip,
    actor: Callable[[int, Array], Array],
    references: tuple[Reference, ...],
    *,
    focal_px: float | None = None,
    zoom: bool | None = None,
    word: ActorWord | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Matchmove:
    """Solved from the plate if it shows enough; else from the poses of timed references and the actor's shake; else
    from the actor alone, where that can be believed; else locked off.

    ``actor(index, frame)`` is the matte of a frame of any size of the plate, h w float32. ``word``: what the user says
    that the actor does; ``zoom``: whether the lens zooms, where that is known. A single reference says which frame the
    actor's camera starts from; else it is the middle one.
    """
    proxy = plate.proxy(ANALYSIS_LONG_SIDE)
    scale = proxy.hw[1] / plate.hw[1]
    focal = None if focal_px is None else focal_px * scale
    tracks = track_features(proxy, actor, progress)
    whole = tracks.resized(plate.hw)
    if enough(tracks):
        solved = solve(tracks, focal, zoom=zoom)
        if solved.median_px <= MAX_MEDIAN_PX * proxy.hw[1] / 1000:
            return Matchmove(solved.path.resized(plate.hw), "plate", solved, _plate_notes(solved, focal_px), whole)
    seen = tracks.num_tracks
    found = from_references(references, plate.hw, plate.num_frames, focal_px=focal_px, seen=seen)
    found = replace(found, tracks=whole)
    if found.source == "references":
        path, note = refined_by_shake(found.path, plate, actor, sorted({r.frame for r in references}))
        return replace(found, path=path, notes=(*found.notes, note))
    anchor = references[0].frame if len(references) == 1 else plate.num_frames // 2
    guess = camera_from_actor(plate, actor, anchor, word=word, focal_px=focal_px)
    if not guess.moves:
        return replace(found, actor=guess, notes=(*found.notes, guess.sentence))
    return Matchmove(guess.path, "actor", None, (guess.sentence,), whole, guess, guess.distance_m)


def from_references(
    references: tuple[Reference, ...], hw: tuple[int, int], num_frames: int, *, focal_px: float | None, seen: int = 0
) -> Matchmove:
    """The camera from the relative poses of the references, smooth between their times, held outside them."""
    features = [features_of(r.image, hw) for r in references]
    shared = match_features(features, [r.frame for r in references], hw, num_frames)
    groups = components(shared)
    if not groups:
        return _locked_off(references, hw, num_frames, focal_px, seen)
    frames = max(groups, key=len)
    views = _views_only(shared, frames)
    found = solve(views, focal_px, np.full(len(views.track), _REFERENCE_WEIGHT), wall=False)
    shown = {r.frame: f for r, f in reversed(list(zip(references, features)))}
    found = mapped_better(found, [shown[f] for f in frames], hw, focal_px)
    path = path_between(list(found.path.cameras), frames, num_frames)
    notes = [
        f"the screen shows too little to solve the camera ({seen} tracks): its motion was taken from the references "
        f"at frames {_list(frames)}, smooth between them; put markers on the screen or give --camera for the real one"
    ]
    loose = sorted({r.frame for r in references} - set(frames))
    if loose:
        notes.append(f"the references at frames {_list(loose)} show nothing that the others show: they fade in")
    return Matchmove(path, "references", found, tuple(notes))


def _list(frames: list[int]) -> str:
    return ", ".join(map(str, frames))


def _views_only(shared: Tracks, frames: list[int]) -> Tracks:
    """The tracks of some frames, which are numbered 0, 1, 2, ..."""
    on = np.isin(shared.frame, frames)
    twice = np.bincount(shared.track[on], minlength=shared.num_tracks)[shared.track] >= 2
    kept = shared.keep(on & twice)
    return Tracks(kept.track, np.searchsorted(frames, kept.frame), kept.px, kept.hw, len(frames))


def _plate_notes(found: Solve, focal_px: float | None) -> tuple[str, ...]:
    notes = []
    if focal_px is None and found.model == "locked-off":
        notes.append("the camera is locked off, so its focal length cannot be measured: a usual one was taken")
    elif not found.measured_focal:
        notes.append(
            "the plate does not tell the focal length (one flat wall, or hardly a turn): a usual one was taken; give "
            "--focal for the true size of the move"
        )
    if found.p95_px > _UNSURE_PX:
        notes.append(
            f"the camera explains some tracks badly ({found.median_px:.1f} px in the middle, {found.p95_px:.0f} px at "
            "95 %): something on the stage moved, or the solve is wrong; look at the shot, give --focal or --camera"
        )
    unsure = np.flatnonzero(found.sigma_px > _UNSURE_PX * found.path.hw[1] / 1000)
    if len(unsure):
        notes.append(
            f"{len(unsure)} frames see too little to be sure of (the first: {unsure[0]}): they lean on their neighbours"
        )
    if found.readout is not None:
        notes.append(
            f"the camera has a rolling shutter (its rows are read over {abs(found.readout.share):.2f} of a frame): the "
            "skew is not taken off"
        )
    return tuple(notes)


def _locked_off(
    references: tuple[Reference, ...], hw: tuple[int, int], num_frames: int, focal_px: float | None, seen: int
) -> Matchmove:
    if len(references) > 1:
        why = f"no two references share {MIN_MATCHES} features"
    else:
        why = "one reference says nothing of it"
    note = (
        f"the camera was taken as locked off: the screen shows too little to solve it ({seen} tracks) and {why}; "
        "tracking markers on the screen, overlapping references with times (--reference PICTURE@TIME) or --camera "
        "would give motion"
    )
    path = CameraPath.locked_off(num_frames=num_frames, hw=hw, focal_px=focal_px or USUAL_FOCAL * hw[1])
    return Matchmove(path, "none", None, (note,))


@dataclass(frozen=True)
class SharedPoints:
    """What references share, put in the world by their cameras: ``depths`` from the references that see them (n,),
    ``median_px`` the error with which the cameras explain them, infinite when nothing is shared; ``through_lens``:
    whether the references were taken through the plate's lens, like its frames. ``sights``: of the references at every
    frame (n, 3), where in the picture they see a point, in shares of its width and height, and its depth."""

    depths: Array
    median_px: float
    through_lens: bool = False
    sights: Mapping[int, Array] = field(default_factory=dict)


def triangulate_references(
    references: tuple[Reference, ...], path: CameraPath, shared: Tracks | None = None
) -> SharedPoints:
    """The features that references share, by linear triangulation (Hartley and Zisserman 2003, section 12.2).
    ``shared``: those features, where they were found before.

    Straight pictures are expected; those of the plate's shape are taken to be through its lens where that explains them
    clearly better.
    """
    shared = match_references(references, path.hw, len(path)) if shared is None else shared
    straight = _triangulate(shared, path, shared.px)
    if all(c.lens.is_straight for c in path.cameras) or not all(_has_shape(r, path.hw) for r in references):
        return straight
    through = replace(_triangulate(_straightened(shared, path), path, shared.px), through_lens=True)
    told = len(through.depths) >= MIN_MATCHES and through.median_px < _CLEARLY * straight.median_px
    return through if told else straight


def _has_shape(reference: Reference, hw: tuple[int, int]) -> bool:
    h, w = reference.image.shape[:2]
    return abs(w * hw[0] / (h * hw[1]) - 1) < _SHAPE_TOLERANCE


def _straightened(tracks: Tracks, path: CameraPath) -> Tracks:
    px = tracks.px.copy()
    for frame in np.unique(tracks.frame):
        px[tracks.frame == frame] = path[int(frame)].straightened(px[tracks.frame == frame])
    return Tracks(tracks.track, tracks.frame, px, tracks.hw, tracks.num_frames)


def _triangulate(shared: Tracks, path: CameraPath, own_px: Array) -> SharedPoints:
    """By the cameras' pinholes; ``own_px``: where the pictures themselves show what is shared."""
    found: list[tuple[int, float]] = []  # row, depth
    errors: list[float] = []
    order = np.argsort(shared.track, kind="stable")
    starts = np.searchsorted(shared.track[order], np.arange(shared.num_tracks + 1))
    for begin, end in pairwise(starts):
        rows = order[begin:end]
        cameras = [path[int(f)] for f in shared.frame[rows]]
        point = _triangulated(cameras, shared.px[rows])
        seen, depth = zip(*(_seen(c, point) for c in cameras))
        error = float(np.max(np.linalg.norm(np.stack(seen) - shared.px[rows], axis=1)))
        errors.append(error)
        if error < 2.0 * path.hw[1] / 1000 + 1 and min(depth) > 0:
            found += [(int(row), d) for row, d in zip(rows, depth) if np.isfinite(d)]
    row, depths = np.array([r for r, _ in found], int), np.array([d for _, d in found])
    sights = np.column_stack([own_px[row] / [path.hw[1], path.hw[0]], depths])
    by_frame = {int(f): sights[shared.frame[row] == f] for f in np.unique(shared.frame[row])}
    return SharedPoints(depths, float(np.median(errors)) if errors else np.inf, sights=by_frame)


def _triangulated(cameras: list[Camera], px: Array) -> Array:
    """Homogeneous (4,), the w of a far point 0 or near it."""
    rows = []
    for camera, (u, v) in zip(cameras, px):
        p = camera.px_from_cam @ camera.camera_from_world[:3]
        rows += [(u * p[2] - p[0]) / camera.px_from_cam[0, 0], (v * p[2] - p[1]) / camera.px_from_cam[0, 0]]
    return np.linalg.svd(np.stack(rows))[2][-1]


def _seen(camera: Camera, point: Array) -> tuple[Array, float]:
    cam = camera.camera_from_world[:3] @ point
    px = camera.px_from_cam @ cam
    with np.errstate(divide="ignore", invalid="ignore"):
        return px[:2] / px[2], float(cam[2] / point[3])
