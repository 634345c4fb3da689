"""What references share, and the camera that follows from it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from matchmove_places import PLACE, WALL, place_seen
from matchmove_world import FOCAL, HW, MOVES, facing, texture

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.lens import Lens
from cyclorama.core.reference import Reference
from cyclorama.matchmove.between import path_between
from cyclorama.matchmove.camera import from_references, triangulate_references
from cyclorama.matchmove.match import MIN_MATCHES, components, match_references
from cyclorama.matchmove.tracks import Tracks

SHEET = texture((400, 600), 5, blur=2.0)


def crop(left: float, top: float, frame: int, scale: float = 1.0) -> Reference:
    """``HW`` pixels of the sheet, drawn at ``scale`` times the size: pixel (u, v) of ``HW`` is (u + left, v + top) of
    the sheet, centres at one half."""
    h, w = round(HW[0] * scale), round(HW[1] * scale)
    half = np.array([0.5, 0.5])
    offset = scale * (half - np.array([left, top])) - half
    image = cv2.warpAffine(
        SHEET, np.array([[scale, 0, offset[0]], [0, scale, offset[1]]]), (w, h), flags=cv2.INTER_LANCZOS4
    )
    return Reference(np.maximum(image, 0), frame, f"crop {frame}")


def noise_picture(seed: int, frame: int) -> Reference:
    return Reference(texture(HW, seed, blur=2.0), frame, f"noise {frame}")


def of_frame(tracks: Tracks, frame: int) -> dict[int, np.ndarray]:
    on = tracks.frame == frame
    return dict(zip(tracks.track[on].tolist(), tracks.px[on]))


def test_the_same_point_is_found_in_both() -> None:
    """One picture larger than the plate, as references are; both in pixels of the plate."""
    shared = match_references((crop(100, 90, 0), crop(163.25, 70.5, 8, scale=2.0)), HW, 9)
    one, two = of_frame(shared, 0), of_frame(shared, 8)
    assert set(one) == set(two)
    assert len(one) >= 3 * MIN_MATCHES
    error = np.array([one[t] + [100, 90] - two[t] - [163.25, 70.5] for t in one])
    assert np.percentile(np.linalg.norm(error, axis=1), 90) < 0.6
    assert np.abs(np.median(error, axis=0)).max() < 0.2


def test_positions_have_pixel_centres_at_one_half() -> None:
    """A picture and its mirror image: what is at u in one is at w - u in the other."""
    picture = crop(100, 90, 0)
    flipped = replace(picture, image=np.ascontiguousarray(picture.image[::-1, ::-1]), frame=1)
    shared = match_references((picture, flipped), HW, 2)
    one, two = of_frame(shared, 0), of_frame(shared, 1)
    assert len(one) > MIN_MATCHES
    total = np.array([one[t] + two[t] for t in one])
    assert np.abs(np.median(total, axis=0) - [HW[1], HW[0]]).max() < 0.1


def test_unrelated_pictures_share_nothing() -> None:
    references = (noise_picture(11, 0), noise_picture(12, 4), noise_picture(13, 8))
    shared = match_references(references, HW, 9)
    assert shared.num_tracks == 0
    assert components(shared) == []
    found = from_references(references, HW, 9, focal_px=None)
    assert found.source == "none"
    assert found.path.is_locked_off
    assert "no two references share" in found.notes[0]
    path = CameraPath.locked_off(num_frames=9, hw=HW, focal_px=FOCAL)
    points = triangulate_references(references, path)
    assert len(points.depths) == 0
    assert np.isinf(points.median_px)


def test_groups_of_references() -> None:
    """Two pairs of places and a stranger among them; frames 0 and 6 hang together through 3."""
    references = (crop(60, 90, 0), crop(160, 90, 3), crop(260, 90, 6), noise_picture(11, 5), noise_picture(11, 8))
    shared = match_references(references, HW, 9)
    assert components(shared) == [[0, 3, 6], [5, 8]]
    found = from_references(references, HW, 9, focal_px=FOCAL)
    assert found.source == "references"
    assert "0, 3, 6" in found.notes[0]
    assert "5, 8" in found.notes[1]


@pytest.mark.parametrize("planes", [pytest.param(PLACE, id="place"), pytest.param(WALL, id="wall")])
def test_the_camera_of_a_bare_screen_comes_from_the_references(
    planes: list[tuple[np.ndarray, tuple[float, float]]],
) -> None:
    """Three views of a place: their relative poses, and a smooth path through them."""
    frames = (0, 4, 8)
    truth = {f: MOVES["orbit"](f / 8 * 0.8) for f in frames}
    references = tuple(place_seen(truth[f], f, planes) for f in frames)
    found = from_references(references, HW, 9, focal_px=FOCAL)
    assert found.source == "references"
    for frame in frames[1:]:
        ours = found.path[0].camera_from_world @ found.path[frame].world_from_camera
        real = truth[0].camera_from_world @ truth[frame].world_from_camera
        assert np.degrees(np.linalg.norm(cv2.Rodrigues(ours[:3, :3].T @ real[:3, :3])[0])) < 0.5
        cosine = ours[:3, 3] @ real[:3, 3] / np.linalg.norm(ours[:3, 3]) / np.linalg.norm(real[:3, 3])
        assert np.degrees(np.arccos(cosine)) < 5


def test_what_references_share_is_put_at_its_depth() -> None:
    """Of a wall at a slant: seen by the true cameras its points lie on it, within what the pictures show."""
    cameras = {f: MOVES["orbit"](f / 10) for f in (0, 4, 8)}
    references = tuple(place_seen(c, f, WALL) for f, c in cameras.items())
    path = path_between(list(cameras.values()), list(cameras), 9)
    shared = triangulate_references(references, path)
    assert shared.median_px < 0.4
    assert len(shared.depths) > 2 * MIN_MATCHES
    px, n = np.array([[0.5, 67.5], [239.5, 67.5]]), WALL[0][0]
    edges = [-(c.center @ n[:3] + n[3]) / ((c.unproject(px, np.ones(2)) - c.center) @ n[:3]) for c in cameras.values()]
    low, high = np.percentile(shared.depths, [1, 99])
    assert np.min(edges) * 0.98 < low < np.min(edges) * 1.15
    assert np.median(edges) < high < np.max(edges) * 1.02


def test_a_wrong_camera_does_not_explain_the_references() -> None:
    references = tuple(place_seen(MOVES["orbit"](f / 10), f, PLACE) for f in (0, 8))
    turned = MOVES["orbit"](0.8)
    wrong = replace(turned, world_from_camera=turned.world_from_camera @ rigid(facing(0, 0, 0.3), np.zeros(3)))
    assert triangulate_references(references, path_between([MOVES["orbit"](0), wrong], [0, 8], 9)).median_px > 5


@pytest.mark.parametrize("through", [True, False])
def test_whether_references_were_taken_through_the_plates_lens_is_seen(through: bool) -> None:
    cameras = {f: replace(MOVES["orbit"](f / 10), lens=Lens(-0.15)) for f in (0, 4, 8)}
    references = tuple(place_seen(c if through else c.pinhole, f, PLACE) for f, c in cameras.items())
    path = CameraPath(tuple(replace(MOVES["orbit"](f / 10), lens=Lens(-0.15)) for f in range(9)))
    found = triangulate_references(references, path)
    assert found.through_lens == through
    assert found.median_px < 0.6
    plain = CameraPath(tuple(c.pinhole for c in path.cameras))
    assert not triangulate_references(references, plain).through_lens


def posed(yaw_deg: float, x: float, focal: float = FOCAL) -> Camera:
    pose = rigid(facing(np.radians(yaw_deg)), np.array([x, 0.0, 2 * x]))
    return Camera.from_focal(hw=HW, focal_px=focal, world_from_camera=pose)


@pytest.mark.parametrize("frames", [[2, 9], [2, 5, 9], [2, 4, 7, 9]])
def test_a_path_passes_through_its_poses_and_is_held_outside(frames: list[int]) -> None:
    cameras = [posed(4 * f, 0.1 * f, FOCAL + f) for f in frames]
    path = path_between(cameras, frames, 13)
    assert len(path) == 13
    for frame in range(13):
        held = min(max(frame, 2), 9)
        if held in frames:
            wanted = cameras[frames.index(held)]
            assert np.allclose(path[frame].world_from_camera, wanted.world_from_camera, atol=1e-9)
            assert np.allclose(path[frame].px_from_cam, wanted.px_from_cam)
    assert (np.diff(path.centers[2:10, 0]) > 0).all()


def test_a_turn_about_every_axis_does_not_depend_on_the_worlds() -> None:
    cameras = [posed(0, 0), posed(30, 0.2), posed(55, 1.0)]
    world = rigid(facing(2.0, -1.0, 0.7), np.array([4.0, -2, 1]))
    moved = [Camera(c.hw, c.px_from_cam, world @ c.world_from_camera) for c in cameras]
    one, two = (path_between(c, [0, 3, 10], 11) for c in (cameras, moved))
    for a, b in zip(one.cameras, two.cameras):
        assert np.allclose(world @ a.world_from_camera, b.world_from_camera, atol=1e-9)


def test_a_path_keeps_the_lens_of_its_poses() -> None:
    cameras = [replace(posed(2.0 * i, 0.1 * i), lens=Lens(-0.1, 0.01)) for i in range(3)]
    assert {c.lens for c in path_between(cameras, [0, 3, 7], 9).cameras} == {Lens(-0.1, 0.01)}


def test_one_pose_is_a_still_camera_and_frames_must_increase() -> None:
    assert path_between([posed(3, 1)], [4], 6).is_locked_off
    for frames in ([5, 2], [3, 3], [1]):
        with pytest.raises(ValueError, match="must pair up, got 2 and"):
            path_between([posed(0, 0), posed(1, 1)], frames, 6)
