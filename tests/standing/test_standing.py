"""``--stand-at`` and ``--actor-height``: words, feet, sizes and refusals."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cyclorama.core.backdrop import Backdrop, View
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.clip import ArrayClip
from cyclorama.core.errors import InputError
from cyclorama.core.ground import GroundPlane
from cyclorama.core.reference import Reference
from cyclorama.core.standing import Standing
from cyclorama.matchmove import Figures, Matchmove
from cyclorama.settings import Settings
from cyclorama.standing import Scene, stand, standing_on
from cyclorama.standing_place import EYE_HEIGHT_M, Feet, placed
from cyclorama.standing_words import StandAt

HW, FOCAL, NUM_FRAMES = (90, 160), 150.0, 12
EYE, HEIGHT = 1.4, 1.8
GROUND = GroundPlane(np.array([0.0, -1, 0]), -EYE)
TIMES = tuple(Fraction(i, 24) for i in range(NUM_FRAMES))


def path(step: float = 0.05) -> CameraPath:
    pose = [rigid(np.eye(3), np.array([step * (i - 6), 0, 0])) for i in range(NUM_FRAMES)]
    return CameraPath(tuple(Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=p) for p in pose))


def feet_at(index: int) -> np.ndarray:
    """An actor who walks to the right."""
    return np.array([-0.4 + 0.07 * index, EYE, 5.5])


def figures(cameras: CameraPath, *, taller: float = 1.0, lower: float = 0.0) -> Figures:
    """A box that stands on the ground; ``lower``: metres that it is sunk into it."""

    def alpha(index: int, _: np.ndarray) -> np.ndarray:
        ends = feet_at(index) + np.array([[-0.2, lower, 0], [0.2, lower - HEIGHT * taller, 0]])
        (left, bottom), (right, top) = np.round(cameras[index].project(ends)[0]).astype(int)
        out = np.zeros(HW, np.float32)
        out[max(0, top) : bottom, left:right] = 1
        return out

    found = Figures(alpha, HW, NUM_FRAMES)
    for index in range(NUM_FRAMES):
        found(index, np.zeros((*HW, 3), np.float32))
    return found


def place(cameras: CameraPath, seen: Figures, *, source: str = "given", posed: bool = False) -> Scene:
    """One picture of a level ground with its horizon in the middle, twice as large as the frame."""
    below = np.maximum((np.arange(HW[0], dtype=np.float32) + 0.5 - HW[0] / 2) / FOCAL / EYE, 1 / 30)
    inverse = np.repeat(below[:, None], HW[1], 1).astype(np.float32)
    view = View(np.full((*HW, 3), 0.4, np.float32), inverse, cameras[6], 6.0)
    reference = Reference(np.full((2 * HW[0], 2 * HW[1], 3), 0.4, np.float32), 6, "place.jpg")
    matchmove = Matchmove(cameras, source, None, ())  # type: ignore[arg-type]
    return Scene(Backdrop("planes", (view,), ground=GROUND), (reference,), matchmove, seen, posed)


def put(text: str, where: Scene, height_m: float | None = None):  # type: ignore[no-untyped-def]
    return placed(StandAt.parse(text), where, Feet(where.matchmove, where.figures, None, height_m, 4.0), TIMES)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("0.5,0.9", (0.5, 0.9)),
        ("50%,90%", (0.5, 0.9)),
        ("160,162", (0.5, 0.9)),
        ("1,1", (1, 1)),
        (".25,.5", (0.25, 0.5)),
    ],
)
def test_a_place_in_the_picture(text: str, share: tuple[float, float]) -> None:
    assert StandAt.parse(text).share((180, 320)) == pytest.approx(share)


def test_a_place_in_a_picture_at_a_time() -> None:
    words = StandAt.parse("0.5,0.9@50%")
    assert words.moment is not None
    assert words.moment.frame(TIMES) == 6


@pytest.mark.parametrize(
    "text", ["", "0.5", "a,b", "-1,0.5", "50%,0.5", "0.5,0.9@", "0.5,0.9@soon", "120%,50%", "1e3,2"]
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"must|stands at"):
        StandAt.parse(text)


def test_pixels_outside_the_picture_are_refused() -> None:
    with pytest.raises(InputError, match="outside the picture, which is 320 x 180"):
        StandAt.parse("400,20").share((180, 320))


def test_the_feet_on_the_ground_in_every_frame() -> None:
    cameras = path()
    found = standing_on(GROUND, cameras, figures(cameras))
    assert isinstance(found, Standing)
    assert found.height == pytest.approx(HEIGHT, rel=0.03)
    wanted = np.stack([feet_at(i) for i in range(NUM_FRAMES)])
    assert np.abs(found.feet[2:-2] - wanted[2:-2]).max() < 0.25
    assert found.depth(cameras[6], 6) == pytest.approx(5.5, rel=0.04)


def test_feet_over_the_horizon_or_cut_off_stand_nowhere() -> None:
    cameras = path()
    assert standing_on(GROUND, cameras, figures(cameras, lower=-2.0)) is None
    assert standing_on(GROUND, cameras, figures(cameras, lower=3.0)) is None


def test_the_actor_in_true_size() -> None:
    """A picture from eye height: a body of 1.8 m is as tall there as the spot is below the horizon, times 1.8 / 1.5."""
    cameras = path()
    where = place(cameras, figures(cameras))
    done = put("0.5,0.6", where, HEIGHT)
    assert done.done
    ground = done.backdrop.ground
    assert ground is not None
    feet, head = where.figures.feet[6], where.figures.heads[6]
    drop = feet[1] - ground.horizon(cameras[6], feet[0])
    assert (feet[1] - head[1]) / drop == pytest.approx(HEIGHT / EYE_HEIGHT_M, rel=0.01)
    depth = cameras[6].project(ground.where(cameras[6], feet[None]))[1][0]
    assert depth == pytest.approx(FOCAL * HEIGHT / (feet[1] - head[1]), rel=1e-6)
    assert any("enlarged" in text and "1.8 m are in scale" in text for text in done.notes)


def test_a_picture_that_shows_too_little_is_told() -> None:
    cameras = path()
    done = put("0.5,0.98", place(cameras, figures(cameras)), HEIGHT)
    assert done.done
    assert any("too large for the actor" in text and "smaller Y" in text for text in done.notes)


def test_without_a_height_the_picture_fills_the_frame() -> None:
    cameras = path()
    done = put("0.5,0.75", place(cameras, figures(cameras)))
    assert "as little as fills the frame" in done.notes[0]
    assert 1 <= done.facts["zoom"] < 1.6


def test_a_place_in_the_sky_is_refused() -> None:
    cameras = path()
    with pytest.raises(InputError, match=r"above the ground's horizon in place\.jpg"):
        put("0.5,0.3", place(cameras, figures(cameras)))


@pytest.mark.parametrize(
    ("lower", "posed", "why"),
    [(1.5, False, "lower border cuts the actor off"), (0.0, True, "taken by the plate's own camera")],
)
def test_where_it_cannot_be_done_nothing_is_moved(lower: float, posed: bool, why: str) -> None:
    cameras = path()
    where = place(cameras, figures(cameras, lower=lower), posed=posed)
    done = put("0.5,0.75", where)
    assert not done.done
    assert done.backdrop is where.backdrop
    assert why in done.notes[0]


def test_a_still_is_shifted_and_enlarged() -> None:
    """A locked-off camera and a picture without depth: the spot comes to the feet, and the frame stays full."""
    cameras = CameraPath((path()[6],) * NUM_FRAMES)
    seen = figures(cameras)
    view = View(np.full((*HW, 3), 0.4, np.float32), np.zeros(HW, np.float32), cameras[6], 6.0)
    where = place(cameras, seen)
    where = Scene(Backdrop("still", (view,)), where.references, where.matchmove, seen, False)
    done = put("0.3,0.8", where)
    assert done.done
    assert done.backdrop.ground is not None
    assert done.backdrop.ground.confidence == 0
    moved = done.backdrop.views[0]
    spot = moved.camera.unproject(np.array([[0.3, 0.8]]) * moved.camera.hw[::-1], np.ones(1))
    assert cameras[6].project(spot)[0][0] == pytest.approx(seen.feet[6], abs=0.01)
    corners = np.array([[0.0, 0], [moved.camera.hw[1], moved.camera.hw[0]]])
    seen_corners = cameras[6].project(moved.camera.unproject(corners, np.ones(2)))[0]
    assert (seen_corners[0] <= 1e-6).all()
    assert (seen_corners[1] >= np.array(HW[::-1]) - 1e-6).all()


@pytest.mark.parametrize(("source", "metres"), [("plate", 0.9 / HEIGHT), ("given", 1.0)])
def test_the_actors_height_gives_metres_on_the_places_ground(source: str, metres: float) -> None:
    """References of the plate's own camera, in any unit; a given camera is in metres already."""
    cameras = path()
    where = place(cameras, figures(cameras), source=source, posed=True)
    settings = Settings(plate=Path("p.mp4"), output=Path("o.mp4"), reference=(), actor_height=0.9)
    plate = ArrayClip(np.zeros((NUM_FRAMES, *HW, 3), np.float32))
    stood = stand(settings, where, plate)
    assert stood.metres_per_unit == pytest.approx(metres, rel=0.03)
    assert stood.standing is not None
    assert stood.occluders is None
    assert "not sure enough" in stood.facts["before_the_actor"]
    scaled = cameras.scaled(metres)
    assert np.allclose(scaled.centers, metres * cameras.centers)
    assert np.allclose(scaled[3].px_from_cam, cameras[3].px_from_cam)


def test_no_metres_where_the_actor_is_not_seen_whole() -> None:
    cameras = path()
    where = place(cameras, figures(cameras, lower=1.5), source="plate", posed=True)
    settings = Settings(plate=Path("p.mp4"), output=Path("o.mp4"), reference=(), actor_height=1.8, occlude=True)
    layered = replace(where, backdrop=replace(where.backdrop, kind="layers"))
    stood = stand(settings, layered, ArrayClip(np.zeros((NUM_FRAMES, *HW, 3), np.float32)))
    assert stood.metres_per_unit is None
    assert stood.standing is None
    assert any("--actor-height gives no metres here" in text for text in stood.notes)
    assert any("--occlude was left out: not decided: the actor's feet" in text for text in stood.notes)
