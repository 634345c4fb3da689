"""Camera moves as cameras: added on top of a path, in each camera's own axes."""

from dataclasses import dataclass, fields
from fractions import Fraction

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.errors import InputError
from cyclorama.core.moves import Move, Moves
from cyclorama.matchmove.bundle import rotation_from_vector

FILM_BACK_MM = 36.0
_SHAKE_DEG = np.array([0.55, 0.5, 0.25])
"""Root mean square of pan, tilt and roll at handheld 1, which is chosen to be a restless shoulder camera."""
_SHAKE_M = np.array([0.012, 0.010, 0.008])
"""Root mean square of the way right, up and forward at handheld 1."""
_DRIFT_HZ = 0.3
"""Below it sway is flat; above, its power falls as 1/f^2, as the wander of a body that stands does."""
_ARM_HZ = 4.0
"""Above it the mass of arms and camera filters: 1/f^6."""
_TREMOR_HZ, _TREMOR_WIDTH_HZ, _TREMOR_SHARE = 9.0, 1.0, 0.1
"""The tremor of hands (8 to 12 Hz, Elble and Koller 1990), and its share of the rotation's root mean square."""
_LOWEST_HZ, _HIGHEST_HZ, _NUM_WAVES = 0.08, 14.0, 160
_RAMP_S = 0.25
"""How long a shake that begins or ends within the shot takes to come and go."""
_SEED = 20


@dataclass
class _Rig:
    """What all moves together do in every frame, (n,) each: radians, metres, and how the focal length changes."""

    pan: Array
    tilt: Array
    roll: Array
    truck: Array
    pedestal: Array
    dolly: Array
    orbit: Array
    log_zoom: Array
    zoom_mm: Array


def add_moves(path: CameraPath, moves: Moves, *, rate: Fraction, metre: float, distance_m: float) -> CameraPath:
    """``path`` with the moves on top. ``metre``: one in the path's unit. ``distance_m``: to what an orbit goes around.

    Directions are those of each frame's camera: truck to its right, pan about its own upright, orbit about the point
    before it. ``InputError`` for a time after the end, or a zoom or dolly-zoom beyond what a lens or the way allows.
    """
    n = len(path)
    rig = _Rig(**{f.name: np.zeros(n) for f in fields(_Rig)})
    for number, move in enumerate(moves.moves):
        _add(rig, move, number, rate, distance_m)
    return CameraPath(tuple(_moved(path[i], rig, i, metre, distance_m) for i in range(n)))


def check_times(moves: Moves, num_frames: int, rate: Fraction) -> None:
    """``InputError`` when a move begins or ends outside the shot."""
    for move in moves.moves:
        _ends(move, num_frames, rate)


def _add(rig: _Rig, move: Move, number: int, rate: Fraction, distance_m: float) -> None:
    n = len(rig.pan)
    if move.name == "static":
        return
    if move.name == "handheld":
        _shake(rig, move, number, rate)
        return
    done = move.signed * progress(move, n, rate)
    if move.name in ("pan", "tilt", "roll", "orbit"):
        getattr(rig, move.name)[:] += np.radians(done)
    elif move.name == "zoom" and move.unit == "x":
        share = done / float(move.amount)
        rig.log_zoom += np.log(float(move.amount)) * share
    elif move.name == "zoom":
        rig.zoom_mm += done
    elif move.name == "dolly-zoom":
        if move.signed >= distance_m:
            raise InputError(f"--move: '{move}' would reach the actor, who is {distance_m:g} m away; give less")
        rig.dolly += done
        rig.log_zoom += np.log(1 - done / distance_m)
    else:
        getattr(rig, move.name)[:] += done


def progress(move: Move, num_frames: int, rate: Fraction) -> Array:
    """How much of a move is done in every frame (n,): 0 before it, 1 after it."""
    begin, end = _ends(move, num_frames, rate)
    t = np.clip((np.arange(num_frames) - begin) / max(end - begin, 1e-9), 0, 1)
    eased = {"linear": t, "ease-in": t * t, "ease-out": t * (2 - t), "ease": t * t * (3 - 2 * t)}
    return np.asarray(eased[move.ease])


def _ends(move: Move, num_frames: int, rate: Fraction) -> tuple[float, float]:
    if move.span is None:
        return 0.0, float(num_frames - 1)
    begin, end = (w.frame(num_frames, rate) for w in move.span)
    if begin >= end:
        raise InputError(f"--move: '{move}' must end after it begins; its times are frames {begin:g} and {end:g}")
    return begin, end


def _shake(rig: _Rig, move: Move, number: int, rate: Fraction) -> None:
    n = len(rig.pan)
    times_s = np.arange(n) / float(rate)
    turns, ways = handheld(times_s, float(rate), number)
    begin, end = _ends(move, n, rate)
    strength = np.full(n, float(move.amount))
    if move.span is not None:
        ramp = max(_RAMP_S * float(rate), 1e-9)
        inside = np.minimum(np.arange(n) - begin, end - np.arange(n)) / ramp
        strength = strength * np.clip(inside, 0, 1)
    for k, name in enumerate(("pan", "tilt", "roll")):
        getattr(rig, name)[:] += strength * np.radians(turns[:, k])
    for k, name in enumerate(("truck", "pedestal", "dolly")):
        getattr(rig, name)[:] += strength * ways[:, k]


def handheld(times_s: Array, rate: float, number: int = 0) -> tuple[Array, Array]:
    """Degrees of pan, tilt and roll (n, 3) and metres right, up and forward (n, 3) of a camera held by hand, 0 at the
    first time; the same for the same times, whatever the length of the shot. ``number`` picks another hand."""
    hz = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, _NUM_WAVES)
    width = np.gradient(hz)
    sway = 1 / (hz**2 + _DRIFT_HZ**2) / (1 + (hz / _ARM_HZ) ** 4)
    tremor = np.exp(-0.5 * ((hz - _TREMOR_HZ) / _TREMOR_WIDTH_HZ) ** 2)
    power = sway / (sway * width).sum() + _TREMOR_SHARE**2 * tremor / (tremor * width).sum()
    size = np.sqrt(2 * power * width) * (hz < rate / 2)
    phases = np.random.default_rng([_SEED, number]).uniform(0, 2 * np.pi, (6, _NUM_WAVES))
    waves = np.stack([np.sin(2 * np.pi * np.outer(times_s, hz) + p) @ size for p in phases], 1)
    waves -= waves[:1]
    return waves[:, :3] * _SHAKE_DEG, waves[:, 3:] * _SHAKE_M


def _moved(camera: Camera, rig: _Rig, i: int, metre: float, distance_m: float) -> Camera:
    around = rotation_from_vector(np.array([0, -rig.orbit[i], 0]))
    pivot = np.array([0, 0, distance_m])
    way = np.array([rig.truck[i], -rig.pedestal[i], rig.dolly[i]])
    turn = np.eye(3)
    for vector in ((0, rig.pan[i], 0), (rig.tilt[i], 0, 0), (0, 0, rig.roll[i])):
        turn = turn @ rotation_from_vector(np.array(vector))
    own = rigid(around @ turn, metre * (pivot + around @ (way - pivot)))
    zoom = float(np.exp(rig.log_zoom[i])) + rig.zoom_mm[i] / FILM_BACK_MM * camera.hw[1] / camera.px_from_cam[0, 0]
    if zoom <= 0:
        raise InputError("--move: the zoom leaves no focal length; zoom out less")
    px_from_cam = camera.px_from_cam.copy()
    px_from_cam[:2, :2] *= zoom
    return Camera(camera.hw, px_from_cam, camera.world_from_camera @ own, camera.lens)
