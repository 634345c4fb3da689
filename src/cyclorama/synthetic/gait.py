"""Where the actor is and where its feet are, at any time: standing, turning on the spot, or walking.

A foot that stands does not move: steps are planted where the body will be over them early in the stance, and a
foot swings from one plant to the next.
"""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array

CYCLE_S = 1.15
"""Time from one plant of a foot to its next."""
STANCE = 0.62
"""Share of the cycle that a foot stands."""
OVER = 0.40
"""Share of a stance after which the body is over the foot."""
_SPEED = 0.95
_CIRCLE_M = 1.2
_CIRCLE_CENTER = (0.0, 0.85)
_TURN_RAD_S = np.radians(50.0)


@dataclass(frozen=True)
class Foot:
    """``position``: (3,) the ground under the ankle, metres. ``heading``: radians. ``planted``: standing still.
    ``pitch``: radians, toes down."""

    position: Array
    heading: float
    planted: bool
    pitch: float


@dataclass(frozen=True)
class Gait:
    """``action``: ``stands``, ``turns`` or ``walks``. ``hand``: 1 or -1, which way it goes; ``offset_s``: where in the
    cycle it starts."""

    action: str
    hand: float
    offset_s: float

    def root(self, time_s: float) -> tuple[Array, float]:
        """The body's place on the ground (2,) in metres and its heading in radians (0: along +x), at a time."""
        if self.action == "walks":
            angle = -np.pi / 2 + self.hand * (np.radians(-27.0) + _SPEED / _CIRCLE_M * time_s)
            place = np.array(_CIRCLE_CENTER) + _CIRCLE_M * np.array([np.cos(angle), np.sin(angle)])
            return place, float(angle + self.hand * np.pi / 2)
        heading = -np.pi / 2 + self.hand * np.radians(18.0)
        if self.action == "turns":
            heading += self.hand * (_TURN_RAD_S * time_s - np.radians(45.0))
        return np.zeros(2), float(heading)

    def phase(self, side: int, time_s: float) -> float:
        """Cycles done by a foot: the whole part counts its plants, the rest under ``STANCE`` is standing."""
        return (time_s + self.offset_s) / CYCLE_S + (0.5 if side > 0 else 0.0)

    def foot(self, side: int, time_s: float) -> Foot:
        """``side``: -1 the left foot, 1 the right."""
        if self.action == "stands":
            return self._plant(side, 0.0)
        count, rest = divmod(self.phase(side, time_s), 1.0)
        here = self._plant(side, self._over(side, count))
        walking = self.action == "walks"
        roll = 0.55 if walking else 0.1
        if rest < STANCE:
            late = max(0.0, (rest - 0.36) / (STANCE - 0.36))
            return Foot(here.position, here.heading, True, roll * late * late * (3.0 - 2.0 * late))
        there = self._plant(side, self._over(side, count + 1.0))
        swing = (rest - STANCE) / (1.0 - STANCE)
        ease = swing * swing * (3.0 - 2.0 * swing)
        position = here.position + (there.position - here.position) * ease
        position[2] = (0.11 if walking else 0.05) * np.sin(np.pi * swing) ** 1.2
        pitch = roll * (1.0 - swing) + (
            0.3 * np.sin(np.pi * min(1.0, 1.5 * swing)) - 0.25 * np.sin(np.pi * swing) ** 2 * swing
        )
        heading = here.heading + (there.heading - here.heading) * ease
        return Foot(position, heading, False, roll * (1.0 - swing) if not walking else pitch)

    def _over(self, side: int, count: float) -> float:
        """When the body is over the foot's plant number ``count``."""
        return (count + OVER * STANCE - (0.5 if side > 0 else 0.0)) * CYCLE_S - self.offset_s

    def _plant(self, side: int, time_s: float) -> Foot:
        place, heading = self.root(time_s)
        lateral = 0.13 if self.action == "stands" else 0.085
        right = np.array([np.sin(heading), -np.cos(heading)])
        splay = -0.14 * side
        return Foot(np.append(place + side * lateral * right, 0.0), heading + splay, True, 0.0)
