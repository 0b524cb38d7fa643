"""The life of the collector on one page, and the one map from errors to answers."""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from google.rpc.status_pb2 import Status
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from groundspan_collector import (
    backup,
    forget,
    gauges,
    judge_names,
    labels,
    manifest,
    metrics,
    receive,
    receive_grpc,
    records,
    report,
    scoring_api,
    signals,
    traces,
)
from groundspan_collector.access import check_unconfined, project_for
from groundspan_collector.backup import Copier
from groundspan_collector.commit import Committer, Parcel
from groundspan_collector.errors import RETRY_AFTER_S, CollectorError, ConfigError, RejectedData, StoreUnavailable
from groundspan_collector.intake import Intake, Kind, Replay
from groundspan_collector.pricing import Pricer
from groundspan_collector.receipts import Receipts
from groundspan_collector.retention import Keeper
from groundspan_collector.score import Scorer, loop
from groundspan_collector.settings import WHOLE, Settings
from groundspan_collector.spool import Spool
from groundspan_collector.store import WRITERS, Store

SHUTDOWN_S = 10
SHARE_WHILE_BUSY = 0.15
# The judge is pure Python: requests must not wait the usual 5 ms for each turn at the interpreter.
SWITCH_INTERVAL_S = 0.0005
RETAIN_EVERY_S = 3600.0
KEEP_ALIVE_S = 65
"""Exporters send every 5 s, which is uvicorn's own limit: a connection would be closed just when it is used again."""


def utc_now() -> datetime:
    """The clock that everything in the process is given."""
    return datetime.now(UTC)


class Collector:
    """The parts of a running collector, and how they start and stop."""

    def __init__(self, settings: Settings, store: Store) -> None:
        """Wire the parts together; nothing runs yet."""
        self._stopping = threading.Event()
        judge = judge_names.load(settings.judge, wait=self._stopping.wait)
        self.settings = settings
        self.store = store
        self._spool = Spool.open(settings.spool_folder, max_bytes=settings.max_spool_bytes)
        kinds = {
            "traces": Kind(self._insert_spans, metrics.SPANS),
            "logs": Kind(partial(records.insert_logs, store), metrics.LOG_RECORDS),
            "metrics": Kind(partial(records.insert_points, store), metrics.METRIC_POINTS),
        }
        self._intake = Intake(kinds, self._spool, Receipts(time.time_ns))
        self._replay = Replay(kinds, self._spool)
        longest = settings.max_attribute_bytes
        self.signals = (
            signals.traces(self._committer("traces", metrics.SPANS, settings.max_in_flight_bytes, WRITERS), longest),
            signals.logs(self._committer("logs", metrics.LOG_RECORDS, settings.max_in_flight_bytes // 4), longest),
            signals.metric_points(self._committer("metrics", metrics.METRIC_POINTS, settings.max_in_flight_bytes // 4)),
        )
        late = settings.others_are_late_by
        self.scorer = Scorer(
            store,
            judge,
            utc_now,
            settled=self._intake.settled,
            quiet_s=settings.quiet_s,
            share=settings.judge_share or WHOLE,
            late=late,
            spend=self._spend,
            sample=settings.judge_sample,
            threads=settings.judge_threads,
            wait=self._stopping.wait,
        )
        self._pricer = Pricer(store, utc_now, settled=self._intake.settled, late=late)
        self.copier = Copier(store, self._spool, settings.data_dir, settings.spool_folder, utc_now)
        self._keeper = Keeper(store, settings.retention, utc_now)

    @property
    def spool(self) -> Spool:
        """What was acknowledged and is not in the store yet."""
        return self._spool

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write, replay, price and judge until the end of the block; then answer who still waits, and stop."""
        writing = [asyncio.create_task(kind.committer.run()) for kind in self.signals]
        loops = [
            self._thread("replay", partial(self._replay.run, self._stopping.wait)),
            self._loop("mend", self.store.mend, idle_s=1.0, share=lambda: 1.0),
            self._loop("price", self._pricer.price_new_pairs, idle_s=1.0),
            self._loop("score", self.scorer.score_due if self.settings.judge_share else lambda: 0, idle_s=0.5),
            self._loop("retain", self._keeper.drop_old, idle_s=RETAIN_EVERY_S),
            self._loop("measure", partial(gauges.measure, self.store, self.scorer), share=lambda: gauges.SHARE),
        ]
        try:
            yield
        finally:
            for kind in self.signals:
                kind.committer.close()
            self._stopping.set()
            await asyncio.to_thread(self.copier.close)
            await asyncio.gather(*writing)
            for thread in loops:
                await asyncio.to_thread(thread.join)
            self.scorer.close()
            self._spool.close()

    def _insert_spans(self, bodies: Sequence[bytes], spans: int, /, *, project: str, received_at_ns: int) -> None:
        superseded = self.store.insert_spans(bodies, spans, project=project, received_at_ns=received_at_ns)
        metrics.SUPERSEDED.inc(superseded)

    def _spend(self, project: str, body: bytes, spans: int) -> None:
        """Store what judging cost as spans are stored that were received."""
        metrics.SPANS.accept(spans)
        self._intake.put("traces", [Parcel(body, project, spans)])

    def _committer(self, kind: str, ledger: metrics.Ledger, max_in_flight_bytes: int, writers: int = 1) -> Committer:
        return Committer(
            partial(self._intake.put, kind),
            ledger,
            max_in_flight_bytes=max_in_flight_bytes,
            max_group_bytes=self.settings.max_group_bytes,
            writers=writers,
        )

    def _share(self) -> float:
        """Of a core, for each loop: while requests wait, what they wait for comes first."""
        return SHARE_WHILE_BUSY if any(signal.committer.busy for signal in self.signals) else 1.0

    def _loop(
        self, place: str, work: Callable[[], int], *, idle_s: float = 1.0, share: Callable[[], float] | None = None
    ) -> threading.Thread:
        turns = partial(loop, work, stop=self._stopping.wait, idle_s=idle_s, place=place, share=share or self._share)
        return self._thread(place, turns)

    def _thread(self, place: str, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name=f"groundspan-{place}", daemon=True)
        thread.start()
        return thread


def build(collector: Collector, on_ready: Callable[[int | None], None]) -> FastAPI:
    """The HTTP application of *collector*; *on_ready* is called with the port for gRPC when it can be used."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with collector.running(), _grpc(collector) as grpc_port:
            on_ready(grpc_port)
            yield

    def access(right: str) -> Callable[[Request], str]:
        return lambda request: project_for(request.headers, collector.settings.tokens, right)

    def reading(request: Request) -> tuple[Store, str]:
        return collector.store, access("read")(request)

    def owning(request: Request) -> tuple[Store, str]:
        access("read")(request)
        return collector.store, access("write")(request)

    def copying(request: Request) -> Copier:
        check_unconfined(request.headers, collector.settings.tokens, "backup")
        if collector.settings.server:
            raise RejectedData("the spans are on a ClickHouse server: copy them with its own BACKUP")
        return collector.copier

    # No redirect to the path without a slash at its end: exporters take a redirect for success and drop the spans.
    app = FastAPI(title="Groundspan", lifespan=lifespan, docs_url="/docs", redoc_url=None, redirect_slashes=False)
    app.include_router(
        receive.router(
            collector.signals,
            access("write"),
            max_body_bytes=collector.settings.max_body_bytes,
            max_in_flight_bytes=collector.settings.max_in_flight_bytes,
        )
    )
    app.include_router(report.router(reading))
    app.include_router(traces.router(reading))
    app.include_router(labels.router(reading, owning))
    app.include_router(forget.router(owning, collector.spool))
    app.include_router(backup.router(copying))
    app.include_router(
        scoring_api.router(
            collector.scorer.desk,
            owning,
            max_body_bytes=collector.settings.max_body_bytes,
            max_in_flight_bytes=collector.settings.max_in_flight_bytes // 4,
        )
    )
    _add_health(app, collector, access("read"))
    for kind in (CollectorError, HTTPException, RequestValidationError, ClientDisconnect, Exception):
        app.add_exception_handler(kind, _answer)
    return app


@asynccontextmanager
async def _grpc(collector: Collector) -> AsyncIterator[int | None]:
    """Listen for gRPC, if that is wanted; gives the port."""
    settings = collector.settings
    if settings.grpc_port is None:
        yield None
        return
    async with receive_grpc.listening(
        collector.signals,
        lambda metadata: project_for(metadata, settings.tokens, "write"),
        _address(settings.host, settings.grpc_port),
        max_body_bytes=settings.max_body_bytes,
        grace_s=SHUTDOWN_S,
    ) as port:
        yield port


def _add_health(app: FastAPI, collector: Collector, may_read: Callable[[Request], str]) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @app.get("/readyz")
    def readyz() -> dict[str, str]:
        """The store answers."""
        collector.store.rows("SELECT 1")
        return {"status": "ready"}

    @app.get("/metrics")
    async def own_metrics() -> Response:
        """What the collector counts of itself."""
        return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)

    @app.get("/api/v1/scoring")
    def scoring(request: Request) -> dict[str, int]:
        """How many answers wait to be judged."""
        may_read(request)
        return {"pending": collector.scorer.pending()}


async def _answer(request: Request, error: Exception) -> Response:
    """Say what went wrong in the words of the endpoint: google.rpc.Status to OTLP clients, JSON to others."""
    http_status, grpc_code, message = _told(error)
    metrics.REFUSED.labels(type(error).__name__).inc()
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if http_status == StoreUnavailable.http_status:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if request.url.path.startswith("/v1/"):
        encoding = receive.encoding_of(request)
        body = receive.written(Status(code=grpc_code, message=message), encoding)
        return Response(body, http_status, headers, encoding)
    return JSONResponse({"error": message}, http_status, headers)


def _told(error: Exception) -> tuple[int, int, str]:
    match error:
        case CollectorError():
            return error.http_status, error.grpc_code, str(error)
        case HTTPException():
            return error.status_code, 5 if error.status_code == 404 else 3, str(error.detail)
        case RequestValidationError():
            faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
            return 400, 3, faults
        case _:
            # OTLP clients drop what is answered with 500; a fault of ours says nothing about their data.
            return (
                StoreUnavailable.http_status,
                StoreUnavailable.grpc_code,
                f"unforeseen: {type(error).__name__}",
            )


def serve(settings: Settings) -> None:
    """Run a collector until it is told to stop. Raises ConfigError before a port opens."""
    manifest.check_whole(settings.data_dir, settings.spool_folder)
    store = Store.open(
        settings.data_dir,
        memory_bytes=settings.memory_bytes,
        fsync=settings.fsync,
        server=settings.server,
        clock=settings.clock,
    )
    try:
        manifest.opened(settings.data_dir)
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        # The engine writes its cache of format schemas below the working directory.
        os.chdir(settings.data_dir)
        collector = Collector(settings, store)
        with _listen(settings.host, settings.port, "--port") as listener:
            if settings.grpc_port:
                # Tried, and left to gRPC, which listens by itself, when it is too late for an exit code.
                _listen(settings.host, settings.grpc_port, "--grpc-port").close()
            port = listener.getsockname()[1]
            _run(build(collector, lambda grpc_port: _say_ready(settings, port, grpc_port)), listener)
    finally:
        store.close()


def _run(app: FastAPI, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=SHUTDOWN_S,
        lifespan="on",
    )
    # uvicorn stops on these, then raises them again: that must not look like a failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int, option: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family, backlog=1024)
    except OSError as error:
        raise ConfigError(
            f"{host}:{port} cannot be listened on: {error}; choose another {option} (0 takes a free one)"
        ) from error


def _address(host: str, port: int) -> str:
    return f"{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{port}"


def _where(settings: Settings) -> str:
    if settings.server:
        return f"data on {settings.server}, spool in {settings.spool_folder}"
    return f"data in {settings.data_dir}"


def _say_ready(settings: Settings, port: int, grpc_port: int | None) -> None:
    grpc = "" if grpc_port is None else f" and for gRPC on {_address(settings.host, grpc_port)}"
    address = f"http://{_address(settings.host, port)}"
    sys.stdout.write(f"Groundspan collector ready on {address}{grpc} ({_where(settings)}; {settings.retention})\n")
    sys.stdout.flush()
