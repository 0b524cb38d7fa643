"""Kinds of records that structured_contexts.py makes contexts of: their fields, and what is said of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Value = str | int | float | bool | None
Path = tuple[str, ...]


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
