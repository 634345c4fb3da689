"""Whether a model will fit, told before it starts."""

from dataclasses import dataclass

from cyclorama.core.errors import MachineError
from cyclorama.core.generation import EngineOptions
from cyclorama.diffusion.cost import coder_bytes, cost_of, in_words, window_hw
from cyclorama.diffusion.recipes import Recipe


@dataclass(frozen=True)
class Memories:
    """Bytes of what the model works in and of the machine's own memory; the same where there is no GPU."""

    works_in: float
    machine: float
    gpu: bool


@dataclass(frozen=True)
class Plan:
    """``offload``: the blocks wait in the machine's memory; ``words``: what the user is told."""

    offload: bool
    words: str


def memory_plan(recipe: Recipe, plate_hw: tuple[int, int], options: EngineOptions, have: Memories) -> Plan:
    """How a plate of that size is sampled in the memory there is, after an estimate of the peak. ``MachineError`` where
    it will not do."""
    hw, tile = window_hw(recipe, plate_hw, options.paint_scale), window_hw(recipe, plate_hw)
    cost = cost_of(recipe, recipe.data.num_frames, tile)

    def peak(weights: float, tiles: bool) -> float:
        coder, decoding = coder_bytes(recipe, hw, tiles)
        return weights + coder + max(cost.work_bytes, decoding)

    whole, waiting = peak(cost.weight_bytes, options.paint_scale > 1), peak(cost.one_block_bytes, True)
    offload = options.offload == "blocks" or (options.offload == "auto" and have.gpu and whole > have.works_in)
    offload = offload and have.gpu  # without a GPU there is one memory alone
    need = waiting if offload else whole
    where = "GPU" if have.gpu else "machine"
    words = (
        f"{recipe.name}: about {in_words(need)} of the {where}'s memory for windows of {recipe.data.num_frames} "
        f"frames of {hw[1]} x {hw[0]}, {cost.tokens} tokens"
    )
    if tile != hw:
        words += f" in a tile of {tile[1]} x {tile[0]}"
    if offload:
        words += f"; its blocks wait in {in_words(cost.weight_bytes)} of the machine's"
    if need > have.works_in:
        ways = ["a smaller recipe", "fewer frames a window"]
        ways += ["--offload blocks"] if have.gpu and not offload and waiting <= have.works_in else []
        raise MachineError(f"{words}, and the {where} has {in_words(have.works_in)}; take {' or '.join(ways[::-1])}")
    if offload and cost.weight_bytes > have.machine:
        raise MachineError(f"{words}, and the machine has {in_words(have.machine)}; take a smaller recipe")
    return Plan(offload, words)
