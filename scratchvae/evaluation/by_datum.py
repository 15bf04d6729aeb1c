"""Work that is done for some data at a time: in threads, counted, kept, and interrupted without loss."""

import contextlib
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from scratchvae.validation import positive_int


class StoppedError(Exception):
    """Raised by work that has seen that it is to stop; nobody waits for its result."""


def stopping(results):
    """A function for long work to call now and then: it raises `StoppedError` after an interruption."""

    def stopped():
        if results.stop.is_set():
            raise StoppedError

    return stopped


def by_datum(function, results, n_at_once, *, threads=None, progress=None):
    """Call ``function(rows)`` for all rows that `results` does not have yet, and enter what it returns.

    Each thread makes its own matrix products with one BLAS thread. Together they are faster than products
    that are divided among threads, for what is between the products is then divided as well.

    Parameters
    ----------
    function : callable
        Takes rows (n,) of int and returns {name: array (n, ...)}. What it gives for a row must not depend
        on the rows beside it, nor on the thread.
    results : Results
    n_at_once : int
        Rows in a call, at most.
    threads : int, optional
        By default as many as BLAS would use.
    progress : callable, optional
        Called with the number of rows done since the last call.

    Raises
    ------
    KeyboardInterrupt
        At Ctrl-C, when the results so far are saved.
    """
    threads = blas_threads() if threads is None else positive_int(threads, "threads")
    rows = results.missing()
    blocks = [rows[first : first + n_at_once] for first in range(0, len(rows), n_at_once)]
    results.stop.clear()
    try:
        with (
            threadpool_limits(1, user_api="blas"),
            contextlib.closing(_done(function, blocks, threads, results.stop)) as done,
        ):
            for block, found in done:
                results.put(block, found)
                results.save_if_due()
                if progress is not None:
                    progress(len(block))
    finally:
        results.save()


def _done(function, blocks, threads, stop):
    """Each block with its result, in the order in which they end."""
    if threads == 1:
        for block in blocks:
            yield block, function(block)
        return
    with ThreadPoolExecutor(threads) as pool:
        todo, running = iter(blocks), {}
        try:
            while True:
                while len(running) < 2 * threads and (block := next(todo, None)) is not None:
                    running[pool.submit(function, block)] = block
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        finally:  # at the end there is nothing to stop; after an interruption or an error there is
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def blas_threads():
    """How many threads the BLAS in use would take: cores, or fewer where the user said so."""
    np.ones((2, 2)) @ np.ones((2, 2))  # what loads late is loaded now
    counts = [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
    return max(counts, default=1)


def rows_that_fit(n_values):
    """How many rows of so many values a processor's cache holds beside the weights that make them.

    With more rows the matrix products are no faster, and all that is done between them is slower: of 784
    values 250 rows take 0.8 MB in single precision, and 400 rows cost a quarter more time a row.
    """
    return max(16, min(4096, 196_000 // positive_int(n_values, "n_values")))
