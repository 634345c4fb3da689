"""Cameras.

Conventions, stated once: OpenCV axes (x right, y down, z forward); pixels; pixel (0, 0) covers [0, 1) x [0, 1), so its
centre is at (0.5, 0.5) and the centre of a picture is at (w/2, h/2); transforms are named ``a_from_b``.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from cyclorama.core.arrays import Array, readonly
from cyclorama.core.lens import STRAIGHT, Lens

_ALONG_A_SIDE = 65  # places looked at along each side of a picture
_HAIR_PX = 1e-6  # by less, nothing lies outside


@dataclass(frozen=True)
class Camera:
    """One camera: ``px_from_cam`` (3 x 3 intrinsics), ``world_from_camera`` (4 x 4 rigid), float64, and its lens.

    ``px_from_cam`` alone is the pinhole; it maps what ``lens`` has distorted to pixels. ``ValueError`` for a camera
    that cannot be, a lens that folds the picture over itself among them.
    """

    hw: tuple[int, int]
    px_from_cam: Array
    world_from_camera: Array
    lens: Lens = STRAIGHT

    def __post_init__(self) -> None:
        for name, shape in (("px_from_cam", (3, 3)), ("world_from_camera", (4, 4))):
            array = np.asarray(getattr(self, name), np.float64)
            if array.shape != shape or not np.isfinite(array).all():
                raise ValueError(f"{name} must be finite {shape[0]} x {shape[1]}, got {array.tolist()}")
            object.__setattr__(self, name, readonly(array))
        if self.px_from_cam[0, 0] <= 0 or self.px_from_cam[1, 1] <= 0:
            raise ValueError(f"focal lengths must be positive pixels, got {np.diag(self.px_from_cam)[:2].tolist()}")
        if not np.allclose(self.world_from_camera[3], [0, 0, 0, 1]):
            raise ValueError(f"the last row must be 0 0 0 1, got {self.world_from_camera[3].tolist()}")
        r = self.world_from_camera[:3, :3]
        if not np.allclose(r @ r.T, np.eye(3), atol=1e-4) or np.linalg.det(r) < 0:
            raise ValueError(f"the rotation of a camera must be orthonormal and right-handed, got {r.tolist()}")
        if np.isnan(self.lens.straightened(self._corners())).any():
            raise ValueError(f"the lens must show every pixel of the picture once, got {self.lens}")

    @classmethod
    def from_focal(cls, *, hw: tuple[int, int], focal_px: float, world_from_camera: Array | None = None) -> "Camera":
        """Square pixels, principal point in the middle."""
        px_from_cam = np.array([[focal_px, 0, hw[1] / 2], [0, focal_px, hw[0] / 2], [0, 0, 1]])
        return cls(hw, px_from_cam, np.eye(4) if world_from_camera is None else world_from_camera)

    def _corners(self) -> Array:
        h, w = self.hw
        return self._before_pixels(np.array([[0, 0], [w, 0], [0, h], [w, h]], np.float64))

    def _before_pixels(self, px: Array) -> Array:
        """Pixels ``(n, 2)`` as places in focal lengths, still distorted."""
        ray = np.concatenate([px, np.ones((len(px), 1))], 1) @ np.linalg.inv(self.px_from_cam).T
        return np.asarray(ray[:, :2])

    def _to_pixels(self, plane: Array) -> Array:
        return np.asarray(plane @ self.px_from_cam[:2, :2].T + self.px_from_cam[:2, 2])

    @cached_property
    def camera_from_world(self) -> Array:
        return rigid_inverse(self.world_from_camera)

    @property
    def pinhole(self) -> "Camera":
        """The same camera with a lens that keeps lines straight."""
        return replace(self, lens=STRAIGHT)

    def straightened(self, px: Array) -> Array:
        """Where ``pinhole`` sees what this camera sees at pixels ``(n, 2)``; NaN where the lens shows nothing."""
        if self.lens.is_straight:
            return np.asarray(px, np.float64)
        return self._to_pixels(self.lens.straightened(self._before_pixels(px)))

    def distorted(self, px: Array) -> Array:
        """Where this camera sees what ``pinhole`` sees at pixels ``(n, 2)``."""
        if self.lens.is_straight:
            return np.asarray(px, np.float64)
        return self._to_pixels(self.lens.distorted(self._before_pixels(px)))

    @cached_property
    def overscan_px(self) -> tuple[int, int]:
        """How many pixels must be added above and below, and left and right, to the picture of ``pinhole`` so that it
        shows all that this camera shows."""
        h, w = self.hw
        along = np.linspace(0, 1, _ALONG_A_SIDE)
        ends = np.array([[0, 0], [w, 0], [w, h], [0, h], [0, 0]], np.float64)
        border = np.concatenate([a + along[:, None] * (b - a) for a, b in pairwise(ends)])
        seen = self.straightened(border)
        beyond = np.maximum(-seen.min(0), seen.max(0) - [w, h])
        across, down = np.ceil(np.maximum(beyond - _HAIR_PX, 0)).astype(int).tolist()
        return down, across

    @property
    def center(self) -> Array:
        """The camera's position in the world, (3,)."""
        return self.world_from_camera[:3, 3]

    def project(self, points: Array) -> tuple[Array, Array]:
        """World points ``(n, 3)`` to pixels ``(n, 2)`` and depth along the optical axis ``(n,)``."""
        cam = points @ self.camera_from_world[:3, :3].T + self.camera_from_world[:3, 3]
        depth = cam[:, 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            plane = self.lens.distorted(cam[:, :2] / cam[:, 2:])
        return self._to_pixels(plane), depth

    def unproject(self, px: Array, depth: Array) -> Array:
        """Pixels ``(n, 2)`` at ``depth`` ``(n,)`` to world points ``(n, 3)``."""
        plane = self.lens.straightened(self._before_pixels(px))
        rays = np.concatenate([plane, np.ones((len(px), 1))], 1)
        return (rays * np.asarray(depth)[:, None]) @ self.world_from_camera[:3, :3].T + self.center

    def resized(self, hw: tuple[int, int]) -> "Camera":
        """The same camera on a picture of another size."""
        scale = np.diag([hw[1] / self.hw[1], hw[0] / self.hw[0], 1.0])
        return replace(self, hw=hw, px_from_cam=scale @ self.px_from_cam)


@dataclass(frozen=True)
class CameraPath:
    """The camera of every frame of a shot."""

    cameras: tuple[Camera, ...]

    def __post_init__(self) -> None:
        if not self.cameras:
            raise ValueError("a camera path must hold at least one camera, got none")
        sizes = {c.hw for c in self.cameras}
        if len(sizes) != 1:
            raise ValueError(f"the cameras of a path must share one size, got {sorted(sizes)}")

    @classmethod
    def locked_off(cls, *, num_frames: int, hw: tuple[int, int], focal_px: float) -> "CameraPath":
        return cls((Camera.from_focal(hw=hw, focal_px=focal_px),) * num_frames)

    @property
    def hw(self) -> tuple[int, int]:
        return self.cameras[0].hw

    def __len__(self) -> int:
        return len(self.cameras)

    def __getitem__(self, index: int) -> Camera:
        return self.cameras[index]

    @cached_property
    def centers(self) -> Array:
        """Positions ``(n, 3)``."""
        return np.stack([c.center for c in self.cameras])

    @property
    def is_locked_off(self) -> bool:
        first = self.cameras[0]
        return all(
            np.allclose(c.world_from_camera, first.world_from_camera, atol=1e-9)
            and np.allclose(c.px_from_cam, first.px_from_cam, atol=1e-9)
            and c.lens == first.lens
            for c in self.cameras
        )

    def resized(self, hw: tuple[int, int]) -> "CameraPath":
        return CameraPath(tuple(c.resized(hw) for c in self.cameras))

    def scaled(self, scale: float) -> "CameraPath":
        """The same path in a world whose unit is ``scale`` times as short."""

        def pose(camera: Camera) -> Array:
            return rigid(camera.world_from_camera[:3, :3], scale * camera.center)

        return CameraPath(tuple(replace(c, world_from_camera=pose(c)) for c in self.cameras))


def camera_record(path: CameraPath, fps: float) -> dict[str, object]:
    """A path as ``camera.json`` holds it: OpenCV axes, pixels."""
    frames = [
        {
            "frame": index,
            "fx": float(camera.px_from_cam[0, 0]),
            "fy": float(camera.px_from_cam[1, 1]),
            "cx": float(camera.px_from_cam[0, 2]),
            "cy": float(camera.px_from_cam[1, 2]),
            "camera_to_world": camera.world_from_camera.tolist(),
            **({} if camera.lens.is_straight else {"k1": camera.lens.k1, "k2": camera.lens.k2}),
        }
        for index, camera in enumerate(path.cameras)
    ]
    convention = "opencv camera_to_world, pixels"
    return {"convention": convention, "width": path.hw[1], "height": path.hw[0], "fps": fps, "frames": frames}


def rigid_inverse(a_from_b: Array) -> Array:
    """``b_from_a`` of a rigid 4 x 4 transform."""
    r, t = a_from_b[:3, :3], a_from_b[:3, 3]
    out = np.eye(4)
    out[:3, :3], out[:3, 3] = r.T, -r.T @ t
    return out


def rigid(rotation: Array, translation: Array) -> Array:
    """4 x 4 from a 3 x 3 rotation and a translation (3,)."""
    out = np.eye(4)
    out[:3, :3], out[:3, 3] = rotation, translation
    return out
