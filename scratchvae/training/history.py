"""What happened in each epoch."""

import csv
import io

from scratchvae.storage import atomic_write


class History:
    """One row an epoch: epoch, step, train_elbo, valid_elbo, lr, seconds.

    ELBOs are in nats a datum (for another bound than the ELBO, that bound); ``valid_elbo`` is None
    without a validation set. ``history["name"]``
    is a column as a list.
    """

    COLUMNS = ("epoch", "step", "train_elbo", "valid_elbo", "lr", "seconds")

    def __init__(self, rows=()):
        self.rows = [dict(row) for row in rows]

    def append(self, **row):
        """Add an epoch."""
        self.rows.append({name: row[name] for name in self.COLUMNS})

    def __getitem__(self, column):
        return [row[column] for row in self.rows]

    def __len__(self):
        return len(self.rows)

    @property
    def best(self):
        """The row of the highest validation ELBO (of the training ELBO if there is no validation)."""
        column = "train_elbo" if not self.rows or self.rows[0]["valid_elbo"] is None else "valid_elbo"
        return max(self.rows, key=lambda row: row[column], default=None)

    def save_csv(self, path):
        """Write the rows as CSV, atomically."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.COLUMNS)
        writer.writeheader()
        writer.writerows(self.rows)
        with atomic_write(path) as file:
            file.write(text.getvalue().encode())

    def __repr__(self):
        if not self.rows:
            return "History: no epoch yet"
        last, best = self.rows[-1], self.best
        valid = "" if best["valid_elbo"] is None else f", validation ELBO {best['valid_elbo']:.2f}"
        return (
            f"History: {len(self)} epochs, {last['step']} steps, training ELBO {last['train_elbo']:.2f}; "
            f"best epoch {best['epoch']}{valid}"
        )
