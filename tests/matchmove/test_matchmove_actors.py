"""The camera from several people in one matte: what they share is the camera's, what goes with distance is parallax."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from paper_doll import HW, Doll, Motion, group, jitter
from test_matchmove_actor import FOCAL, N, eased, far_point, stride

from cyclorama.core.arrays import Array
from cyclorama.matchmove.actor_camera import ENOUGH, ActorCamera, camera_from_actor
from cyclorama.matchmove.actor_figures import Split

NEAR, FAR = Doll(foot=(80.0, 225.0), height=200.0), Doll(foot=(235.0, 178.0), height=110.0)
MIDDLE = np.array([HW[1] / 2, HW[0] / 2])


def away(doll: Doll) -> float:
    """Metres to a doll of 1.75 m."""
    return FOCAL * 1.75 / doll.height


def moved(doll: Doll, t: float, *, pan_px: float = 0.0, truck_m: float = 0.0, push_m: float = 0.0) -> Doll:
    """A doll as a camera sees it that pans (pixels to the right), trucks and pushes, by ``t`` of the way less half."""
    s = eased(t) - 0.5
    before, now = away(doll), away(doll) - push_m * s
    x, y = (np.array(doll.foot) - MIDDLE) * before / now + MIDDLE
    shift = -pan_px * s - FOCAL * truck_m * s / now
    return replace(doll, foot=(x + shift, y), height=doll.height * before / now, turn=-truck_m * s / now * 0.65)


def under(**camera: float) -> list[Motion]:
    return [lambda t: moved(NEAR, t, **camera), lambda t: moved(FAR, t, **camera)]


def shaken(doll: Doll) -> Motion:
    strays = jitter(N, 3.0)

    def motion(t: float) -> Doll:
        x, y = strays[round(t * (N - 1))]
        return replace(doll, foot=(doll.foot[0] + x, doll.foot[1] + y))

    return motion


def walker(t: float) -> Doll:
    step = stride(t, 60.0)
    return replace(step, foot=(step.foot[0] + 70, step.foot[1] - 40), height=130.0)


def slid(doll: Doll, px: float) -> Motion:
    return lambda t: replace(doll, foot=(doll.foot[0] + px * (eased(t) - 0.5), doll.foot[1]))


GROUPS: dict[str, list[Motion]] = {
    "still": [lambda _: NEAR, lambda _: FAR],
    "handheld": [shaken(NEAR), shaken(FAR)],
    "pan": under(pan_px=60.0),
    "truck": under(truck_m=-0.8),
    "push": under(push_m=0.7),
    "zoom": [
        lambda t, d=d: replace(  # type: ignore[misc]
            d,
            height=d.height * 1.25 ** (eased(t) - 0.5),
            foot=tuple((np.array(d.foot) - MIDDLE) * 1.25 ** (eased(t) - 0.5) + MIDDLE),
        )
        for d in (replace(NEAR, height=160.0, foot=(80.0, 190.0)), FAR)
    ],
    "around": under(truck_m=1.2, pan_px=-1.2 * FOCAL / 3.5),
    "one walks": [slid(NEAR, 0.0), walker],
    "apart": [slid(NEAR, 50.0), slid(FAR, -50.0)],
}


@cache
def answer(name: str) -> ActorCamera:
    plate, alpha = group(GROUPS[name], N)
    return camera_from_actor(plate, lambda i, _: alpha[i], N // 2, focal_px=FOCAL)


@pytest.mark.parametrize(
    ("name", "kind", "direction"),
    [
        ("still", "static", ""),
        ("handheld", "handheld", ""),
        ("pan", "pan", "right"),
        ("truck", "truck", "left"),
        ("push", "push", "in"),
        ("zoom", "zoom", "in"),
        ("around", "orbit", "right"),
    ],
)
def test_people_who_stand_tell_the_move_together(name: str, kind: str, direction: str) -> None:
    found = answer(name)
    assert (found.kind, found.direction) == (kind, direction), found.sentence
    assert found.confidence > ENOUGH
    assert found.moves == (kind != "static")


def test_parallax_between_people_gives_the_way_of_the_camera() -> None:
    truck, pan, around = answer("truck").path, answer("pan").path, answer("around").path
    assert truck.centers[-1, 0] - truck.centers[0, 0] == pytest.approx(-0.8, rel=0.15)
    assert np.abs(far_point(truck)).max() < 3.0
    assert np.ptp(far_point(pan)[:, 0]) == pytest.approx(60, rel=0.15)
    assert np.abs(pan.centers).max() < 0.05
    assert around.centers[-1, 0] - around.centers[0, 0] == pytest.approx(1.2, rel=0.2)
    assert np.ptp(far_point(around)[:, 0]) == pytest.approx(1.2 * FOCAL / 3.5, rel=0.2)


def test_a_zoom_is_told_from_a_push_by_whom_it_makes_grow() -> None:
    zoom, push = answer("zoom").path, answer("push").path
    focals = [c.px_from_cam[0, 0] for c in zoom.cameras]
    assert focals[-1] / focals[0] == pytest.approx(1.25, rel=0.03)
    assert np.abs(zoom.centers).max() < 0.05
    assert push.centers[-1, 2] - push.centers[0, 2] == pytest.approx(0.7, rel=0.15)
    assert push[0].px_from_cam[0, 0] == pytest.approx(push[N - 1].px_from_cam[0, 0], rel=0.01)


def test_who_walks_says_nothing_beside_one_who_stands() -> None:
    found = answer("one walks")
    assert (found.kind, found.direction) == ("static", "")
    assert found.confidence > ENOUGH


def test_people_who_move_each_in_its_own_way_leave_the_camera_locked_off() -> None:
    found = answer("apart")
    assert found.path.is_locked_off
    assert found.confidence < 0.2
    assert "each in its own way" in found.sentence


def masks(*columns: tuple[int, ...]) -> list[Array]:
    """Frames of squares 10 pixels wide at columns."""
    out = np.zeros((len(columns), 40, 100), np.uint8)
    for frame, starts in zip(out, columns):
        for x in starts:
            frame[10:30, x : x + 10] = 1
    return list(out)


def test_figures_keep_their_numbers_until_they_meet() -> None:
    split = Split()
    first, second = [split.look(m) for m in masks((10, 60), (14, 55))]
    assert split.count == 2
    assert first[15, 12] == second[15, 16] != first[15, 65] == second[15, 60]
    met = split.look(masks((45, 55))[0])
    assert split.count == 1
    assert not met.any()


def test_specks_are_no_figures() -> None:
    speck = masks((10, 60))[0]
    speck[12:14, 85:87] = 1
    split = Split()
    split.look(speck)
    split.look(masks((10, 60))[0])
    assert split.count == 2
    alone = Split()
    assert not alone.look(masks((10,))[0]).any()
    assert alone.count == 1
