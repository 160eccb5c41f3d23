"""What goes wrong in a simulated day: each accident says whom it befalls and what makes it good."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Protocol

from tests.faults.simulated.host import Host
from tests.faults.simulated.network import Network
from tests.faults.simulated.server import SimulatedServer
from tests.support.builders import FrozenClock


class Place(Protocol):
    """Where accidents happen."""

    chance: Random
    world: FrozenClock
    network: Network
    server: SimulatedServer
    hosts: list[Host]

    def say(self, text: str) -> None: ...

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do something later, unless the faults are over by then."""
        ...


Accident = Callable[[Place], None]


def kill_server(place: Place) -> None:
    place.server.kill()


def end_server(place: Place) -> None:
    place.server.shut_down()


def fail_commit(place: Place) -> None:
    place.server.fail_disk(place.chance.choice(("before", "after")))


def kill_agent(place: Place) -> None:
    host = _some_host(place)
    host.kill()
    _start_later(place, host)


def upgrade_agent(place: Place) -> None:
    host = _some_host(place)
    host.leave()
    _start_later(place, host)


def stop_agent(place: Place) -> None:
    host = _some_host(place)
    if host.is_up:
        host.stop_agent()
        place.after(place.chance.uniform(5, 150), host.go_on)


def suspend_host(place: Place) -> None:
    host = _some_host(place)
    host.suspend()
    place.after(place.chance.uniform(5, 150), host.go_on)


def reboot_host(place: Place) -> None:
    host = _some_host(place)
    host.reboot()
    _start_later(place, host)


def lose_disk(place: Place) -> None:
    host = _some_host(place)
    host.lose_disk()
    _start_later(place, host)


def kill_shim(place: Place) -> None:
    shims = _some_host(place).shims
    if running := [shim for shim in shims.all.values() if shim.ended is None]:
        place.say(f"a supervisor of {running[0].spec.folder.name} is killed")
        shims.kill(running[0])


def cut(place: Place) -> None:
    """Cut a host off, in both directions or in one."""
    host, direction = _some_host(place), place.chance.choice(("up", "down", "both"))
    until = place.world.monotonic() + place.chance.uniform(20, 150)
    place.say(f"{host.name} is cut off ({direction}) until {until:.3f}")
    if direction != "down":
        place.network.cut_up[host.name] = until
    if direction != "up":
        place.network.cut_down[host.name] = until


def set_server_clock(place: Place) -> None:
    """Set the server's wall clock, for a while."""
    minutes = place.chance.choice((-8, -1, 1, 8))
    place.say(f"the server's clock is set by {minutes} min")
    place.world.jump(minutes=minutes)
    place.after(place.chance.uniform(10, 60), lambda: place.world.jump(minutes=-minutes))


def set_host_clock(place: Place) -> None:
    host, hours = _some_host(place), place.chance.choice((-1000, -1, 1, 1000))
    place.say(f"the clock of {host.name} is set by {hours} h")
    host.clock.skew += timedelta(hours=hours)


OFTEN: tuple[Accident, ...] = (cut, kill_agent, kill_server, suspend_host, stop_agent)
SELDOM: tuple[Accident, ...] = (
    cut,
    kill_agent,
    kill_server,
    end_server,
    fail_commit,
    upgrade_agent,
    stop_agent,
    suspend_host,
    reboot_host,
    lose_disk,
    kill_shim,
    set_server_clock,
    set_host_clock,
)


def some_accident(chance: Random) -> Accident:
    """Draw one."""
    return chance.choice(OFTEN + SELDOM)


def _some_host(place: Place) -> Host:
    return place.chance.choice(place.hosts)


def _start_later(place: Place, host: Host) -> None:
    def start() -> None:
        if not host.is_up:
            host.start()

    place.after(place.chance.uniform(0.5, 100), start)
