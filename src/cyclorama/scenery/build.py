"""Pictures and a camera path to a backdrop."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop, View
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.display import code8_from_linear
from cyclorama.core.lens import STRAIGHT
from cyclorama.core.reference import Reference
from cyclorama.scenery.align_views import fitted_to, given_depths
from cyclorama.scenery.candidates import finer
from cyclorama.scenery.single import single_place
from cyclorama.scenery.stereo import surfaces

SWEEP_LONG_SIDE = 640
_MARGIN = 1.3  # things nearer than what the references share
_MIN_DEPTHS = 20  # fewer shared points say nothing of how near the place is
_STILL = 2e-3  # a camera that moves less than this part of the usual depth shows no parallax


_GUESSED_FALLOFF = 2.0  # where the motion between references is a guess, a softer fade slips less


def build_backdrop(
    references: tuple[Reference, ...],
    path: CameraPath,
    depths: Array,
    *,
    guessed: bool = False,
    unit: float = 1.0,
    sights: Mapping[int, Array] = MappingProxyType({}),
) -> Backdrop:
    """The place from one or more references, each posed at its frame of ``path``.

    ``depths`` (n,) are those at which the references see what they share, in the path's unit; they bound the search.
    ``guessed``: the path is exact at the references only. ``unit``: ``USUAL_DISTANCE_M`` in the path's unit.
    ``sights``: ``depths`` by frame, with their places in the pictures (n, 3), in shares of width and height.
    """
    backdrop = _backdrop(references, path, depths, unit, sights)
    return replace(backdrop, falloff=_GUESSED_FALLOFF) if guessed else backdrop


def _backdrop(
    references: tuple[Reference, ...], path: CameraPath, depths: Array, unit: float, sights: Mapping[int, Array]
) -> Backdrop:
    if not references:
        raise ValueError("a backdrop needs a reference, got none")
    views = [_posed(r, path[r.frame], alone=len(references) == 1) for r in references]
    moves = _motion(path) > _STILL * (float(np.median(depths)) if len(depths) else unit)
    if moves and any(r.depth is not None for r in references):
        told, words = _told(references, views, sights, unit)
        if told:
            return Backdrop("layers", told, assumed=words)
        return replace(
            _backdrop(tuple(replace(r, depth=None) for r in references), path, depths, unit, {}), assumed=words
        )
    if len(views) == 1:
        if moves:
            place = single_place(views[0][0], views[0][1], unit)
            view = _with_depth(views[0], fitted_to(views[0][0], place.inverse_depth))
            return Backdrop("planes", (view,), assumed=(place.words,))
        return Backdrop("still" if path.is_locked_off else "panorama", views_at_infinity(views))
    if not moves or len(depths) < _MIN_DEPTHS:
        return Backdrop("still" if path.is_locked_off else "panorama", views_at_infinity(views))
    nearest = _MARGIN * float(np.percentile(1.0 / depths, 98))
    return Backdrop("layers", _swept(views, nearest))


_Posed = tuple[Array, Camera, int]


def _told(
    references: tuple[Reference, ...], views: list[_Posed], sights: Mapping[int, Array], unit: float
) -> tuple[tuple[View, ...], tuple[str, ...]]:
    """Views by their depth pictures, where every one of them fits."""
    expected: list[Array | None] = [None] * len(views)
    if len(views) == 1:
        place = single_place(views[0][0], views[0][1], unit)
        expected = [np.where(place.ground, place.inverse_depth, np.nan).astype(np.float32)]
    found, words = given_depths(references, sights, unit, expected)
    if any(inverse_depth is None for inverse_depth in found):
        return (), tuple(words)
    told = tuple(_with_depth(v, fitted_to(v[0], d)) for v, d in zip(views, found) if d is not None)
    return told, tuple(words)


def _motion(path: CameraPath) -> float:
    return float(np.linalg.norm(path.centers - path.centers[0], axis=1).max())


def _posed(reference: Reference, camera: Camera, *, alone: bool) -> _Posed:
    """The picture scaled to cover the plate's frame at its time; what hangs over is kept, for when the camera turns.

    Pictures of one place were posed as they are; one that is ``alone`` and straight is scaled to cover what the plate's
    lens shows beside the pinhole's frame, too.
    """
    h, w = camera.hw
    picture_h, picture_w = reference.image.shape[:2]
    down, across = camera.overscan_px if alone and not reference.through_lens else (0, 0)
    wider = max(1.0, 1 / reference.zoom)  # a wider picture hangs over, so that it keeps its pixels
    down, across = down + round((wider - 1) * h / 2), across + round((wider - 1) * w / 2)
    scale = max((h + 2 * down) / picture_h, (w + 2 * across) / picture_w)
    hw = (max(h + 2 * down, round(picture_h * scale)), max(w + 2 * across, round(picture_w * scale)))
    image = reference.image
    if hw != image.shape[:2]:
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        image = np.maximum(cv2.resize(image, hw[::-1], interpolation=way), 0)
    px_from_cam = camera.px_from_cam.copy()
    px_from_cam[:2, :2] *= wider * reference.zoom
    px_from_cam[:2, 2] += np.array([hw[1] - w, hw[0] - h]) / 2
    lens = camera.lens if reference.through_lens else STRAIGHT
    return image, Camera(hw, px_from_cam, camera.world_from_camera, lens), reference.frame


def _with_depth(posed: _Posed, inverse_depth: Array) -> View:
    image, camera, frame = posed
    return View(image, inverse_depth, camera, frame)


def views_at_infinity(views: list[_Posed]) -> tuple[View, ...]:
    return tuple(_with_depth(v, np.zeros(v[1].hw, np.float32)) for v in views)


def _swept(views: list[_Posed], nearest: float) -> tuple[View, ...]:
    small = [_proxy(view) for view in views]
    found = surfaces([p for p, _ in small], [c for _, c in small], nearest)
    out = []
    for view, (picture, _), planes in zip(views, small, found):
        full = planes
        if planes.shape[:2] != view[1].hw:
            full = np.empty((*view[1].hw, 3), np.float32)
            finer(planes, picture, code8_from_linear(view[0]).astype(np.float32) / 255, full)
        out.append(_with_depth(view, np.ascontiguousarray(full[..., 0])))
    return tuple(out)


def _proxy(view: _Posed) -> tuple[Array, Camera]:
    """Display-referred picture for matching, and its camera."""
    image, camera, _ = view
    scale = min(1.0, SWEEP_LONG_SIDE / max(camera.hw))
    hw = (round(camera.hw[0] * scale), round(camera.hw[1] * scale))
    small = cv2.resize(image, hw[::-1], interpolation=cv2.INTER_AREA) if scale < 1 else image
    return code8_from_linear(small).astype(np.float32) / 255, camera.resized(hw)
