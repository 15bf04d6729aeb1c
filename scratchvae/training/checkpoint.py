"""A run's whole state in one file, written atomically, from which it goes on bit by bit."""

from pathlib import Path

from scratchvae.storage import load_npz, save_npz

LAST, BEST, HISTORY = "last.npz", "best.npz", "history.csv"
_OPTIMIZER = "optimizer/"


def save(path, vae, optimizer, progress, settings):
    """Write parameters, optimizer and everything else that the next step depends on.

    Parameters
    ----------
    path : path-like
    vae : VAE
    optimizer : optimizer
    progress : dict
        What changes from step to step: data position, random state, history, ... (JSON).
    settings : dict
        What must be the same when the run goes on (JSON).
    """
    state, optimizer_meta = optimizer.state()
    arrays = {name: vae.parameters[name] for name in vae.parameters}
    arrays |= {_OPTIMIZER + name: array for name, array in state.items()}
    meta = {
        "kind": "VAE",
        "config": vae.config,
        "optimizer": optimizer_meta,
        "progress": progress,
        "settings": settings,
    }
    save_npz(path, arrays, meta)


def load(path, vae, optimizer, settings):
    """Put a saved run's state into `vae` and `optimizer`, return its progress.

    Raises
    ------
    ValueError
        If the file is damaged, is no checkpoint of a run, or is of another model, other data or
        other settings.
    """
    arrays, meta = load_npz(path)
    if not isinstance(meta, dict) or not {"config", "optimizer", "progress", "settings"} <= meta.keys():
        raise ValueError(f"{path} holds no run of training that could go on.")
    _same(meta["config"], vae.config, path, "model")
    _same(meta["settings"], settings, path, "run")
    state = {
        name.removeprefix(_OPTIMIZER): array for name, array in arrays.items() if name.startswith(_OPTIMIZER)
    }
    vae.restore(arrays, path)
    optimizer.restore(state, meta["optimizer"])
    return meta["progress"]


def _same(saved, now, path, what):
    for key in sorted(saved.keys() | now.keys()):
        if saved.get(key) != now.get(key):
            raise ValueError(
                f"{path} is a checkpoint of another {what}: {key} is {saved.get(key)!r} there and "
                f"{now.get(key)!r} here. Use the same settings to go on, or another folder to start anew."
            )


def paths(folder):
    """The files in a run's folder: last checkpoint, best model, history."""
    folder = Path(folder)
    return folder / LAST, folder / BEST, folder / HISTORY
