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
from cyclorama.matchmove.actor_evidence import (
    LOOSE_TURN,
    OWN_TURN,
    UNSEEN_ORBIT,
    ActorWord,
    Evidence,
    camera_share,
    net,
    pan_or_truck,
    turned_or_orbit,
    weigh,
)
from cyclorama.matchmove.actor_fit import fit_body
from cyclorama.matchmove.actor_motion import ANALYSIS_LONG_SIDE, ActorSight, see_actor
from cyclorama.matchmove.actor_path import GROWS, Belief, Kind, path_of
from cyclorama.matchmove.solve import USUAL_FOCAL

STANDING_M = 1.75
ENOUGH = 0.5
"""Below this belief that the camera moved, and not the actor, it is taken as locked off."""
TOLD = 0.8
"""Belief from which a truck and a pan count as told apart."""
_LEAST_FRAMES = 4
_STILL_PX = 1.0  # of the pictures looked at: the feet of a locked-off shot stay within this
_STILL_RAD = 0.002
_WANDER = 0.05  # radians; a camera held by hand strays by less, a pan goes further
_KNEES_UP = 0.7  # share of the body that is seen where the picture cuts it below
_SWAY_M = 0.025  # a body whose feet are not seen to stay put sways by as much


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
    if word in ("walks", "free"):
        why = f"the actor {'walks' if word == 'walks' else 'moves freely'}, as you said: its motion is its own"
        return _still(clip.num_frames, clip.hw, focal_px, why)
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
    trouble = _trouble(sight, anchor)
    fit = None if trouble else fit_body(sight, anchor)
    if fit is None:
        trouble = trouble or "too few features of the actor can be followed from frame to frame"
        return _still(len(sight.share), hw, focal, trouble)
    seen = weigh(sight, fit, small, rate, seen_hw)
    distance = small * STANDING_M * (_KNEES_UP if seen.stance == "cut off" else 1.0) / fit.height
    belief = _believed(seen, distance, small, word)
    path = CameraPath.locked_off(num_frames=len(sight.share), hw=hw, focal_px=focal)
    if belief.sure >= ENOUGH and belief.kind != "static":
        path = path_of(seen, fit, belief, distance, small, seen_hw).resized(hw)
    return ActorCamera(path, belief.kind, belief.direction, belief.confidence, belief.reasons, distance)


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


def _believed(seen: Evidence, distance: float, focal: float, word: ActorWord | None) -> Belief:
    """The likeliest move and how far it can be believed."""
    reasons = [_stance_words(seen, word)]
    quality = seen.rigid * seen.upright
    if seen.rigid < 0.5:
        reasons.append("its features do not move as one body")
    if seen.upright < 0.5:
        reasons.append("it has not the shape of a person who stands")
    turn, grown = net(seen.turn), net(seen.size)
    right, down = net(seen.slow[:, 0]), net(seen.slow[:, 1])
    stands = word == "stands" or seen.stance == "stands"
    way = distance * float(np.hypot(np.hypot(right, down), grown))
    sure = quality * (1.0 if stands else camera_share(seen, way, distance))
    if max(abs(right), abs(down), abs(grown)) < _WANDER:
        still = max(_STILL_RAD, _STILL_PX / focal, 0.0 if stands else _SWAY_M / distance)
        return _in_place(seen, still, sure, reasons, stands)
    if abs(grown) > GROWS and abs(grown) > max(abs(right), abs(down)):
        reasons.append(
            f"it {'grows' if grown > 0 else 'shrinks'} by {100 * abs(np.expm1(grown)):.0f} % without a stride; a push "
            "was assumed (a zoom looks the same on the actor)"
        )
        return Belief("push", "in" if grown > 0 else "out", sure, tuple(reasons), sure)
    if abs(down) > abs(right):
        reasons.append("it slides up or down without a step; a tilt was assumed (a pedestal looks the same)")
        return Belief("tilt", "down" if down < 0 else "up", sure, tuple(reasons), sure)
    return _sideways(seen, right, turn, stands, sure, reasons)


def _stance_words(seen: Evidence, word: ActorWord | None) -> str:
    if word == "stands":
        return "the actor stands, as you said"
    return {
        "stands": "the actor's legs stay put, so it stands",
        "steps": "the actor steps or shifts its weight",
        "walks": "the actor's legs swing, so it walks and its motion may be its own",
        "cut off": "the actor's feet are outside the picture, so only the bob of a walk would tell its motion",
    }[seen.stance]


def _in_place(seen: Evidence, still: float, sure: float, reasons: list[str], stands: bool) -> Belief:
    """The actor stays where it is: locked off, held by hand, or circled."""
    turn = net(seen.turn)
    orbit = turned_or_orbit(turn, seen.turn_sigma, OWN_TURN if stands else LOOSE_TURN)
    if stands and orbit > 0.5:
        reasons.append("it seems to turn as a whole on feet that stay put, so the camera goes around it")
        return Belief("orbit", "left" if turn > 0 else "right", sure * orbit, tuple(reasons), sure * orbit, around=True)
    stray = seen.shift - seen.shift.mean(0)
    size = float(np.sqrt((stray**2).sum(1).mean()))
    if orbit > 0.5:
        reasons.append("it turns, or the camera goes around it")
    alone = sure * (1 - orbit) * (1 - UNSEEN_ORBIT)
    if size < still:
        reasons.append("nothing of it moves as a whole, so the camera stands still")
        return Belief("static", "", alone, tuple(reasons), sure)
    reasons.append("feet and body stray together, so the camera is held by hand")
    told = size**2 / (size**2 + still**2)
    return Belief("handheld", "", alone * told, tuple(reasons), sure * told)


def _sideways(seen: Evidence, right: float, turn: float, stands: bool, sure: float, reasons: list[str]) -> Belief:
    """The actor slides across the picture: the camera panned or trucked against it."""
    direction = "left" if right > 0 else "right"
    shares = pan_or_truck(right, turn, seen.turn_sigma, OWN_TURN if stands else LOOSE_TURN)
    kind: Kind = "truck" if shares.trucks else "pan"
    other, share = ("pan", shares.truck) if shares.trucks else ("truck", shares.pan)
    reasons.append(
        f"it slides to the {'right' if right > 0 else 'left'} without a stride and "
        f"{'turns with it' if shares.trucks else 'does not turn with it'}: a {kind}"
        + ("" if share > TOLD else f" is likelier, a {other} cannot be ruled out, and the path lies between")
    )
    return Belief(kind, direction, sure * share, tuple(reasons), sure, trucks=shares.travel)
