"""What can be said where nothing fits."""

import numpy as np

from scratchvae.gradcheck.report import Diagnosis


def unexplained(block, evidence):
    """The best clues: direction, size, how many entries are wrong, which other blocks are."""
    seen = block.visible
    a, n = block.a[seen], block.n[seen]
    clues = []
    if a.size and np.any(a) and np.any(n):
        cosine = float(a @ n / (np.linalg.norm(a) * np.linalg.norm(n)))
        clues.append(f"cosine of the angle to the true gradient {cosine:.3f}")
        clues.append(f"norm {np.linalg.norm(a) / np.linalg.norm(n):.3g} times the true one")
        clues.append(f"{int((block.wrong & seen).sum())} of {a.size} entries wrong")
    right = [name for name in evidence.blocks if name not in evidence.failing]
    if right:
        shown = ", ".join(map(repr, right[:4])) + (", ..." if len(right) > 4 else "")
        clues.append(f"right are: {shown}")
    hint = (
        "; if it is an estimator of the gradient of an expectation, it need not be that of the function at fixed noise: "
        "check its mean instead"
        if not right and a.size and np.any(a)
        else ""
    )
    message = "no simple mistake explains the difference" + (f" ({', '.join(clues)})" if clues else "")
    return Diagnosis("unexplained", message + hint, clues=tuple(clues))
