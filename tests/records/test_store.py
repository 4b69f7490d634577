"""The store: nothing lost, nothing doubled, nothing foreign."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from assay.errors import OutputError, RunError
from assay.plan import RowKey
from assay.records import Store, digest
from tests.records.stored import completion, enter, unscored


def test_a_response_comes_back_as_it_went_in(tmp_path: Path) -> None:
    text = "nul \0, control \x1b[31m, bidi \u202e, emoji \U0001f600, \r\n end"
    with Store.write(tmp_path) as store:
        enter(store, [completion("0", text)])
    with Store.read(tmp_path) as store:
        (record,) = store.responses("base", "math")
    assert record["text"] == text


def test_only_the_part_after_the_cut_is_judged(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        enter(store, [completion("0", "thinking</think>answer", skip=len("thinking</think>"))])
        assert [text for _, _, text in unscored(store)] == ["answer"]


def test_appending_twice_changes_nothing(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        enter(store, [completion("0", "first"), completion("1", "second")])
        enter(store, [completion("0", "other"), completion("1", "second")])
        assert [record["text"] for record in store.responses("base", "math")] == ["first", "second"]


def test_texts_are_compared_past_a_nul_and_after_their_cuts(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        enter(store, [completion("0", "a\0b"), completion("1", "so: x", skip=4)], "base")
        enter(store, [completion("0", "a\0c", name="a"), completion("1", "x", name="a")], "a")
        assert store.same_text("a", "base", "math") == (1, 2)


def test_a_null_response_is_counted_and_judged_as_empty(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        enter(store, [completion("0", None), completion("1", "")])
        assert store.nulls("base", "math") == 1
        assert [text for _, _, text in unscored(store)] == ["", ""]


def test_scores_need_every_example(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        enter(store, [completion(str(i), "x") for i in range(4)])
        rows: list[tuple[int, tuple[int, int], dict[str, object]]] = [
            (record, (1, 1), {}) for record, _, _ in unscored(store)
        ]
        assert sum(store.add_scores("s", rows)) == 4
        assert store.scores("base", "math", "s") is None
        enter(store, [completion("4", "x")])
        assert len(unscored(store)) == 1
        rows = [(record, (0, 1), {}) for record, _, _ in unscored(store)]
        assert sum(store.add_scores("s", rows)) == 1
        scores = store.scores("base", "math", "s")
    assert scores is not None
    assert scores.passed[:, 0, 0].tolist() == [1, 1, 1, 1, 0]


def test_a_second_writer_is_told_so(tmp_path: Path) -> None:
    with Store.write(tmp_path), pytest.raises(RunError, match="another assay process"), Store.write(tmp_path):
        pass


def test_reading_goes_on_while_another_writes(tmp_path: Path) -> None:
    with Store.write(tmp_path) as writer:
        enter(writer, [completion("0", "x")])
        with Store.read(tmp_path) as reader:
            assert len(list(reader.responses("base", "math"))) == 1


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run here"), Store.read(tmp_path):
        pass


def test_a_text_that_is_no_utf_8_is_a_damaged_file(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        store.note("failed", reason="caf\u00e9" * 20)
    path = tmp_path / "records.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    path.write_bytes(path.read_bytes().replace("\u00e9".encode(), b"\xc3("))
    with pytest.raises(RunError, match="not a usable records file"), Store.read(tmp_path) as store:
        store.events()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite").write_bytes(b"not a database at all, " * 100)
    with pytest.raises(RunError, match="not a usable records file"), Store.write(tmp_path):
        pass


def test_an_output_path_under_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be made"), Store.write(tmp_path / "file" / "run"):
        pass


def test_claims_keep_every_block_with_its_time(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        store.declare({"margin": 0.05})
        enter(store, [completion("0", "x")])
        store.declare({"margin": 0.05})
        store.declare({"margin": 0.01})
        first, second = store.declared()
    assert (first.sha256, first.records_before) == (digest({"margin": 0.05}), 0)
    assert (second.sha256, second.records_before) == (digest({"margin": 0.01}), 1)


KILLED = """
import sys
from pathlib import Path
from assay.records import Store
from tests.records.stored import EXAMPLES, completion

with Store.write(Path(sys.argv[1])) as store:
    store.bind_task("math", "numeric", EXAMPLES)
    store.bind("base", "math", {"name": "base"}, {"decoding": {}})

    def endless():
        for i in range(5):
            yield completion(str(i), f"text {i}")
        print("five are in flight", flush=True)
        sys.stdin.read()

    import assay.records.store as module
    module.BATCH = 2
    for _ in store.append(endless()):
        pass
"""


def test_a_killed_writer_loses_only_the_batch_in_flight(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": str(root)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == b"five are in flight\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    with Store.write(tmp_path) as store:
        assert store.held("base", "math") == {RowKey("base", "math", str(i)) for i in range(4)}
        enter(store, [completion(str(i), f"text {i}") for i in range(5)])
        assert [record["text"] for record in store.responses("base", "math")] == [
            f"text {i}" for i in range(5)
        ]
