"""The in-context engine: windows, what it may change, what it refuses."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from cyclorama.core.backdrop import Backdrop, View
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.clip import ArrayClip
from cyclorama.core.errors import InputError, MachineError
from cyclorama.core.generation import EngineOptions
from cyclorama.core.layers import Foreground
from cyclorama.core.shot import Shot
from cyclorama.diffusion.autoencoder import PatchAutoencoder
from cyclorama.diffusion.cost import window_hw
from cyclorama.diffusion.recipes import Recipe, nano, wan_5b, wan_14b
from cyclorama.diffusion.render import Window
from cyclorama.diffusion.weights import made_model, save_model, trained_tensors
from cyclorama.engines import make_engine
from cyclorama.engines.in_context import InContextEngine, shares
from cyclorama.engines.memory import Memories, Plan, memory_plan

HW, NUM_FRAMES = (48, 72), 7


class BoxKey:
    def foreground(self, _: int, plate: np.ndarray) -> Foreground:
        alpha = np.zeros(plate.shape[:2], np.float32)
        alpha[10:40, 20:50] = 1
        return Foreground(plate * alpha[..., None], alpha)


def shot_and_place(hw: tuple[int, int] = HW) -> tuple[Shot, Backdrop]:
    rng = np.random.default_rng(1)
    camera = Camera.from_focal(hw=hw, focal_px=60, world_from_camera=rigid(np.eye(3), np.zeros(3)))
    plate = ArrayClip(rng.random((NUM_FRAMES, *hw, 3), np.float32))
    view = View(rng.random((*hw, 3), np.float32), np.full(hw, 0.2, np.float32), camera, 0.0)
    return Shot(plate, BoxKey(), CameraPath((camera,) * NUM_FRAMES), None), Backdrop("still", (view,))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    recipe = replace(nano(), model=replace(nano().model, rays=True, tri_mask=True, prior=True, depth=True))
    save_model(folder, recipe, dict(trained_tensors(made_model(recipe.model))))
    return folder


def test_windows_overlap_and_their_shares_fade() -> None:
    for num_frames, length in ((7, 3), (24, 5), (3, 3), (1, 1), (8, 5)):
        before: dict[int, float] = {}
        for index in range(num_frames):
            found = dict(shares(index, num_frames, length))
            assert sum(found.values()) == pytest.approx(1)
            assert all(start <= index < start + length for start in found)
            assert all(0 <= start <= num_frames - length for start in found)
            jump = max(abs(found.get(s, 0) - before.get(s, 0)) for s in {*found, *before}) if before else 0
            assert jump <= 0.67
            before = found
    with pytest.raises(IndexError):
        shares(7, 7, 3)


class Copies:
    """A painter that gives back what geometry and plate know: nothing changes."""

    autoencoder = PatchAutoencoder(8)

    def __init__(self, extra: float = 0.0) -> None:
        self.extra = extra

    def paint(self, window: Window, _: int) -> np.ndarray:
        from cyclorama.core.display import display_from_linear, linear_from_display

        alpha = window.alpha[..., None]
        place, actor = (linear_from_display(p) for p in (window.place, window.actor))
        return display_from_linear(alpha * actor + (1 - alpha) * (place + self.extra))


def test_a_model_that_changes_nothing_gives_the_geometrys_layers(weights: Path) -> None:
    shot, place = shot_and_place()
    engine = make_engine("in-context", EngineOptions(weights=weights))
    assert isinstance(engine, InContextEngine)
    engine.painter = Copies()  # type: ignore[assignment]
    plain = make_engine("geometry").render(shot, place, 3)
    layers = engine.render(shot, place, 3)
    assert np.allclose(layers.place.color, plain.place.color, atol=2e-3)
    brighter = InContextEngine(engine.options, engine.recipe, Copies(0.2))  # type: ignore[arg-type]
    change = brighter.render(shot, place, 3).place.color - plain.place.color
    assert float(np.median(change)) == pytest.approx(0.2, abs=0.02)


def test_the_same_seed_gives_the_same_shot_with_every_condition(weights: Path) -> None:
    shot, place = shot_and_place()

    def drawn(**options: Any) -> np.ndarray:
        engine = make_engine("in-context", EngineOptions(weights=weights, steps=2, **options))
        assert "nano" in engine.prepare(HW, NUM_FRAMES)[0]
        return engine.render(shot, place, 4).place.color

    pictures = [drawn(seed=seed) for seed in (3, 3, 4)]
    assert np.isfinite(pictures[0]).all()
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])
    assert not np.array_equal(drawn(seed=3, projection=False, guidance=2.0), pictures[0])
    tiles = drawn(seed=3, paint_scale=2.0)
    assert np.isfinite(tiles).all()
    assert not np.array_equal(tiles, pictures[0])


def test_what_is_missing_is_said_in_one_sentence(tmp_path: Path, weights: Path) -> None:
    with pytest.raises(InputError, match="--model"):
        make_engine("in-context")
    with pytest.raises(InputError, match="must be a folder"):
        make_engine("in-context", EngineOptions(weights=tmp_path))
    with pytest.raises(InputError, match="steps"):
        make_engine("in-context", EngineOptions(weights=weights, steps=0))
    with pytest.raises(InputError, match="no key mood"):
        make_engine("in-context", EngineOptions(weights=weights, prompt='{"mood": "x"}'))


def test_memory_is_told_before_and_refused_where_it_will_not_do() -> None:
    plain, hd = EngineOptions(), (1080, 1920)

    def plan(
        recipe: Recipe, options: EngineOptions, gigabytes: float, gpu: bool = True, hw: tuple[int, int] = hd
    ) -> Plan:
        return memory_plan(recipe, hw, options, Memories(gigabytes * 1e9, 64e9 if gpu else gigabytes * 1e9, gpu))

    assert "nano" in plan(nano(), plain, 1).words
    found = [plan(wan_5b(), plain, gigabytes) for gigabytes in (80, 24, 14)]  # the fastest way that fits
    assert [(p.offload, p.tiles) for p in found] == [(False, False), (False, True), (True, True)]
    assert plan(wan_5b(), replace(plain, offload="blocks"), 80).offload
    assert not plan(wan_5b(), replace(plain, offload="blocks"), 80, gpu=False).offload
    with pytest.raises(MachineError, match="--offload blocks"):
        plan(wan_5b(), replace(plain, offload="none"), 14)
    for gpu in (False, True):
        with pytest.raises(MachineError, match="smaller recipe"):
            plan(wan_14b(), plain, 8, gpu)
    # Tiles keep the transformer's memory; the whole picture is the autoencoder's.
    more = plan(wan_5b(), replace(plain, paint_scale=2.0), 80)
    assert "tile" in more.words
    assert "tile" not in plan(wan_5b(), replace(plain, paint_scale=2.0), 80, hw=(704, 1280)).words


def test_a_window_has_the_plates_shape_and_the_recipes_area() -> None:
    recipe = replace(nano(), data=replace(nano().data, hw=(40, 64)))
    h, w = window_hw(recipe, (1080, 1920))
    assert (h % 8, w % 8) == (0, 0)
    assert abs(w / h / (16 / 9) - 1) < 0.12
    assert abs(h * w / (40 * 64) - 1) < 0.25
    larger = window_hw(recipe, (1080, 1920), 3.0)
    assert abs(larger[0] * larger[1] / (9 * 40 * 64) - 1) < 0.1
    assert window_hw(recipe, (45, 80), 3.0) == window_hw(recipe, (45, 80), 2.0)  # no more than the plate has


def test_only_a_scaled_window_is_cut_into_tiles(weights: Path) -> None:
    """Of a plate whose shape is another after the rounding to whole tokens, too."""
    hw, seen = (56, 48), []
    shot, place = shot_and_place(hw)

    class Kept(Copies):
        def paint(self, window: Window, seed: int) -> np.ndarray:
            seen.append(window)
            return super().paint(window, seed)

    for scale in (1.0, 2.0):
        engine = make_engine("in-context", EngineOptions(weights=weights, paint_scale=scale))
        assert isinstance(engine, InContextEngine)
        engine.painter = Kept()  # type: ignore[assignment]
        engine.render(shot, place, 0)
    assert window_hw(engine.recipe, window_hw(engine.recipe, hw)) != window_hw(engine.recipe, hw)
    assert [w.tile == w.alpha.shape[1:] for w in seen] == [True, False]
    assert seen[1].tile == seen[0].tile


def test_a_new_look_is_the_models_and_the_rest_is_as_it_was(weights: Path, tmp_path: Path) -> None:
    shot, place = shot_and_place()
    look = np.zeros(HW, np.uint8)
    look[25:40, 20:50] = 255
    for index in range(NUM_FRAMES):
        cv2.imwrite(str(tmp_path / f"{index:02d}.png"), look)
    engine = make_engine("in-context", EngineOptions(weights=weights, new_look=tmp_path))
    assert isinstance(engine, InContextEngine)
    seen: list[Window] = []

    class Red(Copies):
        def paint(self, window: Window, seed: int) -> np.ndarray:
            seen.append(window)
            red = np.array([1.0, 0.0, 0.0], np.float32)
            return super().paint(window, seed) * (1 - window.proxy[..., None]) + red * window.proxy[..., None]

    engine.painter = Red()  # type: ignore[assignment]
    assert "grey" in engine.prepare(HW, NUM_FRAMES)[1]  # how the matte is read
    layers, plain = engine.render(shot, place, 3), make_engine("geometry").render(shot, place, 3)
    inside = (slice(30, 36), slice(26, 44))
    assert not layers.actors[0].alpha[inside].any()
    assert np.allclose(layers.place.color[inside], [1, 0, 0], atol=0.02)
    above = (slice(10, 20), slice(20, 50))
    assert np.array_equal(layers.actors[0].color[above], plain.actors[0].color[above])
    assert np.allclose(layers.place.color[:8], plain.place.color[:8], atol=2e-3)
    middle = (seen[0].proxy > 0.99) & (seen[0].alpha < 0.01)
    assert middle.any()
    assert (seen[0].foreground[middle].argmax(-1) == 1).all()
    with pytest.raises(InputError, match="the plate's 9 frames of 72 x 48, got 7"):
        engine.prepare(HW, 9)
    save_model(tmp_path / "plain", nano(), dict(trained_tensors(made_model(nano().model))))
    with pytest.raises(InputError, match="tri-mask"):
        make_engine("in-context", EngineOptions(weights=tmp_path / "plain", new_look=tmp_path))
