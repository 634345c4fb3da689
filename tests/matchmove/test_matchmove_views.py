"""How pictures fit each other and a known path: upright, in order, of another lens, of another place."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from matchmove_places import PLACE, place_seen
from matchmove_world import FOCAL, HW, texture

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.reference import Reference
from cyclorama.matchmove import (
    aside,
    hidden_misfits,
    loose_sentence,
    place_pictures,
    upside_down,
    views_of,
    zooms_of,
)
from cyclorama.matchmove.match import MIN_MATCHES, match_references

NUM = 13


def camera(t: float) -> Camera:
    """An arc with a rise: t 0..1."""
    turn = cv2.Rodrigues(np.array([0.02 * t, -0.25 * (t - 0.5), 0]))[0]
    at = np.array([1.2 * (t - 0.5), -0.3 * t * t, 0.2 * np.sin(3 * t)])
    return Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=rigid(turn, at))


PATH = CameraPath(tuple(camera(i / (NUM - 1)) for i in range(NUM)))
TAKEN = (0, 6, 12)
PICTURES = tuple(place_seen(PATH[f], f, PLACE) for f in TAKEN)


def other_place(frame: int) -> Reference:
    return Reference(texture(HW, 77, blur=2.0), frame, "elsewhere")


def turned(reference: Reference, quarters: int) -> Reference:
    return replace(reference, image=np.ascontiguousarray(np.rot90(reference.image, quarters)), name="turned")


def longer(reference: Reference, zoom: float) -> Reference:
    """The middle of a picture, as a lens ``zoom`` times as long shows it."""
    h, w = HW
    middle = np.array([w / 2, h / 2])
    offset = middle - zoom * middle + (zoom - 1) * 0.5
    image = cv2.warpAffine(
        reference.image, np.array([[zoom, 0, offset[0]], [0, zoom, offset[1]]]), (w, h), flags=cv2.INTER_CUBIC
    )
    return replace(reference, image=np.maximum(image, 0), name="longer")


def test_tracks_are_those_of_the_references() -> None:
    """The same that the solve from references follows."""
    views, wanted = views_of(PICTURES, HW), match_references(PICTURES, HW, NUM)
    found = views.tracks(TAKEN, NUM)
    assert np.array_equal(found.track, wanted.track)
    assert np.array_equal(found.frame, wanted.frame)
    assert np.allclose(found.px, wanted.px)


def test_some_of_the_views_in_another_order() -> None:
    views = views_of(PICTURES, HW)
    back = views.taken([2, 0])
    assert back.names == (PICTURES[2].name, PICTURES[0].name)
    one, two = views.shared_px(0, 2)
    assert np.array_equal(back.shared_px(0, 1)[0], two)
    assert np.array_equal(back.shared_px(0, 1)[1], one)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_the_one_that_stands_on_its_head_is_told(which: int) -> None:
    pictures = [turned(r, 2) if i == which else r for i, r in enumerate(PICTURES)]
    views = views_of(pictures, HW)
    assert upside_down(views) == tuple(i == which for i in range(3))
    righted, upright = views.turned(upside_down(views)), views_of(PICTURES, HW)
    near = np.median(righted.shared_px(0, 2)[0], 0) - np.median(upright.shared_px(0, 2)[0], 0)
    assert np.abs(near).max() < 12
    assert upside_down(righted) == (False,) * 3
    assert not aside(views)


def test_of_two_the_second_is_wrong() -> None:
    assert upside_down(views_of([PICTURES[0], turned(PICTURES[1], 2)], HW)) == (False, True)
    assert upside_down(views_of([turned(PICTURES[0], 2), turned(PICTURES[1], 2)], HW)) == (False, False)


def test_a_picture_on_its_side_is_told() -> None:
    views = views_of([PICTURES[0], turned(PICTURES[0], 1)], HW)
    assert aside(views) == ((0, 1),)
    assert not any(upside_down(views))


def test_a_picture_of_another_place_is_told_with_its_partner() -> None:
    views = views_of([*PICTURES[:2], other_place(12)], HW)
    assert views.alone == (2,)
    assert f"{MIN_MATCHES} are needed" in loose_sentence(views, 2)
    assert "elsewhere does not fit: it shares most with view" in loose_sentence(views, 2)
    assert hidden_misfits(views, [PATH[f] for f in TAKEN]) == (2,)
    away = Camera.from_focal(
        hw=HW, focal_px=FOCAL, world_from_camera=rigid(cv2.Rodrigues(np.array([0, 2.0, 0]))[0], np.zeros(3))
    )
    assert hidden_misfits(views, [PATH[0], PATH[6], away]) == ()
    assert hidden_misfits(views_of([PICTURES[0], other_place(12)], HW), [PATH[0], PATH[12]]) == ()


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 0, 2), (2, 0, 1), (1, 2)])
def test_untimed_pictures_are_put_where_the_path_saw_them(order: tuple[int, ...]) -> None:
    placed = place_pictures(views_of([PICTURES[i] for i in order], HW), PATH)
    assert placed is not None
    assert np.abs(np.subtract(placed.frames, [TAKEN[i] for i in order])).max() <= 1
    assert placed.placed_px < 0.5 * placed.given_px


def test_what_is_in_order_stays_and_what_cannot_be_known_is_not_guessed() -> None:
    assert place_pictures(views_of(PICTURES, HW), PATH) is None
    still = CameraPath.locked_off(num_frames=NUM, hw=HW, focal_px=FOCAL)
    assert place_pictures(views_of(PICTURES[::-1], HW), still) is None
    assert place_pictures(views_of([PICTURES[0], other_place(1)], HW), PATH) is None


@pytest.mark.parametrize(("which", "zoom"), [(0, 1.4), (1, 1.25), (2, 1.7)])
def test_a_longer_lens_is_measured(which: int, zoom: float) -> None:
    pictures = [longer(r, zoom) if i == which else r for i, r in enumerate(PICTURES)]
    found = zooms_of(views_of(pictures, HW), TAKEN, PATH)
    assert abs(found[which] / zoom - 1) < 0.015
    assert [z for i, z in enumerate(found) if i != which] == [1, 1]


def test_the_plates_own_focal_length_is_left_alone() -> None:
    assert zooms_of(views_of(PICTURES, HW), TAKEN, PATH) == (1, 1, 1)
    assert zooms_of(views_of([PICTURES[0], other_place(12)], HW), (0, 12), PATH) == (1, 1)
    views = views_of([longer(PICTURES[0], 1.5), *PICTURES[1:]], HW)
    assert zooms_of(views.zoomed((1.5, 1, 1)), TAKEN, PATH) == (1, 1, 1)
