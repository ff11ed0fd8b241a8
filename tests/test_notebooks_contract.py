"""What every lesson promises: how it is stored, how its cells look, which parts it has, where its links go.

Each test runs once for every notebook, under the notebook's stem.
"""

from __future__ import annotations

import base64
import contextlib
import io
import itertools
import os
import re
import struct
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from lesson_files import (
    LESSONS,
    NOTEBOOKS,
    REGISTRY_HOSTS,
    ROOT,
    cell_by_id,
    clean_environment,
    code_cells,
    exercise_names,
    fenced_python,
    lesson_paths,
    main_path,
    output_text,
    prose_cells,
    read,
    run_lesson,
    run_time,
    solved,
    tags,
    without_code,
)
from nbformat import NotebookNode

from commands.comparison import course_rules, is_compared
from commands.study_time import sentence, study_time, write_into_table

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
MOST_LINES = 18
MOST_MINUTES = 45
MOST_NOT_COMPARED = 0.10


# --- what there is to check at all ------------------------------------------------------------------------


def test_there_are_lessons() -> None:
    """A green run means that lessons were checked: an empty folder is a failure, not a pass."""
    stems = [path.stem for path in lesson_paths()]
    assert "01_behind_the_pipeline" in stems
    assert set(stems) <= set(LESSONS), f"notebooks that are no lesson: {sorted(set(stems) - set(LESSONS))}"


def test_notebooks_lie_in_one_folder() -> None:
    """No notebook hides where the tests do not look."""
    elsewhere = [
        path.relative_to(NOTEBOOKS).as_posix()
        for path in NOTEBOOKS.rglob("*.ipynb")
        if path.parent != NOTEBOOKS and ".ipynb_checkpoints" not in path.parts and path.parent.name != "ko"
    ]
    assert not elsewhere


def test_sanitizer_stays_small() -> None:
    """Fewer than ten rules, each with a pattern that compiles: outputs are compared, not smoothed away."""
    rules = course_rules()
    assert 0 < len(rules) < 10
    for pattern, new in rules:
        assert new.strip()
        assert not pattern.search("4.1692 -3.3464 POSITIVE [101, 1045] torch.Size([2, 16])")


@pytest.mark.slow
def test_a_changed_output_is_noticed(tmp_path: Path) -> None:
    """The comparison can fail: at a stored number that the code does not print, and at one that it prints only once.

    So it can in the Korean twin of a lesson, in a long cell, too, whose output is another one there.
    """
    counting = "n = globals().get('n', 0) + 1\nprint(n)"
    (tmp_path / "ko").mkdir()
    for name, source, printed in (
        ("true", "print(0.5)", "0.5\n"),
        ("changed", "print(0.5)", "0.6\n"),
        ("once", counting, "1\n"),
        ("counted", counting, "1\n"),
        ("ko/counted", counting, "2\n"),
        ("twin", "print('one')", "one\n"),
        ("ko/twin", "print('하나')", "하나\n"),
        ("stale", "print('one')", "one\n"),
        ("ko/stale", "print('하나')", "둘\n"),
        ("long", "print('one')", "one\n"),
        ("ko/long", "print('one')", "하나\n"),
    ):
        long = {"course": {"long": True}} if "long" in name else {}
        cell = nbformat.v4.new_code_cell(source, id="only", execution_count=1, metadata=long)
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)]
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), str(tmp_path / f"{name}.ipynb"))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "reruns"]
    command += ["--nbval", "--nbval-current-env", f"--nbval-sanitize-with={ROOT / 'tests' / 'sanitize.cfg'}"]
    command += ["--rootdir", str(tmp_path), "-v", "-rN", "--color=no", "true.ipynb", "changed.ipynb", "once.ipynb"]
    command += ["counted.ipynb", "twin.ipynb", "stale.ipynb", "long.ipynb"]
    environment = clean_environment(PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / "tests")]))
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert re.findall(r"^(\w+)\W+ipynb::(Cell 0|again|korean) (\w+)", done.stdout, flags=re.MULTILINE) == [
        ("true", "Cell 0", "PASSED"),
        ("true", "again", "PASSED"),
        ("changed", "Cell 0", "FAILED"),
        ("changed", "again", "SKIPPED"),
        ("once", "Cell 0", "PASSED"),
        ("once", "again", "FAILED"),
        ("counted", "Cell 0", "PASSED"),
        ("counted", "korean", "FAILED"),
        ("twin", "Cell 0", "PASSED"),
        ("twin", "korean", "PASSED"),
        ("stale", "Cell 0", "PASSED"),
        ("stale", "korean", "FAILED"),
        ("long", "Cell 0", "PASSED"),
        ("long", "korean", "FAILED"),
    ], done.stdout + done.stderr
    assert re.findall(r"^cell only, run ([a-z ]+): Cell", done.stdout, flags=re.MULTILINE) == [
        *("again", "twice in a row"),  # once
        "twice in a row",  # counted
        *("again", "twice in a row"),  # stale
        "again",  # long
    ], done.stdout


# --- how it is stored -------------------------------------------------------------------------------------


def test_format_is_valid(lesson: Path) -> None:
    """Any Jupyter of today opens the lesson: format 4.5, valid by its schema."""
    notebook = read(lesson)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    nbformat.validate(notebook)


def test_stored_run_is_complete(lesson: Path) -> None:
    """What a reader sees was run once from a fresh kernel, from top to bottom: cells are numbered 1 to n."""
    cells = code_cells(read(lesson))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        for output in cell.outputs:
            if output.output_type == "execute_result":
                assert output.execution_count == cell.execution_count, cell.id


def test_outputs_were_stored(lesson: Path) -> None:
    """The comparison has something to compare: most code cells say or show something."""
    cells = code_cells(read(lesson))
    speaking = [cell for cell in cells if cell.outputs and is_compared(cell)]
    counts = f"only {len(speaking)} of {len(cells)} code cells have a compared output: at least 7 in 10 should"
    assert len(speaking) >= 0.7 * len(cells), counts


def test_no_stored_errors(lesson: Path) -> None:
    """An error is stored only where the lesson wants to show one, and there it is stored."""
    for cell in code_cells(read(lesson)):
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert failed == ("raises-exception" in tags(cell)), cell.id


def test_no_stray_stderr(lesson: Path) -> None:
    """No warning or progress bar litters a lesson."""
    for cell in code_cells(read(lesson)):
        streams = {output.name for output in cell.outputs if output.output_type == "stream"}
        assert "stderr" not in streams, cell.id


def test_no_widget_state(lesson: Path) -> None:
    """A fresh clone shows a picture where a widget will be, never `model not found`."""
    notebook = read(lesson)
    assert "widgets" not in notebook.metadata
    for cell in code_cells(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            if WIDGET_VIEW in data:
                assert {"text/html", "image/png"} & set(data), f"{cell.id}: a widget without a still view"


def test_metadata_is_plain(lesson: Path) -> None:
    """The stored kernel is the common one and nothing personal is stored beside it."""
    metadata = read(lesson).metadata
    assert metadata.kernelspec.name == "python3"
    assert set(metadata) <= {"kernelspec", "language_info", "course"}, sorted(metadata)
    for cell in read(lesson).cells:
        assert set(cell.metadata) <= {"tags", "course"}, f"{cell.id}: {sorted(cell.metadata)}"


# --- cells ------------------------------------------------------------------------------------------------


def test_ids_are_meaningful(lesson: Path) -> None:
    """The coverage table, links and translations point at cells by id: words, each id once."""
    ids = [cell.get("id", "") for cell in read(lesson).cells]
    assert len(set(ids)) == len(ids)
    for cell_id in ids:
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", cell_id), cell_id
        assert not re.fullmatch(r"[0-9a-f]{6,}", cell_id), f"{cell_id} looks drawn at random"
        assert re.search(r"[a-z]{3}", cell_id), cell_id


def test_cells_are_short(lesson: Path) -> None:
    """One idea a cell: no code cell is longer than a screen of a projector, the typical one far shorter."""
    lengths = {}
    for cell in code_cells(read(lesson)):
        lengths[cell.id] = sum(1 for line in cell.source.splitlines() if line.strip())
    too_long = {name: length for name, length in lengths.items() if length > MOST_LINES}
    assert not too_long
    assert not [name for name, length in lengths.items() if length == 0], "an empty code cell"
    # the first cell speaks two languages and is the same in all lessons: test_install_cell has a limit for it
    above_aim = [name for name, length in lengths.items() if length > 12 and name != "install"]
    assert len(above_aim) <= max(2, 0.2 * len(lengths)), above_aim


def test_few_cells_are_not_compared(lesson: Path) -> None:
    """At most one code cell in ten escapes the comparison, and says why in its metadata."""
    cells = code_cells(read(lesson))
    escaping = [cell for cell in cells if not is_compared(cell)]
    assert len(escaping) <= MOST_NOT_COMPARED * len(cells), [cell.id for cell in escaping]
    for cell in cells:
        reason = cell.metadata.get("course", {}).get("why_not_compared", "")
        assert bool(reason) == (not is_compared(cell)), f"{cell.id}: a reason and the tag go together"
        if reason:
            assert len(reason.split()) >= 4, f"{cell.id}: the reason says too little"
        assert "nbval-skip" not in tags(cell), f"{cell.id}: every cell is run"


def test_known_tags_only(lesson: Path) -> None:
    """A misspelt tag would switch something off unseen."""
    known = {"exercise", "hub", "nbval-ignore-output", "raises-exception", "further", "hide-input"}
    for cell in read(lesson).cells:
        assert set(tags(cell)) <= known, f"{cell.id}: {sorted(set(tags(cell)) - known)}"


def test_hub_cells_say_one_line_when_offline(lesson: Path) -> None:
    """A cell that needs the Hub prints one line in a stored (pocket) run and asks nothing of the network."""
    for cell in code_cells(read(lesson)):
        if "hub" in tags(cell):
            assert "hub_mode" in cell.source, cell.id
            assert is_compared(cell), f"{cell.id}: the one line is compared"
            assert len(output_text(cell).strip().splitlines()) == 1, cell.id


def test_prose_and_code_alternate(lesson: Path) -> None:
    """Somebody who studies alone is told what comes next: prose between code, and never a wall of it."""
    notebook = read(lesson)
    words = sum(len(without_code(cell.source).split()) for cell in prose_cells(notebook))
    source = "\n".join(cell.source for cell in code_cells(notebook))
    lines = len([line for line in source.splitlines() if line.strip()])
    assert 3 <= words / lines <= 25, f"{words} words for {lines} lines of code"
    run = 0
    for cell in notebook.cells:
        run = run + 1 if cell.cell_type == "code" else 0
        assert run <= 4, f"{cell.id}: more than four code cells without a word between them"
    for cell in prose_cells(notebook):
        assert len(without_code(cell.source).split()) <= 260, f"{cell.id}: a wall of text"


def test_nothing_is_left_to_fill_in(lesson: Path) -> None:
    """No placeholder of the author reaches a reader."""
    for cell in prose_cells(read(lesson)):
        found = re.search(r"\b(TODO|FIXME|XXX|TBD|RUNTIME|lorem ipsum)\b", without_code(cell.source))
        assert not found, f"{cell.id}: {found.group()}"


# --- words ------------------------------------------------------------------------------------------------


def test_no_exclamation_marks_in_prose(lesson: Path) -> None:
    """The tone stays calm: no exclamation mark outside code and quoted examples."""
    for cell in prose_cells(read(lesson)):
        prose = re.sub(r"!\[", "[", without_code(cell.source))
        prose = re.sub(r"[\"“‘'][^\"”’\n]*[\"”’']|^>.*$|\*[^*\n]+\*", "", prose, flags=re.MULTILINE)
        assert "!" not in prose.replace("!=", ""), cell.id


def test_nothing_of_a_machine_is_stored(lesson: Path) -> None:
    """What a reader sees holds for every machine: no folder of the one it was run on, no package registry."""
    home = re.compile(
        r"(?<![\w.\-/:])/(home|root|Users|tmp|opt|usr|work|var|mnt|private|content)/\w"
        r"|[A-Za-z]:\\\\?Users|site-packages|ipykernel_\d{3,}" + f"|{REGISTRY_HOSTS.pattern}"
    )
    for cell in read(lesson).cells:
        for text in (cell.source, output_text(cell) if cell.cell_type == "code" else ""):
            found = home.search(text)
            assert not found, f"{cell.id}: {text[max(0, found.start() - 30) : found.end() + 30]!r}"


# --- parts of a lesson ------------------------------------------------------------------------------------


def opening(notebook: NotebookNode) -> str:
    """The Markdown before the third code cell."""
    texts: list[str] = []
    code = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            code += 1
            if code == 3:
                break
        else:
            texts.append(cell.source)
    return "\n\n".join(texts)


def headings(notebook: NotebookNode) -> list[tuple[int, str, str]]:
    """Level, text and cell id of every Markdown heading."""
    found = []
    for cell in prose_cells(notebook):
        text = re.sub(r"^(```|~~~).*?^\1[^\n]*$", "", cell.source, flags=re.DOTALL | re.MULTILINE)
        for marks, words in re.findall(r"^(#{1,6}) +(.+?) *$", text, flags=re.MULTILINE):
            found.append((len(marks), words, cell.id))
    return found


def test_first_cells(lesson: Path) -> None:
    """Every lesson starts alike: a cell that helps when it stands alone, with the public address, then setup()."""
    from course_utils.address import REPOSITORY

    install, start = code_cells(read(lesson))[:2]
    assert (install.id, start.id) == ("install", "setup")
    stamped = re.findall(r"^ADDRESS = \[(.*)\]", install.source, flags=re.MULTILINE)
    assert stamped == [f'"https://github.com/{REPOSITORY}/archive/refs/heads/main.zip"' if REPOSITORY else ""]
    others = {cell_by_id(read(path), "install").source for path in lesson_paths()}
    assert len(others) == 1, "the first cell of all lessons is the same"
    assert re.search(r"^setup\(\)$", start.source, flags=re.MULTILINE)


def test_title_and_outline(lesson: Path) -> None:
    """One title at the top, then an outline without jumps, so that the table of contents reads well."""
    notebook = read(lesson)
    levels = [level for level, _, _ in headings(notebook)]
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.lstrip().startswith("# ") or re.search(
        r"^# ", notebook.cells[0].source, flags=re.MULTILINE
    )
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    names = [words for _, words, _ in headings(notebook)]
    assert len(set(names)) == len(names), "two headings with the same words give one anchor"


def test_opening_says_what_to_expect(lesson: Path) -> None:
    """Before the first cell runs: the question, three to five abilities, both times, what to have read."""
    text = opening(read(lesson))
    prose = without_code(text)
    assert "?" in prose, "the question that the lesson answers"
    able = re.search(r"(be able to|you will|you can)[^\n]*\n+((?:[-*] [^\n]+\n?(?:  [^\n]+\n?)*)+)", prose)
    assert able, "a list of what the reader will be able to do"
    abilities = re.findall(r"^[-*] ", able.group(2), flags=re.MULTILINE)
    assert 3 <= len(abilities) <= 5, f"{len(abilities)} abilities"
    running = r"[Rr]un time[^.\n]{0,20} \d+ (seconds?|minutes?) \(measured"
    assert re.search(running, prose), "the run time, as in: Run time about 20 seconds (measured"
    times = study_time(read(lesson).cells)
    assert sentence(times) in prose, f"not by the rule: `python -m commands.study_time` writes {sentence(times)!r}"
    assert times.core <= MOST_MINUTES, f"the core path with its exercises takes {times.core} minutes"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert write_into_table(readme, lesson.stem[:2], times) == readme, "README says another study time"
    row = next(line for line in readme.splitlines() if line.startswith(f"| [{lesson.stem[:2]} "))
    assert f"| {run_time(lesson)} s |" in row, "README says another run time"
    assert re.search(r"\bread\b", prose), "what to have read before"


def test_first_result_within_three_cells(lesson: Path) -> None:
    """The reader sees something of the subject before any theory: among the first cells after set-up."""
    setup_cells = {"install", "setup", "machine"}
    working = [cell for cell in code_cells(read(lesson)) if cell.id not in setup_cells]
    assert any(output_text(cell).strip() for cell in working[:3])


def test_closing_parts(lesson: Path) -> None:
    """A lesson ends with what was seen and the way to its neighbours."""
    notebook = read(lesson)
    names = [words for _, words, _ in headings(notebook)]
    assert "What you saw" in names
    position = LESSONS.index(lesson.stem)
    closing = "\n".join(cell.source for cell in prose_cells(notebook)[-3:])
    for neighbour in (position - 1, position + 1):
        if not 0 <= neighbour < len(LESSONS):
            continue
        stem = LESSONS[neighbour]
        link = re.search(rf"\]\((?:\./)?{stem}\.ipynb(#[^)]*)?\)", closing)
        if (NOTEBOOKS / f"{stem}.ipynb").exists():
            assert link, f"a link to {stem}"
        else:
            assert not link, f"{stem} does not exist yet: name it without a link"
            assert re.search(rf"\b{stem[:2]}\b", closing), f"lesson {stem[:2]} is named"


def test_links_resolve(lesson: Path) -> None:
    """Every link between lessons, headings and files of the course leads somewhere."""
    notebook = read(lesson)
    for cell in prose_cells(notebook):
        prose = without_code(cell.source)
        for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)\s]+)[^)]*\)", prose):
            if re.match(r"(https?|mailto):", target):
                assert not target.startswith("http:"), f"{cell.id}: {target} is not encrypted"
                continue
            name, _, anchor = target.partition("#")
            path = (NOTEBOOKS / unquote(name)).resolve() if name else lesson
            assert path.exists(), f"{cell.id}: {target} leads nowhere"
            assert path.is_relative_to(NOTEBOOKS), f"{cell.id}: {target} breaks in a copy"
            if anchor.startswith("cell-id="):  # JupyterLab opens the lesson at this cell
                there = {other.id for other in read(path).cells}
                assert anchor.removeprefix("cell-id=") in there, f"{cell.id}: no cell for #{anchor} in {path.name}"
            elif anchor and path.suffix == ".ipynb":
                anchors = {words.replace(" ", "-") for _, words, _ in headings(read(path))}
                assert unquote(anchor) in anchors, f"{cell.id}: no heading for #{anchor}"


def test_pictures_have_alt_text(lesson: Path) -> None:
    """Somebody who cannot see a picture hears what it shows: in Markdown, in HTML and in outputs."""
    for cell in read(lesson).cells:
        if cell.cell_type == "markdown":
            prose = without_code(cell.source)
            for alt, target in re.findall(r"!\[([^\]]*)\]\(([^)]*)\)", prose):
                assert len(alt.split()) >= 3 or "badge" in target, f"{cell.id}: {target} without alt text"
                assert not target.startswith("http") or "badge" in target, f"{cell.id}: hot-linked {target}"
            for image in re.findall(r"<img\b[^>]*>", prose):
                assert re.search(r"alt=[\"'][^\"']{3,}", image), f"{cell.id}: {image}"
        else:
            for output in cell.outputs:
                data = output.get("data", {})
                if "image/png" in data or "image/svg+xml" in data:
                    assert len(picture_words(output).split()) >= 8, f"{cell.id}: a picture without alt text"
                for image in re.findall(r"<img\b[^>]*>", data.get("text/html", "")):
                    assert re.search(r"alt=[\"'][^\"']{10,}", image), f"{cell.id}: an image without alt text"


def picture_words(output: NotebookNode) -> str:
    """What describes a stored picture: its plain text, where that is more than a repr, or its metadata."""
    plain = str(output.data.get("text/plain", ""))
    described = "" if re.match(r"\s*<(Figure|IPython)", plain) else plain
    meta = output.get("metadata", {})
    return described or str(meta.get("image/png", {}).get("alt", "")) or str(meta.get("alt", ""))


class Words(HTMLParser):
    """Collects the readable words of an HTML text, styles left out."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.inside_style = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.inside_style = self.inside_style or tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script"):
            self.inside_style = False

    def handle_data(self, data: str) -> None:
        if not self.inside_style:
            self.words.extend(data.split())


def test_has_a_figure_and_a_widget(lesson: Path) -> None:
    """A lesson shows its idea in a picture and lets the reader play; both are stored as still views."""
    figures, widgets = [], []
    for cell in code_cells(read(lesson)):
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/png" in data or "<svg" in data.get("text/html", ""):
                figures.append(cell.id)
            still = {"text/html", "image/png"} & set(data)
            if still and re.search(r"\bshow_(?!figure\b)\w+\(|\bwidgets\.", cell.source):
                widgets.append(cell.id)
    assert figures, "no figure"
    assert widgets, "no widget with a still view"


def test_stored_html_needs_nothing_from_outside(lesson: Path) -> None:
    """Stored views work without a network: no script and nothing fetched from another place."""
    for cell in code_cells(read(lesson)):
        for output in cell.outputs:
            html = str(output.get("data", {}).get("text/html", ""))
            assert not re.search(r"<script|src=[\"']https?:|@import|url\(https?:", html), cell.id


def test_stored_html_reads_without_colours(lesson: Path) -> None:
    """A page that strips styles (GitHub does) still shows words: every stored HTML view has some."""
    for cell in code_cells(read(lesson)):
        for output in cell.outputs:
            html = output.get("data", {}).get("text/html")
            if html and "image/png" not in output.data:
                reader = Words()
                reader.feed(str(html))
                assert len(reader.words) >= 3 or "<img" in html, cell.id


def test_stored_pictures_are_large_enough(lesson: Path) -> None:
    """A figure can be read from the back of a room: at least 600 pixels wide, and not huge on disk."""
    for cell in code_cells(read(lesson)):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                raw = base64.b64decode(output.data["image/png"])
                width = struct.unpack(">I", raw[16:20])[0]
                assert width >= 600, f"{cell.id}: {width} pixels wide"
                assert len(raw) <= 400_000, f"{cell.id}: {len(raw)} bytes"
    assert lesson.stat().st_size <= 2_000_000, "the notebook would load slowly"


# --- exercises and quiz -----------------------------------------------------------------------------------


def exercise_key(notebook: NotebookNode, name: str) -> str:
    """The key under which an exercise is checked, as its check cell gives it."""
    found = re.search(r"check\(\s*\"([^\"]+)\"", cell_by_id(notebook, f"check-{name}").source)
    assert found, f"check-{name} checks nothing"
    return found.group(1)


def test_exercises_are_whole(lesson: Path) -> None:
    """Two to six exercises, each with a task, an instant check, a hint on request and a hidden solution."""
    notebook = read(lesson)
    names = exercise_names(notebook)
    assert 2 <= len(names) <= 6, names
    order = [cell.id for cell in notebook.cells]
    number = lesson.stem[:2]
    for name in names:
        task, answer = cell_by_id(notebook, f"exercise-{name}"), cell_by_id(notebook, f"check-{name}")
        solution = cell_by_id(notebook, f"solution-{name}")
        assert "exercise" in tags(task) and task.cell_type == answer.cell_type == "code"
        assert order.index(task.id) < order.index(answer.id) < order.index(solution.id)
        key = exercise_key(notebook, name)
        assert key.startswith(f"{number}/{name}"), f"{answer.id} checks {key}"
        assert is_compared(task) and is_compared(answer), f"{name}: both outputs are compared"
        assert answer.outputs, f"{name}: the check says something about the unsolved exercise"
        assert solution.cell_type == "markdown" and "<details>" in solution.source
        assert "<summary>Solution</summary>" in solution.source and "</details>" in solution.source
        blocks = fenced_python(solution.source)
        assert blocks, f"{name}: the solution is a fenced python block"
        compile(blocks[0], f"solution-{name}", "exec")
        assert blocks[0].strip() != task.source.strip(), f"{name}: the exercise is already solved"


def test_hints_exist(lesson: Path) -> None:
    """Every exercise has a hint that says something, and asking for it never fails."""
    pytest.importorskip("course_utils", reason="the package is not installed")
    import course_utils

    notebook, texts = read(lesson), set()
    names = exercise_names(notebook)
    for name in names:
        key, heard = exercise_key(notebook, name), io.StringIO()
        with contextlib.redirect_stdout(heard):
            assert course_utils.hint(key) is None
        assert len(heard.getvalue().split()) >= 6, f"{name}: {heard.getvalue()!r}"
        assert "no exercise" not in heard.getvalue()
        texts.add(heard.getvalue())
    assert len(texts) == len(names)


def test_three_quiz_questions(lesson: Path) -> None:
    """Three questions close the lesson, each asked once."""
    source = "\n".join(cell.source for cell in code_cells(read(lesson)))
    asked = re.findall(rf'quiz\(\s*"({lesson.stem[:2]}/[a-z0-9-]+)"', source)
    assert len(asked) == len(set(asked)) == 3, asked


@pytest.mark.slow
def test_solutions_pass(lesson: Path, tmp_path: Path) -> None:
    """The hidden solutions are right, and no cell of the main path needs a section marked *further*, which is left out.

    The browser does the same (`browser_lab.py`). Where its test of the lesson is run too, and a Chromium is there, this
    one is left out: see `conftest.py`.
    """
    notebook = main_path(solved(read(lesson)))
    names = exercise_names(notebook)
    done = run_lesson(notebook, tmp_path, clean_environment(COURSE_STRICT="1", HF_HOME=str(tmp_path / "empty")))
    unsolved = read(lesson)
    for name in names:
        answer = output_text(cell_by_id(done, f"check-{name}"))
        assert answer.strip() and answer != output_text(cell_by_id(unsolved, f"check-{name}")), name


@pytest.mark.parametrize("answer", ["...", "return mask"])
def test_strict_mode_is_strict(
    answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The test above can fail: in strict mode a lesson stops where an exercise is not solved, or wrongly."""
    notebook = read(NOTEBOOKS / "01_behind_the_pipeline.ipynb")
    name = exercise_names(notebook)[0]
    exercise, asked = (cell_by_id(notebook, f"{kind}-{name}").source for kind in ("exercise", "check"))
    lesson: dict[str, object] = {}
    exec("from course_utils import check\n" + exercise.replace("...", answer), lesson)
    exec(asked, lesson)
    assert not capsys.readouterr().out.startswith("Right")
    monkeypatch.setenv("COURSE_STRICT", "1")
    with pytest.raises(AssertionError):
        exec(asked, lesson)
