"""Which text encoder belongs to a recipe; prompts are read once, before the work."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from cyclorama.core.errors import InputError
from cyclorama.diffusion.batches import HashedText, TextEncoder
from cyclorama.diffusion.device import best_device, memory_of
from cyclorama.diffusion.prompt import Prompt
from cyclorama.diffusion.recipes import ModelRecipe
from cyclorama.diffusion.weights import public_part

_NUM_TOKENS = 512
"""Length that Wan's transformers were trained with; what is shorter is filled with zeros."""
_SPARED = 0.9
"""Of a device's memory, what weights may take."""


@dataclass(frozen=True)
class WanText:
    """The UMT5 encoder of a folder of public weights, reading the structured prompt as one line of JSON."""

    tokenizer: object
    encoder: torch.nn.Module

    @torch.no_grad()
    def read(self, prompt: Prompt) -> Tensor:
        """n text_dim, as long as the prompt."""
        words = self.tokenizer(  # type: ignore[operator]
            [prompt.as_json()], max_length=_NUM_TOKENS, truncation=True, return_tensors="pt"
        )
        device = next(self.encoder.parameters()).device
        found: Tensor = self.encoder(words.input_ids.to(device), words.attention_mask.to(device)).last_hidden_state
        return found[0].cpu()


@dataclass(frozen=True)
class ReadText:
    """What the encoder made of the prompts that it was shown; it is gone, and its memory free."""

    known: dict[Prompt, Tensor]

    def __call__(self, prompts: tuple[Prompt, ...]) -> Tensor:
        """b 512 text_dim float32. ``KeyError`` for a prompt that was not read before."""
        first = self.known[prompts[0]]
        out = torch.zeros(len(prompts), _NUM_TOKENS, first.shape[1])
        for row, prompt in zip(out, prompts):
            words = self.known[prompt]
            row[: len(words)] = words
        return out


def made_text(recipe: ModelRecipe, prompts: Iterable[Prompt]) -> TextEncoder:
    """The public weights' own encoder, or the one that needs no download. ``prompts``: all that will be asked for;
    the public one (UMT5-XXL: 11 GB) reads them in bfloat16 now and is let go."""
    if not recipe.weights:
        return HashedText(recipe.text_dim)
    from transformers import AutoTokenizer, UMT5EncoderModel

    try:
        tokenizer = AutoTokenizer.from_pretrained(recipe.weights, subfolder="tokenizer")
    except (OSError, ValueError) as error:
        raise InputError(f"the tokenizer of {recipe.weights} cannot be loaded: {error}") from error
    encoder = public_part(UMT5EncoderModel, recipe.weights, "text_encoder", torch.bfloat16)
    device = best_device()
    if encoder.get_memory_footprint() > _SPARED * memory_of(device):
        device = torch.device("cpu")
    reader = WanText(tokenizer, encoder.eval().requires_grad_(False).to(device))
    return ReadText({prompt: reader.read(prompt) for prompt in dict.fromkeys(prompts)})
