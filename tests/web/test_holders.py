"""A port that is taken is refused with the name of the process that has it."""

import os
import socket
from pathlib import Path

import pytest

from joborch.web.engine import AddressError, listen
from joborch.web.holders import holder_of


def test_who_has_the_port_is_named() -> None:
    program = Path("/proc/self/comm").read_text().strip()
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]

        with pytest.raises(AddressError, match="already in use") as refused:
            listen("127.0.0.1", port)

    who = f"process {os.getpid()} ({program})"
    assert refused.value.message.endswith(f"by {who}")
    assert refused.value.hint == "end that one first, or choose another port"


def test_a_port_at_which_nobody_listens_has_no_holder() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))

        assert holder_of(bound.getsockname()[1]) is None
