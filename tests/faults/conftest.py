"""The good files, made once."""

from pathlib import Path

import pytest
from fault_child import cyc
from fault_files import good


@pytest.fixture(scope="session")
def good_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    good(folder)
    cyc(folder, "--version")  # the server of children starts with the first of them
    return folder
