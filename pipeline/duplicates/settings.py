"""The thresholds of ``rules/duplicates.toml``, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from pipeline.errors import RulesError
from pipeline.rulebook import read_rule_file, rules_folder


@dataclass(frozen=True, slots=True)
class Settings:
    """Numbers that decide what is a duplicate; each is explained in ``rules/duplicates.toml``.

    Lengths count tokens of the comparison view, shares are 0 to 1.
    """

    shingle: int
    sample: int
    sample_floor: int
    candidate_shingles: int
    candidate_share: float
    sketch: int
    link_above: int
    contains: float
    whole: float
    near_parts: float
    near_parts_tokens: int
    near_jaccard: float
    near_whole: float
    near_edit: float
    edit_floor: float
    edit_longest: int
    near_alone: float
    sequence_share: float
    row_passages: int
    row_share: float
    least_match: int
    template_share: float
    slot_share: float
    slot_lines: float
    slot_lost: float
    slots: int
    loose_share: float
    edited_share: float
    verbatim_share: float
    kept_share: float
    block: int
    passage: int
    passage_gap: int
    paragraph: int
    paragraph_share: float


@lru_cache(maxsize=1)
def _file() -> dict[str, Any]:
    return read_rule_file(rules_folder() / "duplicates.toml")[1]


def mask_characters() -> tuple[str, ...]:
    """The characters that stand for hidden information, width and case folded.

    >>> "×" in mask_characters()
    True
    """
    return tuple(_file()["sets"]["masks"])


def read_settings(changes: Mapping[str, Any] | None = None) -> Settings:
    """The package's thresholds with some of them changed.

    Raises RulesError for an unknown name, a value of another type or one that makes no sense.

    >>> read_settings({"near_jaccard": 0.6}).near_jaccard
    0.6
    """
    values: dict[str, Any] = {**_file()["settings"], **(changes or {})}
    names = [field.name for field in fields(Settings)]
    for name, value in values.items():
        if name not in names:
            raise RulesError(f"duplicates: unknown setting {name!r}; the settings are {', '.join(names)}")
        whole = isinstance(_file()["settings"][name], int)
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise RulesError(f"duplicates: setting {name!r} is {value!r}; it must be a {'whole number' if whole else 'number'}")
        if value < 1 if whole else not 0 <= value <= 1:
            raise RulesError(
                f"duplicates: setting {name!r} is {value!r}; it must be {'at least 1' if whole else 'from 0 to 1'}"
            )
    if values["shingle"] < 4:
        raise RulesError(f"duplicates: setting 'shingle' is {values['shingle']}; it must be at least 4")
    return Settings(**values)
