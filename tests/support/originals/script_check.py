"""What the second generation's client refuses to execute."""

import re
from pathlib import Path

DEMANDED = ("trap", ".orchestrator.exit", "EXIT")
WORDS = (
    "mkfs|curl|wget|nc|ncat|socat|ssh|scp|sftp|telnet|rsync|sudo|chown|chroot|nsenter|unshare"
    "|mount|umount|docker|kubectl|sysctl|modprobe|insmod|rmmod|iptables|nftables|crontab"
    "|systemctl|stress|xmrig|minerd|cpuminer"
)
PLACES = "/etc/passwd /etc/shadow /etc/sudoers /etc/cron /proc/ /sys/ /root/ /dev/tcp/ /dev/udp/"
SECRETS = "$AWS_ $SECRET $TOKEN $PASSWORD $API_KEY"
PATTERNS = [
    rf"\b({WORDS})\b",
    *(re.escape(place) for place in (PLACES + " " + SECRETS).split()),
    r"rm\s.*[/~]",
    r"dd\s.*[io]f=/dev",
    r"su\s",
    r"chmod\s+(\+s|\d*[4-7]\d\d)",
    r"base64.*\|\s*(ba)?sh",
    r"\b(eval|service)\s",
    r"\b(python[23]?\s+-c|(perl|ruby)\s+-e)\b",
    r"(^|[;&|]\s*)at\b",
]


def is_allowed(script: Path) -> bool:
    """Whether it is text, looks harmless, and leaves its exit status."""
    try:
        content = script.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return False
    return all(word in content for word in DEMANDED) and not any(
        re.search(pattern, content, re.MULTILINE) for pattern in PATTERNS
    )
