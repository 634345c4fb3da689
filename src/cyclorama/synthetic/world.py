"""Everything that a spec stands for before a frame is drawn."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.synthetic.builder import Builder, near_thing
from cyclorama.synthetic.figure import Wardrobe, pose, wardrobe
from cyclorama.synthetic.gait import Gait
from cyclorama.synthetic.hair import grow_hair
from cyclorama.synthetic.light import Light
from cyclorama.synthetic.moves import Move
from cyclorama.synthetic.places import PLACES, place_light
from cyclorama.synthetic.solids import Solids
from cyclorama.synthetic.spec import ShotSpec
from cyclorama.synthetic.stage_pass import Stage

_PAINT = {"green": (0.045, 0.46, 0.085), "blue": (0.030, 0.075, 0.52), "flat": (0.0, 1.0, 0.0)}
_NEAR_SPOTS = (-2.05, -1.6, -1.25, -0.95, 0.95, 1.25, 1.6, 2.05)


@dataclass(frozen=True)
class World:
    """A spec's place, lights, stage, actor and camera."""

    spec: ShotSpec
    solids: Solids
    place_light: Light
    stage_light: Light
    stage: Stage
    gait: Gait
    clothes: Wardrobe
    strands: Array
    move: Move

    def time_s(self, index: float) -> float:
        return float(index / self.spec.rate)

    def camera(self, index: float) -> Camera:
        """The camera of a frame; fractions are moments between frames."""
        return self.move.camera(self.time_s(index), self.spec.hw)

    def path(self) -> CameraPath:
        return CameraPath(tuple(self.camera(i) for i in range(self.spec.num_frames)))


@lru_cache(maxsize=8)
def build_world(spec: ShotSpec) -> World:
    """Lays out a shot. Kept for the last few specs, so that frames can be asked for one by one."""
    layout, people, camera, lamps = (np.random.default_rng([spec.seed, n]) for n in range(4))
    hand = float(people.choice([-1.0, 1.0]))
    duration = float((spec.num_frames - 1) / spec.rate)
    move = Move(tuple(spec.move.split("+")), spec.amount, duration, hand, camera.uniform(0, 2 * np.pi, (6, 8)))
    gait = Gait(spec.actor, hand, float(people.uniform(0, 2)))
    clothes = wardrobe(people)
    build = Builder(layout)
    PLACES[spec.place](build)
    moments = np.linspace(0, spec.num_frames - 1, min(spec.num_frames, 25))
    cameras = [move.camera(float(i / float(spec.rate)), spec.hw) for i in moments]
    actors = [pose(gait, clothes, float(i / float(spec.rate)))[0][0, :3] for i in moments]
    _add_near_things(build, cameras, actors, spec.crossing)
    paint = np.array(_PAINT[spec.screen])
    stage = Stage(6.4, 0.9, paint, 0.10, float(spec.markers), int(lamps.integers(1, 9999)))
    return World(
        spec, build.solids(), place_light(lamps, spec.place), _stage_light(lamps), stage,
        gait, clothes, grow_hair(people, clothes.hair_length_m), move,
    )  # fmt: skip


def _stage_light(rng: np.random.Generator) -> Light:
    side = rng.choice([-1.0, 1.0]) * rng.uniform(1.6, 2.6)
    fill = np.array([0.30, 0.30, 0.31])
    return Light(np.array([side, -3.2, 4.2]), np.array([0.95, 0.93, 0.89]), fill, 0.6 * fill, fill, 0.10, 5.0, 1e4, 1)


def _add_near_things(build: Builder, cameras: list[Camera], actors: list[Array], crossing: bool) -> None:
    """Up to four things between the camera and the actor; unless ``crossing``, none that ever covers it."""
    spots = build.rng.permutation(_NEAR_SPOTS)
    placed: list[float] = []
    for k, x in enumerate(spots):
        y = float(build.rng.uniform(-2.5, -1.4))
        crowded = any(abs(x - other) < 0.5 for other in placed)
        if len(placed) < 4 and not crowded and (crossing or not _covers(float(x), y, cameras, actors)):
            near_thing(build, float(x), y, k % 4)
            placed.append(float(x))


def _covers(x: float, y: float, cameras: list[Camera], actors: list[Array]) -> bool:
    """Whether something 0.35 m to either side of ``(x, y)`` ever overlaps the actor's column of 0.55 m, by bearing."""
    for camera, actor in zip(cameras, actors):
        points = np.array([[x, y, 1.0], [*actor[:2], 1.0]])
        px, depth = camera.project(points)
        focal = camera.px_from_cam[0, 0]
        if depth[0] < 0.5 or abs(px[0, 0] - px[1, 0]) < focal * (0.35 / depth[0] + 0.55 / depth[1]):
            return True
    return False
