"""Flow matching on straight paths: x_t = (1 - t) x_0 + t noise, t in 0..1, velocity v = noise - x_0.

Clips are b c f h w; times are b.
"""

import torch
from torch import Tensor

_SMALLEST_T = 0.05
"""Where a clean prediction becomes a velocity, t is not taken smaller: the division would blow up its error."""


def shifted(t: Tensor, shift: float) -> Tensor:
    """Times moved towards noise for ``shift`` above 1 (Esser et al. 2024, eq. 23); 0 and 1 stay."""
    return shift * t / (1 + (shift - 1) * t)


def drawn_times(count: int, kind: str, shift: float, generator: torch.Generator) -> Tensor:
    """Training times, float32: ``uniform`` or ``logit-normal`` (Esser et al. 2024, sec. 3.1), then shifted."""
    if kind == "uniform":
        t = torch.rand(count, generator=generator)
    else:
        t = torch.sigmoid(torch.randn(count, generator=generator))
    return shifted(t, shift)


def over_clip(t: Tensor) -> Tensor:
    """Times b as b 1 1 1 1."""
    return t[:, None, None, None, None]


def noised(clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """x_t."""
    return (1 - over_clip(t)) * clean + over_clip(t) * noise


def clean_of(x_t: Tensor, output: Tensor, t: Tensor, predicts: str) -> Tensor:
    """x_0 from a network's output that is ``clean`` already, or ``velocity``: x_0 = x_t - t v."""
    return output if predicts == "clean" else x_t - over_clip(t) * output


def loss(clean: Tensor, truth: Tensor, t: Tensor, loss_in: str, weight: Tensor | None = None) -> Tensor:
    """Mean squared error in ``clean`` or in ``velocity`` space, where v - v' = (x_0' - x_0) / t.

    ``weight``: b 1 f h w, of mean about 1, the regions' importance.
    """
    error = (clean - truth).float().square()
    if loss_in == "velocity":
        error = error / over_clip(t).clamp_min(_SMALLEST_T).square()
    return (error if weight is None else error * weight).mean()
