"""The likeliest move of the camera, from the evidence of one body, and how far it can be believed."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

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
)

TOLD = 0.8
"""Belief from which a truck and a pan count as told apart."""
STILL_PX = 1.0  # of the pictures looked at: the feet of a locked-off shot stay within this
STILL_RAD = 0.002
WANDER = 0.05  # radians; a camera held by hand strays by less, a pan goes further
SWAY_M = 0.025  # a body whose feet are not seen to stay put sways by as much
GROWS = 0.06
"""Of log size: what a push or a pull changes at least."""

Kind = Literal["static", "pan", "tilt", "truck", "push", "zoom", "orbit", "handheld"]


@dataclass(frozen=True)
class Belief:
    """The likeliest move."""

    kind: Kind
    direction: str
    confidence: float
    reasons: tuple[str, ...]
    sure: float  # that the camera moved and not the actor, whatever the kind
    around: bool = False  # the path goes around the actor
    trucks: float = 0.0  # share of the slide that is travel and not turn


def believed(seen: Evidence, distance: float, focal: float, word: ActorWord | None) -> Belief:
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
    if max(abs(right), abs(down), abs(grown)) < WANDER:
        still = max(STILL_RAD, STILL_PX / focal, 0.0 if stands else SWAY_M / distance)
        return in_place(seen, still, sure, reasons, stands)
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


def in_place(seen: Evidence, still: float, sure: float, reasons: list[str], stands: bool) -> Belief:
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
    sure *= 1 - orbit
    alone = sure * (1 - UNSEEN_ORBIT)
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
