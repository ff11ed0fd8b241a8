"""What the transformers library says in its log, collected instead of printed: some lessons are about it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class _Collector(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__()
        self.said = said

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextmanager
def library_log() -> Iterator[list[str]]:
    """Collect the library's warnings while a block runs; before and after, it is as quiet as it was.

    Yields a list that grows by one text for each message. Many messages are given once only for each tokenizer or
    model, so load a new one where a message has to come.

    >>> import transformers
    >>> with library_log() as said:
    ...     transformers.utils.logging.get_logger("transformers.example").warning("too long")
    >>> said
    ['too long']
    """
    from transformers.utils import logging as library

    root = logging.getLogger("transformers")
    before, handlers = library.get_verbosity(), list(root.handlers)
    said: list[str] = []
    collector = _Collector(said)
    for handler in handlers:
        root.removeHandler(handler)
    root.addHandler(collector)
    library.set_verbosity_warning()
    try:
        yield said
    finally:
        library.set_verbosity(before)
        root.removeHandler(collector)
        for handler in handlers:
            root.addHandler(handler)
