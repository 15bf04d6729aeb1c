"""What the tutorial scripts share: options, claims that are checked, figures.

A tutorial is a plain script. It says what it claims by `claim` and `agree`, which raise if the claim is
false, and writes its figures by `save`; in a notebook the figure is also shown. Nothing here hides
mathematics.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

FIGURES = Path(__file__).parent.parent / "figures"


@dataclass
class Lesson:
    """One run of a tutorial.

    Attributes
    ----------
    quick : bool
        Whether a few seconds have to do: fewer draws, shorter training, and figures that are thrown away.
    figures : Path
        Where figures go.
    n_claims : int
        How many claims held so far.
    """

    quick: bool = False
    figures: Path = FIGURES
    n_claims: int = field(default=0, init=False)

    def claim(self, sentence, holds, numbers=""):
        """Print what is claimed with its numbers; raise AssertionError if it does not hold."""
        if not holds:
            raise AssertionError(f"this claim does not hold: {sentence} ({numbers})")
        self.n_claims += 1
        print(f"[holds] {sentence}" + (f": {numbers}" if numbers else ""))

    def claim_of_time(self, sentence, holds, numbers=""):
        """`claim` about measured seconds; a quick run, whose machine may be busy, does not raise."""
        if self.quick and not holds:
            print(f"[not now] {sentence}: {numbers}; another process may have had the processor")
        else:
            self.claim(sentence, holds, numbers)

    def agree(self, sentence, one, other, within):
        """Claim that two ways to the same numbers differ by less than `within` everywhere."""
        gap = np.max(np.abs(np.subtract(one, other)))
        self.claim(sentence, gap < within, f"largest difference {gap:.1e}")

    def save(self, drawn, name):
        """Write a figure as PNG into the folder of figures; a notebook shows it where it is saved."""
        from scratchvae.plotting import save

        path = self.figures / f"{name}.png"
        save(drawn, path)
        print(f"[figure] {path.parent.name}/{path.name}")
        if in_notebook():
            from IPython.display import Image, display

            display(Image(filename=str(path)))


def in_notebook():
    return "ipykernel" in sys.modules


def begin(argv=None):
    """The lesson, with the options of the command line: ``--quick`` and ``--figures FOLDER``.

    In a notebook, whose own arguments are none of ours, it is a full run, unless it says
    ``begin(["--quick"])``.
    """
    parser = argparse.ArgumentParser(description="a tutorial of scratchvae")
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests; figures go elsewhere")
    parser.add_argument("--figures", type=Path, help="folder for the figures (default: figures/)")
    args = parser.parse_args([] if in_notebook() and argv is None else argv)
    folder = args.figures or (Path(tempfile.mkdtemp(prefix="scratchvae-")) if args.quick else FIGURES)
    folder.mkdir(parents=True, exist_ok=True)
    return Lesson(args.quick, folder)
