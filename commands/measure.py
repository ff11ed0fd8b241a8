"""Measure on this machine the figures that the lessons and README.md quote, and print them as tables with their date.

Called by `python course.py measure [PART ...]`, which prepares the environment. The parts:

    padding   real tokens among all positions, for four ways to form batches: counted, not timed
    loop      time of lesson 08's loop against that of the Trainer, and whether their weights are equal
    pocket    sentences a second of a pocket checkpoint against a model of DistilBERT's shape
    curves    accuracy against the number of labelled examples, from pretrained and from random weights
    controls  the same with random weights trained until they learn no more, and with word counts
    lessons   run time of each lesson from a fresh kernel

Each part is kept in my/measured.json as soon as it is done, and `curves`, `controls` and `lessons` after every single
run. So a measuring that was stopped goes on where it was, and what is there already is not measured again, unless what
it hangs on has changed (packages, processor, weights, texts, the notebook) or `--again` asks for it.

`--store` is for authors: it writes finished parts to course_lessons/lesson_07/measured.json, from which lessons draw,
and the tables to README.md, between its lines `<!-- measured -->` and `<!-- /measured -->`.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import hashlib
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from commands.lessons import lessons
from commands.shared import ROOT, duration, say, write_whole

KEPT = ROOT / "my" / "measured.json"
TRIAL = ROOT / "my" / "measured-trial.json"
STORED = ROOT / "course_lessons" / "lesson_07" / "measured.json"
README = ROOT / "README.md"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
PACKAGES = ("torch", "transformers", "tokenizers", "datasets")

Entry = dict[str, Any]


class Unmeasured(Exception):
    """A part cannot be measured or stored; the message says why and what to do."""


@dataclass(frozen=True)
class Scale:
    """How much is measured.

    Attributes:
        padding_seeds: orders of the rows that are averaged.
        pairs: times that loop and Trainer are timed in turn.
        loop_rows: rows of one such training.
        rounds: times that two models are timed in turn.
        sizes, seeds, steps, languages: the runs of the learning curves.
        longer, longer_seeds, most: languages, seeds and largest number of steps of their control that trains on.
        lessons: how many lessons are run, None for all.
    """

    padding_seeds: int = 5
    pairs: int = 7
    loop_rows: int = 480
    rounds: int = 9
    sizes: tuple[int, ...] = (50, 100, 200, 400)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    steps: int = 80
    languages: tuple[str, ...] = ("en", "ko")
    longer: tuple[str, ...] = ("en",)
    longer_seeds: tuple[int, ...] = (0, 1, 2)
    most: int = 700
    lessons: int | None = None


FULL = Scale()
QUICK = Scale(
    padding_seeds=1,
    pairs=1,
    loop_rows=8,
    rounds=1,
    sizes=(4,),
    seeds=(0,),
    steps=1,
    languages=("en",),
    longer_seeds=(0,),
    most=1,
    lessons=1,
)
"""Every part once, with as little as possible: to try the command out. Kept apart, and never stored in the course."""


@dataclass
class Keeper:
    """What is kept of the measuring, in one file; written whole after each change.

    Attributes:
        path: the file.
        entries: an entry for each part: `date`, `machine`, `versions`, `figures`; what they hang on (`basis`), how much
            was to be measured (`scope`), whether it is `complete`, and whether it is a trial (`quick`).
    """

    path: Path
    entries: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Keeper:
        """What an earlier measuring kept; nothing if there is no such file or it cannot be read."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = {}
        return cls(path, found if isinstance(found, dict) else {})

    def usable(self, part: str, basis: str, quick: bool) -> Entry | None:
        """The kept entry of a part, finished or not, if it was measured under what holds now."""
        entry = self.entries.get(part)
        if not isinstance(entry, dict) or entry.get("basis") != basis or entry.get("quick") != quick:
            return None
        return entry

    def keep(
        self, part: str, basis: str, quick: bool, figures: dict[str, Any], complete: bool, scope: str = ""
    ) -> None:
        """Keep what has been measured of a part; other parts stay as they are in the file now."""
        self.entries = Keeper.read(self.path).entries
        self.entries[part] = {
            "date": datetime.date.today().isoformat(),
            "machine": machine(),
            "versions": versions(),
            "basis": basis,
            "scope": scope,
            "quick": quick,
            "complete": complete,
            "figures": figures,
        }
        write_json(self.path, self.entries)


Progress = Callable[[str], None]
Save = Callable[[dict[str, Any]], None]
Measure = Callable[[Scale, dict[str, Any], Save, Progress], dict[str, Any]]


@dataclass(frozen=True)
class Measurement:
    """One part of the measuring: what it measures and how.

    Attributes:
        about: what it measures, for the help.
        measure: makes its figures; it may begin with those an interrupted measuring left.
        basis: the files that its figures hang on.
        table: its figures as Markdown.
    """

    about: str
    measure: Measure
    basis: Callable[[Scale], Iterable[Path]]
    table: Callable[[dict[str, Any]], str]


# ------------------------------------------------------------------------------------------- small services


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Store a dictionary as a JSON file: the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode("utf-8"))


def processor() -> str:
    """The name of the processor, as far as the system tells it."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError):
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
                if line.lower().startswith("model name"):
                    return line.split(":", 1)[1].strip()
    if sys.platform == "darwin":
        with contextlib.suppress(OSError):
            asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return platform.processor() or platform.machine()


def machine() -> str:
    """This machine in a few words: system, processor, cores, GPU."""
    import torch

    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no GPU"
    if not torch.cuda.is_available() and torch.backends.mps.is_available():
        gpu = "Apple GPU"
    system = f"{platform.system()} {platform.machine()}"
    return f"{system}, {os.cpu_count()} CPU cores ({processor()}), {gpu} (not used)".replace(
        "no GPU (not used)", "no GPU"
    )


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that matter."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def fingerprint(paths: Iterable[Path], scale: Scale) -> str:
    """A short hash of all that figures hang on: files, versions, processor, and the length of a training.

    How many seeds or pairs there are is not in it: what was measured with fewer is a part of what more will measure.
    """
    digest = hashlib.sha256(json.dumps([versions(), machine(), scale.steps]).encode())
    for path in sorted(set(paths)):
        digest.update(path.name.encode())
        digest.update(_content(path))
    return digest.hexdigest()[:16]


def _content(path: Path) -> bytes:
    """The bytes of a file that matter: of a notebook what its cells say, without the outputs."""
    if not path.is_file():
        return b"missing"
    if path.suffix != ".ipynb":
        return path.read_bytes()
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return json.dumps([[cell["cell_type"], "".join(cell["source"])] for cell in cells]).encode()


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table.

    >>> print(table(["what", "share"], [["longest", 0.67]]))
    | what | share |
    |---|---|
    | longest | 0.67 |
    """
    lines = [head, ["---"] * len(head), *rows]
    text = ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]
    return "\n".join([text[0], text[1].replace(" ", ""), *text[2:]])


def package(*names: str) -> Path:
    """A path inside the package."""
    return ROOT.joinpath("course_utils", *names)


def room(lesson: str, name: str) -> Path:
    """A file in the room of one lesson."""
    return ROOT / "course_lessons" / f"lesson_{lesson}" / name


def quiet_checkpoint(name: str) -> str:
    """`checkpoint(name)` without its printed line."""
    from course_utils import checkpoint

    with contextlib.redirect_stdout(io.StringIO()):
        return checkpoint(name)


# --------------------------------------------------------------------------------------------------- padding


def measure_padding(scale: Scale, kept: dict[str, Any], save: Save, progress: Progress) -> dict[str, Any]:
    """Share of real tokens for each way to form batches, on 4,076 sentence pairs: mean over several orders."""
    from course_lessons.lesson_06.batching import STRATEGIES, count_by_strategy, pair_lengths

    lengths = pair_lengths()
    shares: dict[str, dict[str, float]] = {}
    for batch_size in (8, 32):
        counted = [count_by_strategy(lengths, batch_size, seed=seed) for seed in range(scale.padding_seeds)]
        shares[str(batch_size)] = {
            strategy: statistics.mean(one[strategy].share for one in counted) for strategy in STRATEGIES
        }
        progress(f"batches of {batch_size}: counted")
    return {"rows": len(lengths), "max_length": 128, "seeds": scale.padding_seeds, "shares": shares}


def table_padding(figures: dict[str, Any]) -> str:
    """The shares as a table, a row for each batch size."""
    names = {
        "max_length": f"padded to {figures['max_length']}",
        "longest": "longest of the batch",
        "grouped": "grouped by length",
        "token_budget": "token budget",
    }
    rows = [[size, *(f"{shares[key]:.2f}" for key in names)] for size, shares in figures["shares"].items()]
    words = (
        f"Real tokens among all positions, {figures['rows']:,} sentence pairs, "
        f"mean of {figures['seeds']} random orders."
    )
    return f"{words}\n\n" + table(["batch size", *names.values()], rows)


# ------------------------------------------------------------------------------------------------------ loop


def measure_loop(scale: Scale, kept: dict[str, Any], save: Save, progress: Progress) -> dict[str, Any]:
    """Seconds of one epoch with the loop of lesson 08 and with the Trainer, in turn, and by how much weights differ."""
    from transformers import AutoTokenizer, DataCollatorWithPadding

    from course_utils import corpus

    name = quiet_checkpoint("bert-base-uncased")
    tokenizer = AutoTokenizer.from_pretrained(name)
    rows = corpus("pocket_reviews", "en")["train"].select(range(scale.loop_rows))
    rows = rows.map(lambda batch: tokenizer(batch["text"], truncation=True), batched=True)
    rows = rows.select_columns(["input_ids", "token_type_ids", "attention_mask", "label"])
    collate = DataCollatorWithPadding(tokenizer)

    seconds: dict[str, list[float]] = {"loop": [], "trainer": []}
    difference = 0.0
    for pair in range(-1, scale.pairs):
        order = ("loop", "trainer") if pair % 2 else ("trainer", "loop")
        models, taken = {}, {}
        for kind in order:
            models[kind], taken[kind] = _one_epoch(kind, name, rows, collate)
        weights = zip(models["loop"].parameters(), models["trainer"].parameters(), strict=True)
        difference = max(difference, *((a - b).detach().abs().max().item() for a, b in weights))
        if pair >= 0:  # the first pair only warms up
            for kind in order:
                seconds[kind].append(taken[kind])
            progress(f"pair {pair + 1} of {scale.pairs}: loop {taken['loop']:.2f} s, Trainer {taken['trainer']:.2f} s")
    ratios = [loop / trainer for loop, trainer in zip(seconds["loop"], seconds["trainer"], strict=True)]
    return {
        "rows": scale.loop_rows,
        "batch_size": 16,
        "pairs": scale.pairs,
        "seconds": {kind: statistics.median(values) for kind, values in seconds.items()},
        "ratio": statistics.median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
        "largest_difference": difference,
    }


def _one_epoch(kind: str, name: str, rows: Any, collate: Any) -> tuple[Any, float]:
    """The model after one epoch, made by the loop or by the Trainer with the same settings, and the seconds it took."""
    import warnings

    from transformers import (
        AutoModelForSequenceClassification,
        PrinterCallback,
        ProgressCallback,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    from course_utils.training import train

    set_seed(42)
    model = AutoModelForSequenceClassification.from_pretrained(name, num_labels=2)
    if kind == "loop":
        begun = time.perf_counter()
        train(model, rows, collate, epochs=1, batch_size=16, seed=42)
        return model, time.perf_counter() - begun
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=1,
            per_device_train_batch_size=16,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
            dataloader_pin_memory=False,
        )
        trainer = Trainer(model, arguments, train_dataset=rows, data_collator=collate)
        for callback in (PrinterCallback, ProgressCallback):
            trainer.remove_callback(callback)
        begun = time.perf_counter()
        trainer.train()
        return model, time.perf_counter() - begun


def table_loop(figures: dict[str, Any]) -> str:
    """Times and their ratio."""
    difference = figures["largest_difference"]
    equal = "0 (equal to the last bit)" if difference == 0 else f"{difference:.1e}"
    words = f"One epoch of {figures['rows']} reviews in batches of {figures['batch_size']}, pocket-bert-uncased."
    rows = [
        ["time of lesson 08's loop / time of the Trainer, median of the pairs", f"{figures['ratio']:.2f}"],
        ["lowest and highest pair", f"{figures['lowest']:.2f} to {figures['highest']:.2f}"],
        ["pairs, in turn", figures["pairs"]],
        ["seconds, loop and Trainer", f"{figures['seconds']['loop']:.1f} and {figures['seconds']['trainer']:.1f}"],
        ["largest difference of two weights afterwards", equal],
    ]
    return f"{words}\n\n" + table(["what", "figure"], rows)


# ---------------------------------------------------------------------------------------------------- pocket


def measure_pocket(scale: Scale, kept: dict[str, Any], save: Save, progress: Progress) -> dict[str, Any]:
    """Sentences a second of a pocket checkpoint and of a model of DistilBERT's shape, both timed in turn."""
    import torch
    from transformers import (
        AutoModelForSequenceClassification,
        DistilBertConfig,
        DistilBertForSequenceClassification,
    )

    name = quiet_checkpoint("distilbert-base-uncased-finetuned-sst-2-english")
    small = AutoModelForSequenceClassification.from_pretrained(name).eval()
    large = DistilBertForSequenceClassification(DistilBertConfig(num_labels=2)).eval()
    found = {}
    for batch in (32, 1):
        ids = torch.randint(1000, 30000, (batch, 24), generator=torch.Generator().manual_seed(0))
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        times: dict[str, list[float]] = {"pocket": [], "distilbert": []}
        with torch.inference_mode():
            for model in (small, large):
                model(**inputs)
            for _ in range(scale.rounds):
                for kind, model, repeats in (("pocket", small, 8), ("distilbert", large, 1)):
                    begun = time.perf_counter()
                    for _ in range(repeats):
                        model(**inputs)
                    times[kind].append((time.perf_counter() - begun) / repeats)
        ratios = [slow / fast for fast, slow in zip(times["pocket"], times["distilbert"], strict=True)]
        found[str(batch)] = {
            "pocket": batch / statistics.median(times["pocket"]),
            "distilbert": batch / statistics.median(times["distilbert"]),
            "ratio": statistics.median(ratios),
        }
        progress(f"batches of {batch}: {found[str(batch)]['ratio']:.1f} times as fast")
    return {"tokens": 24, "rounds": scale.rounds, "speed": found}


def table_pocket(figures: dict[str, Any]) -> str:
    """Speeds and their ratio, a row for each batch size."""
    rows = [
        [size, f"{speed['pocket']:.0f}", f"{speed['distilbert']:.0f}", f"{speed['ratio']:.1f} times"]
        for size, speed in figures["speed"].items()
    ]
    words = f"Sentences of {figures['tokens']} tokens a second, median of {figures['rounds']} rounds in turn."
    return f"{words}\n\n" + table(["batch size", "pocket-bert-uncased-sst2", "DistilBERT's shape", "ratio"], rows)


# ---------------------------------------------------------------------------------------------------- curves


def measure_curves(scale: Scale, kept: dict[str, Any], save: Save, progress: Progress) -> dict[str, Any]:
    """Accuracy of every run of the learning curves; kept after each run, so that it can be stopped."""
    from course_lessons.lesson_07.learning_curves import BODIES, Point, as_figures, measure_point

    points = [Point(**row) for row in kept.get("points", [])]
    done = {(p.language, p.examples, p.pretrained, p.seed) for p in points}
    wanted = [
        (language, examples, pretrained, seed)
        for language in scale.languages
        for seed in scale.seeds
        for examples in scale.sizes
        for pretrained in (True, False)
    ]
    if done:
        progress(f"{len(done)} of {len(wanted)} runs are there already")
    for language, examples, pretrained, seed in wanted:
        if (language, examples, pretrained, seed) in done:
            continue
        begun = time.perf_counter()
        name = quiet_checkpoint(BODIES[language])
        point = measure_point(name, language, examples, pretrained, seed, steps=scale.steps)
        points.append(point)
        save(as_figures(points, scale.steps))
        weights = "pretrained" if pretrained else "random"
        progress(
            f"run {len(points)} of {len(wanted)}: {language}, {examples} examples, {weights} weights, seed {seed}: "
            f"{point.accuracy:.2f} ({duration(time.perf_counter() - begun)})"
        )
    return as_figures(points, scale.steps)


def table_curves(figures: dict[str, Any]) -> str:
    """Mean accuracy and the range of the seeds, a row for each language and start."""
    from course_lessons.lesson_07.learning_curves import Point

    points = [Point(**row) for row in figures["points"]]
    sizes = sorted({point.examples for point in points})
    rows = []
    for language, words in (("en", "English"), ("ko", "Korean")):
        for pretrained, start in ((True, "pretrained"), (False, "random")):
            cells = []
            for size in sizes:
                values = [
                    p.accuracy for p in points if (p.language, p.pretrained, p.examples) == (language, pretrained, size)
                ]
                cells.append(
                    f"{statistics.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})" if values else "-"
                )
            if any(cell != "-" for cell in cells):
                rows.append([f"{words}, {start} weights", *cells])
    seeds = len({point.seed for point in points})
    words = (
        f"Accuracy on 120 reviews after {figures['steps']} steps with 16 rows each, mean of {seeds} seeds (lowest to "
        "highest), by number of labelled examples."
    )
    return f"{words}\n\n" + table(["start", *map(str, sizes)], rows)


# -------------------------------------------------------------------------------------------------- controls


def measure_controls(scale: Scale, kept: dict[str, Any], save: Save, progress: Progress) -> dict[str, Any]:
    """Random weights trained until they learn no more, and word counts; kept after each run."""
    from course_lessons.lesson_07.learning_curves import (
        BODIES,
        Control,
        controls_as_figures,
        measure_longer,
        measure_words,
    )

    controls = [Control(**row) for row in kept.get("controls", [])]
    done = {(each.language, each.examples, each.way, each.seed) for each in controls}
    wanted = [
        (language, examples, way, seed)
        for way, languages, seeds in (
            ("words", scale.languages, scale.seeds),
            ("longer", scale.longer, scale.longer_seeds),
        )
        for seed in seeds
        for language in languages
        for examples in scale.sizes
    ]
    if done:
        progress(f"{len(done)} of {len(wanted)} runs are there already")
    for language, examples, way, seed in wanted:
        if (language, examples, way, seed) in done:
            continue
        begun = time.perf_counter()
        if way == "words":
            control = measure_words(language, examples, seed)
        else:
            control = measure_longer(quiet_checkpoint(BODIES[language]), language, examples, seed, scale.most)
        controls.append(control)
        save(controls_as_figures(controls, scale.most))
        progress(
            f"run {len(controls)} of {len(wanted)}: {language}, {examples} examples, {way}, seed {seed}: "
            f"{control.accuracy:.2f} after {control.steps} steps ({duration(time.perf_counter() - begun)})"
        )
    return controls_as_figures(controls, scale.most)


def table_controls(figures: dict[str, Any]) -> str:
    """Mean accuracy and the range of the seeds, a row for each language and way."""
    from course_lessons.lesson_07.learning_curves import Control

    controls = [Control(**row) for row in figures["controls"]]
    sizes = sorted({each.examples for each in controls})
    ways = {"words": "word counts, logistic regression", "longer": "random weights, trained on"}
    rows = []
    for way, words in ways.items():
        for language, name in (("en", "English"), ("ko", "Korean")):
            cells = []
            for size in sizes:
                found = [each for each in controls if (each.language, each.way, each.examples) == (language, way, size)]
                values = [each.accuracy for each in found]
                steps = (
                    f", {min(c.steps for c in found)} to {max(c.steps for c in found)} steps"
                    if any(each.steps for each in found)
                    else ""
                )
                cells.append(
                    f"{statistics.mean(values):.2f} ({min(values):.2f} to {max(values):.2f}{steps})" if values else "-"
                )
            if any(cell != "-" for cell in cells):
                seeds = len({each.seed for each in controls if (each.language, each.way) == (language, way)})
                rows.append([f"{name}, {words}, {seeds} seeds", *cells])
    words = (
        "Accuracy on the same 120 reviews, mean of the seeds (lowest to highest), by number of labelled examples. "
        "Random weights are trained longer, with the settings above but for the rate, which is planned for "
        f"{figures['most_steps']} steps, until the mean loss of "
        f"{figures['of_last_steps']} steps is below {figures['loss_below']}, for {figures['most_steps']} steps at most."
    )
    return f"{words}\n\n" + table(["what", *map(str, sizes)], rows)


# --------------------------------------------------------------------------------------------------- lessons


def measure_lessons(scale: Scale, kept: dict[str, Any], save: Save, progress: Progress) -> dict[str, Any]:
    """Seconds that each lesson takes from a fresh kernel, its start included; kept after each lesson."""
    import nbformat

    from commands.refresh import LessonFailed, execute

    seconds: dict[str, float] = dict(kept.get("seconds", {}))
    for path in lessons()[: scale.lessons]:
        if path.stem in seconds:
            progress(f"{path.stem}: there already")
            continue
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            try:
                execute(nbformat.read(str(path), as_version=4), Path(folder))
            except LessonFailed as problem:
                raise Unmeasured(f"{path.stem} does not run through, {problem}") from None
        seconds[path.stem] = time.perf_counter() - begun
        save({"seconds": seconds})
        progress(f"{path.stem}: {seconds[path.stem]:.0f} s")
    return {"seconds": {stem: seconds[stem] for stem in sorted(seconds)}}


def table_lessons(figures: dict[str, Any]) -> str:
    """Run times, a row for each lesson."""
    rows = [[stem[:2] + " " + stem[3:].replace("_", " "), f"{s:.0f}"] for stem, s in figures["seconds"].items()]
    return "Run time from a fresh kernel, its start included.\n\n" + table(["lesson", "seconds"], rows)


# ----------------------------------------------------------------------------------------------- all of them


def _weights(*names: str) -> list[Path]:
    return [package("pocket", name, "model.safetensors") for name in names]


def _reviews(languages: Iterable[str]) -> list[Path]:
    return [path for language in languages for path in package("corpora", "pocket_reviews", language).glob("*.parquet")]


MEASUREMENTS = {
    "padding": Measurement(
        "real tokens among all positions, for four ways to form batches",
        measure_padding,
        lambda scale: [room("06", "batching.py"), package("corpora", "pair_lengths.json")],
        table_padding,
    ),
    "loop": Measurement(
        "time of lesson 08's loop against the Trainer's",
        measure_loop,
        lambda scale: [package("training.py"), *_weights("pocket-bert-uncased"), *_reviews(["en"])],
        table_loop,
    ),
    "pocket": Measurement(
        "speed of a pocket checkpoint against a model of DistilBERT's shape",
        measure_pocket,
        lambda scale: _weights("pocket-bert-uncased-sst2"),
        table_pocket,
    ),
    "curves": Measurement(
        "accuracy by number of examples, from pretrained and from random weights",
        measure_curves,
        lambda scale: [
            room("07", "learning_curves.py"),
            room("07", "fine_tuning.py"),
            *_weights("pocket-bert-uncased", "pocket-roberta-ko"),
            *_reviews(scale.languages),
        ],
        table_curves,
    ),
    "controls": Measurement(
        "the same from random weights trained until they learn no more, and from word counts",
        measure_controls,
        lambda scale: [
            room("07", "learning_curves.py"),
            room("07", "fine_tuning.py"),
            *_weights("pocket-bert-uncased"),
            *_reviews(scale.languages),
        ],
        table_controls,
    ),
    "lessons": Measurement(
        "run time of each lesson",
        measure_lessons,
        lambda scale: [
            *lessons(),
            *package().glob("*.py"),
            *(ROOT / "course_lessons").rglob("*.py"),
            *package("pocket").glob("*/model.safetensors"),
        ],
        table_lessons,
    ),
}


def measure_part(part: str, keeper: Keeper, scale: Scale, again: bool) -> Entry:
    """Measure one part, or take what is there already; its entry."""
    quick = scale != FULL
    basis = fingerprint(MEASUREMENTS[part].basis(scale), scale)
    entry = None if again else keeper.usable(part, basis, quick)
    if entry and entry["complete"] and entry.get("scope") == repr(scale):
        say(f"{part}: measured on {entry['date']}; `python course.py measure {part} --again` does it anew")
        return entry
    say(f"{part}: {MEASUREMENTS[part].about}")
    begun = time.perf_counter()
    kept = entry["figures"] if entry else {}
    figures = MEASUREMENTS[part].measure(
        scale,
        kept,
        lambda so_far: keeper.keep(part, basis, quick, so_far, complete=False, scope=repr(scale)),
        lambda words: say(f"  {words}"),
    )
    keeper.keep(part, basis, quick, figures, complete=True, scope=repr(scale))
    say(f"  done in {duration(time.perf_counter() - begun)}")
    return keeper.entries[part]


def finished(entries: dict[str, Entry]) -> dict[str, Entry]:
    """The finished parts, in the order of `MEASUREMENTS`."""
    return {part: entries[part] for part in MEASUREMENTS if entries.get(part, {}).get("complete")}


def report(entries: dict[str, Entry]) -> str:
    """All finished parts as Markdown; date, machine and versions stand once where they are the same for all.

    >>> report({})
    'Nothing has been measured yet: `python course.py measure`.'
    """
    done = finished(entries)
    if not done:
        return "Nothing has been measured yet: `python course.py measure`."
    conditions = {part: _condition(entry) for part, entry in done.items()}
    same = len(set(conditions.values())) == 1
    blocks = [f"Measured {next(iter(conditions.values()))}"] if same else []
    for part, entry in done.items():
        head = f"**{part}**" + (" (a trial run, too small to be quoted)" if entry.get("quick") else "")
        blocks.append(head if same else f"{head}, measured {conditions[part]}")
        blocks.append(MEASUREMENTS[part].table(entry["figures"]))
    return "\n\n".join(blocks)


def _condition(entry: Entry) -> str:
    named = ", ".join(f"{name} {number}" for name, number in entry["versions"].items()).replace("python", "Python", 1)
    return f"on {entry['date']}: {entry['machine']}; {named}; one thread."


def between(text: str, words: str) -> str:
    """A text with what stands between the two markers replaced.

    Raises Unmeasured if the markers are not there exactly once, in this order.

    >>> between("a\\n<!-- measured -->\\nold\\n<!-- /measured -->\\nb", "new")
    'a\\n<!-- measured -->\\n\\nnew\\n\\n<!-- /measured -->\\nb'
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise Unmeasured(f"README.md has no place for the tables. Put these two lines where they belong: {BEGIN} {END}")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{words}\n\n{END}{rest.split(END)[1]}"


def store(keeper: Keeper, stored: Path, readme: Path) -> list[Path]:
    """Put finished parts into the course: the file that lessons read, and README.md; the files that changed.

    Parts that were not measured now stay as they were stored. Raises Unmeasured for a trial run, for nothing finished,
    and if README.md has no markers; then nothing is written.
    """
    done = {part: entry for part, entry in finished(keeper.entries).items() if not entry["quick"]}
    if not done:
        raise Unmeasured("There is no finished part to store. A trial run (--quick) is never stored.")
    everything = Keeper.read(stored).entries
    for part, entry in done.items():
        everything[part] = {key: value for key, value in entry.items() if key not in ("quick", "scope")}
    everything = {part: everything[part] for part in MEASUREMENTS if part in everything}
    text = readme.read_text(encoding="utf-8")
    new = between(text, report(everything))
    write_json(stored, everything)
    readme.write_text(new, encoding="utf-8", newline="\n")
    return [stored, readme]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the parts named, or all; print the tables. 0 if all went well."""
    parser = argparse.ArgumentParser(
        prog="course.py measure",
        description="Measure on this machine the figures that the lessons and README.md quote.",
        epilog="Parts: " + "; ".join(f"{name}, {part.about}" for name, part in MEASUREMENTS.items()) + ".",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(MEASUREMENTS)}; all without one")
    parser.add_argument("--again", action="store_true", help="measure anew what is there already")
    parser.add_argument("--quick", action="store_true", help="as little as possible, to try the command out")
    parser.add_argument("--show", action="store_true", help="measure nothing: print what is there")
    parser.add_argument("--store", action="store_true", help="for authors: put the result into the course")
    options = parser.parse_args(arguments)
    unknown = [part for part in options.parts if part not in MEASUREMENTS]
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; choose from {', '.join(MEASUREMENTS)}")
    chosen = [part for part in MEASUREMENTS if part in options.parts] or list(MEASUREMENTS)
    scale = QUICK if options.quick else FULL
    keeper = Keeper.read(TRIAL if options.quick else KEPT)
    problems: list[str] = []
    if not options.show:
        from course_utils import setup

        setup()
        if not options.quick:
            say("Close other programs: they would slow this down. Ctrl-C stops; the next call goes on from there.\n")
        problems = _measure_all(chosen, keeper, scale, options.again)
    print("\n" + report({part: entry for part, entry in keeper.entries.items() if part in chosen}), flush=True)
    for problem in problems:
        print(f"\nNot measured: {problem}", file=sys.stderr, flush=True)
    if options.store:
        try:
            for path in store(keeper, STORED, README):
                say(f"stored in {path.relative_to(ROOT).as_posix()}")
        except Unmeasured as problem:
            print(f"\nNot stored: {problem}", file=sys.stderr, flush=True)
            return 1
    return int(bool(problems))


def _measure_all(parts: Iterable[str], keeper: Keeper, scale: Scale, again: bool) -> list[str]:
    """Measure parts one after the other; what could not be measured, in words, is returned at the end."""
    problems = []
    for part in parts:
        try:
            measure_part(part, keeper, scale, again)
        except KeyboardInterrupt:
            say(f"\nStopped. What there is is kept in my/{keeper.path.name}, and the next call goes on from there.")
            raise SystemExit(130) from None
        except Unmeasured as problem:
            problems.append(f"{part}: {problem}")
        except (OSError, ImportError, ValueError, RuntimeError) as error:
            problems.append(f"{part}: {type(error).__name__}: {str(error)[:300]}")
    return problems


if __name__ == "__main__":
    sys.exit(main())
