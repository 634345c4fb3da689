"""Latent tiles: exact for a model that looks at its own place, close for one that looks around."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from hypothesis import given as drawn  # noqa: E402
from hypothesis import settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from torch import Tensor  # noqa: E402

from cyclorama.core.generation import EngineOptions  # noqa: E402
from cyclorama.diffusion.autoencoder import PatchAutoencoder  # noqa: E402
from cyclorama.diffusion.conditions import Conditions  # noqa: E402
from cyclorama.diffusion.recipes import nano  # noqa: E402
from cyclorama.diffusion.render import Painter, Window  # noqa: E402
from cyclorama.diffusion.sample import sample, schedule  # noqa: E402
from cyclorama.diffusion.tiling import fade, starts, tiled  # noqa: E402
from cyclorama.diffusion.weights import made_model  # noqa: E402

HW, TILE = (20, 34), (8, 12)


def noise(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def conditions() -> Conditions:
    clip = (1, 3, 2, *HW)
    return Conditions(
        noise(0, *clip), noise(1, 1, 1, 3, *HW), torch.zeros(1, 1, dtype=torch.int64), noise(2, 1, 4, 5),
        rays=noise(3, 1, 6, 2, *HW), tri_mask=noise(4, *clip), prior=noise(5, 1, 4, 2, *HW),
    )  # fmt: skip


def local(x: Tensor, t: Tensor, told: Conditions) -> Tensor:
    """Every place by its own conditions alone."""
    parts = told.foreground + told.references[:, 0, :, None] + told.tri_mask * told.prior[:, :3] - told.rays[:, 1:4]
    return 0.3 * x + t[:, None, None, None, None] * parts


def around(x: Tensor, t: Tensor, told: Conditions) -> Tensor:
    """The mean of a neighbourhood of 3 x 3."""
    return torch.nn.functional.avg_pool3d(local(x, t, told), (1, 3, 3), stride=1, padding=(0, 1, 1))


def test_a_model_that_looks_at_its_own_place_gives_the_same_in_tiles() -> None:
    given, x, times = conditions(), noise(6, 1, 3, 2, *HW), schedule(3, 1.0)
    whole = sample(tiled(local, given, HW, 2), x, times)
    assert torch.equal(whole, sample(lambda x, t: local(x, t, given), x, times))
    parts = sample(tiled(local, given, TILE, 2), x, times)
    assert torch.allclose(parts, whole, atol=1e-5)


def test_seams_of_a_model_that_looks_around_are_bounded() -> None:
    """Only the ring that a tile's rim cannot see around is off, and there by the rim's small share."""
    given, x, t = conditions(), noise(6, 1, 3, 2, *HW), torch.tensor([0.7])
    whole, parts = around(x, t, given), tiled(around, given, TILE, 2)(x, t)
    inside = (slice(None),) * 3 + (slice(1, -1), slice(1, -1))  # the whole has a rim of its own
    off = (parts - whole)[inside].abs()
    assert off.max() < 0.5 * whole.std()
    assert (off > 1e-5).float().mean() < 0.5

    def cut(x: Tensor, t: Tensor) -> Tensor:  # tiles side by side, as a rival
        out = torch.zeros_like(x)
        for y, c in ((y, c) for y in range(0, 20, 10) for c in range(0, 34, 17)):
            part = (slice(None),) * 3 + (slice(y, y + 10), slice(c, c + 17))
            told = Conditions(
                given.foreground[part], given.references[part[:2] + part[2:]], given.reference_times, given.text,
                given.rays[part], given.tri_mask[part], given.prior[part],
            )  # fmt: skip
            out[part] = around(x[part], t, told)
        return out

    assert off.max() < 0.7 * (cut(x, t) - whole)[inside].abs().max()


@settings(max_examples=40, deadline=None)
@drawn(st.integers(1, 60), st.integers(1, 20), st.sampled_from([1, 2, 4]))
def test_tiles_cover_a_side_and_overlap(size: int, tile: int, unit: int) -> None:
    size, tile = size * unit, min(size, tile) * unit
    found = starts(size, tile, unit)
    assert found[0] == 0
    assert found[-1] + tile == size
    assert all(0 < b - a <= tile and a % unit == 0 for a, b in pairwise(found))
    if tile >= 4 * unit:
        assert all(a + tile - b >= unit for a, b in pairwise(found))
    weights = fade(tile)
    assert weights.min() > 0
    assert weights.max() <= 1
    assert torch.equal(weights, weights.flip(0))


def test_tiles_of_sparse_conditions_leave_no_gap() -> None:
    """Sides that are no multiple of the cells over which such a model pools its foreground."""
    recipe = replace(nano(), model=replace(nano().model, copies=0, condition_stride=(1, 2)))
    patch = recipe.model.patch
    planes = [np.zeros((2, 7 * patch, 9 * patch, *c), np.float32) for c in ((3,), (3,), (), (), (3,), ())]
    window = Window(*planes, np.zeros((2, 3, 3)), np.zeros((2, 4, 4)), (0,), (4 * patch, 4 * patch))
    words = (torch.zeros(1, 8, recipe.model.text_dim),) * 2
    options = EngineOptions(steps=1, projection=False)
    painter = Painter(made_model(recipe.model), recipe, PatchAutoencoder(patch), words, options)
    assert np.isfinite(painter.paint(window, 0)).all()
