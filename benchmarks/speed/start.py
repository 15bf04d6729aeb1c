"""What it takes to begin: importing the package, the command line's help, the first use of the kernels."""

import os
import subprocess
import sys
import tempfile

from benchmarks.speed.rounds import Timing

IMPORTS = {"numpy": "import numpy", "numpy and scratchvae": "import numpy, scratchvae"}
FIRST_USE = """
import time, numpy as np, scratchvae as sv
vae, optimizer = sv.VAE(784, 20, (500,)), sv.optim.Adam()
x, eps = np.zeros((100, 784), np.float32), np.zeros((1, 100, 20), np.float32)
began = time.perf_counter()
vae.loss_and_grad(x, eps)
optimizer.step(vae.parameters.value, vae.parameters.grad)
vae.elbo(x, eps)
print(time.perf_counter() - began)
"""
HELP = (
    "import subprocess, sys; "
    "subprocess.run([sys.executable, '-m', 'scratchvae', '--help'], capture_output=True, check=True)"
)
CLOCK = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"


def measure(n_rounds):
    """{name: Timing}, in processes of their own that take turns."""
    found = {name: [] for name in (*IMPORTS, "scratchvae --help", "kernels, warm cache")}
    with tempfile.TemporaryDirectory() as folder:
        cold = _printed(FIRST_USE, NUMBA_CACHE_DIR=folder)
        for _ in range(n_rounds):
            for name, statement in IMPORTS.items():
                found[name].append(_printed(CLOCK.format(statement)))
            found["scratchvae --help"].append(_printed(CLOCK.format(HELP)))
            found["kernels, warm cache"].append(_printed(FIRST_USE, NUMBA_CACHE_DIR=folder))
    return {"kernels, cold cache": Timing((cold,))} | {name: Timing(tuple(t)) for name, t in found.items()}


def _printed(code, **environment):
    """The number that a new process prints last."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])
