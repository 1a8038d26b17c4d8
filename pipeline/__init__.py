"""jinggao (净稿): clean, traceable records of Chinese speeches out of scraped pages.

>>> import pipeline
>>> [speech.title for speech in pipeline.clean("开学典礼讲话稿\\n\\n老师们、同学们:\\n\\n今天是开学的第一天,欢迎大家回到学校.")]
['开学典礼讲话稿']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from pipeline.cleaning import CleanPage, CleanSpeech, Options, clean, clean_bytes, clean_many
    from pipeline.restore import restore_folder
    from pipeline.rulebook import load_rulebook
    from pipeline.run import RunOptions, run_folder

_HOMES = {
    "CleanPage": "cleaning", "CleanSpeech": "cleaning", "Options": "cleaning", "clean": "cleaning", "clean_bytes": "cleaning",
    "clean_many": "cleaning",
    "load_rulebook": "rulebook", "RunOptions": "run", "run_folder": "run", "restore_folder": "restore",
}  # fmt: skip

__all__ = [
    "CleanPage",
    "CleanSpeech",
    "Options",
    "RunOptions",
    "clean",
    "clean_bytes",
    "clean_many",
    "load_rulebook",
    "restore_folder",
    "run_folder",
]


def __getattr__(name: str) -> Any:
    """Load a public name's module when the name is first asked for, so that ``import pipeline`` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'pipeline' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"pipeline.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
