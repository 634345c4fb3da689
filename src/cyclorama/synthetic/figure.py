"""The actor: limbs as tapered capsules, posed at a time.

A figure is an n x 16 float64 table. Row 0 is the ball around it all (centre in columns 0..2, radius in column 6). Every
other row: ends ``a`` (0..2) and ``b`` (3..5), radii at the ends (6, 7), albedo (8..10), material (11), a unit side
direction that turns with the limb (12..14), and how far it melts into its neighbours in metres (15).
"""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.synthetic.gait import CYCLE_S, OVER, STANCE, Gait

SKIN, CLOTH, STRIPED, HAIR, FACE, LEATHER = range(6)
NUM_COLUMNS = 16
_THIGH, _SHIN, _UPPER_ARM, _FOREARM = 0.43, 0.43, 0.28, 0.25
_ANKLE = 0.085


@dataclass(frozen=True)
class Wardrobe:
    """Linear albedos, and how the hair is worn."""

    skin: tuple[float, float, float]
    jacket: tuple[float, float, float]
    trousers: tuple[float, float, float]
    shoes: tuple[float, float, float]
    hair: tuple[float, float, float]
    jacket_material: int
    hair_length_m: float


_JACKETS = ((0.42, 0.07, 0.06), (0.07, 0.13, 0.36), (0.55, 0.46, 0.30), (0.32, 0.09, 0.27), (0.50, 0.24, 0.05))
_TROUSERS = ((0.05, 0.07, 0.14), (0.09, 0.08, 0.075), (0.22, 0.18, 0.13), (0.035, 0.035, 0.04))
_HAIR = ((0.035, 0.02, 0.012), (0.10, 0.045, 0.02), (0.30, 0.18, 0.07), (0.012, 0.011, 0.011))
_SKIN = ((0.62, 0.38, 0.28), (0.40, 0.22, 0.14), (0.20, 0.10, 0.06))


def wardrobe(rng: np.random.Generator) -> Wardrobe:
    """A seeded set of clothes that are neither screen green nor screen blue."""
    return Wardrobe(
        skin=_SKIN[rng.integers(len(_SKIN))],
        jacket=_JACKETS[rng.integers(len(_JACKETS))],
        trousers=_TROUSERS[rng.integers(len(_TROUSERS))],
        shoes=(0.05, 0.035, 0.03),
        hair=_HAIR[rng.integers(len(_HAIR))],
        jacket_material=int(rng.choice([CLOTH, STRIPED])),
        hair_length_m=float(rng.uniform(0.10, 0.22)),
    )


@dataclass(frozen=True)
class HeadFrame:
    """``center``: (3,) middle of the skull. ``axes``: 3 x 3, columns: its right, forward and up in the world."""

    center: Array
    axes: Array


class _Body:
    """Collects limbs into the table."""

    def __init__(self) -> None:
        self.rows: list[Array] = []

    def limb(
        self,
        ends: tuple[Array, Array],
        radii: tuple[float, float],
        look: tuple[tuple[float, ...], int],
        side: Array,
        melt: float,
    ) -> None:
        self.rows.append(np.concatenate([*ends, radii, look[0], [look[1]], side, [melt]]))

    def table(self) -> Array:
        limbs = np.stack(self.rows)
        low = np.minimum(limbs[:, :3], limbs[:, 3:6]).min(0)
        high = np.maximum(limbs[:, :3], limbs[:, 3:6]).max(0)
        ball = np.zeros((1, NUM_COLUMNS))
        ball[0, :3] = 0.5 * (low + high)
        ball[0, 6] = 0.5 * np.linalg.norm(high - low) + limbs[:, 6:8].max()
        return np.concatenate([ball, limbs])


def _axes(heading: float) -> tuple[Array, Array, Array]:
    """Right, forward, up of something upright that looks along ``heading``."""
    forward = np.array([np.cos(heading), np.sin(heading), 0.0])
    return np.array([forward[1], -forward[0], 0.0]), forward, np.array([0.0, 0.0, 1.0])


def _bend(start: Array, end: Array, lengths: tuple[float, float], toward: Array) -> tuple[Array, Array]:
    """The middle joint of a two-bone limb, bent toward a direction, and its end (pulled in when out of reach)."""
    line = end - start
    distance = min(float(np.linalg.norm(line)), 0.999 * sum(lengths))
    unit = line / np.linalg.norm(line)
    along = (lengths[0] ** 2 - lengths[1] ** 2 + distance**2) / (2.0 * distance)
    out = toward - unit * (toward @ unit)
    out /= np.linalg.norm(out)
    return start + unit * along + out * np.sqrt(max(0.0, lengths[0] ** 2 - along**2)), start + unit * distance


def _leg(body: _Body, hip: Array, gait: Gait, side: int, time_s: float, clothes: Wardrobe) -> None:
    foot = gait.foot(side, time_s)
    right, forward, up = _axes(foot.heading)
    point = forward * np.cos(foot.pitch) - up * np.sin(foot.pitch)
    above = up * np.cos(foot.pitch) + forward * np.sin(foot.pitch)
    ball = foot.position + 0.14 * forward + 0.03 * up  # the foot rolls over it
    knee, ankle = _bend(hip, ball - 0.14 * point + (_ANKLE - 0.03) * above, (_THIGH, _SHIN), forward)
    look = (clothes.trousers, CLOTH)
    body.limb((hip, knee), (0.084, 0.062), look, right, 0.03)
    body.limb((knee, ankle + 0.03 * up), (0.062, 0.046), look, right, 0.02)
    heel = ankle - 0.045 * point - (_ANKLE - 0.042) * above
    toe = heel + 0.205 * point
    body.limb((heel, toe), (0.042, 0.033), (clothes.shoes, LEATHER), right, 0.012)
    body.limb((ankle + 0.02 * up, heel + 0.06 * point), (0.045, 0.045), (clothes.shoes, LEATHER), right, 0.012)


def _arm(
    body: _Body, shoulder: Array, axes: tuple[Array, Array, Array], swing: tuple[int, float, float], clothes: Wardrobe
) -> None:
    side, angle, bend = swing
    right, forward, up = axes
    down = -up * np.cos(angle) + forward * np.sin(angle) + 0.16 * side * right
    elbow = shoulder + _UPPER_ARM * down / np.linalg.norm(down)
    lower = -up * np.cos(angle + bend) + forward * np.sin(angle + bend) + 0.02 * side * right
    lower /= np.linalg.norm(lower)
    wrist = elbow + _FOREARM * lower
    look = (clothes.jacket, clothes.jacket_material)
    body.limb((shoulder, elbow), (0.058, 0.046), look, forward, 0.05)
    body.limb((elbow, wrist), (0.046, 0.037), look, forward, 0.015)
    body.limb((wrist + 0.025 * lower, wrist + 0.10 * lower), (0.030, 0.034), (clothes.skin, SKIN), forward, 0.008)


def _trunk(body: _Body, pelvis: Array, chest: Array, axes: tuple[Array, Array, Array], clothes: Wardrobe) -> None:
    right, forward, _ = axes
    look = (clothes.jacket, clothes.jacket_material)
    up = np.array([0.0, 0.0, 1.0])
    for side in (-1, 0, 1):
        aside = side * right
        waist, hem = pelvis + 0.05 * aside + 0.08 * up, pelvis + 0.078 * aside - 0.085 * up
        body.limb((waist, chest + 0.075 * aside - 0.02 * forward), (0.105, 0.112), look, right, 0.05)
        body.limb((waist, hem), (0.112, 0.118), look, right, 0.05)
    for side in (-1, 1):
        tip = chest + 0.15 * side * right + 0.07 * up
        body.limb((chest + 0.03 * side * right + 0.03 * up, tip), (0.092, 0.062), look, right, 0.06)


def _head(body: _Body, neck: Array, heading: float, nod: float, clothes: Wardrobe) -> HeadFrame:
    right, forward, up = _axes(heading)
    forward, up = forward * np.cos(nod) - up * np.sin(nod), up * np.cos(nod) + forward * np.sin(nod)
    chin = neck + 0.115 * up + 0.03 * forward
    crown = chin + 0.085 * up - 0.022 * forward
    body.limb((neck - 0.03 * up, chin - 0.02 * up - 0.02 * forward), (0.056, 0.052), (clothes.skin, SKIN), right, 0.02)
    body.limb((chin, crown), (0.074, 0.094), (clothes.skin, FACE), right, 0.02)
    tip = chin + 0.022 * up + 0.088 * forward
    body.limb((tip + 0.03 * up - 0.012 * forward, tip), (0.010, 0.015), (clothes.skin, SKIN), right, 0.012)
    back = crown - 0.030 * forward + 0.014 * up
    body.limb((back, back - 0.055 * up - 0.012 * forward), (0.104, 0.088), (clothes.hair, HAIR), right, 0.008)
    return HeadFrame(crown - 0.024 * forward, np.stack([right, forward, up], 1))


def pose(gait: Gait, clothes: Wardrobe, time_s: float) -> tuple[Array, HeadFrame]:
    """The figure's table at a time, and its head's frame. The actor is about 1.75 m tall."""
    place, heading = gait.root(time_s)
    right, forward, up = _axes(heading)
    turn = 2.0 * np.pi * gait.phase(-1, time_s)
    walking = gait.action == "walks"
    slow = 2.0 * np.pi * (time_s + gait.offset_s) / (3.1 * CYCLE_S)
    sway = (0.022 * np.sin(turn) if gait.action != "stands" else 0.028 * np.sin(slow)) * right
    bob = 0.024 * np.cos(2.0 * turn - 4.0 * np.pi * OVER * STANCE) if walking else 0.004 * np.sin(2.3 * slow)
    pelvis = np.append(place, (0.918 if walking else 0.93) + bob) + sway + 0.06 * up
    chest = pelvis + 0.36 * up + (0.03 * forward if walking else -0.35 * sway)
    body = _Body()
    hips = 0.22 * np.sin(turn + 0.9) if walking else 0.05 * np.sin(slow)
    hip_right = _axes(heading + hips)[0]
    for side in (-1, 1):
        _leg(body, pelvis - 0.07 * up + 0.088 * side * hip_right, gait, side, time_s, clothes)
    twist = _axes(heading - 0.8 * hips)
    _trunk(body, pelvis, chest, twist, clothes)
    for side in (-1, 1):
        shoulder = chest + 0.175 * side * twist[0] + 0.055 * up
        angle = 0.42 * side * np.sin(turn + 0.7) if walking else 0.10 + 0.12 * np.sin(slow + 1.3 * side)
        _arm(body, shoulder, twist, (side, angle, 0.38 if walking else 0.30 + 0.2 * side * np.sin(0.7 * slow)), clothes)
    neck = chest + 0.165 * up
    look_around = 0.0 if walking else 0.28 * np.sin(1.4 * slow + 0.5)
    frame = _head(body, neck, heading + look_around - 0.3 * hips, 0.05 + 0.05 * np.sin(1.9 * slow), clothes)
    return body.table(), frame
