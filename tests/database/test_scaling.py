"""The embedded server takes its share of the machine, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tripoint.database.scaling import disk_bytes, memory_bytes, scaled

GB = 1024**3


@pytest.mark.parametrize(
    ("memory", "disk", "buffers", "log"),
    [
        (512 * 1024**2, 8 * GB, "128MB", "1024MB"),
        (8 * GB, 64 * GB, "1024MB", "4096MB"),
        (24 * GB, 252 * GB, "2048MB", "8192MB"),
        (256 * GB, 4000 * GB, "2048MB", "8192MB"),
    ],
)
def test_buffers_follow_the_memory_and_the_log_the_disk(memory, disk, buffers, log):
    told = scaled(memory, disk)
    assert (told["shared_buffers"], told["max_wal_size"]) == (buffers, log)
    assert int(told["effective_cache_size"][:-2]) >= int(buffers[:-2])
    assert 4 <= int(told["wal_buffers"][:-2]) <= 64


def test_a_container_s_limit_counts_and_none_is_the_machine_s(tmp_path):
    limit = tmp_path / "memory.max"
    limit.write_text("104857600\n")
    assert memory_bytes(limit) == 104857600
    limit.write_text("max\n")
    assert memory_bytes(limit) == memory_bytes(tmp_path / "not there") > 104857600


def test_the_disk_of_a_folder_that_is_still_to_be_made(tmp_path):
    assert disk_bytes(tmp_path / "a" / "b") == disk_bytes(tmp_path) > 0
    assert disk_bytes(Path("/")) > 0
