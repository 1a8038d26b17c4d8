"""What tests share: where things lie."""

import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None)  # the same examples every time: a red build means a change
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The program's cache: a folder of the tests' own, so that they neither need nor touch the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with patch.dict(os.environ, {"JINGGAO_CACHE": str(folder)}):
        yield folder


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the annotated page, which only some checkouts have beside them."""
    folder = ROOT.parent / "shared"
    if not (folder / "gold").is_dir():
        pytest.skip("../shared with the annotated page is not here; only the project's own checkouts have it")
    return folder
