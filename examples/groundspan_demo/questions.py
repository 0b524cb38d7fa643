"""What the users of the demo ask, and where in the standard library the answer stands."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the objects whose documentation answers it; none: the library does not say."""

    id: str
    text: str
    objects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who asks, and the region they ask from."""

    name: str
    region: str


USERS = (User("ada", "eu"), User("grace", "us"), User("katherine", "us"))
QUESTIONS_PER_SESSION = 5

_ASKED: tuple[tuple[str, str], ...] = (
    ("How do I join path components, and what does an absolute component do?", "os.path.join"),
    ("What does splitext return for a pathname?", "os.path.splitext"),
    ("Does os.path.exists follow broken symbolic links?", "os.path.exists"),
    ("What happens to unknown variables in expandvars?", "os.path.expandvars"),
    ("Where does insort_right put an item that is already in the list?", "bisect.insort_right"),
    (
        "How do I find the insertion point for an item in a sorted list?",
        "bisect.bisect_left bisect.bisect_right",
    ),
    ("How do I get the n largest elements of a dataset?", "heapq.nlargest"),
    ("What is the difference between heapreplace and heappop followed by heappush?", "heapq.heapreplace"),
    ("How do I merge several sorted inputs into one?", "heapq.merge"),
    ("How do I count the most common elements?", "collections.Counter.most_common collections.Counter"),
    ("What does a negative number do in deque.rotate?", "collections.deque.rotate"),
    ("Which mapping of a ChainMap do writes go to?", "collections.ChainMap"),
    ("In which order does OrderedDict.popitem return pairs?", "collections.OrderedDict.popitem"),
    ("When is the default factory of a defaultdict called?", "collections.defaultdict"),
    ("How many lines of context does a unified diff have?", "difflib.unified_diff"),
    ("How many close matches does get_close_matches return?", "difflib.get_close_matches"),
    ("What does SequenceMatcher.ratio return for identical sequences?", "difflib.SequenceMatcher.ratio"),
    ("How does lru_cache behave with maxsize None?", "functools.lru_cache"),
    ("What does the frozen option of a dataclass do?", "dataclasses.dataclass"),
    ("Can a dataclass field have both default and default_factory?", "dataclasses.field"),
    ("How do I pretty-print JSON with indentation?", "json.dumps json.dump"),
    ("What happens to non-ASCII characters when I dump JSON?", "json.dumps json.dump"),
    ("What is parse_float for when loading JSON?", "json.loads json.load"),
    ("Which exception does a negative argument to factorial raise?", "math.factorial"),
    ("What does math.comb evaluate to when k is greater than n?", "math.comb"),
    ("How do I tell whether two floats are close?", "math.isclose"),
    ("What is the start value of math.prod?", "math.prod"),
    ("How do I convert an angle from degrees to radians?", "math.radians"),
    ("Does random.sample choose with or without replacement?", "random.sample"),
    ("Are both end points included in randint?", "random.randint"),
    ("What do mu and sigma mean for random.gauss, and is it thread-safe?", "random.gauss"),
    ("How do I take a queue item without blocking?", "queue.Queue.get_nowait queue.Queue.get"),
    ("What happens when Queue.put waits longer than its timeout?", "queue.Queue.put"),
    ("What does task_done raise if it is called too many times?", "queue.Queue.task_done"),
    ("How do I make a random URL-safe token?", "secrets.token_urlsafe"),
    ("How do I escape a string for the shell?", "shlex.quote"),
    ("Does shutil.copy2 keep the metadata of the file?", "shutil.copy2"),
    ("How do I delete a whole directory tree?", "shutil.rmtree"),
    ("Where does shutil.which look for a command?", "shutil.which"),
    ("What does statistics.median do with an even number of data points?", "statistics.median"),
    ("What is raised if mean gets no data?", "statistics.mean"),
    ("What does statistics.mode return when there are several modes?", "statistics.mode"),
    ("What does Popen.communicate return?", "subprocess.Popen.communicate"),
    ("What happens if check_output's command fails?", "subprocess.check_output"),
    ("Who deletes the directory that mkdtemp makes?", "tempfile.mkdtemp"),
    ("What happens to a NamedTemporaryFile when it is closed?", "tempfile.NamedTemporaryFile"),
    ("How do I remove common leading whitespace from lines?", "textwrap.dedent"),
    ("How does Barrier.wait number the threads?", "threading.Barrier.wait"),
    ("Which threads does threading.enumerate list?", "threading.enumerate"),
    ("What does Semaphore.acquire do when the counter is zero?", "threading.Semaphore.acquire"),
    ("How often does timeit.Timer.repeat call timeit by default?", "timeit.Timer.repeat"),
    ("How many components does urlparse split a URL into?", "urllib.parse.urlparse"),
    ("Which characters does html.escape replace?", "html.escape"),
    ("What does itertools.zip_longest fill missing values with?", "itertools.zip_longest"),
    ("What does the alphabet of urlsafe_b64encode look like?", "base64.urlsafe_b64encode"),
    # Asked by somebody who does not know the name: retrieval has to work for these, and may fail.
    ("How do I keep only the last ten log lines in memory?", "collections.deque"),
    ("How can I remember the results of a slow function?", "functools.lru_cache functools.cache"),
    ("How do I run something once, thirty seconds from now?", "threading.Timer"),
    ("How do I ignore an error that I expect?", "contextlib.suppress"),
    ("How do I compare passwords without leaking anything through timing?", "hmac.compare_digest"),
    ("In which order should tasks run that depend on each other?", "graphlib.TopologicalSorter"),
    ("How do I walk through a list two neighbours at a time?", "itertools.pairwise"),
    ("How do I train a neural network on a GPU?", ""),
    ("How do I send a message to a Kafka topic?", ""),
    ("What is the capital of Mongolia?", ""),
)

QUESTIONS: tuple[Question, ...] = tuple(
    Question(f"q{number:02}", text, tuple(objects.split())) for number, (text, objects) in enumerate(_ASKED, 1)
)


def answerable(questions: Iterable[Question], objects: frozenset[str]) -> list[Question]:
    """Leave out what is asked about things that this interpreter does not document."""
    return [question for question in questions if not question.objects or objects & set(question.objects)]
