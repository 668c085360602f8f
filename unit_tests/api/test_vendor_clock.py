from __future__ import annotations

import email.utils
import itertools
import logging
from dataclasses import dataclass

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests_mock import Mocker

from source_lms_reports.api.client import Client
from source_lms_reports.api.credentials import NoAuth
from source_lms_reports.api.transport import Transport
from source_lms_reports.api.vendor_clock import VendorClock
from source_lms_reports.platforms.model import load_platform

NOW = 1_700_000_000.0
BASE = "https://school.example.com"


@dataclass
class World:
    """A machine, a vendor, and the time that really passes."""

    passed: float = 0.0
    machine: float = NOW
    ahead: float = 0.0

    def clock(self) -> VendorClock:
        return VendorClock("The vendor", lambda: self.machine + self.passed, lambda: 40.0 + self.passed)

    @property
    def vendor(self) -> float:
        return NOW + self.ahead + self.passed

    def answer(self, clock: VendorClock, there: float = 0.0, back: float = 0.0, age: str | None = None) -> None:
        """One request: `there` seconds until the vendor dates its answer, `back` until its headers are here."""
        self.passed += there
        headers = {"date": dated(self.vendor)} | ({"age": age} if age else {})
        self.passed += back
        clock.heard(headers, there + back)


def dated(epoch: float) -> str:
    return email.utils.formatdate(int(epoch), usegmt=True)


def test_before_an_answer_has_told_it_is_our_own_time() -> None:
    clock = World(ahead=7.0).clock()

    assert (clock.is_known, clock.now(), clock.offset) == (False, NOW, 0.0)


@given(
    st.floats(-1e7, 1e7),
    st.lists(st.tuples(st.floats(0, 30), st.floats(0, 30), st.floats(0, 900)), min_size=1, max_size=8),
)
def test_it_is_never_later_than_at_the_vendor_and_gets_nearer_with_each_answer(
    ahead: float, answers: list[tuple[float, float, float]]
) -> None:
    world = World(ahead=ahead)
    clock, late = world.clock(), []
    for there, back, pause in answers:
        world.answer(clock, there, back)
        late.append(world.vendor - clock.now())
        world.passed += pause

    assert all(-1e-3 < one <= 1.001 + back for one, (_, back, _) in zip(late, answers, strict=True))
    assert all(after <= before + 1e-3 for before, after in itertools.pairwise(late))


def test_a_step_of_our_own_clock_does_not_matter() -> None:
    world = World()
    clock = world.clock()
    world.answer(clock)
    world.machine += 10_800

    assert clock.now() == NOW
    assert clock.offset == -10_800


def test_a_step_of_the_vendors_clock_is_followed() -> None:
    world = World()
    clock = world.clock()
    world.answer(clock)
    for world.ahead in (-3600.0, 86_400.0):
        world.answer(clock, back=0.5)
        assert 0 <= world.vendor - clock.now() <= 1.5


@pytest.mark.parametrize("headers", [{}, {"date": ""}, {"date": "soon"}, {"date": dated(NOW + 9e6), "age": "77"}])
def test_an_answer_without_a_date_of_its_own_tells_nothing(headers: dict[str, str]) -> None:
    clock = World().clock()
    clock.heard(headers, 0.1)

    assert clock.now() == NOW


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (-600.0, "is 10 minutes ahead of the clock of The vendor"),
        (900.0, "is 15 minutes behind the clock of The vendor"),
        (-40 * 86_400.0, "is 40 days ahead of"),
        (3 * 3600.0, "is 3 hours behind"),
        (62.0, "is 62 seconds behind"),
    ],
)
def test_a_clock_that_is_wrong_is_told_once(ahead: float, words: str, caplog: pytest.LogCaptureFixture) -> None:
    world = World(ahead=ahead)
    clock = world.clock()
    with caplog.at_level(logging.WARNING):
        world.answer(clock)
        world.answer(clock)

    (told,) = caplog.messages
    assert words in told


def test_neither_a_small_difference_nor_a_slow_answer_is_told(caplog: pytest.LogCaptureFixture) -> None:
    for ahead, back in ((55.0, 0.0), (-55.0, 0.0), (0.0, 500.0)):
        world = World(ahead=ahead)
        world.answer(world.clock(), back=back)

    assert caplog.messages == []


@pytest.fixture
def client() -> Client:
    context = {"platform": {"base_url": BASE, "account_id": "self"}}
    return Client(load_platform("canvas"), context, {"default": NoAuth()}, Transport(), clock=lambda: NOW)


def test_a_client_learns_the_time_from_any_answer_of_the_vendors_own_host(client: Client) -> None:
    with Mocker() as mock:
        mock.head(BASE, status_code=404, headers={"Date": dated(NOW + 5_000)})
        client.learn_vendor_time()
        client.learn_vendor_time()

        assert mock.call_count == 1
        assert client.vendor_now() == pytest.approx(NOW + 5_000, abs=30)


def test_a_login_page_on_another_host_does_not_keep_the_time_from_being_learned(client: Client) -> None:
    with Mocker() as mock:
        away = {"Date": dated(NOW + 5_000), "Location": "https://login.example.org/"}
        mock.head(BASE, status_code=302, headers=away)
        client.learn_vendor_time()

        assert client.vendor_now() == pytest.approx(NOW + 5_000, abs=30)


def test_a_vendor_out_of_reach_leaves_our_own_time(client: Client) -> None:
    with Mocker() as mock:
        mock.head(BASE, exc=requests.ConnectionError)
        client.learn_vendor_time()

    assert client.vendor_now() == NOW
