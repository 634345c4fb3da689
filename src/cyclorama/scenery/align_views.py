"""The depth pictures of references as inverse depth of their views, in the path's unit, edges clean."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.depth import DepthPicture
from cyclorama.core.display import code8_from_linear
from cyclorama.core.reference import Reference
from cyclorama.scenery.align import MISFIT, Alignment, align, sampled
from cyclorama.scenery.fill import fill_holes

USUAL_DISTANCE_M = 4.0
"""How far an actor usually is: what ``unit`` stands for where nothing gives the path's unit in metres."""
_POOLED = 0.8  # of the pooled error, from which on a picture has a scale of its own
_ORDERED, _FLAT = 0.3, 0.1  # rank correlation that chance does not give; a place of so little relief has no order
_STEEP = 0.4  # of what changes in 9 pixels, in 3: a slant has a quarter there, an edge more than half
_EDGE = 0.1  # of the inverse depth: a step so large between neighbours is an edge
_EDGE_ROUNDS = 3  # pixels by which a blurred edge is made narrower on either side
_NEAR, _FAR = 0.6, 12.0  # units: where relative depth of which nothing is known begins and ends
_LOW, _HIGH = 1, 99  # percentiles that are its ends
_NO_UNIT_M = 1.0  # a file of which no value is beyond holds no metres: no place is so small


def given_depths(
    references: Sequence[Reference], sights: Mapping[int, Array], unit: float, expected: Sequence[Array | None]
) -> tuple[list[Array | None], list[str]]:
    """Inverse depth of every reference with a depth picture, of that picture's size, and what was assumed.

    ``sights``: by frame, places in shares of a picture and depths (n, 3) that are known. ``expected``: inverse depth
    h w of what a picture alone says, NaN where it says nothing, for those that share nothing. A depth picture that does
    not fit is left out: None.
    """
    known = {i: _known(r, sights) for i, r in enumerate(references) if r.depth is not None}
    joint = _joint([known[i] for i in known], [references[i].depth for i in known])
    out: list[Array | None] = [None] * len(references)
    notes = []
    for i, (values, inverse) in known.items():
        depth = references[i].depth
        assert depth is not None
        own = align(values, inverse, depth.sense)
        if joint is not None and (own is None or joint_error(joint, values, inverse) * _POOLED <= own.error):
            own = joint
        if own is not None and (own.error > MISFIT or not _ordered(own, values, inverse)):
            notes.append(
                f"{depth.name} does not fit what the references share: it is left out; check that it belongs to its "
                "reference, in the order given"
            )
            continue
        if own is None:
            own, words = _assumed(depth, unit, expected[i])
            notes.append(words)
        else:
            notes.append(f"{depth.name} is taken as {own.words}: the references agree{_against(own, depth)}")
        out[i] = own.inverse_depth(depth.values).astype(np.float32)
    return out, notes


def _known(reference: Reference, sights: Mapping[int, Array]) -> tuple[Array, Array]:
    """(values of the depth picture, inverse depth) at the places that are known."""
    found = sights.get(reference.frame, np.zeros((0, 3)))
    assert reference.depth is not None
    with np.errstate(divide="ignore"):
        return sampled(reference.depth, found), 1 / found[:, 2]


def _joint(known: list[tuple[Array, Array]], depths: Sequence[DepthPicture | None]) -> Alignment | None:
    """One for all, where all were said to be of one sense: their scale is then one as a rule."""
    if len(known) < 2 or len({d.sense for d in depths if d is not None}) != 1:
        return None
    values, inverse = (np.concatenate(x) for x in zip(*known))
    return align(values, inverse, next(d.sense for d in depths if d is not None))


def joint_error(joint: Alignment, values: Array, inverse: Array) -> float:
    """How well an alignment of all explains one picture, as a share of its spread; 0 with no points to say so."""
    good = np.isfinite(values) & np.isfinite(inverse) & (inverse > 0)
    if not good.any():
        return 0.0
    low, high = np.percentile(inverse[good], [10, 90])
    spread = max(high - low, 0.1 * float(np.median(inverse[good])))
    return float(np.median(np.abs(joint.inverse_depth(values[good]) - inverse[good]))) / spread


def _ordered(own: Alignment, values: Array, inverse: Array) -> bool:
    """Whether what is nearer by the picture is nearer by what is known, too, in a place that is not flat: Spearman's
    rank correlation."""
    good = np.isfinite(values) & np.isfinite(inverse) & (inverse > 0)
    known = inverse[good]
    low, high = np.percentile(known, [10, 90])
    if high - low < _FLAT * high:
        return True
    ours, theirs = (np.argsort(np.argsort(x)) for x in (own.inverse_depth(values[good]), known))
    return bool(np.corrcoef(ours, theirs)[0, 1] > _ORDERED)


def _against(own: Alignment, depth: DepthPicture) -> str:
    """Words where the values run against what such a file usually holds."""
    if depth.sense is None and (own.slope > 0) != (own.inverse or not depth.levels):
        return f" that it is inverted ({'larger is farther' if own.inverse else 'larger is nearer'})"
    return ""


def _assumed(depth: DepthPicture, unit: float, expected: Array | None) -> tuple[Alignment, str]:
    """Where no two pictures tell: the user's word, else metres for floating point and nearness for whole numbers."""
    sense = depth.sense
    largest = float(np.max(depth.values, where=np.isfinite(depth.values), initial=0.0))
    if sense is None:
        sense = "inverse" if depth.levels or largest <= _NO_UNIT_M else "metric"
        if _upside_down(depth, sense):
            sense = "inverse" if sense == "metric" else "depth"
            return _relative(depth, sense, unit, expected, "its lower part would else be the far one; ")
    if sense == "metric":
        metres = USUAL_DISTANCE_M / unit
        words = f"{depth.name} is taken as metres along the optical axis"
        if metres != 1:
            words += f", {metres:.3g} m to the camera's unit: the actor is taken to be {USUAL_DISTANCE_M:g} m away"
        return Alignment(False, 1 / metres, 0.0, 0.0), words
    return _relative(depth, sense, unit, expected, "")


def _upside_down(depth: DepthPicture, sense: str) -> bool:
    """Whether the lowest rows would be farther than the middle ones: places stand on a ground."""
    h = len(depth.values)
    low, middle = depth.values[h * 5 // 6 :], depth.values[h * 2 // 5 : h * 3 // 5]
    if np.isnan(low).all() or np.isnan(middle).all():
        return False
    step = float(np.nanmedian(low) - np.nanmedian(middle))
    return step * (1 if sense == "inverse" else -1) < 0


def _relative(depth: DepthPicture, sense: str, unit: float, expected: Array | None, why: str) -> tuple[Alignment, str]:
    """Scale and shift from what the picture alone says of its ground, else from usual ends."""
    way = "larger is nearer" if sense == "inverse" else "larger is farther"
    taken = f"{depth.name} is taken as relative depth in which {way} ({why}say metric:, depth: or inverse: before its "
    taken += "name where that is wrong)"
    if expected is not None:
        h, w = depth.values.shape
        said = cv2.resize(expected, (w, h), interpolation=cv2.INTER_NEAREST)
        rows = np.flatnonzero(np.isfinite(said))
        rows = rows[:: max(1, len(rows) // 4000)]
        found = align(
            depth.values.reshape(-1)[rows], said.reshape(-1)[rows], "inverse" if sense == "inverse" else "depth"
        )
        if found is not None and found.error <= MISFIT and (found.inverse or found.shift >= 0):
            return found, f"{taken}, its scale from the picture's ground"
    finite = depth.values[np.isfinite(depth.values)]
    low, high = np.percentile(finite, [_LOW, _HIGH])
    near, far = _NEAR * unit, _FAR * unit
    span = max(float(high - low), 1e-12)
    if sense == "inverse":
        slope = (1 / near - 1 / far) / span
        made = Alignment(True, slope, 1 / far - slope * float(low), 0.0)
    else:
        slope = (far - near) / span
        made = Alignment(False, slope, near - slope * float(low), 0.0)
    return made, f"{taken}, from {near:.3g} to {far:.3g} of the camera's unit"


def fitted_to(view_image: Array, inverse_depth: Array) -> Array:
    """Inverse depth of any size as that of a view's pixels, h w float32: blurred edges made steps, each pixel of a
    finer picture given to the surface whose colour it has, holes continued smoothly."""
    h, w = view_image.shape[:2]
    values: Array = np.ascontiguousarray(inverse_depth, np.float32)
    if values.size > h * w:
        values = cv2.resize(values, (w, h), interpolation=cv2.INTER_NEAREST)
    hole = np.isnan(values)
    if hole.any():
        values = values.copy()
        fill_holes(values[..., None], hole)
    values = values.copy()
    _steep(values)
    if values.shape == (h, w):
        return values
    guide = code8_from_linear(view_image).astype(np.float32) / 255
    small = cv2.resize(guide, values.shape[::-1], interpolation=cv2.INTER_AREA)
    edge, _, _ = _edges(values)
    return np.asarray(_finer(values, edge, small, guide))


def _steep(values: Array) -> None:
    """Pixels on a ramp between two surfaces go to the nearer end of it (toggle mapping, Kramer and Bruckner 1975), in
    place: no sheet is drawn between them. Slants are left alone."""
    for _ in range(_EDGE_ROUNDS):
        edge, low, high = _edges(values)
        ramp = edge & (values > low) & (values < high)
        if not ramp.any():
            break
        values[ramp] = np.where(values - low < high - values, low, high)[ramp]


def _edges(values: Array) -> tuple[Array, Array, Array]:
    """Where a surface ends before another (h w bool), and the least and the largest value about every pixel."""
    near, wide = np.ones((3, 3), np.uint8), np.ones((9, 9), np.uint8)
    low, high = cv2.erode(values, near), cv2.dilate(values, near)
    step, around = high - low, cv2.dilate(values, wide) - cv2.erode(values, wide)
    return (step > _EDGE * high) & (step > _STEEP * around), low, high


@njit(cache=True, nogil=True)
def _finer(values, edge, guide, full_guide):  # type: ignore[no-untyped-def]
    """Between four values that are one surface, bilinear; else each pixel takes that of the most similar colour."""
    h, w = values.shape
    th, tw, _ = full_guide.shape
    out = np.empty((th, tw), np.float32)
    for y in range(th):
        v = min(max((y + 0.5) * h / th - 0.5, 0.0), h - 1.0)
        y0 = min(int(v), h - 2)
        t = np.float32(v - y0)
        for x in range(tw):
            u = min(max((x + 0.5) * w / tw - 0.5, 0.0), w - 1.0)
            x0 = min(int(u), w - 2)
            s = np.float32(u - x0)
            a, b, c, d = values[y0, x0], values[y0, x0 + 1], values[y0 + 1, x0], values[y0 + 1, x0 + 1]
            parted = edge[y0, x0] or edge[y0, x0 + 1] or edge[y0 + 1, x0] or edge[y0 + 1, x0 + 1]
            if not parted:
                top, low = a + (b - a) * s, c + (d - c) * s
                out[y, x] = top + (low - top) * t
                continue
            best = np.float32(1e9)
            for k in range(4):
                sy, sx = y0 + k // 2, x0 + k % 2
                unlike = np.float32(0.05) * (abs(np.float32(v - sy)) + abs(np.float32(u - sx)))
                for i in range(3):
                    unlike += abs(full_guide[y, x, i] - guide[sy, sx, i])
                if unlike < best:
                    best = unlike
                    out[y, x] = values[sy, sx]
    return out
