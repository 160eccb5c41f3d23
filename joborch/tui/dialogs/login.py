"""What is shown when the server, or a proxy before it, demands to know who asks."""

from joborch.client.credentials import checked, goes_in_the_clear
from joborch.domain.errors import SettingsError
from joborch.domain.text import one_line
from joborch.tui.dialogs.prompt import PromptDialog


class LoginDialog(PromptDialog):
    """Answers with a token for this session, which is written nowhere."""

    def __init__(self, server: str, reason: str) -> None:
        place = one_line(server)
        clear = "\nIt would go there unencrypted." if goes_in_the_clear(server) else ""
        super().__init__(
            "Login",
            f"{one_line(reason)}\n\nTo keep a token, leave and type:\n\n"
            f"    joborch login --server {place}\n\nOr type one for this session.{clear}",
            mistake=_mistake,
            is_secret=True,
        )


def _mistake(typed: str) -> str | None:
    try:
        checked(typed, "that")
    except SettingsError as error:
        return error.message
    return None
