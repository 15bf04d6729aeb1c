import hashlib
import http.server
import threading
from pathlib import Path

import pytest

from scratchvae.data import sources
from scratchvae.data.sources import ENVIRONMENT_VARIABLE, Source, locate

CONTENT = b"a small file"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    import platformdirs

    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: str(tmp_path / "cache" / name))
    return tmp_path / "cache" / "scratchvae"


@pytest.fixture
def server():
    """Serves CONTENT under every address on this machine, and counts how often it was asked."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.n_requests += 1
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.n_requests = 0
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def publish(monkeypatch, url, content=CONTENT):
    source = Source(url, {"f.gz": hashlib.sha256(content).hexdigest()})
    monkeypatch.setitem(sources.SOURCES, "small", source)


def publish_on(monkeypatch, server, content=CONTENT):
    publish(monkeypatch, f"http://127.0.0.1:{server.server_port}/folder/", content)


def test_a_download_lands_in_the_cache_once(monkeypatch, cache, server):
    publish_on(monkeypatch, server)
    for _ in range(2):
        path = locate("small", "f.gz")
        assert path == cache / "small" / "f.gz"
        assert path.read_bytes() == CONTENT
    assert server.n_requests == 1
    assert [p.name for p in path.parent.iterdir()] == ["f.gz"]  # no temporary file is left


def test_a_corrupt_file_in_the_cache_is_downloaded_again(monkeypatch, cache, server):
    publish_on(monkeypatch, server)
    (cache / "small").mkdir(parents=True)
    (cache / "small" / "f.gz").write_bytes(b"corrupt")
    assert locate("small", "f.gz").read_bytes() == CONTENT
    assert server.n_requests == 1


def test_a_download_with_another_hash_is_an_error_and_leaves_nothing(monkeypatch, cache, server):
    publish_on(monkeypatch, server, content=b"what was published")
    with pytest.raises(OSError, match=r"folder/f\.gz has another sha256.*put it into .*small") as caught:
        locate("small", "f.gz")
    assert "\n" not in str(caught.value)
    assert list((cache / "small").iterdir()) == []


@pytest.mark.parametrize("corrupt", [False, True])
def test_without_network_the_error_says_which_file_to_put_where(monkeypatch, cache, corrupt):
    publish(monkeypatch, "http://127.0.0.1:9/folder/")
    if corrupt:
        (cache / "small").mkdir(parents=True)
        (cache / "small" / "f.gz").write_bytes(b"corrupt")
    with pytest.raises(OSError, match=r"http://127\.0\.0\.1:9/folder/f\.gz did not arrive") as caught:
        locate("small", "f.gz")
    assert str(cache / "small") in str(caught.value)
    assert caught.value.__cause__ is None
    assert len(str(caught.value)) < 400


def test_a_file_in_the_cache_needs_no_network(monkeypatch, cache):
    publish(monkeypatch, "http://127.0.0.1:9/")
    (cache / "small").mkdir(parents=True)
    (cache / "small" / "f.gz").write_bytes(CONTENT)
    assert locate("small", "f.gz").read_bytes() == CONTENT


@pytest.mark.parametrize("present", ["f", "f.gz"])
@pytest.mark.parametrize("how", ["argument", "environment"])
def test_a_given_folder_is_used_as_it_is(monkeypatch, tmp_path, present, how):
    publish(monkeypatch, "http://127.0.0.1:9/")
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / present).write_bytes(b"anything")
    if how == "environment":
        monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(tmp_path))
    path = locate("small", "f.gz", tmp_path if how == "argument" else None)
    assert path == tmp_path / "small" / present


def test_the_argument_comes_before_the_environment(monkeypatch, tmp_path):
    publish(monkeypatch, "http://127.0.0.1:9/")
    for folder in ("a", "b"):
        (tmp_path / folder / "small").mkdir(parents=True)
        (tmp_path / folder / "small" / "f").touch()
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(tmp_path / "a"))
    assert locate("small", "f.gz", tmp_path / "b").parent.parent == tmp_path / "b"


def test_a_file_missing_in_a_given_folder_is_downloaded(monkeypatch, cache, server, tmp_path):
    publish_on(monkeypatch, server)
    assert locate("small", "f.gz", tmp_path) == cache / "small" / "f.gz"
    assert server.n_requests == 1


def test_without_network_a_file_missing_in_a_given_folder_is_asked_for_there(monkeypatch, cache, tmp_path):
    publish(monkeypatch, "http://127.0.0.1:9/folder/")
    with pytest.raises(OSError, match=r"small lacks f\.gz, and http.* did not arrive.*put it into") as caught:
        locate("small", "f.gz", tmp_path)
    assert str(caught.value).endswith(f"into {tmp_path / 'small'}.")


def test_a_given_folder_that_does_not_exist_is_an_error(monkeypatch, cache, server, tmp_path):
    publish_on(monkeypatch, server)
    with pytest.raises(FileNotFoundError, match="nowhere, where data sets are looked for, is no folder"):
        locate("small", "f.gz", tmp_path / "nowhere")
    assert server.n_requests == 0


def test_the_table_names_every_file_with_a_hash():
    files = {name: set(source.sha256) for name, source in sources.SOURCES.items()}
    assert set(files) == {"mnist", "fashion_mnist", "binarized_mnist"}
    assert files["mnist"] == files["fashion_mnist"]
    for source in sources.SOURCES.values():
        assert source.url.endswith("/")
        assert all(len(bytes.fromhex(digest)) == 32 for digest in source.sha256.values())


def test_the_real_files_have_the_hashes_of_the_table(real_data):
    for filename, digest in sources.SOURCES["mnist"].sha256.items():
        path = Path(real_data, "mnist", filename)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_the_home_of_a_user_who_is_not_there_is_a_missing_folder(monkeypatch, how):
    publish(monkeypatch, "http://127.0.0.1:9/")
    if how == "environment":
        monkeypatch.setenv(ENVIRONMENT_VARIABLE, "~nosuchuser/data")
    with pytest.raises(FileNotFoundError, match="^~nosuchuser/data, where data sets are looked for, is no"):
        locate("small", "f.gz", "~nosuchuser/data" if how == "argument" else None)


@pytest.mark.parametrize("folder", [5, b"data", ["data"]])
def test_a_folder_that_is_no_path_is_refused(monkeypatch, folder):
    publish(monkeypatch, "http://127.0.0.1:9/")
    with pytest.raises(ValueError, match="data_dir must be a path, not"):
        locate("small", "f.gz", folder)
