"""What can be said where nothing fits."""

import numpy as np

from scratchvae.gradcheck.report import Diagnosis


def unexplained(block, evidence, clues=()):
    """The best clues: direction, size, how many entries are wrong, which blocks are right."""
    clues = (*clues, *_numbers(block), *_blocks(evidence))
    hint = ""
    if not evidence.passing and np.any(block.a):
        hint = (
            "; this is not the gradient of the function at fixed noise: if it is an estimator of the "
            "gradient of an expectation, use check_estimator, which checks its mean"
        )
    message = "no simple mistake explains the difference" + (f" ({', '.join(clues)})" if clues else "")
    return Diagnosis("unexplained", message + hint, clues=clues)


def _numbers(block):
    seen = block.visible
    a, n = block.a[seen], block.n[seen]
    if not (a.size and np.any(a) and np.any(n)):
        return
    yield f"cosine of the angle to the true gradient {cosine(block):.3f}"
    yield f"norm {np.linalg.norm(a) / np.linalg.norm(n):.3g} times the true one"
    yield f"{int((block.wrong & seen).sum())} of {a.size} entries wrong"
    if a.size > 2 and np.ptp(a) <= 1e-9 * np.abs(a).max():
        mean = ", the mean of the true ones" if abs(a[0] - n.mean()) <= 1e-4 * abs(a[0]) else ""
        yield f"all entries are equal, {a[0]:.6g}{mean}"


def cosine(block):
    """The cosine of the angle between the code's gradient and the true one; zero if either vanishes."""
    lengths = np.linalg.norm(block.a) * np.linalg.norm(block.n)
    return float(block.a @ block.n / lengths) if lengths else 0.0


def _blocks(evidence):
    right = evidence.passing
    if right:
        yield f"right are: {', '.join(map(repr, right[:4]))}{', ...' if len(right) > 4 else ''}"
