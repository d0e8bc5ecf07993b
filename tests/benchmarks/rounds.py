"""The order of a run: every measurement once per round, neighbours in time where they are compared.

Which of them comes first changes from round to round, so that no figure always pays for another's checkpoint.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from config.embedded import Servers
from tests.benchmarks import bare, batches, memory, service, targets, verification
from tests.benchmarks.books import Book, sizes
from tests.benchmarks.clients import Load
from tests.benchmarks.memory import Memory
from tests.benchmarks.peers import Hordak
from tests.benchmarks.pgbench import Pgbench
from tests.benchmarks.ratios import Sample
from tests.benchmarks.server import superuser

SLOW_CLIENTS = 16  # where the target for slow commits stands
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much to measure. `quick` leaves out slow commits and is no measurement: it shows that everything runs."""

    rounds: int
    seconds: float
    clients: tuple[int, ...]
    batch: int
    quick: bool


@dataclass
class Run:
    """One run over one book. `pgbench` and `hordak` are None where they are missing; their figures are then left
    out."""

    plan: Plan
    servers: Servers
    book: Book
    pgbench: Pgbench | None
    hordak: Hordak | None
    say: Say
    samples: list[Sample] = field(default_factory=list)

    def measure(self) -> list[Sample]:
        """All rounds, and the bytes that they left."""
        with superuser(self.servers) as admin:
            batches.prepare_copies(admin)
            bare.prepare(admin)
            bytes_before, before = sizes(admin)
        for number in range(1, self.plan.rounds + 1):
            self.say(f"round {number} of {self.plan.rounds}")
            self._loads(number)
            self._batches_and_checks(number)
        with superuser(self.servers) as admin:
            bytes_after, after = sizes(admin)
        self._keep(1, targets.BYTES, 1, (bytes_after - bytes_before) / (after - before), "bytes")
        self._keep(1, targets.BYTES_PEER, 1, targets.PGLEDGER_BYTES, "bytes")
        self._memory()
        return self.samples

    def _keep(self, number: int, what: str, clients: int, value: float, unit: str) -> None:
        self.samples.append(Sample(round=number, what=what, clients=clients, value=value, unit=unit))

    def _checkpoint(self) -> None:
        """Flush now what would otherwise be flushed during somebody's seconds."""
        with superuser(self.servers) as admin:
            admin.execute("CHECKPOINT")

    def _loads(self, number: int) -> None:
        for clients in self.plan.clients:
            steps = [
                *self._driven(number, clients),
                *self._served(number, clients),
                *self._peered(number, clients),
            ]
            self._checkpoint()
            for step in turned(steps, number):
                step()
        if self.pgbench is not None and not self.plan.quick:
            for step in turned(list(self._slow(number, self.pgbench)), number):
                step()

    def _driven(self, number: int, clients: int) -> Iterator[Callable[[], None]]:
        if self.pgbench is None:
            return
        program, seconds = self.pgbench, self.plan.seconds
        yield lambda: self._keep(number, targets.TPCB, clients, program.tpcb(clients, seconds), "tps")
        for house, what in ((False, targets.FUNCTION), (True, targets.FUNCTION_HOT)):
            yield lambda house=house, what=what: self._keep(  # type: ignore[misc]
                number,
                what,
                clients,
                program.posting(self.book, house=house, clients=clients, seconds=seconds),
                "tps",
            )

    def _served(self, number: int, clients: int) -> Iterator[Callable[[], None]]:
        for house, what in ((False, targets.SERVICE), (True, targets.SERVICE_HOT)):
            yield lambda house=house, what=what: self._serve(number, clients, house, what)  # type: ignore[misc]
        yield lambda: self._insert(number, clients)

    def _serve(self, number: int, clients: int, house: bool, what: str) -> None:
        load = service.post_for(
            self.book, house=house, clients=clients, seconds=self.plan.seconds, seed=number * 10 + house
        )
        self._keep_load(number, what, clients, load)
        self._keep(number, f"{what}, half within", clients, load.p50_ms, "ms")
        self._keep(number, f"{what}, 99 % within", clients, load.p99_ms, "ms")

    def _insert(self, number: int, clients: int) -> None:
        load = bare.insert_for(self.book, clients=clients, seconds=self.plan.seconds, seed=number)
        self._keep_load(number, targets.BARE, clients, load)

    def _keep_load(self, number: int, what: str, clients: int, load: Load) -> None:
        self._keep(number, what, clients, load.per_second, "tps")
        self._keep_memory(number, what, clients, Memory(load.client_mib, load.session_mib))

    def _peered(self, number: int, clients: int) -> Iterator[Callable[[], None]]:
        if self.hordak is None:
            return
        for way, what in (("transfer_to", targets.HORDAK), ("lean", targets.HORDAK_LEAN)):
            yield lambda way=way, what=what: self._peer(self.hordak, way, number, clients, what)  # type: ignore[misc]

    def _peer(self, hordak: Hordak, way: str, number: int, clients: int, what: str) -> None:
        load = hordak.transfer_for(way, clients=clients, seconds=self.plan.seconds, seed=number)
        self._keep_load(number, what, clients, load)

    def _slow(self, number: int, program: Pgbench) -> Iterator[Callable[[], None]]:
        for house, what in ((False, targets.FUNCTION_SLOW), (True, targets.FUNCTION_HOT_SLOW)):
            yield lambda house=house, what=what: self._keep(  # type: ignore[misc]
                number,
                what,
                SLOW_CLIENTS,
                program.posting(
                    self.book, house=house, clients=SLOW_CLIENTS, seconds=self.plan.seconds, slow_commits=True
                ),
                "tps",
            )

    def _batches_and_checks(self, number: int) -> None:
        random = Random(number)
        with superuser(self.servers) as admin:
            verification.settle(admin)
            read_seconds, entries = verification.aggregate()
            full_seconds, horizon = verification.full()
            rate, written = batches.by_batch(self.book, transfers=self.plan.batch, random=random)
            copied = batches.by_copy(admin, written)
            looped = batches.by_loop(self.book, transfers=self.plan.batch, random=random)
            new_seconds, new_entries = verification.incremental(horizon)
        self._keep(number, targets.BATCH, 1, rate, "entries/s")
        self._keep(number, targets.COPY, 1, copied, "entries/s")
        self._keep(number, targets.LOOP, 1, looped, "entries/s")
        self._keep(number, "entries verified", 1, entries, "entries")
        self._keep(number, targets.AGGREGATE, 1, read_seconds, "s")
        self._keep(number, targets.VERIFY, 1, full_seconds, "s")
        self._keep(number, targets.VERIFY_ROW, 1, 1e6 * full_seconds / entries, "µs")
        self._keep(number, targets.INCREMENTAL_ROW, 1, 1e6 * new_seconds / new_entries, "µs")

    def _memory(self) -> None:
        """What long work keeps in memory, after the rounds: being watched costs speed."""
        random, batch = Random(0), self.plan.batch
        _, written = batches.by_batch(self.book, transfers=batch, random=random)

        def copy() -> None:
            with superuser(self.servers) as admin:
                batches.by_copy(admin, written)

        works: dict[str, Callable[[], object]] = {
            targets.BATCH: lambda: batches.by_batch(self.book, transfers=batch, random=random),
            targets.COPY: copy,
            targets.LOOP: lambda: batches.by_loop(self.book, transfers=batch, random=random),
            targets.AGGREGATE: verification.aggregate,
            targets.VERIFY: verification.full,
        }
        with superuser(self.servers) as look:
            for what, work in works.items():
                self._keep_memory(1, what, 1, memory.peak(look, work))

    def _keep_memory(self, number: int, what: str, clients: int, found: Memory) -> None:
        for whose, size in (("a client", found.client), ("its session", found.session)):
            if size is not None:
                self._keep(number, f"memory of {whose}: {what}", clients, size, "MiB")


def turned(steps: list[Callable[[], None]], number: int) -> list[Callable[[], None]]:
    """The steps in the same circle, beginning one further in each round."""
    start = number % len(steps) if steps else 0
    return steps[start:] + steps[:start]
