"""Backdrops from references: which kind, how posed, how deep."""

import cv2
import numpy as np
import pytest

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.reference import Reference
from cyclorama.scenery import build_backdrop, draw
from cyclorama.scenery.mapping import mapping
from cyclorama.scenery.stereo import surfaces

HW, FOCAL = (96, 144), 140.0
SHEET = cv2.GaussianBlur(np.random.default_rng(7).random((700, 700, 3), np.float32), (0, 0), 1.2)
SHEET = (SHEET - SHEET.min()) / (SHEET.max() - SHEET.min())
NO_DEPTHS = np.zeros(0)


def camera(x: float, yaw_deg: float = 0.0) -> Camera:
    turn = cv2.Rodrigues(np.array([0, np.radians(yaw_deg), 0]))[0]
    return Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=rigid(turn, np.array([x, 0.02 * x, 0])))


def seen(view: Camera, *, box: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """A slanted wall, with a ``box`` before it: picture 0..1 and inverse depth, by casting rays."""
    h, w = view.hw
    px = np.stack([x.ravel() + 0.5 for x in np.meshgrid(np.arange(w), np.arange(h))], 1)
    rays = view.unproject(px, np.ones(h * w)) - view.center
    depth, at = np.full(h * w, np.inf), np.zeros((h * w, 2))
    planes = [(np.array([0.3, 0.2, 1, -5.0]), 1e9, 0), (np.array([0, 0, 1, -3.0]), 0.5, 250)]
    for n, half, shift in planes if box else planes[:1]:
        t = -(view.center @ n[:3] + n[3]) / (rays @ n[:3])
        p = view.center + rays * t[:, None]
        nearer = (t < depth) & (np.abs(p[:, :2]) < half).all(1)
        depth[nearer] = t[nearer]
        at[nearer] = (p[:, :2] * 45 + 300 + shift)[nearer]
    u, v = at.astype(np.float32).reshape(h, w, 2).transpose(2, 0, 1)
    return cv2.remap(SHEET, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), (1 / depth).reshape(h, w)


def reference(frame: int, hw: tuple[int, int] = HW, seed: int = 1) -> Reference:
    return Reference(np.random.default_rng(seed).random((*hw, 3), np.float32), frame, f"reference {frame}")


LOCKED = CameraPath((camera(0),) * 5)
PANNED = CameraPath(tuple(camera(0, 2.0 * i) for i in range(5)))
TRUCKED = CameraPath(tuple(camera(0.1 * i) for i in range(5)))


def test_the_way_between_two_cameras() -> None:
    one, two = camera(0.2, 5), camera(-0.3, -8)
    px, depth = np.array([[12.5, 70.0], [100.0, 3.5]]), np.array([3.0, 7.5])
    a, b = mapping(one, two)
    wanted, wanted_depth = two.project(one.unproject(px, depth))
    ours = np.concatenate([px, np.ones((2, 1))], 1) @ a.T + b / depth[:, None]
    assert np.allclose(ours[:, :2] / ours[:, 2:], wanted)
    assert np.allclose(ours[:, 2], wanted_depth / depth)


def test_depth_of_a_slanted_wall_and_a_box() -> None:
    cameras = [camera(x) for x in (-0.45, 0.0, 0.5)]
    pictures, truth = zip(*(seen(c) for c in cameras))
    found = [s[..., 0] for s in surfaces(list(pictures), cameras, nearest=0.5)]
    for inverse_depth, real in zip(found, truth):
        assert inverse_depth.shape == HW
        assert inverse_depth.dtype == np.float32
        error = np.abs(inverse_depth - real)[4:-4, 4:-4]
        assert np.median(error) < 0.003  # two thirds of a plane's step, .5 / 127
        assert (error > 0.03).mean() < 0.12
    box = (slice(40, 56), slice(62, 82))
    assert np.median(found[1][box]) == pytest.approx(1 / 3, abs=0.004)


def test_a_sweep_needs_two_pictures() -> None:
    with pytest.raises(ValueError, match="needs two pictures or more, got 1"):
        surfaces([seen(camera(0))[0]], [camera(0)], 1.0)


@pytest.mark.parametrize(
    ("path", "frames", "kind"),
    [
        (LOCKED, (2,), "still"),
        (PANNED, (2,), "panorama"),
        (TRUCKED, (2,), "planes"),
        (LOCKED, (0, 4), "still"),
        (PANNED, (0, 4), "panorama"),
        (TRUCKED, (0, 4), "panorama"),  # nothing shared: no depth to be had
    ],
)
def test_the_kind_follows_from_the_camera(path: CameraPath, frames: tuple[int, ...], kind: str) -> None:
    references = tuple(reference(f) for f in frames)
    backdrop = build_backdrop(references, path, NO_DEPTHS)
    assert backdrop.kind == kind
    assert [v.time for v in backdrop.views] == list(frames)
    for view, given in zip(backdrop.views, references):
        assert np.array_equal(view.camera.world_from_camera, path[given.frame].world_from_camera)
        assert np.array_equal(view.image, given.image)
        assert view.inverse_depth.any() == (kind == "planes")


def test_no_reference_is_no_backdrop() -> None:
    with pytest.raises(ValueError, match="needs a reference, got none"):
        build_backdrop((), LOCKED, NO_DEPTHS)


def test_a_place_of_layers_is_seen_right_between_its_references() -> None:
    """From a camera between the references, against the truth; twice the same."""
    path = CameraPath(tuple(camera(x) for x in np.linspace(-0.45, 0.5, 9)))
    taken = {f: seen(path[f]) for f in (0, 4, 8)}
    references = tuple(Reference(np.ascontiguousarray(p), f, str(f)) for f, (p, _) in taken.items())
    depths = np.concatenate([1 / d[::8, ::8].ravel() for _, d in taken.values()])
    backdrop = build_backdrop(references, path, depths)
    assert backdrop.kind == "layers"
    drawn, wanted = draw(backdrop, path[6], 6.0), seen(path[6])[0]
    error = np.abs(drawn.color - wanted)[6:-6, 6:-6]
    faded = np.abs((references[1].image + references[2].image) / 2 - wanted)[6:-6, 6:-6]
    assert np.median(error) < 0.02
    assert error.mean() < 0.2 * faded.mean()
    assert drawn.coverage.mean() > 0.97
    again = draw(build_backdrop(references, path, depths), path[6], 6.0)
    assert np.array_equal(again.color, drawn.color)


def test_a_place_that_changes_between_its_references_fades_from_one_to_the_other() -> None:
    """A box that only the last picture shows, like a door that has opened."""
    path = CameraPath(tuple(camera(x) for x in np.linspace(-0.45, 0.5, 9)))
    taken = {f: seen(path[f], box=f == 8) for f in (0, 4, 8)}
    references = tuple(Reference(np.ascontiguousarray(p), f, str(f)) for f, (p, _) in taken.items())
    backdrop = build_backdrop(references, path, np.concatenate([1 / d[::8, ::8].ravel() for _, d in taken.values()]))
    box = []
    for i in range(9):
        drawn, (without, far), (with_box, near) = draw(backdrop, path[i], i), seen(path[i], box=False), seen(path[i])
        there = near - far > 0.01
        away, back = (np.abs(drawn.color - wanted)[there].mean() for wanted in (without, with_box))
        box.append(away / (away + back))
        assert np.abs(drawn.color - without)[~there].mean() < 0.02
    assert max(box[:5]) < 0.12
    assert box[8] > 0.8
    assert np.all(np.diff(box[4:]) > 0.02)


@pytest.mark.parametrize("hw", [(96, 288), (300, 150), (48, 72), (200, 432)])
def test_a_wide_or_large_reference_covers_the_frame_and_keeps_its_overhang(hw: tuple[int, int]) -> None:
    """Scaled until it covers; its middle in the frame's middle; the rest is there when the camera turns."""
    view = build_backdrop((reference(0, hw),), PANNED, NO_DEPTHS).views[0]
    scale = max(HW[0] / hw[0], HW[1] / hw[1])
    assert view.camera.hw == (round(hw[0] * scale), round(hw[1] * scale))
    assert min(np.subtract(view.camera.hw, HW)) == 0
    assert np.array_equal(view.camera.px_from_cam[:2, 2], np.array(view.camera.hw[::-1]) / 2)
    assert view.camera.px_from_cam[0, 0] == FOCAL


def test_the_overhang_of_a_wide_reference_is_shown_in_a_pan() -> None:
    wide, narrow = (
        draw(build_backdrop((reference(0, hw),), PANNED, NO_DEPTHS), PANNED[4], 4.0) for hw in ((96, 288), HW)
    )
    middle = slice(16, -16)  # a turn shows more than the picture's height at one side
    assert wide.coverage[middle].all()
    assert not narrow.coverage[middle].all()
