from joborch.domain import actors


def test_a_user_is_called_by_the_name_alone() -> None:
    assert actors.called(actors.user("ann")) == "ann"
    assert actors.called("agent:c1") == "agent:c1"


def test_one_who_did_not_say_who_he_is_is_nobody_in_particular() -> None:
    assert actors.user(None) == actors.user("") == actors.ANYBODY


def test_a_held_job_says_who_holds_it_if_that_is_known() -> None:
    assert actors.held(actors.user("ann")) == "held by ann"
    assert actors.held(actors.ANYBODY) == actors.held(None) == "held"
