"""What the search for duplicates finds: pairs with their evidence, and each text's place in a cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Relation = Literal["exact", "normalized", "near", "contains", "shares"]
RELATIONS: tuple[Relation, ...] = ("exact", "normalized", "near", "contains", "shares")
"""From the closest to the loosest: same text; same comparison view and no conflict; near-duplicate; one holds the other
whole; whole paragraphs in common. The first three make clusters, the last two never do."""

Span = tuple[int, int, int, int]
"""A matching passage: (a_start, a_end, b_start, b_end), code points in the two texts, ends exclusive."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts with something in common, and the evidence; a < b.

    jaccard: of the sets of character 4-grams of the two comparison views. containment_a, containment_b: the share of a's
    4-grams that stand in b, and of b's in a. edit_similarity: 1 - Levenshtein distance / the longer view's length, None where
    the relation was clear without it. spans: matching passages. conflicts: places inside them where the texts have different
    filled values (2016 against 2017; not 2016 against 20xx).
    """

    a: str
    b: str
    relation: Relation
    jaccard: float
    containment_a: float
    containment_b: float
    edit_similarity: float | None
    spans: tuple[Span, ...] = ()
    conflicts: tuple[Span, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """The pair as one record of ``duplicates.jsonl``: fixed order of keys, figures rounded to 4 digits.

        >>> Pair("a", "b", "exact", 1.0, 1.0, 1.0, 1.0, ((0, 9, 0, 9),)).as_record()["spans"]
        [[0, 9, 0, 9]]
        """
        edit = self.edit_similarity
        return {
            "a": self.a,
            "b": self.b,
            "relation": self.relation,
            "jaccard": round(self.jaccard, 4),
            "containment_a": round(self.containment_a, 4),
            "containment_b": round(self.containment_b, 4),
            "edit_similarity": None if edit is None else round(edit, 4),
            "spans": [list(span) for span in self.spans],
            "conflicts": [list(span) for span in self.conflicts],
        }


@dataclass(frozen=True, slots=True)
class Membership:
    """A text's place in its cluster, as a speech record's ``duplicate`` holds it.

    cluster: id derived from the members' texts alone. canonical: whether this is the copy to keep. of: the canonical's id,
    None when this is it. relation and similarity (0 to 1): to the canonical; "exact" and 1 for the canonical itself.
    """

    cluster: str
    canonical: bool
    of: str | None
    relation: Relation
    similarity: float

    def as_record(self) -> dict[str, Any]:
        """The membership as a plain dict, keys in fixed order.

        >>> Membership("c1", True, None, "exact", 1.0).as_record()
        {'cluster': 'c1', 'canonical': True, 'of': None, 'relation': 'exact', 'similarity': 1.0}
        """
        return {
            "cluster": self.cluster,
            "canonical": self.canonical,
            "of": self.of,
            "relation": self.relation,
            "similarity": round(self.similarity, 4),
        }


@dataclass(frozen=True, slots=True)
class Found:
    """All that was found in a corpus.

    pairs: ordered by (a, b). clusters: for each text with a duplicate, its membership, ordered by id. contained_in: for each
    text that others hold whole without being its near-duplicates, their ids in order.
    """

    pairs: list[Pair] = field(default_factory=list)
    clusters: dict[str, Membership] = field(default_factory=dict)
    contained_in: dict[str, list[str]] = field(default_factory=dict)
