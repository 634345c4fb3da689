"""A trained model as a painter of windows: arrays in, arrays out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError
from cyclorama.diffusion.autoencoder import Autoencoder, encode, encode_pictures, latent_frame
from cyclorama.diffusion.batches import TextEncoder, clip_array, clip_tensor
from cyclorama.diffusion.conditions import GENERATE, KEEP, Conditions, pluecker_rays
from cyclorama.diffusion.memory import memory_told
from cyclorama.diffusion.model import InContextModel
from cyclorama.diffusion.projection import Projection
from cyclorama.diffusion.prompt import Prompt
from cyclorama.diffusion.recipes import Recipe
from cyclorama.diffusion.sample import guided, sample, schedule
from cyclorama.diffusion.text import made_text
from cyclorama.diffusion.weights import load_model, made_autoencoder


@dataclass(frozen=True)
class Window:
    """What the model is told of a window of frames, at its own size. Pictures are sRGB-coded float32, 0..1.

    ``foreground``: the actor on green, t h w 3; ``actor``: its straight colours; ``alpha``: t h w; ``place``: what the
    geometry draws, t h w 3, and ``cover`` t h w, 1 where a picture showed it; ``px_from_cam`` t 3 3 and
    ``world_from_camera`` t 4 4 for the window's size; ``reference_frames``: the frames of ``place`` that are given as
    references.
    """

    foreground: Array
    actor: Array
    alpha: Array
    place: Array
    cover: Array
    px_from_cam: Array
    world_from_camera: Array
    reference_frames: tuple[int, ...]


@dataclass(frozen=True)
class Painter:
    """``paint`` samples one window; the same seed and window give the same picture."""

    model: InContextModel
    recipe: Recipe
    autoencoder: Autoencoder
    text: TextEncoder
    prompt: Prompt
    steps: int
    guidance: float
    projection: bool

    def paint(self, window: Window, seed: int) -> Array:
        """The finished frames, t h w 3, sRGB 0..1. ``MachineError`` when memory is not enough."""
        with memory_told(self.recipe.name):
            return self._painted(window, seed)

    @torch.no_grad()
    def _painted(self, window: Window, seed: int) -> Array:
        given = self._conditions(window)
        shape = given.foreground.shape
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
        joint = self.model.recipe.depth
        if joint:
            noise = torch.cat([noise, torch.randn(shape, generator=torch.Generator().manual_seed(seed + 1))], 1)

        def predict(x: Tensor, t: Tensor, told: Conditions) -> Tensor:
            picture, depth = self.model(x[:, : shape[1]], t, told, x[:, shape[1] :] if joint else None)
            return picture if depth is None else torch.cat([picture, depth], 1)

        asked = guided(
            lambda x, t: predict(x, t, given), lambda x, t: predict(x, t, given.without_text()), self.guidance
        )
        refine = self._refine(window, shape[1]) if self.projection else None
        out = sample(asked, noise, schedule(self.steps, self.recipe.train.shift), refine)
        return clip_array(self.autoencoder.decode(out[:, : shape[1]])[0])

    def _refine(self, window: Window, channels: int) -> "_Refine":
        actor, alpha = clip_tensor(window.actor)[None], torch.from_numpy(window.alpha)[None, None]
        return _Refine(Projection(self.autoencoder, actor, alpha), channels)

    def _conditions(self, window: Window) -> Conditions:
        recipe, coder = self.model.recipe, self.autoencoder
        foreground = encode(coder, clip_tensor(window.foreground)[None])
        at = list(window.reference_frames)
        references = encode_pictures(coder, clip_tensor(window.place[at]).transpose(0, 1)[None])
        times = torch.tensor([[latent_frame(coder, i) for i in at]])
        size, step = foreground.shape[2:], coder.time

        def pooled(plane: Array) -> Tensor:
            return torch.nn.functional.interpolate(torch.from_numpy(plane)[None, None], size=size, mode="area")

        rays = tri_mask = prior = None
        if recipe.rays:
            px, pose = (
                torch.from_numpy(a[None, ::step].copy()) for a in (window.px_from_cam, window.world_from_camera)
            )
            rays = pluecker_rays(px, pose, (size[1], size[2]), coder.side)
        if recipe.tri_mask:
            covers = pooled(window.alpha)
            tri_mask = torch.zeros(1, 3, *size)
            tri_mask[:, KEEP], tri_mask[:, GENERATE] = covers[:, 0], 1 - covers[:, 0]
        if recipe.prior:
            prior = torch.cat([encode(coder, clip_tensor(window.place)[None]), pooled(window.cover)], 1)
        return Conditions(foreground, references, times, self.text((self.prompt,)), rays, tri_mask, prior)


@dataclass(frozen=True)
class _Refine:
    """The projection of the picture's channels; depth that is denoised with it stays."""

    projection: Projection
    channels: int

    def __call__(self, clean: Tensor, t: float) -> Tensor:
        picture = self.projection(clean[:, : self.channels], t)
        return torch.cat([picture, clean[:, self.channels :]], 1)


def open_painter(weights: Path, prompt: Prompt, settings: tuple[int | None, float, bool]) -> Painter:
    """The painter of a folder of weights; ``settings``: steps (None: the recipe's), guidance, projection.
    ``InputError`` for anything that is no such folder."""
    steps, guidance, projection = settings
    if steps is not None and steps < 1:
        raise InputError(f"the number of sampling steps must be 1 or more, got {steps}")
    model, recipe = load_model(weights)
    coder, text = made_autoencoder(recipe.model), made_text(recipe.model)
    return Painter(model, recipe, coder, text, prompt, steps or recipe.train.sample_steps, guidance, projection)


def window_hw(recipe: Recipe, plate_hw: tuple[int, int], cell: int) -> tuple[int, int]:
    """The size a shot is worked at: the recipe's area, the plate's shape, sides of whole tokens (``cell`` pixels)."""
    area, shape = recipe.data.hw[0] * recipe.data.hw[1], plate_hw[1] / plate_hw[0]
    tall = max(1, round(float(np.sqrt(area / shape)) / cell))
    return tall * cell, max(1, round(tall * shape)) * cell
