"""A tokenizer that may be downloaded: what is counted meanwhile is estimated, and nothing waits."""

import socket
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest
from groundspan import _tokenizers
from groundspan._tokens import Counter
from processes import eventually

tiktoken = pytest.importorskip("tiktoken")


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> socket.socket:
    """Lead tiktoken's download to a proxy that takes the connection and says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{listener.getsockname()[1]}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(_tokenizers, "find_spec", lambda name: None if name == "bpe_openai" else find_spec(name))
    tiktoken.registry.ENCODINGS.pop("o200k_base", None)
    return listener


def test_tokens_are_estimated_when_the_download_hangs(
    proxy: socket.socket, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The thread that sends does not wait for it; when it fails, it is not tried again."""
    counter = Counter("download", tmp_path)

    assert counter.count(["Hello"], "gpt-4o").source == "estimate"
    connection, _ = proxy.accept()
    assert counter.count(["Hello"], "gpt-4o").source == "estimate"
    connection.close()
    proxy.close()
    eventually(lambda: not [each for each in threading.enumerate() if each.name == "groundspan-tokenizer"])

    assert counter.count(["Hello"], "gpt-4o").source == "estimate"
    assert not [each for each in threading.enumerate() if each.name == "groundspan-tokenizer"]
    assert [record.getMessage() for record in caplog.records if record.name == "groundspan"] == [
        "Groundspan failed to load a tokenizer; tokens are estimated; this is told once"
    ]
