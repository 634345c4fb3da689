"""Samples shots with a model and measures them: whole-frame error and the actor's light."""

from dataclasses import dataclass

import numpy as np
import torch

from cyclorama.core.arrays import Array
from cyclorama.core.display import display_from_linear, linear_from_code8, linear_from_display
from cyclorama.diffusion.autoencoder import Autoencoder
from cyclorama.diffusion.batches import TextEncoder, clip_array, made_batch
from cyclorama.diffusion.model import InContextModel
from cyclorama.diffusion.sample import sample, schedule
from cyclorama.diffusion.samples import Sample

_INSIDE = 0.95
"""Alpha from which a pixel is the actor's own."""


@dataclass(frozen=True)
class Score:
    """Means over shots: ``mse`` on the 0..1 scale of sRGB codes, ``psnr_actor`` in dB where alpha is above 0.95, and
    the same of the baselines: the actor as given over the middle reference, and over a cross-fade of the references."""

    mse: float
    psnr_actor: float
    still_mse: float
    faded_mse: float
    given_psnr_actor: float


@torch.no_grad()
def sampled(
    model: InContextModel, samples: tuple[Sample, ...], coders: tuple[Autoencoder, TextEncoder], steps: int, seed: int
) -> tuple[Array, ...]:
    """Sampled clips, t h w 3 sRGB 0..1, of samples of one size and number of references."""
    device = next(model.parameters()).device
    batch = made_batch(samples, model.recipe, coders).to(device)
    rng = torch.Generator().manual_seed(seed)
    noise = torch.randn(batch.truth.shape, generator=rng).to(device)
    depth_noise = torch.randn(batch.truth.shape, generator=rng).to(device) if model.recipe.depth else None
    joint = noise if depth_noise is None else torch.cat([noise, depth_noise], 1)

    def predict(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        picture, depth = x.split(noise.shape[1], 1) if depth_noise is not None else (x, None)
        clean, clean_depth = model(picture, t, batch.given, depth)
        return clean if clean_depth is None else torch.cat([clean, clean_depth], 1)

    out = sample(predict, joint, schedule(steps, 1.0))[:, : noise.shape[1]]
    return tuple(clip_array(clip) for clip in coders[0].decode(out))


def score(samples: tuple[Sample, ...], clips: tuple[Array, ...]) -> Score:
    """Sampled clips against the truth."""
    rows = [
        (
            _mse(clip, s.truth),
            _psnr_actor(clip, s),
            _mse(still(s), s.truth),
            _mse(faded(s), s.truth),
            _psnr_actor(s.foreground, s),
        )
        for s, clip in zip(samples, clips)
    ]
    return Score(*np.nanmean(np.array(rows), 0).tolist())


def still(sample_: Sample) -> Array:
    """The actor as shot, with the true alpha, over the middle reference."""
    middle = len(sample_.references) // 2
    return _over(sample_, np.broadcast_to(sample_.references[middle], sample_.truth.shape))


def faded(sample_: Sample) -> Array:
    """The same over a cross-fade of the references, in linear light."""
    frames = np.arange(len(sample_.truth))
    known = np.asarray(sample_.reference_frames, float)
    shares = np.stack([np.interp(frames, known, row) for row in np.eye(len(known))], 1)
    linear = np.tensordot(shares, linear_from_display(sample_.references), 1).astype(np.float32)
    return _over(sample_, display_from_linear(linear))


def _over(sample_: Sample, place: Array) -> Array:
    actor = linear_from_code8(sample_.shot.actor)
    linear = actor + (1 - sample_.alpha[..., None]) * linear_from_display(place)
    return np.clip(display_from_linear(linear), 0, 1)


def _mse(a: Array, b: Array) -> float:
    return float(np.mean((a - b) ** 2))


def _psnr_actor(clip: Array, sample_: Sample) -> float:
    """NaN where no pixel is the actor's own."""
    inside = sample_.alpha > _INSIDE
    if not inside.any():
        return float("nan")
    return float(-10 * np.log10(max(np.mean((clip[inside] - sample_.truth[inside]) ** 2), 1e-10)))
