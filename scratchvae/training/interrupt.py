"""Ctrl-C that waits for the step in progress, so that no update is left half done."""

import signal
import threading


class DelayedInterrupt:
    """Within the ``with`` block a first SIGINT only sets `requested`; a second one interrupts at once.

    Outside the main thread, where Python handles no signals, it does nothing; nor where SIGINT is
    ignored, as in a script's background process, which is to outlive a Ctrl-C in the foreground.
    """

    def __enter__(self):
        self.requested = False
        self._before = None
        ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        if threading.current_thread() is threading.main_thread() and not ignored:
            self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def _on_signal(self, number, frame):
        self.requested = True
        self._restore()

    def __exit__(self, *exception):
        self._restore()

    def _restore(self):
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
