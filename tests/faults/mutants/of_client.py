"""What keeps a client's token secret, its settings understood, and a read-only one harmless."""

from tests.faults.mutants.mutant import Mutant

CREDENTIALS, TRANSPORT, EDITING = (
    "joborch/client/credentials.py",
    "joborch/client/transport.py",
    "joborch/client/config_editing.py",
)
IN_CREDENTIALS = "tests/client/test_credentials.py::"
IN_CONFIG = "tests/cli/test_config.py::"
IN_LOGIN = "tests/cli/test_login.py::"

MUTANTS = (
    Mutant(
        name="credentials-of-the-owner-only",
        guards="a token that others have read is used on",
        path=CREDENTIALS,
        old="if os.fstat(descriptor).st_mode & OTHERS:",
        new="if False:",
        tests=(f"{IN_CREDENTIALS}test_a_file_that_others_may_touch_is_not_read",),
    ),
    Mutant(
        name="token-for-its-server",
        guards="a token is shown to another server",
        path=CREDENTIALS,
        old="text = stored(path).get(address(server))",
        new="text = next(iter(stored(path).values()), None)",
        tests=(
            f"{IN_CREDENTIALS}test_a_stored_token_is_found_for_its_server_and_for_no_other",
            f"{IN_LOGIN}test_a_stored_token_goes_to_its_own_server_only",
        ),
    ),
    Mutant(
        name="headers-without-secrets",
        guards="a token stands in what -vv prints",
        path=TRANSPORT,
        old='name: "***" if name in SECRET else value',
        new="name: value",
        tests=(f"{IN_LOGIN}test_headers_are_shown_without_the_secrets_in_them",),
    ),
    Mutant(
        name="read-only-client",
        guards="a read-only profile changes something",
        path=TRANSPORT,
        old="if self._is_read_only and call.method not in HARMLESS:",
        new="if False:",
        tests=(
            f"{IN_CREDENTIALS}test_a_client_that_only_looks_sends_nothing_that_changes_anything",
            f"{IN_CONFIG}test_a_read_only_profile_changes_nothing_unless_it_is_said_so",
        ),
    ),
    Mutant(
        name="config-that-is-understood",
        guards="a mistake in an editor stops every command",
        path=EDITING,
        old="        ConfigFile.parsed(path, tomllib.loads(text))",
        new="        _ = tomllib",
        tests=(
            f"{IN_CONFIG}test_an_edit_that_would_not_be_understood_is_not_taken_over_and_not_lost",
        ),
    ),
)
