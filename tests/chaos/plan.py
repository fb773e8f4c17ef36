"""Which faults there are, and a plan of them by a seed: who is hit, when, by what."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

# moments in the life of a task
QUEUED = "queued"
BEFORE_CREATE = "create sent, nothing done"
AFTER_CREATE = "job created, answer not there"
AFTER_DESCRIBE = "describe answered late"
IN_WORKER = "job runs, waited for in the worker"
DEFERRED = "job runs, deferred"
RESUMING = "resuming"
BETWEEN = "between two tasks"
AT_RANDOM = "at random"
CREATING, LOOKING, ALL_CALLS = "create", "describe", "every call for 6 s"  # of the faults that are calls'
STARTING, WORKING = "job starts", "job runs"  # of the faults that are jobs'

TASK_MOMENTS = (QUEUED, BEFORE_CREATE, AFTER_CREATE, AFTER_DESCRIBE, IN_WORKER, BETWEEN, AT_RANDOM)
CALL_MOMENTS = (QUEUED, BEFORE_CREATE, AFTER_CREATE, BETWEEN, AT_RANDOM)
DEFERRED_MOMENTS = (QUEUED, BEFORE_CREATE, AFTER_CREATE, AFTER_DESCRIBE, DEFERRED, RESUMING, BETWEEN, AT_RANDOM)


@dataclass(frozen=True)
class Chain:
    """One DAG of the workload: its tasks in order, the moments that they go through, and who may trouble them."""

    tasks: tuple[str, ...]
    moments: tuple[str, ...]
    makes: int = 1  # what each task leaves in SageMaker: a job, a model, a version
    people: bool = True  # whether there is time for a person to come
    jobs_die: bool = True


CHAINS: Mapping[str, Chain] = {
    "sync": Chain(("process", "train"), TASK_MOMENTS),
    "deferred": Chain(("process", "train"), DEFERRED_MOMENTS),
    "batch": Chain(("predict",), (*DEFERRED_MOMENTS[:-2], AT_RANDOM)),
    "tune": Chain(("tune",), (*DEFERRED_MOMENTS[:-2], AT_RANDOM), jobs_die=False),  # its jobs are SageMaker's business
    "register": Chain(("model", "config", "register"), CALL_MOMENTS, people=False, jobs_die=False),
    "release": Chain(("deploy",), (QUEUED, DEFERRED, AT_RANDOM), makes=0, people=False, jobs_die=False),
    "timed_out": Chain(("train",), (AT_RANDOM,), people=False, jobs_die=False),
}

# component, how it dies
KILLS = {
    "kill -9 task process": "task",
    "kill -9 worker": "worker",
    "kill -9 triggerer": "triggerer",
    "kill -9 scheduler, its workers live": "scheduler",
    "kill -9 scheduler and workers": "scheduler",
    "kill -9 api-server": "api-server",
    "kill -9 sagelocal": "sagelocal",
    "kill -9 dag-processor": "dag-processor",
    "SIGTERM worker": "worker",
    "SIGTERM scheduler and workers": "scheduler",
    "SIGTERM triggerer": "triggerer",
}
IN_TASK = {"task", "worker"}
CALLS = ("throttle", "fail", "hang", "late", "lose")
NOBODY_TELLS = ("mark failed, no triggerer", "clear, no triggerer")  # only reconciliation, or the next try, can stop
PERSONS = ("mark failed", "mark success", "clear", "retry", "fail run", "pause", *NOBODY_TELLS)
JOBS = ("job killed", "instance lost", "no capacity")
# seconds: of any job; of one that is to be hurt while it runs; of one that must be stopped, or is an orphan
BRIEF, MIDDLING, LONG = "2", "15", "300"

# how often each is drawn, out of the sum
WEIGHTS = {
    **dict.fromkeys(KILLS, 6),
    "kill -9 task process": 10,
    "kill -9 worker": 10,
    "kill -9 triggerer": 9,
    "kill -9 sagelocal": 9,
    "kill -9 dag-processor": 2,
    "kill -9 scheduler, its workers live": 7,
    **dict.fromkeys(CALLS, 6),
    **dict.fromkeys(PERSONS, 12),
    **dict.fromkeys(JOBS, 6),
}


@dataclass(frozen=True)
class Fault:
    """What happens to a run, at which moment of which of its tasks."""

    what: str
    where: str
    task: str


@dataclass(frozen=True)
class Run:
    """One run of a DAG and what will happen to it."""

    id: str
    dag: str  # a key of CHAINS
    faults: tuple[Fault, ...]

    @property
    def conf(self) -> dict[str, str]:
        """Return the seconds of its jobs: whoever is to be stopped must not have ended by himself."""
        lasts = dict.fromkeys(CHAINS[self.dag].tasks, LONG if self.dag == "timed_out" else BRIEF)
        for fault in self.faults:
            if fault.what in PERSONS and fault.what != "pause":
                lasts[fault.task] = LONG
            elif fault.what == "pause" or fault.where == WORKING:
                lasts[fault.task] = MIDDLING
        return lasts


def plan(seed: int) -> Iterator[Run]:
    """Yield runs with one to three faults in each, without end; the same seed, the same plan."""
    dice = random.Random(seed)
    for number in count():
        dag = dice.choices(list(CHAINS), weights=(30, 34, 10, 8, 8, 6, 4))[0]
        yield Run(f"c{number:03d}", dag, _faults(dice, dag, dice.choice((1, 2, 2, 3))))


def _faults(dice: random.Random, dag: str, number: int) -> tuple[Fault, ...]:
    # one person at most, for what two of them want together nobody can say
    drawn = [_fault(dice, dag, alone=number == 1 or last) for last in (n == number - 1 for n in range(number))]
    return tuple(sorted(drawn, key=lambda fault: CHAINS[dag].tasks.index(fault.task)))


def _fault(dice: random.Random, dag: str, *, alone: bool) -> Fault:
    chain = CHAINS[dag]
    possible = {
        what: weight
        for what, weight in WEIGHTS.items()
        if _moments(what, chain) and (alone or what in {*KILLS, *CALLS})
    }
    what = dice.choices(list(possible), weights=list(possible.values()))[0]
    task = dice.choice(chain.tasks)
    return Fault(what, dice.choice(_moments(what, chain)), task)


def _moments(what: str, chain: Chain) -> tuple[str, ...]:
    if what in CALLS:
        return (CREATING, LOOKING, ALL_CALLS)
    if (what in JOBS and not chain.jobs_die) or (what in PERSONS and not chain.people):
        return ()
    if what in JOBS:
        return (STARTING,) if what == "no capacity" else (STARTING, WORKING)
    if what in NOBODY_TELLS:
        return tuple(one for one in chain.moments if one == DEFERRED)
    if what in PERSONS:
        return tuple(one for one in chain.moments if one in {AFTER_CREATE, IN_WORKER, DEFERRED})
    if KILLS[what] == "triggerer":
        return tuple(one for one in chain.moments if one not in {QUEUED, BETWEEN}) or (AT_RANDOM,)
    if KILLS[what] in IN_TASK:
        return tuple(one for one in chain.moments if one not in {QUEUED, BETWEEN, DEFERRED})
    return chain.moments
