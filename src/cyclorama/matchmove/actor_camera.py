"""The camera from the actor alone: what its motion in the picture says, under stated hypotheses, with a confidence.

Nothing behind the actor is seen, so a camera that moves and an actor who does cannot be told apart by geometry. They
are told apart by what bodies do: one whose feet stay put does not slide or grow by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import CameraPath
from cyclorama.core.clip import Clip
from cyclorama.matchmove.actor_belief import Kind, believed
from cyclorama.matchmove.actor_evidence import ActorWord, Evidence, weigh
from cyclorama.matchmove.actor_feet import ground_under
from cyclorama.matchmove.actor_fit import BodyFit, fit_body
from cyclorama.matchmove.actor_motion import ANALYSIS_LONG_SIDE, ActorSight, see_actor
from cyclorama.matchmove.actor_path import path_beside, path_of
from cyclorama.matchmove.actor_several import Person, believed_together, firm, path_together
from cyclorama.matchmove.solve import USUAL_FOCAL

STANDING_M = 1.75
ENOUGH = 0.5
"""Below this belief that the camera moved, and not the actor, it is taken as locked off."""
_LEAST_FRAMES = 4
_EITHER = 0.5  # a pan and a truck that are as likely
_PERSON = 0.5  # belief in a figure's shape from which it is one of the people
_KNEES_UP = 0.7  # share of the body that is seen where the picture cuts it below


@dataclass(frozen=True)
class ActorCamera:
    """``path``: in metres, locked off where it is not believed enough that the camera moved and not the actor.

    ``kind``: the move believed in, also when it is not followed; ``direction`` '' or left, right, up, down, in, out;
    ``confidence`` 0..1: the belief in both. ``distance_m``: to the actor.
    """

    path: CameraPath
    kind: Kind
    direction: str
    confidence: float
    reasons: tuple[str, ...]
    distance_m: float

    @property
    def moves(self) -> bool:
        return not self.path.is_locked_off

    @property
    def sentence(self) -> str:
        """What was made of it and why, for the user."""
        why = "; ".join(self.reasons)
        move = f"{self.kind} {self.direction}".strip()
        if self.moves:
            return (
                f"the camera was read off the actor alone, which is a guess: {move} (belief {self.confidence:.2f}), "
                f"because {why}; --move, --camera or more references would say it"
            )
        if self.kind == "static":
            return f"the actor tells of no camera move (belief {self.confidence:.2f}): {why}"
        return (
            f"what the actor tells of the camera ({move}, belief {self.confidence:.2f}) is too little to follow: "
            f"{why}; say --actor stands if it does, or give --move"
        )


def camera_from_actor(
    clip: Clip,
    actor: Callable[[int, Array], Array],
    anchor: int,
    *,
    word: ActorWord | None = None,
    focal_px: float | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> ActorCamera:
    """``anchor``: the frame that the reference shows. ``word``: what the user says that the actor does.

    ``focal_px`` of the clip's pictures. Never fails for what is seen: the answer is then locked off, with the reason.
    """
    proxy = clip.proxy(ANALYSIS_LONG_SIDE)
    if word == "free":
        return _still(clip.num_frames, clip.hw, focal_px, "the actor moves freely, as you said: its motion is its own")
    sight = see_actor(proxy, actor, progress)
    return camera_from_sight(sight, anchor, clip.hw, float(clip.rate), word=word, focal_px=focal_px)


def camera_from_sight(
    sight: ActorSight,
    anchor: int,
    hw: tuple[int, int],
    rate: float,
    *,
    word: ActorWord | None = None,
    focal_px: float | None = None,
) -> ActorCamera:
    """The same from what was seen of the actor, for a clip of ``hw`` pixels and ``rate`` frames a second."""
    focal = focal_px or USUAL_FOCAL * hw[1]
    seen_hw = sight.tracks.hw
    small = focal * seen_hw[1] / hw[1]
    people = firm(_people(sight, anchor, small, rate))
    if len(people) > 1:
        return _from_people(people, anchor, hw, focal, word)
    sight = people[0].sight if people else sight
    trouble = _trouble(sight, anchor)
    fit = None if trouble else fit_body(sight, anchor)
    if fit is None:
        trouble = trouble or "too few features of the actor can be followed from frame to frame"
        return _still(len(sight.share), hw, focal, trouble)
    seen = weigh(sight, fit, small, rate, seen_hw)
    distance = _distance(seen, fit, small)
    if word == "walks" or (word is None and seen.stance == "walks"):
        beside = _beside(sight, anchor, hw, focal, distance)
        if beside is not None:
            return beside
    if word == "walks":
        return _still(len(sight.share), hw, focal, "the actor walks, as you said: its motion is its own")
    belief = believed(seen, distance, small, word)
    path = CameraPath.locked_off(num_frames=len(sight.share), hw=hw, focal_px=focal)
    if belief.sure >= ENOUGH and belief.kind != "static":
        path = path_of(seen, fit, belief, distance, small, seen_hw).resized(hw)
    return ActorCamera(path, belief.kind, belief.direction, belief.confidence, belief.reasons, distance)


def _distance(seen: Evidence, fit: BodyFit, focal: float) -> float:
    return focal * STANDING_M * (_KNEES_UP if seen.stance == "cut off" else 1.0) / fit.height


def _people(sight: ActorSight, anchor: int, focal: float, rate: float) -> list[Person]:
    """The figures of the matte that are people with enough to follow."""
    out = []
    for figure in sight.figures:
        fit = None if _trouble(figure, anchor) else fit_body(figure, anchor)
        if fit is not None:
            seen = weigh(figure, fit, focal, rate, sight.tracks.hw)
            if seen.upright >= _PERSON:
                out.append(Person(figure, seen, _distance(seen, fit, focal)))
    return out


def _from_people(
    people: list[Person], anchor: int, hw: tuple[int, int], focal: float, word: ActorWord | None
) -> ActorCamera:
    belief, together = believed_together(people, focal, word == "stands")
    path = CameraPath.locked_off(num_frames=len(together.pan), hw=hw, focal_px=focal)
    if belief.sure >= ENOUGH and belief.kind != "static":
        path = path_together(people, together, belief, anchor, focal, hw)
    distance = float(np.mean([p.distance for p in people]))
    return ActorCamera(path, belief.kind, belief.direction, belief.confidence, belief.reasons, distance)


def _beside(sight: ActorSight, anchor: int, hw: tuple[int, int], focal: float, distance: float) -> ActorCamera | None:
    """The camera that follows a walker, where the feet show the ground."""
    ground = ground_under(sight)
    if ground is None or ground.belief < ENOUGH:
        return None
    angle = np.append(0.0, -np.cumsum(ground.pace)) * hw[1] / sight.tracks.hw[1] / focal
    reasons = (
        "the actor walks, and the feet that stand go backwards in the picture while the body stays: the camera follows",
        "a pan and a truck look the same so, and the path is half of each",
    )
    path = path_beside(angle, ground.belief, anchor, focal, hw, distance)
    direction = "right" if angle[-1] > 0 else "left"
    return ActorCamera(path, "pan", direction, _EITHER * ground.belief, reasons, distance)


def _still(num_frames: int, hw: tuple[int, int], focal_px: float | None, why: str) -> ActorCamera:
    path = CameraPath.locked_off(num_frames=num_frames, hw=hw, focal_px=focal_px or USUAL_FOCAL * hw[1])
    return ActorCamera(path, "static", "", 0.0, (why,), 4.0)


def _trouble(sight: ActorSight, anchor: int) -> str | None:
    """Why nothing can be said at all."""
    n = len(sight.share)
    if n < _LEAST_FRAMES:
        return f"the plate has {n} frames, too few for a motion"
    if not sight.seen.all():
        missing = np.flatnonzero(~sight.seen)
        what = "covers the whole picture" if sight.share[missing[0]] > 0.5 else "shows no actor"
        return f"the matte {what} at frame {missing[0]}" + (
            f" and {len(missing) - 1} others" if len(missing) > 1 else ""
        )
    if sight.cut[anchor, :2].all() or sight.cut[anchor, 2:].all() or sight.cut.all(1).any():
        return "the picture's borders cut the actor on opposite sides, so its outline says nothing"
    return None
