"""From one camera's pixels to another's."""

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera


def mapping(source: Camera, target: Camera) -> tuple[Array, Array]:
    """``(a, b)``: a pixel (u, v) of ``source`` at inverse depth d falls at ``a @ (u, v, 1) + b * d`` of ``target``,
    homogeneous; its third coordinate is z_target / z_source. ``a`` is 3 x 3, ``b`` is (3,).

    On the side of a camera whose lens bends (u, v) is no pixel but the place on its picture plane, z = 1.
    """
    target_from_source = target.camera_from_world @ source.world_from_camera
    px_from_cam = _px_from_cam(target)
    a = px_from_cam @ target_from_source[:3, :3] @ np.linalg.inv(_px_from_cam(source))
    return a, px_from_cam @ target_from_source[:3, 3]


def _px_from_cam(camera: Camera) -> Array:
    return camera.px_from_cam if camera.lens.is_straight else np.eye(3)
