"""The formula of what a recipe costs, against what torch counts, and against the sizes of the public models."""

import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cyclorama.core.errors import InputError
from cyclorama.diffusion.cost import cost_of, window_hw
from cyclorama.diffusion.recipes import mini, nano, wan_1_3b, wan_5b, wan_14b


@pytest.mark.parametrize(("recipe", "billions"), [(wan_1_3b(), 1.419), (wan_5b(), 5.0), (wan_14b(), 14.288)])
def test_the_parameters_of_the_public_models(recipe: object, billions: float) -> None:
    assert cost_of(recipe, 49, (480, 832)).parameters / 1e9 == pytest.approx(billions, rel=0.01)  # type: ignore[arg-type]


def test_the_tokens_of_the_papers_case() -> None:
    """97 frames of 704 x 1280 in the 5B model: 25 latent frames of 880 tokens, twice, and three references."""
    assert cost_of(wan_5b(), 97, (704, 1280)).tokens == 880 * (25 + 25 + 3)


def test_one_block_of_the_weights_is_all_but_the_other_layers() -> None:
    for recipe in (nano(), mini(), wan_14b()):
        one = replace(recipe, model=replace(recipe.model, layers=1))
        assert cost_of(recipe, 49, (480, 832)).one_block_bytes == cost_of(one, 49, (480, 832)).weight_bytes


def test_public_weights_of_an_unknown_size_are_refused() -> None:
    asked = replace(wan_1_3b(), model=replace(wan_1_3b().model, weights="some/model", cells=()))
    for ask in (lambda: cost_of(asked, 49, (480, 832)), lambda: window_hw(asked, (480, 832))):
        with pytest.raises(InputError, match=r"model\.cells must tell .* of some/model"):
            ask()


def test_operations_and_parameters_are_those_that_torch_counts() -> None:
    torch = pytest.importorskip("torch")
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    from cyclorama.diffusion.conditions import Conditions
    from cyclorama.diffusion.weights import made_model

    for recipe in (nano(), mini()):
        model, patch, frames = made_model(recipe.model), recipe.model.patch, recipe.data.num_frames
        cells = [side // patch for side in recipe.data.hw]
        clip = torch.zeros(1, 3 * patch**2, frames, *cells)
        given = Conditions(
            clip, clip.transpose(1, 2)[:, :3], torch.tensor([[0, 1, 2]]), torch.zeros(1, 8, recipe.model.text_dim)
        )
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            model(clip, torch.ones(1), given)
        found = cost_of(recipe, frames, recipe.data.hw)
        assert found.flops == pytest.approx(counter.get_total_flops(), rel=0.05)
        assert _kept_bytes(lambda: model(clip, torch.ones(1), given)) == pytest.approx(  # noqa: B023
            (found.train_bytes(1) - 20 * found.parameters) / recipe.train.batch, rel=0.1
        )
    counted = sum(p.numel() for name, p in model.named_parameters() if "mixer" not in name)
    assert found.parameters == pytest.approx(counted, rel=0.01)


def _kept_bytes(forward: Callable[[], object]) -> int:
    """What a forward pass keeps for its gradient."""
    import torch

    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        alive = forward()
    del alive
    return sum(kept.values())


def test_the_memory_of_sampling_and_of_lora_in_half_precision_is_what_torch_holds(tmp_path: Path) -> None:
    """Of a model of two blocks in bfloat16, beside its weights: the storages that are alive at the worst moment."""
    torch = pytest.importorskip("torch")
    from test_model_files import recipe_on, saved_wan

    from cyclorama.diffusion.conditions import Conditions
    from cyclorama.diffusion.weights import made_model

    saved_wan(tmp_path, width=64, heads=8, ffn=256)
    model = replace(recipe_on(tmp_path), width=64, heads=8, ffn=256, text_in_sequence=False)
    recipe = replace(nano(), model=model, train=replace(nano().train, precision="bf16", batch=1, checkpointing=True))
    made = made_model(model, precision="bf16")
    made.transformer.enable_gradient_checkpointing()
    clip = torch.zeros(1, 4, 5, 16, 16)
    given = Conditions(clip, clip[:, :, :3].transpose(1, 2), torch.tensor([[0, 1, 2]]), torch.zeros(1, 8, 16))
    found = cost_of(recipe, 17, (256, 256))

    def forward() -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return made(clip, torch.ones(1), given)[0]

    assert found.tokens == 64 * 13
    with torch.no_grad():
        assert peak_bytes(forward) == pytest.approx(found.work_bytes, rel=0.15)
    assert peak_bytes(lambda: forward().square().mean().backward()) == pytest.approx(found.kept_bytes, rel=0.15)


def peak_bytes(work: Callable[[], object]) -> int:
    """The most bytes that are alive at once of what ``work`` makes."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    sizes: dict[int, int] = {}
    most = [0]

    class Counting(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            out = func(*args, **(kwargs or {}))
            for storage in {t.untyped_storage() for t in tree_leaves(out) if isinstance(t, torch.Tensor)}:
                key = storage._cdata
                if key not in sizes:
                    sizes[key] = storage.nbytes()
                    weakref.finalize(storage, sizes.pop, key, None)
            most[0] = max(most[0], sum(sizes.values()))
            return out

    with Counting():
        work()
    return most[0]
