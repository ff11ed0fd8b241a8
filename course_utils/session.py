"""The start of a lesson: quiet, seeded, repeatable, and offline in pocket mode."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from course_utils.checkpoints import mode
from course_utils.messages import say, speak, text

QUIET = {
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
SHOWN_VERSIONS = ("torch", "transformers", "tokenizers", "datasets", "ipywidgets")


def setup(seed: int = 0, language: str | None = None) -> None:
    """Prepare a lesson: no progress bars, fixed seed, one CPU thread, and no network in pocket mode.

    Call it in the first cell, before transformers is imported. It prints nothing, so that its cell is the same on
    every machine; `machine` tells what this machine is.

    Args:
        seed: seed of Python's, NumPy's and torch's random numbers.
        language: what the course speaks from here on, such as "ko"; without it, what COURSE_LANGUAGE says, or English.
    Raises:
        CourseError: a language that the course does not have, or a mode in COURSE_CHECKPOINTS that does not exist.

    >>> setup()
    >>> import os
    >>> os.environ["HF_HUB_OFFLINE"]
    '1'
    """
    if language is not None:
        speak(language)
    offline = mode() == "pocket"
    os.environ.update(QUIET)
    if offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    _tell_loaded_libraries(offline)

    import torch
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.set_printoptions(precision=3, sci_mode=False, linewidth=100)
    transformers.set_seed(seed)

    from course_utils.figure_style import use_course_style

    use_course_style()


def machine() -> None:
    """Print what depends on the machine: versions, processor, and where checkpoints come from.

    >>> machine()  # doctest: +ELLIPSIS
    Python 3...
    """
    import torch

    system, processor = platform.system(), platform.machine()
    say(text("machine.python", version=platform.python_version(), system=system, processor=processor))
    for package in SHOWN_VERSIONS:
        try:
            say(f"{package} {version(package)}")
        except PackageNotFoundError:
            say(text("machine.missing", package=package))
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else text("machine.no_gpu")
    say(text("machine.used", threads=torch.get_num_threads(), gpu=gpu, mode=mode()))


def _tell_loaded_libraries(offline: bool) -> None:
    """Libraries read the environment when they are imported; those that already were are told directly."""
    if "huggingface_hub" in sys.modules:
        from huggingface_hub import constants

        constants.HF_HUB_OFFLINE = offline or constants.HF_HUB_OFFLINE
    if "datasets" in sys.modules:
        import datasets

        datasets.config.HF_HUB_OFFLINE = offline or datasets.config.HF_HUB_OFFLINE
        datasets.disable_progress_bars()
