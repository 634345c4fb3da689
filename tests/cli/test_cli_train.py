"""``cyc train`` and ``cyc replace --engine in-context``: what is refused before anything is loaded."""

from pathlib import Path

import pytest

from cyclorama.core.errors import InputError
from cyclorama.train_settings import TrainSettings
from cyclorama.trainjob import resolved


def test_a_recipe_is_changed_field_by_field(tmp_path: Path) -> None:
    asked = TrainSettings(
        output=tmp_path, recipe="nano", change=("model.depth=true", "train.steps=7", "data.hw=[16,32]"), weights="w"
    )
    with pytest.raises(InputError, match="copies"):  # nano's pixel mixer and public weights exclude one another
        resolved(asked)
    recipe = resolved(TrainSettings(output=tmp_path, recipe="nano", change=asked.change))
    assert (recipe.model.depth, recipe.train.steps, recipe.data.hw) == (True, 7, (16, 32))


@pytest.mark.parametrize("change", ["steps=3", "train.stepps=3", "train.steps", "name=x"])
def test_a_change_that_no_recipe_knows_is_refused(change: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--change"):
        resolved(TrainSettings(output=tmp_path, change=(change,)))


def test_numbers_out_of_range_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="steps"):
        resolved(TrainSettings(output=tmp_path, change=("train.steps=0",)))
    with pytest.raises(InputError, match="--unseen"):
        TrainSettings(output=tmp_path, unseen=0)
