"""One process or many: who learns from what, and tensors that are cut over the processes.

``torchrun`` or ``accelerate launch`` starts the processes, ``accelerate`` gives each its device. Every process holds
the whole model (DDP), or, with ``TrainRecipe.shard``, weights, gradients and moments are cut over them by torch's
``fully_shard`` (FSDP2), block by block. accelerate's plugin for it is not used: it does nothing on CPUs, and what is
tested on two of them must be what runs on eight GPUs.
"""

from datetime import timedelta

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs, InitProcessGroupKwargs
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from cyclorama.core.errors import InputError
from cyclorama.diffusion.model import InContextModel
from cyclorama.diffusion.recipes import TrainRecipe

_PATIENCE = timedelta(hours=4)
"""The others wait so long while the first process draws shots."""


def made_accelerator(recipe: TrainRecipe) -> Accelerator:
    """This process among its fellows, on its GPU where there is one. ``InputError`` where the step's batches cannot be
    shared evenly."""
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    AcceleratorState._reset_state()  # it is the process's; an earlier run may have asked for another precision
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)  # the mixer stands in for the last layer
    cpu = not torch.cuda.is_available()
    accelerator = Accelerator(
        cpu=cpu, mixed_precision=recipe.precision, kwargs_handlers=[unused, InitProcessGroupKwargs(timeout=_PATIENCE)]
    )
    own_parts(recipe, accelerator)
    return accelerator


def own_parts(recipe: TrainRecipe, accelerator: Accelerator) -> range:
    """Which of a step's ``accumulate`` batches this process learns from: the same ones are learned from, whatever the
    number of processes."""
    each, left = divmod(recipe.accumulate, accelerator.num_processes)
    if left:
        raise InputError(
            f"{accelerator.num_processes} processes cannot share the {recipe.accumulate} batches of a step evenly; "
            f"give --change train.accumulate={accelerator.num_processes * max(1, each)}, or start as many as divide it"
        )
    return range(accelerator.process_index * each, (accelerator.process_index + 1) * each)


def spread(model: InContextModel, recipe: TrainRecipe, accelerator: Accelerator) -> torch.nn.Module:
    """The model on its device, held by every process or cut over them; parameters keep their names inside."""
    if not recipe.shard or accelerator.num_processes == 1:
        prepared: torch.nn.Module = accelerator.prepare_model(model)
        return prepared
    mesh = init_device_mesh(accelerator.device.type, (accelerator.num_processes,))
    # Sampling has no backward pass that would let go of the whole weights: also the root does so after the forward.
    for module in (*model.transformer.blocks, model):
        fully_shard(module, mesh=mesh, reshard_after_forward=True)
    return model.to(accelerator.device)


def whole(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors, those that are cut put together; every process must ask."""
    return {name: t.full_tensor() if isinstance(t, DTensor) else t for name, t in tensors.items()}


def cut_like(tensor: Tensor, like: Tensor) -> Tensor:
    """A whole tensor, cut as ``like`` is, or as it is."""
    if not isinstance(like, DTensor) or tensor.shape != like.shape:
        return tensor
    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements)
