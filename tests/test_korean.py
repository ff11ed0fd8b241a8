"""The Korean lessons beside the English ones: the same cells, code, links, numbers and terms, and nothing left behind.

Each question is asked of all lessons at once, and what is wrong is told by lesson and cell. That a question can be
answered with no, `test_each_question_can_fail` shows.
"""

from __future__ import annotations

import ast
import calendar
import html
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest
import test_notebooks_contract as contract
from lesson_files import NOTEBOOKS, ROOT, cell_by_id, code_cells, fenced_python, lesson_paths, read, run_time
from nbformat import NotebookNode, write
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from pyarrow import parquet
from test_glossary import MARK
from test_messages import leaves

from commands import refresh
from commands.lessons import KOREAN, lessons
from commands.study_time import EXERCISE, FURTHER, sentence, study_time, write_into_table
from commands.translation import digest, in_language, out_of_date, same_code, without_digest
from course_utils.messages import table

LISTED: dict[tuple[str, str], tuple[str, str]] = {}
"""Numbers that only one of the two editions says, with the reason: {("05", "cell-id"): ("12 0.5", "why")}."""

ENGLISH_SHOWN: dict[tuple[str, str], tuple[str, str]] = {
    ("14", "check-padding"): (
        "A warm, funny film.', 'Dull, and far too long for what it has to say about anything at all.",
        "texts for an English model, which the check quotes",
    ),
}
"""English sentences in Korean outputs, with the reason: {("05", "cell-id"): ("a part of the sentence", "why")}."""


class Pair(NamedTuple):
    """A lesson in both languages."""

    number: str
    english: NotebookNode
    korean: NotebookNode

    def cells(self, kind: str = "") -> Iterator[tuple[NotebookNode, NotebookNode]]:
        """The cells of both, by id: those of one type, or all."""
        own = {cell.id: cell for cell in self.korean.cells}
        for cell in self.english.cells:
            if cell.id in own and cell.cell_type in (kind or cell.cell_type):
                yield cell, own[cell.id]


@cache
def pairs() -> tuple[Pair, ...]:
    """Every lesson that there is in Korean, with its English twin."""
    return tuple(Pair(path.stem[:2], read(NOTEBOOKS / path.name), read(path)) for path in lessons(KOREAN))


Wrong = Iterator[tuple[str, str]]
"""Cells, by id, and what is wrong there."""


# --- the questions --------------------------------------------------------------------------------------------


def other_cells(pair: Pair) -> Wrong:
    """Ids, order, types, tags and whatever else the metadata say."""
    one, other = ([cell.id for cell in notebook.cells] for notebook in (pair.english, pair.korean))
    if one != other:
        yield "all", f"other ids or another order: {sorted(set(one) ^ set(other)) or 'order'}"
    if pair.english.metadata != pair.korean.metadata:
        yield "all", "the notebook's metadata differ"
    for english, korean in pair.cells():
        if english.cell_type != korean.cell_type:
            yield korean.id, f"is of type {korean.cell_type}"
        if without_digest(english.metadata) != without_digest(korean.metadata):
            yield korean.id, f"metadata {without_digest(korean.metadata)} in place of {english.metadata}"


def other_code(pair: Pair) -> Wrong:
    """The code of the cells and of the blocks in prose, the solutions above all, by the syntax tree."""
    for english, korean in pair.cells("code"):
        if not same_code(in_language(english.source, "ko"), korean.source):
            yield korean.id, "other code"
        if english.id == "install" and english.source != korean.source:
            yield korean.id, "the first cell is the same in every lesson"
    for english, korean in pair.cells("markdown"):
        blocks = [fenced_python(cell.source) for cell in (english, korean)]
        if len(blocks[0]) != len(blocks[1]) or not all(map(same_code, *blocks)):
            yield korean.id, "other code in a block"
        if blocks_of_text(english.source) != blocks_of_text(korean.source):
            yield korean.id, "other lines in a block"


def blocks_of_text(markdown: str) -> int:
    """How many fenced blocks a text has."""
    return len(re.findall(r"^(?:```|~~~)", markdown, flags=re.MULTILINE))


def other_links(pair: Pair) -> Wrong:
    """Where links and pictures lead: to Korean neighbours of the same name, and to what is there."""
    for english, korean in pair.cells("markdown"):
        wanted = Counter(targets(english.source))
        found = Counter(targets(korean.source))
        if wanted != found:
            yield korean.id, f"links: lacks {list(wanted - found)}, has {list(found - wanted)}"
        for target in found:
            name, _, anchor = target.partition("#")
            if re.match(r"\w+:", target):
                continue
            path = (KOREAN.folder / unquote(name)).resolve() if name else None
            if path and not path.exists():
                yield korean.id, f"{target} leads nowhere"
            elif path and path.parent != KOREAN.folder.resolve():
                yield korean.id, f"{target} breaks in a copy"
            elif anchor.startswith("cell-id="):
                there = read(path) if path else pair.korean
                if anchor.removeprefix("cell-id=") not in {cell.id for cell in there.cells}:
                    yield korean.id, f"{target}: no such cell"


def targets(markdown: str) -> list[str]:
    """Where the links and pictures of a text lead, but for code and for what stands between the marks of a badge.

    >>> targets("[a](01_x.ipynb) and ![b](c.png), `models[0](batch)`")
    ['01_x.ipynb', 'c.png']
    """
    prose = re.sub(r"(?s)<!-- badge -->.*?<!-- /badge -->", "", without_blocks(markdown))
    return re.findall(r"\]\(([^)\s]+)", re.sub(r"`[^`\n]+`", "", prose))


def other_numbers(pair: Pair) -> Wrong:
    """Numbers in prose: each that one edition writes in digits, the other one says, too."""
    for english, korean in pair.cells("markdown"):
        one, other = numbers(english.source), numbers(korean.source)
        more = other - one
        lacks = sorted((one - other).elements())
        added = sorted(number for number in more if number not in number_words(english.source))
        listed = Counter(LISTED.get((pair.number, korean.id), ("", ""))[0].split())
        if Counter(lacks) + Counter(added) != listed:
            yield korean.id, f"numbers: lacks {lacks}, adds {added}; listed {sorted(listed.elements())}"


def numbers(markdown: str) -> Counter[str]:
    """The numbers in the prose of a cell, as often as they stand there.

    >>> sorted(numbers("1,000 tokens, `f(3)`, <b>5</b> and [04강](04_x.ipynb): 0.5 및 270MB"))
    ['0.5', '04', '1000', '270', '5']
    """
    prose = re.sub(r"\]\([^)]*\)", "]", re.sub(r"<[^>]+>", " ", without_inline_code(markdown)))
    found = re.findall(r"(?<![A-Za-z_\d.,-])-?\d+(?:,\d{3})*(?:\.\d+)?", prose.replace("−", "-"))
    return Counter(number.replace(",", "") for number in found)


ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen").split()  # fmt: skip
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
OTHER_WORDS = {
    "once": 1, "single": 1, "first": 1, "both": 2, "twice": 2, "pair": 2, "second": 2, "half": 2, "third": 3,
    "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "dozen": 12,
    "a": 1, "hundred": 100, "thousand": 1000, "million": 1000000,
}  # fmt: skip


def number_words(english: str) -> set[str]:
    """The numbers that an English text writes as words, in digits.

    >>> sorted(number_words("Twenty-five of the four hundred, in three thousand tokens."), key=int)
    ['3', '4', '5', '20', '25', '100', '400', '1000', '3000']
    """
    values = {word: value for value, word in enumerate(ONES)} | OTHER_WORDS
    values |= {word: 10 * value for value, word in enumerate(TENS, 2)}
    words = [values.get(word) for word in re.findall(r"[a-z]+", english.lower())]
    found: set[int] = set()
    for place, value in enumerate(words):
        if value is None:
            continue
        found.add(value)
        total = value
        for following in words[place + 1 : place + 4]:
            if following is None:
                break
            total = total * following if following >= 100 else total + following
            found.add(total)
    return {str(value) for value in found}


def other_terms(pair: Pair) -> Wrong:
    """The terms that a cell introduces, by the name in the English glossary."""
    for english, korean in pair.cells("markdown"):
        one, other = (sorted(title or words for title, words in MARK.findall(c.source)) for c in (english, korean))
        if one != other or len(other) != korean.source.count("<dfn"):
            yield korean.id, f"marked terms {other} in place of {one}"
        for title, words in MARK.findall(korean.source):
            said = f'<dfn title="{title}">{words}</dfn>({title})'
            written = re.escape(said[:-1]) + r"[),]"  # another short name may follow
            if not title or (re.search("[가-힣]", words) and not re.search(written, korean.source, re.IGNORECASE)):
                yield korean.id, f"the first time, a term is written {said}"


def other_inline_code(pair: Pair) -> Wrong:
    """What stands in backticks: the same names, whatever their number; of a page such as `a.ko.md`, its twin."""
    for english, korean in pair.cells("markdown"):
        texts = (without_blocks(cell.source).replace(".ko.md`", ".md`") for cell in (english, korean))
        one, other = (set(re.findall(r"`[^`\n]+`", words)) for words in texts)
        if one != other:
            yield korean.id, f"code in prose: lacks {sorted(one - other)}, has {sorted(other - one)}"


def old_words(pair: Pair) -> Wrong:
    """Cells whose English twin says something else by now."""
    for name in out_of_date(pair.english.cells, pair.korean.cells):
        yield name, f"out of date; then: python course.py refresh --language ko {pair.number} --translated {name}"


FIXED = {
    r"^\*\*The question\.\*\*": "**질문.**",
    r"^\*\*You will be able to\*\*$": "**이번 수업을 마치면**",
    r"^\*\*Time\.\*\* Run time about": "**시간.** 실행 시간 약 ",
    r"^\*\*What to have read\.\*\*": "**먼저 읽을 것.**",
    r"\*\*Before you run it:\*\*": "**실행하기 전에:**",
    r"\*\*Before you look:\*\*": "**보기 전에:**",
    r"\*\*Before you read on:\*\*": "**더 읽기 전에:**",
    r"\*\*In the document / today\.?\*\*": "**문서에서는 / 지금은",
    r"\*\*Before this lesson:\*\*": "**이전 수업:**",
    r"\*\*Next:\*\*": "**다음 수업:**",
    r"<summary>Solution</summary>": "<summary>풀이</summary>",
    r"<!-- /?badge -->": "badge -->",
}
"""What the English lessons say in one form, and its Korean form: tools and readers look for them."""


def other_phrases(pair: Pair) -> Wrong:
    """The phrases that are the same in every lesson, and the opening with its times."""
    for english, korean in pair.cells("markdown"):
        for phrase, wanted in FIXED.items():
            times = len(re.findall(phrase, english.source, flags=re.MULTILINE))
            if korean.source.count(wanted) != times:
                yield korean.id, f"{wanted!r} stands {korean.source.count(wanted)} times, not {times}"
    opening = pair.korean.cells[0].source
    name = table("ko")["progress"]["lessons"][pair.number]
    if not opening.startswith(f"# {pair.number} {name}\n"):
        yield "title", f"the title is {pair.number} {name}"
    if sentence(study_time(pair.english.cells), "ko") not in opening:
        yield "title", "another study time than in English: python course.py refresh --language ko writes it"
    ran = re.search(r"Run time about (\d+) (second|minute)", pair.english.cells[0].source)
    unit = {"second": "초", "minute": "분"}
    if ran and f"실행 시간 약 {ran[1]}{unit[ran[2]]}(측정값: CPU 코어 2개, GPU 없음)." not in opening:
        yield "title", f"another run time than in English, {ran[1]} {ran[2]}s"


def other_headings(pair: Pair) -> Wrong:
    """Levels and numbers of headings, what is *further*, an exercise with its minutes, the quiz, the end."""
    for english, korean in pair.cells("markdown"):
        one, other = headings(english.source), headings(korean.source)
        if [marks for marks, _ in one] != [marks for marks, _ in other]:
            yield korean.id, "other headings"
            continue
        for (_, words), (_, own) in zip(one, other, strict=True):
            if not re.fullmatch(heading_pattern(words), own):
                yield korean.id, f"the heading {own!r} in place of {words!r}"


def headings(markdown: str) -> list[tuple[str, str]]:
    """The headings of a text: marks and words."""
    return re.findall(r"^(#{1,6}) +(.+?) *$", without_blocks(markdown), flags=re.MULTILINE)


def heading_pattern(english: str) -> str:
    """How the Korean form of a heading has to look.

    >>> bool(re.fullmatch(heading_pattern("8 Further: more"), "8 더 알아보기: 조금 더"))
    True
    >>> heading_pattern("Exercise 3, further: repair (about 6 minutes)").replace(" ", "_")
    '연습_문제_3,_더_알아보기:_.+_\\\\(약_6분\\\\)'
    """
    if words := {"What you saw": "이번 수업에서 본 것"}.get(english):
        return words
    number = found[0] if (found := re.match(r"\d+ ", english)) else ""
    words = english[len(number) :]
    if words in ("Exercises", "Quiz"):
        return number + {"Exercises": "연습 문제", "Quiz": "퀴즈"}[words]
    if minutes := EXERCISE.search(english):
        further = ", 더 알아보기" if FURTHER.search(english) else ""
        place = re.match(r"Exercise (\d+)", english)[1]
        return f"연습 문제 {place}{further}: .+ \\(약 {minutes[1]}분\\)"
    return number + ("더 알아보기: .+" if FURTHER.search(english) else "(?!더 알아보기|연습 문제 [0-9]).+")


def without_blocks(markdown: str) -> str:
    """A text without its fenced blocks."""
    return re.sub(r"^(```|~~~).*?^\1[^\n]*$", "", markdown, flags=re.DOTALL | re.MULTILINE)


def without_inline_code(markdown: str) -> str:
    """A text without its fenced blocks and without what stands in backticks."""
    return re.sub(r"`+[^`\n]*`+", " ", without_blocks(markdown))


def english_left(pair: Pair) -> Wrong:
    """English sentences of the course in what the cells give: from the tables, from its code, from the cell itself.

    What a model reads, as an example, is left aside: texts of the corpora, and sentences that the Korean lesson quotes.
    """
    read_here = examples() + flat("\n".join(cell.source for cell in pair.korean.cells))
    said = [part for part in (*table_sentences(pair.number), *code_sentences(pair.number)) if part not in read_here]
    for cell in code_cells(pair.korean):
        shown = plain(cell)
        found = {part for part in (*said, *printed_sentences(cell.source)) if part in shown}
        allowed, _ = ENGLISH_SHOWN.get((pair.number, cell.id), ("", ""))
        left = sorted(part for part in found if not (allowed and (part in allowed or allowed in part)))
        if left:
            yield cell.id, f"shows English: {left[:3]}"
        if allowed and allowed not in shown:
            yield cell.id, f"{allowed!r} is listed, but not shown any more"


FEWEST_WORDS = 4


def flat(text: str) -> str:
    """A text on one line, without the marks of code."""
    return " ".join(text.replace("`", "").split())


@cache
def examples() -> str:
    """The texts that come with the course and that a model reads: they stay English, where they are English."""
    files = sorted((ROOT / "course_utils" / "corpora").rglob("*.parquet"))
    columns = [column for file in files for column in parquet.read_table(file).itercolumns()]
    return flat("\n".join(str(value) for column in columns for value in column.to_pylist()))


def fragments(template: str) -> list[str]:
    """The parts of a text between its placeholders, as a page shows them, that are long enough to be recognized.

    >>> fragments("{n} of the texts are `long` enough. {more}")
    ['of the texts are long enough.']
    """
    parts = [part.strip() for part in re.split(r"\{[^{}]*\}", flat(template))]
    return [
        part for part in parts if len(re.findall(r"(?<!\S)[A-Za-z][a-z']*(?=[,;:.?]?(?!\S))", part)) >= FEWEST_WORDS
    ]


def table_sentences(number: str) -> list[str]:
    """What the English tables say of all lessons and of this one, where the Korean ones say something else."""
    korean = dict(leaves(table("ko")))
    return [
        part
        for key, words in english_leaves()
        if re.search(r"(?:^|\.)\d\d\.", key) is None or f"{number}." in key
        for part in fragments(words)
        if part not in flat(korean.get(key, ""))
    ]


@cache
def english_leaves() -> tuple[tuple[str, str], ...]:
    """The texts of the English tables, by key."""
    return tuple(leaves(table("en")))


@cache
def code_sentences(number: str) -> tuple[str, ...]:
    """Texts of several words that stand in the code of the package and of a lesson's room, docstrings left aside."""
    folders = [ROOT / "course_utils", ROOT / "course_checks", ROOT / "course_lessons" / f"lesson_{number}"]
    found: list[str] = []
    for path in (path for folder in folders for path in sorted(folder.rglob("*.py"))):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                found += fragments(node.value)
    return tuple(found)


def printed_sentences(code: str) -> list[str]:
    """Whole sentences that a cell prints from its own code.

    >>> printed_sentences("print('The two answers are the same.', f('Is this a good film, or not?'))")
    ['The two answers are the same.']
    """
    found = []
    for node in ast.walk(ast.parse(re.sub(r"^[%!].*$", "", code, flags=re.MULTILINE))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            parts = [
                part for given in node.args for part in (given.values if isinstance(given, ast.JoinedStr) else [given])
            ]
            texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            found += [part for text in texts for part in fragments(text) if re.search(r"[a-z][.?]$", part)]
    return found


def plain(cell: NotebookNode) -> str:
    """What a cell gives, as a reader or a listener gets it: text, and of HTML the words and the alt texts."""
    parts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            parts.append(output.text)
        elif output.output_type == "error":
            parts.append(output.evalue)
        else:
            for mime, value in output.data.items():
                if mime in ("text/html", "image/svg+xml"):
                    told = re.findall(r"(?:alt|title|aria-label)=\"([^\"]*)\"", value)
                    words = re.sub(r"<[^>]+>", "", re.sub(r"(?s)<style.*?</style>", "", value))
                    parts += [*map(html.unescape, told), html.unescape(words)]
                elif mime.startswith("text/"):
                    parts.append(value)
    return flat(" ".join(parts))


QUESTIONS: tuple[Callable[[Pair], Wrong], ...] = (
    other_cells, other_code, other_links, other_numbers, other_terms, other_inline_code, old_words, other_phrases,
    other_headings, english_left,
)  # fmt: skip


# --- the tests ------------------------------------------------------------------------------------------------


def told(question: Callable[[Pair], Wrong]) -> str:
    """What is wrong in all lessons, a line for each place."""
    return "\n".join(f"ko/{pair.number} {cell}: {words}" for pair in pairs() for cell, words in question(pair))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.__name__)
def test_beside_the_english_lesson(question: Callable[[Pair], Wrong]) -> None:
    """Nothing is wrong in any cell of any lesson."""
    wrong = told(question)
    assert not wrong, "\n" + wrong


def small_pair() -> Pair:
    """A lesson of a few cells in both languages, in which nothing is wrong."""
    english = new_notebook(
        cells=[
            new_markdown_cell(
                "# 05 Padding and masks\n\n**The question.** Why?\n\n**You will be able to**\n\n- see,\n\n"
                "**Time.** Run time about 5 seconds (measured, two CPU cores, no GPU). Study time about 5 minutes "
                "(estimated), 5 of them for exercises.",
                id="title",
            ),
            new_code_cell("setup()", id="setup"),
            new_markdown_cell(
                "## 1 Rows\n\nA <dfn>row</dfn> has 12 of the `[PAD]`: [06](06_dynamic_padding.ipynb).", id="a"
            ),
            new_code_cell("print(1)  # one", id="b", outputs=[new_output("stream", text="1\n")]),
            new_markdown_cell(
                "### Exercise 1: try (about 5 minutes)\n\n<details><summary>Solution</summary>\n\n"
                "```python\nf(1)\n```\n</details>",
                id="c",
            ),
        ]
    )
    korean = deepcopy(english)
    for cell, source in zip(
        korean.cells,
        [
            "# 05 패딩과 마스크\n\n**질문.** 왜?\n\n**이번 수업을 마치면**\n\n- 봅니다.\n\n"
            "**시간.** 실행 시간 약 5초(측정값: CPU 코어 2개, GPU 없음). 공부 시간 약 5분(추정), 그중 연습 문제 5분.",
            'setup(language="ko")',
            '## 1 행\n\n<dfn title="row">행</dfn>(row)에 `[PAD]`가 12개 있습니다. [06강](06_dynamic_padding.ipynb)',
            "print(1)  # 하나",
            "### 연습 문제 1: 해 보기 (약 5분)\n\n<details><summary>풀이</summary>\n\n```python\nf(1)\n```\n</details>",
        ],
        strict=True,
    ):
        cell.source = source
        cell.metadata["course"] = {"from": digest(cell_by_id(english, cell.id).source)}
    return Pair("05", english, korean)


SAID = table("en")["exercise"]["ui"]["ideas"]["returned_none"]
FAULTS: dict[str, tuple[Callable[[Pair], Wrong], str, str, str]] = {
    "type": (other_cells, "b", "cell_type", "raw"),
    "id": (other_cells, "b", "id", "d"),
    "tags": (other_cells, "b", "metadata", "exercise"),
    "code": (other_code, "b", "print(1)", "print(2)"),
    "solution": (other_code, "c", "f(1)", "f(2)"),
    "setup": (other_code, "setup", '"ko"', '"en"'),
    "link": (other_links, "a", "06_dynamic_padding.ipynb", "07_trainer.ipynb"),
    "number": (other_numbers, "a", "12", "13"),
    "number added": (other_numbers, "a", "있습니다", "3번 있습니다"),
    "term": (other_terms, "a", 'title="row"', 'title="line"'),
    "term without English": (other_terms, "a", "(row)", ""),
    "inline code": (other_inline_code, "a", "`[PAD]`", "`[CLS]`"),
    "old": (old_words, "a", "metadata", ""),
    "phrase": (other_phrases, "title", "**질문.**", "**물음.**"),
    "summary": (other_phrases, "c", "풀이", "해답"),
    "title": (other_phrases, "title", "패딩과", "패딩 및"),
    "study time": (other_phrases, "title", "약 5분", "약 10분"),
    "run time": (other_phrases, "title", "약 5초", "약 6초"),
    "heading": (other_headings, "c", "연습 문제 1", "연습 문제 2"),
    "level": (other_headings, "a", "## 1", "### 1"),
    "table's sentence": (english_left, "b", "outputs", SAID),
    "printed sentence": (english_left, "b", "outputs", "The two answers are the same."),
}
"""What can be wrong: which question notices it, in which cell, and what is put in place of what."""


@pytest.mark.parametrize("fault", FAULTS)
def test_each_question_can_fail(fault: str) -> None:
    """Nothing is wrong in a small lesson, and one thing is when one thing is changed."""
    pair = small_pair()
    assert [list(question(pair)) for question in QUESTIONS] == [[]] * len(QUESTIONS)
    question, name, old, new = FAULTS[fault]
    cell = cell_by_id(pair.korean, name)
    if old == "metadata":
        cell.metadata = {"tags": [new], "course": {}} if new else {}
    elif old == "outputs":
        cell.outputs[0].text = new
        cell.source = f"print({new!r})" if fault == "printed sentence" else cell.source
    elif old in ("cell_type", "id"):
        cell[old] = new
    else:
        assert old in cell.source
        cell.source = cell.source.replace(old, new)
    assert list(question(pair)), fault


PROMISES = (
    contract.test_format_is_valid, contract.test_stored_run_is_complete, contract.test_outputs_were_stored,
    contract.test_no_stored_errors, contract.test_no_stray_stderr, contract.test_no_widget_state,
    contract.test_metadata_is_plain, contract.test_nothing_is_left_to_fill_in,
    contract.test_no_exclamation_marks_in_prose, contract.test_nothing_of_a_machine_is_stored,
    contract.test_title_and_outline, contract.test_pictures_have_alt_text,
    contract.test_stored_html_needs_nothing_from_outside, contract.test_stored_html_reads_without_colours,
    contract.test_stored_pictures_are_large_enough,
)  # fmt: skip
"""What holds for a stored lesson in any language."""


def test_what_every_lesson_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of the English lessons that ask nothing of English words, asked of the Korean ones."""
    stored = {path.resolve(): pair.korean for path, pair in zip(lessons(KOREAN), pairs(), strict=True)}
    monkeypatch.setattr(contract, "read", lambda path: stored[path.resolve()])
    broken = []
    for path in lessons(KOREAN):
        for promise in PROMISES:
            try:
                promise(path)
            except AssertionError as problem:
                broken.append(f"ko/{path.stem} {promise.__name__}: {str(problem).splitlines()[0]}")
    assert not broken, "\n" + "\n".join(broken)


def test_lists_are_used() -> None:
    """What is listed belongs to a cell that there is, and says why."""
    there = {(pair.number, cell.id) for pair in pairs() for cell in pair.korean.cells}
    for listed in (LISTED, ENGLISH_SHOWN):
        assert not set(listed) - there
        assert all(what.strip() and len(reason.split()) >= 3 for what, reason in listed.values())


def missing() -> list[str]:
    """Lessons, tables and pages that are there in English and not in Korean."""
    lacking = [path.name for path in lesson_paths() if not (KOREAN.folder / path.name).exists()]
    lacking += [
        page for page in ("README.ko.md", "docs/teaching.ko.md", "docs/glossary.ko.md") if not (ROOT / page).exists()
    ]
    tables = [*(ROOT / "course_utils").glob("*.en.toml"), *(ROOT / "course_lessons").rglob("*.en.toml")]
    return lacking + [
        path.relative_to(ROOT).as_posix()
        for path in tables
        if not path.with_name(path.name.replace(".en.", ".ko.")).exists()
    ]


def test_everything_is_there() -> None:
    """The Korean edition is the whole course, and every text is in both languages."""
    assert not missing()
    assert set(dict(leaves(table("en")))) == set(dict(leaves(table("ko"))))


def test_the_korean_readme_says_what_the_english_one_says() -> None:
    """Section by section the same commands, links, numbers and code; of what was measured, the name of each table."""
    english, korean = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md"))
    measured = re.search(r"(?s)<!-- measured -->.*<!-- /measured -->", english)[0]
    names = [re.findall(r"^(?:- )?\*\*([a-z]+)\*\*", page, flags=re.MULTILINE) for page in (measured, korean)]
    assert names[0] == names[1] and len(names[0]) > 4
    assert command_lines(korean)[0] == "python course.py --language ko"
    wrong = list(other_page(english.replace(measured, ""), korean))
    assert not wrong, "\n".join(wrong)
    assert list(other_page(english.replace("2.7 GB", "2.9 GB").replace(" doctor", " nurse"), korean)), "it can fail"


def command_lines(page: str) -> list[str]:
    """The commands in the blocks of a page, without the remarks behind them.

    >>> command_lines("```\\npython course.py 05  # opens it\\n```")
    ['python course.py 05']
    """
    blocks = re.findall(r"^```\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)
    return [line.split(" #")[0].rstrip() for block in blocks for line in block.splitlines()]


def other_page(english: str, korean: str) -> Iterator[str]:
    """What a Korean page of several sections says otherwise than the English page."""
    one, other = (re.split(r"^## ", page, flags=re.MULTILINE) for page in (english, korean))
    if len(one) != len(other):
        yield f"{len(other)} sections, not {len(one)}"
    for part, own in zip(one, other, strict=False):
        heading = own.splitlines()[0]
        if command_lines(part) != [line.replace(" --language ko", "") for line in command_lines(own)]:
            yield f"{heading}: other commands"
        links = Counter(map(in_korean, targets(part))), Counter(targets(own))
        for what in (links[0] - links[1], links[1] - links[0] - Counter(["README.md#measured"])):
            if what:
                yield f"{heading}: links {list(what)}"
        said = set(numbers(part)), set(numbers(own))
        months = {str(month) for month, name in enumerate(calendar.month_name) if name and name in part}
        if wrong := (said[0] - said[1]) | (said[1] - said[0] - number_words(part) - months):
            yield f"{heading}: numbers {sorted(wrong)}"
        code = [
            {words.replace(" --language ko", "").replace("notebooks/ko/", "notebooks/") for words in found}
            for found in (re.findall(r"`[^`\n]+`", without_blocks(text)) for text in (part, own))
        ]
        if code[0] != code[1]:
            yield f"{heading}: code {sorted(code[0] ^ code[1])}"


def in_korean(target: str) -> str:
    """Where a link of an English page leads on its Korean twin.

    >>> in_korean("notebooks/01_behind_the_pipeline.ipynb#a"), in_korean("docs/teaching.md"), in_korean("README.ko.md")
    ('notebooks/ko/01_behind_the_pipeline.ipynb#a', 'docs/teaching.ko.md', 'README.md')
    """
    if target.endswith(".ko.md"):
        return target.replace(".ko.md", ".md")
    twin = target.replace("notebooks/", "notebooks/ko/").replace(".md", ".ko.md")
    return twin if (ROOT / twin.partition("#")[0]).exists() else target


def test_the_korean_readme_says_what_the_lessons_say() -> None:
    """Each lesson has its row, with its Korean name, the run time and the study time; its files are there."""
    page = (ROOT / "README.ko.md").read_text(encoding="utf-8")
    for pair, path in zip(pairs(), lessons(KOREAN), strict=True):
        name = f"[{pair.number} {table('ko')['progress']['lessons'][pair.number]}](notebooks/ko/{path.name})"
        row = next((line for line in page.splitlines() if line.startswith(f"| {name} |")), "")
        assert f"| {run_time(path)}초 |" in row, name
        assert write_into_table(row, pair.number, study_time(pair.english.cells), "분") == row, name
    targets = re.findall(r"\]\(([^)#]+)", re.sub(r"(?s)<!-- badge.*?<!-- /badge -->", "", page))
    assert len(targets) > 25 and not [target for target in targets if not (ROOT / target).exists()]


def test_a_translated_lesson_has_a_translated_room() -> None:
    """No Korean lesson speaks English for want of a table, and no Korean lesson is without an English twin."""
    for pair in pairs():
        room = ROOT / "course_lessons" / f"lesson_{pair.number}"
        english, korean = (
            tomllib.loads((room / f"words.{name}.toml").read_text(encoding="utf-8")) for name in ("en", "ko")
        )
        assert [key for key, _ in leaves(english)] == [key for key, _ in leaves(korean)], pair.number
    assert {path.name for path in lessons(KOREAN)} <= {path.name for path in lesson_paths()}


def test_refresh_takes_over_and_names_what_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Code follows the English lesson by itself, comments stay, and words are named until they are said to be new."""
    pair = small_pair()
    cell_by_id(pair.english, "b").source = "print(2)  # two"
    cell_by_id(pair.english, "a").source += " More."
    pair.english.cells.append(new_markdown_cell("The end.", id="end"))
    monkeypatch.setattr("commands.lessons.ROOT", tmp_path)
    monkeypatch.setattr(refresh, "execute", lambda notebook, folder: deepcopy(notebook))
    monkeypatch.setattr(refresh, "write_into_readme", lambda *given: None)
    path = KOREAN.folder / "05_x.ipynb"
    path.parent.mkdir(parents=True)
    write(pair.english, path.parent.parent / path.name)
    write(pair.korean, path)
    stored = path.read_bytes()
    assert refresh.refresh(path, [], check=True) and path.read_bytes() == stored
    assert refresh.refresh(path, [], check=False)
    told = capsys.readouterr().out
    assert "b: took over the code" in told and "end: new, in English so far" in told
    assert told.rstrip().endswith("out of date: a b end")
    assert cell_by_id(read(path), "b").source == "print(2)  # 하나"
    assert cell_by_id(read(path), "a").source == cell_by_id(pair.korean, "a").source
    refresh.refresh(path.parent.parent / path.name, [], check=False)
    assert "ko/05_x is out of date: a b end" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        refresh.main([str(path), "--translated", "nothing-of-the-kind"])
    assert refresh.main([str(path), "--translated", "a", "b", "end"]) == 0
    assert refresh.main([str(path), "--check"]) == 0
