from datetime import timedelta

from joborch.domain.retries import back_off, pause


def test_the_wait_doubles_with_each_loss_up_to_ten_minutes() -> None:
    waits = [back_off(losses).total_seconds() for losses in (0, 1, 2, 3, 50)]
    assert waits == [0, 10, 20, 40, 600]


def test_the_wait_is_never_longer_than_ten_minutes() -> None:
    assert max(back_off(n) for n in range(100)) == timedelta(minutes=10)


def test_what_is_given_back_again_and_again_is_offered_less_and_less_often() -> None:
    assert [pause(times).total_seconds() for times in (1, 2, 3, 6, 100)] == [2, 4, 8, 60, 60]
