"""pycolmap on the same shot: its plain incremental pipeline, or the same fed with our tracks. Needs ``pycolmap``."""

import tempfile
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.clip import Clip
from cyclorama.core.display import code8_from_linear
from cyclorama.matchmove import Tracks

_LEAST_SHARED = 15
_FAR = 40
"""Frames between two pictures whose tracks are matched, at most."""


def colmap_camera(plate: Clip, mattes: list[Array], focal_px: float | None, tracks: Tracks | None) -> CameraPath | None:
    """None where not every frame was registered. ``tracks``: what is matched, in pixels of the plate; else SIFT."""
    import pycolmap

    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        pictures, masks, database = root / "pictures", root / "masks", root / "database.db"
        for folder in (pictures, masks):
            folder.mkdir()
        for index, matte in enumerate(mattes):
            cv2.imwrite(str(pictures / f"{index:05d}.png"), code8_from_linear(plate.frame(index))[..., ::-1])
            free = np.where(cv2.resize(matte, plate.hw[::-1]) > 0.05, 0, 255).astype(np.uint8)
            cv2.imwrite(str(masks / f"{index:05d}.png.png"), cv2.erode(free, np.ones((9, 9), np.uint8)))
        reader = pycolmap.ImageReaderOptions()
        reader.camera_model = "SIMPLE_PINHOLE"
        if focal_px is not None:
            reader.camera_params = f"{focal_px},{plate.hw[1] / 2},{plate.hw[0] / 2}"
        mode = pycolmap.CameraMode.SINGLE
        if tracks is None:
            reader.mask_path = masks
            pycolmap.extract_features(database, pictures, camera_mode=mode, reader_options=reader)
            pycolmap.match_sequential(database)
        else:
            pycolmap.Database.open(database).close()
            pycolmap.import_images(database, pictures, camera_mode=mode, options=reader)
            _feed(database, root / "pairs.txt", tracks)
        options = pycolmap.IncrementalPipelineOptions()
        options.ba_refine_focal_length = focal_px is None
        options.mapper.abs_pose_refine_focal_length = focal_px is None
        options.ba_refine_extra_params = False
        models = pycolmap.incremental_mapping(database, pictures, root, options)
        best = max(models.values(), key=lambda m: m.num_reg_images(), default=None)
        return None if best is None or best.num_reg_images() < len(mattes) else _path(best, plate.hw)


def _feed(database: Path, pairs: Path, tracks: Tracks) -> None:
    import pycolmap

    with pycolmap.Database.open(database) as store:
        images = sorted(store.read_all_images(), key=lambda image: image.name)
        own = [np.flatnonzero(tracks.frame == index) for index in range(tracks.num_frames)]
        for image, rows in zip(images, own):
            store.write_keypoints(image.image_id, tracks.px[rows].astype(np.float32))
        names = []
        for a, b in combinations(range(tracks.num_frames), 2):
            _, i, j = np.intersect1d(tracks.track[own[a]], tracks.track[own[b]], return_indices=True)
            if b - a <= _FAR and len(i) >= _LEAST_SHARED:
                store.write_matches(images[a].image_id, images[b].image_id, np.stack([i, j], 1).astype(np.uint32))
                names.append(f"{images[a].name} {images[b].name}")
    pairs.write_text("\n".join(names) + "\n")
    pycolmap.verify_matches(database, pairs)


def _path(model, hw: tuple[int, int]) -> CameraPath:  # type: ignore[no-untyped-def]
    images = sorted(model.images.values(), key=lambda image: image.name)
    cameras = []
    for image in images:
        pose = image.cam_from_world().matrix()
        rotation, shift = pose[:, :3], pose[:, 3]
        f, cx, cy = model.cameras[image.camera_id].params[:3]
        k = np.array([[f, 0, cx], [0, f, cy], [0, 0, 1]])
        cameras.append(Camera(hw, k, rigid(rotation.T, -rotation.T @ shift)))
    return CameraPath(tuple(cameras))
