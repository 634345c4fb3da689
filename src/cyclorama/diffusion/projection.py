"""AnyPortal's refinement projection for flow matching: the actor's fine detail comes from the plate.

AnyPortal (arXiv 2509.07472): a step's clean clip is decoded, its actor's low frequencies are kept and the high ones
replaced by the source's (Gaussian of 2 pixels), and the change goes back into the latents through the posterior's mean
and spread: e = (x_0 - mu) / sigma, x_0' = e sigma' + mu'. Where nothing changed mu' is mu and sigma' is sigma, so x_0'
is x_0 whatever the autoencoder loses. There it goes on by DDIM; here x moves on the straight line from x_0' to the
noise that x_t and x_0' imply, which is what ``sample`` does with the clean clip of ``refine``.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from cyclorama.diffusion.autoencoder import Autoencoder

_SIGMA_PX = 2.0
_SMALLEST_SPREAD = 1e-6
_LARGEST_ERROR = 100.0  # of e, as AnyPortal's code clamps it
_COVERED = 1e-3


@dataclass(frozen=True)
class Projection:
    """``sample``'s ``refine``. ``actor``: the plate's own straight colours, b 3 t h w, sRGB-coded -1..1; ``alpha``: b 1
    t h w, 0..1; ``below``: it works at steps whose time is at most this."""

    autoencoder: Autoencoder
    actor: Tensor
    alpha: Tensor
    below: float = 0.7

    def __call__(self, clean: Tensor, t: float) -> Tensor:
        if t > self.below:
            return clean
        pixels = self.autoencoder.decode(clean)
        mean, spread = self.autoencoder.posterior(pixels)
        mean_after, spread_after = self.autoencoder.posterior(with_detail(pixels, self.actor, self.alpha))
        error = ((clean - mean) / spread.clamp_min(_SMALLEST_SPREAD)).clamp(-_LARGEST_ERROR, _LARGEST_ERROR)
        # The parts that did not change are not computed but kept.
        same = (mean_after == mean) & (spread_after == spread)
        return torch.where(same, clean, error * spread_after + mean_after)


def with_detail(pixels: Tensor, actor: Tensor, alpha: Tensor) -> Tensor:
    """Pixels whose actor keeps its low frequencies and takes the high ones of ``actor``; the rest is untouched."""
    share = _blurred(alpha)
    cover = torch.where(alpha > _COVERED, alpha, torch.zeros_like(alpha))
    low, own = (_blurred(clip * alpha) / share.clamp_min(_COVERED) for clip in (pixels, actor))
    return pixels + cover * (low + (actor - own) - pixels)


def _blurred(clip: Tensor) -> Tensor:
    """A Gaussian over each frame, edges repeated."""
    reach = int(3 * _SIGMA_PX)
    x = torch.arange(-reach, reach + 1, dtype=clip.dtype, device=clip.device)
    kernel = torch.exp(-(x**2) / (2 * _SIGMA_PX**2))
    kernel = kernel / kernel.sum()
    b, c, t, h, w = clip.shape
    flat = pad(clip.transpose(1, 2).reshape(b * t * c, 1, h, w), (reach,) * 4, mode="replicate")
    flat = conv2d(conv2d(flat, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))
    return flat.reshape(b, t, c, h, w).transpose(1, 2)
