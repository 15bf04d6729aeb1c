"""Every data set by its name."""

from scratchvae.data import glyphs, stored, user_files
from scratchvae.data.seeds import generator
from scratchvae.validation import choose, positive_int

STORED = {
    "mnist": stored.load_idx,
    "fashion_mnist": stored.load_idx,
    "binarized_mnist": stored.load_amat,
}
NAMES = ("glyphs", *STORED)


def load(name, split="train", *, n=None, seed=0, data_dir=None):
    """Return a data set by its name, or from a user's own file.

    Parameters
    ----------
    name : str or path
        ``"glyphs"``: digits drawn from fonts, nothing to download. ``"mnist"``, ``"fashion_mnist"``:
        gray images with labels. ``"binarized_mnist"``: Larochelle's fixed binarization, no labels.
        Or the path of an ``.npy``, ``.npz``, ``.csv``, ``.csv.gz``, ``-ubyte`` or ``-ubyte.gz`` file.
    split : {"train", "valid", "test", "train+valid", "all"}
        For the MNIST sets: 50,000, 10,000, 10,000 and 60,000 images. For glyphs the first three:
        10,000, 2,000 and 2,000. A user's file is divided 80/10/10 at random by the seed; "all", which only
        such a file has, is the whole of it, undivided.
    n : int, optional
        How many rows. Glyphs are drawn, so any number; of the others, n rows at random by the seed
        are kept, in their order.
    seed : int
        For what is drawn at random: the glyphs, a file's division, the choice of n rows.
    data_dir : str or path, optional
        A folder with a subfolder for each MNIST set (``mnist/train-images-idx3-ubyte.gz``, ...). If
        not given: the environment variable ``SCRATCHVAE_DATA``, else a per-user cache into which
        missing files are downloaded. Glyphs and users' files need none.

    Returns
    -------
    Dataset

    Raises
    ------
    OSError
        If a file is missing or cannot be read or downloaded; the message says which to put where.
    ValueError
        If the name or the split is unknown, a file is damaged, or `n` is more than there are rows.

    Examples
    --------
    >>> load("glyphs", n=50).pixels(slice(8)).shape
    (8, 784)
    """
    if user_files.is_file_name(name):
        dataset = user_files.load(name, split, seed)
    elif choose(dict.fromkeys(NAMES, name), name, "data set") == "glyphs":
        return glyphs.load(split, n, seed)
    else:
        dataset = STORED[name](name, split, data_dir)
    return dataset if n is None else _sample(dataset, n, seed)


def _sample(dataset, n, seed):
    if positive_int(n, "n") > len(dataset):
        raise ValueError(f"{dataset.name} ({dataset.split}) has {len(dataset)} rows, not {n}; ask for fewer.")
    rows = generator(seed, n).choice(len(dataset), n, replace=False)
    rows.sort()
    return dataset.subset(rows)
