"""Models on disk: public folders load and round-trip, everything else is refused in one sentence."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

from safetensors.torch import load_file, save_file  # noqa: E402

from cyclorama.core.errors import InputError  # noqa: E402
from cyclorama.diffusion.autoencoder import encode, encode_pictures, latent_frame  # noqa: E402
from cyclorama.diffusion.conditions import Conditions  # noqa: E402
from cyclorama.diffusion.device import placed  # noqa: E402
from cyclorama.diffusion.prompt import NO_PROMPT, Prompt  # noqa: E402
from cyclorama.diffusion.public_sizes import sized  # noqa: E402
from cyclorama.diffusion.recipes import ModelRecipe, nano, wan_1_3b  # noqa: E402
from cyclorama.diffusion.text import made_text  # noqa: E402
from cyclorama.diffusion.weights import (  # noqa: E402
    load_model,
    made_autoencoder,
    made_model,
    public_transformer,
    save_model,
    trained_tensors,
)

LATENTS = 4


def saved_wan(folder: Path, width: int = 24, heads: int = 2, ffn: int = 32) -> None:
    """A Wan2.2-TI2V-like model at random, as diffusers saves it: 16 pixels and 4 frames to a latent, patch 2."""
    torch.manual_seed(0)
    diffusers.WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=heads, attention_head_dim=width // heads, in_channels=LATENTS,
        out_channels=LATENTS, text_dim=16, freq_dim=16, ffn_dim=ffn, num_layers=2, rope_max_seq_len=32,
    ).save_pretrained(folder / "transformer")  # fmt: skip
    diffusers.AutoencoderKLWan(
        base_dim=4, decoder_base_dim=4, z_dim=LATENTS, dim_mult=[1, 1, 1, 1], num_res_blocks=1,
        temperal_downsample=[False, True, True], latents_mean=[0.1] * LATENTS, latents_std=[1.5] * LATENTS,
        is_residual=True, in_channels=12, out_channels=12, patch_size=2, scale_factor_spatial=16,
    ).save_pretrained(folder / "vae")  # fmt: skip


def saved_text(folder: Path) -> None:
    """A tiny UMT5 and its tokenizer, as transformers saves them."""
    from transformers import T5Tokenizer, UMT5Config, UMT5EncoderModel

    letters = ["<pad>", "</s>", "<unk>", "▁", *'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789{}":,._-']
    tokenizer = T5Tokenizer(vocab=[(piece, -float(k)) for k, piece in enumerate(letters)], extra_ids=0)
    tokenizer.save_pretrained(folder / "tokenizer")
    torch.manual_seed(0)
    config = UMT5Config(vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    UMT5EncoderModel(config).save_pretrained(folder / "text_encoder")


@pytest.fixture(scope="module")
def wan_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wan")
    saved_wan(folder)
    saved_text(folder)
    return folder


def recipe_on(folder: Path) -> ModelRecipe:
    return ModelRecipe(
        weights=str(folder), width=24, heads=2, layers=2, ffn=32, text_dim=16, freq_dim=16, predicts="velocity",
        text_in_sequence=False, lora_rank=2, lora_alpha=2, cells=(4, 16, 2, LATENTS),
    )  # fmt: skip


@torch.no_grad()
def test_a_folder_saved_by_diffusers_loads_runs_and_round_trips(wan_folder: Path, tmp_path: Path) -> None:
    recipe = recipe_on(wan_folder)
    model, coder = made_model(recipe), made_autoencoder(recipe)
    rng = torch.Generator().manual_seed(1)
    clip = torch.rand(1, 3, 5, 64, 64, generator=rng) * 2 - 1
    latents = encode(coder, clip)
    assert latents.shape == (1, LATENTS, 2, 4, 4)
    assert coder.decode(latents).shape == clip.shape
    pictures = encode_pictures(coder, clip[:, :, :2].transpose(1, 2))
    times = torch.tensor([[latent_frame(coder, 0), latent_frame(coder, 4)]])
    given = Conditions(latents, pictures, times, torch.randn(1, 6, 16, generator=rng))
    noise = torch.randn(latents.shape, generator=rng)
    out = model(noise, torch.tensor([0.5]), given)[0]
    assert torch.isfinite(out).all()
    for name, p in trained_tensors(model).items():
        p.add_(0.1 if "lora" in name else 0.05)
    changed = model(noise, torch.tensor([0.5]), given)[0]
    assert not torch.allclose(out, changed, atol=1e-4)
    full = replace(nano(), model=recipe)
    save_model(tmp_path / "mine", full, dict(trained_tensors(model)))
    again, found = load_model(tmp_path / "mine")
    assert found == full
    assert torch.equal(again(noise, torch.tensor([0.5]), given)[0], changed)
    saved = load_file(tmp_path / "mine" / "model.safetensors")
    assert all("lora" in name or name.startswith("adapters.") for name in saved)


@torch.no_grad()
def test_the_transformer_alone_is_the_librarys(wan_folder: Path) -> None:
    """Without any condition token our sequence is the target alone, and the output is that of diffusers' forward."""
    recipe = replace(recipe_on(wan_folder), lora_rank=0)
    model = made_model(recipe)
    noise = torch.randn(1, LATENTS, 2, 4, 4, generator=torch.Generator().manual_seed(2))
    text = torch.randn(1, 6, 16)
    given = Conditions(noise, noise[:, :, :0].transpose(1, 2), torch.zeros(1, 0, dtype=torch.int64), text)
    tokens, where, clean, words = model._sequence(noise, given, None)
    n = 2 * 2 * 2
    hidden, (shift, scale) = model._blocks(
        tokens[:, :n], tuple(x[:, :n] for x in where), clean[:n], (torch.tensor([0.5]), words)
    )
    mine = model._unpatched(model.transformer.proj_out(model.transformer.norm_out(hidden) * (1 + scale) + shift), noise)
    theirs = model.transformer(noise, torch.tensor([500.0]), text).sample
    assert torch.allclose(mine, theirs, atol=1e-5)


def spoil(folder: Path, **changes: object) -> None:
    tensors = load_file(folder / "model.safetensors")
    for name, value in changes.items():
        key = next(k for k in tensors if k.endswith(name))
        if value is None:
            del tensors[key]
        else:
            tensors[key] = value  # type: ignore[assignment]
    save_file(tensors, folder / "model.safetensors")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: (f / "recipe.json").unlink(), "recipe.json"),
        (lambda f: (f / "recipe.json").write_text("{"), "no JSON"),
        (lambda f: (f / "recipe.json").write_bytes(b"\xff"), "no JSON"),
        (lambda f: (f / "model.safetensors").write_bytes(b"rubbish"), "no safetensors"),
        (lambda f: (f / "model.safetensors").rename(f / "model.bin"), "pickled"),
        (lambda f: save_file({"x": torch.zeros(1)}, f / "model.safetensors"), "another model"),
        (lambda f: spoil(f, kinds=None), "lacks 1 of"),
        (lambda f: spoil(f, kinds=torch.zeros(3, 5)), "3 x 24, got 3 x 5"),
        (lambda f: spoil(f, kinds=torch.full((3, 24), torch.nan)), "not finite"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, damage: object, says: str) -> None:
    folder = tmp_path / "model"
    save_model(folder, nano(), dict(trained_tensors(made_model(nano().model))))
    load_model(folder)
    damage(folder)  # type: ignore[operator]
    with pytest.raises(InputError, match=says):
        load_model(folder)


def test_folders_of_other_models_are_refused(tmp_path: Path, wan_folder: Path) -> None:
    with pytest.raises(InputError, match="must be a folder"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(InputError, match="pickle"):
        load_model(tmp_path / "weights.ckpt")
    with pytest.raises(InputError, match=r"transformer/config\.json"):
        public_transformer(str(tmp_path))
    other = tmp_path / "other" / "transformer"
    other.mkdir(parents=True)
    (other / "config.json").write_text(json.dumps({"_class_name": "FluxTransformer2DModel"}))
    with pytest.raises(InputError, match="FluxTransformer2DModel"):
        public_transformer(str(tmp_path / "other"))
    (other / "config.json").write_text("{")
    with pytest.raises(InputError, match="no JSON"):
        public_transformer(str(tmp_path / "other"))
    config = json.loads((wan_folder / "transformer" / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="no safetensors"):
        public_transformer(str(tmp_path / "other"))
    tensors = load_file(wan_folder / "transformer" / "diffusion_pytorch_model.safetensors")
    tensors.pop("proj_out.weight")
    save_file(tensors, other / "diffusion_pytorch_model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"proj_out\.weight"):
        public_transformer(str(tmp_path / "other"))


def test_the_text_encoder_of_a_folder_reads_prompts_once(wan_folder: Path, tmp_path: Path) -> None:
    prompts = (Prompt(caption="A man walks."), NO_PROMPT)
    text = made_text(recipe_on(wan_folder), prompts)
    both = text(prompts)
    assert both.shape == (2, 512, 16)
    used = both.abs().sum(2) > 0
    assert used[0].sum() > used[1].sum() > 0  # as long as the prompt, zeros after it
    assert torch.equal(text(prompts[1:])[0], both[1])
    assert not torch.allclose(both[0], both[1])
    with pytest.raises(KeyError):
        text((Prompt(caption="never read"),))
    for part, says in (("tokenizer", "tokenizer"), ("text_encoder", "text_encoder")):
        shutil.copytree(wan_folder, tmp_path / part)
        shutil.rmtree(tmp_path / part / part)
        with pytest.raises(InputError, match=says):
            made_text(recipe_on(tmp_path / part), prompts)


def test_a_folder_tells_its_own_size(wan_folder: Path, tmp_path: Path) -> None:
    found = sized(replace(wan_1_3b().model, weights=str(wan_folder), lora_rank=2, lora_alpha=2))
    mine = recipe_on(wan_folder)
    assert replace(found, lora_targets=mine.lora_targets) == mine
    assert sized(wan_1_3b().model) == wan_1_3b().model  # a hub id
    with pytest.raises(InputError, match=r"transformer/config\.json"):
        sized(replace(mine, weights=str(tmp_path)))
    with pytest.raises(InputError, match="there is no folder"):
        sized(replace(mine, weights=str(tmp_path / "nowhere")))


@pytest.mark.parametrize(
    ("part", "name", "value", "says"),
    [
        ("transformer", "in_channels", 36, "image-to-video"),
        ("vae", "z_dim", 48, "its vae makes 48"),
        ("text_encoder", "d_model", 32, "text_encoder writes 32"),
        ("transformer", "num_layers", None, "None"),
        ("transformer", "_class_name", "FluxTransformer2DModel", "FluxTransformer2DModel"),
    ],
)
def test_a_folder_of_parts_of_different_models_is_refused(
    wan_folder: Path, tmp_path: Path, part: str, name: str, value: object, says: str
) -> None:
    for each in ("transformer", "vae", "text_encoder"):
        (tmp_path / each).mkdir()
        config = json.loads((wan_folder / each / "config.json").read_text())
        (tmp_path / each / "config.json").write_text(json.dumps(config | ({name: value} if each == part else {})))
    with pytest.raises(InputError, match=says):
        sized(replace(recipe_on(wan_folder), weights=str(tmp_path)))


@torch.no_grad()
def test_blocks_that_wait_elsewhere_change_nothing(wan_folder: Path) -> None:
    recipe = recipe_on(wan_folder)
    clip = torch.randn(1, LATENTS, 2, 4, 4, generator=torch.Generator().manual_seed(1))
    given = Conditions(clip, clip[:, :, :1].transpose(1, 2), torch.tensor([[1]]), torch.randn(1, 6, 16))
    cpu = torch.device("cpu")
    model = placed(made_model(recipe, precision="bf16"), cpu, offload=False)
    waiting = placed(made_model(recipe, precision="bf16"), cpu, offload=True)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(*(m(clip, torch.tensor([0.5]), given)[0] for m in (model, waiting)))
    hooks = [block._diffusers_hook.get_hook("group_offloading") for block in waiting.transformer.blocks]
    assert all(hook is not None and hook.group.onload_device == cpu for hook in hooks)
