"""The judge's shortcuts: what is guessed before an exact figure is worked out."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.duplicates.align import runs
from pipeline.duplicates.judge import likely_similarity
from pipeline.duplicates.verify import Verifier, edit_similarity
from pipeline.duplicates.view import views
from tests.duplicates.generator import Generator


def guessed_and_exact(a: list[str], b: list[str]) -> tuple[float, float]:
    seen = views(["\n".join(a), "\n".join(b)])
    batch = Verifier(seen).batch(np.array([0]), np.array([1]))
    (guess,) = likely_similarity(batch, runs(batch.a_places, batch.b_places)).tolist()
    return guess, edit_similarity(seen(0), seen(1))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", ["edited2", "edited10", "edited20", "edited30", "edited40", "para", "mask"])
def test_similarity_of_copies_is_not_guessed_too_low(seed: int, kind: str) -> None:
    generator = Generator(seed)
    speech = generator.speech(8)
    guess, exact = guessed_and_exact(speech, generator.copy(speech, kind))
    assert guess >= exact - 0.05


@pytest.mark.parametrize("seed", range(10))
def test_speeches_that_share_a_paragraph_are_not_taken_for_edited_copies(seed: int) -> None:
    generator = Generator(seed)
    speech, other = generator.speech(10), generator.speech(14)
    guess, exact = guessed_and_exact(speech, [*other[:6], speech[3], *other[6:]])
    assert exact < guess < 0.5
