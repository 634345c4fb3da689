"""A trained model as a painter of windows: arrays in, arrays out."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from cyclorama.core.arrays import Array
from cyclorama.core.generation import EngineOptions
from cyclorama.diffusion.autoencoder import Autoencoder, encode, encode_pictures, latent_frame
from cyclorama.diffusion.batches import clip_array, clip_tensor
from cyclorama.diffusion.conditions import Conditions, pluecker_rays, tri_mask_of
from cyclorama.diffusion.device import best_device, placed
from cyclorama.diffusion.memory import memory_told
from cyclorama.diffusion.model import InContextModel
from cyclorama.diffusion.projection import Projection
from cyclorama.diffusion.prompt import NO_PROMPT, prompt_of
from cyclorama.diffusion.recipes import Recipe
from cyclorama.diffusion.sample import Predict, guided, sample, schedule
from cyclorama.diffusion.text import made_text
from cyclorama.diffusion.tiling import Told, tiled
from cyclorama.diffusion.weights import load_model, made_autoencoder

_SOMEWHERE = "A person in a place."


@dataclass(frozen=True)
class Window:
    """What the model is told of a window of frames, at its own size. Pictures are sRGB-coded float32, 0..1.

    ``foreground``: the actor on green, t h w 3; ``actor``: its straight colours; ``alpha``: t h w, what of it stays;
    ``proxy``: t h w, what of the foreground keeps its geometry and gets a new look; ``place``: what the geometry draws,
    t h w 3, and ``cover`` t h w, 1 where a picture showed it; ``px_from_cam`` t 3 3 and ``world_from_camera`` t 4 4 for
    the window's size; ``reference_frames``: the frames of ``place`` that are given as references; ``tile``: h, w in
    which a larger window is predicted.
    """

    foreground: Array
    actor: Array
    alpha: Array
    proxy: Array
    place: Array
    cover: Array
    px_from_cam: Array
    world_from_camera: Array
    reference_frames: tuple[int, ...]
    tile: tuple[int, int]


@dataclass(frozen=True)
class Painter:
    """``paint`` samples one window; the same seed and window give the same picture. ``words``: what the prompt and no
    prompt read as, 1 n text_dim each."""

    model: InContextModel
    recipe: Recipe
    autoencoder: Autoencoder
    words: tuple[Tensor, Tensor]
    options: EngineOptions

    def paint(self, window: Window, seed: int) -> Array:
        """The finished frames, t h w 3, sRGB 0..1. ``MachineError`` when memory is not enough."""
        device = self.model.adapters.kinds.device
        half = self.recipe.train.precision == "bf16"
        with memory_told(self.recipe.name), torch.autocast(device.type, torch.bfloat16, enabled=half):
            return self._painted(window, seed, device)

    @torch.no_grad()
    def _painted(self, window: Window, seed: int, device: torch.device) -> Array:
        given, blank = (self._conditions(window, words).to(device) for words in self.words)
        shape, joint = given.foreground.shape, self.model.recipe.depth
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(device)
        if joint:
            other = torch.randn(shape, generator=torch.Generator().manual_seed(seed + 1)).to(device)
            noise = torch.cat([noise, other], 1)

        def predict(x: Tensor, t: Tensor, told: Conditions) -> Tensor:
            picture, depth = self.model(x[:, : shape[1]], t, told, x[:, shape[1] :] if joint else None)
            return (picture if depth is None else torch.cat([picture, depth], 1)).float()

        with_text, without = (self._tiled(predict, told, window) for told in (given, blank))
        asked = guided(with_text, without, self.options.guidance)
        refine = self._refine(window, shape[1], device) if self.options.projection else None
        steps = self.options.steps or self.recipe.train.sample_steps
        out = sample(asked, noise, schedule(steps, self.recipe.train.shift), refine)
        return clip_array(self.autoencoder.decode(out[:, : shape[1]])[0])

    def _tiled(self, predict: Told, given: Conditions, window: Window) -> Predict:
        side, patch = self.autoencoder.side, self.model.transformer.config.patch_size[1]
        return tiled(predict, given, (window.tile[0] // side, window.tile[1] // side), patch)

    def _refine(self, window: Window, channels: int, device: torch.device) -> "_Refine":
        actor, alpha = clip_tensor(window.actor)[None], torch.from_numpy(window.alpha)[None, None]
        return _Refine(Projection(self.autoencoder, actor.to(device), alpha.to(device)), channels)

    def _conditions(self, window: Window, words: Tensor) -> Conditions:
        recipe, coder = self.model.recipe, self.autoencoder
        foreground = encode(coder, clip_tensor(window.foreground)[None])
        at = list(window.reference_frames)
        references = encode_pictures(coder, clip_tensor(window.place[at]).transpose(0, 1)[None])
        times = torch.tensor([[latent_frame(coder, i) for i in at]])
        size, step = foreground.shape[2:], coder.time

        def pooled(plane: Array) -> Tensor:
            return interpolate(torch.from_numpy(plane)[None, None], size=size, mode="area")

        rays = tri_mask = prior = None
        if recipe.rays:
            px, pose = (
                torch.from_numpy(a[None, ::step].copy()) for a in (window.px_from_cam, window.world_from_camera)
            )
            rays = pluecker_rays(px, pose, (size[1], size[2]), coder.side)
        if recipe.tri_mask:
            tri_mask = tri_mask_of(pooled(window.alpha), pooled(window.proxy))
        if recipe.prior:
            known = encode(coder, clip_tensor(window.place)[None])
            prior = torch.cat([known, pooled(window.cover).to(known.device)], 1)
        return Conditions(foreground, references, times, words, rays, tri_mask, prior)


@dataclass(frozen=True)
class _Refine:
    """The projection of the picture's channels; depth that is denoised with it stays."""

    projection: Projection
    channels: int

    def __call__(self, clean: Tensor, t: float) -> Tensor:
        picture = self.projection(clean[:, : self.channels], t)
        return torch.cat([picture, clean[:, self.channels :]], 1)


def open_painter(options: EngineOptions, offload: bool, tiles: bool) -> Painter:
    """The painter of the folder of weights that the options name, on the GPU where there is one. ``offload``: its
    blocks wait outside it; ``tiles``: the autoencoder works in tiles. ``InputError`` for anything that is no such
    folder."""
    if options.weights is None:
        raise ValueError("a painter needs weights")
    model, recipe = load_model(options.weights)
    prompts = (prompt_of(options.prompt or _SOMEWHERE), NO_PROMPT)
    text, coder = made_text(recipe.model, prompts), made_autoencoder(recipe.model, tiles)
    words = (text(prompts[:1]), text(prompts[1:]))
    return Painter(placed(model, best_device(), offload), recipe, coder, words, options)
