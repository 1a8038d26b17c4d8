"""A text as an array of NumPy, for tables that are indexed by characters.

>>> codes_of("稿a").tolist(), basic_codes("a𠀀").tolist() == [ord("a"), BEYOND]
([31295, 97], True)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BEYOND = 0xFFFF
"""A noncharacter that stands for all beyond the Basic Multilingual Plane, for which a table of 16 bits has no place."""
PIECE = 24_000
"""Code points that are best looked at in one go: arrays of that size are had from memory that is at hand."""


def codes_of(text: str) -> NDArray[np.uint32]:
    """A text's code points."""
    import numpy as np  # here, since it takes longer to import than the whole package

    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def text_of(codes: NDArray[np.uint32]) -> str:
    """The text of some code points, `codes_of` turned round.

    >>> text_of(codes_of("稿a𠀀")) == "稿a𠀀"
    True
    """
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


def basic_codes(text: str) -> NDArray[np.uint16]:
    """A text's code points as far as they are in the Basic Multilingual Plane, `BEYOND` for the others."""
    import numpy as np  # as above

    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) == 2 * len(text):
        return np.frombuffer(units, dtype="<u2")
    return np.minimum(codes_of(text), BEYOND).astype(np.uint16)
