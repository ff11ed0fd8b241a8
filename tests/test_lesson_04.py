"""Lesson 04: its byte-pair encoding against the library's, its pictures, and whatever may be typed into its widget."""

from __future__ import annotations

import io
import json
import random
import re
from collections import Counter
from contextlib import redirect_stdout
from typing import Any

import answers_04
import pytest
from lesson_files import NOTEBOOKS, cell_by_id, fenced_python, read
from matplotlib.figure import Figure
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from course_lessons.lesson_04.draw_tokenization import (
    SHOWN_PIECES,
    draw_fertility,
    draw_merges,
    draw_trade_off,
    tokenized_html,
    tokenized_words,
)
from course_lessons.lesson_04.exercises import cut_longest_first
from course_lessons.lesson_04.ready_made import learn_merges, replay
from course_lessons.lesson_04.tokenization import MAX_CHARACTERS, Piece, TokenizedText, tokenize_text
from course_lessons.lesson_04.tokenizer_pair import TokenizerPair, tokenizer_pair
from course_utils import CourseError, corpus, setup
from course_utils.checkpoints import pocket_folder

TEXTS = {"pocket_reviews": ["text"], "pocket_pairs": ["sentence1", "sentence2"], "pocket_aspects": ["text"]}
STRANGE = [
    "",
    " ",
    "\n\n",
    "\x00\x07",
    "👍🏽" * 30,
    "ㅋㅋㅋ",
    "<b>&amp;</b>",
    "a" * 5000,
    "\ud83d",
    "[SEP] [UNK]",
    "한",
]


def lesson_code(*cells: str) -> dict[str, Any]:
    """The names that cells of the lesson define, run one after another."""
    notebook, names = read(NOTEBOOKS / "04_tokenizers.ipynb"), {"Counter": Counter, "re": re}
    for cell in cells:
        source = cell_by_id(notebook, cell).source
        exec("\n".join(line for line in source.splitlines() if not line.startswith("print")), names)
    return names


def solution() -> str:
    """The stored solution of the first exercise."""
    cell = cell_by_id(read(NOTEBOOKS / "04_tokenizers.ipynb"), "solution-byte-pair-encoding")
    return fenced_python(cell.source)[0]


@pytest.fixture(scope="module")
def bpe() -> Any:
    """The lesson's own byte-pair encoding, as its solution has it."""
    names = lesson_code("count-pairs", "best-pair", "merge-pair")
    exec(solution(), names)
    return names["byte_pair_encoding"]


@pytest.fixture(scope="module")
def tokenizers() -> dict[str, Any]:
    """The three tokenizers that the lesson compares."""
    setup()
    folders = {"English": "pocket-bert-uncased", "Korean": "pocket-roberta-ko", "bytes": "pocket-gpt"}
    return {name: AutoTokenizer.from_pretrained(pocket_folder(folder)) for name, folder in folders.items()}


def library_merges(counts: dict[str, int], merges: int) -> list[tuple[str, str]]:
    """The first merges that the library's trainer learns from words with their counts."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(vocab_size=len(set("".join(counts))) + merges, show_progress=False)
    made.train_from_iterator((" ".join([word] * count) for word, count in counts.items()), trainer)
    return [tuple(pair) for pair in json.loads(made.to_str())["model"]["merges"]]


# --- byte-pair encoding -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", TEXTS)
def test_merges_are_the_librarys(bpe: Any, name: str, language: str) -> None:
    """On every corpus of the course, in both languages, the lesson's merges are the library's, in order."""
    rows = corpus(name, language)["validation"][:]
    texts = [text for column in TEXTS[name] for text in rows[column]]
    counts = Counter(word for text in texts for word in re.findall(r"\w+|[^\w\s]+", text.lower()))
    theirs = library_merges(counts, 120)
    assert len(theirs) >= 100
    assert bpe(counts, len(theirs)) == learn_merges(counts, len(theirs)) == theirs


@pytest.mark.parametrize("seed", range(60))
def test_ties_are_broken_as_the_library_does(bpe: Any, seed: int) -> None:
    """Few letters and small counts give ties at nearly every step, and runs such as aaaa: still the same merges."""
    chance = random.Random(seed)
    letters = "abcd"[: chance.randint(1, 4)]
    words = ("".join(chance.choices(letters, k=chance.randint(1, 9))) for _ in range(chance.randint(1, 25)))
    counts = dict(Counter(words))
    theirs = library_merges(counts, 30)
    assert bpe(counts, len(theirs)) == learn_merges(counts, len(theirs)) == theirs


def test_the_rule_for_ties_matters(bpe: Any) -> None:
    """The comparison above can fail: with ties broken the other way round, other merges come out."""
    names = lesson_code("count-pairs", "best-pair", "merge-pair")
    names["best_pair"] = lambda pairs, known: max(pairs, key=lambda pair: (pairs[pair], *map(known.index, pair)))
    exec(solution(), names)
    counts = {"film": 5, "films": 3, "filmed": 2, "played": 3, "playing": 2}
    right = bpe(counts, 5)
    assert right == library_merges(counts, 5)
    assert names["byte_pair_encoding"](counts, 5) != right


def test_training_ends_by_itself(bpe: Any) -> None:
    """When every word is one piece there is nothing left to merge; words without pairs give no step."""
    counts = {"aab": 2, "c": 1}
    merges = bpe(counts, 100)
    assert list(list(replay(counts, merges))[-1][2]) == [("aab",), ("c",)]
    assert bpe({"a": 3}, 100) == bpe({}, 100) == []


def trained_again(cell: str, name: str, times: int) -> list[Tokenizer]:
    """What a cell of the lesson trains under a name, several times."""
    texts, made = corpus("pocket_reviews")["train"][:]["text"], []
    first = cell_by_id(read(NOTEBOOKS / "04_tokenizers.ipynb"), "equal-to-library").source.split("\n\nlibrary")[0]
    source = cell_by_id(read(NOTEBOOKS / "04_tokenizers.ipynb"), cell).source
    for _ in range(times):
        names: dict[str, Any] = {"texts": texts, "json": json}
        with redirect_stdout(io.StringIO()):
            exec(f"{first}\n{source}", names)
        made.append(names[name])
    return made


def test_wordpiece_output_of_the_lesson_is_steady() -> None:
    """Training is not the same twice, but the tokens that the lesson prints are, and the ids never."""
    made = trained_again("train-wordpiece", "wordpiece", 12)
    shown = {tuple(one.encode("a wonderful film, annoyingly unwatchable").tokens) for one in made}
    assert len(shown) == 1 and {one.get_vocab_size() for one in made} == {1000}
    assert all(one.get_vocab() != made[0].get_vocab() for one in made[1:])


def test_longest_match_is_the_librarys() -> None:
    """What the fourth exercise asks for is what the tokenizer does: the same pieces for every word of the corpora."""
    tokenizer, vocabulary = answers_04.TOKENIZER, answers_04.TOKENIZER.get_vocab()
    texts = corpus("pocket_pairs")["train"][:]["sentence1"] + corpus("pocket_reviews", "ko")["test"][:]["text"]
    backend = tokenizer.backend_tokenizer
    normal = (backend.normalizer.normalize_str(text) for text in texts)
    words = {word for text in normal for word, _ in backend.pre_tokenizer.pre_tokenize_str(text)}
    assert len(words) > 1000
    for word in words:
        assert cut_longest_first(word, vocabulary) == tokenizer.tokenize(word), word
    assert tokenizer.tokenize("a" * 100) == cut_longest_first("a" * 100, vocabulary) != ["[UNK]"]
    assert tokenizer.tokenize("a" * 101) == ["[UNK]"], "so the exercise says that longer words are not asked for"


def test_unigram_takes_the_most_probable_cut() -> None:
    """What the lesson prints of Unigram is the same after each training: tokens, and sums to one decimal."""
    made = trained_again("unigram", "unigram", 6)
    seen = set()
    for one in made:
        log = dict(json.loads(one.to_str())["model"]["vocab"])
        cuts = (["▁un", "watchable"], ["▁un", *"watchable"])
        sums = [f"{sum(log[piece] for piece in cut):.1f}" for cut in cuts]
        seen.add((*one.encode("an unwatchable film").tokens, *sums))
    assert len(seen) == 1, seen
    assert float(sums[0]) > float(sums[1]) and "watchable" in made[0].encode("an unwatchable film").tokens


# --- cutting a text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["English", "Korean", "bytes"])
@pytest.mark.parametrize("given", [*STRANGE, "Café BELLA isn't naïve: 나는 학교에 간다 🍿"])
def test_pieces_are_the_librarys(tokenizers: dict[str, Any], name: str, given: str) -> None:
    """Tokens, ids and covered characters are those of the tokenizer itself; nothing that may be typed fails."""
    tokenizer, cut = tokenizers[name], tokenize_text(given, tokenizers[name])
    shown = given.encode("utf-8", "replace").decode("utf-8")[:MAX_CHARACTERS]
    encoded = tokenizer(shown, return_offsets_mapping=True)
    assert cut.text == shown and cut.left_out == max(0, len(given) - MAX_CHARACTERS)
    assert [piece.id for piece in cut.pieces] == encoded["input_ids"]
    assert [piece.token for piece in cut.pieces] == encoded.tokens()
    assert [piece.covers for piece in cut.pieces] == [shown[start:end] for start, end in encoded["offset_mapping"]]
    html = tokenized_html(name, cut)
    assert html.count("<br>") == 2 * min(len(cut.pieces), SHOWN_PIECES), "each with its id and what it covers"
    assert f"{cut.tokens} tokens for {len(shown.split())} words" in html


def test_kinds(tokenizers: dict[str, Any]) -> None:
    """Each kind of piece is told apart: begin of a word, continuation, part of a character, unknown, special."""

    def kinds(name: str, given: str) -> list[str]:
        return [piece.kind for piece in tokenize_text(given, tokenizers[name]).pieces]

    assert kinds("English", "annoyingly loud") == ["special", "word", "continued", "word", "special"]
    assert kinds("English", "film.") == ["special", "word", "word", "special"]
    assert kinds("English", "한") == ["special", "part", "part", "part", "special"]
    assert kinds("English", "👍") == ["special", "unknown", "special"]
    assert kinds("English", "[SEP]") == kinds("English", "[UNK]") == ["special"] * 3
    assert set(kinds("bytes", "🍿")) == {"part"} and len(kinds("bytes", "🍿")) > 1
    assert tokenize_text("한 👍", tokenizers["English"]).unknown == 1


def test_words_share_a_number(tokenizers: dict[str, Any]) -> None:
    """Pieces of one word have its number, special tokens have none: the colours follow from that."""
    cut = tokenize_text("annoyingly loud", tokenizers["English"])
    assert [piece.word for piece in cut.pieces] == [None, 0, 0, 1, None]
    assert (cut.words, cut.tokens, cut.unknown) == (2, 3, 0)
    colours = re.findall(r"background:([^\";]+)\"", tokenized_html("", cut))[:5]
    assert colours[1] == colours[2] and len({colours[0], colours[1], colours[3]}) == 3


def test_what_cannot_be_read_is_explained(tokenizers: dict[str, Any]) -> None:
    """No text, or a tokenizer without offsets, gets an answer in words."""
    with pytest.raises(CourseError, match="of type int"):
        tokenize_text(7, tokenizers["English"])  # type: ignore[arg-type]
    with pytest.raises(CourseError, match="PreTrainedTokenizerFast"):
        tokenize_text("film", object())  # type: ignore[arg-type]


def test_html_says_everything(tokenizers: dict[str, Any]) -> None:
    """Token, id and covered characters stand in the view; what was typed never becomes markup; long texts are cut."""
    html = tokenized_html("A & B", tokenize_text("Loud <script>", tokenizers["English"]))
    assert "A &amp; B" in html and "<script>" not in html and ">&lt;<br>" in html
    assert ">loud<br>" in html and f">{tokenizers['English'].convert_tokens_to_ids('loud')}<" in html
    assert ">Loud<" in html
    long = tokenize_text("very " * 500, tokenizers["English"])
    assert f"and {len(long.pieces) - SHOWN_PIECES} more tokens" in tokenized_html("", long)
    assert f"{2500 - MAX_CHARACTERS} characters at the end were not read" in tokenized_html("", long)
    assert tokenized_html("", long).count("<br>") == 2 * SHOWN_PIECES
    assert tokenized_words("A", tokenize_text("", tokenizers["bytes"])).startswith("A: 0 tokens for 0 words")


def test_white_space_is_drawn(tokenizers: dict[str, Any]) -> None:
    """A space, a tab, the end of a line and a carriage return have signs of their own."""
    html = tokenized_html("", tokenize_text("a\tb\r\nc d", tokenizers["bytes"]))
    assert all(sign in html for sign in "⇥␍⏎␣")
    assert not {"\t", "\r"} & set(html)


def test_legend_names_what_occurs() -> None:
    """The meaning of a border stands below the tokens, for the kinds that occur and no others."""
    html = tokenized_html("", TokenizedText("a", (Piece("a", 1, "a", "word", 0), Piece("[X]", 2, "", "special", None))))
    assert "begins a word</span>" in html and "special token</span>" in html
    assert "unknown</span>" not in html and "part of one character" not in html


# --- figures ----------------------------------------------------------------------------------------------


def boxes(figure: Figure) -> list[tuple[float, int]]:
    """(letters wide, row) of every box of the picture of merges."""
    return [(round(box.get_width() + 0.2, 6), int(box.get_y())) for box in figure.axes[0].patches]


def test_merges_are_drawn(bpe: Any) -> None:
    """A row for the letters and one for each merge; a box is as wide as its piece; new pieces have another frame."""
    counts = {"film": 5, "films": 3}
    steps = list(replay(counts, bpe(counts, 3)))
    picture = draw_merges(steps)
    figure = picture.figure
    expected = [(1, 0)] * 9
    for row, (_, _, words) in enumerate(steps, 1):
        expected += [(len(piece), row) for pieces in words for piece in pieces]
    assert boxes(figure) == expected
    new = [box for box in figure.axes[0].patches if box.get_linewidth() == 2]
    assert [round(box.get_width() + 0.2) for box in new] == [2, 2, 2, 2, 4, 4]
    assert "merge 1: f + i (8 times)" in [words.get_text() for words in figure.axes[0].texts]
    assert "3: fi + lm (8 times) gives film, film s." in picture.words


@pytest.mark.parametrize(
    "steps", [[], [(("a", "b"), 1, {})], [(("a", "b"), 1, {("ab",): 1}), (("c", "d"), 1, {("cd",): 1})]]
)
def test_merges_refuse_in_words(steps: list[Any]) -> None:
    """Nothing to draw, or other words in the second step, is explained."""
    with pytest.raises(CourseError, match="draw_merges"):
        draw_merges(steps)


def test_trade_off_draws_the_numbers() -> None:
    """Both panels hold each family's own numbers, sorted by size; the right one in per cent."""
    families = {"words": [(1800, 1.2, 0.1), (250, 1.25, 0.3)], "characters": [(46, 4.5, 0.0)]}
    picture = draw_trade_off(families)
    fertility, unknown = picture.figure.axes
    assert [(line.get_label(), *map(list, line.get_data())) for line in fertility.lines] == [
        ("words", [250, 1800], [1.25, 1.2]),
        ("characters", [46], [4.5]),
    ]
    assert [list(line.get_ydata()) for line in unknown.lines] == [[30, 10], [0]]
    assert fertility.get_xscale() == unknown.get_xscale() == "log"
    assert "words: 250 entries, fertility 1.25, 30 % unknown; 1800 entries" in picture.words
    assert "46 entries, fertility 4.50" in picture.words


@pytest.mark.parametrize("point", [(0, 1.0, 0.0), (10, float("nan"), 0.0), (10, -1.0, 0.0), (10, 1.0, 30)])
def test_trade_off_refuses_in_words(point: tuple[int, float, float]) -> None:
    """A vocabulary of nothing, a fertility that is no number or a share above 1 is explained."""
    with pytest.raises(CourseError, match="entries above 0"):
        draw_trade_off({"words": [point]})
    with pytest.raises(CourseError):
        draw_trade_off({})


def test_bars_are_as_long_as_the_numbers() -> None:
    """One bar for each tokenizer and language, as long as its number, which stands beside it."""
    values = {"A": {"English": 1.25, "Korean": 5.0}, "B": {"English": 3.5, "Korean": 2.0}}
    picture = draw_fertility(values)
    axes = picture.figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == [1.25, 3.5, 5.0, 2.0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A", "B"]
    assert "Korean 5.0" in {words.get_text() for words in axes.texts}
    assert "B: English 3.5, Korean 2.0." in picture.words
    for wrong in ({}, {"A": {}}, {"A": {"English": 1.0}, "B": {"Korean": 1.0}}):
        with pytest.raises(CourseError, match="same languages"):
            draw_fertility(wrong)


# --- the widget -------------------------------------------------------------------------------------------


@pytest.fixture
def pair(tokenizers: dict[str, Any]) -> TokenizerPair:
    """The widget of the lesson."""
    return tokenizer_pair(tokenizers, "annoyingly 정말")


def test_typing_changes_both_sides(pair: TokenizerPair, tokenizers: dict[str, Any]) -> None:
    """Each side is the text as cut by its own tokenizer, before and after typing."""
    for sentence in ("annoyingly 정말", "tokenization", ""):
        pair.box.value = sentence
        for menu, view in zip(pair.menus, pair.views, strict=True):
            assert view.value == tokenized_html(menu.value, tokenize_text(sentence, tokenizers[menu.value]))
    assert [menu.value for menu in pair.menus] == ["English", "Korean"]


def test_a_menu_changes_its_own_side(pair: TokenizerPair, tokenizers: dict[str, Any]) -> None:
    """Another tokenizer on the right leaves the left as it is."""
    left = pair.views[0].value
    pair.menus[1].value = "bytes"
    assert pair.views[0].value == left
    assert pair.views[1].value == tokenized_html("bytes", tokenize_text(pair.box.value, tokenizers["bytes"]))


@pytest.mark.parametrize("typed", STRANGE)
def test_anything_may_be_typed(pair: TokenizerPair, typed: str) -> None:
    """Whatever is typed gives two cut texts, never an error."""
    pair.menus[1].value = "bytes"
    pair.box.value = typed
    assert all('class="course-tokenized"' in view.value for view in pair.views)


def test_a_tokenizer_of_ones_own(tokenizers: dict[str, Any]) -> None:
    """A wrapped tokenizer without special tokens, trained in the lesson, is compared like any other."""
    made = Tokenizer(models.WordLevel({"[UNK]": 0, "film": 1}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    mine = PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]")
    widget = tokenizer_pair({"mine": mine, **tokenizers}, "film noir")
    assert "2 tokens for 2 words and 9 characters, 1 unknown" in widget.views[0].value


def test_a_failing_tokenizer_is_explained(tokenizers: dict[str, Any]) -> None:
    """If a tokenizer fails at a text, its side says so, the other still reads, and the text stays."""

    class Fails:
        is_fast, all_special_ids, unk_token_id = True, (), None

        def __call__(self, given: str, **_: object) -> object:
            if given:
                raise RuntimeError("out of luck")
            return tokenizers["English"](given, return_offsets_mapping=True)

        def convert_ids_to_tokens(self, number: int) -> str:
            return str(number)

    widget = tokenizer_pair({"fails": Fails(), "English": tokenizers["English"]})
    widget.box.value = "film"
    assert "out of luck" in widget.views[0].value and ">film<br>" in widget.views[1].value
    assert widget.box.value == "film"


def test_one_tokenizer_is_too_few(tokenizers: dict[str, Any]) -> None:
    """Somebody who gives one tokenizer is told how to give two."""
    with pytest.raises(CourseError, match="Two tokenizers are needed"):
        tokenizer_pair({"English": tokenizers["English"]}, "film")
