"""Where models work, and how a model that is too large for its GPU works there all the same."""

import os

import torch
from diffusers.hooks import apply_group_offloading

from cyclorama.diffusion.model import InContextModel


def best_device() -> torch.device:
    """This process's GPU (CUDA, ROCm) where there is one, else the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def memory_of(device: torch.device) -> float:
    """Bytes that models can have on a device."""
    if device.type == "cuda":
        return float(torch.cuda.get_device_properties(device).total_memory)
    return machine_memory()


def machine_memory() -> float:
    """Bytes of the machine's own memory."""
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def placed(model: InContextModel, device: torch.device, offload: bool) -> InContextModel:
    """The model on a device. ``offload``: its blocks wait in the machine's memory and come one by one (diffusers' group
    offloading); the rest, which is small, stays on the device."""
    if not offload:
        return model.to(device)
    blocks = model.transformer.blocks
    model.transformer.blocks = torch.nn.ModuleList()
    model.to(device)
    model.transformer.blocks = blocks
    alone = torch.nn.ModuleDict({"blocks": blocks})  # the transformer's own forward, where its hooks lie, is not called
    apply_group_offloading(alone, onload_device=device, offload_type="block_level", num_blocks_per_group=1)
    return model
