"""From pixels to the cells that a transformer works on, and back.

Pixels: b 3 t h w, sRGB-coded, -1..1. Latents: b c f h w.
"""

from typing import Protocol

import torch
from diffusers import AutoencoderKLWan
from torch import Tensor

from cyclorama.core.errors import InputError


class Autoencoder(Protocol):
    """What the model's codes need of an autoencoder."""

    time: int
    """Frames of a latent frame, the first one apart: f = 1 + (t - 1) / time."""
    side: int
    """Pixels along a latent pixel's side."""

    def posterior(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and spread of the latents."""
        ...

    def decode(self, latents: Tensor) -> Tensor: ...


class PatchAutoencoder:
    """Space to depth: every p x p patch becomes 3 p p channels. Exactly invertible, of spread 1."""

    time = 1

    def __init__(self, patch: int) -> None:
        self.side = patch

    def posterior(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        require_fit(self, pixels)
        p = self.side
        cells = pixels.unflatten(4, (-1, p)).unflatten(3, (-1, p))  # b 3 t h p w p
        mean = cells.permute(0, 1, 4, 6, 2, 3, 5).flatten(1, 3)
        return mean, torch.ones_like(mean)

    def decode(self, latents: Tensor) -> Tensor:
        p = self.side
        cells = latents.unflatten(1, (3, p, p))  # b 3 p p t h w
        return cells.permute(0, 1, 4, 5, 2, 6, 3).flatten(5, 6).flatten(3, 4)


class WanAutoencoder:
    """diffusers' ``AutoencoderKLWan``, in float32 as the library advises, its latents normalised as Wan's transformers
    expect."""

    def __init__(self, network: AutoencoderKLWan, device: torch.device) -> None:
        self.network = network.eval().requires_grad_(False).to(device)
        config = network.config
        self.time, self.side = config.scale_factor_temporal, config.scale_factor_spatial
        self.center = torch.tensor(config.latents_mean).view(1, -1, 1, 1, 1)
        self.spread = torch.tensor(config.latents_std).view(1, -1, 1, 1, 1)

    def posterior(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        require_fit(self, pixels)
        found = self.network.encode(pixels.to(self.network.device, self.network.dtype)).latent_dist
        center, spread = self.center.to(found.mean.device), self.spread.to(found.mean.device)
        return (found.mean.float() - center) / spread, found.std.float() / spread

    def decode(self, latents: Tensor) -> Tensor:
        center, spread = self.center.to(latents.device), self.spread.to(latents.device)
        decoded = self.network.decode((latents * spread + center).to(self.network.device, self.network.dtype)).sample
        return decoded.float()


def encode(autoencoder: Autoencoder, pixels: Tensor) -> Tensor:
    """The mean latents of a clip."""
    return autoencoder.posterior(pixels)[0]


def encode_pictures(autoencoder: Autoencoder, pictures: Tensor) -> Tensor:
    """Pictures b r 3 h w, each a clip of one frame: b r c h w."""
    flat = encode(autoencoder, pictures.flatten(0, 1)[:, :, None])[:, :, 0]
    return flat.unflatten(0, pictures.shape[:2])


def require_fit(autoencoder: Autoencoder, pixels: Tensor) -> None:
    """``InputError`` unless the clip's size and length suit the autoencoder."""
    t, h, w = pixels.shape[2:]
    if (t - 1) % autoencoder.time or h % autoencoder.side or w % autoencoder.side:
        raise InputError(
            f"clips must have 1 + a multiple of {autoencoder.time} frames and sides of multiples of {autoencoder.side} "
            f"pixels for this autoencoder, got {t} frames of {h} x {w}"
        )


def latent_frame(autoencoder: Autoencoder, frame: int) -> int:
    """The latent frame that holds a frame of the clip."""
    return 0 if frame == 0 else 1 + (frame - 1) // autoencoder.time
