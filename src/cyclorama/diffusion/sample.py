"""The sampler: from noise to a clip by Euler steps along the flow."""

from collections.abc import Callable

import torch
from torch import Tensor

from cyclorama.diffusion.flow import shifted

Predict = Callable[[Tensor, Tensor], Tensor]
"""(x_t: b c f h w, t: b) to the clean clip b c f h w."""


def schedule(num_steps: int, shift: float) -> Tensor:
    """num_steps + 1 times from 1 down to 0."""
    return shifted(torch.linspace(1, 0, num_steps + 1, dtype=torch.float64), shift).float()


def sample(
    predict: Predict, noise: Tensor, times: Tensor, refine: Callable[[Tensor, float], Tensor] | None = None
) -> Tensor:
    """The clip at the end of the flow.

    ``times``: from ``schedule``, or from a smaller first time, where ``noise`` is x_t of that time. ``refine(clean,
    t)`` may change the clean clip that a step heads for (AnyPortal's projection).
    """
    x = noise
    for t, after in zip(times[:-1].tolist(), times[1:].tolist()):
        clean = predict(x, torch.full((len(x),), t, device=x.device))
        if refine is not None:
            clean = refine(clean, t)
        # x + (after - t) v with v = (x - clean) / t, written so that the last step lands on clean exactly.
        x = clean + (after / t) * (x - clean)
    return x


def guided(with_text: Predict, without: Predict, scale: float) -> Predict:
    """Classifier-free guidance; at 1 the model is asked once."""
    if scale == 1:
        return with_text

    def predict(x: Tensor, t: Tensor) -> Tensor:
        base = without(x, t)
        return base + scale * (with_text(x, t) - base)

    return predict
