"""The ordinary plate: an actor on a marked green stage; and the place behind, through the same camera."""

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from speed_setup import HW, NUM_FRAMES


def camera(frame: int) -> tuple[Array, Array, Array]:
    """K, rotation cam_from_world and centre (metres, y down): a truck with a pan and a rise, there in 120 frames, then
    back, and so on."""
    phase = np.pi * frame / (NUM_FRAMES - 1)
    way = -np.cos(phase)
    pan, tilt = 0.10 * way, -0.10 + 0.01 * np.sin(2 * phase)
    k = np.array([[1150.0, 0, HW[1] / 2], [0, 1150.0, HW[0] / 2], [0, 0, 1]])
    about_y = np.array([[np.cos(pan), 0, np.sin(pan)], [0, 1, 0], [-np.sin(pan), 0, np.cos(pan)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), np.sin(tilt)], [0, -np.sin(tilt), np.cos(tilt)]])
    return k, about_x @ about_y, np.array([0.55 * way, 0.05 * np.sin(phase), 0.12 * np.sin(phase)])


def project(points: Array, frame: int) -> Array:
    """World (n, 3) to pixels (n, 2)."""
    k, rotation, center = camera(frame)
    seen = (points - center) @ rotation.T @ k.T
    return seen[:, :2] / seen[:, 2:]


def noise_texture(hw: tuple[int, int], seed: int) -> Array:
    """Grey, h w float32 about 0, energy at every scale."""
    random = np.random.default_rng(seed)
    out = np.zeros(hw, np.float32)
    side = 4
    while side <= max(hw) // 2:
        grain = random.normal(size=(max(2, side * hw[0] // max(hw)), side)).astype(np.float32)
        out += cv2.resize(grain, hw[::-1], interpolation=cv2.INTER_CUBIC) * np.float32(side**-0.35)
        side *= 2
    return out / out.std()


class Stage:
    """A green wall and floor with crosses, unevenly lit, and an actor with hair, through a noisy camera."""

    WALL_Z, FLOOR_Y = 6.0, 1.5

    def __init__(self) -> None:
        random = np.random.default_rng(2)
        self._noise = random.normal(0, 3.0, (HW[0] + 96, HW[1] + 96, 3)).astype(np.float32)
        self._texture = noise_texture((512, 512), 3)
        self._strands = random.uniform(-1, 1, (160, 5))
        wall = [(x, y, self.WALL_Z) for x in np.arange(-5, 5.1, 0.6) for y in np.arange(-3.0, 1.4, 0.6)]
        floor = [(x, self.FLOOR_Y, z) for x in np.arange(-5, 5.1, 0.6) for z in np.arange(3.2, 5.9, 0.6)]
        self._crosses = [self._cross(np.array(c), 1) for c in wall] + [self._cross(np.array(c), 2) for c in floor]

    def _cross(self, center: Array, axis: int, size: float = 0.08, thick: float = 0.013) -> list[Array]:
        """Two bars in the plane of x and ``axis``, as world quads."""

        def bar(across: float, along: float) -> Array:
            quad = np.repeat(center[None], 4, 0)
            quad[:, 0] += np.array([-1, 1, 1, -1]) * across
            quad[:, axis] += np.array([-1, -1, 1, 1]) * along
            return quad

        return [bar(size, thick), bar(thick, size)]

    def frame(self, index: int) -> Array:
        picture = self._screen(index)
        picture += self._marks(index)[..., None] * (np.array([28.0, 70.0, 36.0], np.float32) - picture)
        alpha, color = self._actor(index)
        picture += alpha[..., None] * (color - picture)
        random = np.random.default_rng(1000 + index)
        y, x = random.integers(0, 96, 2)
        picture += self._noise[y : y + HW[0], x : x + HW[1]][:: random.choice([-1, 1]), :: random.choice([-1, 1])]
        return cv2.convertScaleAbs(np.maximum(picture, 0))

    def _screen(self, index: int) -> Array:
        """Lit by a lamp to the left; the floor darker towards the camera."""
        k, rotation, center = camera(index)
        v, u = np.mgrid[4 : HW[0] : 8, 4 : HW[1] : 8].astype(np.float64)
        rays = np.stack([u, v, np.ones_like(u)], -1) @ np.linalg.inv(k).T @ rotation
        wall = (self.WALL_Z - center[2]) / rays[..., 2]
        floor = np.where(rays[..., 1] > 1e-6, (self.FLOOR_Y - center[1]) / np.maximum(rays[..., 1], 1e-6), 1e9)
        hit = center + rays * np.minimum(wall, floor)[..., None]
        light = 1.12 - 0.045 * (hit[..., 0] + 2) ** 2 / 4 - 0.05 * (hit[..., 1] + 0.5) ** 2
        light *= 1 - 0.08 * (self.WALL_Z - hit[..., 2])
        small = (np.maximum(light, 0.55)[..., None] * np.array([52.0, 168.0, 66.0])).astype(np.float32)
        return cv2.resize(small, HW[::-1], interpolation=cv2.INTER_LINEAR)

    def _marks(self, index: int) -> Array:
        mask = np.zeros(HW, np.uint8)
        for quads in self._crosses:
            for quad in quads:
                # A pixel's centre is at .5 here and at an integer in OpenCV.
                corners = np.round((project(quad, index) - 0.5) * 16).astype(np.int32)
                cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, 4)
        return mask.astype(np.float32) / 255

    def _actor(self, index: int) -> tuple[Array, Array]:
        _, _, center = camera(index)
        foot = np.array([[0.7 * center[0] + 0.15 * np.sin(index / 17), 0.1, 3.6]])
        x, y = project(foot, index)[0]
        sway = 6 * np.sin(index / 9)
        shape = np.zeros(HW, np.uint8)

        def at(points: list[tuple[float, float]]) -> Array:
            return np.round((np.array(points) - 0.5) * 16).astype(np.int32)

        head = (x + sway, y - 170)
        cv2.fillPoly(
            shape, [at([(x - 60, y - 95), (x + 60, y - 95), (x + 95, 740), (x - 95, 740)])], 255, cv2.LINE_AA, 4
        )
        for (cx, cy), axes in ((head, (52, 68)), ((x - 62, y + 30), (30, 130)), ((x + 62, y + 40), (30, 130))):
            (center_px,) = at([(cx, cy)])
            cv2.ellipse(shape, center_px.tolist(), (axes[0] * 16, axes[1] * 16), 0, 0, 360, 255, -1, cv2.LINE_AA, 4)
        hair = np.zeros(HW, np.uint8)
        for a, length, bend, shade, wave in self._strands:
            angle = -np.pi / 2 + 1.9 * a
            t = np.linspace(0.7, 1.45 + 0.35 * length, 9)
            turn = angle + 0.5 * bend * (t - 0.7) + 0.15 * np.sin(index / 7 + 4 * wave) * (t - 0.7)
            line = np.stack([head[0] + 55 * t * np.cos(turn), head[1] + 70 * t * np.sin(turn)], 1)
            level = int(190 + 60 * shade)
            cv2.polylines(hair, [np.round((line - 0.5) * 16).astype(np.int32)], False, level, 1, cv2.LINE_AA, 4)
        alpha = np.maximum(shape, hair).astype(np.float32) / 255
        shift = np.array([[1, 0, x - 256], [0, 1, y - 200]], np.float32)
        texture = cv2.warpAffine(self._texture, shift, HW[::-1], borderMode=cv2.BORDER_WRAP)
        color = np.array([150.0, 100.0, 88.0], np.float32) + texture[..., None] * np.array([22, 18, 16], np.float32)
        color[hair > shape] = (70, 48, 38)
        return alpha, color


class Place:
    """A street of textured planes: far wall, ground, boxes at several depths."""

    def __init__(self) -> None:
        # Texture h w 3, world quad (left-top, right-top, right-low, left-low).
        self._planes: list[tuple[Array, Array]] = []
        add = self._add
        add([(-14, -8, 16), (14, -8, 16), (14, 1.5, 16), (-14, 1.5, 16)], (150, 160, 175), 11)
        add([(-14, 1.5, 16), (14, 1.5, 16), (14, 1.5, 1.4), (-14, 1.5, 1.4)], (120, 110, 95), 12)
        boxes = ((-4.6, 2.2, -2.5, 10.0), (3.4, 2.6, -1.2, 8.0), (-2.9, 1.2, 0.0, 6.0), (1.6, 0.9, 0.5, 5.0))
        for n, (left, width, top, z) in enumerate(boxes):
            right, back = left + width, z + 1.5
            side = left if left > 0 else right
            add([(side, top, back), (side, top, z), (side, 1.5, z), (side, 1.5, back)], (95, 80, 75), 20 + n)
            front = [(left, top, z), (right, top, z), (right, 1.5, z), (left, 1.5, z)]
            add(front, (165 - 20 * n, 120, 90 + 15 * n), 30 + n)

    def _add(self, quad: list[tuple[float, float, float]], rgb: tuple[float, float, float], seed: int) -> None:
        corners = np.array(quad, float)
        size = [float(np.linalg.norm(corners[b] - corners[a])) for a, b in ((0, 3), (0, 1))]
        hw = (max(32, min(2048, int(size[0] * 160))), max(32, min(2048, int(size[1] * 160))))
        noise = np.stack([noise_texture(hw, 10 * seed + c) for c in range(2)], -1)
        texture = np.array(rgb, np.float32) + noise[..., :1] * 26 + noise[..., 1:] * np.array([12, -4, -10], np.float32)
        self._planes.append((np.clip(texture, 4, 250).astype(np.float32), corners))

    def picture(self, frame: int) -> Array:
        """h w 3 uint8, far planes first, at twice the size and then averaged."""
        size = (2 * HW[1], 2 * HW[0])
        out = np.zeros((*size[::-1], 3), np.float32)
        for texture, corners in self._planes:
            h, w = texture.shape[:2]
            at = np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32) - 0.5
            seen = (2 * project(corners, frame) - 0.5).astype(np.float32)
            cv2.warpPerspective(
                texture, cv2.getPerspectiveTransform(at, seen), size, out, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT
            )
        return np.clip(cv2.resize(out, HW[::-1], interpolation=cv2.INTER_AREA), 0, 255).astype(np.uint8)
