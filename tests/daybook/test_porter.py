"""The porter: who comes to one port is handed on to several, evenly, and nobody is lost on the way."""

import socket
import time
from collections.abc import Iterator

import pytest

from api.arrivals import ENDED, TAKES
from daybook.up.listener import listen
from daybook.up.porter import Porter

SECONDS = 10


class Taker:
    """A process's end of a line, in this one."""

    def __init__(self, porter: Porter) -> None:
        self.line = porter.line()
        self.line.settimeout(SECONDS)
        self.line.send(TAKES)
        self.got: list[socket.socket] = []

    def take(self) -> socket.socket | None:
        """The next connection; None when the line has ended."""
        said, descriptors, _, _ = socket.recv_fds(self.line, 16, 4)
        if not said:
            return None
        self.got.append(socket.socket(fileno=descriptors[0]))
        return self.got[-1]

    def close(self) -> None:
        for each in (self.line, *self.got):
            each.close()


@pytest.fixture
def porter() -> Iterator[Porter]:
    found = Porter(listen("127.0.0.1", 0))
    found.start()
    yield found
    found.close()


def come(porter: Porter) -> socket.socket:
    return socket.create_connection(porter.address, timeout=SECONDS)


def heard(porter: Porter, holds) -> None:
    """Wait until the porter has heard what was said to it."""
    end = time.monotonic() + SECONDS
    while not holds(porter.counts()):
        assert time.monotonic() < end, porter.counts()
        time.sleep(0.005)


def test_everybody_gets_as_many_whether_they_come_at_once_or_one_by_one(porter):
    takers = [Taker(porter) for _ in range(4)]
    heard(porter, lambda counts: counts == [0, 0, 0, 0])
    guests = [come(porter) for _ in range(64)]
    for taker in takers:
        for _ in range(16):
            taker.take().send(b"!")
    assert [guest.recv(1) for guest in guests] == [b"!"] * 64
    heard(porter, lambda counts: counts == [16, 16, 16, 16])
    for each in (*takers, *guests):
        each.close()


def test_who_has_the_fewest_gets_the_next(porter):
    first, second = Taker(porter), Taker(porter)
    heard(porter, lambda counts: len(counts) == 2)
    guests = [come(porter) for _ in range(8)]
    for taker in (first, second):
        for _ in range(4):
            taker.take()
    second.line.send(ENDED * 3)
    heard(porter, lambda counts: counts == [4, 1])
    guests += [come(porter) for _ in range(3)]
    for _ in range(3):
        second.take()
    heard(porter, lambda counts: counts == [4, 4])
    for each in (first, second, *guests):
        each.close()


def test_while_nobody_takes_who_comes_waits(porter):
    guest = come(porter)
    taker = Taker(porter)
    taker.take().send(b"!")
    assert guest.recv(1) == b"!"
    for each in (taker, guest):
        each.close()


def test_of_a_process_that_goes_nobody_is_lost_on_the_way(porter):
    going, staying = Taker(porter), Taker(porter)
    heard(porter, lambda counts: len(counts) == 2)
    before = [come(porter) for _ in range(4)]
    heard(porter, lambda counts: counts == [2, 2])
    # As a process does that drains: it has not looked at its line yet.
    going.line.shutdown(socket.SHUT_WR)
    heard(porter, lambda counts: counts == [2])
    after = [come(porter) for _ in range(3)]
    for taker, count in ((going, 2), (staying, 5)):
        for _ in range(count):
            taker.take().send(b"!")
    assert going.take() is None
    assert [guest.recv(1) for guest in (*before, *after)] == [b"!"] * 7
    for each in (going, staying, *before, *after):
        each.close()


def test_a_process_that_does_not_look_keeps_nobody_from_the_others(porter):
    """Of its connections none ends, so it is soon not the one with the fewest."""
    stuck, quick = Taker(porter), Taker(porter)
    heard(porter, lambda counts: len(counts) == 2)
    left = []
    for number in range(50):
        guest = come(porter)
        if number == 0:
            left.append(guest)
            continue
        quick.take().send(b"!")
        assert guest.recv(1) == b"!"
        guest.close()
        # Handed on comes before counted: what ended too early would leave two with as many, and then whoever waited longer is next.
        heard(porter, lambda counts: counts == [1, 1])
        quick.line.send(ENDED)
        heard(porter, lambda counts: counts == [1, 0])
    for each in (stuck, quick, *left):
        each.close()


def test_who_finds_every_line_full_waits_until_one_is_read(porter):
    taker = Taker(porter)
    heard(porter, lambda counts: counts == [0])
    porter._lines[0].channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    guests = [come(porter) for _ in range(40)]
    heard(porter, lambda counts: porter._waiting is not None)
    assert porter.counts()[0] < 40
    for _ in guests:
        taker.take().send(b"!")
    assert [guest.recv(1) for guest in guests] == [b"!"] * 40
    heard(porter, lambda counts: counts == [40])
    for each in (taker, *guests):
        each.close()


def test_the_end_closes_the_port_and_the_lines():
    door = listen("127.0.0.1", 0)
    porter = Porter(door)
    porter.start()
    taker, address = Taker(porter), porter.address
    heard(porter, lambda counts: counts == [0])
    porter.close()
    assert taker.take() is None
    taker.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=SECONDS)
