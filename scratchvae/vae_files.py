"""A model in a file: its configuration and its parameters, without pickle."""

import numpy as np

from scratchvae.storage import load_npz, save_npz
from scratchvae.validation import finite, numeric_array


class Stored:
    """`save`, `load`, `restore` for a class with `parameters` and `config`, the arguments that make it."""

    def save(self, path):
        """Write architecture and parameters to an npz file, atomically and without pickle."""
        if None in self.config.values():
            raise ValueError(
                "a model that was given a map as an object cannot be made again from a file: give "
                "posterior= and prior= by name to save it."
            )
        for name in self.parameters:
            finite(self.parameters[name], name)
        meta = {"kind": type(self).__name__, "config": self.config}
        save_npz(path, {name: self.parameters[name] for name in self.parameters}, meta)

    @classmethod
    def load(cls, path):
        """Read what `save` wrote; a checkpoint of `scratchvae.train` is read too.

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If it is damaged or does not hold such a model.
        """
        arrays, meta = load_npz(path)
        if not isinstance(meta, dict) or "config" not in meta:
            raise ValueError(f"{path} does not hold a {cls.__name__}.")
        try:
            model = cls(**meta["config"])
        except (TypeError, ValueError, MemoryError) as error:
            raise ValueError(
                f"{path} describes no {cls.__name__} that this version can make: {error}"
            ) from None
        model.restore(arrays, path)
        return model

    def restore(self, arrays, path):
        """Take the parameters from a file's arrays; every block must be there in its shape."""
        for name, shape in self.parameters.shapes.items():
            found = arrays.get(name)
            if found is None or found.shape != shape:
                came = "no such block" if found is None else f"shape {found.shape}"
                raise ValueError(
                    f"{path} does not fit this model: {name} must have shape {shape}, but has {came}."
                )
            with np.errstate(over="ignore"):
                values = numeric_array(found, name).astype(self.dtype)
            self.parameters[name] = finite(values, f"{name} in {path}")
