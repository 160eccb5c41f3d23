"""Changes of a job, in words."""

from joborch.client.changes import changes


def test_old_and_new_values_are_told_in_words() -> None:
    detail = {
        "priority": {"old": 50, "new": 77},
        "time_limit_s": {"old": None, "new": 90},
        "tags": {"old": {"a": "b"}, "new": {}},
    }
    assert changes(detail) == "priority 50 → 77, time limit none → 1m30s, tags a=b → none"
    assert changes({"name": {"old": "a", "new": "b"}}, arrow="->") == "name a -> b"
