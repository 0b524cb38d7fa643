"""docker-compose.yml and what it mounts fit together, and start a collector that this version understands."""

import re
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
import yaml
from groundspan_collector import cli
from groundspan_collector.server_address import PASSWORD, parse_server
from groundspan_collector.settings import Settings

REPOSITORY = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
CLICKHOUSE: dict[str, Any] = COMPOSE["services"]["clickhouse"]
COLLECTOR: dict[str, Any] = COMPOSE["services"]["collector"]
CONFIG = ElementTree.parse(REPOSITORY / "deploy/clickhouse/config.d/groundspan.xml").getroot()
USERS = ElementTree.parse(REPOSITORY / "deploy/clickhouse/users.d/groundspan.xml").getroot()

SYSTEM_LOGS = {
    *("asynchronous_metric_log", "background_schedule_pool_log", "crash_log", "error_log", "latency_log", "metric_log"),
    *("opentelemetry_span_log", "part_log", "processors_profile_log", "query_log", "query_metric_log"),
    *("query_thread_log", "query_views_log", "text_log", "trace_log"),
}


def test_collector_is_started_with_options_that_it_has() -> None:
    """And with settings it starts with: other machines reach it, so there must be tokens."""
    options = cli._parser().parse_args(COLLECTOR["command"])
    environ = {PASSWORD: "word", "GROUNDSPAN_TOKENS": '{"t": {"project": "p", "rights": ["write"]}}'}

    settings = Settings.load(
        environ,
        data_dir=options.data_dir,
        host=options.host,
        port=options.port,
        judge=options.judge,
        clickhouse_url=options.clickhouse_url,
    )

    assert set(environ) == set(COLLECTOR["environment"])
    assert settings.server
    assert (settings.server.host, settings.server.port) == ("clickhouse", 8123)
    assert f"collector-data:{settings.data_dir}" in COLLECTOR["volumes"]
    assert [f"{port}:{port}" for port in (settings.port, settings.grpc_port)] == COLLECTOR["ports"]


def test_collectors_user_and_password_are_the_servers() -> None:
    """One variable gives both sides the same password."""
    address = parse_server(cli._parser().parse_args(COLLECTOR["command"]).clickhouse_url, "", {})
    assert address
    user = USERS.find(f"users/{address.user}")

    assert user is not None
    password = user.find("password")
    assert password is not None
    assert password.attrib == {"from_env": PASSWORD}
    assert f"GRANT ALL ON {address.database}.*" in [query.text for query in user.iter("query")]


def test_nothing_is_started_without_a_password() -> None:
    """Each comes from outside, and compose stops where one is missing."""
    wanted = {element.attrib["from_env"] for element in USERS.iter("password")}

    assert wanted <= set(CLICKHOUSE["environment"])
    for name in wanted:
        assert CLICKHOUSE["environment"][name].startswith(f"${{{name}:?")
    assert COLLECTOR["environment"]["GROUNDSPAN_TOKENS"].startswith("${GROUNDSPAN_TOKENS:?")
    default = USERS.find("users/default")
    assert default is not None
    assert default.attrib == {"remove": "1"}


@pytest.mark.parametrize("table", sorted(SYSTEM_LOGS))
def test_log_of_the_server_is_off_or_ends(table: str) -> None:
    """Nobody finds the disk full of what the server says of itself."""
    found = CONFIG.find(table)

    assert found is not None
    assert found.attrib == {"remove": "1"} or "DELETE" in (found.findtext("ttl") or "")


def test_memory_of_the_server_is_capped() -> None:
    """By a number that compose gives."""
    found = CONFIG.find("max_server_memory_usage")

    assert found is not None
    default = re.fullmatch(r"\$\{\w+:-(\d+)\}", CLICKHOUSE["environment"][found.attrib["from_env"]])
    assert default
    assert int(default[1]) >= 1 << 30


def test_mounted_and_copied_files_are_there() -> None:
    """In the repository, under the names that are used."""
    for volume in CLICKHOUSE["volumes"]:
        source = volume.partition(":")[0]
        assert not source.startswith(".") or (REPOSITORY / source).is_file(), source
    for line in (REPOSITORY / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY "):
            assert all((REPOSITORY / name).exists() for name in line.split()[1:-1]), line


def test_images_command_is_the_one_that_is_installed() -> None:
    """The entry point of the distribution."""
    scripts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["scripts"]

    assert f'ENTRYPOINT ["{next(iter(scripts))}"]' in (REPOSITORY / "Dockerfile").read_text()
