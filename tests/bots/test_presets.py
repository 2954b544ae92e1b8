"""``PRESETS_FILE``: the operator's own presets."""

from pathlib import Path

import pytest

from bots.configuration import configure
from bots.reading import SettingsWrong
from core.presets import ours

SUPPORT = '[support]\nsummary = "answers as our support desk"\ntext = "You are our support desk."\n'


def settings(path: Path) -> dict[str, str]:
    return {"PRESETS_FILE": str(path)}


def problems(path: Path) -> list[str]:
    with pytest.raises(SettingsWrong) as wrong:
        configure([], settings(path))
    return str(wrong.value).split("\n")[1:]


def test_without_a_file_ours_are_there() -> None:
    assert configure([], {}).work.presets == ours()


def test_a_file_adds_presets_and_replaces_ours(tmp_path: Path) -> None:
    path = tmp_path / "presets.toml"
    # As an editor of Windows writes it.
    path.write_bytes(
        b"\xef\xbb\xbf" + f"{SUPPORT}{SUPPORT.replace('support]', 'brief]')}".replace("\n", "\r\n").encode()
    )
    found = configure([], settings(path)).work.presets
    assert list(found) == [*ours(), "support"]
    assert found["brief"].text["zh"] == "You are our support desk."
    assert found["translator"] is ours()["translator"]


def test_every_entry_that_is_wrong_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "presets.toml"
    path.write_text('[support]\nsummary = "s"\n["me"]\nsummary = "s"\ntext = "t"\n', encoding="utf-8")
    [first, second] = problems(path)
    assert first == '- PRESETS_FILE: [support] has no text; write text = "...", or text.en and text.zh'
    assert second.startswith("- PRESETS_FILE: [me] is no name of a preset; one is ")


def test_a_file_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    gone = tmp_path / "gone.toml"
    assert problems(gone) == [f"- PRESETS_FILE: {gone} cannot be read (No such file or directory)"]
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    [sentence] = problems(tmp_path / "bytes.toml")
    assert sentence.endswith("cannot be read (it is not UTF-8)")
