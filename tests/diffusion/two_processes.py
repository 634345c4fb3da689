"""Trains in two processes that find one another as torchrun lets them: `python two_processes.py FOLDER shard`."""

import multiprocessing
import os
import socket
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch
from test_training_run import run_in

from cyclorama.diffusion.recipes import Recipe, nano
from cyclorama.diffusion.train import train

torch.set_num_threads(1)


def recipe_of(shard: bool) -> Recipe:
    """Two batches a step; four steps, a state after two. What is cut learns by LoRA, as the recipes that are cut do."""
    model = replace(nano().model, copies=0, lora_rank=2) if shard else nano().model
    return replace(nano(), model=model, train=replace(nano().train, accumulate=2, shard=shard))


def work(rank: int, port: int, folder: Path, shard: bool) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    recipe = recipe_of(shard)
    with suppress(KeyboardInterrupt):
        train(recipe, run_in(folder / "two", recipe, stop_at=3))
    train(recipe, run_in(folder / "from-one", recipe))
    torch.distributed.destroy_process_group()


def main(folder: Path, shard: bool) -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fork = multiprocessing.get_context("fork")  # torch is read once
    both = [fork.Process(target=work, args=(rank, port, folder, shard)) for rank in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    return max(abs(process.exitcode or 0) for process in both)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2] == "shard"))
