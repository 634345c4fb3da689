"""The models of a camera's motion, each solved, and the choice among them by evidence.

Evidence is the Bayesian information criterion (Schwarz 1978; Torr 1998 weighs geometric models alike) with the priors
in it. It counts parameters, so it likes a pan through a very long lens better than a truck along a flat wall, and a
zoom better than a push toward one, though the pictures are the same. Such lenses are rare where others explain the
pictures, so their few parameters are no argument there: only pictures that the others explain worse are.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.lens import STRAIGHT, Lens
from cyclorama.matchmove.bundle import FOCAL_SPREAD, SIGMA_PX, Bundle, Freedom, adjust, focal_prior, residuals_px
from cyclorama.matchmove.shutter import LEAST_FRAMES, fitted
from cyclorama.matchmove.starts import flat, locked, normals, spun, zooms
from cyclorama.matchmove.tracks import Tracks
from cyclorama.matchmove.trust import RAYLEIGH_MEDIAN

Model = Literal["locked-off", "zoom", "pan-tilt", "pan-tilt-zoom", "planar", "full", "full-zoom"]
USUAL_FOCAL = 0.95
"""Of the picture's width: about 56 degrees across."""
MOVES = ("planar", "full", "full-zoom")
"""The models whose camera travels."""
_PLAUSIBLE = 2.5 * FOCAL_SPREAD
"""How far log focal may be from the usual before a lens is thought rare: 0.4 to 2.3 of the picture's width, 10 to 57 mm
on a film back of 24.9 mm."""
_RARE_NATS = 3.0
"""Logarithm of how much rarer a rare lens or a zoom is: one shot in twenty."""
_LENS_NATS = 5.0
"""By how much more than its parameters cost a lens must explain the pictures better (Kass and Raftery 1995: very
strong evidence)."""
_LEAST_BEND = 1e-3
"""Of the picture's width, at its corners: a lens that bends less is as good as straight."""
_LEAST_NOISE_PX, _MOST_NOISE_PX = 0.15, 0.8
"""What noise the choice reckons with: errors of following go together, and small ones count for more than they are."""
_BAD_PX = 1.0  # nine tenths of the observations are nearer than this in a sound solve
_LEAST_ZOOM_FRAMES = 8
_FEW, _MANY = 40, 150
"""Steps of a start and of a solve."""
_ROUGH, _GOOD = 1e-3, 1e-4
"""Gain of a step, of the cost, below which a start is near enough, and a solve good enough to be chosen or not."""


@dataclass(frozen=True)
class Given:
    """What a model is fitted to: ``tracks``, ``weights`` (n,), the focal length where it is known, the lens, and how
    many of its terms are free. ``zoom``: whether a zoom is as likely as a push (None: rare), or is out of the
    question. ``wall``: whether all that is seen may be one plane. ``frames``: of the shot, that the tracks number 0, 1,
    ..., where it is known."""

    tracks: Tracks
    weights: Array
    focal_px: float | None
    lens: Lens = STRAIGHT
    num_lens: int = 0
    zoom: bool | None = None
    wall: bool = True
    frames: Array | None = None

    @property
    def usual_px(self) -> float:
        return USUAL_FOCAL * self.tracks.hw[1] if self.focal_px is None else self.focal_px

    @property
    def num_frames(self) -> int:
        return self.tracks.num_frames

    def freedom(self, model: Model) -> Freedom:
        zoom = model in ("zoom", "pan-tilt-zoom", "full-zoom")
        return Freedom(
            translate=model in MOVES,
            focal=self.focal_px is None and model != "zoom",
            usual_focal_px=self.usual_px,
            turn=model not in ("locked-off", "zoom"),
            zoom=zoom,
            num_lens=0 if zoom or model == "locked-off" else self.num_lens,
        )

    def adjusted(self, bundle: Bundle, model: Model, tolerance: float = _GOOD) -> Bundle:
        return adjust(bundle, self.tracks, self.freedom(model), self.weights, _MANY, tolerance)

    def begun(self, bundle: Bundle, model: Model) -> Bundle:
        """What all cameras share is held."""
        freedom = replace(self.freedom(model), focal=False, num_lens=0)
        return adjust(bundle, self.tracks, freedom, self.weights, _FEW, _ROUGH)


def candidates(given: Given) -> dict[Model, Bundle]:
    """Every model, solved."""
    usual, n = given.usual_px, given.num_frames
    starts = [usual, 2 * usual, 0.6 * usual] if given.focal_px is None else [usual]
    turned = [given.begun(spun(given.tracks, np.full(n, f), given.lens), "pan-tilt") for f in starts]
    out: dict[Model, Bundle] = {"locked-off": locked(given.tracks, usual, given.lens)}
    out["pan-tilt"] = min((given.adjusted(b, "pan-tilt") for b in turned), key=lambda b: b.cost)
    out["planar"] = _flat(given)
    out["full"] = _deep(given, turned, out["planar"])
    if not given.wall:
        del out["planar"]
    may_zoom = given.focal_px is None if given.zoom is None else given.zoom
    if may_zoom and n >= _LEAST_ZOOM_FRAMES:
        out |= _zoomed(given, out["full"])
    return out


def bent(given: Given, bundles: dict[Model, Bundle]) -> dict[Model, Bundle]:
    """Every model, solved anew through the lens of ``given``, from where it was through a straight one."""
    out: dict[Model, Bundle] = {"locked-off": locked(given.tracks, given.usual_px, given.lens)}
    for name, bundle in bundles.items():
        if name != "locked-off":
            out[name] = given.adjusted(replace(bundle, lens=given.lens), name)
    return out


def _flat(given: Given) -> Bundle:
    begun = [flat(given.tracks, given.usual_px, given.lens, a) for a in normals(given.tracks, given.usual_px)]
    held = [given.begun(b, "planar") for b in begun]
    return given.adjusted(min(held, key=lambda b: b.cost), "planar")


def _deep(given: Given, turned: list[Bundle], planar: Bundle) -> Bundle:
    """From the usual focal length and from the plane; from the others too where that explains the tracks badly, for a
    sideways move looks like a turn of a long lens, and a start from there may not come back."""
    best = given.adjusted(replace(planar, plane=None, rho=np.maximum(planar.rho, 0)), "full")
    for start in turned:
        best = min(best, _moved(given, start, "full"), key=lambda b: b.cost)
        if float(np.percentile(residuals_px(best, given.tracks), 90)) <= _BAD_PX:
            break
    return best


def _moved(given: Given, turned: Bundle, model: Model) -> Bundle:
    """Full motion from a pure turn: all points at one distance at first (Yu and Gallup 2014, section 3)."""
    far = np.ones(len(turned.rho))
    first = given.begun(replace(turned, rho=far), model)
    found = given.adjusted(first, model)
    # A shallow scene and its mirror image (near for far, left for right) look alike: the start may fall into either.
    mirror = given.begun(replace(first, centers=-first.centers, rho=far), model)
    if mirror.cost < found.cost:
        mirror = given.adjusted(mirror, model)
    return min(found, mirror, key=lambda b: b.cost)


def _bend_px(bundle: Bundle, hw: tuple[int, int]) -> float:
    """By how much the lens moves the picture's corners, pixels."""
    corner = np.array([hw[1], hw[0]]) / 2 / bundle.focal_px
    return float(np.linalg.norm(bundle.lens.distorted(corner) - corner) * bundle.focal_px)


def _zoomed(given: Given, full: Bundle) -> dict[Model, Bundle]:
    focals = given.usual_px * np.exp(zooms(given.tracks))
    still = given.adjusted(spun(given.tracks, focals, given.lens, turn=False), "zoom")
    begun = spun(given.tracks, focals, given.lens)
    begun = given.begun(begun, "pan-tilt-zoom")
    turning = given.adjusted(begun, "pan-tilt-zoom")
    moving = given.adjusted(replace(full, zoom=np.zeros(given.num_frames)), "full-zoom")
    if float(np.percentile(residuals_px(full, given.tracks), 90)) > _BAD_PX:
        moving = min(moving, _moved(given, begun, "full-zoom"), key=lambda b: b.cost)
    return {"zoom": still, "pan-tilt-zoom": turning, "full-zoom": moving}


def noise_px(bundles: dict[Model, Bundle], tracks: Tracks, least_px: float = _LEAST_NOISE_PX) -> float:
    """One standard deviation along an axis of what the best model leaves, not under ``least_px``."""
    least = min(float(np.median(residuals_px(b, tracks))) for b in bundles.values())
    return float(np.clip(least / RAYLEIGH_MEDIAN, least_px, _MOST_NOISE_PX))


def chosen(bundles: dict[Model, Bundle], given: Given) -> Model:
    """Of the usual lenses the model of best evidence; a rare lens or a zoom where it explains the pictures better."""
    sigma = noise_px(bundles, given.tracks)
    fit = {name: _misfit(b, given.freedom(name), given, sigma) for name, b in bundles.items()}
    fit["pan-tilt"] = min(fit["pan-tilt"], _rolled_misfit(bundles["pan-tilt"], given, sigma))
    price = {name: float(np.log(2 * len(given.tracks.track)) * _count(name, given)) for name in bundles}
    rare = [name for name in bundles if _is_rare(bundles[name], name, given)]
    best = min((name for name in bundles if name not in rare), key=lambda m: fit[m] + price[m])
    for name in sorted(rare, key=lambda m: fit[m] + price[m]):
        if fit[name] + max(price[name] - price[best], 0) + 2 * _RARE_NATS < fit[best]:
            return name
    return best


def _is_rare(bundle: Bundle, model: Model, given: Given) -> bool:
    if model in ("pan-tilt-zoom", "full-zoom"):
        return not given.zoom
    return given.focal_px is None and abs(np.log(bundle.focal_px / given.usual_px)) > _PLAUSIBLE


def _misfit(bundle: Bundle, freedom: Freedom, given: Given, sigma: float) -> float:
    """Twice the robust cost, in units of the noise, with the focal length's prior."""
    residual = np.minimum(residuals_px(bundle, given.tracks), 1e3) * given.weights / sigma
    return float(4 * np.log1p(residual**2 / 4).sum()) + focal_prior(bundle, freedom) ** 2


def _rolled_misfit(pan: Bundle, given: Given, sigma: float) -> float:
    """Of a pan through a rolling shutter, which looks like a move along a plane; with the price of the readout."""
    if given.frames is None or len(given.frames) < LEAST_FRAMES:
        return float("inf")
    weights = given.weights * SIGMA_PX / sigma
    found, _ = fitted(pan, given.tracks, given.freedom("pan-tilt"), weights, given.frames)
    return 2 * found.cost + float(np.log(2 * len(given.tracks.track)))


def unexplained(model: Model, given: Given) -> float:
    """Share of the observations' coordinates that no parameter takes up."""
    num = 2 * len(given.tracks.track)
    return max(1 - _count(model, given) / num, 1 / num)


def _count(model: Model, given: Given) -> int:
    """Number of parameters."""
    columns, own = given.freedom(model).columns(model == "planar")
    point = 3 if model in ("full", "full-zoom") else 2
    scale = 1 if model in MOVES else 0
    return own * (given.num_frames - 1) + len(columns) - own - scale + point * given.tracks.num_tracks


def with_lens(bundle: Bundle, model: Model, given: Given) -> tuple[Bundle, int]:
    """The bundle with the terms of a lens that the evidence asks for, and their number."""
    best, terms = bundle, given.num_lens
    if model not in ("pan-tilt", "planar", "full"):
        return best, terms
    sigma = noise_px({model: bundle}, given.tracks)
    cost = _misfit(best, given.freedom(model), given, sigma)
    for num in range(terms + 1, 3):
        free = replace(given, num_lens=num)
        found = free.adjusted(best, model)
        price = (num - terms) * np.log(2 * len(given.tracks.track)) + (0 if terms else 2 * _LENS_NATS)
        now = _misfit(found, free.freedom(model), free, sigma)
        if now + price < cost and _bend_px(found, given.tracks.hw) > _LEAST_BEND * given.tracks.hw[1]:
            best, terms, cost = found, num, now
    return best, terms
