"""A body on a floor that mirrors lamps and a wall by known rules: what is read of it, and what he hides in it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from cyclorama.comp import Moment, flatten, mirror_field, read_gloss, spread
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import Camera, rigid
from cyclorama.core.ground import GroundPlane
from cyclorama.core.layers import Foreground, Layers
from cyclorama.core.mirroring import Gloss, Mirroring
from cyclorama.core.standing import Standing

HW, FOCAL = (108, 192), 150.0
EYES, WALL, TALL = 1.5, 9.0, 1.75
GROUND = GroundPlane(np.array([0.0, -1.0, 0.0]), -EYES)
FEET = np.array([0.0, EYES, 6.0])
MATTE = 0.08
CAMERAS = tuple(
    Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=rigid(np.eye(3), np.array([x, 0, 0])))
    for x in (-0.3, 0, 0.3)
)


def wall(points: np.ndarray) -> np.ndarray:
    """What the wall shows at points (..., 3) of it: panels in two colours, and two lamps eight times white."""
    panel = np.floor(points[..., 0] / 1.3).astype(int) % 2 == 0
    shown = np.where(panel[..., None], [0.5, 0.3, 0.1], [0.05, 0.1, 0.2])
    lamps = (np.abs(np.abs(points[..., 0]) - 1.5) < 0.3) & (np.abs(points[..., 1] + 0.6) < 0.4)
    return np.where(lamps[..., None], 8.0, shown)


def rays_of(camera: Camera) -> np.ndarray:
    v, u = np.mgrid[: HW[0], : HW[1]] + 0.5
    px = np.stack([u.ravel(), v.ravel()], 1)
    return (camera.unproject(px, np.ones(len(px))) - camera.center).reshape(*HW, 3)


def inverted(points: np.ndarray) -> np.ndarray:
    """The lamps three times as bright, and the contrary of the panels."""
    shown = wall(points)
    return np.where(shown[..., :1] == 8, 24.0, -1.2 * shown)


def place(camera: Camera, roughness: float, shows: Callable[[np.ndarray], np.ndarray] = wall) -> SetFrame:
    """Rendered with facets of the floor drawn at random (Walter et al. 2007, eq. 35, 36); ``shows``: of the wall in the
    mirror."""
    rays, rng = rays_of(camera), np.random.default_rng(5)
    ground = rays[..., 1] > EYES / WALL
    color = np.minimum(wall(camera.center + rays * WALL), 1.0)
    point, down = camera.center + rays * (EYES / np.maximum(rays[..., 1:2], 1e-9)), rays[ground]
    down = down / np.linalg.norm(down, axis=1, keepdims=True)
    mirrored, num = np.zeros_like(down), 400
    for _ in range(num):
        first, turn = rng.random(len(down)), 2 * np.pi * rng.random(len(down))
        slope = roughness * np.sqrt(first / (1 - first))
        facet = np.stack([slope * np.cos(turn), -np.ones(len(down)), slope * np.sin(turn)], 1)
        facet /= np.linalg.norm(facet, axis=1, keepdims=True)
        out = down - 2 * (down * facet).sum(1, keepdims=True) * facet
        away = np.maximum(out[:, 2:], 1e-6)
        hit = point[ground] + out * ((WALL - point[ground][:, 2:]) / away)
        weight = np.maximum(-(down * facet).sum(1), 0) / (down[:, 1] * -facet[:, 1])
        mirrored += np.where(out[:, 1:2] < 0, weight[:, None] * shows(hit), 0) / num
    fresnel = 0.04 + 0.96 * (1 - down[:, 1:2]) ** 5
    color[ground] = MATTE + fresnel * mirrored
    inverse = np.where(ground, rays[..., 1] / EYES, 1 / WALL).astype(np.float32)
    return SetFrame(np.minimum(color, 1).astype(np.float32), inverse, np.ones(HW, np.float32), GROUND)


@pytest.fixture(scope="module")
def glossy() -> tuple[Moment, ...]:
    return tuple(Moment(place(c, 0.1), c, np.zeros(HW, np.float32)) for c in CAMERAS)


@pytest.fixture(scope="module")
def read(glossy: tuple[Moment, ...]) -> tuple[Gloss, np.ndarray]:
    found = read_gloss(glossy, GROUND)
    assert found is not None
    return found


def actor(camera: Camera, feet: np.ndarray = FEET) -> Foreground:
    """A post as tall and wide as a body, dark red."""
    (left, top), (right, bottom) = (
        camera.project(feet + np.array([[-0.25, -TALL, 0], [0.25, 0, 0]]))[0].round().astype(int)
    )
    alpha = np.zeros(HW, np.float32)
    alpha[max(top, 0) : bottom, left:right] = 1
    return Foreground(alpha[..., None] * np.array([0.1, 0.02, 0.02], np.float32), alpha)


def mirroring(read: tuple[Gloss, np.ndarray], strength: float = 1.0, num: int = 1) -> Mirroring:
    standing = Standing(np.repeat(FEET[None], num, 0), TALL, GROUND)
    return Mirroring(standing, np.ones(num), *read, strength)


def halves(field: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is kept and what comes, at the picture's size."""
    kept, added = (spread(np.ascontiguousarray(h), HW) for h in np.split(field, 2, axis=2))
    return kept, added


def at(camera: Camera, x: float, z: float) -> tuple[int, int]:
    """Row and column of a point of the ground, from the feet."""
    u, v = camera.project(FEET[None] + np.array([x, 0, z]))[0][0].astype(int)
    return v, u


def test_the_floor_is_read_as_it_was_made(read: tuple[Gloss, np.ndarray]) -> None:
    gloss, sources = read
    assert gloss.roughness in (0.07, 0.1, 0.14)
    assert gloss.reflectance == pytest.approx(1, abs=0.4)
    assert np.allclose(gloss.matte, MATTE, atol=0.04)
    assert gloss.evidence > 0.5
    assert 4 < sources[:, 3].max() < 14  # the lamps show 1 and are 8


@pytest.mark.parametrize("paint", ["plain", "noise", "stripes", "glow"])
def test_a_matte_floor_mirrors_nothing(glossy: tuple[Moment, ...], paint: str) -> None:
    moments = []
    for moment in glossy:
        rays, color = rays_of(moment.camera), moment.place.color.copy()
        ground = rays[..., 1] > EYES / WALL
        points = moment.camera.center + rays * (EYES / np.maximum(rays[..., 1:2], 1e-9))
        x, z = points[..., 0], points[..., 2]
        lit = {
            "plain": 0 * x,
            "noise": np.random.default_rng(2).random(HW),
            "stripes": np.floor(x / 0.7) % 2,
            "glow": np.exp(-(((np.abs(x) - 1.5) / 1.2) ** 2) - ((z - WALL) / 2) ** 2),
        }[paint]
        color[ground] = (MATTE + 0.2 * lit[..., None] * [1.0, 0.9, 0.7])[ground]
        moments.append(replace(moment, place=replace(moment.place, color=color.astype(np.float32))))
    assert read_gloss(tuple(moments), GROUND) is None


def test_a_floor_that_shows_the_contrary_of_a_mirror_image_is_none() -> None:
    moment = Moment(place(CAMERAS[1], 0.1, inverted), CAMERAS[1], np.zeros(HW, np.float32))
    assert read_gloss((moment,), GROUND) is None


def test_no_ground_in_the_picture_mirrors_nothing(glossy: tuple[Moment, ...]) -> None:
    below = GroundPlane(np.array([0.0, -1.0, 0.0]), -40.0)
    assert read_gloss(glossy, below) is None
    assert read_gloss((), GROUND) is None


def test_without_depth_nothing_is_sure(glossy: tuple[Moment, ...]) -> None:
    flat = tuple(replace(m, place=replace(m.place, inverse_depth=np.zeros(HW, np.float32))) for m in glossy)
    assert read_gloss(flat, GROUND) is None


def test_he_hides_what_he_stands_before(read: tuple[Gloss, np.ndarray]) -> None:
    camera = CAMERAS[1]
    layers = Layers(place(camera, 0.1), (actor(camera),))
    kept, added = halves(mirror_field(layers, camera, 0, mirroring(read)))
    assert kept[at(camera, 0, -0.35)].mean() < 0.75
    for point in ((0.0, 0.6), (1.5, -0.3), (-1.5, -0.3)):
        assert kept[at(camera, *point)].mean() > 0.95
    assert (kept[: HW[0] // 2] == 1).all()
    red, green, _ = added[at(camera, 0, -0.35)]
    assert red > 2 * green > 0
    assert added.min() >= 0 <= kept.min()


def test_what_is_hidden_is_what_the_floor_shows_less_with_a_wall_in_his_place(
    read: tuple[Gloss, np.ndarray],
) -> None:
    """Before his feet, where the whole lobe meets him, the floor is matte and shows his colour as glass would."""
    camera = CAMERAS[1]
    layers = Layers(place(camera, 0.1), (actor(camera),))
    done = flatten(replace(layers, reflection=mirror_field(layers, camera, 0, mirroring(read))))
    row, column = at(camera, 0, -0.3)
    near = camera.center - FEET + np.array([0, 0, 0.3])
    fresnel = 0.04 + 0.96 * (1 + near[1] / np.linalg.norm(near)) ** 5
    expected = MATTE + fresnel * np.array([0.1, 0.02, 0.02])
    np.testing.assert_allclose(done[row, column], expected, atol=0.03)


def test_strength_and_feet_weigh_it(read: tuple[Gloss, np.ndarray]) -> None:
    camera = CAMERAS[1]
    layers = Layers(place(camera, 0.1), (actor(camera),))
    whole, half = (mirror_field(layers, camera, 0, mirroring(read, s)) for s in (1.0, 0.5))
    np.testing.assert_allclose(1 - half[..., :3], (1 - whole[..., :3]) / 2, atol=1e-5)
    np.testing.assert_allclose(2 * half[..., 3:], whole[..., 3:], atol=1e-5)
    unseen = replace(mirroring(read), seen=np.zeros(1))
    nothing = mirror_field(layers, camera, 0, unseen)
    assert nothing.shape == (1, 1, 6)
    assert (flatten(replace(layers, reflection=nothing)) == flatten(layers)).all()


def test_it_stays_with_him_as_the_camera_goes(read: tuple[Gloss, np.ndarray]) -> None:
    """With even steps of the camera the mirror image changes evenly."""
    shown = []
    for index, x in enumerate((0.0, 0.02, 0.04)):
        camera = Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=rigid(np.eye(3), np.array([x, 0, 0])))
        layers = Layers(replace(place(camera, 0.1), color=np.full((*HW, 3), 0.3, np.float32)), (actor(camera),))
        kept, _ = halves(mirror_field(layers, camera, index, mirroring(read, num=3)))
        shown.append([kept[at(camera, 0, z)].mean() for z in (-0.3, -0.6, -0.9)])
    assert np.abs(np.diff(shown, 2, axis=0)).max() < 0.04


def test_the_place_takes_it_under_the_actor() -> None:
    rng = np.random.default_rng(3)
    alpha = rng.random(HW, np.float32)
    man = Foreground(rng.random((*HW, 3), np.float32) * alpha[..., None], alpha)
    scene = SetFrame(rng.random((*HW, 3), np.float32), np.ones(HW, np.float32), np.ones(HW, np.float32))
    shadow, field = rng.random((5, 8, 3), np.float32), rng.random((5, 8, 6), np.float32)
    kept, added = halves(field)
    done = flatten(Layers(scene, (man,), shadow=shadow, reflection=field))
    behind = scene.color * spread(shadow, HW) * kept + added
    np.testing.assert_allclose(done, man.color + (1 - alpha[..., None]) * behind, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"strength": 0.0}, "above 0"),
        ({"seen": np.ones(2)}, "every frame"),
        ({"sources": np.ones((3, 6), np.float32)}, "n x 7"),
        ({"sources": np.full((3, 7), np.nan, np.float32)}, "finite"),
    ],
)
def test_what_cannot_be(change: dict[str, object], words: str) -> None:
    gloss = Gloss(0.1, 1.0, (0.1, 0.1, 0.1), 0.5)
    good = mirroring((gloss, np.ones((3, 7), np.float32)))
    with pytest.raises(ValueError, match=words):
        replace(good, **change)
    with pytest.raises(ValueError, match="roughness"):
        replace(gloss, roughness=0.0)
    with pytest.raises(ValueError, match="matte"):
        replace(gloss, matte=(-1.0, 0.0, 0.0))
