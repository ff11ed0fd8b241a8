"""Terms of the field are marked once, where they are introduced: `<dfn>term</dfn>`. A glossary is drawn from that."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from lesson_files import lesson_paths, prose_cells, read

MARK = re.compile(r'<dfn(?: title="([^"]+)")?>([^<]+)</dfn>')


def terms(path: Path) -> list[str]:
    """The terms that a lesson introduces, in the form a glossary lists them (the title where there is one)."""
    return [title or words for cell in prose_cells(read(path)) for title, words in MARK.findall(cell.source)]


def test_each_term_is_introduced_once() -> None:
    """The glossary has one place to point at for each term, in the whole course."""
    counted = Counter(term.lower() for path in lesson_paths() for term in terms(path))
    assert counted, "no term is marked anywhere"
    assert not {term: n for term, n in counted.items() if n > 1}


def test_each_mark_is_well_formed(lesson: Path) -> None:
    """Every lesson introduces terms, and every mark is one that the glossary can read."""
    assert terms(lesson)
    for cell in prose_cells(read(lesson)):
        assert len(MARK.findall(cell.source)) == cell.source.count("<dfn"), cell.id
        for _, words in MARK.findall(cell.source):
            assert words.strip() == words and len(words) < 40, cell.id
