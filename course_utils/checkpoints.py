"""From the name of a checkpoint in a document to what `from_pretrained` should load.

By default that is a pocket checkpoint: a small stand-in that comes with the course, in the layout of a Hub repository,
so that nothing is downloaded. With `COURSE_CHECKPOINTS=hub` it is the document's own checkpoint under its current name.
"""

from __future__ import annotations

import difflib
import os
import threading
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from course_utils.messages import CourseError, brief, say, text

MODE_VARIABLE = "COURSE_CHECKPOINTS"
MODES = ("pocket", "hub")
HUB_PATIENCE = 3.0
"""Seconds that `checkpoint` waits for an answer of the Hub before it says that there is none."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that the course knows: its full name on the Hub and its pocket stand-in, if there is one."""

    hub_id: str
    pocket: str | None = None
    short_names: tuple[str, ...] = ()


CHECKPOINTS = (
    Checkpoint(
        "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
        "pocket-bert-uncased-sst2",
        ("distilbert-base-uncased-finetuned-sst-2-english",),
    ),
    Checkpoint("google-bert/bert-base-uncased", "pocket-bert-uncased", ("bert-base-uncased",)),
    Checkpoint("google-bert/bert-base-cased", "pocket-bert-uncased", ("bert-base-cased",)),
    Checkpoint("klue/roberta-base", "pocket-roberta-ko"),
    Checkpoint("klue/bert-base", "pocket-roberta-ko"),
    Checkpoint("openai-community/gpt2", "pocket-gpt", ("gpt2",)),
    Checkpoint("distilbert/distilroberta-base", None, ("distilroberta-base",)),
    Checkpoint("facebook/bart-large-mnli"),
    Checkpoint("SamLowe/roberta-base-go_emotions"),
    Checkpoint("distilbert/distilbert-base-cased-distilled-squad"),
    Checkpoint("google-t5/t5-small"),
)
OWN = ("pocket-roberta-ko-sentiment",)
"""Pocket checkpoints that stand in for nothing in the documents; asked for by their own name, in either mode."""


def mode() -> str:
    """The mode chosen by COURSE_CHECKPOINTS: "pocket" (also when unset or empty) or "hub".

    Raises CourseError on any other value.

    >>> mode()
    'pocket'
    """
    given = os.environ.get(MODE_VARIABLE, "")
    chosen = given.strip().lower() or "pocket"
    if chosen not in MODES:
        raise CourseError(text("checkpoint.unknown_mode", given=given, variable=MODE_VARIABLE))
    return chosen


def hub_mode() -> bool:
    """Whether cells that need the Hub should run; where not, one printed line says how to make them run.

    >>> hub_mode()
    Hub cell, not run: set COURSE_CHECKPOINTS=hub before starting Jupyter to run it with the original checkpoint.
    False
    """
    if mode() == "hub":
        return True
    say(text("checkpoint.hub_cell", variable=MODE_VARIABLE))
    return False


def find(name: object) -> Checkpoint:
    """The entry for a name, short as in the documents or full as on the Hub.

    Raises CourseError for anything the course does not know, with the nearest names it does.

    >>> find("bert-base-uncased").hub_id
    'google-bert/bert-base-uncased'
    """
    by_name = {n: c for c in CHECKPOINTS for n in (c.hub_id, *c.short_names)}
    if not isinstance(name, str):
        raise CourseError(text("checkpoint.not_a_name", given=brief(name), kind=type(name).__name__))
    if name.strip() in by_name:
        return by_name[name.strip()]
    near = difflib.get_close_matches(name.strip()[:200], [*by_name, *OWN], n=3, cutoff=0.5) or list(by_name)[:3]
    raise CourseError(text("checkpoint.unknown_id", given=brief(name), near=", ".join(near)))


def checkpoint(name: str) -> str:
    """What `from_pretrained` should load for a checkpoint named in the documents; prints one line that says what it is.

    Args:
        name: the id, short ("bert-base-uncased") or full ("google-bert/bert-base-uncased"), or the own name of a
            pocket checkpoint that stands in for none ("pocket-roberta-ko-sentiment").
    Returns:
        A folder of the installed package in pocket mode, the full id on the Hub in hub mode. If the Hub does not
        answer but its files were downloaded before, the folder of that copy.
    Raises:
        CourseError: an unknown id, an unknown mode, no stand-in in pocket mode, or no answer from the Hub within 5 s.

    >>> folder = checkpoint("distilbert-base-uncased-finetuned-sst-2-english")
    Loading pocket-bert-uncased-sst2, small stand-in for distilbert/distilbert-base-uncased-finetuned-sst-2-english
    >>> from transformers import AutoConfig
    >>> AutoConfig.from_pretrained(folder).id2label
    {0: 'NEGATIVE', 1: 'POSITIVE'}
    """
    if isinstance(name, str) and name.strip() in OWN and (own := pocket_folder(name.strip())):
        mode()
        say(text("checkpoint.own", pocket=own.name))
        return str(own)
    known = find(name)
    if mode() == "hub":
        return _from_hub(known)
    folder = pocket_folder(known.pocket) if known.pocket else None
    if folder is None:
        raise CourseError(text("checkpoint.no_stand_in", hub_id=known.hub_id, variable=MODE_VARIABLE))
    say(text("checkpoint.pocket", pocket=known.pocket, hub_id=known.hub_id))
    return str(folder)


def pocket_folder(pocket: str) -> Path | None:
    """Folder of a pocket checkpoint in the installed package, or None if this edition does not carry it.

    >>> pocket_folder("pocket-bert-uncased-sst2").name
    'pocket-bert-uncased-sst2'
    """
    with as_file(files("course_utils").joinpath("pocket", pocket)) as folder:
        return folder if (folder / "config.json").is_file() else None


def _from_hub(known: Checkpoint) -> str:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    problem = _ask_hub(known.hub_id)
    if problem is None:
        say(text("checkpoint.hub", hub_id=known.hub_id))
        return known.hub_id
    try:
        folder = snapshot_download(known.hub_id, local_files_only=True)
    except (LocalEntryNotFoundError, OSError, ValueError):
        folder = None
    if folder is None or not (Path(folder) / "config.json").is_file():
        raise CourseError(text("checkpoint.unreachable", hub_id=known.hub_id, problem=problem, variable=MODE_VARIABLE))
    say(text("checkpoint.cached", hub_id=known.hub_id))
    return folder


def _ask_hub(hub_id: str) -> str | None:
    """None if the Hub answers and has the model, otherwise what went wrong in a few words."""
    answer: list[str | None] = []

    def ask() -> None:
        from huggingface_hub import HfApi

        try:
            HfApi().model_info(hub_id, timeout=HUB_PATIENCE)
            answer.append(None)
        except Exception as error:  # whatever the network layer raises is the same news to a learner
            answer.append(f"{type(error).__name__}")

    # A thread, because looking up a host name has no timeout of its own.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(HUB_PATIENCE)
    return answer[0] if answer else text("checkpoint.no_answer", seconds=round(HUB_PATIENCE))
