"""Seconds spent in methods while a program runs: each one's own, without the watched ones that it calls."""

import contextlib
import functools
import time
from collections import defaultdict


class Watch:
    """Adds up the seconds of methods.

    Parameters
    ----------
    clock : callable
        What gives the time, in seconds.

    Attributes
    ----------
    seconds : dict
        {label: seconds}, since the last `reset`.
    """

    def __init__(self, clock=time.perf_counter):
        self.clock = clock
        self.seconds = defaultdict(float)
        self._inner = []  # for each method under way, the seconds of the watched ones that it has called

    def reset(self):
        """Forget what was added up, and return it."""
        found, self.seconds = dict(self.seconds), defaultdict(float)
        return found

    @contextlib.contextmanager
    def on(self, methods):
        """Watch methods within a ``with`` block.

        Parameters
        ----------
        methods : iterable of (class, str, function)
            The class that defines the method, its name, and what gives its label when called with the object.
        """
        methods = [(kind, name, label, vars(kind)[name]) for kind, name, label in methods]
        for kind, name, label, method in methods:
            setattr(kind, name, self._timed(method, label))
        try:
            yield self
        finally:
            for kind, name, _, method in methods:
                setattr(kind, name, method)

    def _timed(self, method, label):
        @functools.wraps(method)
        def timed(this, *args, **kwargs):
            self._inner.append(0.0)
            start = self.clock()
            try:
                return method(this, *args, **kwargs)
            finally:
                passed = self.clock() - start
                self.seconds[label(this)] += passed - self._inner.pop()
                if self._inner:
                    self._inner[-1] += passed

        return timed
