"""The full-resolution end of the patch models: every pixel is mixed from copied and painted ones.

Our choice, in none of the papers: a narrow transformer cannot carry a patch's pixels through its tokens, so it points
at them instead. Each head looks from the target's tokens at the references' tokens and copies their patches, and may
shift the copy by up to a patch; a small network then weighs, for every pixel, the relit foreground, the copies and a
painted colour. Set-like: the order of the references does not matter.
"""

import torch
from torch import Tensor, nn

from cyclorama.diffusion.positions import Rotary, turned

_FEATURES = 8  # numbers that a token tells each of its pixels
_HIDDEN = 32
_SHARPNESS = 96.0  # of scores in -1..1: a neighbouring patch begins with a tenth of the weight of the own one
_OFFSETS = (0.0, -1.0, 1.0)
"""In frames: the heads begin by looking at the same time, earlier and later."""


class PixelMixer(nn.Module):
    """``forward`` gives the clean clip as patches, b n c*p*p, from hidden tokens and the patches of the conditions."""

    def __init__(self, width: int, heads: int, patch: int, copies: int) -> None:
        super().__init__()
        self.patch, self.copies = patch, copies
        self.ask = nn.Linear(width, copies * width // heads)
        self.tell = nn.Linear(width, copies * width // heads)
        self.sharpness = nn.Parameter(torch.zeros(copies))
        self.shift = nn.Linear(width, copies * 2)
        nn.init.zeros_(self.shift.weight)
        nn.init.zeros_(self.shift.bias)
        self.features = nn.Linear(width, _FEATURES * patch * patch)
        inputs, outputs = _FEATURES + 3 * (2 + copies), copies + 8
        layers = (nn.Linear(inputs, _HIDDEN), nn.SiLU(), nn.Linear(_HIDDEN, _HIDDEN), nn.SiLU())
        self.mix = nn.Sequential(*layers, nn.Linear(_HIDDEN, outputs))
        nn.init.zeros_(self.mix[-1].weight)
        nn.init.zeros_(self.mix[-1].bias)

    def start(self, rope: nn.Module) -> None:
        """Heads begin at their own place: content decides nothing yet, the rotary phases do."""
        turns = rope.t_dim // 2
        frequencies = torch.atan2(rope.freqs_sin[1, : 2 * turns : 2], rope.freqs_cos[1, : 2 * turns : 2])
        for layer in (self.ask, self.tell):
            nn.init.normal_(layer.weight, std=0.02)
            layer.bias.data.view(-1, 2).copy_(torch.tensor([1.0, 0.0]))
        for head, pairs in enumerate(self.ask.bias.data.view(self.copies, -1, 2)):
            angle = _OFFSETS[head % len(_OFFSETS)] * frequencies.float()
            pairs[:turns] = torch.stack([angle.cos(), angle.sin()], -1)

    def forward(
        self,
        hidden: tuple[Tensor, Tensor],
        where: tuple[Rotary, Rotary],
        pixels: tuple[Tensor, Tensor, Tensor],
        fhw: tuple[int, int, int],
    ) -> Tensor:
        """``hidden``: the target's and the references' tokens, b n width. ``where``: their positions. ``pixels``:
        patches b n c*p*p of the noised target (weighted by its signal), of the foreground at the same places, and of
        the references. ``fhw``: the target's tokens."""
        target = hidden[0]
        noisy, foreground, pictures = (self._per_pixel(p) for p in pixels)
        copies = self._copied(hidden, where, pixels[2], fhw) if pictures.shape[1] else ()
        features = self.features(target).unflatten(-1, (self.patch**2, _FEATURES))
        empty = [torch.zeros_like(noisy)] * (self.copies - len(copies))
        sources = [*copies, *empty]
        out = self.mix(torch.cat([features, noisy, foreground, *sources], -1))
        painted, gain, offset = out[..., :3], 1 + out[..., 3:4], out[..., 4:7]
        relit = (foreground + 1) * gain - 1 + offset
        weights = out[..., 7:].softmax(-1)
        mixed = weights[..., :1] * relit + painted
        for k, source in enumerate(sources):
            mixed = mixed + weights[..., k + 1 : k + 2] * source
        return mixed.unflatten(2, (self.patch, self.patch)).permute(0, 1, 4, 2, 3).flatten(2)

    def _per_pixel(self, patches: Tensor) -> Tensor:
        """b n c*p*p as b n p*p c."""
        return patches.unflatten(-1, (3, self.patch**2)).transpose(-1, -2)

    def _copied(
        self, hidden: tuple[Tensor, Tensor], where: tuple[Rotary, Rotary], patches: Tensor, fhw: tuple[int, int, int]
    ) -> tuple[Tensor, ...]:
        target, references = hidden
        q = self.ask(target).unflatten(-1, (self.copies, -1))
        k = self.tell(references).unflatten(-1, (self.copies, -1))
        q, k = (nn.functional.normalize(x, dim=-1) for x in (q, k))
        q, k = turned(q, where[0]), turned(k, where[1])
        sharpness = _SHARPNESS * self.sharpness.exp()
        scores = torch.einsum("bnhc,bmhc->bhnm", q, k) * sharpness[:, None, None]
        mixed = torch.einsum("bhnm,bmp->bhnp", scores.softmax(-1), patches)
        shifts = self.shift(target).unflatten(-1, (self.copies, 2)).tanh()
        return tuple(self._per_pixel(self._moved(mixed[:, k], shifts[:, :, k], fhw)) for k in range(self.copies))

    def _moved(self, patches: Tensor, shift: Tensor, fhw: tuple[int, int, int]) -> Tensor:
        """Patches b n c*p*p drawn again up to a patch away; ``shift``: b n 2 (x, y) in patches, smooth between."""
        p, (f, h, w) = self.patch, fhw
        cells = patches.unflatten(1, fhw).unflatten(-1, (3, p, p)).permute(0, 1, 4, 2, 5, 3, 6)
        pictures = cells.reshape(-1, 3, h * p, w * p)
        flow = shift.reshape(-1, h, w, 2).permute(0, 3, 1, 2) * shift.new_tensor([2 / w, 2 / h])[:, None, None]
        flow = nn.functional.interpolate(flow, size=(h * p, w * p), mode="bilinear").permute(0, 2, 3, 1)
        straight = nn.functional.affine_grid(flow.new_tensor([[[1.0, 0, 0], [0, 1.0, 0]]]), (1, 1, h * p, w * p), False)
        moved = nn.functional.grid_sample(pictures, straight + flow, padding_mode="border", align_corners=False)
        back = moved.reshape(-1, f, 3, h, p, w, p).permute(0, 1, 3, 5, 2, 4, 6)
        return back.reshape(patches.shape)
