"""Objects that a checkpoint can hold: a name and plain arguments, from which they are made again."""

import dataclasses

from scratchvae.validation import choose


class Configured:
    """Base of dataclasses whose fields are numbers, lists of numbers, or further such objects."""

    #: The name in the registry.
    name = None

    @property
    def config(self):
        """The name and the arguments, as a dict that JSON can hold."""
        arguments = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {"name": self.name} | {key: _plain(value) for key, value in arguments.items()}


def _plain(value):
    if isinstance(value, Configured):
        return value.config
    return list(value) if isinstance(value, tuple) else value


def from_config(registry, config, what):
    """Make the object that `config` describes: ``{"name": "adam", "lr": 0.001}``.

    Parameters
    ----------
    registry : mapping of str to type
    config : mapping
        "name", and arguments of the class that has it; those left out take their defaults.
    what : str
        What is being made, for the message: "optimizer" or "schedule".

    Raises
    ------
    ValueError
        If the name or an argument is unknown, or an argument without a default is missing.
    """
    arguments = dict(config)
    name = arguments.pop("name", None)
    kind = choose(registry, name, what)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for key in arguments:
        choose(fields, key, f"argument of the {what} {name!r}:")
    for key, field in fields.items():
        if key not in arguments and field.default is dataclasses.MISSING:
            raise ValueError(f"The {what} {name!r} has no default for {key}; give it.")
    return kind(**arguments)
