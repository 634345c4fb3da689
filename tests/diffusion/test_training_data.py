"""Augmentations, prompts, recipes and the files of shots; no torch."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from cyclorama.core.errors import InputError
from cyclorama.diffusion.augment import as_proxy, broken, perturbed, window
from cyclorama.diffusion.prompt import Prompt, hashed_text, prompt_of
from cyclorama.diffusion.recipes import RECIPES, ModelRecipe, nano, recipe_named, recipe_of, record_of
from cyclorama.diffusion.samples import (
    GREEN,
    ShotFile,
    made_sample,
    over_green,
    plain_sample,
    prompts_of,
    read_shot,
    recipe_of_step,
)
from cyclorama.training_shots import UNSEEN, made_spec, shot_file

KEYS = [
    "foreground_content", "background_content", "foreground_motion", "background_motion", "camera_motion_analysis",
    "camera_angle", "focal_length", "caption",
]  # fmt: skip


def actor_on_nothing() -> tuple[np.ndarray, np.ndarray]:
    alpha = np.zeros((4, 20, 30), np.float32)
    alpha[:, 5:15, 10:20] = 1.0
    alpha[:, 4, 10:20] = 0.5
    return alpha[..., None] * np.full(3, 0.3, np.float32), alpha


def test_the_light_changes_and_the_screen_does_not() -> None:
    actor, alpha = actor_on_nothing()
    changed = [perturbed(actor, alpha, np.random.default_rng(seed)) for seed in range(40)]
    assert all(not out[alpha == 0].any() for out in changed)
    assert all(np.isfinite(out).all() and (out >= 0).all() for out in changed)
    moved = [out for out in changed if not np.allclose(out, actor)]
    assert len(moved) > 30
    still = [np.allclose(out, out[:1], atol=1e-6) for out in moved]
    assert 0.5 < np.mean(still) < 0.95  # mostly constant in time, some move slowly
    casts = [np.ptp(np.log2(out[0, 10, 15] / 0.3)) for out in moved]
    assert max(casts) > 0.3
    assert (over_green(changed[0], alpha)[alpha == 0] == GREEN).all()


def test_mattes_get_holes_lost_limbs_and_false_occluders() -> None:
    actor, alpha = actor_on_nothing()
    sums = [broken(actor, alpha, np.random.default_rng(seed))[1].sum() - alpha.sum() for seed in range(40)]
    assert min(sums) < 0 < max(sums)
    empty = np.zeros_like(alpha)
    assert broken(actor, empty, np.random.default_rng(0))[1] is empty


def test_outpainting_masks_60_to_90_percent() -> None:
    kept = [window((40, 64), np.random.default_rng(seed)).mean() for seed in range(60)]
    assert 0.08 < min(kept) < 0.2
    assert 0.3 < max(kept) < 0.43


def test_a_prompt_has_the_papers_eight_keys() -> None:
    assert list(asdict(Prompt(caption="x"))) == KEYS
    assert prompt_of("A man walks.") == Prompt(caption="A man walks.")
    full = Prompt(caption="c", camera_angle="Eye-level", focal_length="50mm")
    assert prompt_of(full.as_json()) == full
    assert list(json.loads(full.as_json())) == KEYS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"caption": "x", "mood": "sad"}', "mood"),
        ('{"camera_angle": "low"}', "caption"),
        ('{"caption": 3}', "text"),
        ('{"caption": ""}', "empty"),
        ("{nothing", "no JSON"),
        ("", "empty"),
    ],
)
def test_a_wrong_prompt_is_refused(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        prompt_of(text)


def test_hashed_text_tells_words_and_keys_apart_and_is_always_the_same() -> None:
    one = hashed_text(Prompt(caption="street"), 16)
    assert np.array_equal(one, hashed_text(Prompt(caption="Street."), 16))
    assert not np.allclose(one[7], hashed_text(Prompt(caption="room"), 16)[7])
    assert not np.allclose(one[7], hashed_text(Prompt(caption="x", camera_angle="street"), 16)[5])
    assert np.allclose(np.linalg.norm(one, axis=1), [0] * 7 + [1])


def test_recipes_survive_json_and_refuse_what_they_do_not_know() -> None:
    for make in RECIPES.values():
        recipe = make()
        assert recipe_of(json.loads(json.dumps(record_of(recipe)))) == recipe
    record = record_of(nano())
    record["model"]["wings"] = 2
    with pytest.raises(InputError, match="wings"):
        recipe_of(record)
    for part, name, wrong in (
        ("model", "width", "wide"), ("model", "rays", "yes"), ("model", "lora_rank", True), ("data", "hw", "big"),
        ("data", "hw", [16]), ("train", "rate", "fast"), ("train", "steps", 1.5), ("model", "lora_targets", [1]),
    ):  # fmt: skip
        record = record_of(nano())
        record[part][name] = wrong
        with pytest.raises(InputError, match=name):
            recipe_of(record)
    record = record_of(nano())
    record["train"]["rate"] = 1
    assert recipe_of(record).train.rate == 1
    with pytest.raises(InputError, match="mini"):
        recipe_named("huge")
    with pytest.raises(InputError, match="predicts"):
        ModelRecipe(predicts="noise")
    with pytest.raises(InputError, match="copies"):
        ModelRecipe(weights="some/where", copies=1)


def test_a_made_up_shot_is_drawn_once_and_read_back(tmp_path: Path) -> None:
    file = shot_file(tmp_path, 3, 2, (16, 24))
    before = file.stat().st_mtime_ns
    assert shot_file(tmp_path, 3, 2, (16, 24)).stat().st_mtime_ns == before
    shot = read_shot(file)
    assert shot.truth.shape == shot.place.shape == shot.actor.shape == (2, 16, 24, 3)
    assert shot.place_frames.tolist() == [0, 1]
    assert shot.prompt.caption
    sample = plain_sample(shot)
    clear = sample.alpha == 0
    assert np.abs(sample.foreground[clear] - GREEN).max() < 1e-3
    assert np.abs(sample.truth - shot.place / 255.0)[clear].mean() < 0.05  # beside the actor only its shadow
    fixed = replace(nano().data, references=(2, 2), random_times=0.0)
    chosen = made_sample(shot, fixed, np.random.default_rng(0)).reference_frames
    assert chosen.tolist() == [0, 1]
    assert made_spec(UNSEEN, 2, (16, 24)) != made_spec(UNSEEN + 1, 2, (16, 24))


def test_a_file_that_is_no_shot_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "a.npz"
    wrong.write_bytes(b"nothing")
    with pytest.raises(InputError, match="no shot"):
        read_shot(wrong)
    np.savez(wrong, truth=np.zeros(1))
    with pytest.raises(InputError, match="lacks actor"):
        read_shot(wrong)


def made_up_shot() -> ShotFile:
    """An actor of one colour before a place of another, both flat."""
    alpha = np.zeros((3, 16, 24), np.uint8)
    alpha[:, 4:12, 6:14] = 255
    place = np.full((3, 16, 24, 3), (90, 120, 200), np.uint8)
    actor = np.where(alpha[..., None] > 0, np.array([200, 90, 60]), 0).astype(np.uint8)
    words = Prompt(caption="A man in a yard.", background_content="a yard")
    return ShotFile(
        np.maximum(place * (alpha[..., None] == 0), actor), actor, alpha, place, np.arange(3), words, *[None] * 3
    )


def test_outpainting_shows_the_place_in_a_box_and_variation_not_at_all() -> None:
    shot, data = made_up_shot(), nano().data
    for seed in range(8):
        out = made_sample(shot, replace(data, outpaint=1.0), np.random.default_rng(seed))
        shown = out.alpha == 1
        assert 0.05 < shown.mean() < 0.45
        assert np.array_equal(out.foreground[shown], out.truth[shown])
        assert (out.foreground[~shown] == GREEN).all()
        new = made_sample(shot, replace(data, variation=1.0), np.random.default_rng(seed))
        assert (new.foreground == GREEN).all()
        assert not new.alpha.any()
        for sample in (out, new):
            assert np.array_equal(sample.truth, shot.place / np.float32(255))  # the place alone, without the actor
            assert len(sample.references) == 1
            assert sample.prompt == Prompt(caption="a yard")
    kinds = [recipe_of_step(replace(data, outpaint=0.3, variation=0.3), np.random.default_rng(k)) for k in range(200)]
    assert abs(np.mean([k.outpaint for k in kinds]) - 0.3) < 0.1
    assert abs(np.mean([k.variation for k in kinds]) - 0.3) < 0.1
    assert not any(k.outpaint and k.variation for k in kinds)


def test_a_proxy_is_a_part_of_the_actor_that_shows_its_shape_alone() -> None:
    shot = made_up_shot()
    data = replace(nano().data, proxy=1.0, perturb=0.0, bad_mask=0.0)
    parts = []
    for seed in range(12):
        sample = made_sample(shot, data, np.random.default_rng(seed))
        inside = (sample.alpha == 1) & (sample.proxy == 1)
        parts.append(inside.sum() / (sample.alpha == 1).sum())
        assert (sample.foreground[inside].argmax(-1) == 1).all()  # green paint
        kept = (sample.alpha == 1) & (sample.proxy == 0)
        assert np.allclose(sample.foreground[kept], sample.truth[kept], atol=0.01)
    assert 0 < min(parts) < 0.4 < 0.6 < max(parts) <= 1
    assert not made_sample(shot, nano().data, np.random.default_rng(0)).proxy.any()
    with pytest.raises(InputError, match="tri_mask"):
        replace(nano(), data=replace(nano().data, proxy=0.5))


def test_paint_keeps_shading() -> None:
    actor = np.array([[[[0.1, 0.2, 0.3], [0.2, 0.4, 0.6]]]], np.float32)
    painted = as_proxy(actor, np.ones((1, 1, 2), np.float32))
    assert np.allclose(painted[..., 1, :], 2 * painted[..., 0, :])
    assert np.array_equal(as_proxy(actor, np.zeros((1, 1, 2), np.float32)), actor)


def test_all_prompts_of_samples_are_known_before() -> None:
    shot = made_up_shot()
    data = replace(nano().data, outpaint=0.3, variation=0.3, drop_text=0.5)
    known = prompts_of([shot])
    assert {made_sample(shot, data, np.random.default_rng(k)).prompt for k in range(60)} == set(known)
