"""What a made-up shot promises: the same pixels every time, and truths that agree with each other."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from cyclorama.synthetic import RenderedFrame, ShotSpec, SyntheticShot, make_shot, reference_frames, render_frame

SMALL = ShotSpec(seed=5, num_frames=3, hw=(90, 160))


@pytest.fixture(scope="module")
def shot() -> SyntheticShot:
    return make_shot(SMALL)


@pytest.fixture(scope="module")
def frame() -> RenderedFrame:
    return render_frame(replace(SMALL, num_frames=24, noise=0.0), 6)


def test_same_seed_same_bytes(shot: SyntheticShot) -> None:
    again = make_shot(SMALL)
    for name in ("plate", "truth", "place"):
        assert getattr(again, name).frames.tobytes() == getattr(shot, name).frames.tobytes()
    assert again.alpha.tobytes() == shot.alpha.tobytes()
    other = render_frame(replace(SMALL, seed=6), 0)
    assert not np.array_equal(other.place, shot.place.frames[0])


def test_shapes_types_and_one_frame_at_a_time(shot: SyntheticShot) -> None:
    assert shot.plate.hw == shot.truth.hw == shot.place.hw == shot.path.hw == (90, 160)
    assert shot.alpha.shape == shot.inverse_depth.shape == (3, 90, 160)
    assert shot.alpha.dtype == shot.inverse_depth.dtype == shot.actor.dtype == np.float32
    alone = render_frame(SMALL, 2)
    assert np.array_equal(alone.plate, shot.plate.frames[2])
    assert np.isfinite(shot.plate.frames).all()
    assert np.isfinite(shot.truth.frames).all()
    assert np.isfinite(shot.inverse_depth).all()


def test_alpha_has_solid_clear_and_partial_pixels(shot: SyntheticShot) -> None:
    alpha = shot.alpha
    assert alpha.min() >= 0.0
    assert alpha.max() <= 1.0
    assert (alpha > 0.999).sum() > 300
    partial = (alpha > 0.02) & (alpha < 0.98)
    assert 50 < partial.sum() < 0.5 * (alpha > 0.02).sum()


def test_truth_is_the_shadowed_place_where_there_is_no_actor(frame: RenderedFrame) -> None:
    clear = frame.alpha == 0
    assert np.array_equal(frame.truth[clear], frame.shadowed[clear])
    untouched = clear & (frame.shadowed == frame.place).all(2)
    assert untouched.mean() > 0.3
    assert np.array_equal(frame.truth[untouched], frame.place[untouched])


@pytest.mark.parametrize("place", ["street", "room", "yard"])
def test_the_actor_darkens_the_place_and_never_brightens_it(place: str) -> None:
    drawn = render_frame(replace(SMALL, place=place, actor="stands", move="static"), 0)
    drop = (drawn.place - drawn.shadowed).mean(2)
    assert drop.min() > -1e-4
    assert (drop > 0.15 * drawn.place.mean(2)).sum() > 40


def test_a_flat_plate_is_the_actor_over_pure_green() -> None:
    drawn = render_frame(replace(SMALL, screen="flat"), 1)
    over = drawn.actor + (1 - drawn.alpha)[..., None] * np.array([0, 1, 0], np.float32)
    np.testing.assert_allclose(drawn.plate, over, atol=1e-6)


def test_the_screen_bounces_on_the_actor_and_the_actor_layer_is_free_of_it(frame: RenderedFrame) -> None:
    solid = frame.alpha == 1.0
    spill = (frame.plate - frame.actor)[solid]
    assert spill.min() > -1e-6
    assert spill[:, 1].mean() > 4 * spill[:, 0].mean() > 0


@pytest.mark.parametrize(("screen", "channel"), [("green", 1), ("blue", 2)])
def test_a_screen_has_its_colour(screen: str, channel: int) -> None:
    drawn = render_frame(replace(SMALL, screen=screen), 0)
    back = drawn.plate[drawn.alpha == 0]
    others = np.delete(np.median(back, 0), channel)
    assert np.median(back[:, channel]) > 3 * others.max()
    assert 0.2 < np.median(back[:, channel]) < 0.9


def test_markers_are_there_or_not() -> None:
    taped = render_frame(replace(SMALL, noise=0.0), 0)
    bare = render_frame(replace(SMALL, noise=0.0, markers=False), 0)
    ratio = (taped.plate[..., 1] / bare.plate[..., 1])[taped.alpha == 0]
    assert 0.005 < (ratio < 0.7).mean() < 0.1
    assert np.abs(ratio - 1).min() == 0
    assert np.array_equal(taped.truth, bare.truth)


def test_noise_is_of_the_plate_alone_and_new_in_every_frame() -> None:
    spec = replace(SMALL, move="static", actor="stands", noise=2.0)
    clean, noisy = render_frame(replace(spec, noise=0.0), 0), render_frame(spec, 0)
    assert np.array_equal(clean.truth, noisy.truth)
    grain = noisy.plate - clean.plate
    assert 0.002 < grain.std() < 0.05
    later = render_frame(spec, 1).plate - render_frame(replace(spec, noise=0.0), 1).plate
    assert abs(np.corrcoef(grain.ravel(), later.ravel())[0, 1]) < 0.05


def test_motion_blur_widens_moving_edges() -> None:
    spec = replace(SMALL, num_frames=24, move="static", noise=0.0)
    sharp, blurred = render_frame(spec, 12), render_frame(replace(spec, motion_blur=True), 12)
    partial = [np.count_nonzero((f.alpha > 0.02) & (f.alpha < 0.98)) for f in (sharp, blurred)]
    assert partial[1] > 1.15 * partial[0]
    assert abs(sharp.alpha.sum() / blurred.alpha.sum() - 1) < 0.03
    assert np.array_equal(sharp.inverse_depth, blurred.inverse_depth)


def test_references_are_views_with_true_depth_and_camera(shot: SyntheticShot) -> None:
    assert reference_frames(24) == {"begin": 0, "middle": 12, "end": 23}
    first, middle, last = shot.references()
    assert (first.time, middle.time, last.time) == (0.0, 1.0, 2.0)
    assert np.array_equal(middle.image, shot.place.frames[1])
    assert np.array_equal(last.inverse_depth, shot.inverse_depth[2])
    assert last.camera is shot.path[2]
    assert len(shot.references((1,))) == 1
    with pytest.raises(IndexError, match=r"0\.\.2"):
        shot.references((7,))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"place": "moon"}, "place must be one of street, room, yard, got 'moon'"),
        ({"actor": "flies"}, "actor must be one of"),
        ({"move": "truck+fly"}, "move must be of static"),
        ({"screen": "red"}, "screen must be one of"),
        ({"amount": 4.0}, r"amount must be 0\.\.3, got 4\.0"),
        ({"noise": -1.0}, "noise must be"),
        ({"hw": (8, 200)}, "a shot must have"),
        ({"rate": Fraction(0)}, "a shot must have"),
    ],
)
def test_a_wrong_spec_says_what_must_hold(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(SMALL, **changes)


def test_a_frame_outside_the_shot_is_an_index_error() -> None:
    with pytest.raises(IndexError, match=r"0\.\.2, got 3"):
        render_frame(SMALL, 3)
