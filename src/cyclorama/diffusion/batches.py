"""From samples to the tensors of a model: the one point where numpy becomes torch."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError
from cyclorama.diffusion.autoencoder import Autoencoder, encode, encode_pictures, latent_frame
from cyclorama.diffusion.conditions import Conditions, pluecker_rays, tri_mask_of
from cyclorama.diffusion.prompt import Prompt, hashed_text
from cyclorama.diffusion.recipes import ModelRecipe
from cyclorama.diffusion.samples import Sample

_NEAREST_M = 1.0
"""Depth is told as nearness, 1 / (1 + depth / this): 1 at the lens, 0 at infinity."""


class TextEncoder(Protocol):
    """Prompts to b n text_dim."""

    def __call__(self, prompts: tuple[Prompt, ...]) -> Tensor: ...


@dataclass(frozen=True)
class HashedText:
    """The encoder that needs no download."""

    dim: int

    def __call__(self, prompts: tuple[Prompt, ...]) -> Tensor:
        return torch.from_numpy(np.stack([hashed_text(prompt, self.dim) for prompt in prompts]))


@dataclass(frozen=True)
class Batch:
    """Clean latents b c f h w, the conditions, and the loss's weight b 1 f h w (of mean 1)."""

    truth: Tensor
    given: Conditions
    weight: Tensor
    depth: Tensor | None

    def to(self, device: torch.device) -> "Batch":
        """On another device."""
        depth = None if self.depth is None else self.depth.to(device)
        return Batch(self.truth.to(device), self.given.to(device), self.weight.to(device), depth)


def clip_tensor(pictures: Array) -> Tensor:
    """t h w 3 sRGB 0..1 as 3 t h w, -1..1."""
    return torch.from_numpy(np.ascontiguousarray(pictures.transpose(3, 0, 1, 2), np.float32)) * 2 - 1


def clip_array(clip: Tensor) -> Array:
    """3 t h w, -1..1, as t h w 3 sRGB 0..1."""
    out: Array = ((clip.detach().float().cpu().numpy().transpose(1, 2, 3, 0) + 1) / 2).clip(0, 1)
    return out


def made_batch(
    samples: tuple[Sample, ...],
    recipe: ModelRecipe,
    coders: tuple[Autoencoder, TextEncoder],
    foreground_weight: float = 1.0,
) -> Batch:
    """Samples of one size and one number of references, encoded."""
    autoencoder, text = coders
    with torch.no_grad():
        truth = encode(autoencoder, torch.stack([clip_tensor(s.truth) for s in samples]))
        foreground = encode(autoencoder, torch.stack([clip_tensor(s.foreground) for s in samples]))
        pictures = torch.stack([clip_tensor(s.references).transpose(0, 1) for s in samples])
        references = encode_pictures(autoencoder, pictures)
        depth = _encoded_depth(samples, autoencoder) if recipe.depth else None
        prior = _prior(samples, autoencoder) if recipe.prior else None
    times = torch.tensor([[latent_frame(autoencoder, int(i)) for i in s.reference_frames] for s in samples])
    covers = _pooled(torch.from_numpy(np.stack([s.alpha for s in samples]))[:, None], truth)
    tri_mask = None
    if recipe.tri_mask:
        proxies = _pooled(torch.from_numpy(np.stack([s.alpha * s.proxy for s in samples]))[:, None], truth)
        tri_mask = tri_mask_of(covers - proxies, proxies)
    rays = _rays(samples, truth, autoencoder) if recipe.rays else None
    weight = 1 + (foreground_weight - 1) * covers
    words = text(tuple(s.prompt for s in samples))
    given = Conditions(foreground, references, times, words, rays=rays, tri_mask=tri_mask, prior=prior)
    return Batch(truth, given, weight / weight.mean(), depth)


def _pooled(alpha: Tensor, like: Tensor) -> Tensor:
    """Frames' alphas b 1 t h w as means over latent cells."""
    return torch.nn.functional.interpolate(alpha, size=like.shape[2:], mode="area")


def _rays(samples: tuple[Sample, ...], like: Tensor, autoencoder: Autoencoder) -> Tensor:
    found = [(s.shot.px_from_cam, s.shot.world_from_camera) for s in samples]
    if any(px is None or pose is None for px, pose in found):
        raise InputError("model.rays needs shots whose cameras are known, as made-up shots' are; folders have none")
    px, pose = (torch.from_numpy(np.stack(part)).float() for part in zip(*found))
    step = autoencoder.time
    return pluecker_rays(px[:, ::step], pose[:, ::step], (like.shape[3], like.shape[4]), autoencoder.side)


def _prior(samples: tuple[Sample, ...], autoencoder: Autoencoder) -> Tensor:
    """The place where its render is known, elsewhere each frame's mean of it, encoded; and last its cover."""
    clips = []
    for s in samples:
        cover = s.cover[..., None]
        place = s.shot.place.astype(np.float32) / 255 if s.cover.any() else np.zeros_like(s.truth)
        mean = (place * cover).sum((1, 2), keepdims=True) / np.maximum(cover.sum((1, 2), keepdims=True), 1)
        clips.append(clip_tensor(place * cover + mean * (1 - cover)))
    known = encode(autoencoder, torch.stack(clips))
    cover = _pooled(torch.from_numpy(np.stack([s.cover for s in samples]))[:, None], known)
    return torch.cat([known, cover.to(known.device)], 1)


def _encoded_depth(samples: tuple[Sample, ...], autoencoder: Autoencoder) -> Tensor:
    """The place's nearness as a grey picture."""
    if any(s.shot.inverse_depth is None for s in samples):
        raise InputError("model.depth needs shots whose depth is known, as made-up shots' is; folders have none")
    inverse = np.stack([np.asarray(s.shot.inverse_depth, np.float32) for s in samples])
    near = inverse / (inverse + 1 / _NEAREST_M)
    return encode(autoencoder, torch.from_numpy(near)[:, None].expand(-1, 3, -1, -1, -1) * 2 - 1)
