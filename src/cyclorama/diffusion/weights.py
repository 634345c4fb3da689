"""Models on disk: safetensors and a recipe, nothing else; what does not fit is refused in one sentence.

A model is a folder with ``recipe.json`` and ``model.safetensors``: all tensors of a patch model, and of a model on
public weights those that were trained (LoRA, adapters).
"""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from peft import LoraConfig
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from cyclorama.core.errors import InputError
from cyclorama.diffusion.autoencoder import Autoencoder, PatchAutoencoder, WanAutoencoder
from cyclorama.diffusion.device import best_device
from cyclorama.diffusion.model import InContextModel, made_transformer
from cyclorama.diffusion.processes import cut_like
from cyclorama.diffusion.public_sizes import require_text_to_video, transformer_config
from cyclorama.diffusion.recipes import ModelRecipe, Recipe, recipe_in, record_of

_RECIPE, _TENSORS = "recipe.json", "model.safetensors"
_PICKLES = (".ckpt", ".pt", ".pth", ".bin", ".pkl", ".pickle")


def made_model(recipe: ModelRecipe, seed: int = 0, precision: str = "no") -> InContextModel:
    """A model of a recipe: public weights where it names some, else at random; with LoRA where it has a rank, whose
    second factors are zero, so that it changes nothing yet. Weights that stay as they are, beside LoRA, are held in
    ``precision`` (``no``: float32; ``bf16``); what is trained is float32."""
    frozen = torch.bfloat16 if precision == "bf16" and recipe.lora_rank else torch.float32
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        transformer = public_transformer(recipe.weights, frozen) if recipe.weights else made_transformer(recipe)
        model = InContextModel(recipe, transformer)
        if recipe.lora_rank:
            transformer.requires_grad_(False)
            transformer.add_adapter(
                LoraConfig(
                    r=recipe.lora_rank, lora_alpha=recipe.lora_alpha, target_modules=list(recipe.lora_targets),
                )
            )  # fmt: skip
            for p in trained_tensors(model).values():
                p.data = p.data.float()  # peft makes them in the precision of what they stand beside
    return model


def made_autoencoder(recipe: ModelRecipe, tiles: bool = False) -> Autoencoder:
    """The autoencoder that belongs to a recipe's transformer. ``tiles``: a learned one works in tiles, too."""
    if not recipe.weights:
        return PatchAutoencoder(recipe.patch)
    network = public_part(AutoencoderKLWan, recipe.weights, "vae")
    if tiles:
        network.enable_tiling()
    return WanAutoencoder(network, best_device())


def public_transformer(weights: str, dtype: torch.dtype = torch.float32) -> WanTransformer3DModel:
    """A Wan transformer by hub id or folder of diffusers' layout. ``InputError`` when there is none or it is another
    model: image-to-video variants want channels that the in-context sequence does not have."""
    folder = Path(weights)
    if folder.exists():
        transformer_config(folder)
        if not list((folder / "transformer").glob("*.safetensors")):
            raise InputError(
                f"{folder / 'transformer'} has no safetensors; pickled weights are not opened, save them anew"
            )
    transformer: WanTransformer3DModel = public_part(WanTransformer3DModel, weights, "transformer", dtype)
    require_text_to_video(weights, transformer.config)
    return transformer


def public_part(kind: Any, weights: str, part: str, dtype: torch.dtype = torch.float32) -> Any:
    """One network of public weights, by the class of diffusers or transformers that it is. ``InputError`` when it is
    not there, is pickled, or does not fit its config."""
    named = {"torch_dtype" if hasattr(kind, "load_config") else "dtype": dtype}  # diffusers', transformers'
    try:
        network, notes = kind.from_pretrained(
            weights, subfolder=part, use_safetensors=True, output_loading_info=True, **named
        )
    except (OSError, RuntimeError, ValueError, SafetensorError) as error:
        first = str(error).splitlines()[0].partition(". ")[0]  # what follows is the library's advice to programmers
        raise InputError(f"the {part} of {weights} cannot be loaded: {first}") from error
    wrong = {key: sorted(map(str, notes[f"{key}_keys"]))[:3] for key in ("missing", "unexpected", "mismatched")}
    if said := ", ".join(f"{key} are {' '.join(names)}" for key, names in wrong.items() if names):
        raise InputError(f"the {part} of {weights} does not fit its config: {said}; fetch or save it anew")
    return network


def trained_tensors(model: InContextModel) -> dict[str, Tensor]:
    """The parameters that training changes, by name."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def save_model(folder: Path, recipe: Recipe, tensors: dict[str, Tensor]) -> None:
    """Writes a model's folder; the recipe last."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, folder / _TENSORS)
    (folder / _RECIPE).write_text(json.dumps(record_of(recipe), indent=1))


def read_recipe(folder: Path) -> Recipe:
    """The recipe of a model's folder. ``InputError`` for anything that is no such folder."""
    if folder.suffix in _PICKLES or (folder.is_dir() and not (folder / _TENSORS).is_file() and _pickled(folder)):
        raise InputError(f"{folder} is pickled; pickles can run code and are not opened: weights must be safetensors")
    if not folder.is_dir() or not (folder / _RECIPE).is_file() or not (folder / _TENSORS).is_file():
        raise InputError(f"{folder} must be a folder with {_RECIPE} and {_TENSORS}, as cyc train writes it")
    return recipe_in(folder / _RECIPE)


def load_model(folder: Path) -> tuple[InContextModel, Recipe]:
    """The model of a folder, ready to sample. ``InputError`` for anything that is no such folder."""
    recipe = read_recipe(folder)
    model = made_model(recipe.model, precision=recipe.train.precision)
    put_tensors(trained_tensors(model), read_tensors(folder / _TENSORS), str(folder / _TENSORS))
    return model.eval().requires_grad_(False), recipe


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file. ``InputError`` when it is none."""
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is no safetensors file: {error}") from error


def put_tensors(into: dict[str, Tensor], found: dict[str, Tensor], name: str) -> None:
    """Copies ``found`` into the tensors of the same names. ``InputError`` when names or shapes differ."""
    if not set(into) & set(found):
        raise InputError(f"{name} holds weights of another model: it has none of this model's {len(into)} tensors")
    if missing := sorted(set(into) - set(found)):
        raise InputError(
            f"{name} lacks {len(missing)} of {len(into)} tensors, first {missing[0]}; the file is not whole"
        )
    if extra := sorted(set(found) - set(into)):
        raise InputError(f"{name} holds weights of another model: {extra[0]} is not one of this model's tensors")
    for key, tensor in into.items():
        if found[key].shape != tensor.shape:
            raise InputError(
                f"{name}: {key} must be {' x '.join(map(str, tensor.shape))}, "
                f"got {' x '.join(map(str, found[key].shape))}; the recipe beside it is of another size"
            )
    with torch.no_grad():
        for key, tensor in into.items():
            if not torch.isfinite(found[key]).all():
                raise InputError(f"{name}: {key} is not finite; take an earlier checkpoint")
            tensor.copy_(cut_like(found[key], tensor))


def _pickled(folder: Path) -> bool:
    return any(path.suffix in _PICKLES for path in folder.iterdir())
