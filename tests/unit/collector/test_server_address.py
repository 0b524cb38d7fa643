"""Which server --clickhouse-url and --cluster mean, and what is no address."""

import pytest
from groundspan_collector.errors import ConfigError
from groundspan_collector.server_address import PASSWORD, ServerAddress, parse_server


def test_address_is_read_when_all_of_it_is_given() -> None:
    """What is special in a password is written as %XX."""
    found = parse_server("https://me:a%40b%2Fc@db.example:9443/spans", "prod", {})

    assert found == ServerAddress("db.example", 9443, True, "me", "a@b/c", "spans", "prod")


def test_usual_ports_user_and_database_hold_when_they_are_left_out() -> None:
    """As a server is when it was just installed."""
    assert parse_server("http://db", "", {}) == ServerAddress("db", 8123, database="groundspan")
    assert parse_server("https://[::1]/", "", {}) == ServerAddress("::1", 8443, True)


def test_password_may_be_in_the_environment() -> None:
    """There no list of processes shows it."""
    found = parse_server("http://me@db:8123/spans", "", {PASSWORD: "secret"})

    assert found
    assert found.password == "secret"
    assert "secret" not in f"{found} {found!r}"


def test_there_is_no_server_when_none_is_named() -> None:
    """Spans are kept in --data-dir; a cluster has no meaning then."""
    assert parse_server("", "", {PASSWORD: "secret"}) is None
    with pytest.raises(ConfigError, match="--cluster prod needs --clickhouse-url"):
        parse_server("", "prod", {})


@pytest.mark.parametrize(
    ("url", "cluster", "complaint"),
    [
        ("clickhouse://me:secret@db:9000/spans", "", "with http or https"),
        ("db:8123", "", "with http or https"),
        ("http://:8123/spans", "", "no host"),
        ("http://me:secret/1@db:8123/spans", "", "no port"),
        ("http://me:secret@db:99999/spans", "", "no port"),
        ("http://me:secret@db/spans/more", "", "the name of a database, .* got 'spans/more'"),
        ("http://me:secret@db/spans?async_insert=1", "", "no meaning"),
        ("http://me:secret@db/spans", "a b", "--cluster must be the name of a cluster .* got 'a b'"),
    ],
)
def test_start_is_refused_when_it_is_no_address(url: str, cluster: str, complaint: str) -> None:
    """With what is accepted, and without the password."""
    with pytest.raises(ConfigError, match=complaint) as told:
        parse_server(url, cluster, {})

    assert "secret" not in str(told.value)


def test_start_is_refused_when_there_are_two_passwords() -> None:
    """Whichever was meant, the other is a mistake."""
    with pytest.raises(ConfigError, match="give it once"):
        parse_server("http://me:secret@db", "", {PASSWORD: "other"})
