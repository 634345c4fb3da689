"""Pictures of one place made to fit each other: upright, of one exposure, in order; and told where they do not."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import CameraPath
from cyclorama.core.display import code8_from_linear
from cyclorama.core.reference import Reference
from cyclorama.matchmove import (
    Views,
    aside,
    hidden_misfits,
    loose_sentence,
    place_pictures,
    upside_down,
    views_of,
    zooms_of,
)
from cyclorama.media import Notes
from cyclorama.scenery import Exposures, Seen, match_exposures

_ONE_COLOUR = 1.5
"""Spread of a picture's code values under which it shows nothing."""
_DRIFT, _DRIFT_OF_COLOUR = 1.4, 0.08
"""By how much, largest over smallest, and as a share between its colours, the exposure of timed pictures may differ to
be that of one camera whose own exposure drifts."""


@dataclass(frozen=True)
class FittedReferences:
    """``views``: what the references share, in their order; None for a single one."""

    references: tuple[Reference, ...]
    views: Views | None

    def taken(self, order: list[int]) -> "FittedReferences":
        """Some of them, in an order."""
        views = self.views.taken(order) if self.views is not None and len(order) > 1 else None
        return FittedReferences(tuple(self.references[i] for i in order), views)


def fit_references(
    references: tuple[Reference, ...], hw: tuple[int, int], notes: Notes, *, timed: bool
) -> FittedReferences:
    """Upright and of one exposure. ``hw``: the plate's size; ``timed``: the user said when they were taken."""
    references = _with_something_to_see(references, notes)
    if len(references) < 2:
        return FittedReferences(references, None)
    names = [_name(r) for r in references]
    if len(set(names)) < len(names):
        names = [r.name for r in references]
    views = views_of([replace(r, name=n) for r, n in zip(references, names)], hw)
    turned = upside_down(views)
    for index in (i for i, turn in enumerate(turned) if turn):
        best, shared = views.partner(index)
        notes.add(
            "geometry",
            f"{views.names[index]} stands on its head beside {views.names[best]} ({shared} features agree): it was "
            "turned by 180 degrees",
        )
    references = tuple(
        replace(r, image=np.ascontiguousarray(r.image[::-1, ::-1])) if t else r for r, t in zip(references, turned)
    )
    views = views.turned(turned)
    for i, j in aside(views):
        text = f"{views.names[j]} lies on its side beside {views.names[i]}: turn the one that is wrong upright"
        notes.add("geometry", text)
    for index in views.alone:
        notes.add("geometry", loose_sentence(views, index))
    return FittedReferences(_of_one_exposure(references, views, notes, timed), views)


def _with_something_to_see(references: tuple[Reference, ...], notes: Notes) -> tuple[Reference, ...]:
    """Without pictures of one colour, if there are others."""
    kept = tuple(r for r in references if code8_from_linear(r.image).std((0, 1)).max() > _ONE_COLOUR)
    for reference in references:
        if not kept:
            notes.add("input", f"{_name(reference)} is of one colour: behind the actor no move of the camera shows")
        elif not any(reference is r for r in kept):
            notes.add("input", f"{_name(reference)} is of one colour and shows nothing of the place: it was left out")
    return kept or references


def _name(reference: Reference) -> str:
    return Path(reference.name).name


def _of_one_exposure(
    references: tuple[Reference, ...], views: Views, notes: Notes, timed: bool
) -> tuple[Reference, ...]:
    seen = []
    for i, j in views.pairs:
        both = zip((i, j), views.shared_px(i, j))
        seen.append(Seen(i, j, *(px * _to_picture(references[k], views) for k, px in both)))
    middle = len(references) // 2
    found = match_exposures([r.image for r in references], seen, middle)
    for i, j in found.other_light:
        text = (
            f"{views.names[i]} and {views.names[j]} show the place in another light: each keeps its own, and they fade"
        )
        notes.add("colour", text)
    if not found.changes:
        return references
    gains = ", ".join(f"{n} x{_words(g)}" for n, g in zip(views.names, found.gains))
    if timed and _is_drift(found):
        notes.add(
            "colour",
            f"the exposure of the references differs ({gains} would match {views.names[middle]}) as that of a camera "
            "drifts with time: it was kept; give them without times to have it evened out",
        )
        return references
    notes.add("colour", f"the exposure of the references was matched to {views.names[middle]}: {gains}")
    return tuple(replace(r, image=r.image * g.astype(np.float32)) for r, g in zip(references, found.gains))


def _to_picture(reference: Reference, views: Views) -> Array:
    h, w = reference.image.shape[:2]
    return np.array([w / views.hw[1], h / views.hw[0]])


def _words(gain: Array) -> str:
    """One number where the colours agree."""
    if gain.max() - gain.min() < 0.02:
        return f"{gain.mean():.2f}"
    return "/".join(f"{g:.2f}" for g in gain)


def _is_drift(found: Exposures) -> bool:
    light = found.gains.mean(1)
    colour = np.abs(found.gains / light[:, None] - 1).max()
    return bool(light.max() <= _DRIFT * light.min() and colour <= _DRIFT_OF_COLOUR)


def ordered(fitted: FittedReferences, path: CameraPath, notes: Notes) -> FittedReferences:
    """Pictures without times put where a solved path says that they were taken, if it clearly does."""
    if fitted.views is None:
        return fitted
    placed = place_pictures(fitted.views, path)
    if placed is None:
        notes.add(
            "geometry", "the references were spread evenly over the shot in the order given (--reference FILE@TIME)"
        )
        return fitted
    where = ", ".join(f"{n}@{f}" for n, f in zip(fitted.views.names, placed.frames))
    notes.add(
        "geometry",
        f"the references were placed where the camera's path fits what they share ({placed.placed_px:.1f} px of 1000 "
        f"off, against {placed.given_px:.0f} spread evenly as given): {where}; other times: --reference FILE@TIME",
    )
    order = sorted(range(len(placed.frames)), key=lambda i: placed.frames[i])
    moved = tuple(replace(r, frame=f) for r, f in zip(fitted.references, placed.frames))
    return FittedReferences(moved, fitted.views).taken(order)


def with_own_lenses(fitted: FittedReferences, path: CameraPath, notes: Notes) -> FittedReferences:
    """With the focal lengths of pictures that were not taken with the plate's."""
    if fitted.views is None:
        return fitted
    zooms = zooms_of(fitted.views, [r.frame for r in fitted.references], path)
    for name, zoom in zip(fitted.views.names, zooms):
        if zoom != 1:
            notes.add("geometry", f"{name} was taken with {zoom:.2f} times the plate's focal length: it stands so")
    references = tuple(replace(r, zoom=z) for r, z in zip(fitted.references, zooms))
    return FittedReferences(references, fitted.views.zoomed(zooms))


def without_misfits(fitted: FittedReferences, path: CameraPath, notes: Notes) -> FittedReferences:
    """Without the pictures of another place, where the others agree and the path says that they should share."""
    if fitted.views is None:
        return fitted
    other = hidden_misfits(fitted.views, [path[r.frame] for r in fitted.references])
    for index in other:
        notes.add("geometry", f"{fitted.views.names[index]} was left out: the camera would see there what others show")
    return fitted.taken([i for i in range(len(fitted.references)) if i not in other]) if other else fitted
