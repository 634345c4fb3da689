"""What the model is given beside noise, and the zero-initialised adapters through which some of it enters."""

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor, nn

from cyclorama.diffusion.recipes import ModelRecipe

NUM_RAY_CHANNELS = 6


@dataclass(frozen=True)
class Conditions:
    """Clean conditions of a batch. Clips are latents, b c f h w; what is None is not given."""

    foreground: Tensor
    """The actor on green, b c f h w."""
    references: Tensor
    """Pictures of the place, b r c h w."""
    reference_times: Tensor
    """b r int64: the latent frame whose time each reference shows, any of the target's."""
    text: Tensor
    """b n text_dim."""
    rays: Tensor | None = None
    """Pluecker rays of the latent frames at the tokens' middles, b 6 f h w."""
    tri_mask: Tensor | None = None
    """Shares of keep and relight, keep geometry with a new look, and generate in each token (Cinematic Compositing), b
    3 f h w."""
    prior: Tensor | None = None
    """What is known of the target, b c f h w latents, and last its cover 0..1: b c+1 f h w."""

    def __post_init__(self) -> None:
        f, r = self.foreground.shape, self.references.shape
        if len(f) != 5 or len(r) != 5 or (f[0], f[1], *f[3:]) != (r[0], r[2], *r[3:]):
            raise ValueError(
                f"foreground and references must be b c f h w and b r c h w of one size, got {tuple(f)}, {tuple(r)}"
            )
        if self.reference_times.shape != r[:2]:
            raise ValueError(f"reference_times must be b r = {tuple(r[:2])}, got {tuple(self.reference_times.shape)}")
        if r[1] and not 0 <= int(self.reference_times.min()) <= int(self.reference_times.max()) < f[2]:
            raise ValueError(f"reference_times must be 0..{f[2] - 1}, got {self.reference_times.tolist()}")

    def to(self, device: torch.device) -> "Conditions":
        """On another device."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{name: None if v is None else v.to(device) for name, v in values.items()})


def tri_mask_of(alpha: Tensor, proxy: Tensor) -> Tensor:
    """b 3 f h w: keep, keep geometry, generate. ``alpha``, ``proxy``: b 1 f h w, 0..1, shares of a cell that is the
    actor as he stays, and of what shows its shape alone; they share no part of it."""
    return torch.cat([alpha, proxy, (1 - alpha - proxy).clamp_min(0)], 1)


class Adapters(nn.Module):
    """Adds what the recipe switches on to the target's tokens. Every last layer starts at zero: at step 0 nothing
    changes (DynaScene's two linear layers; Cinematic Compositing's modality embeddings)."""

    def __init__(self, recipe: ModelRecipe, width: int, channels: int) -> None:
        super().__init__()
        self.kinds = nn.Parameter(torch.zeros(3, width))  # foreground, reference, target
        self.rays = _adapter(NUM_RAY_CHANNELS, width) if recipe.rays else None
        self.tri_mask = _adapter(3, width) if recipe.tri_mask else None
        self.prior = _adapter(channels + 1, width) if recipe.prior else None
        self.picture = nn.Parameter(torch.zeros(width)) if recipe.depth else None
        self.depth = nn.Parameter(torch.randn(width) * 0.02) if recipe.depth else None

    def forward(self, target: Tensor, given: Conditions, patch: int) -> Tensor:
        """``target``: b n width tokens of the noised picture; ``patch``: latent pixels along a token's side."""
        for name in ("rays", "tri_mask", "prior"):
            adapter, value = getattr(self, name), getattr(given, name)
            if (adapter is None) != (value is None):
                raise ValueError(f"the model's recipe has {name} = {adapter is not None}, but the conditions disagree")
            if adapter is not None:
                target = target + adapter(tokens_of(value, patch))
        return target


def _adapter(channels: int, width: int) -> nn.Sequential:
    last = nn.Linear(width, width)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(channels, width), nn.SiLU(), last)


def tokens_of(clip: Tensor, patch: int) -> Tensor:
    """b c f h w as b, f * h/patch * w/patch, c: the mean of each token's cells."""
    pooled = nn.functional.avg_pool3d(clip, (1, patch, patch)) if patch > 1 else clip
    return pooled.flatten(2).transpose(1, 2)


def pluecker_rays(px_from_cam: Tensor, world_from_camera: Tensor, grid_hw: tuple[int, int], cell: float) -> Tensor:
    """Rays through the middles of the cells of a grid: (o x d, d), b 6 f h w.

    ``px_from_cam``: b f 3 3 of the picture; ``world_from_camera``: b f 4 4, OpenCV axes; ``cell``: the side of a grid
    cell in pixels. The world is moved to the first camera and scaled by the longest way from it (or left as it is where
    the camera stands still), so that the numbers do not depend on the solve's units.
    """
    h, w = grid_hw
    first = torch.linalg.inv(world_from_camera[:, :1])
    pose = first @ world_from_camera
    origin, rotation = pose[..., :3, 3], pose[..., :3, :3]
    length = origin.norm(dim=-1).amax(1)
    origin = origin / torch.where(length > 1e-6, length, torch.ones_like(length))[:, None, None]
    y, x = ((torch.arange(n, device=pose.device, dtype=pose.dtype) + 0.5) * cell for n in (h, w))
    px = torch.stack([x.expand(h, w), y[:, None].expand(h, w), torch.ones(h, w, device=pose.device).to(pose)], -1)
    toward = torch.einsum("bfij,hwj->bfhwi", rotation @ torch.linalg.inv(px_from_cam), px)
    toward = toward / toward.norm(dim=-1, keepdim=True)
    moment = torch.linalg.cross(origin[:, :, None, None].expand_as(toward), toward)
    return torch.cat([moment, toward], -1).permute(0, 4, 1, 2, 3).float()
