"""Several people in one matte: what they do alike is the camera's, what goes with their distance is parallax.

How far each slides, ``s``, is what a pan ``p`` and a truck ``x`` do to a point at its distance ``D``: s = -p - x / D
(small angles). Five hypotheses are weighed by their marginal likelihood (MacKay 2003, chapter 28): still, pan, truck,
both, and each by itself. In the same way a zoom makes all grow alike, a push the nearer ones more.
"""

from dataclasses import dataclass, replace

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.matchmove.actor_belief import GROWS, STILL_PX, STILL_RAD, SWAY_M, WANDER, Belief, Kind, in_place
from cyclorama.matchmove.actor_evidence import (
    GAIN,
    LOOSE_TURN,
    OWN_TURN,
    Evidence,
    camera_share,
    density,
    net,
    own_way_m,
)
from cyclorama.matchmove.actor_motion import ActorSight
from cyclorama.matchmove.actor_path import followed, upright

_PAN_RAD, _TRUCK_M, _GROWTH = 0.3, 1.0, 0.3
"""Usual sizes of moves: standard deviations of their priors (growth: of log size at the middle distance)."""
_OWN_M = 0.4
"""How far a person goes who moves by itself."""
_TALLER = 0.1
"""Share by which a distance is wrong that was taken from a height: people differ, stoop and wear shoes."""
_OWN_PRIOR = {"stands": 0.02, "steps": 0.3, "cut off": 0.2, "walks": 1.0}
"""Belief beforehand that the people move by themselves, to that in any one move of the camera."""
_ZOOM_PRIOR = 0.25  # zooms within a shot are rarer than pushes
_SIZE_SIGMA = 0.01  # of log size
_ARC = 0.35
"""Mean slide over the travel seen from the people: below, the camera keeps them in place and goes around them."""


@dataclass(frozen=True)
class Person:
    """One figure: what its motion says, and how far it is, in metres."""

    sight: ActorSight
    seen: Evidence
    distance: float


@dataclass(frozen=True)
class Together:
    """Shares of belief by name: ``still``, ``pan``, ``truck``, ``arc``, ``own`` and ``push``, ``zoom``, which make the
    people grow. Mean motions over the hypotheses (t,): ``pan`` radians to the right, ``truck`` metres to the right,
    ``push`` metres ahead, ``log_zoom``."""

    shares: dict[str, float]
    pan: Array
    truck: Array
    push: Array
    log_zoom: Array


def firm(people: list[Person]) -> list[Person]:
    """Those who stand, where any does; else those who do not walk."""
    stand = [p for p in people if p.seen.stance == "stands"]
    return stand or [p for p in people if p.seen.stance != "walks"] or people


def weigh_together(people: list[Person]) -> Together:
    """Two people or more."""
    away = 1 / np.array([p.distance for p in people])
    slides = np.stack([p.seen.shift[:, 0] for p in people], 1)
    sway = away * np.array([np.hypot(SWAY_M, own_way_m(p.seen.legs, p.seen.duration_s)) for p in people])
    ones = np.ones_like(away)
    models = {
        "still": np.zeros((len(people), 0)),
        "pan": -ones[:, None] * _PAN_RAD,
        "truck": -away[:, None] * _TRUCK_M,
        "arc": -np.stack([ones * _PAN_RAD, away * _TRUCK_M], 1),
        "own": np.diag(away * _OWN_M),
    }
    total = np.array([net(p.seen.slow[:, 0]) for p in people])
    doubt = np.diag(sway**2 + (_TALLER * total) ** 2 + 1e-8)
    causes = {name: _mean(design, doubt) for name, design in models.items()}
    means = {name: slides @ cause for name, cause in causes.items()}
    odds = {name: _evidence(total, design, doubt) for name, design in models.items()}
    travel = {"pan": 0 * away, "truck": away * (total @ causes["truck"])[0] * _TRUCK_M}
    travel["arc"] = away * (total @ causes["arc"])[1] * _TRUCK_M
    for name, around in travel.items():
        odds[name] *= float(np.prod([_turns(p, -a) for p, a in zip(people, around)]))
    for name in ("still", "own"):
        odds[name] *= float(np.prod([_turns(p, 0.0) for p in people]))
    odds["own"] *= float(np.mean([_OWN_PRIOR[p.seen.stance] for p in people]))
    shares = _normal(odds)
    pan = _PAN_RAD * (shares["pan"] * means["pan"][:, 0] + shares["arc"] * means["arc"][:, 0])
    truck = _TRUCK_M * (shares["truck"] * means["truck"][:, 0] + shares["arc"] * means["arc"][:, 1])
    growth, push, log_zoom = _growth(people, away)
    return Together(shares | growth, pan, truck, push, log_zoom)


def _growth(people: list[Person], away: Array) -> tuple[dict[str, float], Array, Array]:
    """Shares of push and zoom, metres ahead (t,) and log zoom (t,); all 0 where nobody grows enough."""
    sizes = np.stack([p.seen.size for p in people], 1)
    total = np.array([net(s) for s in sizes.T])
    none = np.zeros(len(sizes))
    if abs(float(total.mean())) < GROWS:
        return {"push": 0.0, "zoom": 0.0}, none, none
    nearer = away / away.mean()
    doubt = np.diag((_TALLER * total) ** 2 / 4 + _SIZE_SIGMA**2)
    models = {"push": nearer[:, None] * _GROWTH, "zoom": np.ones((len(away), 1)) * _GROWTH}
    odds = {name: _evidence(total, design, doubt) for name, design in models.items()}
    odds["zoom"] *= _ZOOM_PRIOR
    shares = _normal(odds)
    ahead = _GROWTH * (sizes @ _mean(models["push"], doubt))[:, 0]
    far = 1 / away.mean()
    return (
        shares,
        far * (1 - np.exp(-shares["push"] * ahead)),
        shares["zoom"] * _GROWTH * (sizes @ _mean(models["zoom"], doubt))[:, 0],
    )


def _evidence(values: Array, design: Array, doubt: Array) -> float:
    """Density of values whose cause is ``design`` times standard normal numbers, with ``doubt`` (n, n) on top."""
    spread = design @ design.T + doubt
    return float(np.exp(-0.5 * values @ np.linalg.solve(spread, values)) / np.sqrt(np.linalg.det(2 * np.pi * spread)))


def _mean(design: Array, doubt: Array) -> Array:
    """(n, k): the mean causes of values (n,), which are multiplied from the left."""
    return np.asarray(np.linalg.solve(design @ design.T + doubt, design))


def _turns(person: Person, azimuth: float) -> float:
    """Density of the body's turn when the camera goes by so many radians around it."""
    own = OWN_TURN if person.seen.stance == "stands" else LOOSE_TURN
    return density(
        person.seen.turn[-1] - person.seen.turn[0] - GAIN * azimuth, float(np.hypot(person.seen.turn_sigma, own))
    )


def _normal(odds: dict[str, float]) -> dict[str, float]:
    total = max(sum(odds.values()), 1e-300)
    return {name: value / total for name, value in odds.items()}


def believed_together(people: list[Person], focal: float, stands: bool) -> tuple[Belief, Together]:
    """The likeliest move that explains all. ``stands``: the user's word that they do."""
    together, mean = weigh_together(people), _mean_evidence(people)
    distance = float(np.mean([p.distance for p in people]))
    stands = stands or mean.stance == "stands"
    slides = [abs(net(p.seen.slow[:, 0])) for p in people]
    down, grown = net(mean.slow[:, 1]), net(mean.size)
    way = distance * float(np.hypot(max(slides), grown))
    sure = mean.rigid * mean.upright * (1.0 if stands else camera_share(mean, way, distance))
    reasons = [f"{len(people)} people {'stand' if stands else 'move little'}"]
    if max(*slides, abs(down), abs(grown)) < WANDER and together.shares["arc"] < 0.5:
        belief = in_place(mean, _still(focal, distance, stands), sure, reasons, stands)
        if not belief.around:
            belief = replace(belief, confidence=belief.confidence * (1 - together.shares["arc"]))
        return belief, _held(belief, mean, together, distance)
    sure *= 1 - together.shares["own"]
    if abs(grown) > GROWS and abs(grown) > max(abs(down), *slides):
        return _grows(together, sure, grown, reasons), together
    if abs(down) > max(slides):
        reasons.append("they slide up or down without a step; a tilt was assumed (a pedestal looks the same)")
        return Belief("tilt", "down" if down < 0 else "up", sure, tuple(reasons), sure), together
    return _slides(together, distance, sure, reasons), together


def _still(focal: float, distance: float, stands: bool) -> float:
    return max(STILL_RAD, STILL_PX / focal, 0.0 if stands else SWAY_M / distance)


def _grows(together: Together, sure: float, grown: float, reasons: list[str]) -> Belief:
    kind: Kind = "push" if together.shares["push"] >= together.shares["zoom"] else "zoom"
    alike = "the nearer ones more" if kind == "push" else "near and far ones alike"
    reasons.append(f"they {'grow' if grown > 0 else 'shrink'} without a stride, {alike}: a {kind}")
    return Belief(kind, "in" if grown > 0 else "out", sure * together.shares[kind], tuple(reasons), sure)


def _slides(together: Together, distance: float, sure: float, reasons: list[str]) -> Belief:
    shares, travel, turn = together.shares, net(together.truck) / distance, net(together.pan)
    camera = max(1 - shares["own"], 1e-9)
    if shares["own"] > 0.5:
        reasons.append("they move each in its own way")
    if shares["arc"] > max(shares["pan"], shares["truck"]) and abs(travel + turn) < _ARC * abs(travel):
        reasons.append("near and far ones slide against each other, so the camera goes around them")
        confidence = sure * shares["arc"] / camera
        return Belief("orbit", "right" if travel > 0 else "left", confidence, tuple(reasons), sure)
    kind: Kind = "truck" if abs(travel) > abs(turn) else "pan"
    side = travel if kind == "truck" else turn
    how = "the nearer ones further" if kind == "truck" else "near and far ones alike"
    reasons.append(f"they slide together, {how}: a {kind}")
    return Belief(kind, "right" if side > 0 else "left", sure * shares[kind] / camera, tuple(reasons), sure)


def _mean_evidence(people: list[Person]) -> Evidence:
    """All as one body, where they stay where they are; its stance is the least firm."""
    seen = [p.seen for p in people]
    order = ("stands", "steps", "cut off", "walks")
    first = max(seen, key=lambda s: order.index(s.stance))

    def mean(values: list[Array]) -> Array:
        return np.asarray(np.mean(values, 0))

    return replace(
        first,
        rigid=float(np.mean([s.rigid for s in seen])),
        upright=float(np.mean([s.upright for s in seen])),
        shift=mean([s.shift for s in seen]),
        slow=mean([s.slow for s in seen]),
        bob=float(np.mean([s.bob for s in seen])),
        size=mean([s.size for s in seen]),
        turn=mean([s.turn for s in seen]),
        turn_sigma=float(np.hypot.reduce([s.turn_sigma for s in seen])) / len(seen),
    )


def _held(belief: Belief, mean: Evidence, together: Together, distance: float) -> Together:
    """The motion of a camera held by hand, or that goes around people who stay where they are."""
    none = np.zeros(len(mean.turn))
    if belief.around:
        azimuth = mean.turn / GAIN
        return replace(together, pan=azimuth, truck=-distance * np.sin(azimuth), push=distance * (1 - np.cos(azimuth)))
    return replace(together, pan=-mean.shift[:, 0], truck=none, push=none, log_zoom=none)


def path_together(
    people: list[Person], together: Together, belief: Belief, anchor: int, focal: float, hw: tuple[int, int]
) -> CameraPath:
    """The camera at the anchor is the world; of the motion what the camera is believed to have made."""
    lift = np.mean([p.seen.shift[:, 1] for p in people], 0)
    moves = np.stack([together.pan, together.truck, together.push, together.log_zoom, lift], 1)
    moves = followed(belief.sure) * (moves - moves[anchor])
    cameras = []
    for pan, truck, push, log_zoom, tilt in moves.tolist():
        c, s = np.cos(tilt), np.sin(tilt)
        turn = upright(pan) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
        pose = rigid(turn, np.array([truck, 0.0, push]))
        cameras.append(Camera.from_focal(hw=hw, focal_px=focal * float(np.exp(log_zoom)), world_from_camera=pose))
    return CameraPath(tuple(cameras))
