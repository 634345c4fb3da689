"""Where tokens stand: 3D rotary positions, and the cloning of a time."""

import torch
from torch import Tensor

Rotary = tuple[Tensor, Tensor]
"""Cosines and sines, 1 or b, tokens, 1, head size, as the attention of diffusers' Wan wants them."""


def grid(times: Tensor, hw: tuple[int, int], stride: int = 1) -> Tensor:
    """(t, h, w) of the tokens of some frames: b, frames * h * w, 3, int64, in the order t, h, w.

    ``times``: b, frames. ``stride``: every so-manieth row and column, at the target's own numbers.
    """
    rows, columns = (torch.arange(0, n, stride, device=times.device) for n in hw)
    shape = (*times.shape, len(rows), len(columns))
    parts = (times[:, :, None, None], rows[None, None, :, None], columns[None, None, None, :])
    return torch.stack([part.expand(shape) for part in parts], -1).flatten(1, 3)


def rotary(rope: torch.nn.Module, where: Tensor) -> Rotary:
    """The rotary embedding of tokens at ``where`` (b n 3) out of the tables of diffusers' ``WanRotaryPosEmbed``.

    Equal positions give equal bits, whatever tokens stand there: a reference that carries the time of a frame turns
    exactly as that frame's tokens do.
    """
    sizes = [rope.t_dim, rope.h_dim, rope.w_dim]
    tables = (rope.freqs_cos.split(sizes, 1), rope.freqs_sin.split(sizes, 1))
    cos, sin = (torch.cat([axis[where[..., k]] for k, axis in enumerate(table)], -1)[:, :, None] for table in tables)
    return cos, sin


def unturned(like: Rotary, count: int) -> Rotary:
    """For ``count`` text tokens, which stand nowhere: no rotation."""
    shape = (like[0].shape[0], count, 1, like[0].shape[-1])
    return like[0].new_ones(shape), like[1].new_zeros(shape)


def turned(x: Tensor, where: Rotary) -> Tensor:
    """x (b n heads size) turned by its position, pairs of neighbouring channels together."""
    cos, sin = where[0][..., ::2], where[1][..., 1::2]
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)
