"""Training: the same after a kill, stopped before a NaN spreads, a run folder of open formats."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

from cyclorama.core.errors import InputError, MachineError  # noqa: E402
from cyclorama.diffusion.batches import HashedText, clip_array, clip_tensor, made_batch  # noqa: E402
from cyclorama.diffusion.checkpoints import last_state  # noqa: E402
from cyclorama.diffusion.judge import sampled, score  # noqa: E402
from cyclorama.diffusion.memory import memory_told  # noqa: E402
from cyclorama.diffusion.prompt import Prompt  # noqa: E402
from cyclorama.diffusion.recipes import Recipe, nano  # noqa: E402
from cyclorama.diffusion.samples import ShotFile, made_sample, plain_sample  # noqa: E402
from cyclorama.diffusion.train import Run, batch_of, loss_of, rate_at, train  # noqa: E402
from cyclorama.diffusion.weights import load_model, made_autoencoder, made_model  # noqa: E402

RECIPE = nano()


def shot(seed: int = 0, hw: tuple[int, int] = (16, 24)) -> ShotFile:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 256, (3, *hw, 3), dtype=np.uint8)
    alpha = np.zeros((3, *hw), np.uint8)
    alpha[:, 4:12, 6:14] = 255
    actor = np.where(alpha[..., None] > 0, rng.integers(0, 256, truth.shape, dtype=np.uint8), 0).astype(np.uint8)
    place = np.broadcast_to(truth[1], truth.shape).copy()
    return ShotFile(
        truth, actor, alpha, place, np.arange(3), Prompt(caption="a test"), rng.random((3, *hw)).astype(np.float16),
        np.broadcast_to(np.diag([20.0, 20, 1]), (3, 3, 3)).copy(), np.broadcast_to(np.eye(4), (3, 4, 4)).copy(),
    )  # fmt: skip


def run_in(folder: Path, recipe: Recipe = RECIPE, stop_at: int | None = None) -> Run:
    def progress(_stage: str, done: int, _total: int) -> None:
        if done == stop_at:
            raise KeyboardInterrupt

    coders = (made_autoencoder(recipe.model), HashedText(recipe.model.text_dim))
    return Run(folder, (shot(0), shot(1)), coders, lambda _, step: {"shown": float(step)}, progress)


def losses(folder: Path) -> list[tuple[int, float]]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [(row["step"], row["loss"]) for row in map(json.loads, lines)]


def test_a_run_that_was_killed_goes_on_exactly(tmp_path: Path) -> None:
    train(RECIPE, run_in(tmp_path / "whole"))
    with pytest.raises(KeyboardInterrupt):  # one step after the state of step 2, which is lost
        train(RECIPE, run_in(tmp_path / "cut", stop_at=3))
    assert [step for step, _ in losses(tmp_path / "cut")] == [1, 2, 3]
    (tmp_path / "cut" / "states" / "step.part").mkdir()  # as a kill while writing leaves it
    train(RECIPE, run_in(tmp_path / "cut"))
    assert losses(tmp_path / "cut") == losses(tmp_path / "whole")
    ends = [last_state(tmp_path / name / "states") for name in ("whole", "cut")]
    assert all(end is not None and end.step == 4 for end in ends)
    for part in ("tensors", "ema", "optimiser"):
        one, other = (getattr(end, part) for end in ends)
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_folder_is_open_formats_and_its_model_loads(tmp_path: Path) -> None:
    figures = train(RECIPE, run_in(tmp_path))
    assert figures["shown"] == 4
    assert not [p for p in tmp_path.rglob("*") if p.suffix in (".pt", ".bin", ".pkl", ".ckpt")]
    assert list((tmp_path / "board").glob("events*"))
    model, recipe = load_model(tmp_path / "model")
    assert recipe == RECIPE
    state = last_state(tmp_path / "states")
    assert state is not None
    assert torch.equal(dict(model.named_parameters())["adapters.kinds"], state.ema["adapters.kinds"])
    with pytest.raises(InputError, match="another recipe"):
        train(replace(RECIPE, train=replace(RECIPE.train, rate=1.0)), run_in(tmp_path))
    (tmp_path / "recipe.json").write_text("{")
    with pytest.raises(InputError, match="no JSON"):
        train(RECIPE, run_in(tmp_path))


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_state(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    bad = replace(run, show=lambda *_: {})
    recipe = replace(RECIPE, train=replace(RECIPE.train, rate=1e20, warmup=1, clip=1e30, steps=20, sheet_every=20))
    with pytest.raises(MachineError, match="no number"):
        train(recipe, bad)
    state = last_state(tmp_path / "states")
    if state is not None:
        assert all(torch.isfinite(p).all() for p in state.tensors.values())


def test_accumulation_sees_as_much_as_a_larger_batch(tmp_path: Path) -> None:
    recipe = replace(RECIPE, train=replace(RECIPE.train, accumulate=2, steps=1, save_every=1, precision="bf16"))
    assert np.isfinite(train(recipe, run_in(tmp_path, recipe))["loss"])


def test_the_rate_rises_and_falls() -> None:
    plan = replace(RECIPE.train, steps=100, warmup=10, rate=1.0)
    rates = [rate_at(step, plan) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[10] == pytest.approx(1.0)
    assert 0.02 <= rates[-1] < 0.03


@pytest.mark.parametrize(
    ("recipe", "error", "says"),
    [
        ("wan-5b", torch.OutOfMemoryError("CUDA out of memory"), "next smaller recipe is wan-1.3b"),
        ("mini", RuntimeError("DefaultCPUAllocator: can't allocate memory"), "next smaller recipe is nano"),
        ("nano", MemoryError(), "smaller batch"),
    ],
)
def test_too_little_memory_names_the_next_smaller_recipe(recipe: str, error: Exception, says: str) -> None:
    with pytest.raises(MachineError, match=says), memory_told(recipe):
        raise error
    with pytest.raises(RuntimeError, match="another"), memory_told(recipe):
        raise RuntimeError("another")


def test_every_condition_of_a_shot_reaches_its_batch() -> None:
    model = replace(RECIPE.model, copies=0, rays=True, tri_mask=True, depth=True)
    coders = (made_autoencoder(model), HashedText(model.text_dim))
    samples = tuple(plain_sample(shot(i)) for i in range(2))
    batch = made_batch(samples, model, coders, 10.0)
    assert batch.given.rays is not None
    assert batch.given.rays.shape == (2, 6, 3, 2, 3)
    assert batch.given.tri_mask is not None
    assert torch.allclose(batch.given.tri_mask.sum(1), torch.ones(2, 3, 2, 3))
    assert not batch.given.tri_mask[:, 1].any()
    half = replace(samples[0], proxy=(np.arange(24) < 10).astype(np.float32) * np.ones_like(samples[0].alpha))
    told = made_batch((half, samples[1]), model, coders).given.tri_mask
    assert told is not None
    assert torch.allclose(told[0, :2].sum(0), batch.given.tri_mask[0, 0])
    assert 0 < float(told[0, 1].sum()) < float(batch.given.tri_mask[0, 0].sum())
    assert torch.equal(told[1], batch.given.tri_mask[1])
    assert float(batch.weight.mean()) == pytest.approx(1)
    assert batch.depth is not None
    assert float(batch.weight.max() / batch.weight.min()) > 1.5
    assert batch.given.reference_times.tolist() == [[0, 1, 2]] * 2
    clip = samples[0].truth
    assert np.allclose(clip_array(clip_tensor(clip)), clip, atol=1e-6)


def test_a_render_of_the_place_is_told_where_it_is_known() -> None:
    model = replace(RECIPE.model, prior=True)
    coders = (made_autoencoder(model), HashedText(model.text_dim))
    whole = plain_sample(shot(0))
    assert whole.cover.all()
    parts = [made_sample(shot(0), RECIPE.data, np.random.default_rng(seed)) for seed in range(20)]
    covers = [part.cover.mean() for part in parts]
    assert 0.4 < min(covers) < 0.85 < max(covers) <= 1
    unknown = plain_sample(replace(shot(0), place=shot(0).place[:1], place_frames=np.array([1])))
    assert not unknown.cover.any()
    samples = (whole, replace(parts[0], references=whole.references, reference_frames=whole.reference_frames))
    prior = made_batch(samples, model, coders).given.prior
    assert prior is not None
    assert (prior[0, -1] == 1).all()
    assert np.allclose(clip_array(coders[0].decode(prior[:1, :-1])[0]), shot(0).place / 255, atol=1e-6)
    known = parts[0].cover[..., None] == 1
    off = clip_array(coders[0].decode(prior[1:, :-1])[0]) - shot(0).place / 255
    assert np.abs(np.where(known, off, 0)).max() < 1e-6
    assert np.isfinite(_one_step(replace(RECIPE, model=model)))


@pytest.mark.parametrize("switch", ["rays", "tri_mask", "depth", "condition_stride", "outpaint", "variation", "proxy"])
def test_every_switch_of_a_recipe_trains(switch: str) -> None:
    model, data = replace(RECIPE.model, copies=0), RECIPE.data
    if switch in ("outpaint", "variation", "proxy"):
        model, data = replace(model, tri_mask=switch == "proxy"), replace(data, **{switch: 1.0})
    else:
        model = replace(model, **{switch: (2, 2) if switch == "condition_stride" else True})
    assert np.isfinite(_one_step(replace(RECIPE, model=model, data=data)))


@pytest.mark.parametrize(("switch", "gone"), [("rays", "px_from_cam"), ("depth", "inverse_depth")])
def test_a_switch_that_the_shots_cannot_serve_is_refused(switch: str, gone: str) -> None:
    model = replace(RECIPE.model, copies=0, **{switch: True})
    coders = (made_autoencoder(model), HashedText(model.text_dim))
    with pytest.raises(InputError, match=switch):
        made_batch((plain_sample(replace(shot(0), **{gone: None})),), model, coders)


def _one_step(recipe: Recipe) -> float:
    """The loss of a step, whose gradient reaches what the switch adds."""
    run = run_in(Path(), recipe)
    model = made_model(recipe.model)
    loss = loss_of(model, batch_of(recipe, run, 0, 0), recipe.train, 1)
    loss.backward()
    for name in ("rays", "tri_mask", "prior"):
        if (adapter := getattr(model.adapters, name)) is not None:
            assert adapter[-1].weight.grad.abs().max() > 0
    if recipe.model.depth:
        assert model.adapters.depth.grad.abs().max() > 0
        assert model.adapters.picture.grad.abs().max() > 0
    return float(loss.detach())


def test_sampling_is_seeded_and_scored_against_its_baselines() -> None:
    samples = (plain_sample(shot(0)), plain_sample(shot(1)))
    coders = (made_autoencoder(RECIPE.model), HashedText(RECIPE.model.text_dim))
    model = made_model(RECIPE.model).eval()
    once, again = (sampled(model, samples, coders, 2, 5) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(once, again))
    assert not np.array_equal(once[0], sampled(model, samples, coders, 2, 6)[0])
    perfect = score(samples, tuple(s.truth for s in samples))
    assert perfect.mse == 0
    assert perfect.psnr_actor == 100
    assert perfect.still_mse > 0
    assert perfect.still_mse == pytest.approx(perfect.faded_mse, rel=1e-3)  # this place stands still


def test_samples_depend_on_their_numbers_alone() -> None:
    data = replace(RECIPE.data, outpaint=0.3, variation=0.3, bad_mask=0.5)
    for seed in range(12):
        one, other = (made_sample(shot(), data, np.random.default_rng(seed)) for _ in range(2))
        assert np.array_equal(one.foreground, other.foreground)
        assert np.array_equal(one.reference_frames, other.reference_frames)
        assert 1 <= len(one.references) <= 3
        assert one.foreground.min() >= 0
        assert one.foreground.max() <= 1
