"""Terms of the field are marked once, where they are introduced: `<dfn>term</dfn>`. The glossary is drawn from that."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from lesson_files import lesson_paths, prose_cells, read

from commands import glossary as drawing
from course_utils import CourseError, look_up
from course_utils.glossary import places, search
from course_utils.glossary import terms as glossary_terms

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


def test_glossary_is_as_the_lessons_mark_it() -> None:
    """Page and places are what the marks give today: each marked term has a meaning, each meaning a mark."""
    for path, wanted in drawing.drawn().items():
        assert path.read_text(encoding="utf-8") == wanted, f"{path.name} is old: python course.py refresh draws it"


def test_a_term_without_meaning_is_named() -> None:
    """An author who marks a new term is told to write its meaning, and the other way round."""
    place = {"lesson": "01_x", "cell": "a"}
    with pytest.raises(drawing.Unequal, match=r"without a meaning.*: logits\.\n.*no lesson: Hub\."):
        drawing.joined({"logits": place}, {"Hub": "A collection."})


def test_places_lead_to_the_cell_that_says_the_word() -> None:
    """Somebody who follows a link finds the term there, written or in its marked form."""
    sources = {(path.stem, cell.id): cell.source for path in lesson_paths() for cell in prose_cells(read(path))}
    for term in glossary_terms():
        introduced = {title or words for title, words in MARK.findall(sources[term.lesson, term.cell])}
        assert term.name.lower() in {name.lower() for name in introduced}, term.name


def test_meanings_are_short_sentences() -> None:
    """Each meaning fits on a line or two and ends as a sentence does."""
    for term in glossary_terms():
        assert 20 < len(term.meaning) < 240 and term.meaning.endswith((".", ".)")), term.name
        assert term.meaning[0].isupper() or term.meaning.startswith("`"), term.name
        assert "!" not in term.meaning, term.name


def test_glossary_is_whole() -> None:
    """No place is without a meaning: what the lessons mark is what look_up() lists."""
    assert {term.name for term in glossary_terms()} == set(places())


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("token", ["token"]),
        ("TOKENS", ["token"]),
        (" attention   mask ", ["attention mask"]),
        ("attention masks", ["attention mask"]),
        ("masks", [name for name in sorted(places()) if "mask" in name.replace("-", " ").split()]),
        ("rates", ["learning rate"]),
        ("special token", ["special tokens"]),
        ("key", ["key"]),
        ("cross", ["cross entropy", "cross-attention"]),
        ("a", None),
    ],
)
def test_words_are_found_as_people_type_them(words: str, found: list[str] | None) -> None:
    """Capitals, spaces and plurals make no difference, and the start of a word is enough."""
    names = [term.name for term in search(words)]
    assert names == found if found is not None else len(names) > 5


def test_look_up_shows_meaning_and_lesson(capsys: pytest.CaptureFixture[str]) -> None:
    """One term by its name, all without one."""
    look_up("batch axis")
    shown = capsys.readouterr().out
    assert shown.startswith("batch axis (lesson 05): The first axis")
    look_up()
    assert len(capsys.readouterr().out.strip().splitlines()) == len(glossary_terms())


@pytest.mark.parametrize("words", ["sofmax", "x" * 5000, "<b>", "{0}", "주의"])
def test_unknown_words_get_the_nearest(words: str) -> None:
    """Nobody is left with nothing: the message names terms that are near."""
    with pytest.raises(CourseError, match="Nearest: .+look_up") as caught:
        look_up(words)
    assert len(str(caught.value)) < 400
    assert words != "sofmax" or "softmax" in str(caught.value)


def test_what_is_no_text_is_refused_in_words() -> None:
    """A slip such as look_up(softmax) with a function gets words."""
    with pytest.raises(CourseError, match="takes a term as text"):
        look_up(len)  # type: ignore[arg-type]


@pytest.fixture
def korean(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Korean edition."""
    monkeypatch.setenv("COURSE_LANGUAGE", "ko")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("어텐션 마스크", ["attention mask"]),
        ("어텐션마스크를", ["attention mask"]),
        (" 어텐션   마스크의", ["attention mask"]),
        ("attention mask", ["attention mask"]),
        ("Attention-Masks", ["attention mask"]),
        ("어텐션 마스크(attention mask)", ["attention mask"]),
        ("attention", ["attention"]),
        ("어텐션", ["attention"]),
        ("어텐션이란", ["attention"]),
        ("토큰은", ["token"]),
        ("토큰들을", ["token"]),
        ("tokens를", ["token"]),
        ("BOM", ["byte order mark"]),
        ("바이트 순서 표시(BOM)", ["byte order mark"]),
        ("바이트 순", ["byte order mark"]),
        ("없는말", []),
    ],
)
def test_korean_words_are_found_beside_english(korean: None, words: str, found: list[str]) -> None:
    """By either name; particles, plurals, blanks and hyphens make no difference."""
    assert [term.name for term in search(words)] == found


def test_every_term_is_found_by_each_of_its_names(korean: None) -> None:
    """Korean, English, as it is shown, and with a particle; no other term is shown in its place."""
    for term in glossary_terms():
        for words in (term.name, term.local, term.shown, f"{term.local}의", f"{term.name}를"):
            assert [found.name for found in search(words)] == [term.name], words


def test_look_up_shows_both_names(korean: None, capsys: pytest.CaptureFixture[str]) -> None:
    """The Korean name, the English one in brackets, the lesson; one name where both are the same."""
    look_up("batch axis")
    assert capsys.readouterr().out.startswith("배치 축(batch axis), 05강: ")
    look_up("byte order mark")
    assert capsys.readouterr().out.startswith("바이트 순서 표시(BOM, byte order mark), 14강: ")
    look_up("torchrun")
    assert capsys.readouterr().out.startswith("torchrun, 12강: ")
    look_up()
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == len(glossary_terms()) and not [line for line in lines if "lesson" in line]


@pytest.mark.parametrize(("words", "near"), [("소프트멕스", "소프트맥스(softmax)"), ("sofmax", "소프트맥스(softmax)")])
def test_unknown_korean_words_get_the_nearest(korean: None, words: str, near: str) -> None:
    """The error is in Korean and names each near term once, in both languages."""
    with pytest.raises(CourseError, match="용어집에 없는 말입니다: .+비슷한 용어: ") as caught:
        look_up(words)
    assert str(caught.value).count(near) == 1
