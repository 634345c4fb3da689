"""Which text encoder belongs to a recipe."""

from dataclasses import dataclass

import torch
from torch import Tensor

from cyclorama.diffusion.batches import HashedText, TextEncoder
from cyclorama.diffusion.prompt import Prompt
from cyclorama.diffusion.recipes import ModelRecipe

_NUM_TOKENS = 512
"""Length that Wan's transformers were trained with; what is shorter is filled with zeros."""


@dataclass(frozen=True)
class WanText:
    """The UMT5 encoder of a folder of public weights, reading the structured prompt as one line of JSON."""

    tokenizer: object
    encoder: torch.nn.Module

    @torch.no_grad()
    def __call__(self, prompts: tuple[Prompt, ...]) -> Tensor:
        words = self.tokenizer(  # type: ignore[operator]
            [prompt.as_json() for prompt in prompts], padding="max_length", max_length=_NUM_TOKENS, truncation=True,
            return_tensors="pt",
        )  # fmt: skip
        device = next(self.encoder.parameters()).device
        ids, mask = words.input_ids.to(device), words.attention_mask.to(device)
        out: Tensor = self.encoder(ids, mask).last_hidden_state
        return out * mask[..., None]


def made_text(recipe: ModelRecipe) -> TextEncoder:
    """The public weights' own encoder, or the one that needs no download."""
    if not recipe.weights:
        return HashedText(recipe.text_dim)
    from transformers import AutoTokenizer, UMT5EncoderModel

    tokenizer = AutoTokenizer.from_pretrained(recipe.weights, subfolder="tokenizer")
    encoder = UMT5EncoderModel.from_pretrained(recipe.weights, subfolder="text_encoder", use_safetensors=True)
    return WanText(tokenizer, encoder.eval().requires_grad_(False))
