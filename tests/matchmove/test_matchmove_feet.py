"""The ground under a walker: feet with known paces."""

import numpy as np
import pytest

from cyclorama.core.arrays import Array
from cyclorama.matchmove.actor_feet import ground_under
from cyclorama.matchmove.actor_motion import LEG_HW, ROWS, ActorSight
from cyclorama.matchmove.tracks import Tracks

N, HW = 36, (240, 640)
CYCLE, STANCE = 24, 15
TOP, BOTTOM = 30.0, 210.0
WALK = 4.0


def sight(ground: Array, noise: float = 0.1) -> ActorSight:
    """A walker who goes to the right at ``WALK`` pixels a frame over a ground that goes by ``ground`` (N - 1,)."""
    rng = np.random.default_rng(4)
    paths = []
    body = np.concatenate([[0.0], np.cumsum(ground + WALK)])
    paths += [(300 + x + body, np.full(N, y)) for x, y in rng.uniform((-20, 40), (20, 110), (30, 2))]
    for side in (0, 1):
        phase = (np.arange(N - 1) + side * CYCLE // 2) % CYCLE
        pace = ground + np.where(phase < STANCE, 0.0, WALK * CYCLE / (CYCLE - STANCE))
        foot = np.concatenate([[0.0], np.cumsum(pace)])
        paths += [(300 + x + foot, np.full(N, y)) for x, y in rng.uniform((-12, 200), (12, 209), (6, 2))]
    px = np.stack([np.stack(p, 1) for p in paths]) + rng.normal(0, noise, (len(paths), N, 2))
    track, frame = np.divmod(np.arange(len(paths) * N), N)
    tracks = Tracks(track, frame, px.reshape(-1, 2), HW, N)
    still = np.zeros((N, 4), bool)
    box = np.tile([TOP, BOTTOM, 250.0, 350.0], (N, 1))
    edges = np.zeros((N, ROWS, 2))
    count = len(paths)
    return ActorSight(
        tracks, np.zeros(count), np.zeros(count, int), box, np.full(N, 0.1), still, edges, np.zeros((N, *LEG_HW))
    )


@pytest.mark.parametrize("share", [1.0, 0.8, 1.3])
def test_a_camera_that_follows_is_as_fast_as_the_ground_goes(share: float) -> None:
    ground = -share * WALK * (1 + 0.2 * np.cos(np.linspace(0, np.pi, N - 1)))
    found = ground_under(sight(ground))
    assert found is not None
    assert found.belief > 0.5
    assert np.abs(found.pace - ground).mean() < 0.1 * WALK


@pytest.mark.parametrize("pace", [0.0, 2.0, -9.0])
def test_a_camera_that_does_not_follow_is_not_read(pace: float) -> None:
    found = ground_under(sight(np.full(N - 1, pace)))
    assert found is not None
    assert found.belief == 0
    assert found.followed > 0.6


def test_feet_that_agree_on_nothing_are_not_believed() -> None:
    wild = ground_under(sight(np.full(N - 1, -WALK), noise=8.0))
    assert wild is None or wild.belief < 0.3


def test_feet_out_of_the_picture_say_nothing() -> None:
    whole = sight(np.full(N - 1, -WALK))
    high = whole.tracks.px[:, 1] < 150
    assert ground_under(ActorSight(whole.tracks.keep(high), *list(vars(whole).values())[1:])) is None
