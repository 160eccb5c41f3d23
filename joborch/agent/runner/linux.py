"""What Linux offers and Python 3.11 has no function for."""

import ctypes
import os
import time
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_TFD_TIMER_ABSTIME = 1


def boot_id() -> str:
    """A name for the time since this host was booted; another after every reboot."""
    return _BOOT_ID.read_text().strip()


def boottime() -> float:
    """Seconds since the host was booted, those included in which it was suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(signal_number: int) -> None:
    """Get a signal when the parent ends. Not when it already has: that needs another check."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def renounce_new_privileges() -> None:
    """Let nothing that is executed from here on gain privileges, and so escape our signals."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


class BoottimeAlarm:
    """A descriptor that becomes readable at a time of `boottime`.

    The time-out of poll does not go on while the host is suspended; this does, so that a host
    which wakes up learns at once what it has missed.
    """

    def __init__(self) -> None:
        self._descriptor = _checked(_libc.timerfd_create(time.CLOCK_BOOTTIME, os.O_CLOEXEC))

    def fileno(self) -> int:
        """The descriptor, for poll."""
        return self._descriptor

    def set(self, at: float) -> None:
        """Be readable from `at` on, and not before."""
        # Zero would mean never.
        nanoseconds = max(1, int(at * 1e9))
        setting = _TimerSetting(0, 0, nanoseconds // 10**9, nanoseconds % 10**9)
        self._apply(setting)

    def clear(self) -> None:
        """Be readable no more."""
        self._apply(_TimerSetting(0, 0, 0, 0))

    def _apply(self, setting: "_TimerSetting") -> None:
        _checked(
            _libc.timerfd_settime(self._descriptor, _TFD_TIMER_ABSTIME, ctypes.byref(setting), None)
        )


class _TimerSetting(ctypes.Structure):
    """`struct itimerspec`."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


def _prctl(option: int, value: int) -> None:
    _checked(_libc.prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0))))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
