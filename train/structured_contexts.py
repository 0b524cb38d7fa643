"""Structured contexts with true and false claims about them, made from a seed: there are none among the labelled sets.

A context holds a few records of one domain (restaurants, products, people, flights, API settings), spelled as JSON, as
a Python dict, as ``key: value`` lines, or as a table. A claim is about one field of one record; where the field's value
stands is kept, so that one can ask whether a window shows it.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

FORMATS = ("json", "json lines", "python", "key: value", "markdown", "csv", "tsv")
RECORDS = (2, 3, 4, 6)
CLAIMS_PER_CONTEXT = 6

Value = str | int | float | bool | None
Path = tuple[str, ...]
Record = dict[str, object]
Spans = dict[Path, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class StructuredClaim:
    """A sentence about one field of a record, and where in the context the field's value stands."""

    text: str
    supported: bool
    kind: str
    """What the field holds: a truth, hours, a number, a word."""
    chunk: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class StructuredContext:
    """Chunks that hold records, and claims about them."""

    domain: str
    format: str
    chunks: tuple[str, ...]
    claims: tuple[StructuredClaim, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: the values it may have, and sentences that say of a record that it has one of them."""

    path: Path
    kind: str
    values: Sequence[Value]
    sentences: Callable[[str, Value], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Domain:
    """A kind of record: the key and the names that tell one from another, and its fields."""

    name: str
    key: str
    names: Sequence[str]
    fields: Sequence[Field]


def truth(*path: str, yes: Sequence[str], no: Sequence[str]) -> Field:
    """A field that is true or false."""
    return Field(path, "truth", (True, False), lambda name, value: [s.format(name) for s in (yes if value else no)])


def word(*path: str, values: str, sentences: Sequence[str]) -> Field:
    """A field that holds one of a few words."""
    return Field(path, "word", values.split("/"), lambda name, value: [s.format(name, value) for s in sentences])


def number(*path: str, values: Sequence[Value], sentences: Sequence[str]) -> Field:
    """A field that holds a number."""
    return Field(path, "number", values, lambda name, value: [s.format(name, value) for s in sentences])


def open_on(day: str) -> Field:
    """The hours of one day, spelled as in public business records: ``8:0-21:0``, or closed."""
    spans = [
        f"{opening}:{half}-{closing}:0"
        for opening, half in ((7, 0), (8, 0), (9, 30), (11, 0))
        for closing in (17, 21, 22)
    ]

    def sentences(name: str, value: Value) -> Sequence[str]:
        if value is None:
            return [f"{name} is closed on {day}.", f"On {day}s {name} does not open."]
        opening, closing = map(clock, str(value).split("-"))
        return [
            f"{name} is open until {closing} on {day}.",
            f"On {day}, {name} opens at {opening}.",
            f"{name} is open from {opening} to {closing} on {day}s.",
            f"{name} closes at {closing} on {day}.",
        ]

    return Field(("hours", day), "hours", (*spans, None), sentences)


def at(key: str, sentences: Sequence[str]) -> Field:
    """A time of day, spelled with 24 hours in the record and with 12 in half of the claims."""
    values = [f"{hour:02}:{minute:02}" for hour in range(5, 23) for minute in (5, 20, 45)]
    return Field(
        (key,),
        "hours",
        values,
        lambda name, value: [s.format(name, said) for s in sentences for said in (value, clock(str(value)))],
    )


def clock(time: str) -> str:
    """``21:0`` as people say it: 9 pm."""
    hour, minute = map(int, time.split(":"))
    return f"{(hour + 11) % 12 + 1}{f':{minute:02}' if minute else ''} {'pm' if hour >= 12 else 'am'}"


def _wifi(name: str, value: Value) -> Sequence[str]:
    if value == "no":
        return [f"{name} has no wifi.", f"{name} does not offer Wi-Fi."]
    return [f"{name} offers free wifi.", f"Guests of {name} get free WiFi.", f"There is free wifi at {name}."]


def _alcohol(name: str, value: Value) -> Sequence[str]:
    if value == "none":
        return [f"{name} does not serve alcohol.", f"No alcohol is served at {name}."]
    return [f"{name} has a {str(value).replace('_', ' ')}.", f"At {name} there is a {str(value).replace('_', ' ')}."]


DOMAINS = (
    Domain(
        "restaurants",
        "name",
        [
            "Blue Lantern Cafe",
            "Harbor Grill",
            "Casa Verde",
            "Old Mill Diner",
            "Noodle Republic",
            "The Brass Fork",
            "Sunny Side Bakery",
        ],
        (
            word(
                "city",
                values="Oslo/Portland/Tucson/Nashville/Ghent",
                sentences=["{} is located in {}.", "{} is a restaurant in {}."],
            ),
            number(
                "stars",
                values=[2.5, 3.0, 3.5, 4.0, 4.5],
                sentences=["{} is rated {} stars.", "{} has a rating of {} stars."],
            ),
            Field(("attributes", "WiFi"), "word", ("no", "free"), _wifi),
            Field(("attributes", "Alcohol"), "word", ("none", "full_bar", "beer_and_wine_list"), _alcohol),
            truth(
                "attributes",
                "OutdoorSeating",
                yes=["{} has outdoor seating.", "Guests can sit outdoors at {}."],
                no=["{} has no outdoor seating.", "{} does not offer outdoor seating."],
            ),
            truth(
                "attributes",
                "GoodForKids",
                yes=["{} is good for kids.", "{} suits children."],
                no=["{} is not good for kids.", "{} is not suitable for children."],
            ),
            truth(
                "attributes",
                "RestaurantsReservations",
                yes=["{} takes reservations.", "Reservations are accepted at {}."],
                no=["{} does not take reservations.", "No reservations are possible at {}."],
            ),
            truth(
                "attributes",
                "BusinessParking",
                "garage",
                yes=["{} has a parking garage.", "There is garage parking at {}."],
                no=["{} has no parking garage.", "Garage parking is not available at {}."],
            ),
            truth(
                "attributes",
                "BusinessParking",
                "street",
                yes=["Street parking is available at {}."],
                no=["{} has no street parking."],
            ),
            open_on("Monday"),
            open_on("Friday"),
            open_on("Sunday"),
        ),
    ),
    Domain(
        "products",
        "product",
        [
            "Trail Lamp X2",
            "Aria Headphones",
            "Kettle Pro",
            "Nimbus Backpack",
            "Volt Charger 65",
            "Cedar Desk",
            "Pico Drone",
        ],
        (
            number(
                "price_usd",
                values=[19, 24.5, 39, 49.9, 79, 129],
                sentences=["The {} costs {} dollars.", "The price of the {} is ${}."],
            ),
            number(
                "warranty_years",
                values=[1, 2, 3, 5],
                sentences=["The {} has a warranty of {} years.", "It comes with a {1}-year warranty: the {0}."],
            ),
            number(
                "weight_g",
                values=[180, 240, 560, 900, 1250],
                sentences=["The {} weighs {} g.", "The weight of the {} is {} grams."],
            ),
            word(
                "color",
                values="red/black/green/silver/white",
                sentences=["The {} is {}.", "The color of the {} is {}."],
            ),
            word(
                "material",
                values="aluminium/cotton/oak/plastic/steel",
                sentences=["The {} is made of {}.", "The material of the {} is {}."],
            ),
            truth("waterproof", yes=["The {} is waterproof."], no=["The {} is not waterproof."]),
            truth(
                "inStock",
                yes=["The {} is in stock.", "The {} is currently in stock."],
                no=["The {} is not in stock.", "The {} is out of stock."],
            ),
            truth(
                "rechargeable",
                yes=["The {} is rechargeable.", "The {} can be recharged."],
                no=["The {} is not rechargeable.", "The {} cannot be recharged."],
            ),
        ),
    ),
    Domain(
        "people",
        "name",
        ["Ann Lee", "Tomas Berg", "Priya Nair", "Luis Ortega", "Mei Tanaka", "Sarah Okafor", "Jonas Weber"],
        (
            number("birth_year", values=[1948, 1955, 1963, 1971, 1986, 1990], sentences=["{} was born in {}."]),
            word(
                "birthplace",
                values="Lima/Kyoto/Dublin/Chennai/Lagos",
                sentences=["{} was born in {}.", "The birthplace of {} is {}."],
            ),
            word(
                "occupation",
                values="architect/chemist/violinist/pilot/judge",
                sentences=["{} works as an {}.", "{} is a {} by occupation."],
            ),
            word(
                "employer",
                values="Northwind/Acme Labs/Helios/City Hospital",
                sentences=["{} is employed by {}.", "{} works for {}."],
            ),
            number("children", values=[0, 1, 2, 3, 4], sentences=["{} has {} children."]),
            truth("married", yes=["{} is married."], no=["{} is not married."]),
            truth("speaksFrench", yes=["{} speaks French."], no=["{} does not speak French."]),
        ),
    ),
    Domain(
        "flights",
        "flight",
        ["LX 318", "BA 907", "SK 4012", "AF 1240", "DL 77", "QF 12", "UA 881"],
        (
            word(
                "from",
                values="Zurich/Boston/Madrid/Osaka/Perth",
                sentences=["Flight {} leaves from {}.", "{} departs from {}."],
            ),
            word(
                "to", values="London/Denver/Cairo/Seoul/Toronto", sentences=["Flight {} goes to {}.", "{} flies to {}."]
            ),
            at("departs", ["Flight {} departs at {}.", "The departure of {} is at {}."]),
            at("arrives", ["Flight {} arrives at {}.", "{} gets in at {}."]),
            word("gate", values="A12/B4/C33/D7", sentences=["Flight {} uses gate {}.", "The gate of {} is {}."]),
            number("stops", values=[0, 1, 2], sentences=["Flight {} has {} stops."]),
            truth("delayed", yes=["Flight {} is delayed."], no=["Flight {} is not delayed."]),
            truth(
                "mealIncluded",
                yes=["A meal is included on flight {}."],
                no=["A meal is not included on flight {}.", "Flight {} includes no meal."],
            ),
        ),
    ),
    Domain(
        "settings",
        "endpoint",
        "/v1/users/v1/orders/v1/search/v2/files/v2/events/v1/login/v2/export".replace("/v", " /v").split(),
        (
            word(
                "method", values="GET/POST/PUT/DELETE", sentences=["{} is called with {}.", "The method of {} is {}."]
            ),
            number(
                "timeout_s",
                values=[5, 10, 30, 60, 120],
                sentences=["The timeout of {} is {} seconds.", "Calls to {} time out after {} seconds."],
            ),
            number(
                "max_retries",
                values=[0, 2, 3, 5, 8],
                sentences=["{} allows at most {} retries.", "The maximum of retries for {} is {}."],
            ),
            number(
                "rate_limit_per_minute",
                values=[60, 100, 300, 1000],
                sentences=["The rate limit of {} is {} per minute."],
            ),
            truth("requiresAuth", yes=["{} requires auth."], no=["{} does not require auth."]),
            truth(
                "cache_enabled",
                yes=["The cache is enabled for {}.", "Caching is enabled on {}."],
                no=["The cache is disabled for {}.", "The cache is not enabled for {}."],
            ),
            truth("deprecated", yes=["{} is deprecated."], no=["{} is not deprecated."]),
            word(
                "format", values="json/xml/csv/protobuf", sentences=["{} answers with {}.", "The format of {} is {}."]
            ),
        ),
    ),
)


UNSEEN = (
    Domain(
        "films",
        "title",
        ["The Long Winter", "Paper Boats", "Night Ferry", "Glass Harvest", "A Quiet Signal", "Copper Sky", "Sea Road"],
        (
            number("year", values=[1968, 1984, 1999, 2007, 2015], sentences=["{} came out in {}.", "{} is from {}."]),
            number(
                "runtime_minutes",
                values=[88, 95, 104, 121, 143],
                sentences=["{} is {} minutes long.", "{} has a runtime of {} minutes."],
            ),
            word(
                "director",
                values="Ruth Adler/Ken Mori/Iris Vance/Paul Duarte",
                sentences=["{} was directed by {}.", "The director of {} is {}."],
            ),
            word("genre", values="drama/comedy/thriller/western", sentences=["{} is a {}.", "The genre of {} is {}."]),
            word("language", values="French/Korean/Danish/Spanish", sentences=["{} is in {}.", "{} was shot in {}."]),
            truth("subtitled", yes=["{} has subtitles.", "{} is subtitled."], no=["{} is not subtitled."]),
            truth("award_winning", yes=["{} won an award."], no=["{} did not win an award.", "{} won no award."]),
            truth("inColor", yes=["{} is in color."], no=["{} is not in color."]),
        ),
    ),
    Domain(
        "gyms",
        "name",
        ["Iron Yard", "Peak Studio", "Harbor Fitness", "Northside Gym", "Pulse Club", "The Climb", "Oak Street Gym"],
        (
            number(
                "monthly_fee_eur",
                values=[19, 29, 45, 60],
                sentences=["{} costs {} euros a month.", "The monthly fee of {} is {} euros."],
            ),
            number("members", values=[120, 340, 800, 1500], sentences=["{} has {} members."]),
            word("district", values="Altona/Mitte/Harburg/Wedding", sentences=["{} is in {}.", "{} lies in {}."]),
            truth("facilities", "sauna", yes=["{} has a sauna."], no=["{} has no sauna.", "There is no sauna at {}."]),
            truth("facilities", "SwimmingPool", yes=["{} has a swimming pool."], no=["{} has no swimming pool."]),
            truth("trialAvailable", yes=["A trial is available at {}."], no=["{} offers no trial."]),
            open_on("Tuesday"),
            open_on("Saturday"),
        ),
    ),
)
"""Domains that were written when the judge's rules stood: what it does on them was not looked at before."""


def contexts(count: int, seed: int, domains: Sequence[Domain] = DOMAINS) -> Iterator[StructuredContext]:
    """*count* contexts, each domain and format in turn, the same for one *seed*."""
    draw = random.Random(seed)  # noqa: S311
    for turn in range(count):
        domain = domains[turn % len(domains)]
        yield _context(domain, FORMATS[turn // len(domains) % len(FORMATS)], draw)


def _context(domain: Domain, spelling: str, draw: random.Random) -> StructuredContext:
    names = draw.sample(domain.names, draw.choice(RECORDS))
    values = [{field.path: draw.choice(field.values) for field in domain.fields} for _ in names]
    records = [_record(domain, name, of) for name, of in zip(names, values, strict=True)]
    chunks, places = _spelled(spelling, domain, records)
    claims = []
    for turn in range(CLAIMS_PER_CONTEXT):
        at_record, field = draw.randrange(len(names)), draw.choice(domain.fields)
        truth_told = turn % 2 == 0
        mine = values[at_record][field.path]
        true = field.sentences(names[at_record], mine)
        # "Open until 9 pm" is true of more than one value.
        false = [
            text for value in field.values for text in field.sentences(names[at_record], value) if text not in true
        ]
        text = draw.choice(true if truth_told else false)
        claims.append(StructuredClaim(text, truth_told, field.kind, *places[at_record, field.path]))
    return StructuredContext(domain.name, spelling, tuple(chunks), tuple(claims))


def _record(domain: Domain, name: str, values: Mapping[Path, Value]) -> Record:
    record: Record = {domain.key: name}
    for path, value in values.items():
        inside = record
        for key in path[:-1]:
            below = inside.setdefault(key, {})
            assert isinstance(below, dict)  # noqa: S101
            inside = below
        inside[path[-1]] = value
    return record


Places = dict[tuple[int, Path], tuple[int, int, int]]


def _spelled(spelling: str, domain: Domain, records: Sequence[Record]) -> tuple[list[str], Places]:
    if spelling in {"markdown", "csv", "tsv", "json lines"}:
        text, spans = _table(spelling, records) if spelling != "json lines" else _lines_of_json(records)
        return [text], {(record, path): (0, *span) for (record, path), span in spans.items()}
    chunks: list[str] = []
    places: Places = {}
    for number_of, record in enumerate(records):
        writer = Writer()
        if spelling == "key: value":
            writer.put(f"{domain.name}\n\n")
            writer.lines(record)
        else:
            writer.value(record, (), PYTHON if spelling == "python" else JSON, 1 if number_of % 2 else None)
        chunks.append(writer.text)
        places |= {(number_of, path): (number_of, *span) for path, span in writer.spans.items()}
    return chunks, places


def _lines_of_json(records: Sequence[Record]) -> tuple[str, dict[tuple[int, Path], tuple[int, int]]]:
    writer = Writer()
    spans = {}
    for number_of, record in enumerate(records):
        writer.value(record, (), JSON, None)
        writer.put("\n")
        spans.update({(number_of, path): span for path, span in writer.spans.items()})
    return writer.text, spans


def _table(spelling: str, records: Sequence[Record]) -> tuple[str, dict[tuple[int, Path], tuple[int, int]]]:
    before, between, after = {"markdown": ("| ", " | ", " |\n"), "csv": ("", ",", "\n"), "tsv": ("", "\t", "\n")}[
        spelling
    ]
    writer = Writer()
    spans = {}
    columns = list(_leaves(records[0], ()))
    writer.put(before + between.join(path[-1] for path, _ in columns) + after)
    if spelling == "markdown":
        writer.put("|" + " --- |" * len(columns) + "\n")
    for number_of, record in enumerate(records):
        for place, (path, value) in enumerate(_leaves(record, ())):
            writer.put(between if place else before)
            spans[number_of, path] = writer.put("" if value is None else _bare(value))
        writer.put(after)
    return writer.text, spans


def _leaves(value: Record, path: Path) -> Iterator[tuple[Path, Value]]:
    for key, below in value.items():
        if isinstance(below, dict):
            yield from _leaves(below, (*path, key))
        else:
            yield (*path, key), below  # type: ignore[misc]


def _bare(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


JSON: Callable[[object], str] = json.dumps
PYTHON: Callable[[object], str] = repr


class Writer:
    """A text that grows, and where each value was put."""

    def __init__(self) -> None:
        self.text = ""
        self.spans: Spans = {}

    def put(self, text: str) -> tuple[int, int]:
        """Append *text*; where it stands."""
        start = len(self.text)
        self.text += text
        return start, len(self.text)

    def value(self, value: object, path: Path, spell: Callable[[object], str], indent: int | None) -> None:
        """Append *value* as *spell* spells it, on lines of their own if *indent* is a number."""
        if not isinstance(value, dict):
            start, end = self.put(spell(value))
            quotes = isinstance(value, str)
            self.spans[path] = start + quotes, end - quotes
            return
        gap = "\n" + "  " * indent if indent is not None else ""
        self.put("{")
        for place, (key, below) in enumerate(value.items()):
            self.put((", " if not gap else ",") * (place > 0) + gap + spell(key) + ": ")
            self.value(below, (*path, key), spell, indent + 1 if indent is not None else None)
        self.put(("\n" + "  " * (indent - 1) if indent is not None else "") + "}")

    def lines(self, record: Record, path: Path = ()) -> None:
        """Append *record* as ``key: value`` lines, what is nested indented."""
        for key, below in record.items():
            self.put("  " * len(path) + key + ":")
            if isinstance(below, dict):
                self.put("\n")
                self.lines(below, (*path, key))
            else:
                self.put(" ")
                self.spans[(*path, key)] = self.put("closed" if below is None else _bare(below))
                self.put("\n")
