"""A table of the parameters: mean, standard deviation, quantiles, by name."""

from dataclasses import dataclass

import numpy as np

from scratchvae.validation import choose, in_range

#: A table of more rows than this is shown with its middle left out.
MAX_ROWS = 40


@dataclass(frozen=True)
class Row:
    """What is known of one number.

    Attributes
    ----------
    mean, sd : float
    quantiles : dict of float to float
        By probability.
    """

    mean: float
    sd: float
    quantiles: dict


class Summary:
    """Rows by name: ``summary["tau"].mean``, ``summary["eta[0]"].quantiles[0.95]``; print it for a table."""

    def __init__(self, rows):
        self.rows = rows

    @classmethod
    def of_draws(cls, names, draws, probs):
        """Of draws (S, P) of the parameters called `names`."""
        probs = [in_range(prob, "a quantile's probability", 0, 1) for prob in probs]
        quantiles = np.quantile(draws, probs, axis=0)  # (n, P)
        columns = zip(names, draws.mean(axis=0), draws.std(axis=0, ddof=1), quantiles.T, strict=True)
        return cls(
            {
                name: Row(float(mean), float(sd), dict(zip(probs, map(float, found), strict=True)))
                for name, mean, sd, found in columns
            }
        )

    def __getitem__(self, name):
        return choose(self.rows, name, "parameter")

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)

    def as_dict(self):
        """{name: {"mean": ..., "sd": ..., "5%": ...}}, as JSON can hold it."""
        return {
            name: {"mean": row.mean, "sd": row.sd} | {_percent(p): q for p, q in row.quantiles.items()}
            for name, row in self.rows.items()
        }

    def __str__(self):
        first = next(iter(self.rows.values()))
        width = max(9, *(len(name) for name in self.rows))
        header = ["mean", "sd", *map(_percent, first.quantiles)]
        lines = ["parameter".ljust(width) + "".join(f"{title:>11}" for title in header)]
        for name, row in self.rows.items():
            numbers = [row.mean, row.sd, *row.quantiles.values()]
            lines.append(name.ljust(width) + "".join(f"{number:>11.4g}" for number in numbers))
        if len(lines) > MAX_ROWS:
            left_out = len(lines) - MAX_ROWS
            lines = [*lines[: MAX_ROWS - 2], f"... {left_out} more ...", *lines[-2:]]
        return "\n".join(lines)


def _percent(prob):
    return f"{100 * prob:g}%"
