"""Hub mode, through the real client of the Hub, against a small Hub on loopback: no cell goes untested."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import EMOTIONS, RENAMED, SERVED, LocalHub, repositories
from lesson_files import cell_by_id, clean_environment, code_cells, output_text, read, run_lesson, tags

LONGEST_WAIT = 5.0
"""Seconds after which an answer about the Hub has to be there."""

SST2 = "distilbert-base-uncased-finetuned-sst-2-english"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of all served repositories, made once."""
    return repositories(tmp_path_factory.mktemp("hub"))


@pytest.fixture
def hub(served: dict[str, Path]) -> Iterator[LocalHub]:
    """A running Hub with an empty list of requests."""
    with LocalHub(served) as running:
        yield running


def hub_environment(address: str, home: Path, **changes: str | None) -> dict[str, str]:
    """The environment of somebody in hub mode whose Hub is at `address` and whose cache is empty."""
    settings: dict[str, str | None] = {
        "COURSE_CHECKPOINTS": "hub",
        "HF_ENDPOINT": address,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        **changes,
    }
    return clean_environment(**settings)


def python(code: str, environment: dict[str, str], folder: Path, timeout: float = 120) -> str:
    """What a fresh Python prints that runs `code` in `folder`."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


# --- lessons ----------------------------------------------------------------------------------------------


def test_lesson_runs_in_hub_mode(lesson: Path, hub: LocalHub, tmp_path: Path) -> None:
    """Somebody with a network can switch to the original checkpoints: every cell runs, Hub cells too."""
    stored = read(lesson)
    done = run_lesson(stored, tmp_path, hub_environment(hub.address, tmp_path / "home"))
    hub_cells = [cell for cell in code_cells(stored) if "hub" in tags(cell)]
    for cell in hub_cells:
        heard = output_text(cell_by_id(done, cell.id))
        assert heard.strip(), f"{cell.id} says nothing in hub mode"
        assert heard != output_text(cell), f"{cell.id} did not run in hub mode"
    if hub_cells or any("checkpoint(" in cell.source for cell in code_cells(stored)):
        assert hub.asked_for("/resolve/"), "no file was asked for"
        weights = [path for method, path in hub.asked_for(".safetensors") if method == "GET"]
        assert weights, "no weights were downloaded"


# --- checkpoint() -----------------------------------------------------------------------------------------


def test_every_known_checkpoint_is_served() -> None:
    """A checkpoint added to the package must be added to the local Hub, or its cells would go untested."""
    from course_utils.checkpoints import CHECKPOINTS

    for known in CHECKPOINTS:
        assert known.hub_id in SERVED, known.hub_id
        for short in known.short_names:
            assert RENAMED[short] == known.hub_id


LOAD_ALL = """
import json, sys
from course_utils import checkpoint, setup
setup()
from transformers import AutoConfig, AutoModel, AutoTokenizer
from course_utils.checkpoints import CHECKPOINTS
found = {}
for known in CHECKPOINTS:
    for name in (known.hub_id, *known.short_names):
        target = checkpoint(name)
        config, tokenizer = AutoConfig.from_pretrained(target), AutoTokenizer.from_pretrained(target)
        inputs = tokenizer("we have been waiting for the course", return_tensors="pt")
        more = {"decoder_input_ids": inputs.input_ids} if config.is_encoder_decoder else {}
        shape = list(AutoModel.from_pretrained(target)(**inputs, **more)[0].shape)
        facts = [target, config.architectures[0], len(config.id2label)]
        found[name] = [*facts, shape[:2], inputs.input_ids.shape[1]]
print("FOUND " + json.dumps(found))
"""


def test_every_checkpoint_loads_from_the_hub(hub: LocalHub, tmp_path: Path) -> None:
    """Each name of the documents, old or new, leads to its model under the current full name."""
    said = python(LOAD_ALL, hub_environment(hub.address, tmp_path / "home"), tmp_path)
    found = json.loads(said.split("FOUND ", 1)[1])
    assert len(found) >= len(SERVED)
    for name, (target, architecture, labels, shape, tokens) in found.items():
        assert target == RENAMED.get(name, name)
        assert shape == [1, tokens] and tokens >= 7, name
        if "go_emotions" in name:
            assert labels == EMOTIONS and architecture == "RobertaForSequenceClassification"
        if "mnli" in name:
            assert labels == 3 and architecture == "BartForSequenceClassification"
    for repo in SERVED:
        assert hub.asked_for(f"/{repo}/resolve/"), repo
    assert str(tmp_path) not in said.split("FOUND ")[0], "a folder of the machine was printed"


POCKET_RUN = f"""
from course_utils import checkpoint, hub_mode, setup
setup()
from transformers import AutoModelForSequenceClassification, AutoTokenizer
folder = checkpoint("{SST2}")
AutoTokenizer.from_pretrained(folder)
AutoModelForSequenceClassification.from_pretrained(folder)
print("HUB" if hub_mode() else "POCKET")
"""


def test_pocket_mode_leaves_the_network_alone(hub: LocalHub, tmp_path: Path) -> None:
    """By default nothing is asked of the Hub, even where one could be reached; no path is shown."""
    environment = hub_environment(hub.address, tmp_path / "home", COURSE_CHECKPOINTS=None)
    said = python(POCKET_RUN, environment, tmp_path).splitlines()
    assert said[-1] == "POCKET"
    assert hub.requests == []
    assert len(said) == 3 and "stand-in" in said[0] and "/" in said[0]
    assert "course_utils/" not in said[0] and str(tmp_path) not in said[0]


ASK = """
import json, time
import huggingface_hub
from course_utils import CourseError, checkpoint
started = time.monotonic()
try:
    told = ["loaded", checkpoint(NAME)]
except CourseError as error:
    told = ["CourseError", str(error)]
print("TOLD " + json.dumps([*told, time.monotonic() - started]))
"""


def ask(name: object, environment: dict[str, str], folder: Path) -> tuple[str, str, float]:
    """What `checkpoint(name)` came to in a fresh Python: kind, text, and the seconds it took."""
    said = python(f"NAME = {name!r}\n{ASK}", environment, folder)
    kind, text, seconds = json.loads(said.split("TOLD ", 1)[1])
    return kind, text, seconds


def asked_at_best(environment: dict[str, str], folder: Path) -> tuple[str, str, float]:
    """Kind, text and seconds of `checkpoint(SST2)`: the quickest of up to three tries.

    A machine that is busy with something else can be slow for once; an answer that takes too long by itself
    is too long three times.
    """
    tries: list[tuple[str, str, float]] = []
    while len(tries) < 3:
        tries.append(ask(SST2, environment, folder))
        if tries[-1][2] < LONGEST_WAIT:
            break
    return min(tries, key=lambda told: told[2])


def helpful(text: str, *words: str) -> bool:
    """Whether an error says what to do: long enough, and with every one of `words`."""
    return len(text.split()) >= 12 and all(word in text for word in words)


def test_unreachable_hub_is_explained_at_once(tmp_path: Path) -> None:
    """On a train, hub mode says within five seconds that the Hub does not answer, and what to do."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound but not listening: a connection is refused
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        kind, text, seconds = asked_at_best(hub_environment(address, tmp_path / "home"), tmp_path)
    assert kind == "CourseError" and helpful(text, "COURSE_CHECKPOINTS", SST2), text
    assert seconds < LONGEST_WAIT


def test_silent_hub_is_explained_within_five_seconds(tmp_path: Path) -> None:
    """A firewall that swallows packets does not freeze a lesson: the answer comes within five seconds."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # lets a client connect and never says a word
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        kind, text, seconds = asked_at_best(hub_environment(address, tmp_path / "home"), tmp_path)
    assert kind == "CourseError" and helpful(text, "COURSE_CHECKPOINTS"), text
    assert seconds < LONGEST_WAIT


def test_a_downloaded_checkpoint_still_loads_without_the_hub(hub: LocalHub, tmp_path: Path) -> None:
    """What was downloaded at home works in class: the copy on this machine is used, and the line says so."""
    home = tmp_path / "home"
    first = f"from huggingface_hub import snapshot_download; snapshot_download({RENAMED[SST2]!r})"
    python(first, hub_environment(hub.address, home), tmp_path)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        kind, text, seconds = asked_at_best(hub_environment(address, home), tmp_path)
    assert kind == "loaded" and (Path(text) / "model.safetensors").exists()
    assert seconds < LONGEST_WAIT


def test_a_checkpoint_the_hub_does_not_have_is_explained(tmp_path: Path) -> None:
    """A checkpoint that was renamed or withdrawn is a plain message, not a trace through the client."""
    with LocalHub({}) as empty:
        kind, text, seconds = asked_at_best(hub_environment(empty.address, tmp_path / "home"), tmp_path)
        assert empty.requests
    assert kind == "CourseError" and helpful(text, SST2), text
    assert seconds < LONGEST_WAIT


@pytest.mark.parametrize("mode", ["pocket", "hub"])
def test_unknown_name_is_explained(mode: str, tmp_path: Path) -> None:
    """A misspelt name is answered with names that exist, before anything is asked of a network."""
    environment = clean_environment(COURSE_CHECKPOINTS=mode, HF_HOME=str(tmp_path))
    kind, text, _ = ask("distilbert-base-uncased-finetuned-sst2-english", environment, tmp_path)
    assert kind == "CourseError" and helpful(text, SST2), text


def test_unknown_mode_is_explained(tmp_path: Path) -> None:
    """A misspelt mode is answered with the modes that exist."""
    kind, text, _ = ask(SST2, clean_environment(COURSE_CHECKPOINTS="online"), tmp_path)
    assert kind == "CourseError" and helpful(text, "online", "pocket", "hub", "COURSE_CHECKPOINTS"), text


def test_a_checkpoint_without_stand_in_is_explained(tmp_path: Path) -> None:
    """Where the course has no small stand-in it says so, and how to load the original."""
    kind, text, _ = ask("facebook/bart-large-mnli", clean_environment(), tmp_path)
    assert kind == "CourseError" and helpful(text, "COURSE_CHECKPOINTS", "hub"), text
