"""Makes shots whose every truth is known: plate, finished picture, matte, place, depth, camera."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array, readonly
from cyclorama.core.backdrop import View
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.clip import ArrayClip
from cyclorama.synthetic import body_pass, hair
from cyclorama.synthetic.body_pass import Surroundings, draw_body
from cyclorama.synthetic.figure import pose
from cyclorama.synthetic.hair import draw_hair, place_hair
from cyclorama.synthetic.place_pass import draw_place
from cyclorama.synthetic.solids import Tiles, eye_of, tile_solids
from cyclorama.synthetic.spec import ShotSpec
from cyclorama.synthetic.stage_pass import draw_stage
from cyclorama.synthetic.world import World, build_world

_SUBFRAMES = 5
_SHUTTER = 0.5
_NUM_THREADS = 2


@dataclass(frozen=True)
class RenderedFrame:
    """One frame with its truths. Pictures are h w 3 float32 scene-linear; planes h w float32.

    ``plate``: what the stage's camera recorded. ``truth``: the actor in the place. ``place``: the place alone.
    ``shadowed``: the place with the actor's shadow. ``actor``: the actor as the stage's lamps light it, free of the
    screen's bounce, premultiplied. ``alpha``: 0..1. ``inverse_depth``: of the place, 1/m along the optical axis,
    through pixel centres, 0 at infinity. ``camera``: at the middle of the shutter.

    Without motion blur, where nothing stands before the actor, ``truth`` is ``shadowed`` where alpha is 0.
    """

    plate: Array
    truth: Array
    place: Array
    shadowed: Array
    actor: Array
    alpha: Array
    inverse_depth: Array
    camera: Camera


@dataclass(frozen=True)
class SyntheticShot:
    """A whole shot in memory: clips of t h w 3; ``actor`` t h w 3, ``alpha`` and ``inverse_depth`` t h w, as in
    ``RenderedFrame``."""

    spec: ShotSpec
    plate: ArrayClip
    truth: ArrayClip
    place: ArrayClip
    actor: Array
    alpha: Array
    inverse_depth: Array
    path: CameraPath

    def references(self, frames: tuple[int, ...] | None = None) -> tuple[View, ...]:
        """The place as seen at some frames (begin, middle and end when not given), with true depth and camera.

        ``IndexError`` for a frame that the shot does not have.
        """
        wanted = reference_frames(self.spec.num_frames).values() if frames is None else frames
        return tuple(View(self.place.frame(i), self.inverse_depth[i], self.path[i], float(i)) for i in wanted)


def reference_frames(num_frames: int) -> dict[str, int]:
    return {"begin": 0, "middle": num_frames // 2, "end": num_frames - 1}


def render_frame(spec: ShotSpec, index: int) -> RenderedFrame:
    """Draws one frame (0..num_frames-1) on its own: a long shot needs no memory. ``IndexError`` outside."""
    if not 0 <= index < spec.num_frames:
        raise IndexError(f"frame must be 0..{spec.num_frames - 1}, got {index}")
    world = build_world(spec)
    moments = [float(index)]
    if spec.motion_blur:
        moments += [
            index + _SHUTTER * ((k + 0.5) / _SUBFRAMES - 0.5) for k in range(_SUBFRAMES) if k != _SUBFRAMES // 2
        ]
    first, *rest = (_draw_moment(world, moment) for moment in moments)
    frame = {
        name: np.mean([first[name], *(other[name] for other in rest)], 0) if rest else first[name] for name in first
    }
    return RenderedFrame(
        plate=_expose(frame["plate"], spec, index),
        truth=frame["truth"],
        place=frame["place"],
        shadowed=frame["shadowed"],
        actor=frame["actor"],
        alpha=frame["alpha"],
        inverse_depth=first["inverse_depth"],
        camera=world.camera(index),
    )


def draw_actor(spec: ShotSpec, index: int) -> tuple[Array, Array]:
    """The sharp actor of a frame alone, many times cheaper than ``render_frame``: premultiplied h w 3 as the stage's
    lamps light it, and alpha h w. ``IndexError`` outside 0..num_frames-1."""
    if not 0 <= index < spec.num_frames:
        raise IndexError(f"frame must be 0..{spec.num_frames - 1}, got {index}")
    world = build_world(spec)
    camera = world.camera(index)
    curls, body, _ = _draw_figure(world, index, tile_solids(world.solids, camera), 0.0)
    return _merge(curls, body, body_pass.STAGE, body[..., body_pass.ALPHA])


def make_shot(spec: ShotSpec) -> SyntheticShot:
    """Draws a whole shot into memory, two frames at a time."""
    with ThreadPoolExecutor(_NUM_THREADS) as pool:
        frames = list(pool.map(lambda index: render_frame(spec, index), range(spec.num_frames)))
    return SyntheticShot(
        spec=spec,
        plate=ArrayClip(np.stack([f.plate for f in frames]), spec.rate),
        truth=ArrayClip(np.stack([f.truth for f in frames]), spec.rate),
        place=ArrayClip(np.stack([f.place for f in frames]), spec.rate),
        actor=readonly(np.stack([f.actor for f in frames])),
        alpha=readonly(np.stack([f.alpha for f in frames])),
        inverse_depth=readonly(np.stack([f.inverse_depth for f in frames])),
        path=CameraPath(tuple(f.camera for f in frames)),
    )


def _draw_moment(world: World, index: float) -> dict[str, Array]:
    """All layers at one moment, without noise."""
    camera, (height, width) = world.camera(index), world.spec.hw
    eye, tiles = eye_of(camera), tile_solids(world.solids, camera)
    parts, _ = pose(world.gait, world.clothes, world.time_s(index))
    place = np.empty((height, width, 7), np.float32)
    draw_place(world.solids, tiles, world.place_light, eye, parts, place)
    flat = world.spec.screen == "flat"
    screen = np.broadcast_to(world.stage.paint.astype(np.float32), (height, width, 3)).copy()
    if not flat:
        draw_stage(world.stage, world.stage_light, eye, parts, screen)
    curls, body, head = _draw_figure(world, index, tiles, 0.0 if flat else 1.0)
    actor, alpha = _merge(curls, body, body_pass.STAGE, body[..., body_pass.ALPHA])
    spill, _ = _merge(curls, body, body_pass.SPILL, body[..., body_pass.ALPHA])
    seen, visible = _merge(
        _hidden(curls, place[..., 6], head, camera), body, body_pass.PLACE, body[..., body_pass.VISIBLE]
    )
    return {
        "plate": actor + spill + (1 - alpha)[..., None] * screen,
        "truth": seen + (1 - visible)[..., None] * place[..., 3:6],
        "place": place[..., :3].copy(),
        "shadowed": place[..., 3:6].copy(),
        "actor": actor,
        "alpha": alpha,
        "inverse_depth": place[..., 6].copy(),
    }


def _draw_figure(world: World, index: float, tiles: Tiles, bounce: float) -> tuple[Array, Array, Array]:
    """The hair's layers, the body's picture h w NUM_CHANNELS and the middle of the skull (3,); ``bounce`` 0..1 of the
    screen's paint falls on the body."""
    camera, (height, width) = world.camera(index), world.spec.hw
    parts, head = pose(world.gait, world.clothes, world.time_s(index))
    around = Surroundings(world.solids, tiles, world.place_light, world.stage_light, world.stage.paint * bounce)
    body = np.empty((height, width, body_pass.NUM_CHANNELS), np.float32)
    draw_body(parts, around, eye_of(camera), _window(parts, camera), body)
    strands = place_hair(world.strands, head, world.time_s(index))
    return draw_hair(strands, world.clothes.hair, camera, (parts, around, body)), body, head.center


def _window(parts: Array, camera: Camera) -> tuple[int, int, int, int]:
    """The pixels that the figure's ball can cover: top, left, bottom, right."""
    limbs = parts[1:]
    ends = np.concatenate([limbs[:, :3], limbs[:, 3:6]])
    px, depth = camera.project(ends)
    reach = camera.px_from_cam[0, 0] * np.concatenate([limbs[:, 6], limbs[:, 7]]) * 1.2 / np.maximum(depth, 0.2) + 3
    low, high = (px - reach[:, None]).min(0), (px + reach[:, None]).max(0)
    left, top = np.clip(low, 0, camera.hw[::-1]).astype(int)
    right, bottom = np.clip(np.ceil(high), 0, camera.hw[::-1]).astype(int)
    return int(top), int(left), int(bottom), int(right)


def _hidden(curls: Array, inverse_depth: Array, head: Array, camera: Camera) -> Array:
    """The hair without what the place hides."""
    depth = camera.project(head[None])[1][0]
    blocked = inverse_depth > 1.0 / max(depth - 0.1, 0.05)
    if not blocked.any():
        return curls
    out = curls.copy()
    out[:, blocked] = 0.0
    out[:, blocked, hair.CLEAR] = 1.0
    return out


def _merge(curls: Array, body: Array, channel: int, cover: Array) -> tuple[Array, Array]:
    """Hair before the body, over the body, over hair behind it: premultiplied colour and alpha."""
    offsets = {body_pass.STAGE: hair.STAGE, body_pass.SPILL: hair.SPILL, body_pass.PLACE: hair.PLACE}
    at = offsets[channel]
    front, back = curls[0], curls[1]
    open_front = front[..., :1]
    open_body = open_front * (1 - cover[..., None])
    color = front[..., at : at + 3] + open_front * body[..., channel : channel + 3] + open_body * back[..., at : at + 3]
    return color, 1 - open_body[..., 0] * back[..., 0]


def _expose(plate: Array, spec: ShotSpec, index: int) -> Array:
    """Photon and read noise, white, different in every frame; a flat screen is digital and has none."""
    if spec.screen == "flat" or spec.noise == 0:
        return plate
    rng = np.random.default_rng([spec.seed, 77, index])
    sigma = spec.noise * np.sqrt(1.2e-6 + 7e-5 * np.maximum(plate, 0))
    return plate + sigma * rng.standard_normal(plate.shape, np.float32)
