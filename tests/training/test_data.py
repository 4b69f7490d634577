"""Every row is used or refused with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.errors import StudyError
from assay.training.data import Learnt, read_data
from assay.training.recipe import load_recipe
from tests.studies import jsonl
from tests.training.recipes import entry, write_recipe

USER = {"role": "user", "content": "hello"}
ANSWER = {"role": "assistant", "content": "good day"}


def read(folder: Path, rows: list[Any], **fields: Any) -> Learnt:
    folder.mkdir(exist_ok=True)
    jsonl(folder / "rows.jsonl", rows)
    return read_data(
        load_recipe(write_recipe(folder, "a/b", entry(data={"path": "rows.jsonl", **fields}))), 0
    )


def turns(learnt: Learnt) -> list[list[str]]:
    return [[turn.content for turn in pair.prompt] + [pair.response] for pair in learnt.pairs]


def test_both_forms_of_a_row_are_read(tmp_path: Path) -> None:
    rows = [{"prompt": "a", "response": "b", "id": 7}, {"messages": [USER, ANSWER]}]
    assert turns(read(tmp_path, rows)) == [["a", "b"], ["hello", "good day"]]


def test_the_last_message_is_the_response_and_all_before_it_the_prompt(tmp_path: Path) -> None:
    system = {"role": "system", "content": "be brief"}
    learnt = read(tmp_path, [{"messages": [system, USER, ANSWER, USER, ANSWER]}])
    assert turns(learnt) == [["be brief", "hello", "good day", "hello", "good day"]]


def test_named_fields_are_put_together_and_empty_ones_left_out(tmp_path: Path) -> None:
    rows = [{"task": "Add", "input": "1 2", "out": "3"}, {"task": "Smile", "input": "", "out": ":)"}]
    learnt = read(tmp_path, rows, prompt=["task", "input"], response="out")
    assert turns(learnt) == [["Add\n\n1 2", "3"], ["Smile", ":)"]]


def test_a_limit_takes_the_first_rows(tmp_path: Path) -> None:
    rows = [{"prompt": str(i), "response": "x"} for i in range(5)]
    assert [row[0] for row in turns(read(tmp_path, rows, limit=2))] == ["0", "1"]


def test_a_list_of_data_is_put_together(tmp_path: Path) -> None:
    both = [{"path": "sums.jsonl", "limit": 2}, {"path": "chats.jsonl", "limit": 1}]
    learnt = read_data(load_recipe(write_recipe(tmp_path, "a/b", entry(data=both))), 0)
    assert [row[0] for row in turns(learnt)] == ["0 + 0 =", "1 + 1 =", "say 0"]
    assert learnt.sources == ("sums.jsonl", "chats.jsonl")


def test_the_digest_is_of_texts_alone(tmp_path: Path) -> None:
    one = read(tmp_path / "a", [{"prompt": "a", "response": "b"}])
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    same = read(tmp_path / "b", [{"messages": chat}])
    other = read(tmp_path / "c", [{"prompt": "a", "response": "c"}])
    assert one.sha256 == same.sha256 != other.sha256


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({}, "no `prompt`, the row has nothing"),
        ({"question": "a", "answer": "b"}, "no `prompt`, the row has `question`, `answer`; write `messages`"),
        ({"prompt": "", "response": "b"}, "`prompt` is empty"),
        ({"prompt": " \n", "response": "b"}, "`prompt` is empty"),
        ({"prompt": "a", "response": ""}, "`response` is empty: there is no response to learn"),
        ({"prompt": "a", "response": None}, "`response` holds nothing; a text is expected"),
        ({"prompt": 3, "response": "b"}, "`prompt` holds a number; a text is expected"),
        ({"messages": []}, "not a list of at least two messages"),
        ({"messages": [USER]}, "not a list of at least two messages"),
        ({"messages": [USER, {"role": "gpt", "content": "x"}]}, 'message 2 has the role "gpt"'),
        ({"messages": [ANSWER, USER]}, "the last message is the user's"),
        ({"messages": [ANSWER, ANSWER]}, "the message before the response is the assistant's"),
        ({"messages": [USER, {"role": "assistant", "content": ""}]}, "is empty: there is no response"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_with_its_line(
    tmp_path: Path, row: dict[str, Any], told: str
) -> None:
    with pytest.raises(StudyError) as refused:
        read(tmp_path, [{"prompt": "a", "response": "b"}, row])
    message = str(refused.value)
    assert "adapters[0].data.path: " in message
    assert f"{tmp_path / 'rows.jsonl'}:2: " in message
    assert told in message


def test_empty_rows_are_skipped_and_counted_where_the_recipe_says_so(tmp_path: Path) -> None:
    rows = [
        {"prompt": "a", "response": ""},
        {"prompt": " ", "response": "b"},
        {"prompt": "c", "response": "d"},
    ]
    learnt = read(tmp_path, rows, empty="skip")
    assert (turns(learnt), learnt.skipped) == ([["c", "d"]], 2)


def test_a_malformed_row_is_refused_where_empty_ones_are_skipped(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="`response` holds a number"):
        read(tmp_path, [{"prompt": "a", "response": ""}, {"prompt": "a", "response": 3}], empty="skip")


def test_of_many_bad_rows_the_first_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"rows.jsonl:3: .*; and 7 more rows"):
        read(tmp_path, [{"prompt": "a"}] * 10)


def test_a_file_that_is_cut_off_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps({"prompt": "a", "response": "b"}) + '\n{"prompt": ')
    recipe = load_recipe(write_recipe(tmp_path, "a/b", entry(data={"path": "rows.jsonl"})))
    with pytest.raises(StudyError, match=r"adapters\[0\].data.path: .*rows.jsonl:2: not a JSON object"):
        read_data(recipe, 0)


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"rows\.jsonl holds no row that can be learnt"):
        read(tmp_path, [])


def test_the_world_gives_as_many_pairs_as_asked_for(tmp_path: Path) -> None:
    drawn = {"world": "problems", "count": 5, "draw": 3}
    recipe = load_recipe(write_recipe(tmp_path, "a/b", entry(data=drawn)))
    learnt = read_data(recipe, 0)
    assert len(learnt.pairs) == 5
    assert learnt.sha256 == read_data(recipe, 0).sha256


def test_the_world_gives_nothing_that_is_tested(tmp_path: Path) -> None:
    from assay.demo import synthetic

    recipe = load_recipe(write_recipe(tmp_path, "a/b", entry(data={"world": "problems", "count": 50})))
    tested = {pair.prompt for pair in synthetic.draw("problems", "test", 200)}
    assert not tested & {pair.prompt[0].content for pair in read_data(recipe, 0).pairs}


@pytest.mark.parametrize(("kind", "told"), [("pears", "kinds are text, talk"), ("text", "have no prompts")])
def test_a_kind_that_the_world_cannot_teach_is_refused(tmp_path: Path, kind: str, told: str) -> None:
    recipe = load_recipe(write_recipe(tmp_path, "a/b", entry(data={"world": kind, "count": 5})))
    with pytest.raises(StudyError, match=rf"adapters\[0\].data.world: .*{told}"):
        read_data(recipe, 0)


def test_a_hub_dataset_that_cannot_be_had_is_refused_with_the_way_around(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")

    def fail(*_: object, **__: object) -> None:
        raise OSError("offline")

    monkeypatch.setattr(hub, "snapshot_download", fail)
    data = {"hub": "owner/pairs", "split": "train", "revision": "abc"}
    recipe = load_recipe(write_recipe(tmp_path, "a/b", entry(data=data)))
    with pytest.raises(StudyError) as refused:
        read_data(recipe, 0)
    assert "adapters[0].data.hub: owner/pairs at abc gave no rows (OSError: offline)" in str(refused.value)
    assert "save its rows as JSONL and give `path: FILE.jsonl`" in str(refused.value)


def test_a_hub_dataset_is_read_from_the_files_of_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    pytest.importorskip("datasets")
    files = tmp_path / "snapshot"
    files.mkdir()
    jsonl(files / "train.jsonl", [{"q": "1 + 1", "a": str(i)} for i in range(4)])
    asked: list[Any] = []

    def found(*given: Any, **named: Any) -> str:
        asked.append((given, named))
        return str(files)

    monkeypatch.setattr(hub, "snapshot_download", found)
    data = {"hub": "owner/sums", "split": "train", "revision": "abc", "limit": 3}
    data |= {"prompt": "q", "response": "a"}
    learnt = read_data(load_recipe(write_recipe(tmp_path, "a/b", entry(data=data))), 0)
    assert turns(learnt) == [["1 + 1", str(i)] for i in range(3)]
    assert asked == [
        (("owner/sums",), {"repo_type": "dataset", "revision": "abc", "local_files_only": False})
    ]
    assert (learnt.sources, learnt.hubs) == (("owner/sums train",), ("owner/sums",))
