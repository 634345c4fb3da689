"""The in-context transformer: text, foreground, references and noised target in one sequence.

Blocks, embeddings and output of diffusers' ``WanTransformer3DModel``, used as they are, so that public weights load;
this file only says which tokens stand in the sequence, where, and at which time of the flow. PAI-Studio (arXiv
2606.01399): full bidirectional attention; references carry the cloned temporal position of their time. Not known, and
chosen after the closest public work (WorldWander): the foreground stands at the target's own positions, all conditions
pass the same patch embedding, and their timestep is 0.

Shapes: b batch, c latent channels, f latent frames, h w latent pixels, n tokens.
"""

import torch
from diffusers import WanTransformer3DModel
from torch import Tensor, nn

from cyclorama.diffusion.conditions import Adapters, Conditions
from cyclorama.diffusion.flow import clean_of, over_clip
from cyclorama.diffusion.pixel_mixer import PixelMixer
from cyclorama.diffusion.positions import Rotary, grid, rotary, unturned
from cyclorama.diffusion.recipes import ModelRecipe

TIMESTEPS = 1000.0
"""Wan's timesteps are 0..1000 for t in 0..1."""
_START_GAIN = (1.0, 4.0)
"""Of the norms of queries and keys, first to last head, where attention begins at its own place."""


class InContextModel(nn.Module):
    """Predicts the clean clip from a noised one and its conditions."""

    def __init__(self, recipe: ModelRecipe, transformer: WanTransformer3DModel) -> None:
        super().__init__()
        config = transformer.config
        width = config.num_attention_heads * config.attention_head_dim
        self.recipe, self.transformer = recipe, transformer
        self.adapters = Adapters(recipe, width, config.in_channels)
        self.mixer = None
        if recipe.copies:
            self.mixer = PixelMixer(width, config.num_attention_heads, recipe.patch, recipe.copies)
            self.mixer.start(transformer.rope)

    def forward(
        self, noised: Tensor, t: Tensor, given: Conditions, depth: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """The clean picture and, where depth is denoised with it, the clean depth: both b c f h w.

        ``noised``, ``depth``: x_t, b c f h w; ``t``: b, 0..1.
        """
        if (depth is None) == self.recipe.depth:
            raise ValueError(f"the model's recipe has depth = {self.recipe.depth}, but depth was {depth is not None}")
        tokens, where, clean, text = self._sequence(noised, given, depth)
        hidden, shift_scale = self._blocks(tokens, where, clean, (t, text))
        shift, scale = shift_scale
        hidden = self.transformer.norm_out(hidden.float()) * (1 + scale) + shift
        outs = self._outputs(hidden.type_as(tokens), where, (noised * (1 - over_clip(t)), given), depth is not None)
        picture = outs[0] if self.mixer is not None else clean_of(noised, outs[0], t, self.recipe.predicts)
        return picture, None if depth is None else clean_of(depth, outs[1], t, self.recipe.predicts)

    def _sequence(
        self, noised: Tensor, given: Conditions, depth: Tensor | None
    ) -> tuple[Tensor, Rotary, Tensor, Tensor]:
        """Tokens b n width in the order target, depth, foreground, references, text; their positions; which of them are
        clean conditions (n bool); and the text for cross-attention."""
        patch, step = self.transformer.config.patch_size[1], self.recipe.condition_stride
        frames, hw = noised.shape[2], (noised.shape[3] // patch, noised.shape[4] // patch)
        kinds = self.adapters.kinds
        at_target = grid(torch.arange(frames, device=noised.device)[None], hw)
        target = self.adapters(self._embedded(noised) + kinds[2], given, patch)
        parts, at = [target], [at_target]
        if depth is not None:
            parts = [target + self.adapters.picture, self._embedded(depth) + kinds[2] + self.adapters.depth]
            at.append(at_target)
        foreground = given.foreground[:, :, :: step[0]]
        if step[1] > 1:
            over = [-n % (patch * step[1]) for n in (foreground.shape[4], foreground.shape[3])]
            whole = nn.functional.pad(foreground, (0, over[0], 0, over[1], 0, 0), mode="replicate")
            foreground = nn.functional.avg_pool3d(whole, (1, step[1], step[1]))
        parts.append(self._embedded(foreground) + kinds[0])
        at.append(grid(torch.arange(0, frames, step[0], device=noised.device)[None], hw, step[1]))
        if given.references.shape[1]:
            parts.append(self._embedded(given.references.transpose(1, 2)) + kinds[1])
            at.append(grid(self._times(given.reference_times, frames), hw))
        where = rotary(self.transformer.rope, torch.cat([a.expand(len(noised), -1, -1) for a in at], 1))
        text = self.transformer.condition_embedder.text_embedder(given.text)
        if self.recipe.text_in_sequence:
            parts.append(text)
            where = tuple(torch.cat([a, b], 1) for a, b in zip(where, unturned(where, text.shape[1])))
        # Adapters are float32; beside frozen weights of half precision the blocks work as the library's own do.
        tokens = torch.cat(parts, 1).to(self.transformer.proj_out.weight.dtype)
        clean = torch.arange(tokens.shape[1], device=tokens.device) >= len(at_target[0]) * (1 + (depth is not None))
        return tokens, where, clean, text

    def _times(self, times: Tensor, frames: int) -> Tensor:
        """The references' own (cloned) times, or, without cloning, the numbers after the last frame."""
        if self.recipe.cloned_times:
            return times
        return (frames + torch.arange(times.shape[1], device=times.device)).expand_as(times)

    def _embedded(self, clip: Tensor) -> Tensor:
        return self.transformer.patch_embedding(clip).flatten(2).transpose(1, 2)

    def _blocks(
        self, tokens: Tensor, where: Rotary, clean: Tensor, time_text: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Hidden tokens and the output's shift and scale, b n width each. Conditions are modulated with time 0."""
        (t, text), embedder = time_text, self.transformer.condition_embedder
        both = torch.stack([t, torch.zeros_like(t)], 1).flatten() * TIMESTEPS
        wave = embedder.timesteps_proj(both).unflatten(0, (-1, 2)).to(embedder.time_embedder.linear_1.weight.dtype)
        embedded = embedder.time_embedder(wave).type_as(tokens)
        index = clean.long()
        modulation = embedder.time_proj(embedder.act_fn(embedded)).unflatten(2, (6, -1))[:, index]
        for block in self.transformer.blocks:
            if self.transformer.gradient_checkpointing and torch.is_grad_enabled():
                tokens = torch.utils.checkpoint.checkpoint(block, tokens, text, modulation, where, use_reentrant=False)
            else:
                tokens = block(tokens, text, modulation, where)
        shift, scale = (self.transformer.scale_shift_table[:, None] + embedded[:, :, None]).unbind(2)
        return tokens, (shift[:, index], scale[:, index])

    def _outputs(self, hidden: Tensor, where: Rotary, clips: tuple[Tensor, Conditions], joint: bool) -> list[Tensor]:
        """The network's output for the picture and, where ``joint``, for the depth."""
        noised, given = clips
        patch = self.transformer.config.patch_size[1]
        n = noised[0, 0].numel() // patch**2
        outs = []
        if self.mixer is None:
            outs.append(self._unpatched(self.transformer.proj_out(hidden[:, :n]), noised))
        else:
            m = given.references[0, :, 0].numel()
            end = hidden.shape[1] - given.text.shape[1] * self.recipe.text_in_sequence
            here, there = slice(0, n), slice(end - m, end)
            at = tuple(tuple(x[:, part] for x in where) for part in (here, there))
            flat = (noised, given.foreground, given.references.transpose(1, 2))
            pixels = tuple(clip.flatten(2).transpose(1, 2) for clip in flat)
            mixed = self.mixer((hidden[:, here], hidden[:, there]), at, pixels, noised.shape[2:])
            outs.append(mixed.transpose(1, 2).reshape(noised.shape))
        if joint:
            outs.append(self._unpatched(self.transformer.proj_out(hidden[:, n : 2 * n]), noised))
        return outs

    def _unpatched(self, patches: Tensor, like: Tensor) -> Tensor:
        """b n p*p*c, Wan's order of a patch, to b c f h w."""
        patch = self.transformer.config.patch_size[1]
        _, _, f, h, w = like.shape
        cells = patches.reshape(len(patches), f, h // patch, w // patch, patch, patch, -1)
        return cells.permute(0, 6, 1, 2, 4, 3, 5).flatten(5, 6).flatten(3, 4)


def made_transformer(recipe: ModelRecipe) -> WanTransformer3DModel:
    """A transformer at random for pixel patches, from torch's global seed."""
    channels = 3 * recipe.patch**2
    transformer = WanTransformer3DModel(
        patch_size=(1, 1, 1), num_attention_heads=recipe.heads, attention_head_dim=recipe.width // recipe.heads,
        in_channels=channels, out_channels=channels, text_dim=recipe.text_dim, freq_dim=recipe.freq_dim,
        ffn_dim=recipe.ffn, num_layers=recipe.layers,
    )  # fmt: skip
    if recipe.local_start:
        for block in transformer.blocks:
            _start_local(block.attn1)
    return transformer


def _start_local(attention: nn.Module) -> None:
    """Queries and keys begin constant, so that the rotary phases alone decide: nearest in time and place first."""
    for layer, norm in ((attention.to_q, attention.norm_q), (attention.to_k, attention.norm_k)):
        nn.init.normal_(layer.weight, std=0.02)
        layer.bias.data.view(-1, 2).copy_(torch.tensor([1.0, 0.0]))
        gains = torch.linspace(*_START_GAIN, attention.heads)
        norm.weight.data.copy_(gains.repeat_interleave(norm.weight.numel() // attention.heads))
