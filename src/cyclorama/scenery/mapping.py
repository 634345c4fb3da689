"""From one camera's pixels to another's."""

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera


def mapping(source: Camera, target: Camera) -> tuple[Array, Array]:
    """``(a, b)``: a pixel (u, v) of ``source`` at inverse depth d falls at ``a @ (u, v, 1) + b * d`` of ``target``,
    homogeneous; its third coordinate is z_target / z_source. ``a`` is 3 x 3, ``b`` is (3,)."""
    target_from_source = target.camera_from_world @ source.world_from_camera
    a = target.px_from_cam @ target_from_source[:3, :3] @ np.linalg.inv(source.px_from_cam)
    return a, target.px_from_cam @ target_from_source[:3, 3]
