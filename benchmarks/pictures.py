"""Cameras of unordered pictures, ours and pycolmap's plain incremental pipeline (if it is there) on the same pictures:
``pictures.py FOLDER...``. A folder holds ``poses.json`` and its pictures, or a ``camera.json`` and the ``place.mp4``
that it saw. Intrinsics unknown to both, then known to both; seconds of CPU, reading the pictures included."""

import argparse
import json
import random
import resource
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera
from cyclorama.core.display import linear_from_code8
from cyclorama.core.lens import Lens
from cyclorama.matchmove.pictures import Picture, solve_pictures

COLUMNS = (
    "set",
    "intrinsics",
    "solver",
    "posed",
    "rot mean",
    "rot median",
    "trans % mean",
    "median",
    "focal %",
    "CPU s",
)
STILL = 0.05  # an extent of the places below this, in units of the truth, is no motion


@dataclass(frozen=True)
class View:
    """A picture's file, the true camera, and whether all of the set share one."""

    file: Path
    camera: Camera
    shared: bool


Poses = list[Camera | None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="sets of pictures")
    parser.add_argument("--skip-rival", action="store_true", help="ours alone")
    words = parser.parse_args()
    solvers: dict[str, Callable[[list[View], bool], Poses]] = {"ours": ours}
    if not words.skip_rival:
        solvers["pycolmap"] = rival
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    for folder in words.folders:
        with tempfile.TemporaryDirectory() as scratch:
            views = _views(folder, Path(scratch))
            random.Random(0).shuffle(views)
            ours([replace(v, shared=True) for v in views[:6]], False)  # compiles
            for known in (False, True):
                for name, solver in solvers.items():
                    begin = _cpu_s()
                    found = solver(views, known)
                    cells = _cells(found, [v.camera for v in views])
                    kind = "known" if known else "unknown"
                    print(f"| {folder.name} | {kind} | {name} | {cells} | {_cpu_s() - begin:.0f} |", flush=True)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _views(folder: Path, scratch: Path) -> list[View]:
    if (folder / "poses.json").exists():
        return _posed_files(folder)
    record = json.loads((folder / "camera.json").read_text())
    clip = cv2.VideoCapture(str(folder / "place.mp4"))
    views = []
    for index, frame in enumerate(record["frames"]):
        ok, picture = clip.read()
        if not ok:
            break
        file = scratch / f"{index:04d}.png"
        cv2.imwrite(str(file), picture)
        views.append(View(file, _camera(frame, np.array(frame["camera_to_world"]), picture.shape[:2]), True))
    return views


def _posed_files(folder: Path) -> list[View]:
    frames = json.loads((folder / "poses.json").read_text())["frames"]
    cameras = []
    for frame in frames:
        h, w = cv2.imread(str(folder / frame["file"])).shape[:2]
        cameras.append(_camera(frame, np.array(frame["c2w_opencv"]), (h, w)))
    shared = len({c.px_from_cam.tobytes() for c in cameras}) == 1
    return [View(folder / f["file"], c, shared) for f, c in zip(frames, cameras)]


def _camera(frame: dict[str, float], pose: Array, hw: tuple[int, int]) -> Camera:
    focal = (frame["fx"] + frame["fy"]) / 2
    px_from_cam = np.array([[focal, 0, frame["cx"]], [0, focal, frame["cy"]], [0, 0, 1]])
    u, _, vt = np.linalg.svd(pose[:3, :3])  # written with few digits
    world_from_camera = np.eye(4)
    world_from_camera[:3] = np.hstack([u @ vt, pose[:3, 3:]])
    k1, k2 = (*frame.get("dist", (0, 0)), 0, 0)[:2]  # type: ignore[misc]
    return Camera(hw, px_from_cam, world_from_camera, Lens(k1, k2))


def ours(views: list[View], known: bool) -> Poses:
    def picture(view: View) -> Picture:
        image = linear_from_code8(cv2.cvtColor(cv2.imread(str(view.file)), cv2.COLOR_BGR2RGB))
        if not known:
            return Picture(image, view.file.name)
        k = view.camera.px_from_cam
        return Picture(image, view.file.name, float(k[0, 0]), (k[0, 2], k[1, 2]), view.camera.lens)

    return list(solve_pictures(map(picture, views), one_lens=views[0].shared).cameras)


def rival(views: list[View], known: bool) -> Poses:
    """pycolmap with its defaults: SIFT, exhaustive matching, incremental mapping; the largest model. The camera is
    SIMPLE_RADIAL where it is unknown and RADIAL where it is given, one for all where all share one."""
    import pycolmap

    pycolmap.logging.minloglevel = 2  # errors
    folder, names = views[0].file.parent, [v.file.name for v in views]
    options, mapping = pycolmap.ImageReaderOptions(), pycolmap.IncrementalPipelineOptions()
    options.camera_model = "RADIAL" if known else "SIMPLE_RADIAL"
    one = views[0].shared and not known
    if known:
        mapping.ba_refine_focal_length = mapping.ba_refine_extra_params = False
        mapping.mapper.abs_pose_refine_focal_length = mapping.mapper.abs_pose_refine_extra_params = False
    with tempfile.TemporaryDirectory() as scratch:
        database = Path(scratch) / "database.db"
        mode = pycolmap.CameraMode.SINGLE if one else pycolmap.CameraMode.PER_IMAGE
        extras = {"camera_mode": mode, "reader_options": options, "device": pycolmap.Device.cpu}
        pycolmap.extract_features(database, folder, names, **extras)
        if known:
            _tell(database, {v.file.name: v.camera for v in views})
        pycolmap.match_exhaustive(database, device=pycolmap.Device.cpu)
        models = pycolmap.incremental_mapping(database, folder, scratch, mapping)
    found: dict[str, Camera] = {}
    if models:
        best = max(models.values(), key=lambda m: m.num_reg_images())
        for image in best.images.values():
            if image.has_pose:
                pose = np.eye(4)
                pose[:3] = image.cam_from_world().inverse().matrix()
                hw = (image.camera.height, image.camera.width)
                found[image.name] = Camera.from_focal(hw=hw, focal_px=image.camera.params[0], world_from_camera=pose)
    return [found.get(name) for name in names]


def _tell(database: Path, cameras: dict[str, Camera]) -> None:
    import pycolmap

    with pycolmap.Database.open(database) as opened:
        for image in opened.read_all_images():
            camera, k = opened.read_camera(image.camera_id), cameras[image.name].px_from_cam
            lens = cameras[image.name].lens
            camera.params = [k[0, 0], k[0, 2], k[1, 2], lens.k1, lens.k2]
            camera.has_prior_focal_length = True
            opened.update_camera(camera)


def _cells(found: Poses, truth: list[Camera]) -> str:
    """Rotations of every picture relative to every other; places after the similarity that fits them best (Umeyama
    1991), in percent of their extent."""
    both = [(a, b) for a, b in zip(found, truth) if a is not None]
    posed = f"{len(both)}/{len(truth)}"
    if len(both) < 3:
        return f"{posed} | - | - | - | - | -"
    a, b = (np.stack([c.world_from_camera for c in cameras]) for cameras in zip(*both))
    turn = []
    for i in range(1, len(a)):
        for j in range(i):
            between = (a[i, :3, :3].T @ a[j, :3, :3]).T @ (b[i, :3, :3].T @ b[j, :3, :3])
            turn.append(np.degrees(np.linalg.norm(cv2.Rodrigues(between)[0])))
    focal = 100 * np.mean([abs(f.px_from_cam[0, 0] / t.px_from_cam[0, 0] - 1) for f, t in both])
    move = _places(a[:, :3, 3], b[:, :3, 3])
    places = "- | -" if move is None else f"{move.mean():.3f} | {np.median(move):.3f}"
    return f"{posed} | {np.mean(turn):.3f} | {np.median(turn):.3f} | {places} | {focal:.2f}"


def _places(ours: Array, real: Array) -> Array | None:
    extent = np.linalg.norm(np.ptp(real, axis=0))
    if extent < STILL:
        return None
    a, b = ours - ours.mean(0), real - real.mean(0)
    u, d, vt = np.linalg.svd(b.T @ a)
    sign = np.diag([1, 1, np.sign(np.linalg.det(u @ vt))])
    scale = np.trace(np.diag(d) @ sign) / max(float((a**2).sum()), 1e-12)
    return np.asarray(100 * np.linalg.norm(scale * a @ (u @ sign @ vt).T - b, axis=1) / extent)


if __name__ == "__main__":
    main()
