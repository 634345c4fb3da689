"""The in-context engine: a trained model's light and fill, laid over what geometry and the plate know.

The model works small, on windows of frames that overlap. What it changes goes into the layers in two ways, so that a
shot of any size keeps its own detail: the actor is the plate's under a low-frequency gain (never repainted), and the
place is the geometry's under a low-frequency change of light where a picture showed it, and the model's own where none
did. The references that it is given are what the geometry draws at the window's begin, middle and end; at a
reference's own frame that is the reference.
"""

from collections import OrderedDict
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import cv2
import numpy as np

from cyclorama.comp import gain_field
from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.display import display_from_linear, linear_from_code8, linear_from_display
from cyclorama.core.errors import InputError
from cyclorama.core.generation import EngineOptions
from cyclorama.core.layers import Foreground, Layers, held_out, joined
from cyclorama.core.lighting import LUMINANCE
from cyclorama.core.place import Place
from cyclorama.core.shot import Shot
from cyclorama.diffusion.augment import as_proxy
from cyclorama.diffusion.cost import window_hw
from cyclorama.diffusion.extra import require_extra
from cyclorama.diffusion.recipes import Recipe
from cyclorama.engines.geometry import completed, relit_as_given
from cyclorama.engines.memory import Memories, memory_plan
from cyclorama.media import Notes, open_matte
from cyclorama.media.matte import MatteClip
from cyclorama.scenery import draw

if TYPE_CHECKING:
    from cyclorama.diffusion.render import Painter, Window

_SCREEN = linear_from_code8(np.array([0, 240, 0], np.uint8))
_SMOOTH_CELLS = 2.0
"""Gaussian of what is low frequency, in pixels of the model's picture."""
_GAIN = (0.25, 4.0)
_INSIDE, _LEAST = 0.8, 1e-3
_KEPT_WINDOWS = 3
_HOW_TO_LEARN = "train one with --change model.tri_mask=true --change data.proxy=0.3"
_NO_WEIGHTS = "the in-context engine needs a trained model; name its folder: --model DIR (cyc train makes one)"


@dataclass(frozen=True)
class _Change:
    """Of one frame, small: ``light`` h' w' 3, what is added to the place in linear light; ``smooth``: the same, low
    frequencies only; ``gain``: h' w' 4, as ``Layers.relight_gain``; ``painted``: the whole picture, h' w' 3."""

    light: Array
    smooth: Array
    gain: Array
    painted: Array


def made(options: EngineOptions) -> "InContextEngine":
    """The engine on the weights that the options name. ``InputError`` when there are none or they do not fit."""
    if options.weights is None:
        raise InputError(_NO_WEIGHTS)
    require_extra("the in-context engine")
    from cyclorama.diffusion.prompt import prompt_of
    from cyclorama.diffusion.weights import read_recipe

    if options.steps is not None and options.steps < 1:
        raise InputError(f"the number of sampling steps must be 1 or more, got {options.steps}")
    if options.prompt:
        prompt_of(options.prompt)
    recipe = read_recipe(options.weights)
    if options.new_look is not None and not recipe.model.tri_mask:
        raise InputError(f"the model in {options.weights} knows no tri-mask; leave --new-look out, or {_HOW_TO_LEARN}")
    return InContextEngine(options, recipe)


@dataclass
class InContextEngine:
    """``engines.Engine`` by a video diffusion transformer."""

    options: EngineOptions
    recipe: Recipe
    painter: "Painter | None" = None
    look: MatteClip | None = None
    _windows: OrderedDict[tuple[int, int], tuple[_Change, ...]] = field(default_factory=OrderedDict)

    def prepare(self, plate_hw: tuple[int, int], num_frames: int) -> tuple[str, ...]:
        """Weighs what it will take, opens the model and the matte of the new look."""
        from cyclorama.diffusion.device import best_device, machine_memory, memory_of
        from cyclorama.diffusion.render import open_painter

        device, notes = best_device(), Notes()
        have = Memories(memory_of(device), machine_memory(), device.type != "cpu")
        plan = memory_plan(self.recipe, plate_hw, self.options, have)
        if self.options.new_look is not None:
            self.look = open_matte(self.options.new_look, notes=notes)
            have_look, wanted = (self.look.num_frames, *self.look.hw), (num_frames, *plate_hw)
            if have_look != wanted:
                said = [f"{n} frames of {w} x {h}" for n, h, w in (wanted, have_look)]
                raise InputError(f"{self.options.new_look} must have the plate's {said[0]}, got {said[1]}")
        if self.painter is None:
            self.painter = open_painter(self.options, plan.offload, plan.tiles)
        return (plan.words, *notes.texts())

    def render(self, shot: Shot, backdrop: Place, index: int) -> Layers:
        plate = shot.plate.frame(index)
        place = draw(backdrop, shot.path[index], float(index))
        actors = shot.foregrounds(index, plate)
        change = self._change(shot, backdrop, index)
        look = self._look(index)
        color = _changed(place, change, look)
        if look is not None:
            actors = tuple(held_out(actor, look) for actor in actors)
        gain = relit_as_given(shot, actors, index, plate)
        if gain is None and shot.relighting is not None and actors:
            base = gain_field(joined(actors), shot.path[index], shot.relighting.at(index))
            gain = _at(change.gain, base.shape[:2])
        lit = SetFrame(color, place.inverse_depth, place.coverage, place.ground)
        return completed(shot, backdrop, index, Layers(lit, actors, gain))

    def _change(self, shot: Shot, backdrop: Place, index: int) -> _Change:
        """Of the window, or the cross-fade of the two windows, that hold the frame."""
        found = [(start, share) for start, share in shares(index, shot.plate.num_frames, self._length(shot)) if share]
        parts = [(self._window(shot, backdrop, start)[index - start], share) for start, share in found]
        mixed = (sum(share * getattr(part, f.name) for part, share in parts) for f in fields(_Change))
        return _Change(*(np.asarray(array, np.float32) for array in mixed))

    def _look(self, index: int) -> Array | None:
        """What gets a new look in a frame, h w, 0..1."""
        return None if self.look is None else self.look.alpha(index)

    @property
    def _painter(self) -> "Painter":
        if self.painter is None:
            raise ValueError("prepare comes before render")
        return self.painter

    def _length(self, shot: Shot) -> int:
        step = self._painter.autoencoder.time
        return min(self.recipe.data.num_frames, 1 + (shot.plate.num_frames - 1) // step * step)

    def _window(self, shot: Shot, backdrop: Place, start: int) -> tuple[_Change, ...]:
        key = (id(shot), start)
        if key not in self._windows:
            window, linear = self._told(shot, backdrop, range(start, start + self._length(shot)))
            painted = linear_from_display(self._painter.paint(window, self.options.seed + start))
            self._windows[key] = tuple(_difference(painted[k], linear[k], window.alpha[k]) for k in range(len(painted)))
        self._windows.move_to_end(key)
        while len(self._windows) > _KEPT_WINDOWS:
            self._windows.popitem(last=False)
        return self._windows[key]

    def _told(self, shot: Shot, backdrop: Place, frames: range) -> tuple["Window", list[tuple[Array, Array]]]:
        """The window, and of every frame the small actor (premultiplied) and place in linear light."""
        from cyclorama.diffusion.render import Window

        hw = window_hw(self.recipe, shot.plate.hw, self.options.paint_scale)
        scale = np.diag([hw[1] / shot.plate.hw[1], hw[0] / shot.plate.hw[0], 1.0])
        small, alphas, covers, proxies = [], [], [], []
        for index in frames:
            plate, look = shot.plate.frame(index), self._look(index)
            actor = joined_or_none(shot.foregrounds(index, plate), shot.plate.hw)
            place = draw(backdrop, shot.path[index], float(index))
            proxy = np.zeros((*hw, 4), np.float32)
            if look is not None:
                actor, proxy = held_out(actor, look), _small(np.dstack([plate * look[..., None], look]), hw)
            small.append((_small(actor.color, hw), _small(place.color, hw)))
            alphas.append(_small(actor.alpha, hw))
            covers.append(_small(place.coverage, hw))
            proxies.append(proxy)
        alpha, cover, proxy = np.stack(alphas), np.stack(covers), np.stack(proxies)
        actor_small, place_small = np.stack([a for a, _ in small]), np.stack([p for _, p in small])
        last = len(frames) - 1
        bare = np.clip(1 - alpha - proxy[..., 3], 0, 1)
        window = Window(
            _coded(actor_small + as_proxy(proxy[..., :3], np.ones_like(alpha)) + bare[..., None] * _SCREEN),
            _coded(actor_small / np.maximum(alpha, _LEAST)[..., None]),
            alpha,
            proxy[..., 3],
            _coded(place_small),
            cover,
            np.stack([scale @ shot.path[i].px_from_cam for i in frames]).astype(np.float32),
            np.stack([shot.path[i].world_from_camera for i in frames]).astype(np.float32),
            tuple(sorted({0, last // 2, last})),
            window_hw(self.recipe, shot.plate.hw),
        )
        return window, small


def shares(index: int, num_frames: int, length: int) -> list[tuple[int, float]]:
    """(first frame, share) of the windows that hold a frame: they overlap by half, each fading in as the one before
    fades out; shares sum to 1. ``IndexError`` outside the shot."""
    if not 0 <= index < num_frames:
        raise IndexError(f"frame must be 0..{num_frames - 1}, got {index}")
    step = max(1, length // 2)
    starts = sorted({*range(0, max(1, num_frames - length + 1), step), num_frames - length})
    holding = [s for s in starts if s <= index < s + length]
    weights = [min(index - s + 1, s + length - index) for s in holding]
    return [(s, w / sum(weights)) for s, w in zip(holding, weights)]


def joined_or_none(actors: tuple[Foreground, ...], hw: tuple[int, int]) -> Foreground:
    """All actors as one; an empty one where there is none."""
    return joined(actors) if actors else Foreground(np.zeros((*hw, 3), np.float32), np.zeros(hw, np.float32))


def _difference(painted: Array, known: tuple[Array, Array], alpha: Array) -> _Change:
    """What the model changed in a frame: of the place where no actor is, of the actor where nothing else is."""
    actor, place = known
    clear = np.clip(1 - 2 * alpha, 0, 1)[..., None]
    below = _blurred(clear[..., 0])[..., None] + _LEAST
    change = painted - (actor + (1 - alpha[..., None]) * place)
    smooth = _blurred(change * clear) / below
    light = clear * change + (1 - clear) * smooth
    inside = np.where(alpha > _INSIDE, alpha, 0)[..., None].astype(np.float32)
    theirs = _blurred((painted - (1 - alpha[..., None]) * place) * inside)
    own = _blurred(actor * inside)
    share = _blurred(inside[..., 0])[..., None]
    gain = np.clip((theirs + _LEAST * (1 + share)) / (own + _LEAST * (1 + share)), *_GAIN)
    luminance = (np.maximum(own, _LEAST) * gain @ LUMINANCE) / (np.maximum(own, _LEAST) @ LUMINANCE)
    return _Change(light, smooth, np.dstack([gain, luminance]).astype(np.float32), painted)


def _changed(place: SetFrame, change: _Change, look: Array | None) -> Array:
    """The place under the low frequencies of the change where a picture showed it, under all of it where none did; the
    model's own picture where ``look`` gives something a new look."""
    hw = place.color.shape[:2]
    seen = place.coverage[..., None]
    color = place.color + seen * _at(change.smooth, hw) + (1 - seen) * _at(change.light, hw)
    if look is not None:
        color += look[..., None] * (_at(change.painted, hw) - color)
    return np.asarray(np.maximum(color, 0), np.float32)


def _coded(linear: Array) -> Array:
    return np.clip(display_from_linear(linear), 0, 1)


def _small(picture: Array, hw: tuple[int, int]) -> Array:
    return cv2.resize(np.ascontiguousarray(picture), hw[::-1], interpolation=cv2.INTER_AREA)


def _at(field_: Array, hw: tuple[int, int]) -> Array:
    return np.asarray(cv2.resize(field_, hw[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _blurred(picture: Array) -> Array:
    return np.asarray(
        cv2.GaussianBlur(
            np.ascontiguousarray(picture, np.float32), (0, 0), _SMOOTH_CELLS, borderType=cv2.BORDER_REPLICATE
        )
    )
