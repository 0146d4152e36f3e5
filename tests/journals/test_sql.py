"""The SQL journal: durable, shared, and honest about damage."""

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from importlib.util import module_from_spec, spec_from_file_location
from multiprocessing import get_context
from pathlib import Path

import pytest
import sqlalchemy as sa

from asklearn.errors import (
    BadInput,
    Conflict,
    JournalDamaged,
    JournalError,
    KeyReused,
    NewerFormat,
    NotStored,
)
from asklearn.events import Added, Answered, Configured, Erased, Fitted, encode
from asklearn.journal import Journal, SnapshotStore, open_state
from asklearn.journals.repair import Repaired, repair
from asklearn.journals.sql import SqlJournal, _Request
from asklearn.state import dump, fold

CLAIM = Path(__file__).parents[2] / "benchmarks" / "claims" / "journal.py"
forking = get_context("fork")


def answer(n, label="cat"):
    return Answered(item=n, annotator="ann", key=f"k{n}", label=label, time=1.0)


def project(n):
    return [Configured(seed=0), Added(start=0, stop=n), *(answer(item) for item in range(n))]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


def written(path, events):
    with SqlJournal(path) as journal:
        journal.append(events)
    return path


def edit(path, statement, *values):
    connection = sqlite3.connect(path)
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def on_every_use(journal, pragma):
    """Set a pragma on each connection before it is used; returns what undoes it."""

    def checkout(connection, *_):
        connection.execute(f"PRAGMA {pragma}").fetchall()

    sa.event.listen(journal._engine, "checkout", checkout)
    return lambda: sa.event.remove(journal._engine, "checkout", checkout)


# ---- what it is ------------------------------------------------------------------------------------


def test_offers_both_contracts(path):
    with SqlJournal(path) as journal:
        assert isinstance(journal, Journal)
        assert isinstance(journal, SnapshotStore)


def test_a_url_names_the_same_file(path):
    written(path, [answer(1)])
    assert SqlJournal(f"sqlite:///{path}").position == 1


def test_reads_pages_in_order(path, monkeypatch):
    monkeypatch.setattr("asklearn.journals.sql.PAGE", 3)
    events = project(10)
    journal = SqlJournal(written(path, events))
    for since in range(13):
        assert list(journal.read(since)) == events[since:]


@pytest.mark.parametrize("name", ["with space.db", "100%.db", "a?b=c.db", "ünïcode #1.db"])
def test_any_file_name_will_do(tmp_path, name):
    written(tmp_path / name, [answer(1)])
    assert (tmp_path / name).is_file()


@pytest.mark.parametrize("name", ["plain.db", "100% #1?.db"])
def test_whether_anything_was_appended_is_known_without_reading(tmp_path, name):
    ours, others = SqlJournal(tmp_path / name), SqlJournal(tmp_path / name)
    assert not ours.unchanged(0)  # nothing was read yet
    for count, journal in ((1, ours), (2, others), (3, ours)):
        journal.append([answer(count)])
        assert not ours.unchanged(count - 1)
        assert len(list(ours.read())) == count
        assert ours.unchanged(count)
        assert not ours.unchanged(count - 1)
        assert list(ours.read(count)) == []
    ours.close()
    assert not ours.unchanged(3)
    (tmp_path / name).unlink()
    assert not ours.unchanged(3)
    others.close()


def test_an_event_that_cannot_be_written_is_refused_before_the_disk(path):
    with SqlJournal(path) as journal:
        with pytest.raises(BadInput):
            journal.append([answer(1), answer(2, label="\ud800")])
        assert journal.append([answer(1)]) == 1


# ---- what it refuses to open -----------------------------------------------------------------------


@pytest.mark.parametrize("where", ["", ":memory:", "sqlite://", "mysql://u:secret@host/db"])
def test_refuses_what_is_no_file(where):
    with pytest.raises(BadInput) as caught:
        SqlJournal(where)
    assert "secret" not in str(caught.value)


def test_refuses_a_folder(tmp_path):
    with pytest.raises(BadInput, match="Got the folder"):
        SqlJournal(tmp_path)


def test_refuses_a_missing_folder(tmp_path):
    with pytest.raises(BadInput, match="does not exist"):
        SqlJournal(tmp_path / "missing" / "journal.db")


def test_refuses_another_programs_database_and_leaves_it_alone(path):
    edit(path, "CREATE TABLE recipe (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(BadInput, match="recipe"):
        SqlJournal(path)
    assert path.read_bytes()[100:] == before[100:]


def test_refuses_a_newer_format(path):
    written(path, [answer(1)])
    edit(path, "UPDATE meta SET value = '99' WHERE name = 'format'")
    with pytest.raises(NewerFormat, match="99"):
        SqlJournal(path)
    with pytest.raises(NewerFormat):
        repair(path)


def test_an_empty_file_becomes_a_journal(path):
    path.touch()
    assert SqlJournal(path).position == 0


@pytest.mark.parametrize(
    "content", [b"id,label\n1,cat\n" * 50, bytes(range(256)) * 40, b"SQLite format 3\0" + b"x" * 900]
)
def test_says_when_a_file_is_no_database(path, content):
    path.write_bytes(content)
    with pytest.raises(JournalDamaged) as caught:
        SqlJournal(path)
    assert caught.value.good == 0
    assert path.read_bytes() == content


def test_an_emptied_file_beside_its_log_is_damage_and_the_log_is_kept(path, tmp_path):
    journal = SqlJournal(path)
    journal.append(project(3))
    copy = tmp_path / "copy.db"
    shutil.copy(f"{path}-wal", f"{copy}-wal")
    copy.touch()
    with pytest.raises(JournalDamaged):
        SqlJournal(copy)
    assert Path(f"{copy}-wal").read_bytes() == Path(f"{path}-wal").read_bytes()


# ---- damage ----------------------------------------------------------------------------------------

DAMAGE = {
    "changed label": ("UPDATE event SET body = replace(body, 'cat', 'dog') WHERE position = 5", 4, 7),
    "changed digest": ("UPDATE event SET digest = 'x' WHERE position = 5", 4, 6),
    "body of another type": ("UPDATE event SET body = x'ff00' WHERE position = 5", 4, 7),
    "invalid text": ("UPDATE event SET body = CAST(x'ff' AS TEXT) WHERE position = 5", 4, 7),
    "missing row": ("DELETE FROM event WHERE position = 5", 4, 6),
    "missing last rows": ("DELETE FROM event WHERE position > 10", 10, 0),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_changed_rows_are_noticed_and_mended(path, case):
    statement, good, recovered = DAMAGE[case]
    events = project(10)
    written(path, events)
    edit(path, statement)
    damaged = path.read_bytes()
    with pytest.raises(JournalDamaged, match="repair") as caught:
        list(SqlJournal(path).read())
    assert caught.value.good == good

    done = repair(path)
    assert done == Repaired(good, recovered, 12 - good - recovered, done.aside)
    assert done.aside.read_bytes() == damaged
    with SqlJournal(path) as journal:
        mended = list(journal.read())
        assert mended[:good] == events[:good]
        assert set(mended[good:]) <= set(events[good:])
        assert len(mended) == good + recovered
        assert journal.append([answer(99)]) == good + recovered + 1


def test_swapped_rows_are_noticed(path):
    written(path, project(10))
    edit(path, "UPDATE event SET position = 100 WHERE position = 9")
    edit(path, "UPDATE event SET position = 9 WHERE position = 10")
    edit(path, "UPDATE event SET position = 10 WHERE position = 100")
    with pytest.raises(JournalDamaged) as caught:
        list(SqlJournal(path).read())
    assert caught.value.good == 8


def test_what_makes_no_sense_without_the_lost_is_not_recovered(path):
    events = [Configured(seed=0), Added(start=0, stop=5), answer(1), Added(start=5, stop=9),
              Fitted(model=1, position=3, labels=1), answer(7), answer(2)]  # fmt: skip
    written(path, events)
    edit(path, "UPDATE event SET body = 'x' WHERE position = 4")
    done = repair(path)
    assert (done.kept, done.recovered, done.lost) == (3, 1, 3)
    assert list(SqlJournal(path).read()) == [*events[:3], answer(2)]


def test_a_damaged_row_before_a_snapshot_does_not_stop_what_comes_after(path):
    events = project(10)
    with SqlJournal(written(path, events)) as journal:
        journal.save_snapshot(8, dump(fold(events[:8])))
    edit(path, "UPDATE event SET body = 'x' WHERE position = 4")
    assert open_state(SqlJournal(path)).said == fold(events).said


def test_damage_that_sqlite_quotes_in_no_known_encoding(path):
    """SQLite's message then holds bytes that are not UTF-8, and Python cannot even say what it is."""
    content = written(path, project(5)).read_bytes()
    broken = content.replace(b"tableeventevent", b"table\xafvent\xafvent").replace(
        b"CREATE TABLE event", b"CREATE TXBLE event"
    )
    assert sum(one != other for one, other in zip(broken, content, strict=True)) == 3
    path.write_bytes(broken)
    with pytest.raises(JournalDamaged, match="is damaged"):
        SqlJournal(path)
    assert repair(path).aside.read_bytes() != content


@pytest.mark.parametrize("name", ["format", "head"])
def test_a_number_of_five_thousand_digits_is_damage(path, name):
    written(path, project(5))
    edit(path, "UPDATE meta SET value = ? WHERE name = ?", "9" * 5000 + " x" * (name == "head"), name)
    with pytest.raises(JournalDamaged) as caught:
        SqlJournal(path)
    assert len(str(caught.value)) < 1000


def read_until_damage(path):
    read = []
    try:
        read.extend(iter(SqlJournal(path).read()))
    except (JournalError, BadInput) as error:
        return read, error
    return read, None


@pytest.mark.parametrize("seed", range(40))
def test_torn_pages_and_truncated_files_never_give_wrong_events(path, seed):
    events = project(400)
    written(path, events)
    whole = bytearray(path.read_bytes())
    draw = random.Random(seed)
    if seed % 2:
        start = draw.randrange(len(whole))
        whole[start : start + draw.choice([1, 8, 600, 4096])] = draw.randbytes(draw.choice([1, 8, 600, 4096]))
    else:
        del whole[draw.randrange(1, len(whole)) :]
    path.write_bytes(whole)
    read, error = read_until_damage(path)
    assert read == events[: len(read)]
    if isinstance(error, JournalDamaged):
        assert len(read) <= error.good <= len(events)
    if isinstance(error, BadInput | NewerFormat):
        return
    before = path.read_bytes()
    done = repair(path)
    with SqlJournal(path) as journal:
        mended = list(journal.read())
    assert mended[: done.kept] == events[: done.kept]
    assert done.kept >= len(read)
    assert set(mended) <= set(events)
    if done.aside:
        assert done.aside.read_bytes() == before


def test_repair_leaves_a_sound_journal_alone(path):
    written(path, project(3))
    assert repair(path) == Repaired(5, 0, 0, None)
    assert list(path.parent.glob("*damaged*")) == []


def test_repair_says_when_there_is_nothing(path):
    with pytest.raises(BadInput, match="no journal"):
        repair(path)


def test_repair_reads_the_log_too(path, tmp_path):
    journal = SqlJournal(path)
    journal.append(project(5))
    copy = tmp_path / "copy.db"
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    edit_open = sqlite3.connect(copy)
    edit_open.execute("UPDATE event SET body = 'x' WHERE position = 3")
    edit_open.commit()
    assert repair(copy).recovered == 4


# ---- snapshots -------------------------------------------------------------------------------------


def test_opens_from_the_snapshot(path):
    events = project(10)
    with SqlJournal(written(path, events)) as journal:
        marked = fold(events[:8])
        marked.serving = [42]
        journal.save_snapshot(8, dump(marked))
    state = open_state(SqlJournal(path))
    assert state.serving == [42]
    assert (state.position, state.said) == (12, fold(events).said)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE snapshot SET body = x'00'",
        "UPDATE snapshot SET seal = 'x'",
        "UPDATE snapshot SET body = 5",
        "UPDATE snapshot SET body = NULL, seal = NULL",
        "UPDATE snapshot SET position = 7",
        "UPDATE snapshot SET position = 7000",
        "DROP TABLE snapshot",
    ],
)
def test_a_broken_snapshot_is_passed_over(path, statement):
    events = project(10)
    with SqlJournal(written(path, events)) as journal:
        journal.save_snapshot(8, dump(fold(events[:8])))
    if "NULL" in statement:
        edit(path, "CREATE TABLE copy AS SELECT * FROM snapshot")
        edit(path, "DROP TABLE snapshot")
        edit(path, "ALTER TABLE copy RENAME TO snapshot")
    edit(path, statement)
    journal = SqlJournal(path)
    assert journal.load_snapshot() is None
    assert open_state(journal).said == fold(events).said


@pytest.mark.parametrize("body", [b"", b"no snapshot", dump(fold(project(2)))])
def test_a_snapshot_with_another_content_is_passed_over(path, body):
    events = project(10)
    with SqlJournal(written(path, events)) as journal:
        journal.save_snapshot(8, body)
        assert open_state(journal).said == fold(events).said


def test_a_snapshot_lies_within_the_journal(path):
    with SqlJournal(written(path, project(3))) as journal, pytest.raises(BadInput, match="reached"):
        journal.save_snapshot(6, b"")


# ---- a disk that refuses ---------------------------------------------------------------------------


def test_a_full_database_refuses_clearly_and_goes_on_when_there_is_space(path):
    with SqlJournal(path) as journal:
        journal.append(project(3))
        undo = on_every_use(journal, "max_page_count=20")
        acknowledged = 3
        with pytest.raises(NotStored, match="full"):  # noqa: PT012
            for n in range(3, 10_000):
                journal.append([answer(n, label="x" * 500)])
                acknowledged += 1
        assert len(list(journal.read())) == 2 + acknowledged
        undo()
        on_every_use(journal, "max_page_count=100000")
        journal.append([answer(acknowledged, label="x" * 500)])
        assert len(list(journal.read())) == 3 + acknowledged


def test_a_refused_group_is_refused_to_each_of_its_members(path):
    with SqlJournal(path) as journal:
        journal.append([answer(0)])
        undo = on_every_use(journal, "query_only=ON")
        outcomes = append_together(journal, [([answer(1)], None), ([answer(2)], None), ([], 0)])
        assert [type(one) for one in outcomes] == [NotStored] * 3
        undo()
        journal.close()
        assert list(journal.read()) == [answer(0)]


def child_fills_the_disk(path):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with SqlJournal(path) as journal:
        journal.append(project(3))
        log = Path(f"{path}-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (log + 60_000, resource.RLIM_INFINITY))
        acknowledged = 3
        try:
            while acknowledged < 10_000:
                journal.append([answer(acknowledged)])
                acknowledged += 1
        except NotStored:
            pass
        assert 3 < acknowledged < 10_000
        assert len(list(journal.read())) == 2 + acknowledged
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        journal.append([answer(acknowledged)])
    with SqlJournal(path) as journal:
        assert list(journal.read()) == project(acknowledged + 1)[:1] + [Added(start=0, stop=3)] + [
            answer(n) for n in range(acknowledged + 1)
        ]


def run_children(*works):
    children = [forking.Process(target=work, args=args) for work, *args in works]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * len(children)


def test_a_file_size_limit_refuses_and_nothing_unstored_was_acknowledged(path):
    run_children((child_fills_the_disk, path))


# ---- several threads, several processes ------------------------------------------------------------


def append_together(journal, requests):
    """Append from one thread each while the writer is held, so that all of them are in one group."""
    outcomes = [None] * len(requests)

    def work(index):
        events, at = requests[index]
        try:
            outcomes[index] = journal.append(events, at=at)
        except JournalError as error:
            outcomes[index] = error

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(requests))]
    with journal._writing:
        for count, thread in enumerate(threads, 1):
            thread.start()
            while len(journal._waiting) < count:
                pass
    for thread in threads:
        thread.join()
    return outcomes


def test_waiting_appends_share_one_commit_and_each_has_its_own_result(path):
    with SqlJournal(path) as journal:
        journal.append([answer(0)])
        commits = []
        sa.event.listen(journal._writes, "commit", lambda connection: commits.append(1))
        outcomes = append_together(
            journal,
            [
                ([answer(1)], None),
                ([answer(0, label="dog")], None),
                ([Erased(item=5)], 2),
                ([Erased(item=6)], 2),
                ([answer(1)], None),
                ([answer(1, label="dog")], None),
                ([answer(2), answer(3)], 3),
            ],
        )
        assert [type(one) if isinstance(one, Exception) else one for one in outcomes] == [
            2, KeyReused, 3, Conflict, 3, KeyReused, 5,
        ]  # fmt: skip
        assert sum(commits) == 1
        assert list(journal.read()) == [answer(0), answer(1), Erased(item=5), answer(2), answer(3)]


def test_equal_appends_of_two_threads_are_two_requests(path):
    with SqlJournal(path) as journal:
        others = _Request([answer(1)], [encode(answer(1))], None)

        def another_thread_comes_to_wait(connection):
            if not others.done and others not in journal._waiting:
                journal._waiting.append(others)

        sa.event.listen(journal._writes, "commit", another_thread_comes_to_wait)
        assert journal.append([answer(1)]) == 1
        assert list(journal._waiting) == [others]
        assert journal.append([answer(2)]) == 2
        assert (others.done, others.stored.stop) == (True, 1)


def test_an_interruption_of_one_thread_is_a_clear_error_to_the_others(path):
    with SqlJournal(path) as journal:
        waiting = _Request([answer(1)], [encode(answer(1))], None)
        journal._waiting.append(waiting)

        def interrupt(connection):
            raise KeyboardInterrupt

        sa.event.listen(journal._writes, "commit", interrupt)
        with pytest.raises(KeyboardInterrupt):
            journal.append([answer(2)])
        sa.event.remove(journal._writes, "commit", interrupt)
        assert isinstance(waiting.error, NotStored)
        assert list(journal.read()) == []
        assert journal.append([answer("a\0b")]) == 1
        assert list(journal.read()) == [answer("a\0b")]


def child_appends_at_zero(path, number, results):
    with SqlJournal(path) as journal:
        try:
            journal.append([answer(number)], at=0)
            results.put("won")
        except Conflict:
            results.put("conflict")


def test_of_several_processes_at_one_position_exactly_one_wins(path):
    results = forking.Queue()
    run_children(*((child_appends_at_zero, path, number, results) for number in range(6)))
    outcomes = [results.get() for _ in range(6)]
    assert sorted(outcomes) == ["conflict"] * 5 + ["won"]
    assert SqlJournal(path).position == 1


def child_appends(journal, start, count):
    for n in range(start, start + count):
        journal.append([answer(n)])


def test_a_journal_may_be_used_on_both_sides_of_a_fork(path):
    journal = SqlJournal(path)
    journal.append([answer(0)])
    children = [forking.Process(target=child_appends, args=(journal, start, 20)) for start in (100, 200)]
    for child in children:
        child.start()
    child_appends(journal, 1, 20)
    for child in children:
        child.join(60)
    journal.close()
    with SqlJournal(path) as journal:
        assert sorted(event.item for event in journal.read()) == [
            *range(21),
            *range(100, 120),
            *range(200, 220),
        ]


def test_a_fork_does_not_repeat_what_another_thread_was_about_to_append(path):
    journal = SqlJournal(path)
    journal._waiting.append("a request of the parent")
    pid = os.fork()
    if pid == 0:
        os._exit(len(journal._waiting))
    assert os.waitpid(pid, 0)[1] == 0
    journal._waiting.clear()


# ---- kill -9, and the fsyncs -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def claim():
    if not CLAIM.exists():
        pytest.skip("benchmarks/ is not part of this installation")
    spec = spec_from_file_location("claims_journal", CLAIM)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", range(6))
def test_kill_9_loses_and_doubles_nothing(claim, seed):
    outcome = claim.crash_round("append" if seed % 3 else "tell", 1000 + seed, tells=400, processes=4)
    assert outcome["opens"] == 1
    assert outcome["lost"] == outcome["doubled"] == outcome["changed"] == 0
    assert outcome["acknowledged"] > 0
    assert outcome["killed"] > 0


def test_the_crash_check_notices_what_it_looks_for(claim):
    lost = claim._outcome(["0-1", "0-2"], [], 1, opens=1)
    assert lost["lost"] == 2
    stored = [Answered(item=1, annotator="a", key="0-1", label="class of 0-1")] * 2
    assert claim._outcome(["0-1"], stored, 1, opens=1)["doubled"] == 1
    changed = [Answered(item=1, annotator="a", key="0-1", label="dog")]
    assert claim._outcome(["0-1"], changed, 1, opens=1)["changed"] == 1


SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void note(void) {
    int log = open(getenv("FSYNC_LOG"), O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (write(log, "x", 1) != 1) abort();
    close(log);
}
int fsync(int file) { note(); return ((int (*)(int)) dlsym(RTLD_NEXT, "fsync"))(file); }
int fdatasync(int file) { note(); return ((int (*)(int)) dlsym(RTLD_NEXT, "fdatasync"))(file); }
"""

APPENDS = """
    import os, sys
    import sqlalchemy as sa
    from asklearn.events import Answered
    from asklearn.journals.sql import SqlJournal
    journal = SqlJournal(sys.argv[1])
    if sys.argv[2]:
        set_pragma = lambda connection, *_: connection.execute("PRAGMA " + sys.argv[2])
        sa.event.listen(journal._engine, "checkout", set_pragma)
    fewest = 10 ** 9
    for n in range(50):
        before = os.path.getsize(os.environ["FSYNC_LOG"])
        journal.append([Answered(item=n, annotator="a", key=str(n), label="cat")])
        fewest = min(fewest, os.path.getsize(os.environ["FSYNC_LOG"]) - before)
    print(fewest)
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("counting fsyncs needs a C compiler: apt-get install gcc libc6-dev")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "count.c").write_text(SHIM)
    command = [compiler, "-shared", "-fPIC", "-o", "count.so", "count.c", "-ldl"]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if built.returncode:
        pytest.skip(f"counting fsyncs needs a C compiler that works: {built.stderr[:200]}")
    return folder / "count.so"


def fewest_fsyncs_of_an_append(shim, tmp_path, pragma):
    log = tmp_path / "fsyncs"
    log.touch()
    environment = {**os.environ, "LD_PRELOAD": str(shim), "FSYNC_LOG": str(log)}
    command = [sys.executable, "-c", textwrap.dedent(APPENDS), str(tmp_path / "journal.db"), pragma]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.compiler
def test_every_acknowledged_append_was_synced(shim, tmp_path):
    assert fewest_fsyncs_of_an_append(shim, tmp_path, "") >= 1


@pytest.mark.compiler
def test_a_planted_synchronous_off_fails_that_check(shim, tmp_path):
    assert fewest_fsyncs_of_an_append(shim, tmp_path, "synchronous=OFF") == 0
