"""What a build's inputs are called: by content, and by nothing outside the folder."""

from __future__ import annotations

import os
from pathlib import Path

from imprint import fingerprint


def test_a_link_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    outside = tmp_path / "secret.md"
    outside.write_text("One", encoding="utf-8")
    room = tmp_path / "room"
    room.mkdir()
    (room / "a.md").write_text("Text", encoding="utf-8")
    (room / "b.md").symlink_to(outside)
    (room / "c.md").symlink_to("a.md")
    before = fingerprint.tree(room)
    assert before["c.md"] == before["a.md"]
    # Nobody may open it; that would fail.
    outside.unlink()
    os.mkfifo(outside)
    assert fingerprint.tree(room) == {k: v for k, v in before.items() if k != "b.md"}
    outside.unlink()
    outside.write_text("Two", encoding="utf-8")
    assert fingerprint.tree(room) == before
    (room / "a.md").write_text("Other text", encoding="utf-8")
    assert fingerprint.tree(room) != before


def test_another_target_is_another_input(tmp_path: Path) -> None:
    room = tmp_path / "room"
    room.mkdir()
    for name in "xy":
        (tmp_path / name).write_text("The same", encoding="utf-8")
    (room / "a.md").symlink_to(tmp_path / "x")
    before = fingerprint.tree(room)
    (room / "a.md").unlink()
    (room / "a.md").symlink_to(tmp_path / "y")
    assert fingerprint.tree(room) != before
