"""One thread of torch: the models here are so small that a second one only waits."""

try:
    import torch
except ModuleNotFoundError:
    pass  # the tests skip
else:
    torch.set_num_threads(1)
