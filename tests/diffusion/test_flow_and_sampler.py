"""Flow matching by its inverses, the sampler by a closed form, the projection by what it leaves alone."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from torch import Tensor  # noqa: E402

from cyclorama.core.errors import InputError  # noqa: E402
from cyclorama.diffusion import flow  # noqa: E402
from cyclorama.diffusion.autoencoder import PatchAutoencoder, encode, encode_pictures  # noqa: E402
from cyclorama.diffusion.projection import Projection, with_detail  # noqa: E402
from cyclorama.diffusion.sample import guided, sample, schedule  # noqa: E402

CLIP = (2, 3, 2, 8, 12)


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*(shape or CLIP), generator=torch.Generator().manual_seed(seed))


def test_shift_has_its_inverse_and_keeps_the_ends() -> None:
    t = torch.linspace(0, 1, 11)
    assert torch.allclose(flow.shifted(flow.shifted(t, 5.0), 1 / 5.0), t, atol=1e-6)
    assert flow.shifted(t, 5.0)[[0, -1]].tolist() == [0, 1]
    assert (flow.shifted(t, 5.0)[1:-1] > t[1:-1]).all()


@pytest.mark.parametrize("kind", ["uniform", "logit-normal"])
def test_times_are_drawn_as_named_and_seeded(kind: str) -> None:
    t = flow.drawn_times(4000, kind, 1.0, torch.Generator().manual_seed(0))
    assert 0 < t.min() < t.max() < 1
    assert abs(float(t.mean()) - 0.5) < 0.02
    assert abs(float(t.std()) - {"uniform": 0.2887, "logit-normal": 0.2083}[kind]) < 0.01
    assert torch.equal(t, flow.drawn_times(4000, kind, 1.0, torch.Generator().manual_seed(0)))


def test_clean_and_velocity_say_the_same() -> None:
    clean, noise, t = drawn(1), drawn(2), torch.tensor([0.3, 0.8])
    x = flow.noised(clean, noise, t)
    assert torch.allclose((x - clean) / flow.over_clip(t), noise - clean, atol=1e-5)
    assert torch.allclose(flow.clean_of(x, noise - clean, t, "velocity"), clean, atol=1e-5)
    assert flow.clean_of(x, clean, t, "clean") is clean
    other = clean + 0.1
    in_velocity = ((clean - other) / flow.over_clip(t)).square().mean()
    assert torch.allclose(flow.loss(other, clean, t, "velocity"), in_velocity, rtol=1e-4)


def test_the_loss_weighs_regions() -> None:
    truth = torch.zeros(1, 3, 1, 2, 2)
    wrong = truth.clone()
    wrong[..., 0, 0] = 1.0
    weight = torch.ones(1, 1, 1, 2, 2)
    weight[..., 0, 0] = 10.0
    t = torch.ones(1)
    assert float(flow.loss(wrong, truth, t, "clean", weight)) == pytest.approx(
        10 * float(flow.loss(wrong, truth, t, "clean"))
    )


def test_the_sampler_solves_a_flow_of_closed_form() -> None:
    """Data N(m, s^2): the best clean guess is linear in x_t, and the flow carries noise e to exactly m + s e."""
    m, s, noise = 0.7, 0.4, drawn(3)

    def best(x: Tensor, t: Tensor) -> Tensor:
        t = flow.over_clip(t)
        return m + s**2 * (1 - t) / ((1 - t) ** 2 * s**2 + t**2) * (x - (1 - t) * m)

    errors = [float((sample(best, noise, schedule(n, 1.0)) - (m + s * noise)).abs().max()) for n in (25, 50, 400)]
    assert errors[2] < 0.01
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.25)  # Euler is of first order
    one = sample(best, noise, schedule(1, 1.0))
    assert torch.allclose(one, torch.full_like(one, m), atol=1e-6)  # one step gives the mean


def test_the_schedule_ends_where_it_must() -> None:
    times = schedule(8, 3.0)
    assert times[0] == 1
    assert times[-1] == 0
    assert (times.diff() < 0).all()


def test_guidance_1_asks_once_and_more_goes_beyond() -> None:
    def yes(x: Tensor, _: Tensor) -> Tensor:
        return x + 1

    def no(x: Tensor, _: Tensor) -> Tensor:
        return x

    assert guided(yes, no, 1.0) is yes
    assert torch.equal(guided(yes, no, 3.0)(torch.zeros(1), torch.zeros(1)), torch.tensor([3.0]))


def test_patches_are_exactly_invertible() -> None:
    coder, clip = PatchAutoencoder(4), drawn(4)
    latents = encode(coder, clip)
    assert latents.shape == (2, 48, 2, 2, 3)
    assert torch.equal(coder.decode(latents), clip)
    pictures = clip.transpose(1, 2)
    assert torch.equal(encode_pictures(coder, pictures)[:, 1], latents[:, :, 1])
    assert torch.equal(latents[0, :, 0, 0, 0].view(3, 4, 4), clip[0, :, 0, :4, :4])
    with pytest.raises(InputError, match="multiples of 5"):
        encode(PatchAutoencoder(5), clip)


class Lossy(PatchAutoencoder):
    """Forgets detail, as a learned autoencoder does."""

    def posterior(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        mean, spread = super().posterior(pixels)
        return 0.9 * torch.tanh(mean), 0.5 * spread


@pytest.mark.parametrize("kind", [PatchAutoencoder, Lossy])
def test_the_projection_leaves_untouched_areas_alone(kind: type[PatchAutoencoder]) -> None:
    coder = kind(4)
    clean = encode(PatchAutoencoder(4), drawn(5))
    alpha = torch.zeros(2, 1, 2, 8, 12)
    alpha[..., :4, :4] = 1.0
    after = Projection(coder, drawn(6), alpha)(clean, 0.3)
    touched = torch.zeros(2, 3, dtype=torch.bool)
    touched[0, 0] = True
    assert (after - clean)[..., ~touched].abs().max() <= 1e-6
    assert (after - clean)[..., touched].abs().max() > 0.1
    assert torch.equal(Projection(coder, drawn(6), alpha, below=0.2)(clean, 0.3), clean)
    assert torch.equal(Projection(coder, drawn(6), 0 * alpha)(clean, 0.3), clean)


def test_detail_is_the_plates_and_light_is_the_samples() -> None:
    """A plate with fine stripes, sampled flat and brighter: the result is brighter and striped."""
    stripes = torch.zeros(1, 3, 1, 24, 24)
    stripes[..., ::2] = 0.4
    flat = torch.full_like(stripes, 0.5)
    out = with_detail(flat, stripes, torch.ones(1, 1, 1, 24, 24))[..., 8:16, 8:16]
    assert float(out.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(out[..., 0].mean() - out[..., 1].mean()) == pytest.approx(0.4, abs=0.01)
    same = with_detail(stripes, stripes, torch.ones(1, 1, 1, 24, 24))
    assert torch.allclose(same, stripes, atol=1e-6)
