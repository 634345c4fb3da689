"""Places that are no pictures with depth: a panorama around the camera, or a clip that moves."""

import numpy as np

from cyclorama.core.camera import CameraPath
from cyclorama.core.place import Footage, Place, Sphere
from cyclorama.job import Job
from cyclorama.media import Notes, open_clip
from cyclorama.reference_words import LookAt
from cyclorama.references import ClipFile, PanoramaFile
from cyclorama.scenery import build_sphere, px_per_degree, screening, seam_s, wall_of

_FAR = 6.0  # times the actor's distance: where a clip stands
_SOFT = 0.7  # of the plate's pixels a degree: a panorama with fewer is seen to be soft


def middle_of(path: CameraPath) -> int:
    """The frame that looks most like all others: its optical axis is nearest the mean of them."""
    axes = np.stack([c.world_from_camera[:3, 2] for c in path.cameras])
    middle = np.abs(np.arange(len(path)) - (len(path) - 1) / 2) * 1e-9
    return int(np.argmin(-(axes @ axes.mean(0)) + middle))


def moving_place(
    given: PanoramaFile | ClipFile, job: Job, path: CameraPath, unit: float, look_at: LookAt | None
) -> Place:
    """``unit``: how far the actor is, in the path's unit."""
    if isinstance(given, PanoramaFile):
        return _sphere(given, job, path, look_at or LookAt(0.0))
    if given.word == "footage":
        times = job.plate.timestamps_s
        return Footage((given.clip,), screening(times, times, loops=False), None)
    return _drawn(given, job, path, unit)


def _sphere(given: PanoramaFile, job: Job, path: CameraPath, look_at: LookAt) -> Sphere:
    width, focal = given.image.shape[1], path[given.frame].px_from_cam[0, 0]
    own, wanted = px_per_degree(width), focal * np.radians(1)
    if own < _SOFT * wanted:
        job.notes.add(
            "input",
            f"{given.path.name} has {own:.1f} pixels a degree where the plate has {wanted:.1f}: the place will look "
            f"soft; a panorama {round(360 * wanted, -2):.0f} pixels wide would not",
        )
    job.notes.add(
        "geometry",
        f"the camera looks {look_at.yaw_deg:g} degrees to the right of the panorama's middle and {look_at.pitch_deg:g} "
        f"above at frame {given.frame}, upright (--look-at); a panorama is far away: only the camera's turns show",
    )
    return build_sphere(given.image, path, given.frame, (look_at.yaw_deg, look_at.pitch_deg))


def _drawn(given: ClipFile, job: Job, path: CameraPath, unit: float) -> Footage:
    frame = middle_of(path) if given.frame is None else given.frame
    clip = given.clip
    shown = screening(job.plate.timestamps_s, clip.timestamps_s, loops=given.word == "loop" and clip.num_frames > 1)
    readers = [clip]
    if shown[-1].turn:
        again = open_clip(given.path, notes=Notes(), rate=job.plate.rate)
        job.stack.callback(again.close)
        readers.append(again)
    for text in _times(given, job, shown[-1].turn):
        job.notes.add("time", text)
    moves = bool(np.linalg.norm(path.centers - path.centers[0], axis=1).max() > 0)
    wall, enlarged = wall_of(clip.hw, path, frame, _FAR * unit if moves else None)
    job.notes.add("geometry", _stands(given, frame, enlarged))
    return Footage(tuple(readers), shown, wall)


def _stands(given: ClipFile, frame: int, enlarged: float) -> str:
    text = (
        f"{given.path.name} is drawn as a far wall before the plate's camera, as shot from a tripod at frame {frame}; "
        f"a clip that already moves as the plate's camera does is given as footage:{given.path}"
    )
    return text + (f"; it is enlarged {enlarged:.2f} times, so that its border stays out of the picture") * (
        enlarged > 1.005
    )


def _times(given: ClipFile, job: Job, turns: int) -> list[str]:
    clip, name, notes = given.clip, given.path.name, []
    if turns:
        seam = float(seam_s(clip.timestamps_s))
        notes.append(
            f"{name} is shorter than the plate: it begins again {turns} times, its end fading into its beginning over "
            f"{seam:.2f} s (hold:{given.path} would hold its last frame)"
        )
    elif clip.timestamps_s[-1] < job.plate.timestamps_s[-1] and given.word == "hold":
        notes.append(f"{name} is shorter than the plate: its last frame is held")
    if clip.rate != job.plate.rate:
        notes.append(
            f"{name} has {clip.rate} frames a second, the plate {job.plate.rate}: it runs at its own speed, frames "
            "repeated or left out"
        )
    return notes
