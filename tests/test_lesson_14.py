"""Lesson 14: any file ends in a result or in one sentence; cleaning, intervals, errors, the card, the widget."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import Dataset
from lesson_files import NOTEBOOKS, ROOT, cell_by_id, output_text, read, run_lesson

from course_lessons.lesson_14.clean import (
    has_text,
    in_language,
    key,
    language_of,
    languages,
    large_classes,
    main_language,
    shared_sentences,
    spellings,
    tidy,
    without_doubles,
    without_twins,
)
from course_lessons.lesson_14.draw_results import draw_curve, draw_file, draw_scores
from course_lessons.lesson_14.errors import check_fit, threshold_html
from course_lessons.lesson_14.judge import Score, accuracy, difference, verdict
from course_lessons.lesson_14.look import strangest
from course_lessons.lesson_14.model_card import Measured, model_card
from course_lessons.lesson_14.read_file import MOST_ROWS, OWN_FILE, form_of, read_file
from course_lessons.lesson_14.threshold_explorer import threshold_explorer
from course_utils import CourseError
from course_utils.figure_style import use_course_style
from course_utils.markup import plain

LESSON = NOTEBOOKS / "14_your_own_data.ipynb"
TO_THE_BASELINES = ("look", "strange", "languages", "clean", "clean-doubles", "split", "baselines")
"""The cells after the one that names the file, up to the training."""

# --- files, made by generators ----------------------------------------------------------------------------

ENGLISH = {
    "good": ["lovely songs", "a warm film", "the kettle is quiet", "worth every cent", "we laughed a lot", "fine café"],
    "bad": ["a dull film", "the zip sticks", "too long by an hour", "it broke at once", "a noisy kettle", "stale café"],
}
KOREAN = {
    "긍정": ["정말 재미있다", "배송이 빠르다", "음악이 좋다", "다시 보고 싶다"],
    "부정": ["너무 지루하다", "배송이 늦다", "시끄럽기만 하다", "돈이 아깝다"],
}
Rows = list[dict[str, Any]]


def made(number: int = 120, parts: dict[str, list[str]] = ENGLISH, label: Callable[[str], Any] = str) -> Rows:
    """Rows whose texts are put together from parts, no two alike."""
    draw, found = random.Random(number), []
    for count in range(number):
        name = list(parts)[count % len(parts)]
        words = (
            f"{draw.choice(parts[name])}, {draw.choice(parts[name])} {draw.randrange(10**6)} {draw.choice(parts[name])}"
        )
        found.append({"id": count, "text": words, "label": label(name)})
    return found


def as_csv(rows: Rows, separator: str = ",", encoding: str = "utf-8", end: str = "\n", quote: int = 0) -> bytes:
    """Rows as a csv file."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=separator, lineterminator=end, quoting=quote)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def as_lines(rows: Rows, escaped: bool = True) -> bytes:
    """Rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=escaped) + "\n" for row in rows).encode()


def as_parquet(rows: Rows) -> bytes:
    """Rows as a parquet file."""
    out = io.BytesIO()
    Dataset.from_list(rows).to_parquet(out)
    return out.getvalue()


def changed(rows: Rows, change: Callable[[int, dict[str, Any]], dict[str, Any]]) -> Rows:
    """Rows, each with something changed."""
    return [{**row, **change(number, row)} for number, row in enumerate(rows)]


def pairs() -> Rows:
    """Two texts a row."""
    return [
        {"one": row["text"], "two": f"because {' '.join(reversed(row['text'].split()))}", "label": row["label"]}
        for row in made()
    ]


@pytest.fixture(autouse=True)
def style() -> None:
    """Figures have a font with Hangul, as after `setup()`."""
    use_course_style()


Made = tuple[Callable[[], bytes], str | None]
FILES: dict[str, Made] = {
    # name of the file: what makes it, and what is said of it (None: a result)
    "plain.csv": (lambda: as_csv(made()), None),
    "tabs.tsv": (lambda: as_csv(made(), "\t"), None),
    "tabs.csv": (lambda: as_csv(made(), "\t"), None),
    "semicolons.csv": (lambda: as_csv(made(), ";"), None),
    "bars.txt": (lambda: as_csv(made(), "|"), None),
    "windows lines.csv": (lambda: as_csv(made(), ";", end="\r\n"), None),
    "old mac lines.csv": (lambda: as_csv(made(), end="\r"), None),
    "all quoted.csv": (lambda: as_csv(made(), quote=csv.QUOTE_ALL), None),
    "excel.csv": (lambda: as_csv(made(), ";", "utf-8-sig"), None),
    "utf-16.csv": (lambda: as_csv(made(), "\t", "utf-16"), None),
    "utf-16 without a mark.csv": (lambda: as_csv(made(), ",", "utf-16-le"), None),
    "utf-16 big.csv": (lambda: codecs.BOM_UTF16_BE + as_csv(made(), ",", "utf-16-be"), None),
    "utf-32.csv": (lambda: as_csv(made(), ",", "utf-32"), None),
    "western.csv": (lambda: as_csv(made(), ";", "cp1252"), None),
    "korean.csv": (lambda: as_csv(made(parts=KOREAN), ",", "cp949"), None),
    "korean utf-8.csv": (lambda: as_csv(made(parts=KOREAN)), None),
    "lines.jsonl": (lambda: as_lines(made()), None),
    "lines of Hangul.jsonl": (lambda: as_lines(made(parts=KOREAN), escaped=False), None),
    "list.json": (lambda: json.dumps(made()).encode(), None),
    "first without a label.jsonl": (lambda: b'{"text": "so so"}\n' + as_lines(made()), None),
    "printed on many lines.json": (lambda: json.dumps(made(), indent=2).encode(), None),
    "list with other things.json": (lambda: json.dumps([*made(), 7, None]).encode(), None),
    "table.parquet": (lambda: as_parquet(made()), None),
    "parquet with another name.csv": (lambda: as_parquet(made()), None),
    "floats.parquet": (lambda: as_parquet(made(label=lambda name: float(name == "good"))), None),
    "floats.csv": (lambda: as_csv(made(label=lambda name: float(name == "good"))), None),
    "truth values.jsonl": (lambda: as_lines(made(label=lambda name: name == "good")), None),
    "half the labels.jsonl": (
        lambda: as_lines(changed(made(240), lambda n, row: {"label": row["label"] if n % 4 < 2 else None})),
        None,
    ),
    "spellings.csv": (
        lambda: as_csv(
            changed(made(), lambda n, row: {"label": [str, str.upper, "  {} ".format][n % 3](row["label"])})
        ),
        None,
    ),
    "emoji.csv": (lambda: as_csv(changed(made(), lambda n, row: {"text": f"{row['text']} 👍🏽🎬"})), None),
    "line breaks.csv": (lambda: as_csv(changed(made(), lambda n, row: {"text": row["text"].replace(" ", "\n")})), None),
    "separators in texts.csv": (lambda: as_csv(changed(made(), lambda n, row: {"text": f"{row['text']};;|\t"})), None),
    "one very long.csv": (
        lambda: as_csv(changed(made(), lambda n, row: {"text": row["text"] * (20_000 if n == 7 else 1)})),
        None,
    ),
    "ragged.csv": (lambda: as_csv(made()) + b"1,2\n3,4,5,6,7\n", None),
    "zero bytes.csv": (lambda: as_csv(made()) + b"999,a w\x00arm film indeed,good\n", None),
    "names of classes like nothing.csv": (
        lambda: as_csv(made(label=lambda name: "+" if name == "good" else "-")),
        None,
    ),
    "a small third class.csv": (
        lambda: as_csv(changed(made(), lambda n, row: {"label": "so so" if n < 3 else row["label"]})),
        None,
    ),
    "three classes.csv": (
        lambda: as_csv(changed(made(), lambda n, row: {"label": str(n % 3 + 1)})),
        None,
    ),
    "large.csv": (lambda: as_csv(made(20_000)), None),
    "one class.csv": (lambda: as_csv(made(label=lambda name: "good")), "All labels are the same, 'good'"),
    "two rows.csv": (lambda: as_csv(made(2)), "Too few rows are left"),
    "thirty rows.csv": (lambda: as_csv(made(30)), "Too few rows are left"),
    "all doubles.csv": (
        lambda: as_csv(changed(made(), lambda n, row: {"text": row["label"]})),
        "Too few rows are left",
    ),
    "all distinct.csv": (lambda: as_csv(changed(made(), lambda n, row: {"label": f"no. {n}"})), "different labels"),
    "a number to estimate.csv": (lambda: as_csv(changed(made(), lambda n, row: {"label": n / 7})), "different labels"),
    "no labels.csv": (lambda: as_csv(changed(made(), lambda n, row: {"label": ""})), "No row of 120 has a label"),
    "no texts.csv": (lambda: as_csv(changed(made(), lambda n, row: {"text": "..."})), "120 hold no letter at all"),
    "japanese.csv": (
        lambda: as_csv(changed(made(), lambda n, row: {"text": f"とても良い映画でした{n}"})),
        "letters that no body of the course reads",
    ),
    "shift_jis.csv": (
        lambda: as_csv(
            changed(made(), lambda n, row: {"text": f"とても良い映画でした。最高{n}"}), encoding="shift_jis"
        ),
        "neither Korean",
    ),
    "empty.csv": (lambda: b"", "is empty"),
    "blank.csv": (lambda: b" \n\n \n", "is empty"),
    "only a mark.csv": (lambda: codecs.BOM_UTF8, "is empty"),
    "only a head.csv": (lambda: b"id,text,label\n", "and no row that fits it"),
    "one column.csv": (lambda: b"text\nlovely\ndull\n", "separates columns"),
    "prose.txt": (lambda: b"This is a letter.\nIt has no columns at all.\n", "separates columns"),
    "other columns.csv": (lambda: b"a,b\n1,2\n", "There is no column 'text'"),
    "near columns.csv": (lambda: b"Text,Label\nfine,1\n", "did you mean 'Text'"),
    "twice.csv": (lambda: b"text,label,label\nfine,1,1\n", "more than once"),
    "workbook.xlsx": (lambda: b"PK\x03\x04" + bytes(200), "Excel workbook"),
    "old.xls": (lambda: b"\xd0\xcf\x11\xe0" + bytes(200), "old Excel workbook"),
    "packed.csv.gz": (lambda: gzip.compress(as_csv(made())), "gzip"),
    "paper.pdf": (lambda: b"%PDF-1.7 something", "is a PDF"),
    "picture.csv": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "[Nn]either Korean|no text has|separates"),
    "broken.parquet": (lambda: b"PAR1" + bytes(500), "damaged"),
    "cut.parquet": (lambda: as_parquet(made())[:-40], "damaged"),
    "broken.jsonl": (lambda: as_lines(made()) + b'{"text": "half', "Line 121 of broken.jsonl is no JSON"),
    "broken.json": (lambda: b'[{"text": "half', "neither a list"),
    "numbers.json": (lambda: b"[1, 2, 3]", "no list of records"),
    "deep.json": (lambda: b"[" * 100_000, "neither a list"),
}


@cache
def sources() -> tuple[str, ...]:
    """The code of the cells up to the baselines."""
    notebook = read(LESSON)
    return tuple(cell_by_id(notebook, name).source for name in TO_THE_BASELINES)


def way(path: Path, texts: str | list[str] = "text", label: str = "label") -> dict[str, Any]:
    """Run the lesson's own cells on a file, up to the baselines; the names that they leave."""
    file = read_file(path, texts, label)
    kernel: dict[str, Any] = {"path": path, "file": file, "CourseError": CourseError}
    for source in sources():
        exec(source, kernel)
    return kernel


@pytest.mark.parametrize("name", FILES)
@pytest.mark.slow
def test_files_of_all_kinds(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file ends in baselines with intervals, or in one sentence that says what is in the way."""
    content, said = FILES[name]
    path = tmp_path / name
    path.write_bytes(content())
    if said is None:
        found = way(path)
        assert set(found["right"]) == {"majority", "word counts"}
        assert len(found["right"]["majority"]) == found["parts"]["test"].num_rows >= 9
        texts = [set(found["parts"][part][:]["text"]) for part in found["parts"]]
        assert sum(map(len, texts)) == len(set.union(*texts)) == found["single"].num_rows
        assert all(min(Counter(rows[:]["label"]).values()) > 0 for rows in found["parts"].values())
    else:
        with pytest.raises(CourseError, match=said) as caught:
            way(path)
        words = str(caught.value)
        assert "\n" not in words and re.search(r"[.?]$", words) and len(words) < 500, words
        assert str(tmp_path) not in words
    capsys.readouterr()


def test_what_was_found_out() -> None:
    """The forms of a few of these files, and that a large one is sampled, evenly."""
    assert len(FILES) >= 30 and 20 < sum(said is None for _, said in FILES.values()) < len(FILES) - 20


@pytest.mark.parametrize(
    ("name", "kind", "encoding", "separator"),
    [
        ("excel.csv", "csv", "utf-8-sig", ";"),
        ("western.csv", "csv", "cp1252", ";"),
        ("korean.csv", "csv", "cp949", ","),
        ("utf-16 without a mark.csv", "csv", "utf-16-le", ","),
        ("tabs.csv", "csv", "utf-8", "\t"),
        ("lines.jsonl", "jsonl", "utf-8", ""),
        ("list.json", "json", "utf-8", ""),
        ("parquet with another name.csv", "parquet", "", ""),
    ],
)
def test_forms(name: str, kind: str, encoding: str, separator: str, tmp_path: Path) -> None:
    """The kind, the encoding and the separator are found out, and every row comes back as it was written."""
    path = tmp_path / name
    path.write_bytes(FILES[name][0]())
    form = form_of(path)
    assert (form.kind, form.encoding, form.separator) == (kind, encoding, separator)
    assert form.columns == ("id", "text", "label")
    rows = made(parts=KOREAN) if name.startswith("korean") else made()
    assert read_file(path, "text", "label").rows[:]["text"] == [row["text"] for row in rows]


@pytest.mark.parametrize("written", [as_csv, as_lines])
def test_a_large_file_is_sampled(written: Callable[[Rows], bytes], tmp_path: Path) -> None:
    """Of a long file a sample is kept: as many rows as promised, each once, in order, from all over the file."""
    path = tmp_path / ("large.csv" if written is as_csv else "large.jsonl")
    path.write_bytes(written(made(60_000)))
    assert len(read_file(path, "text", "label", most=60_000).rows) == 60_000
    file = read_file(path, "id", "label")
    numbers = [int(number) for number in file.rows[:]["text"]]
    assert len(numbers) == len(set(numbers)) == MOST_ROWS and numbers == sorted(numbers) and file.found == 60_000
    assert np.allclose(np.quantile(numbers, [0.25, 0.5, 0.75]) / 60_000, [0.25, 0.5, 0.75], atol=0.03)
    assert "60,000 rows" in str(file) and "3,000 of its rows, drawn at random" in str(file)
    for most in (0, -3, 2.5, None, True):
        with pytest.raises(CourseError, match="whole number of rows"):
            read_file(path, "id", "label", most=most)


def test_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two columns of text go the same way."""
    path = tmp_path / "pairs.csv"
    path.write_bytes(as_csv(pairs()))
    found = way(path, ["one", "two"])
    assert found["single"].column_names == ["text", "text_pair", "label"] and len(found["words"]["test"]) > 20
    assert " | because " in found["words"]["test"][0]


@pytest.mark.slow
def test_pairs_to_the_end(tmp_path: Path) -> None:
    """Nothing but the first cell changes for another file: pairs go through the whole lesson, to the fresh process."""
    (tmp_path / "my pairs.jsonl").write_bytes(as_lines(pairs()))
    notebook = read(LESSON)
    named = cell_by_id(notebook, "name-the-file")
    for old, new in (
        (r"^path = .*$", 'path = "my pairs.jsonl"'),
        (r"^texts = .*$", 'texts = ["one", "two"]'),
        (r"^label = .*$", 'label = "label"'),
    ):
        named.source, times = re.subn(old, new, named.source, flags=re.MULTILINE)
        assert times == 1
    for cell_id, old, new in (
        ("settings", '"num_train_epochs": 5', '"num_train_epochs": 1'),
        ("settings", '"use_cpu": shipped', '"use_cpu": True'),
    ):
        cell = cell_by_id(notebook, cell_id)
        assert old in cell.source
        cell.source = cell.source.replace(old, new)
    done = run_lesson(notebook, tmp_path)
    printed = output_text(cell_by_id(done, "fresh-process"))
    assert "same labels: True" in printed and "at most 0.00000" in printed
    folder = tmp_path / "my pairs-classifier"
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= {
        each.name for each in folder.iterdir()
    }
    assert not [each.name for each in folder.iterdir() if each.suffix == ".bin"]


# --- the file that comes with the course ------------------------------------------------------------------


def test_the_recipe_makes_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stored file is what its recipe makes, byte for byte."""
    monkeypatch.syspath_prepend(str(ROOT / "recipes"))
    import build_own_file

    assert OWN_FILE.read_bytes() == build_own_file.content()
    sys.modules.pop("build_own_file")


def test_the_file_has_its_faults() -> None:
    """600 lines, a byte order mark, empty texts, spellings, doubles, other languages, a long text, numbers as text."""
    assert OWN_FILE.read_bytes().startswith(codecs.BOM_UTF8)
    with OWN_FILE.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened, delimiter=";"))
    assert len(rows) == 600
    texts = [row["review"] for row in rows]
    assert sum(not words.strip() for words in texts) >= 5
    assert max(map(len, texts)) == 3000
    spelled = Counter(row["verdict"] for row in rows)
    assert {"good", "Good", "GOOD ", "bad", "Bad", "BAD "} <= set(spelled) and len(spelled) > 6
    assert Counter(map(language_of, texts)).keys() >= {"en", "ko", "other", "none"}
    filled = [words for words in texts if words.strip()]
    assert len({key(words) for words in filled}) < len(filled) - 10
    stars = {row["stars"] for row in rows}
    assert {"5", "5,0", "5 of 5"} <= stars


def test_the_figures_of_the_lesson_are_those_of_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    """What the stored lesson prints about its file comes out again, and the baselines to the last digit."""
    found = way(OWN_FILE, "review", "verdict")
    printed = capsys.readouterr().out
    notebook = read(LESSON)
    for name in ("clean", "clean-doubles", "split", "baselines"):
        assert output_text(cell_by_id(notebook, name)) in printed, name
    assert found["labels"] == ["bad", "good"]


# --- names and paths --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((7, "text", "label"), "named by its path"),
        (("", "text", "label"), "named by its path"),
        (("a\0b", "text", "label"), "named by its path"),
        ((OWN_FILE, 7, "verdict"), "Name one column"),
        ((OWN_FILE, [], "verdict"), "Name one column"),
        ((OWN_FILE, ["a", "b", "c"], "verdict"), "Name one column"),
        ((OWN_FILE, "review", None), "Name one column"),
        ((OWN_FILE, "review", "review"), "must differ"),
        ((OWN_FILE, "Review", "verdict"), "did you mean 'review'"),
        ((OWN_FILE, "review", "grade"), "There is no column 'grade'"),
        ((OWN_FILE.parent, "review", "verdict"), "is a folder"),
        ((OWN_FILE.with_name("own_review.csv"), "review", "verdict"), "for example: own_reviews.csv"),
        (("no such folder/a.csv", "review", "verdict"), "There is no folder"),
        (("x" * 5000, "review", "verdict"), "could not be opened|no file"),
    ],
)
def test_wrong_names(arguments: tuple[Any, Any, Any], said: str) -> None:
    """Each slip ends in one sentence that shows what was found."""
    with pytest.raises(CourseError, match=said) as caught:
        read_file(*arguments)
    assert "\n" not in str(caught.value)


def test_an_encoding_of_ones_own(tmp_path: Path) -> None:
    """An encoding that is named is used; one that does not exist, or does not fit, is said."""
    path = tmp_path / "japanese.csv"
    path.write_bytes("text,label\n良い映画,1\n".encode("shift_jis"))
    assert read_file(path, "text", "label", encoding="shift_jis").rows[0]["text"] == "良い映画"
    with pytest.raises(CourseError, match="no encoding called 'klingon'"):
        read_file(path, "text", "label", encoding="klingon")
    with pytest.raises(CourseError, match="could not be read as utf-8"):
        read_file(path, "text", "label", encoding="utf-8")


def test_an_empty_folder(tmp_path: Path) -> None:
    """Where no file lies, that is said."""
    with pytest.raises(CourseError, match="no file lies there at all"):
        read_file(tmp_path / "a.csv", "text", "label")


# --- cleaning ---------------------------------------------------------------------------------------------


def table(texts: list[str], labels: list[str | None] | None = None) -> Dataset:
    """A small table."""
    return Dataset.from_dict({"text": texts, "label": labels or ["1"] * len(texts)})


def test_spellings() -> None:
    """Capitals, spaces and `.0` fall together; rare marks of nothing go; the commonest spelling is kept."""
    given = ["Good"] * 5 + ["good"] * 4 + ["GOOD "] + ["bad"] * 30 + ["n/a", "", None, "?"]
    found = spellings(given)
    assert [found[name] for name in ("Good", "good", "GOOD ", "bad")] == ["Good", "Good", "Good", "bad"]
    assert [found[name] for name in ("n/a", "", None, "?")] == [None] * 4
    assert spellings(["1.0", "1", "2,00", "2", "10"] * 4) == {"1.0": "1", "1": "1", "2,00": "2", "2": "2", "10": "10"}
    assert spellings(["-", "+"] * 9) == {"-": "-", "+": "+"}


def test_languages() -> None:
    """Letters decide; a text without letters belongs to any language."""
    rows = table(["a film", "une étoile", "영화", "영화 Host", "映画", "!!!"])
    assert languages(rows) == {"en": 2, "ko": 2, "other": 1, "none": 1}
    assert main_language(table(["a", "b", "영화"])) == "en" and main_language(table(["영화", "좋다", "film"])) == "ko"
    assert in_language({"text": "가", "text_pair": "나"}, "ko") and not in_language({"text": "映画"}, "en")
    with pytest.raises(CourseError, match="no body"):
        main_language(table(["映画", "Кино", "fine"]))
    with pytest.raises(CourseError, match="No row is left"):
        main_language(table([]))


def test_doubles_and_twins() -> None:
    """The first of equal texts stays, none where labels disagree; a text with a letter more is a twin."""
    rows = table(["Fine.", "fine", "FINE !", "Dull", "dull", "so so"], ["1", "1", "1", "1", "2", "2"])
    assert without_doubles(rows) == [0, 5]
    long = "the parcel came a fortnight late and the lid was broken"
    rows = table([long, f"{long}s", long.replace("late", "early"), "short", "shorts"])
    assert without_twins(rows) == [0, 2, 3, 4]
    assert without_twins(table([])) == []


def test_twins_across_parts_of_the_table() -> None:
    """Twins are found however far apart they stand."""
    texts = [f"{random.Random(n).random()} apples and {random.Random(-n - 1).random()} pears" for n in range(1200)]
    assert without_twins(table([*texts, f"{texts[3]}."])) == list(range(1200))


def test_sentences_on_both_sides() -> None:
    """A row counts once, by sentences of four words, whatever their capitals and marks; both texts of a pair count."""
    train = table(["It came too late. Never again.", "Watch it: the jokes land, one after the other."])
    test = [
        "IT CAME TOO LATE!",
        "Never again.",
        "It came too",
        "So. The jokes land one after the other. It came too late",
    ]
    assert shared_sentences(table(test), train) == 2 and shared_sentences(train, table(["none of it is there"])) == 0
    pair = Dataset.from_dict({"text": ["new"], "text_pair": ["it came too late"], "label": ["1"]})
    assert shared_sentences(pair, train) == 1


def test_tidy_and_text() -> None:
    """Invisible letters and runs of spaces go; marks alone are no text."""
    assert tidy({"text": None, "label": " a\t b "}) == {"text": "", "label": "a b"}
    assert [has_text({"text": words}) for words in ("", " ", "?!", "…", "7", "🎬", "가")] == [False] * 4 + [True] * 3


def test_large_classes() -> None:
    """A class of nine rows goes; too few rows in all are said."""
    labels = ["a"] * 30 + ["b"] * 20 + ["c"] * 9
    assert len(large_classes(table(["x"] * 59, labels))) == 50
    with pytest.raises(CourseError, match="'a': 30"):
        large_classes(table(["x"] * 39, ["a"] * 30 + ["b"] * 9))


def test_strangest_rows_come_first() -> None:
    """Rare oddities before common ones; ordinary rows are none."""
    texts = [f"an ordinary text of some words, number {n}" for n in range(30)]
    texts[4], texts[9], texts[20], texts[21] = "", "http://example.org/1", "영화가 좋다", "x" * 2000
    found = strangest(table(texts, ["good"] * 29 + ["?"]), 10)
    assert {row.row: row.reasons for row in found} == {
        4: ("empty",),
        9: ("address",),
        20: ("letters",),
        21: ("long", "repeats"),
        29: ("label",),
    }
    assert found[0].row == 21


# --- judging ----------------------------------------------------------------------------------------------


def test_intervals_hold_what_they_promise() -> None:
    """Of 300 tests of 80 texts, about 95 of 100 intervals contain the true accuracy."""
    draw, inside = random.Random(0), 0
    for _ in range(300):
        score = accuracy([draw.random() < 0.7 for _ in range(80)])
        inside += score.low <= 0.7 <= score.high
    assert 0.91 <= inside / 300 <= 0.98


def test_a_difference_is_paired() -> None:
    """Answers that differ on few texts have a narrower interval than two independent ones; the verdict follows it."""
    first = [n % 10 != 0 for n in range(200)]
    second = [right and n % 8 != 3 for n, right in enumerate(first)]
    gain = difference(first, second)
    assert gain.value == pytest.approx(accuracy(first).value - accuracy(second).value)
    assert gain.low > 0 and verdict(gain) == "better" and verdict(difference(second, first)) == "worse"
    assert verdict(difference(first, first[::-1])) == "cannot tell"
    with pytest.raises(CourseError, match="same texts"):
        difference([True], [])
    with pytest.raises(CourseError, match="at least one"):
        accuracy([])


def test_errors_and_thresholds() -> None:
    """A threshold counts found, missed and false alarms; what does not fit together is said."""
    probabilities = [[0.9, 0.1], [0.3, 0.7], [0.6, 0.4], [0.2, 0.8]]
    truth, labels, texts = [1, 0, 1, 1], ["bad", "good"], ["one", "two", "three", "four"]
    page = plain(threshold_html(texts, probabilities, truth, labels, "good", 0.4))
    assert "2 found, 1 missed, 1 false alarms (precision 0.67, recall 0.67)" in page
    assert "<script" not in threshold_html(["<script>"] * 4, probabilities, truth, labels, "good", 0.99)
    for wrong in ((probabilities, truth[:3], labels), ([], [], labels), (probabilities, truth, ["bad"])):
        with pytest.raises(CourseError):
            check_fit(*wrong)
    with pytest.raises(CourseError, match="from 0 to 1"):
        threshold_html(texts, probabilities, truth, labels, "good", 1.5)


def test_the_explorer_follows_its_controls() -> None:
    """Label and threshold change the view."""
    explorer = threshold_explorer(["one", "two"], [[0.9, 0.1], [0.3, 0.7]], [0, 1], ["bad", "good"])
    assert "bad from a probability of 0.50: 1 found, 0 missed, 0 false alarms" in plain(explorer.view.value)
    explorer.limit.value = 1.0
    assert "0 found, 1 missed" in plain(explorer.view.value)
    explorer.label.value, explorer.limit.value = "good", 0.0
    assert "good from a probability of 0.00: 1 found, 0 missed, 1 false alarms" in plain(explorer.view.value)


def test_pictures() -> None:
    """Bars, lines and a table of numbers are those that were given; nothing to draw is said."""
    score = Score(0.8, 0.7, 0.9, 50)
    picture = draw_scores(
        {"majority": Score(0.5, 0.4, 0.6, 50), "fine-tuned": score}, [[20, 5], [5, 20]], ["bad", "good"]
    )
    bars, matrix = picture.figure.axes
    assert [bar.get_width() for bar in bars.patches] == [0.5, 0.8]
    assert [words.get_text() for words in matrix.texts] == ["20", "5", "5", "20"]
    curve = draw_curve({100: score, 50: Score(0.6, 0.5, 0.7, 50)}, score)
    assert curve.figure.axes[0].lines[0].get_xydata().tolist() == [[50.0, 0.6], [100.0, 0.8]]
    many = draw_scores({"a": score}, np.eye(30, dtype=int).tolist(), [str(n) for n in range(30)])
    assert not many.figure.axes[1].texts
    assert draw_file(table(["", "한국어"], [None, "x" * 99])).words.count("…") == 1
    for nothing in (
        lambda: draw_file(table([])),
        lambda: draw_curve({}, score),
        lambda: draw_scores({}, [], []),
        lambda: draw_scores({"a": score}, [[1]], ["a", "b"]),
    ):
        with pytest.raises(CourseError):
            nothing()


def test_the_card_is_read_by_the_hub(tmp_path: Path) -> None:
    """The head of the card is what the Hub's client reads, whatever names the labels have; figures are in it."""
    from huggingface_hub import ModelCard

    score, labels = Score(0.8, 0.7, 0.9, 50), ["a | b", "---\nx: [", "긍정"]
    measured = Measured(
        "my: file.csv", "ko", "pocket-roberta-ko", labels, 96, {"read": 600}, {"test": 50}, 7,
        {"majority": Score(0.4, 0.3, 0.5, 50), "fine-tuned": score}, Score(0.4, 0.2, 0.5, 50),
        [[10, 0, 0], [0, 0, 0], [5, 5, 30]], {60: score, 120: score}, Score(0.0, -0.1, 0.1, 50),
    )  # fmt: skip
    (tmp_path / "README.md").write_text(model_card(measured), encoding="utf-8")
    card = ModelCard.load(tmp_path / "README.md")
    assert card.data.language == "ko" and card.data.pipeline_tag == "text-classification"
    assert "| a / b | 10 | 1.00 |" in card.text and "| 긍정 | 40 | 0.75 |" in card.text
    assert "| 120 | 0.80" in card.text and "this test cannot tell" in card.text
    assert "0.80 (0.70 to 0.90, 50 texts)" in card.text and "this trained model is better" in card.text
    assert "cut at 96 tokens" in card.text and "; 7 of them hold a sentence" in card.text
