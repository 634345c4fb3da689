"""What a recipe costs: tokens, floating-point operations, peak memory; needs no torch.

One step over n tokens of width d in L layers with a feed-forward of m and T text tokens costs, in multiply-adds a
layer: self-attention 4 n d^2 + 2 n^2 d, cross-attention 2 (n + T) d^2 + 2 n T d, feed-forward 2 n d m; operations are
twice that. Training costs three times the forward pass, four with checkpointing; guidance asks a model twice a step.
"""

import math
from dataclasses import dataclass

from cyclorama.core.errors import InputError
from cyclorama.diffusion.recipes import Recipe

_TEXT_TOKENS = {True: 512, False: 8}  # public weights, patch models
_KEPT = {4: (36.0, 2.0), 2: (55.0, 5.15)}
"""By the bytes of a number: what a layer keeps for its gradient, in multiples of n d and of n m numbers: the six
modulations of every token, copies of norms, turned queries and keys; with LoRA also what its backward pass takes."""
_KEPT_A_PIXEL = 200
"""Numbers that the pixel mixer keeps for a pixel: its inputs and layers."""
_ALIVE = {4: (24.0, 2.0), 2: (23.0, 4.1)}
"""The same of what is alive while a layer runs without gradients: hidden tokens, their norm, modulations (float32),
queries, keys, values; with LoRA two more of the feed-forward."""
_CODER_BYTES = {8: 0.51e9, 16: 2.82e9}
"""Of Wan2.1's and Wan2.2's autoencoder, by the pixels along a latent's side."""
_CODER_A_PIXEL = 22e3
"""Bytes that they hold for a pixel of the picture while they decode: 20,000 and 21,700, counted by torch."""
_CODER_TILE = 256 * 256
"""Pixels of the tiles of diffusers' autoencoders."""


@dataclass(frozen=True)
class Cost:
    """``tokens``: of the whole sequence. ``flops``: of one forward pass of one clip. Bytes: ``weight_bytes`` of the
    weights, ``block_bytes`` of one of the ``layers``; ``work_bytes`` beside them while one clip is sampled;
    ``state_bytes`` of the gradients and moments of what is trained; ``kept_bytes`` of what a training step of the
    recipe's batch keeps."""

    tokens: int
    flops: float
    layers: int
    parameters: int
    weight_bytes: float
    block_bytes: float
    work_bytes: float
    state_bytes: float
    kept_bytes: float

    @property
    def one_block_bytes(self) -> float:
        """Of the weights, where blocks come one by one."""
        return self.weight_bytes - (self.layers - 1) * self.block_bytes

    def train_bytes(self, processes: int) -> float:
        """Peak memory of a training step in each of the processes that weights are cut over."""
        gathered = 0.0 if processes == 1 else 2 * self.block_bytes  # one at work, the next on its way
        return (self.weight_bytes + self.state_bytes) / processes + gathered + self.kept_bytes


def cost_of(recipe: Recipe, num_frames: int, hw: tuple[int, int], num_references: int = 3) -> Cost:
    """The cost of one clip of a size."""
    model, plan = recipe.model, recipe.train
    public, (time, side, patch, channels) = bool(model.weights), _cells(recipe)
    frames = 1 + (num_frames - 1) // time
    per_frame = -(-hw[0] // (side * patch)) * -(-hw[1] // (side * patch))
    text = _TEXT_TOKENS[public]
    given = -(-frames // model.condition_stride[0]) * per_frame // model.condition_stride[1] ** 2
    pixels = per_frame * (frames * (1 + model.depth) + num_references) + given
    n, d, m, layers = pixels + text * model.text_in_sequence, model.width, model.ffn, model.layers
    inputs = channels * patch**2
    macs: float = layers * (4 * n * d * d + 2 * n * n * d + 2 * (n + text) * d * d + 2 * n * text * d + 2 * n * d * m)
    macs += pixels * inputs * d + (_mixer(recipe, per_frame, frames, num_references) if model.copies else 0)
    block = 8 * d * d + 2 * d * m + 19 * d
    parameters = layers * block + 8 * d * d + d * (2 * inputs + model.text_dim + model.freq_dim)
    number = 2 if public or plan.precision == "bf16" else 4
    kept, alive = ((k * d + f * m) * n * number for k, f in (_KEPT[number], _ALIVE[number]))
    activations = kept + layers * n * d * number if plan.checkpointing else layers * kept
    if model.copies:
        activations += _KEPT_A_PIXEL * per_frame * frames * model.patch**2 * number
    return Cost(
        n, 2.0 * macs, layers, parameters, parameters * number, block * number, alive,
        16 * (_lora(recipe) if model.lora_rank else parameters), plan.batch * activations,
    )  # fmt: skip


def window_hw(recipe: Recipe, plate_hw: tuple[int, int], scale: float = 1.0) -> tuple[int, int]:
    """The size a shot is worked at: the recipe's area times ``scale`` squared, but above the recipe's no more than the
    plate's, in the plate's shape, sides of whole tokens."""
    _, side, patch, _ = _cells(recipe)
    own, plate = recipe.data.hw[0] * recipe.data.hw[1], plate_hw[0] * plate_hw[1]
    area, shape, cell = max(own, min(own * scale**2, plate)), plate_hw[1] / plate_hw[0], side * patch
    tall = max(1, round(math.sqrt(area / shape) / cell))
    return tall * cell, max(1, round(tall * shape)) * cell


def _mixer(recipe: Recipe, per_frame: int, frames: int, num_references: int) -> float:
    """Multiply-adds of the pixel mixer: queries and keys, scores and copies, features, and every pixel's network."""
    model, target, pictures = recipe.model, per_frame * frames, per_frame * num_references
    head, square = model.width // model.heads, model.patch**2
    looks = (target + pictures) * model.width * model.copies * head + target * pictures * model.copies * (
        head + 3 * square
    )
    hidden = 32 * (8 + 3 * (2 + model.copies)) + 32 * 32 + 32 * (model.copies + 8)
    return looks + target * (model.width * (8 * square + 2 * model.copies) + square * hidden)


def _cells(recipe: Recipe) -> tuple[int, int, int, int]:
    """Frames and pixels to a latent, latents along a token's side, channels of a latent. ``InputError`` for public
    weights of which nobody says so."""
    if not recipe.model.weights:
        return 1, recipe.model.patch, 1, 3 * recipe.model.patch**2
    if len(recipe.model.cells) != 4:
        raise InputError(
            f"model.cells must tell the frames and pixels to a latent of {recipe.model.weights}, the latents along a "
            f"token's side and a latent's channels, got {list(recipe.model.cells)}; begin with a wan recipe, or give "
            "a folder of weights, which tells them"
        )
    time, side, patch, channels = recipe.model.cells
    return time, side, patch, channels


def _lora(recipe: Recipe) -> int:
    """Trained numbers of the low-rank factors: attention's eight matrices and the feed-forward's two, where named."""
    d, m, rank = recipe.model.width, recipe.model.ffn, recipe.model.lora_rank
    attention = 2 * sum(name in recipe.model.lora_targets for name in ("to_q", "to_k", "to_v", "to_out.0"))
    forward = sum(name.startswith("ffn") for name in recipe.model.lora_targets)
    return recipe.model.layers * rank * (attention * 2 * d + forward * (d + m))


def coder_bytes(recipe: Recipe, hw: tuple[int, int], tiles: bool) -> tuple[float, float]:
    """Of the autoencoder: its weights (float32), and the peak beside them while it decodes a picture, whole or in
    ``tiles``; patches need nothing."""
    if not recipe.model.weights:
        return 0.0, 0.0
    pixels = min(hw[0] * hw[1], _CODER_TILE) if tiles else hw[0] * hw[1]
    return _CODER_BYTES.get(_cells(recipe)[1], max(_CODER_BYTES.values())), _CODER_A_PIXEL * pixels


def in_words(count: float) -> str:
    """Bytes as GB or MB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{max(1, round(count / 1e6))} MB"
