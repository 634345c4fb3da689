"""The camera's path from what was believed of the actor's motion."""

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.matchmove.actor_belief import GROWS, Belief
from cyclorama.matchmove.actor_evidence import GAIN, Evidence
from cyclorama.matchmove.actor_fit import BodyFit


def path_of(
    seen: Evidence, fit: BodyFit, belief: Belief, distance: float, focal: float, hw: tuple[int, int]
) -> CameraPath:
    """The camera at the anchor is the world; the point between the feet stays where it is then. Of the motion only
    what the camera is believed to have made is taken: the mean of moving so and standing still."""
    middle = np.array([hw[1], hw[0]]) / 2
    share = followed(belief.sure)
    foot = fit.feet[fit.anchor] + share * (fit.feet - fit.feet[fit.anchor])
    around = (share * seen.turn / GAIN) if belief.around else np.zeros(len(foot))
    grown = share * seen.size if np.ptp(seen.size) > GROWS else np.zeros(len(foot))
    slide = share * seen.slow[:, 0]
    px = (foot[fit.anchor] - middle) / focal
    point = np.array([px[0], px[1], 1.0]) * distance
    cameras = []
    for t in range(len(foot)):
        turn = upright(around[t])
        center = point - turn @ (np.array([point[0], 0, distance]) * np.exp(-grown[t]))
        center[1] = 0.0
        if belief.trucks:
            center = center - turn @ [distance * np.exp(-grown[t]) * belief.trucks * np.tan(slide[t]), 0, 0]
        ray = np.append((foot[t] - middle) / focal, 1.0)
        pose = rigid(_aimed(ray, point - center), center)
        cameras.append(Camera.from_focal(hw=hw, focal_px=focal, world_from_camera=pose))
    return CameraPath(tuple(cameras))


def path_beside(
    angle: Array, sure: float, anchor: int, focal: float, hw: tuple[int, int], distance: float
) -> CameraPath:
    """A camera that goes along with a walker: by ``angle`` (t,) to the right, half as a pan, half as a truck."""
    cameras = []
    for way in (followed(sure) * 0.5 * (angle - angle[anchor])).tolist():
        pose = rigid(upright(way), np.array([distance * way, 0.0, 0.0]))
        cameras.append(Camera.from_focal(hw=hw, focal_px=focal, world_from_camera=pose))
    return CameraPath(tuple(cameras))


def followed(sure: float) -> float:
    """Share of a motion that is taken for the camera's: the belief, its odds squared, for beliefs err to the low side
    (measured on made-up shots, where nine of ten that are believed by half and more are the camera's)."""
    return sure**2 / (sure**2 + (1 - sure) ** 2)


def upright(angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def _aimed(ray: Array, towards: Array) -> Array:
    """The rotation without roll that brings the camera's ``ray`` into the direction ``towards``: a tilt, then a pan."""
    ray, towards = ray / np.linalg.norm(ray), towards / np.linalg.norm(towards)
    lift = np.hypot(ray[1], ray[2])
    tilt = np.arctan2(ray[1], ray[2]) - np.arcsin(np.clip(towards[1] / lift, -1, 1))
    c, s = np.cos(tilt), np.sin(tilt)
    down = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    level = down @ ray
    return upright(np.arctan2(towards[0], towards[2]) - np.arctan2(level[0], level[2])) @ down
