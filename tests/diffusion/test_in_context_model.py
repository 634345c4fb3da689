"""Unit truths of the in-context transformer."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from torch import Tensor  # noqa: E402

from cyclorama.diffusion.conditions import Conditions, pluecker_rays  # noqa: E402
from cyclorama.diffusion.positions import grid, rotary, turned  # noqa: E402
from cyclorama.diffusion.recipes import ModelRecipe, nano  # noqa: E402
from cyclorama.diffusion.weights import made_model  # noqa: E402

RECIPE = nano().model
FRAMES, HW = 3, (2, 3)


def conditions(recipe: ModelRecipe, seed: int = 0, times: tuple[int, ...] = (0, 1, 2)) -> Conditions:
    rng = torch.Generator().manual_seed(seed)
    channels = 3 * recipe.patch**2
    return Conditions(
        foreground=torch.randn(2, channels, FRAMES, *HW, generator=rng),
        references=torch.randn(2, len(times), channels, *HW, generator=rng),
        reference_times=torch.tensor([times, times]),
        text=torch.randn(2, 8, recipe.text_dim, generator=rng),
        rays=torch.randn(2, 6, FRAMES, *HW, generator=rng) if recipe.rays else None,
        tri_mask=torch.rand(2, 3, FRAMES, *HW, generator=rng) if recipe.tri_mask else None,
        prior=torch.randn(2, channels + 1, FRAMES, *HW, generator=rng) if recipe.prior else None,
    )


def noise(recipe: ModelRecipe, seed: int = 7) -> Tensor:
    return torch.randn(2, 3 * recipe.patch**2, FRAMES, *HW, generator=torch.Generator().manual_seed(seed))


def predicted(recipe: ModelRecipe, given: Conditions, model: torch.nn.Module | None = None, t: float = 0.6) -> Tensor:
    model = model or made_model(recipe)
    with torch.no_grad():
        depth = noise(recipe, 8) if recipe.depth else None
        picture: Tensor = model(noise(recipe), torch.full((2,), t), given, depth)[0]
    return picture


def shaken(model: torch.nn.Module) -> torch.nn.Module:
    """With every parameter moved off its start, so that nothing is equal because it is zero."""
    rng = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=rng))
    return model


def test_cloned_temporal_phases_equal_the_targets_to_the_bit() -> None:
    model = made_model(RECIPE)
    _, where, _, _ = model._sequence(noise(RECIPE), conditions(RECIPE, times=(2, 0)), None)
    per_frame = HW[0] * HW[1]
    target = [tuple(x[:, k * per_frame : (k + 1) * per_frame] for x in where) for k in range(FRAMES)]
    start = 2 * FRAMES * per_frame  # after the target and the foreground
    for place, frame in enumerate((2, 0)):
        reference = tuple(x[:, start + place * per_frame : start + (place + 1) * per_frame] for x in where)
        assert all(torch.equal(a, b) for a, b in zip(reference, target[frame]))
        assert not torch.equal(reference[1], target[1][1])
    foreground = tuple(x[:, FRAMES * per_frame : start] for x in where)
    assert all(torch.equal(a, x[:, : FRAMES * per_frame]) for a, x in zip(foreground, where))


def test_positions_equal_those_of_the_library() -> None:
    rope = made_model(RECIPE).transformer.rope
    mine = rotary(rope, grid(torch.arange(FRAMES)[None], HW))
    theirs = rope(torch.zeros(1, 1, FRAMES, *HW))
    assert all(torch.equal(a.expand_as(b), b) for a, b in zip(mine, theirs))
    x = torch.randn(1, FRAMES * 6, 2, 12)
    assert torch.allclose(turned(x, mine).norm(dim=-1), x.norm(dim=-1), atol=1e-5)


def test_without_cloning_references_stand_after_the_last_frame() -> None:
    recipe = replace(RECIPE, cloned_times=False)
    a, b = conditions(recipe), conditions(recipe, times=(2, 1, 0))
    model = shaken(made_model(recipe))
    assert torch.equal(predicted(recipe, a, model), predicted(recipe, b, model))
    cloned = shaken(made_model(RECIPE))
    assert not torch.allclose(predicted(RECIPE, a, cloned), predicted(RECIPE, b, cloned), atol=1e-4)


@pytest.mark.parametrize("copies", [0, 3])
def test_the_order_of_references_does_not_matter(copies: int) -> None:
    recipe = replace(RECIPE, copies=copies)
    model, given = shaken(made_model(recipe)), conditions(recipe)
    order = [2, 0, 1]
    turned_round = replace(
        given, references=given.references[:, order], reference_times=given.reference_times[:, order]
    )
    assert torch.allclose(predicted(recipe, given, model), predicted(recipe, turned_round, model), atol=2e-5)
    moved = replace(given, reference_times=given.reference_times[:, order])
    assert not torch.allclose(predicted(recipe, given, model), predicted(recipe, moved, model), atol=1e-4)


def test_condition_tokens_are_modulated_with_time_0_whatever_t_is() -> None:
    model, seen = shaken(made_model(RECIPE)), []
    model.transformer.blocks[0].register_forward_pre_hook(lambda _, args: seen.append(args[2]))
    for t in (0.2, 0.9):
        predicted(RECIPE, conditions(RECIPE), model, t)
    n = FRAMES * HW[0] * HW[1]
    early, late = seen
    assert torch.equal(early[:, n:], late[:, n:])
    assert not torch.allclose(early[:, :n], late[:, :n], atol=1e-3)
    predicted(RECIPE, conditions(RECIPE), model, 0.0)
    assert torch.allclose(seen[2][:, :1], seen[2][:, n : n + 1], atol=1e-6)


@pytest.mark.parametrize("name", ["rays", "tri_mask", "prior"])
def test_a_zero_initialised_adapter_changes_nothing_at_the_start(name: str) -> None:
    plain, with_it = replace(RECIPE, copies=0), replace(RECIPE, copies=0, **{name: True})
    base = made_model(plain)
    model = made_model(with_it)
    model.transformer.load_state_dict(base.transformer.state_dict())
    given = conditions(plain)
    extra = replace(given, **{name: getattr(conditions(with_it), name)})
    assert torch.equal(predicted(plain, given, base), predicted(with_it, extra, model))
    getattr(model.adapters, name)[-1].weight.data.add_(0.1)
    assert not torch.equal(predicted(plain, given, base), predicted(with_it, extra, model))
    with pytest.raises(ValueError, match=name):
        predicted(with_it, given, model)


def test_depth_joins_the_sequence_and_the_pictures_embedding_starts_at_zero() -> None:
    recipe = replace(RECIPE, copies=0, depth=True)
    model = made_model(recipe)
    assert not model.adapters.picture.any()
    assert model.adapters.depth.any()
    picture, depth = model(noise(recipe), torch.full((2,), 0.5), conditions(recipe), noise(recipe, 9))
    assert picture.shape == depth.shape == noise(recipe).shape
    with pytest.raises(ValueError, match="depth"):
        model(noise(recipe), torch.full((2,), 0.5), conditions(recipe))


def test_lora_switched_off_equals_the_base_and_changes_nothing_at_the_start() -> None:
    base, recipe = made_model(RECIPE), replace(RECIPE, lora_rank=2, lora_alpha=2)
    model = made_model(recipe)
    given = conditions(RECIPE)
    wanted = predicted(RECIPE, given, base)
    assert torch.equal(predicted(recipe, given, model), wanted)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "lora_B" in name:
                p.add_(0.5)
    assert not torch.allclose(predicted(recipe, given, model), wanted, atol=1e-4)
    model.transformer.disable_adapters()
    assert torch.equal(predicted(recipe, given, model), wanted)


@pytest.mark.parametrize(("stride", "fewer"), [((2, 1), HW[0] * HW[1]), ((1, 2), FRAMES * (HW[0] * HW[1] - 2))])
def test_fewer_condition_tokens_keep_the_targets_numbers(stride: tuple[int, int], fewer: int) -> None:
    recipe = replace(RECIPE, copies=0, condition_stride=stride)
    model = made_model(recipe)
    tokens, _, _, _ = model._sequence(noise(recipe), conditions(recipe), None)
    full, _, _, _ = made_model(replace(recipe, condition_stride=(1, 1)))._sequence(
        noise(recipe), conditions(recipe), None
    )
    assert full.shape[1] - tokens.shape[1] == fewer
    assert torch.isfinite(predicted(recipe, conditions(recipe), model)).all()
    at = grid(torch.tensor([[0, 2]]), (4, 4), stride=2)
    assert at[0].tolist() == [[t, h, w] for t in (0, 2) for h in (0, 2) for w in (0, 2)]


def test_gradient_checkpointing_gives_the_same_gradients() -> None:
    def gradient(checkpointing: bool) -> Tensor:
        model = shaken(made_model(RECIPE))
        if checkpointing:
            model.transformer.enable_gradient_checkpointing()
        model.train()
        model(noise(RECIPE), torch.full((2,), 0.5), conditions(RECIPE))[0].square().mean().backward()
        grad: Tensor = model.transformer.blocks[0].attn1.to_q.weight.grad
        return grad

    assert gradient(False).abs().max() > 0
    assert torch.allclose(gradient(False), gradient(True), rtol=1e-4, atol=1e-7)


def test_pluecker_rays_of_a_known_camera() -> None:
    """A camera that steps 2 to the right: the middle ray looks ahead, its moment is o x d; units do not matter."""
    px = torch.tensor([[10.0, 0, 8], [0, 10.0, 4], [0, 0, 1]]).expand(1, 2, 3, 3)
    pose = torch.eye(4).repeat(1, 2, 1, 1)
    pose[0, 1, 0, 3] = 2.0
    rays = pluecker_rays(px, pose, (1, 2), 8.0)  # cell middles at x = 4 and 12, y = 4
    ahead = torch.tensor([0.4, 0.0, 1.0]) / (1.16**0.5)
    assert torch.allclose(rays[0, 3:, 0, 0, 1], ahead, atol=1e-6)
    assert not rays[0, :3, 0].any()
    assert torch.allclose(rays[0, :3, 1, 0, 1], torch.linalg.cross(torch.tensor([1.0, 0, 0]), ahead), atol=1e-6)
    pose[0, 1, 0, 3] = 20.0
    assert torch.allclose(pluecker_rays(px, pose, (1, 2), 8.0), rays, atol=1e-6)


def test_conditions_refuse_times_outside_the_clip() -> None:
    with pytest.raises(ValueError, match=r"0\.\.2"):
        conditions(RECIPE, times=(0, 3))
