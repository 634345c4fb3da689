"""What stands before the actor hides him, and nothing else does."""

import cv2
import numpy as np
import pytest
from pillar_world import DARK, HEIGHT, NUM_FRAMES, PATH, actor, backdrop, standing, view

from cyclorama.comp import flatten
from cyclorama.core.backdrop import Backdrop
from cyclorama.core.clip import ArrayClip
from cyclorama.core.layers import Foreground
from cyclorama.core.shot import Shot
from cyclorama.engines import make_engine
from cyclorama.scenery import cover, draw, occluders


class RedActor:
    """The figure, of one colour."""

    def foreground(self, index: int, _: np.ndarray) -> Foreground:
        alpha = actor(index)
        return Foreground(alpha[..., None] * np.float32([0.9, 0.1, 0.1]), alpha)


def hidden(place: Backdrop, index: int) -> np.ndarray | None:
    masks = occluders(place, standing(), PATH, range(NUM_FRAMES))
    if masks is None:
        return None
    return cover(place, masks, draw(place, PATH[index], index), PATH[index], (standing(), index, actor(index)))


@pytest.mark.parametrize("index", range(0, NUM_FRAMES, 2))
def test_a_pillar_before_the_actor_hides_him(index: int) -> None:
    """Known answer: where the pillar is in the frame, all of him; three pixels beside it, nothing."""
    found = hidden(backdrop(), index)
    assert found is not None
    truth = (view(index).image == np.float32(DARK)).all(2).astype(np.uint8)
    inside = (cv2.erode(truth, np.ones((5, 5))) > 0) & (actor(index) > 0)
    outside = cv2.dilate(truth, np.ones((7, 7))) == 0
    assert inside.sum() > 100
    assert found[inside].min() > 0.97
    assert found[outside].max() < 0.03
    assert 0 <= found.min() <= found.max() <= 1


@pytest.mark.parametrize(
    ("pillar", "why"),
    [
        ({"pillar_z": 4.6}, "it stands behind him"),
        ({"pillar_z": 4.0 - 0.3 * HEIGHT}, "it is no further before him than an arm reaches"),
        ({"pillar_z": 2.2, "pillar_top": 1.42}, "it hardly rises from the ground"),
        ({"pillar_z": None}, "there is none"),
    ],
)
def test_in_doubt_nothing_hides_him(pillar: dict[str, float | None], why: str) -> None:
    assert hidden(backdrop(**pillar), 4) is None, why


def test_what_one_view_alone_saw_hides_nothing_unless_its_depth_was_given() -> None:
    odd = Backdrop("layers", (view(0, pillar_z=None), view(4), view(8, pillar_z=None)), ground=standing().ground)
    assert occluders(odd, standing(), PATH, range(NUM_FRAMES)) is None
    alone = Backdrop("layers", (view(4),), ground=standing().ground)
    assert occluders(alone, standing(), PATH, range(NUM_FRAMES)) is None
    assert occluders(alone, standing(), PATH, range(NUM_FRAMES), given=True) is not None


def test_as_much_is_hidden_in_every_frame_as_the_pillar_hides() -> None:
    """No part comes and goes from frame to frame."""
    for index in range(NUM_FRAMES):
        found, alpha = hidden(backdrop(), index), actor(index)
        truth = ((view(index).image == np.float32(DARK)).all(2) * alpha).sum()
        assert found is not None
        assert 0.95 * truth < (found * alpha).sum() < 1.2 * truth, index


def test_the_engine_shows_the_pillar_and_keeps_the_actor_elsewhere() -> None:
    plate = ArrayClip(np.zeros((NUM_FRAMES, *PATH.hw, 3), np.float32))
    place = backdrop()
    masks = occluders(place, standing(), PATH, range(NUM_FRAMES))
    front = make_engine("geometry").render(Shot(plate, RedActor(), PATH, None, standing(), masks), place, 4)
    plain = make_engine("geometry").render(Shot(plate, RedActor(), PATH, None, standing()), place, 4)
    assert plain.cover is None
    assert front.cover is not None
    full = RedActor().foreground(4, plate.frame(4))
    assert np.allclose(front.actors[0].color, full.color * (1 - front.cover[..., None]))
    assert np.allclose(front.actors[0].alpha, full.alpha * (1 - front.cover))
    picture, before = flatten(front), flatten(plain)
    solid = (front.cover > 0.99) & (actor(4) > 0)
    assert np.abs(picture[solid] - DARK).max() < 0.03
    assert (before[solid, 0] > 0.8).all()
    assert np.array_equal(picture[front.cover == 0], before[front.cover == 0])
