"""Reading a file of one's own: its form is found out, and what is in the way is said in one sentence.

A file is gone through once, line by line, and only the columns asked for are kept; of a long one, a sample. So a file
that does not fit into memory can be read, too.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_utils.messages import CourseError, brief, shorten, text

if TYPE_CHECKING:
    from datasets import Dataset

OWN_FILE = Path(__file__).with_name("own_reviews.csv")
"""The file that the lesson begins with."""

MOST_ROWS = 3_000
"""Of a longer file a sample of so many rows is read: a lesson should end within minutes, without a GPU too."""
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MARKS = (  # of two that begin alike, the longer one first
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
STARTS = {b"PK\x03\x04": "zip", b"\xd0\xcf\x11\xe0": "old_excel", b"\x1f\x8b": "gzip", b"%PDF": "pdf"}
LOOKED_AT = 1 << 16
"""Bytes from which the encoding and the separator are read."""
LONGEST_FIELD = 1 << 24


@dataclass(frozen=True)
class Form:
    """How a file is written.

    Attributes:
        kind: "csv" (any separator), "jsonl", "json" or "parquet".
        encoding: name of the encoding, as Python knows it; empty for parquet.
        separator: what stands between two fields of a csv file; empty for others.
        columns: the names in its head, or of its first record.
    """

    kind: str
    encoding: str
    separator: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        """In words, as a lesson prints it.

        >>> print(Form("csv", "utf-8-sig", ";", ("review", "verdict")))
        CSV, separator semicolon, UTF-8 with a byte order mark
        """
        names = {"utf-8-sig": text("read_file.form.mark"), "utf-8": "UTF-8"}
        parts = [{"csv": "CSV", "jsonl": text("read_file.form.lines"), "json": "JSON", "parquet": "parquet"}[self.kind]]
        parts += [text(f"read_file.form.{SEPARATORS[self.separator]}")] if self.separator else []
        return ", ".join([*parts, *([names.get(self.encoding, self.encoding)] if self.encoding else [])])


@dataclass(frozen=True)
class OwnFile:
    """What was read.

    Attributes:
        form: how the file is written.
        rows: a data set of texts: `text`, `text_pair` where there are two columns of text, and `label`.
        found: how many rows the file has; more than `rows` where it was sampled.
        skipped: lines with more or fewer fields than the head, which were left out.
    """

    form: Form
    rows: Dataset
    found: int
    skipped: int

    def __str__(self) -> str:
        """In one or two sentences."""
        said = text("read_file.read", form=self.form, rows=f"{self.found:,}", columns=", ".join(self.form.columns))
        if self.skipped:
            said += " " + text("read_file.skipped", number=self.skipped)
        if self.found > len(self.rows):
            said += " " + text("read_file.sampled", number=f"{len(self.rows):,}")
        return said


def read_file(
    path: str | Path,
    texts: str | Sequence[str],
    label: str,
    *,
    encoding: str | None = None,
    most: int = MOST_ROWS,
) -> OwnFile:
    """Read the columns of a CSV, TSV, JSON lines, JSON or parquet file that a lesson needs.

    Args:
        path: the file.
        texts: the column that holds the text, or the two columns of a pair.
        label: the column that holds the label.
        encoding: by default found out: UTF-8 and UTF-16, else the usual one of Korean or of Western Windows.
        most: of a file with more rows, so many are drawn at random.
    Raises:
        CourseError: what is in the way, in one sentence, with what was found instead.

    >>> read = read_file(OWN_FILE, "review", "verdict")
    >>> print(read.form)
    CSV, separator semicolon, UTF-8 with a byte order mark
    >>> read.rows.column_names, read.found
    (['text', 'label'], 600)
    """
    file = _existing(path)
    wanted = _wanted(texts, label)
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise CourseError(text("read_file.most", given=brief(most)))
    form = form_of(file, encoding)
    _check_columns(file, form, wanted)
    try:
        rows, found, skipped = _sample(file, form, wanted, most)
    except CourseError:
        raise
    except UnicodeError as error:
        raise CourseError(text("read_file.encoding", file=file.name, encoding=form.encoding)) from error
    except Exception as error:  # whatever a broken file makes a reader say
        raise CourseError(text("read_file.broken", file=file.name, form=form, problem=_short(error))) from error
    if not rows:
        raise CourseError(text("read_file.no_rows", file=file.name, columns=", ".join(form.columns)))
    from datasets import Dataset, Features, Value

    names = ["text", "text_pair", "label"] if len(wanted) == 3 else ["text", "label"]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    return OwnFile(
        form, Dataset.from_dict(columns, features=Features(dict.fromkeys(names, Value("string")))), found, skipped
    )


def form_of(path: str | Path, encoding: str | None = None) -> Form:
    """How a file is written, from its first bytes; its name counts only where both fit.

    Raises CourseError for what is no table: nothing in it, an Excel workbook, an archive, one column without a head.

    >>> form_of(OWN_FILE).columns
    ('number', 'about', 'review', 'verdict', 'stars')
    """
    file = _existing(path)
    with file.open("rb") as opened:
        start = opened.read(LOOKED_AT)
    if not start.strip():
        raise CourseError(text("read_file.empty", file=file.name))
    if start.startswith(b"PAR1"):
        import pyarrow.parquet

        try:
            return Form("parquet", "", "", tuple(pyarrow.parquet.read_schema(file).names))
        except Exception as error:
            raise CourseError(
                text("read_file.broken", file=file.name, form="parquet", problem=_short(error))
            ) from error
    for mark, kind in STARTS.items():
        if start.startswith(mark):
            raise CourseError(text(f"read_file.{kind}", file=file.name))
    encoding = _encoding(file, start, encoding)
    try:
        with file.open(encoding=encoding, newline="") as opened:
            lines = list(islice((line for line in _lines(opened) if line.strip()), 50))
    except (UnicodeError, LookupError) as error:
        raise CourseError(text("read_file.encoding", file=file.name, encoding=encoding)) from error
    if not lines:
        raise CourseError(text("read_file.empty", file=file.name))
    if any("\0" in line for line in lines):
        raise CourseError(text("read_file.no_text", file=file.name))
    if lines[0].lstrip().startswith(("{", "[")):
        return _json_form(file, lines, encoding)
    with _long_fields():
        separator = _separator(lines, file.suffix)
        head = next(csv.reader(lines, delimiter=separator or ","))
    if not separator:
        raise CourseError(text("read_file.one_column", file=file.name, found=brief(shorten(lines[0].strip(), 60))))
    return Form("csv", encoding, separator, tuple(name.strip() for name in head))


# ------------------------------------------------------------------------------------------- what was asked for


def _existing(path: object) -> Path:
    """The file, or one sentence about what is there instead."""
    if not isinstance(path, str | Path) or not str(path).strip() or "\0" in str(path):
        raise CourseError(text("read_file.not_a_path", given=brief(path), kind=type(path).__name__))
    file = Path(path).expanduser()
    try:
        if file.is_file():
            with file.open("rb"):
                return file
        folder, is_folder = file.parent, file.is_dir()
        there = sorted(each.name for each in folder.iterdir() if each.is_file()) if folder.is_dir() else None
    except OSError as error:
        raise CourseError(text("read_file.refused", file=brief(str(file)), problem=_short(error))) from error
    if is_folder:
        raise CourseError(text("read_file.folder", file=brief(str(file))))
    if there is None:
        raise CourseError(text("read_file.no_folder", folder=brief(str(folder)), here=Path.cwd().name))
    near = difflib.get_close_matches(file.name, there, n=3, cutoff=0.4) or there[:5]
    key = "no_file" if near else "no_file_at_all"
    raise CourseError(
        text(f"read_file.{key}", file=brief(file.name), folder=folder.resolve().name, near=", ".join(near))
    )


def _wanted(texts: object, label: object) -> tuple[str, ...]:
    """The names of the columns: one or two of text, then that of the label."""
    given = [texts] if isinstance(texts, str) else list(texts) if isinstance(texts, list | tuple) else []
    if not 1 <= len(given) <= 2 or not all(isinstance(name, str) for name in [*given, label]):
        raise CourseError(text("read_file.names", texts=brief(texts), label=brief(label)))
    if len({*given, label}) <= len(given):
        raise CourseError(text("read_file.same_names", texts=brief(texts), label=brief(label)))
    return (*given, str(label))


def _check_columns(file: Path, form: Form, wanted: Sequence[str]) -> None:
    """Each wanted column is there, once."""
    there = [name for name in form.columns if name]
    for name in wanted:
        if form.columns.count(name) > 1:
            raise CourseError(text("read_file.column_twice", file=file.name, name=brief(name), found=", ".join(there)))
        if name not in form.columns:
            near = [each for each in there if each.casefold().strip() == name.casefold().strip()]
            near = near or difflib.get_close_matches(name, there, n=1, cutoff=0.6)
            key = "column_near" if near else "column"
            found = ", ".join(shorten(each, 40) for each in there[:20])
            words = text(
                f"read_file.{key}", file=file.name, name=brief(name), found=found, near=brief((near or [""])[0])
            )
            raise CourseError(words)


# ------------------------------------------------------------------------------------------- how it is written


def _encoding(file: Path, start: bytes, given: str | None) -> str:
    """The encoding that was asked for, the one that the first bytes name, or the first that can read the whole file."""
    if given is not None:
        try:
            codecs.lookup(given)
        except (LookupError, TypeError) as error:
            raise CourseError(text("read_file.unknown_encoding", given=brief(given))) from error
        return given
    for mark, name in MARKS:
        if start.startswith(mark):
            return name
    if start[:200].count(0) > len(start[:200]) // 4:  # every other byte is 0: UTF-16 without a mark
        return "utf-16-le" if start[1:200:2].count(0) >= start[0:200:2].count(0) else "utf-16-be"
    tried = ["utf-8"]
    if _reads(file, "utf-8"):
        return "utf-8"
    tried += [name for name in ("cp949", "cp1252") if _reads(file, name)]
    for name in tried[1:]:
        words = start.decode(name, errors="ignore")
        foreign = [letter for letter in words if ord(letter) > 127]
        hangul = sum("가" <= letter <= "힣" and len(letter.encode("euc_kr")) == 2 for letter in foreign)  # usual ones
        if name == "cp949" and hangul >= 0.9 * len(foreign) and hangul >= 4:
            return name
        if name == "cp1252" and sum(
            letter.isalpha() and letter < "ɐ" or letter in "–—‘’“”…€«»°·¿¡£§" for letter in foreign
        ) >= 0.9 * len(foreign):
            return name
    raise CourseError(text("read_file.which_encoding", file=file.name))


def _reads(file: Path, encoding: str) -> bool:
    """Whether an encoding reads the whole file, piece by piece."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with file.open("rb") as opened:
            while piece := opened.read(1 << 20):
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _separator(lines: Sequence[str], suffix: str) -> str:
    """The separator that splits the first lines into most columns, as many in each; empty where none splits the head.

    >>> _separator(['a;b', '"1,5;";2', '"2,5";3'], ".csv"), _separator(["a", "b"], ".csv")
    (';', '')
    """
    best: tuple[float, int, str] = (0.0, 0, "")
    for separator in SEPARATORS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        agree = sum(width == widths[0] for width in widths) / len(widths)
        named = separator == "\t" and suffix.lower() in {".tsv", ".tab"}
        best = max(best, (agree + named, widths[0], separator))
    return best[2]


def _json_form(file: Path, lines: Sequence[str], encoding: str) -> Form:
    """The form of a file of JSON: a record in each line, or one list of records, whose first alone is read here."""
    listed = lines[0].lstrip().startswith("[")
    try:
        if listed:
            with file.open(encoding=encoding) as opened:
                start = opened.read(LONGEST_FIELD).lstrip()[1:].lstrip()
            records = [json.JSONDecoder().raw_decode(start)[0]]
        else:
            records = [json.loads(lines[0])]
            with suppress(ValueError, RecursionError):  # a line further down is named when it is read
                records += [json.loads(line) for line in lines[1:]]
    except (ValueError, RecursionError) as error:
        raise CourseError(text("read_file.json", file=file.name, problem=_short(error))) from error
    if not isinstance(records[0], dict):
        raise CourseError(text("read_file.json_shape", file=file.name))
    names = dict.fromkeys(str(name) for record in records if isinstance(record, dict) for name in record)
    return Form("json" if listed else "jsonl", encoding, "", tuple(names))


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let the csv module read fields as long as memory bears; it stops at 131,072 letters otherwise."""
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _lines(opened: io.TextIOBase) -> Iterator[str]:
    """The lines of a file, none longer than memory bears."""
    while line := opened.readline(LONGEST_FIELD):
        yield line


# ------------------------------------------------------------------------------------------- its rows


def _sample(file: Path, form: Form, wanted: Sequence[str], most: int) -> tuple[list[tuple[str | None, ...]], int, int]:
    """The wanted fields of all rows, or of `most` drawn at random; then the rows found, and the lines skipped.

    Each row has the same chance (reservoir sampling), no more than `most` are ever held, and they stay in their order.
    """
    draw = random.Random(0)
    kept: list[tuple[int, tuple[str | None, ...]]] = []
    found = skipped = 0
    for row in _records(file, form, wanted):
        if row is None:
            skipped += 1
            continue
        if found < most:
            kept.append((found, row))
        elif (place := draw.randrange(found + 1)) < most:
            kept[place] = (found, row)
        found += 1
    return [row for _, row in sorted(kept, key=lambda pair: pair[0])], found, skipped


def _records(file: Path, form: Form, wanted: Sequence[str]) -> Iterator[tuple[str | None, ...] | None]:
    """The wanted fields of each row as text; None for a line that does not fit the head."""
    if form.kind == "parquet":
        import pyarrow.parquet

        with pyarrow.parquet.ParquetFile(file) as opened:
            for batch in opened.iter_batches(batch_size=1000, columns=list(wanted)):
                columns = [batch.column(batch.schema.get_field_index(name)).to_pylist() for name in wanted]
                yield from (tuple(map(as_text, row)) for row in zip(*columns, strict=True))
        return
    if form.kind == "json":
        for record in json.loads(file.read_text(encoding=form.encoding)):
            yield tuple(as_text(record.get(name)) for name in wanted) if isinstance(record, dict) else None
        return
    with file.open(encoding=form.encoding, newline="") as opened:
        if form.kind == "jsonl":
            for number, line in enumerate(opened, start=1):
                if line.strip():
                    try:
                        record = json.loads(line)
                    except (ValueError, RecursionError) as error:
                        words = text("read_file.json_line", file=file.name, line=number, problem=_short(error))
                        raise CourseError(words) from error
                    yield tuple(as_text(record.get(name)) for name in wanted) if isinstance(record, dict) else None
            return
        with _long_fields():
            rows = csv.reader((line.replace("\0", "") for line in opened), delimiter=form.separator)
            rows = (row for row in rows if row)
            places = [form.columns.index(name) for name in wanted]
            next(rows)
            for row in rows:
                yield tuple(row[place] for place in places) if len(row) == len(form.columns) else None


def as_text(value: Any) -> str | None:
    """A field as text: a whole number without a decimal point, however it was stored; None stays None.

    >>> as_text(1.0), as_text(2.5), as_text(True), as_text(None), as_text(float("nan")), as_text("1.0")
    ('1', '2.5', 'true', None, None, '1.0')
    """
    if value is None or isinstance(value, float) and value != value:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str) else str(value)


def _short(error: BaseException) -> str:
    return shorten(" ".join(f"{type(error).__name__}: {error}".split()), 120)
