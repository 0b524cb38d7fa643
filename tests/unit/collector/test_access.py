"""Who may do what, and with what the collector may be started."""

import base64
import json
from pathlib import Path

import pytest
from groundspan_collector.access import check_unconfined, project_for
from groundspan_collector.errors import ConfigError, Forbidden, Unauthorized
from groundspan_collector.settings import Access, Settings, is_loopback, parse_tokens

TOKENS = {
    "writer": Access("one", frozenset({"write"})),
    "reader": Access("", frozenset({"read", "sql"})),
    "confined": Access("one", frozenset({"backup"})),
    "unconfined": Access("", frozenset({"backup"})),
}


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_project_is_the_tokens_when_the_right_is_there() -> None:
    """An empty project is any."""
    assert project_for(_bearer("writer"), TOKENS, "write") == "one"
    assert project_for(_bearer("reader"), TOKENS, "read") == ""


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_scheme_of_authorization_has_no_case(scheme: str) -> None:
    """RFC 9110."""
    assert project_for({"authorization": f"{scheme} writer"}, TOKENS, "write") == "one"


def test_token_may_be_the_password_of_basic() -> None:
    """Clients of ClickHouse and Grafana know no Bearer."""
    pair = base64.b64encode(b"anyone:writer").decode()

    assert project_for({"authorization": f"Basic {pair}"}, TOKENS, "write") == "one"


def test_token_may_be_in_the_header_of_clickhouse() -> None:
    """What its clients send over HTTP; a user's name beside it says nothing."""
    headers = {"x-clickhouse-user": "anyone", "x-clickhouse-key": "writer"}

    assert project_for(headers, TOKENS, "write") == "one"


def test_authorization_counts_when_both_say_something() -> None:
    """A wrong one is not made good by the other."""
    with pytest.raises(Unauthorized):
        project_for(_bearer("wrong") | {"x-clickhouse-key": "writer"}, TOKENS, "write")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-clickhouse-key": "write"},
        {"x-clickhouse-key": ""},
        _bearer(""),
        _bearer("write"),
        _bearer("wröter"),
        {"authorization": "Basic %"},
        {"authorization": "writer"},
    ],
)
def test_request_is_unauthorized_when_its_token_is_unknown(headers: dict[str, str]) -> None:
    """No token, half of one, or something else."""
    with pytest.raises(Unauthorized):
        project_for(headers, TOKENS, "write")


def test_request_is_forbidden_when_the_right_is_missing() -> None:
    """The message names what is missing, never the token."""
    with pytest.raises(Forbidden, match=r"has the rights \['write'\], this needs 'read'"):
        project_for(_bearer("writer"), TOKENS, "read")


def test_unconfined_is_a_token_with_the_right_and_no_project() -> None:
    """No other reaches what all projects share."""
    check_unconfined(_bearer("unconfined"), TOKENS, "backup")
    for token, words in (("reader", "needs 'backup'"), ("confined", "confined to the project 'one'")):
        with pytest.raises(Forbidden, match=words):
            check_unconfined(_bearer(token), TOKENS, "backup")


def test_nobody_is_unconfined_when_there_are_no_tokens() -> None:
    """A page in a browser on this machine reaches it under a loopback name, too."""
    with pytest.raises(Forbidden, match="set GROUNDSPAN_TOKENS"):
        check_unconfined({"host": "localhost"}, {}, "backup")


@pytest.mark.parametrize("host", ["localhost", "localhost:4318", "LocalHost:4318", "127.9.9.9", "[::1]:1"])
def test_request_is_allowed_without_tokens_when_its_host_is_this_machine(host: str) -> None:
    """Hosts have no case."""
    assert project_for({"host": host}, {}, "read") == ""


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.0.0.1:4318", "[::2]", ""])
def test_request_is_forbidden_without_tokens_when_its_host_is_another(host: str) -> None:
    """A web page may point a name of its own at this machine."""
    with pytest.raises(Forbidden, match="Host"):
        project_for({"host": host}, {}, "read")


def test_tokens_are_read_from_text_or_from_a_file(tmp_path: Path) -> None:
    """A secret fits better into a file."""
    text = json.dumps({"t": {"project": "p", "rights": ["read", "write"]}, "u": {"rights": ["sql"]}})
    (tmp_path / "tokens.json").write_text(text)
    expected = {"t": Access("p", frozenset({"read", "write"})), "u": Access("", frozenset({"sql"}))}

    assert parse_tokens(text) == parse_tokens(str(tmp_path / "tokens.json")) == expected
    assert parse_tokens("  ") == {}


@pytest.mark.parametrize(
    "text",
    ["{}", "[1]", "{", '{"secret-1": {}}', '{"secret-1": {"rights": []}}', '{"secret-1": {"rights": ["admin"]}}',
     '{"secret-1": {"rights": "read"}}', '{"secret-1": {"rights": ["read"], "project": 1}}',
     '{"": {"rights": ["read"]}}',
     '{"secret-1": 5}', "secret-1", "secret-1" * 100, "/"],
)  # fmt: skip
def test_tokens_are_refused_without_repeating_them(text: str) -> None:
    """A mistake in the setting must not put a secret into a log."""
    with pytest.raises(ConfigError) as caught:
        parse_tokens(text)

    assert "secret-1" not in str(caught.value)
    assert "GROUNDSPAN_TOKENS" in str(caught.value) or "rights" in str(caught.value)


def test_tokens_are_refused_when_their_file_is_no_text(tmp_path: Path) -> None:
    """A sentence, not a traceback."""
    (tmp_path / "tokens").write_bytes(b"\xff\xfe{")

    with pytest.raises(ConfigError, match="GROUNDSPAN_TOKENS"):
        parse_tokens(str(tmp_path / "tokens"))


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.168.1.2", "example.com"])
def test_public_host_needs_tokens(tmp_path: Path, host: str) -> None:
    """Reports show prompts."""
    with pytest.raises(ConfigError, match="GROUNDSPAN_TOKENS"):
        Settings.load({}, data_dir=tmp_path, host=host, port=0, judge="lexical")


def test_settings_are_shown_without_their_tokens(tmp_path: Path) -> None:
    """They end up in logs."""
    environ = {"GROUNDSPAN_TOKENS": '{"secret-1": {"rights": ["read"]}}'}

    settings = Settings.load(environ, data_dir=tmp_path, host="0.0.0.0", port=0, judge="lexical")

    assert settings.tokens
    assert "secret-1" not in repr(settings)


@pytest.mark.parametrize("port", [-1, 65536])
def test_port_is_refused_when_there_is_none_of_that_number(tmp_path: Path, port: int) -> None:
    """With the number, and what is accepted."""
    with pytest.raises(ConfigError, match=f"0 to 65535, got {port}"):
        Settings.load({}, data_dir=tmp_path, host="127.0.0.1", port=port, judge="lexical")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("127.0.0.1", True), ("[::1]", True), ("::1", True), ("0.0.0.0", False), ("local", False)],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    """By its number, or as localhost."""
    assert is_loopback(host) is expected
