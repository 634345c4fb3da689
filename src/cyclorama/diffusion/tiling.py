"""Pictures larger than a model was trained for: overlapping tiles of latents, cross-faded at every step.

MultiDiffusion (Bar-Tal et al. 2023, arXiv 2302.08113, eq. 5): each step's prediction is the weighted mean of the
tiles' own, so that all of them walk one path. Their weights fall towards their rims, where they know least. A tile is
told its own part of every condition.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from cyclorama.diffusion.conditions import Conditions
from cyclorama.diffusion.sample import Predict

Told = Callable[[Tensor, Tensor, Conditions], Tensor]
"""(x_t: b c f h w, t: b, conditions of the same size) to the clean clip b c f h w."""
_OVERLAP = 0.25
"""Of a tile's side, at least, that it shares with its neighbour."""


def tiled(predict: Told, given: Conditions, tile: tuple[int, int], unit: int) -> Predict:
    """The prediction of a clip of any size. ``tile``: latent h, w; ``unit``: tiles begin at multiples of it, the side
    of a token in latents, of which the clip and the tile are multiples. A clip that is no larger than a tile is
    predicted whole."""
    size = given.foreground.shape[3:]
    if size[0] <= tile[0] and size[1] <= tile[1]:
        return lambda x, t: predict(x, t, given)
    tile = min(tile[0], size[0]), min(tile[1], size[1])
    rows, columns = (starts(n, m, unit) for n, m in zip(size, tile))
    parts = [(slice(y, y + tile[0]), slice(x, x + tile[1])) for y in rows for x in columns]
    told = [(part, cropped(given, *part)) for part in parts]
    weight = fade(tile[0])[:, None] * fade(tile[1])

    def mixed(x: Tensor, t: Tensor) -> Tensor:
        total, share = torch.zeros_like(x), x.new_zeros(size)
        here = weight.to(x.device)
        for (at_rows, at_columns), conditions in told:
            total[..., at_rows, at_columns] += here * predict(x[..., at_rows, at_columns], t, conditions)
            share[at_rows, at_columns] += here
        return total / share

    return mixed


def starts(size: int, tile: int, unit: int) -> list[int]:
    """Where the tiles along a side begin: evenly spread, multiples of ``unit``, the last one ends with the side.
    ``size`` and ``tile`` are multiples of ``unit``."""
    size, tile = size // unit, tile // unit
    step = max(1, int(tile * (1 - _OVERLAP)))
    count = -(-(size - tile) // step)
    return [unit * round(k * (size - tile) / max(1, count)) for k in range(count + 1)]


def fade(tile: int) -> Tensor:
    """Weights along a tile's side: 1 inside, falling straight to the rims over the least overlap, never 0."""
    reach = max(1.0, tile * _OVERLAP)
    at = torch.arange(tile) + 0.5
    return (torch.minimum(at, tile - at) / reach).clamp(max=1.0)


def cropped(given: Conditions, rows: slice, columns: slice) -> Conditions:
    """The conditions of a part of the picture; times and text are the whole's."""
    names = ("foreground", "references", "rays", "tri_mask", "prior")
    clips = {name: getattr(given, name) for name in names}
    return replace(given, **{k: None if clip is None else clip[..., rows, columns] for k, clip in clips.items()})
