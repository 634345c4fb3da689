"""What a folder of public weights says of its own size; needs no torch."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cyclorama.core.errors import InputError
from cyclorama.diffusion.recipes import ModelRecipe

_OURS = "WanTransformer3DModel"


def sized(recipe: ModelRecipe) -> ModelRecipe:
    """The recipe with the sizes of its weights, where they are a folder; a hub id is left as it is. ``InputError`` for
    a folder of another model."""
    folder = Path(recipe.weights)
    if recipe.weights.startswith(("/", ".", "~")) and not folder.exists():
        raise InputError(f"there is no folder {folder}; name a folder of Wan weights saved by diffusers, or a hub id")
    if not recipe.weights or not folder.exists():
        return recipe
    net, coder, text = transformer_config(folder), _config(folder, "vae"), _config(folder, "text_encoder")
    try:
        require_text_to_video(str(folder), net)
        _require_one_model(folder, net, coder.get("z_dim", 16), text["d_model"])
        cells = (
            coder.get("scale_factor_temporal", 4), coder.get("scale_factor_spatial", 8), net["patch_size"][1],
            net["in_channels"],
        )  # fmt: skip
        return replace(
            recipe, width=net["num_attention_heads"] * net["attention_head_dim"], heads=net["num_attention_heads"],
            layers=net["num_layers"], ffn=net["ffn_dim"], text_dim=net["text_dim"], freq_dim=net["freq_dim"],
            cells=cells,
        )  # fmt: skip
    except (KeyError, TypeError, IndexError) as error:
        raise InputError(
            f"{folder}: its configs are none of a Wan model of this version of diffusers: {error}"
        ) from error


def transformer_config(folder: Path) -> dict[str, Any]:
    """What the transformer of a folder says of itself. ``InputError`` when it is another model's."""
    found = _config(folder, "transformer")
    if (name := found.get("_class_name")) != _OURS:
        raise InputError(f"{folder} holds weights of {name}; the in-context model is built on {_OURS}")
    return found


def require_text_to_video(weights: str, transformer: Mapping[str, Any]) -> None:
    """``InputError`` for a transformer (its config) that wants pictures beside the noise."""
    if transformer["in_channels"] != transformer["out_channels"]:
        raise InputError(f"{weights} is an image-to-video model; the in-context model needs text-to-video weights")


def _require_one_model(folder: Path, net: dict[str, Any], channels: int, text_dim: int) -> None:
    if net["in_channels"] != channels:
        raise InputError(
            f"{folder}: its transformer works on {net['in_channels']} channels and its vae makes {channels}; take both "
            "from one model"
        )
    if net["text_dim"] != text_dim:
        raise InputError(
            f"{folder}: its transformer reads text of {net['text_dim']} numbers, its text_encoder writes {text_dim}; "
            "take both from one model"
        )


def _config(folder: Path, part: str) -> dict[str, Any]:
    path = folder / part / "config.json"
    if not path.is_file():
        raise InputError(f"{folder} has no {part}/config.json; it must be a Wan model saved by diffusers")
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise InputError(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{path} is no config of a model")
    return found
