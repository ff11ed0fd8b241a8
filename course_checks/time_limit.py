"""A limit on how long a learner's code may run, for a loop that never ends: the kernel survives it."""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TookTooLong(BaseException):
    """The time is up. Not an `Exception`, so that a learner's own `except Exception` does not swallow it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TookTooLong` inside the block once it has run for some seconds, and again each second after that.

    In the main thread of a system with timers (Linux, macOS, Colab) a signal does it; on Windows, and in other threads,
    a second thread asks Python to raise in this one. Both wait until Python code goes on: one call that stays inside
    C code, such as a single huge product of matrices, is not broken off.

    >>> with time_limit(0.05):
    ...     while True:
    ...         pass
    Traceback (most recent call last):
    course_checks.time_limit.TookTooLong
    """
    main = threading.current_thread() is threading.main_thread()
    with _by_signal(seconds) if main and hasattr(signal, "setitimer") else _by_thread(seconds):
        yield


@contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    running = True

    def stop(*_: object) -> None:
        if running:
            raise TookTooLong

    before = signal.signal(signal.SIGALRM, stop)
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
            yield
        finally:
            running = False
    finally:  # on its own, so that a signal in the line above cannot leave the timer running
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _by_thread(seconds: float) -> Iterator[None]:
    thread, lock, over = ctypes.c_ulong(threading.get_ident()), threading.Lock(), threading.Event()

    def stop() -> None:
        wait = seconds
        while not over.wait(wait):
            with lock:
                if not over.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TookTooLong))
            wait = 1.0

    threading.Thread(target=stop, daemon=True).start()
    try:
        yield
    finally:
        # Taking the exception back by a call without one leaves Python 3.11 looping for ever under a profiler.
        # So what was asked for and not yet raised is let out here, at the latest.
        while not over.is_set():
            try:
                with lock:
                    over.set()
                for _ in range(100):
                    pass
            except TookTooLong:
                continue
