"""The bytes of a file, unpacked if they are gzipped; what goes wrong is said in one sentence."""

import gzip
import zlib
from pathlib import Path


def read_bytes(path):
    """Return the content of a file, gunzipped if it is gzipped (whatever its name).

    Raises
    ------
    OSError
        If there is no such file, it is a directory or it may not be read.
    ValueError
        If it is empty or a damaged gzip file.
    """
    content = _read(Path(path))
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{path} is a damaged gzip file ({error}); fetch it again.") from None
    if not content:
        raise ValueError(f"{path} is empty; fetch it again.")
    return content


def _read(path):
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}; check its name.") from None
    except IsADirectoryError:
        raise IsADirectoryError(f"{path} is a directory; name a file in it.") from None
    except OSError as error:
        raise OSError(f"{path} cannot be read: {error.strerror}.") from None
