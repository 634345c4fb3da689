"""What every engine must do; a new engine in ``ENGINES`` is tested here without another line."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cyclorama.core.backdrop import Backdrop, View
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.clip import ArrayClip
from cyclorama.core.errors import InputError
from cyclorama.core.generation import EngineOptions
from cyclorama.core.layers import Foreground, Layers
from cyclorama.core.lighting import Lighting, Relighting, even_directions, studio
from cyclorama.core.passes import Relit
from cyclorama.core.shot import Shot
from cyclorama.engines import ENGINES, Engine, make_engine

HW, NUM_FRAMES = (48, 64), 4
RNG = np.random.default_rng(0)


class BoxKey:
    """A box is the actor; every plate frame is looked at as it comes."""

    def foreground(self, index: int, plate: np.ndarray) -> Foreground:
        alpha = np.zeros(HW, np.float32)
        alpha[10:40, 20 + index : 40 + index] = 1
        alpha[10:40, 19 + index] = 0.5
        return Foreground(plate * alpha[..., None], alpha)


def camera(index: int) -> Camera:
    return Camera.from_focal(hw=HW, focal_px=60, world_from_camera=rigid(np.eye(3), np.array([0.05 * index, 0, 0])))


def light() -> Relighting:
    directions = even_directions(64)
    whites = 2.0 ** (directions[:, :1] * [0.5, 0.5, 0.5] + [0.4, 0, -0.4])
    return Relighting(studio(np.array([0, -1, 0])), Lighting.of_whites(whites, directions, None, (1, "a test")), 1.0)


def make(relighting: Relighting | None) -> tuple[Shot, Backdrop]:
    plate = ArrayClip(RNG.random((NUM_FRAMES, *HW, 3), np.float32))
    path = CameraPath(tuple(camera(i) for i in range(NUM_FRAMES)))
    views = tuple(
        View(RNG.random((*HW, 3), np.float32), np.full(HW, 0.3, np.float32), camera(i), float(i)) for i in (0, 3)
    )
    return Shot(plate, BoxKey(), path, relighting), Backdrop("layers", views)


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that learned nothing."""
    pytest.importorskip("torch")
    from cyclorama.diffusion.recipes import nano
    from cyclorama.diffusion.weights import made_model, save_model, trained_tensors

    folder = tmp_path_factory.mktemp("weights")
    save_model(folder, nano(), dict(trained_tensors(made_model(nano().model))))
    return folder


@pytest.fixture(params=sorted(ENGINES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def options(name: str, request: pytest.FixtureRequest) -> EngineOptions:
    return EngineOptions() if name == "geometry" else EngineOptions(weights=request.getfixturevalue("weights"))


@pytest.fixture
def engine(name: str, options: EngineOptions) -> Engine:
    return prepared(name, options)


def prepared(name: str, options: EngineOptions) -> Engine:
    made = make_engine(name, options)
    assert all(isinstance(words, str) for words in made.prepare(HW, NUM_FRAMES))
    return made


def arrays_of(layers: Layers) -> dict[str, np.ndarray]:
    found = {f"place.{n}": getattr(layers.place, n) for n in ("color", "inverse_depth", "coverage")}
    found |= {"actor.color": layers.actors[0].color, "actor.alpha": layers.joint.alpha}
    return found if layers.relight_gain is None else {**found, "relight_gain": layers.relight_gain}


def test_layers_have_their_shapes_and_ranges(engine: Engine) -> None:
    shot, backdrop = make(light())
    for name, array in arrays_of(engine.render(shot, backdrop, 2)).items():
        wanted = (*array.shape[:2], 4) if name == "relight_gain" else (*HW, 3) if name.endswith("color") else HW
        assert (name, array.shape, array.dtype) == (name, wanted, np.float32)
        assert np.isfinite(array).all()
        assert array.min() >= 0
        if name in ("place.coverage", "actor.alpha"):
            assert array.max() <= 1


def test_the_actor_is_the_keys(engine: Engine) -> None:
    shot, backdrop = make(None)
    layers = engine.render(shot, backdrop, 1)
    own = BoxKey().foreground(1, shot.plate.frame(1))
    assert np.array_equal(layers.actors[0].color, own.color)
    assert np.array_equal(layers.actors[0].alpha, own.alpha)


def test_a_layer_that_is_off_is_absent(engine: Engine, name: str) -> None:
    lit, dark = make(light()), make(None)
    gain = engine.render(*lit, 0).relight_gain
    assert gain is not None
    assert name != "geometry" or (gain[..., 0] > 1.1 * gain[..., 2]).all()
    assert engine.render(*dark, 0).relight_gain is None
    assert engine.render(*lit, 0).wrap is not None
    assert engine.render(*dark, 0).wrap is None


def test_a_relit_clip_brings_its_own_light(engine: Engine) -> None:
    shot, backdrop = make(None)
    clip = ArrayClip(shot.plate.frames * np.float32(0.5))
    gain = engine.render(replace(shot, relit=Relit(clip, 1.0)), backdrop, 1).relight_gain
    assert gain is not None
    assert gain[24, 30, 3] == pytest.approx(0.5, abs=0.02)
    same = engine.render(replace(shot, relit=Relit(shot.plate, 1.0, with_spill=True)), backdrop, 1)
    assert same.relight_gain is not None
    assert (same.relight_gain == 1).all()
    assert same.wrap is None
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        Relit(clip, 0.0)
    with pytest.raises(ValueError, match="4 and 3 frames"):
        replace(shot, relit=Relit(ArrayClip(shot.plate.frames[:3]), 1.0))


def test_an_edge_that_keeps_its_own_light_has_no_rim(engine: Engine) -> None:
    shot, backdrop = make(replace(light(), rim=False))
    assert engine.render(shot, backdrop, 0).wrap is None


def test_the_light_follows_its_course() -> None:
    engine = make_engine("geometry")
    steady, moved = make(light()), make(replace(light(), course=((0, 0, 0), (-1, 0, 0), (0, 0, 0), (0, 0, 0))))
    for index, stops in ((0, 0.0), (1, -1.0)):
        before, after = (engine.render(*made, index).relight_gain for made in (steady, moved))
        assert before is not None
        assert after is not None
        assert np.allclose(after[..., 0], before[..., 0] * 2.0**stops, rtol=1e-5)
        assert np.array_equal(after[..., 1:3], before[..., 1:3])


def test_any_order_and_again_gives_the_same(engine: Engine, name: str, options: EngineOptions) -> None:
    shot, backdrop = make(light())
    forward = {i: arrays_of(engine.render(shot, backdrop, i)) for i in range(NUM_FRAMES)}
    fresh = prepared(name, options)
    for index in (3, 0, 2, 2, 1):
        for maker in (engine, fresh):
            for layer, array in arrays_of(maker.render(shot, backdrop, index)).items():
                assert np.array_equal(array, forward[index][layer]), (index, layer)
    assert not np.array_equal(forward[0]["place.color"], forward[3]["place.color"])


def test_shot_and_backdrop_are_not_changed(engine: Engine) -> None:
    shot, backdrop = make(light())
    before = [shot.plate.frames.copy(), *(a.copy() for v in backdrop.views for a in (v.image, v.inverse_depth))]
    layers = engine.render(shot, backdrop, 1)
    layers.place.color[:] = 7  # what an engine gives is the caller's own
    layers.actors[0].color[:] = 7
    after = [shot.plate.frames, *(a for v in backdrop.views for a in (v.image, v.inverse_depth))]
    assert all(np.array_equal(a, b) for a, b in zip(before, after))


@pytest.mark.parametrize("index", [-1, NUM_FRAMES])
def test_there_is_no_frame_outside_the_shot(engine: Engine, index: int) -> None:
    with pytest.raises(IndexError):
        engine.render(*make(None), index)


def test_an_unknown_engine_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"there is no engine 'dream'; choose one of .*geometry"):
        make_engine("dream")


def test_the_geometry_engine_shows_a_reference_at_its_own_time() -> None:
    """Two pictures of one view, at the first and the last frame: each is shown at its own."""
    plate = ArrayClip(RNG.random((NUM_FRAMES, *HW, 3), np.float32))
    views = tuple(
        View(np.full((*HW, 3), c, np.float32), np.zeros(HW, np.float32), camera(0), t)
        for c, t in ((0.2, 0.0), (0.8, 3.0))
    )
    shot = Shot(plate, BoxKey(), CameraPath((camera(0),) * NUM_FRAMES), None)
    shown = [make_engine("geometry").render(shot, Backdrop("still", views), i).place.color.mean() for i in range(4)]
    assert shown[0] == pytest.approx(0.2, abs=0.02)
    assert shown[3] == pytest.approx(0.8, abs=0.02)
    assert np.all(np.diff(shown) >= 0)
