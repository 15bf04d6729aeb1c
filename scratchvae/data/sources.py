"""Where the files of the well-known data sets are: looked for, or downloaded and verified."""

import os
from pathlib import Path
from typing import NamedTuple

from scratchvae.validation import path_like

ENVIRONMENT_VARIABLE = "SCRATCHVAE_DATA"


class Source(NamedTuple):
    """Where a data set is published: a folder's address and the sha256 of each file in it."""

    url: str
    sha256: dict


SOURCES = {
    "mnist": Source(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        {
            "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
    ),
    "fashion_mnist": Source(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        {
            "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
    ),
    "binarized_mnist": Source(
        "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/",
        {
            "binarized_mnist_train.amat": "ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d",
            "binarized_mnist_valid.amat": "1de3d397c40fe8eeb33dafd4099a1f665ec01e96d9be234aaeeac8a34930e2e2",
            "binarized_mnist_test.amat": "e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c",
        },
    ),
}


def locate(name, filename, data_dir=None):
    """Return the path of a data set's file, downloading it if it is nowhere.

    Looked for, gzipped or not, in the user's folder: `data_dir`, else what the environment variable
    ``SCRATCHVAE_DATA`` names. Then in the per-user cache, into which it is downloaded at last. A file
    in the cache is verified by its sha256 each time, and downloaded again if it fails.

    Parameters
    ----------
    name : str
        One of `SOURCES`; also the name of the subfolder.
    filename : str
        One of the source's files.
    data_dir : str or path, optional

    Raises
    ------
    OSError
        If the user's folder does not exist, or the file cannot be downloaded.
    """
    return find(name, filename, data_dir) or _from_cache(name, filename, user_folder(data_dir))


def user_folder(data_dir=None):
    """The folder of data sets that the user named, or None."""
    named = data_dir or os.environ.get(ENVIRONMENT_VARIABLE)
    if not named:
        return None
    folder = Path(os.path.expanduser(path_like(named, "data_dir")))  # an unknown ~user stays as it is
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}, where data sets are looked for, is no folder.")
    return folder


def cache_folder():
    """The per-user folder into which data sets are downloaded."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("scratchvae"))


def find(name, filename, data_dir=None):
    """The file's path in the user's folder, gzipped or not; None if it is not there."""
    folder = user_folder(data_dir)
    plain = filename.removesuffix(".gz")
    candidates = [] if folder is None else [folder / name / plain, folder / name / f"{plain}.gz"]
    return next((path for path in candidates if path.exists()), None)


def _from_cache(name, filename, looked_in):
    import pooch

    url, folder = SOURCES[name].url + filename, cache_folder() / name
    try:
        # Downloads to a temporary file in the folder, verifies it, then renames it.
        path = pooch.retrieve(
            url,
            known_hash="sha256:" + SOURCES[name].sha256[filename],
            fname=filename,
            path=folder,
            downloader=pooch.HTTPDownloader(progressbar=True, timeout=30),
        )
    except (OSError, ValueError) as error:  # ValueError is pooch's for a wrong sha256
        what = "has another sha256 than expected" if isinstance(error, ValueError) else "did not arrive"
        not_there = "" if looked_in is None else f"{looked_in / name} lacks {filename}, and "
        raise OSError(
            f"{not_there}{url} {what} ({type(error).__name__}); download {filename} by other means "
            f"and put it into {folder if looked_in is None else looked_in / name}."
        ) from None
    return Path(path)
