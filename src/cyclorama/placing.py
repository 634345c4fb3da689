"""The place of a shot: built from what was given, with the actor standing in it, completed where nothing shows it."""

from dataclasses import dataclass, replace

import numpy as np

from cyclorama.core.backdrop import Backdrop
from cyclorama.core.errors import InputError
from cyclorama.core.place import Place
from cyclorama.fitting import FittedReferences, with_own_lenses, without_misfits
from cyclorama.job import Job
from cyclorama.matchmove import ANALYSIS_LONG_SIDE, Figures, Matchmove, SharedPoints, triangulate_references
from cyclorama.moving import moving_place
from cyclorama.references import ClipFile, PanoramaFile
from cyclorama.scenery import USUAL_DISTANCE_M, build_backdrop, complete_backdrop
from cyclorama.settings import Settings
from cyclorama.standing import Scene, Stood, stand

MAX_REFERENCE_MISFIT = 0.01  # of the width: references further off than this were not seen by this camera


@dataclass(frozen=True)
class Placing:
    """What the place is made for: the settings, the job, the solved camera, the actor as the matte shows him."""

    settings: Settings
    job: Job
    matchmove: Matchmove
    figures: Figures

    def other(self, given: PanoramaFile | ClipFile) -> Stood:
        """A place that is no pictures with depth: it has no ground to stand on, and hides nobody."""
        if self.settings.stand_at is not None or self.settings.occlude:
            raise InputError("--stand-at and --occlude need pictures of the place; a panorama or a clip has no ground")
        place = moving_place(given, self.job, self.matchmove.path, self.unit, self.settings.look_at)
        return _nowhere(place)

    def built(self, fitted: FittedReferences) -> Stood:
        """From pictures: depth, the actor's ground, and what none of them shows."""
        with self.job.watch("place"):
            stood = self._stood(fitted)
        with self.job.watch("fill"):
            if isinstance(stood.backdrop, Backdrop):
                return replace(stood, backdrop=complete_backdrop(stood.backdrop, self.matchmove.path))
        return stood

    @property
    def unit(self) -> float:
        """How far the actor is, in the path's unit."""
        known = self.matchmove.source not in ("given", "actor")
        return self.matchmove.unit if known else USUAL_DISTANCE_M

    def _stood(self, fitted: FittedReferences) -> Stood:
        matchmove, notes = self.matchmove, self.job.notes
        if matchmove.source in ("plate", "given"):
            fitted = with_own_lenses(fitted, matchmove.path, notes)
            fitted = without_misfits(fitted, matchmove.path, notes)
        shared = self._fit(fitted)
        references = tuple(replace(r, through_lens=shared.through_lens) for r in fitted.references)
        backdrop = build_backdrop(
            references,
            matchmove.path,
            shared.depths,
            guessed=matchmove.source in ("references", "none"),
            unit=self.unit,
            sights=shared.sights,
        )
        if matchmove.source == "given" and backdrop.kind == "planes":
            notes.add("geometry", "the given camera was taken to be in metres")
        posed = len(references) > 1 and not matchmove.path.is_locked_off
        posed &= shared.median_px <= MAX_REFERENCE_MISFIT * self.job.plate.hw[1]
        alone = len(references) == 1 and backdrop.kind == "layers" and bool(self.settings.depths.depth)
        scene = Scene(backdrop, references, matchmove, self.figures, posed, depth_given=alone)
        stood = stand(self.settings, scene, self.job.plate.proxy(ANALYSIS_LONG_SIDE))
        for text in (*backdrop.assumed, *stood.notes):
            notes.add("geometry", text)
        return stood

    def _fit(self, fitted: FittedReferences) -> SharedPoints:
        references, path = fitted.references, self.matchmove.path
        found = None if fitted.views is None else fitted.views.tracks([r.frame for r in references], len(path))
        shared = triangulate_references(references, path, found)
        if shared.through_lens:
            text = "the references agree as pictures through the plate's lens, and were taken as such"
            self.job.notes.add("geometry", text)
        if len(references) > 1 and shared.median_px > MAX_REFERENCE_MISFIT * self.job.plate.hw[1]:
            why = "share nothing" if np.isinf(shared.median_px) else f"are {shared.median_px:.0f} px off"
            self.job.notes.add(
                "geometry",
                f"seen through the camera the references {why}: each is shown at its own time and fades into the next; "
                "check their order and times (--reference PICTURE@TIME)",
            )
            return replace(shared, depths=np.zeros(0), sights={})
        return shared


def _nowhere(place: Place) -> Stood:
    facts = {"metres_per_unit": None, "before_the_actor": "not decided: the place has no depth"}
    return Stood(place, None, None, None, facts, ())
