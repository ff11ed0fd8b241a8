"""Lesson 12: processes that work together, end together, and go on from where they were; the pictures of it.

The tests that start processes take most of the time. Each has a time limit, and none leaves a process behind.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from safetensors.torch import load_file
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, set_seed

from course_lessons.lesson_12 import distributed_training, process_launcher, script_runs
from course_lessons.lesson_12.distributed_training import DistributedSettings, checkpoints, configurations
from course_lessons.lesson_12.draw_epoch_plan import (
    draw_gradients,
    draw_memory,
    plan_html,
)
from course_lessons.lesson_12.epoch_explorer import PARAMETERS, epoch_explorer
from course_lessons.lesson_12.epoch_plan import LARGEST, memory_per_process, plan_epoch
from course_lessons.lesson_12.process_launcher import on_processes, torchrun, why_not
from course_lessons.lesson_12.script_runs import run_script
from course_utils import CourseError, checkpoint
from course_utils.cost import parameter_counts

together = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
SCRIPT = ("-m", "course_lessons.lesson_12.distributed_training", "--cpu")


def saved_model(folder: Path, **changes: float) -> Path:
    """A narrow BERT with random weights and its tokenizer, saved."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint("bert-base-uncased"))
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    set_seed(0)
    config = BertConfig(vocab_size=len(tokenizer), initializer_range=0.1, **sizes, **changes)
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with dropout."""
    return saved_model(tmp_path_factory.mktemp("models") / "with-dropout")


@pytest.fixture(scope="module")
def still_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model without dropout."""
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return saved_model(tmp_path_factory.mktemp("models") / "without-dropout", **still)


def same_weights(one: Path, other: Path) -> bool:
    """Whether two runs ended with equal weights, to the last bit."""
    first, second = (load_file(folder / "model" / "model.safetensors") for folder in (one, other))
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def report_of(folder: Path) -> dict[str, object]:
    """What a run reported."""
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def running(mark: str) -> list[psutil.Process]:
    """The processes of this machine with a word in their command."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(mark in word for word in process.info["cmdline"] or []) and process.pid != os.getpid():
            found.append(process)
    return found


# --- the division of an epoch --------------------------------------------------------------------------------


@given(some.integers(1, 90), some.integers(1, 9), some.integers(1, 12), some.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_a_plan_holds_for_any_numbers(rows: int, count: int, batch_size: int, accumulate: int) -> None:
    """Every row comes, all processes have equally many full batches, and what is repeated is counted."""
    plan = plan_epoch(rows, count, batch_size, accumulate)
    given_out = [row for share in plan.batches for batch in share for row in batch]
    assert set(given_out) == set(range(rows))
    assert len({len(share) for share in plan.batches}) == 1 and len(plan.batches) == count
    assert plan.repeated == len(given_out) - rows >= 0
    if count > 1:
        assert all(len(batch) == batch_size for share in plan.batches for batch in share)
    steps = [plan.step(number) for number in range(1, plan.steps + 1)]
    assert [tuple(batch for step in steps for batch in step[process]) for process in range(count)] == list(plan.batches)
    assert all(len(share) == accumulate for step in steps[:-1] for share in step)
    assert plan.schedule_steps == plan.steps * count
    assert plan.effective_batch == count * batch_size * accumulate


def test_a_step_of_many_is_a_step_of_one() -> None:
    """Where rows divide evenly, step by step the processes together hold the rows of one large batch."""
    many, one = plan_epoch(48, 4, 3), plan_epoch(48, 1, 12)
    assert many.steps == one.steps == 4 and many.repeated == 0
    for number in range(1, 5):
        joined = [row for share in many.step(number) for batch in share for row in batch]
        assert joined == list(one.step(number)[0][0])


@pytest.mark.parametrize("name", LARGEST)
@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "2", None, 10**9])
def test_impossible_numbers_are_explained(name: str, wrong: object) -> None:
    """A number that makes no plan is named, with its bounds."""
    numbers = {"rows": 8, "processes": 2, "batch_size": 2, "accumulate": 1, name: wrong}
    with pytest.raises(CourseError, match=f"{name} should be a whole number from 1 to {LARGEST[name]}"):
        plan_epoch(**numbers)


def test_memory_is_counted() -> None:
    """Four float32 numbers for each parameter, or an equal part of them; all parts together hold the model."""
    whole = memory_per_process(1001, 4, sharded=False)
    part = memory_per_process(1001, 4, sharded=True)
    assert whole == {"parameters": 4004, "gradients": 4004, "optimizer": 8008}
    assert part == {"parameters": 1004, "gradients": 1004, "optimizer": 2008}
    assert memory_per_process(1001, 1, sharded=True) == whole
    with pytest.raises(CourseError, match="processes should be"):
        memory_per_process(1001, 0, sharded=True)
    assert parameter_counts(BertConfig())["total"] == PARAMETERS


# --- pictures and widget -----------------------------------------------------------------------------------


def test_the_figure_says_whether_dots_lie_in_rings() -> None:
    """The words follow the numbers: processes that disagree or not, an average that is the joint gradient or not."""
    each, joint = [[1.0, -2.0], [3.0, 0.0]], [2.0, -1.0]
    assert "disagree" in draw_gradients(each, joint, joint).words
    assert "in its ring" in draw_gradients(each, joint, joint).words
    assert "beside its ring" in draw_gradients(each, [2.0, -1.1], joint).words
    assert "The processes agree" in draw_gradients([joint, joint], joint, joint).words
    axes = draw_gradients(each, joint, joint).figure.axes[0]
    assert [bar.get_height() for container in axes.containers for bar in container] == [1.0, -2.0, 3.0, 0.0]
    assert [list(line.get_ydata()) for line in axes.lines[:2]] == [joint, joint]


def test_the_memory_figure_shows_what_is_counted() -> None:
    """The bars of the right panel shrink with the processes, those of the left do not."""
    left, right = draw_memory(1_000_000).figure.axes
    heights = [[bar.get_height() for bar in axes.containers[0]] for axes in (left, right)]
    assert heights == [[4.0] * 4, [4.0, 2.0, 1.0, 0.5]]
    assert "8 processes 2." in draw_memory(1_000_000).words


def test_the_table_marks_what_comes_again() -> None:
    """Each row is written where it belongs, and only the second time with a star."""
    html = plan_html(plan_epoch(10, 2, 2), 1000, sharded=False)
    assert html.count("*<") == 2 and ">0*<" in html and ">1*<" in html and html.count(">9<") == 1
    assert html.index(">3<") < html.index(">4<") < html.index(">9<")
    assert "*<" not in plan_html(plan_epoch(12, 2, 3), 1000, sharded=False)
    accumulated = plan_html(plan_epoch(16, 2, 2, 2), 1000, sharded=False)
    assert accumulated.count("+</b>") == 4
    assert "and 12 more steps" in plan_html(plan_epoch(20, 1, 1), 1000, sharded=False)


def test_the_widget_answers_every_control() -> None:
    """Each control changes what it stands for."""
    explorer = epoch_explorer()
    seen = explorer.view.value
    for control, value, words in (
        (explorer.processes, 4, "4 processes x batches of 4 x 1"),
        (explorer.batch_size, 2, "One step: 8 rows (4 processes x batches of 2 x 1"),
        (explorer.accumulate, 3, "One step: 24 rows"),
        (explorer.rows, 24, "Repeats, marked *: 0"),
        (explorer.sharded, True, "438 MB (parameters 109, gradients 109, AdamW 219)"),
    ):
        assert words not in explorer.view.value
        control.value = value
        assert words in explorer.view.value and explorer.view.value != seen
        seen = explorer.view.value
    with pytest.raises(CourseError):
        epoch_explorer(processes=0)


# --- starting and ending processes ---------------------------------------------------------------------------


def add_up(accelerator: object) -> list[int]:
    """A function for other processes; it uses a name that is given along."""
    return [accelerator.num_processes, sum(numbers)]  # type: ignore[name-defined, attr-defined]  # noqa: F821


def who_am_i(accelerator: object) -> None:
    """A function of the lesson, whose stored answers are looked up by its name."""


def stop_short(accelerator: object) -> None:
    """A function that fails."""
    raise ValueError("no rows to speak of")


@pytest.mark.slow
def test_functions_travel_with_their_names() -> None:
    """A function runs in another process with the names given along, and what it returns comes back."""
    assert on_processes(add_up, processes=1, given={"numbers": [1, 2, 3]}) == {"add_up": [[1, 6]]}


def helper(numbers: list[int]) -> Path:
    """A function that travels with another one, together with the import that it uses."""
    return Path(str(sum(numbers)))


def uses_helper(accelerator: object) -> str:
    """A function for other processes that calls another one."""
    return helper([accelerator.num_processes, 40]).name  # type: ignore[attr-defined]


@pytest.mark.slow
def test_helpers_travel_with_their_imports() -> None:
    """A function that is given along brings what it imported here."""
    assert on_processes(uses_helper, processes=1, given={"helper": helper}) == {"uses_helper": ["41"]}


@pytest.mark.skipif(sys.platform != "linux", reason="warm starts are made on Linux only")
@together
@pytest.mark.slow
def test_warm_processes_are_ended_too(tmp_path: Path) -> None:
    """A warm start that takes too long ends with all its processes; an error in one of them ends it and is told."""
    with pytest.raises(CourseError, match="exit status 1.*ValueError: no rows to speak of"):
        on_processes(stop_short)
    ended = torchrun("-m", "course_lessons.lesson_12.distributed_training", "--nonsense", warm=True)
    assert ended.code != 0 and ended.left == 0 and "unrecognized arguments: --nonsense" in ended.said
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text(f"import os, time\nopen({str(tmp_path)!r} + f'/{{os.getpid()}}', 'w')\ntime.sleep(300)\n")
    with pytest.raises(CourseError, match="had not finished"):
        torchrun(str(sleeper), limit=5, warm=True)
    begun = [int(path.name) for path in tmp_path.iterdir() if path.name.isdigit()]
    alive = [one for one in psutil.process_iter(["status"]) if one.pid in begun]
    assert len(begun) == 2 and all(one.info["status"] == psutil.STATUS_ZOMBIE for one in alive)


@pytest.mark.slow
def test_an_error_in_another_process_is_told() -> None:
    """The learner reads the first error of their own function, not torchrun's."""
    with pytest.raises(CourseError, match="exit status 1.*ValueError: no rows to speak of"):
        on_processes(stop_short, processes=1)


def test_wrong_calls_are_explained() -> None:
    """Nothing to run, a function without a text, a number of processes that no laptop should try."""
    with pytest.raises(CourseError, match="nothing to run"):
        on_processes()
    with pytest.raises(CourseError, match="nothing to run"):
        torchrun()
    with pytest.raises(CourseError, match="cannot be read"):
        on_processes(abs)
    for wrong in (0, 9, 2.0, True, "2"):
        with pytest.raises(CourseError, match="whole number from 1 to 8"):
            torchrun("-m", "platform", processes=wrong)  # type: ignore[arg-type]


def test_one_process_where_two_cannot_be(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A machine on which processes cannot work together says so in one line, and the lesson goes on with one."""
    monkeypatch.setattr(process_launcher.os, "name", "nt")
    reason = why_not()
    assert reason is not None and "Linux and macOS" in reason
    assert process_launcher.processes_here(2) == 1
    said = capsys.readouterr().out
    assert said == f"Only one process: {reason}. Where the lesson starts two, you see stored results of two.\n"
    monkeypatch.undo()
    monkeypatch.setattr(torch.distributed, "is_gloo_available", lambda: False)
    assert "gloo" in str(why_not())
    monkeypatch.undo()
    for module in (process_launcher, script_runs):
        monkeypatch.setattr(module, "why_not", lambda: "for a test")
    assert [answer["rank"] for answer in on_processes(who_am_i)["who_am_i"]] == [0, 1]
    assert capsys.readouterr().out.startswith("Stored results of two processes (")
    with pytest.raises(CourseError, match="add_up'? is none of them"):
        on_processes(add_up)
    assert run_script("somewhere/whole").report["processes"] == 2


@together
@pytest.mark.slow
def test_time_out_ends_all(tmp_path: Path) -> None:
    """When the time is over every process is ended, also those that torchrun started."""
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text(f"import os, time\nopen({str(tmp_path)!r} + f'/{{os.getpid()}}', 'w')\ntime.sleep(300)\n")
    with pytest.raises(CourseError, match="had not finished"):
        torchrun(str(sleeper), limit=10)
    assert len(list(tmp_path.iterdir())) == 3, "both processes had begun"
    assert not running(str(sleeper))


@together
@pytest.mark.slow
def test_interrupt_ends_all(tmp_path: Path) -> None:
    """Whoever interrupts the cell leaves no process behind."""
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text(f"import os, time\nopen({str(tmp_path)!r} + f'/{{os.getpid()}}', 'w')\ntime.sleep(300)\n")
    # as in a kernel: what a shell starts in the background would pass over the signal
    code = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += f"from course_lessons.lesson_12.process_launcher import torchrun\ntorchrun({str(sleeper)!r})"
    cell = subprocess.Popen([sys.executable, "-c", code], env=process_launcher.environment(), stderr=subprocess.PIPE)
    try:
        wait_for(lambda: len(list(tmp_path.iterdir())) == 3)
        cell.send_signal(signal.SIGINT)
        _, said = cell.communicate(timeout=60)
        assert b"KeyboardInterrupt" in said
        assert not running(str(sleeper))
    finally:
        cell.kill()
        for left in running(str(sleeper)):
            left.kill()


def wait_for(what: object, limit: float = 120) -> None:
    """Look again and again until something holds; an AssertionError when the time is over."""
    deadline = time.monotonic() + limit
    while not what():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


# --- the script on one process -------------------------------------------------------------------------------


@pytest.mark.parametrize(("batch_size", "accumulate", "rows"), [(16, 1, 60), (8, 2, 64)])
def test_one_process_is_lesson_08(model: Path, tmp_path: Path, batch_size: int, accumulate: int, rows: int) -> None:
    """On one process the script equals lesson 08's loop to the last bit: losses, learning rates, weights."""
    from transformers import AutoModelForSequenceClassification, DataCollatorWithPadding

    from course_utils.training import train

    changed = {"batch_size": batch_size, "accumulate": accumulate}
    told = DistributedSettings(tmp_path, str(model), rows=rows, learning_rate=5e-5, cpu=True, **changed)
    report = distributed_training.train(told)
    set_seed(42)
    tokenizer = AutoTokenizer.from_pretrained(model)
    expected = AutoModelForSequenceClassification.from_pretrained(model)
    tokenized, _ = distributed_training._tokenized(tokenizer, told)
    collate = DataCollatorWithPadding(tokenizer)
    history = train(expected, tokenized, collate, batch_size=batch_size, accumulate=accumulate)
    assert report["losses"] == history.losses and len(history.losses) == 12
    assert report["learning_rates"] == history.learning_rates
    found = load_file(tmp_path / "model" / "model.safetensors")
    assert all(torch.equal(found[name], weight) for name, weight in expected.state_dict().items())
    assert report["judged"] == 60 and report["processes"] == 1


def test_a_broken_save_costs_no_checkpoint(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken off while it writes the second checkpoint, a run goes on from the first and ends as if nothing was."""
    from accelerate import Accelerator

    told = {"model": str(model), "rows": 40, "save_every": 4, "cpu": True}
    distributed_training.train(DistributedSettings(tmp_path / "whole", **told))
    whole_save = Accelerator.save_state

    def half_a_save(self: Accelerator, folder: str) -> None:
        whole_save(self, folder)
        if checkpoints(broken):
            (Path(folder) / "model.safetensors").write_bytes(b"half")
            raise OSError("no space left on device")

    broken = tmp_path / "broken"
    monkeypatch.setattr(Accelerator, "save_state", half_a_save)
    with pytest.raises(OSError, match="no space"):
        distributed_training.train(DistributedSettings(broken, **told))
    monkeypatch.undo()
    assert [path.name for path in checkpoints(broken)] == ["step-4"]
    torch.rand(100)
    report = distributed_training.train(DistributedSettings(broken, **told))
    assert report["resumed_from"] == 4 and same_weights(broken, tmp_path / "whole")
    assert [path.name for path in checkpoints(broken)] == ["step-12"]

    with pytest.raises(CourseError, match="step-12 belongs to another run.*: --batch-size 8 -> 4. Going"):
        distributed_training.train(DistributedSettings(broken, **told, batch_size=4))


def test_every_argument_that_decides_is_compared() -> None:
    """What a checkpoint is compared by holds all settings but those that change no number of a run."""
    from types import SimpleNamespace

    told = distributed_training._told(SimpleNamespace(num_processes=2), DistributedSettings(Path("x")))
    assert set(told) == {"processes", *vars(DistributedSettings(Path("x")))} - {"folder", "save_every", "die_at_step"}


@pytest.mark.parametrize(("name", "other"), [("language", "ko"), ("learning_rate", 1e-3), ("seed", 7), ("epochs", 5)])
def test_another_run_does_not_go_on(name: str, other: object, model: Path, tmp_path: Path) -> None:
    """The same folder with another argument is no silent resume: nothing is trained, and the argument is named."""
    (tmp_path / "step-4").mkdir()
    told = {"model": str(model), "rows": 16, "cpu": True}
    kept = {"processes": 1, **vars(DistributedSettings(tmp_path, **told))}
    kept.pop("folder")
    (tmp_path / "step-4" / "run.json").write_text(json.dumps(kept), encoding="utf-8")
    with pytest.raises(CourseError, match=f"another run.*--{name.replace('_', '-')} .* -> {other!r}"):
        distributed_training.train(DistributedSettings(tmp_path, **told, **{name: other}))
    assert [path.name for path in tmp_path.iterdir()] == ["step-4"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rows", "-1"], "--rows should be a whole number of at least 0; -1 is not"),
        (["--rows", "100000"], "--rows 100000: there are only"),
        (["--batch-size", "0"], "--batch-size should be a whole number of at least 1; 0 is not"),
        (["--accumulate", "0"], "--accumulate should be"),
        (["--epochs", "0"], "--epochs should be"),
        (["--seed", "-3"], "--seed should be"),
        (["--save-every", "-1"], "--save-every should be"),
        (["--learning-rate", "0"], "--learning-rate should be a number above 0; 0.0 is not"),
        (["--learning-rate", "nan"], "--learning-rate should be a number above 0; nan is not"),
        (["--max-grad-norm", "-1"], "--max-grad-norm should be a number above 0"),
        (["--language", "xx"], "does not come in the language 'xx'"),
        (["--model", "nobody/nothing"], "--model nobody/nothing: no checkpoint can be loaded"),
        (["--model", "{file}"], "no checkpoint can be loaded"),
        (["--folder", "{file}"], "is a file. Name a folder"),
        (["--folder", "{file}/inside"], "is a file. Name a folder"),
    ],
)
def test_impossible_arguments_end_before_training(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be is said in one line, with exit status 2, before any step; in the main process alone."""
    file = tmp_path / "file"
    file.write_text("no folder", encoding="utf-8")
    given = [word.replace("{file}", str(file)) for word in ("--cpu", "--folder", str(tmp_path / "run"), *words)]
    assert distributed_training.main(given) == 2
    heard = capsys.readouterr().err
    assert heard.startswith("CourseError: ") and said in heard and len(heard.splitlines()) == 1
    assert not (tmp_path / "run").exists()
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(distributed_training, "MANNERS", 0)
    monkeypatch.setattr(
        distributed_training, "train", lambda settings: distributed_training.refuse_impossible(settings)
    )
    if "should be" in said:
        assert distributed_training.main(given) == 2 and capsys.readouterr().err == ""


def test_a_model_with_one_label_is_refused(tmp_path: Path) -> None:
    """A head for one number would be trained on classes as if they were numbers."""
    one = saved_model(tmp_path / "one", num_labels=1)
    with pytest.raises(CourseError, match="fewer than two labels"):
        distributed_training.train(DistributedSettings(tmp_path / "run", str(one), rows=8, cpu=True))


def test_save_function_is_gone_and_swallowed() -> None:
    """The lesson says so: `save_pretrained` has no such argument, and takes any keyword."""
    import inspect

    from transformers import PreTrainedModel

    parameters = inspect.signature(PreTrainedModel.save_pretrained).parameters
    assert "save_function" not in parameters and "state_dict" in parameters
    assert parameters["kwargs"].kind is inspect.Parameter.VAR_KEYWORD


def test_a_checkpoint_that_holds_code_is_refused(tmp_path: Path) -> None:
    """The pickles of a checkpoint are read as the lesson says: tensors and plain values, no code."""
    from accelerate.utils.other import load

    torch.save({"step": 3, "state": torch.zeros(2)}, tmp_path / "plain.bin")
    torch.save({"step": time.sleep}, tmp_path / "code.bin")
    assert load(tmp_path / "plain.bin")["step"] == 3
    with pytest.raises(Exception, match="Weights only load failed"):
        load(tmp_path / "code.bin")


def test_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The configurations are printed as files that exist; without a folder the command says what is missing."""
    assert distributed_training.main(["--configurations"]) == 0
    paths = capsys.readouterr().out.split()
    assert [Path(path).stem for path in paths] == ["fsdp", "several_gpus", "several_machines"]
    assert all(Path(path).is_file() for path in paths)
    with pytest.raises(SystemExit):
        distributed_training.main([])
    assert "--folder is missing" in capsys.readouterr().err


# --- the script on two processes -------------------------------------------------------------------------------


@together
@pytest.mark.slow
def test_two_processes_learn_what_one_learns(still_model: Path, tmp_path: Path) -> None:
    """Without dropout, 24 steps of two processes with batches of 8 are 24 steps of one with batches of 16."""
    told = ["--model", str(still_model), "--rows", "128", "--save-every", "0"]
    ended = torchrun(*SCRIPT, *told, "--folder", str(tmp_path / "two"), warm=True)
    assert ended.code == 0 and ended.left == 0, ended.said
    two = report_of(tmp_path / "two")
    one = distributed_training.train(
        DistributedSettings(tmp_path / "one", str(still_model), rows=128, batch_size=16, save_every=0, cpu=True)
    )
    assert two["processes"] == 2 and len(two["losses"]) == 24
    assert max(abs(a - b) for a, b in zip(two["losses"], one["losses"], strict=True)) < 1e-5
    assert two["learning_rates"] == one["learning_rates"]
    assert (two["judged"], two["correct"]) == (60, one["correct"])


LONG = ("--rows", "120", "--epochs", "10", "--save-every", "5")


@pytest.fixture
def interrupted(model: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A run on two processes and its folder, started by Accelerate with the configuration for several GPUs."""
    folder = tmp_path / "interrupted"
    command = [sys.executable, "-m", "accelerate.commands.launch"]
    command += ["--config_file", str(configurations()["several_gpus"])]
    command += ["--num_processes", "2", "--mixed_precision", "no", "--main_process_port", "0"]
    command += [*SCRIPT, "--model", str(model), "--folder", str(folder), *LONG]
    started = subprocess.Popen(
        command, env=process_launcher.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield started, folder
    finally:
        started.kill()
        for left in running(str(folder)):
            left.kill()
        started.wait(timeout=30)


@together
@pytest.mark.slow
def test_a_killed_process_changes_nothing(
    model: Path, interrupted: tuple[subprocess.Popen[str], Path], tmp_path: Path
) -> None:
    """A process is killed from outside and all end; a start by torchrun goes on, as if nothing had happened.

    What `accelerate launch` began, torchrun ends, with the losses and weights of a run by torchrun alone: to the last
    bit both do the same.
    """
    started, folder = interrupted
    wait_for(lambda: started.poll() is not None or checkpoints(folder))
    workers = [child for child in psutil.Process(started.pid).children() if str(folder) in child.cmdline()]
    assert len(workers) == 2 and started.poll() is None
    os.kill(workers[1].pid, signal.SIGKILL)
    said, _ = started.communicate(timeout=120)
    assert started.returncode != 0 and "exitcode  : -9" in said
    assert not running(str(folder)) and not (folder / "report.json").exists()
    reached = int(checkpoints(folder)[-1].name.removeprefix("step-"))

    whole = tmp_path / "uninterrupted"
    for each in (folder, whole):
        ended = torchrun(*SCRIPT, "--model", str(model), "--folder", str(each), *LONG, warm=True)
        assert ended.code == 0 and ended.left == 0, ended.said
    report, expected = report_of(folder), report_of(whole)
    assert report["processes"] == expected["processes"] == 2
    assert report["resumed_from"] == reached >= 5 and len(expected["losses"]) == 80
    assert report["losses"] == expected["losses"][reached:]
    assert same_weights(folder, whole)


@together
@pytest.mark.skipif(torch.cuda.is_available(), reason="with a GPU the processes find each other")
@pytest.mark.slow
def test_processes_that_do_not_know_each_other_stop(model: Path, tmp_path: Path) -> None:
    """Two processes that would each train alone say so and train nothing."""
    ended = torchrun(*SCRIPT[:2], "--model", str(model), "--folder", str(tmp_path / "none"), warm=True)
    assert ended.code != 0 and not (tmp_path / "none").exists()
    assert "2 processes were started, but Accelerate knows of 1" in ended.said


@pytest.mark.skipif(torch.cuda.is_available(), reason="the trap is one of machines without a GPU")
@pytest.mark.slow
def test_the_trap_of_accelerate_launch_is_still_there(tmp_path: Path) -> None:
    """`accelerate launch --cpu --num_processes 2` starts one process. If this fails, the lesson can warn no longer."""
    program = tmp_path / "count.py"
    program.write_text("from accelerate import Accelerator\nprint('of', Accelerator(cpu=True).num_processes)\n")
    command = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", str(program)]
    settings = {**process_launcher.environment(), "HF_HOME": str(tmp_path / "empty")}
    done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split() == ["of", "1"], done.stderr[-2000:]


# --- the lesson on a machine that starts one process ------------------------------------------------------------


@together
@pytest.mark.slow
def test_one_process_sees_what_two_gave(tmp_path: Path) -> None:
    """Where two processes cannot be, stored results are shown, named as such: those that two give in the lesson."""
    from lesson_files import NOTEBOOKS, code_cells, output_text, read, run_lesson
    from nbformat.v4 import new_code_cell

    notebook = read(NOTEBOOKS / "12_scaling_out.ipynb")
    expected = {cell.id: output_text(cell) for cell in code_cells(notebook)}
    patch = "from course_lessons.lesson_12 import process_launcher, script_runs\n"
    patch += "process_launcher.why_not = script_runs.why_not = lambda: 'for a test'"
    start = [cell.id for cell in notebook.cells].index("setup") + 1
    notebook.cells.insert(start, new_code_cell(patch, id="patched"))
    cells = code_cells(run_lesson(notebook, tmp_path))
    said = {cell.id: output_text(cell).splitlines(keepends=True) for cell in cells if cell.id in expected}
    stored = [name for name, lines in said.items() if any(line.startswith("Stored results of two") for line in lines)]
    of_functions = ["start", "same-gradient", "one-run", "rows-of-each", "lonely", "schedule-trap"]
    assert stored == [*of_functions, "script", "worker-dies", "resume", "shards-run"]
    for name in expected.keys() - {"how-many", "machine", "explore"}:
        lines = [line for line in said[name] if not line.startswith("Stored results of two")]
        assert "".join(lines).split() == expected[name].split(), name


# --- the configurations ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fsdp", "several_gpus", "several_machines"])
def test_accelerate_understands_the_configuration(name: str, tmp_path: Path) -> None:
    """Accelerate's own reader takes every key, and the lesson explains every key."""
    import yaml
    from accelerate.commands.config.config_args import load_config_from_file
    from lesson_files import NOTEBOOKS, prose_cells, read

    text = configurations()[name].read_text(encoding="utf-8")
    found = load_config_from_file(str(configurations()[name]))
    assert found.num_processes == {"fsdp": 4, "several_gpus": 4, "several_machines": 16}[name]
    prose = "\n".join(cell.source for cell in prose_cells(read(NOTEBOOKS / "12_scaling_out.ipynb")))
    keys = yaml.safe_load(text)
    unexplained = [key for key in [*keys, *keys.get("fsdp_config", {})] if f"`{key}" not in prose]
    assert unexplained in ([], ["fsdp_config"])
    misspelt = tmp_path / "misspelt.yaml"
    misspelt.write_text(text + "num_procesess: 2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="num_procesess"):
        load_config_from_file(str(misspelt))


def test_fsdp_keys_are_options_of_the_launcher() -> None:
    """What stands under fsdp_config is not checked by the reader; each is an option of `accelerate launch`."""
    import yaml
    from accelerate.commands.launch import launch_command_parser

    known = {option for action in launch_command_parser()._actions for option in action.option_strings}
    keys = yaml.safe_load(configurations()["fsdp"].read_text(encoding="utf-8"))["fsdp_config"]
    assert {f"--{key}" for key in keys} <= known
    layers = BertForSequenceClassification(BertConfig(vocab_size=10, hidden_size=12)).bert.encoder.layer
    assert keys["fsdp_transformer_layer_cls_to_wrap"] == type(layers[0]).__name__


@together
def test_nothing_is_left_running() -> None:
    """After all of the above, no process of the script runs on."""
    children = {child.pid for child in psutil.Process().children(recursive=True)}
    assert not [process for process in running("distributed_training") if process.pid in children]


def test_the_processes_find_the_course_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    """First on their path is the folder that holds both packages, also where the course is not installed."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    first = Path(process_launcher.environment()["PYTHONPATH"].split(os.pathsep)[0])
    assert (first / "course_lessons" / "lesson_12").is_dir() and (first / "course_utils").is_dir()
