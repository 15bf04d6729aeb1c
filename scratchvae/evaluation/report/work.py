"""What a report's sections work with: the model, the data, what is kept on the way."""

import numpy as np

from scratchvae.data.seeds import generator
from scratchvae.evaluation.kept import Results, fingerprint
from scratchvae.plotting.images import to_unit_range

#: The stream of the seed by which data are chosen where not all are taken.
CHOICE = 7


class NotReachedError(Exception):
    """Raised after an interruption for a measurement of which nothing is done."""


class Work:
    """A model, held-out data, settings, and results by datum in a folder.

    Parameters
    ----------
    vae : VAE
    dataset : Dataset
        Prepared.
    settings : ReportSettings
    folder : Path
        Its folder by_datum/ keeps the results of each datum.
    threads : int, optional
    progress : callable, optional
        ``progress(title, n)`` is called before n data are measured, and returns what is called with the
        number of data done since its last call.
    """

    def __init__(self, vae, dataset, settings, folder, threads=None, progress=None):
        self.vae, self.dataset, self.settings = vae, dataset, settings
        self.folder, self.threads, self.progress = folder, threads, progress
        self.of = fingerprint(vae, dataset)
        self.kept, self.is_frozen = {}, False

    @property
    def is_density(self):
        """Whether p(x|z) is a density, and not the probability of a level, a count or a bit."""
        return (self.vae.likelihood.spec or "").startswith("normal")

    def freeze(self):
        """From here on nothing is measured, and what is measured in part is summed up."""
        self.is_frozen = True
        for results in self.kept.values():
            results.freeze()

    def measure(self, name, n, function, *given, of=None, **settings):
        """Call a function of this package that keeps its results by datum.

        Parameters
        ----------
        name : str
            Of the file of results.
        n : int
            Entries that it is to have.
        function : callable
            ``function(*given, results=, threads=, progress=, **settings)``.
        of : Dataset, optional
            The data that it is about, if not all.
        **settings
            They are kept with the results, and must be the same when these are read again.

        Returns
        -------
        found : object
            What the function returns.
        done : int
            Entries that are done.

        Raises
        ------
        NotReachedError
            If nothing is done, and nothing more is to be.
        ValueError
            If the file is of another model, of other data or settings; or the function raises it.
        """
        results = self._results(name, n, self.dataset if of is None else of, settings)
        if self.is_frozen and not results.done.any():
            raise NotReachedError
        missing = len(results.missing())
        progress = self.progress(name, missing) if self.progress and missing else None
        found = function(*given, results=results, threads=self.threads, progress=progress, **settings)
        return found, int(results.done.sum())

    def _results(self, name, n, dataset, settings):
        """The results of this name, from memory or from their file."""
        if name not in self.kept:
            of = self.of if dataset is self.dataset else fingerprint(self.vae, dataset)
            what = {**of, "settings": settings}
            self.kept[name] = Results(n, self.folder / "by_datum" / f"{name}.npz", what)
            if self.is_frozen:
                self.kept[name].freeze()
        return self.kept[name]

    def for_drawing(self, x):
        """Data, or what a model makes of them, as images are drawn: between the limits of the data."""
        return to_unit_range(x, tuple(limit / self.dataset.scale for limit in self.dataset.limits))

    def some(self, n, stream):
        """Return n data taken at random, all if there are no more."""
        if n >= len(self.dataset):
            return self.dataset
        rng = generator(self.settings.seed, CHOICE, stream)
        return self.dataset.subset(np.sort(rng.choice(len(self.dataset), n, replace=False)))
