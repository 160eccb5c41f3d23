"""What of a job's environment may be shown: values whose names say that they are secret may not."""

import re
from collections.abc import Mapping

MASK = "***"
_SECRET = re.compile(r"token|secret|passw|pwd|key|credential|auth|cookie|session", re.IGNORECASE)
_WITH_PASSWORD = re.compile(r"(://[^/@\s:]*:)[^/@\s]+@")


def masked(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by name, with a mask in place of each secret, also of one in a URL."""
    return {
        name: MASK if _SECRET.search(name) else _WITH_PASSWORD.sub(rf"\1{MASK}@", value)
        for name, value in sorted(env.items())
    }
