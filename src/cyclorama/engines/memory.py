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
    """``offload``: the blocks wait in the machine's memory; ``tiles``: the autoencoder works in tiles; ``words``: what
    the user is told."""

    offload: bool
    tiles: bool
    words: str


def memory_plan(recipe: Recipe, plate_hw: tuple[int, int], options: EngineOptions, have: Memories) -> Plan:
    """How a plate of that size is sampled in the memory there is, after an estimate of the peak: the fastest way that
    fits. ``MachineError`` where none does."""
    hw, tile = window_hw(recipe, plate_hw, options.paint_scale), window_hw(recipe, plate_hw)
    cost = cost_of(recipe, recipe.data.num_frames, tile)

    def peak(offload: bool, tiles: bool) -> float:
        coder, decoding = coder_bytes(recipe, hw, tiles)
        weights = cost.one_block_bytes if offload else cost.weight_bytes
        return weights + coder + max(cost.work_bytes, decoding)

    ways = [(False, tile != hw), (False, True), (True, True)]
    if options.offload == "none" or not have.gpu:  # without a GPU there is one memory alone
        ways = ways[:2]
    elif options.offload == "blocks":
        ways = ways[2:]
    offload, tiles = next((way for way in ways if peak(*way) <= have.works_in), ways[-1])
    need, where = peak(offload, tiles), "GPU" if have.gpu else "machine"
    words = (
        f"{recipe.name}: about {in_words(need)} of the {where}'s memory for windows of {recipe.data.num_frames} "
        f"frames of {hw[1]} x {hw[0]}, {cost.tokens} tokens"
    )
    if tile != hw:
        words += f" in a tile of {tile[1]} x {tile[0]}"
    if offload:
        words += f"; its blocks wait in {in_words(cost.weight_bytes)} of the machine's"
    if need > have.works_in:
        remedies = "take a smaller recipe or fewer frames a window"
        if have.gpu and not offload and peak(True, True) <= have.works_in:
            remedies = f"give --offload blocks, or {remedies}"
        raise MachineError(f"{words}, and the {where} has {in_words(have.works_in)}; {remedies}")
    if offload and cost.weight_bytes > have.machine:
        raise MachineError(f"{words}, and the machine has {in_words(have.machine)}; take a smaller recipe")
    return Plan(offload, tiles, words)
