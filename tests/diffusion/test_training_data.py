"""Augmentations, prompts, recipes and the files of shots; no torch."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from cyclorama.core.errors import InputError
from cyclorama.diffusion.augment import broken, perturbed, window
from cyclorama.diffusion.prompt import Prompt, hashed_text, prompt_of
from cyclorama.diffusion.recipes import RECIPES, ModelRecipe, nano, recipe_named, recipe_of, record_of
from cyclorama.diffusion.samples import GREEN, made_sample, over_green, plain_sample, read_shot
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
