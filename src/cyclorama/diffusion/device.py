"""Where models work."""

import os

import torch


def best_device() -> torch.device:
    """This process's GPU (CUDA, ROCm) where there is one, else the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def memory_of(device: torch.device) -> float:
    """Bytes that models can have on a device."""
    if device.type == "cuda":
        return float(torch.cuda.get_device_properties(device).total_memory)
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
